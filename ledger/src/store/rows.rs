//! Many rows in one statement: one statement a row costs several times as much.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::StoreError;

/// The most rows of a statement: SQLite takes 32,766 parameters. Each number of rows up to it is a prepared statement of its own.
const MOST: usize = 256;

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
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let sql: Arc<str> = self.sql(rows.len().min(MOST)).into();
            let mut arguments = SqliteArguments::default();
            for row in rows.by_ref().take(MOST) {
                bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
            }
            sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut *connection).await?;
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
