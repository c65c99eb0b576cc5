//! Opening the database file: what makes it durable and fast is said here, once.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row as _, SqliteConnection};

use super::StoreError;
use super::wal::WalMover;

/// Rows are 2 to 3 KB and arrive in order, so a large page wastes little and costs fewer writes.
const PAGE_SIZE: u32 = 16_384;
/// The writer's page cache in KiB: `map_tile`, and what of `subject` a merge comes back to.
const WRITER_CACHE_KIB: u32 = 16_384;
/// Prepared statements the writer keeps: batches of the same few sizes come again and again.
const WRITER_STATEMENTS: usize = 256;
/// A reader's page cache in KiB.
const READER_CACHE_KIB: u32 = 16_384;
/// The WAL shrinks to this many bytes after it was moved.
const WAL_LIMIT: u64 = 256 << 20;
/// How long to wait for another connection's lock.
const BUSY: Duration = Duration::from_secs(10);
/// How long a scrub waits for readers while it holds up the writer, in ms.
const SCRUB_BUSY: &str = "PRAGMA busy_timeout = 2000";

/// The one connection that writes.
pub(crate) struct Store {
    pub(super) connection: SqliteConnection,
    pub(super) wal: WalMover,
}

/// The connections that read, whether or not a writer runs beside them.
#[derive(Clone)]
pub(crate) struct Readers {
    pub(super) pool: SqlitePool,
}

impl Store {
    /// Opens the file for writing, creates it if `create`, and brings its tables to this version.
    pub(crate) async fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        let options = options(path)
            .create_if_missing(create)
            .page_size(PAGE_SIZE)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
            .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", WAL_LIMIT.to_string())
            .statement_cache_capacity(WRITER_STATEMENTS);
        let mut connection = options.connect().await?;
        sqlx::migrate!("../migrations").run(&mut connection).await?;
        let wal = WalMover::start(path).await?;
        Ok(Self { connection, wal })
    }

    /// Moves the whole WAL into the file and empties it; with `rewrite`, writes the file anew before. Deleted rows are zeros
    /// after that (`secure_delete`). Says whether a reader's snapshot keeps older pages: then they are still there.
    pub(crate) async fn scrub(&mut self, rewrite: bool) -> Result<bool, StoreError> {
        if rewrite {
            sqlx::query("VACUUM").execute(&mut self.connection).await?;
        }
        sqlx::query(SCRUB_BUSY).execute(&mut self.connection).await?;
        let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut self.connection).await;
        let busy = format!("PRAGMA busy_timeout = {}", BUSY.as_millis());
        sqlx::query(AssertSqlSafe(busy)).execute(&mut self.connection).await?;
        Ok(row?.try_get::<i64, _>(0)? != 0)
    }

    /// Closes the file; the last connection to it moves the WAL into it.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        self.wal.stop();
        Ok(self.connection.close().await?)
    }
}

impl Readers {
    /// Opens up to `connections` connections that cannot write.
    pub(crate) async fn open(path: &Path, connections: u32) -> Result<Self, StoreError> {
        Ok(Self { pool: reading(path, connections).await? })
    }
}

/// Up to so many connections to a database that cannot write.
pub(crate) async fn reading(path: &Path, connections: u32) -> Result<SqlitePool, StoreError> {
    let options = options(path)
        .read_only(true)
        .pragma("query_only", "ON")
        .pragma("cache_size", format!("-{READER_CACHE_KIB}"))
        .pragma("mmap_size", (1_u64 << 40).to_string());
    // A file does not hang up: no need to ask a connection whether it is still there.
    let pool = SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

/// Writes a copy of the database as it is now to a new file, without what was deleted; a writer goes on beside it.
pub(crate) async fn copy(path: &Path, to: &Path) -> Result<(), StoreError> {
    let to = to.to_str().ok_or_else(|| sqlx::Error::Configuration("the path is not UTF-8".into()))?;
    let mut connection = options(path).connect().await?;
    sqlx::query("VACUUM INTO ?").bind(to).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// What all connections have in common.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).foreign_keys(true).disable_statement_logging()
}
