//! The rollback guard: the newest checkpoint this ledger ever let out, in a file of its own that no backup holds.
//!
//! A database restored from a backup would sign a second history for sizes it had signed before. The guard knows better:
//! whoever is behind it may not sign. It is written after each commit and before anything signed leaves; being behind
//! the ledger by a batch after a crash is therefore lawful, and it catches up when the ledger's own checkpoint of that
//! size is the guard's. Best kept on another disk.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use verifier::log::checkpoint::{CheckpointError, SignedCheckpoint};
use verifier::log::hash::RootHash;

use crate::store::{index_of, row_id};

/// Why the guard does not let the ledger sign.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The guard's file cannot be read or written.
    #[error("the rollback guard's file failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The guard holds nothing.
    #[error(
        "the rollback guard is empty or gone (a backup has none): bring guard.db itself back from its own place, never an \
         older copy of it; if it is lost, end this ledger and begin a successor (formats.md §8)"
    )]
    Missing,
    /// The guard belongs to another ledger.
    #[error("the rollback guard is that of {found}, this ledger is {expected}: give the path of its own guard")]
    OtherLedger {
        /// This ledger's origin.
        expected: String,
        /// The guard's.
        found: String,
    },
    /// The ledger is older than its guard.
    #[error(
        "this ledger has {ledger} entries but {guard} were already published: it was restored from an older copy. It does \
         not sign, because it would contradict itself. Bring back the newest ledger.db, or fetch the missing entries from \
         a mirror; if they are lost, end this ledger and begin a successor"
    )]
    Older {
        /// Entries of the ledger.
        ledger: u64,
        /// Entries published.
        guard: u64,
    },
    /// The ledger has another history than the one published.
    #[error(
        "at {size} entries this ledger's root is {found:?}, but {published} was published: its history was changed. It does \
         not sign; keep both files as evidence"
    )]
    Forked {
        /// The guard's size.
        size: u64,
        /// The root published.
        published: RootHash,
        /// This ledger's root there, if it has a checkpoint of that size.
        found: Option<RootHash>,
    },
    /// What the guard holds is not a checkpoint.
    #[error("the rollback guard holds no checkpoint: {0}")]
    Damaged(#[from] CheckpointError),
}

/// The guard's file.
#[derive(Debug)]
pub(crate) struct Guard {
    connection: SqliteConnection,
}

/// What the guard holds: the note of the newest checkpoint published.
pub(crate) type Published = SignedCheckpoint;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS guard (
    one    INTEGER PRIMARY KEY CHECK (one = 1), -- there is one row
    origin TEXT NOT NULL,    -- the ledger
    size   INTEGER NOT NULL, -- entries of the newest checkpoint
    root   BLOB NOT NULL,    -- its root hash
    note   TEXT NOT NULL     -- the checkpoint itself
) STRICT";

impl Guard {
    /// Opens the guard's file; creates it only if `create`.
    pub(crate) async fn open(path: &Path, create: bool) -> Result<Self, GuardError> {
        if !create && !path.exists() {
            return Err(GuardError::Missing);
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::query(TABLE).execute(&mut connection).await?;
        Ok(Self { connection })
    }

    /// What was published last.
    pub(crate) async fn published(&mut self) -> Result<Option<Published>, GuardError> {
        let note: Option<String> =
            sqlx::query_scalar("SELECT note FROM guard").fetch_optional(&mut self.connection).await?;
        note.map(|note| SignedCheckpoint::parse(&note)).transpose().map_err(GuardError::Damaged)
    }

    /// Replaces `from` (none: an empty guard) by `to`, if the guard still holds `from`.
    pub(crate) async fn advance(&mut self, from: Option<&Published>, to: &Published) -> Result<(), GuardError> {
        let (old, new) = (from.map(|note| &note.checkpoint), &to.checkpoint);
        let query = match old {
            None => sqlx::query(
                "INSERT INTO guard (origin, size, root, note, one) VALUES (?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
            ),
            Some(_) => {
                sqlx::query("UPDATE guard SET origin = ?, size = ?, root = ?, note = ? WHERE size = ? AND root = ?")
            }
        };
        let mut query = query.bind(&new.origin).bind(row_id(new.size.0)).bind(new.root.0.0.to_vec()).bind(to.format());
        if let Some(old) = old {
            query = query.bind(row_id(old.size.0)).bind(old.root.0.0.to_vec());
        }
        if query.execute(&mut self.connection).await?.rows_affected() == 1 {
            return Ok(());
        }
        let size: Option<i64> =
            sqlx::query_scalar("SELECT size FROM guard").fetch_optional(&mut self.connection).await?;
        Err(size.map_or(GuardError::Missing, |size| GuardError::Older { ledger: new.size.0, guard: index_of(size) }))
    }

    pub(crate) async fn close(self) -> Result<(), GuardError> {
        Ok(self.connection.close().await?)
    }
}

/// Holds the ledger's newest checkpoint, and the one it has at the guard's size, against what was published.
pub(crate) fn check(
    published: &Published,
    newest: &SignedCheckpoint,
    at_that_size: Option<&SignedCheckpoint>,
) -> Result<(), GuardError> {
    let (published, newest) = (&published.checkpoint, &newest.checkpoint);
    if published.origin != newest.origin {
        return Err(GuardError::OtherLedger { expected: newest.origin.clone(), found: published.origin.clone() });
    }
    if published.size > newest.size {
        return Err(GuardError::Older { ledger: newest.size.0, guard: published.size.0 });
    }
    let found = at_that_size.map(|note| note.checkpoint.root);
    if found != Some(published.root) {
        return Err(GuardError::Forked { size: published.size.0, published: published.root, found });
    }
    Ok(())
}
