//! Many rows in one statement: one statement a row costs several times as much.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::StoreError;

/// Rows per statement, largest first; SQLite takes 32,766 parameters, and each size is one prepared statement.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// `INSERT INTO table VALUES (?, …), … tail`, for rows that `bind` turns into parameters.
pub(super) struct Insert {
    /// `INSERT INTO table` with its columns if they are not all.
    pub(super) into: &'static str,
    /// Parameters per row.
    pub(super) columns: usize,
    /// What follows the rows, e.g. `ON CONFLICT …`.
    pub(super) tail: &'static str,
}

impl Insert {
    /// Writes all rows, in order.
    pub(super) async fn rows<R>(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<R>,
        bind: impl Fn(&mut SqliteArguments, R) -> Result<(), BoxDynError>,
    ) -> Result<(), StoreError> {
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        for size in SIZES {
            if left < size {
                continue;
            }
            let sql: Arc<str> = self.sql(size).into();
            while left >= size {
                let mut arguments = SqliteArguments::default();
                for row in rows.by_ref().take(size) {
                    bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
                }
                sqlx::query_with(AssertSqlSafe(sql.clone()), arguments).execute(&mut *connection).await?;
                left -= size;
            }
        }
        Ok(())
    }

    fn sql(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(","));
        let mut sql = format!("{} VALUES ", self.into);
        for n in 0..rows {
            let _ = write!(sql, "{}{row}", if n == 0 { "" } else { "," });
        }
        sql.push_str(self.tail);
        sql
    }
}
