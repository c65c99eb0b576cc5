//! The same notices in a table without any proof: what is left is what verifiability costs.

use std::path::Path;
use std::sync::Arc;

use ledger::SignedStatement;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

/// Rows a statement.
const ROWS: usize = 256;

/// A database with the pragmas of the ledger's.
pub struct PlainSqlite(SqliteConnection);

impl PlainSqlite {
    pub async fn create(path: &Path) -> Self {
        let _ = std::fs::remove_file(path);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .page_size(16_384)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
            .pragma("cache_size", "-262144")
            .disable_statement_logging();
        let mut connection = options.connect().await.unwrap();
        let table = "CREATE TABLE notice (id INTEGER PRIMARY KEY, jwt TEXT NOT NULL, disclosure TEXT NOT NULL) STRICT";
        sqlx::query(table).execute(&mut connection).await.unwrap();
        Self(connection)
    }

    /// One transaction.
    pub async fn insert(&mut self, notices: &[SignedStatement]) {
        sqlx::query("BEGIN IMMEDIATE").execute(&mut self.0).await.unwrap();
        for rows in notices.chunks(ROWS) {
            let values = vec!["(?,?)"; rows.len()].join(",");
            let sql: Arc<str> = format!("INSERT INTO notice (jwt, disclosure) VALUES {values}").into();
            let mut arguments = SqliteArguments::default();
            for one in rows {
                arguments.add(one.jwt.clone()).unwrap();
                arguments.add(one.disclosures.concat()).unwrap();
            }
            sqlx::query_with(AssertSqlSafe(sql), arguments).execute(&mut self.0).await.unwrap();
        }
        sqlx::query("COMMIT").execute(&mut self.0).await.unwrap();
    }

    /// One row in a transaction of its own.
    pub async fn insert_one(&mut self, one: &SignedStatement) {
        let insert = sqlx::query("INSERT INTO notice (jwt, disclosure) VALUES (?, ?)");
        insert.bind(one.jwt.clone()).bind(one.disclosures.concat()).execute(&mut self.0).await.unwrap();
    }

    pub async fn close(self) {
        self.0.close().await.unwrap();
    }
}
