//! Statements that go to SQLite's thread together: every change of threads costs as much as a small statement, and more
//! where all cores are busy.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqliteConnection};

use super::StoreError;

/// The most rows of a statement: SQLite takes 32,766 parameters.
const MOST: usize = 256;

/// `INSERT INTO table VALUES (?, …), … tail`.
pub(crate) struct Insert {
    /// `INSERT INTO table` with its columns if they are not all.
    pub(crate) into: &'static str,
    /// Parameters per row.
    pub(crate) columns: usize,
    /// What follows the rows, e.g. `ON CONFLICT …`.
    pub(crate) tail: &'static str,
}

/// Statements in their order, with the parameters of all. What has the same text again is not compiled again.
#[derive(Default)]
pub(super) struct Script {
    sql: String,
    arguments: SqliteArguments,
}

impl Script {
    /// Adds a statement; `bind` gives its parameters.
    pub(super) fn statement(
        &mut self,
        sql: &str,
        bind: impl FnOnce(&mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), StoreError> {
        self.sql.push_str(sql);
        self.sql.push(';');
        Ok(bind(&mut self.arguments).map_err(sqlx::Error::Encode)?)
    }

    /// Adds the insertion of rows that `bind` turns into parameters.
    pub(super) fn rows<R>(
        &mut self,
        insert: &Insert,
        rows: impl ExactSizeIterator<Item = R>,
        bind: impl Fn(&mut SqliteArguments, R) -> Result<(), BoxDynError>,
    ) -> Result<(), StoreError> {
        if rows.len() == 0 {
            return Ok(());
        }
        let row = format!("({})", vec!["?"; insert.columns].join(","));
        let _ = write!(self.sql, "{} VALUES {}{};", insert.into, vec![row; rows.len()].join(","), insert.tail);
        for row in rows {
            bind(&mut self.arguments, row).map_err(sqlx::Error::Encode)?;
        }
        Ok(())
    }

    /// Adds a statement about the rows of one list, if it has any; its one parameter is for SQLite's `json_each`.
    pub(super) fn list(&mut self, sql: &str, rows: &[impl serde::Serialize]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let json = serde_json::to_string(rows).expect("numbers and strings have a JSON");
        self.statement(sql, |to| to.add(json))
    }

    /// Executes all, until one fails.
    pub(super) async fn execute(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let sql: Arc<str> = self.sql.into();
        sqlx::query_with(AssertSqlSafe(sql), self.arguments).execute(connection).await?;
        Ok(())
    }
}

impl Insert {
    /// Writes any number of rows.
    pub(crate) async fn rows<R>(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<R>,
        bind: impl Fn(&mut SqliteArguments, R) -> Result<(), BoxDynError>,
    ) -> Result<(), StoreError> {
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let mut script = Script::default();
            let most = rows.len().min(MOST);
            script.rows(self, rows.by_ref().take(most), &bind)?;
            script.execute(connection).await?;
        }
        Ok(())
    }
}
