//! All SQL: the tables of `migrations/`, opened, written one batch at a time, and read.
//!
//! There is one writing connection ([`Store`]) and, in this and other processes, any number of reading ones
//! ([`Snapshot`]). WAL lets readers go on beside the writer; each reads the state after one whole batch.

mod check;
mod commit;
mod map;
mod open;
mod read;
mod rows;
mod wal;

pub(crate) use check::{Cell, Row, fresh_schema};
pub(crate) use commit::{Batch, EntryRow, MapRows, SubjectRow};
pub(crate) use map::{Held, MapHead, Proven};
pub(crate) use open::{Readers, Store, copy, options, reading};
pub(crate) use read::{Chain, CosignedAround, Snapshot};
pub(crate) use rows::Insert;

/// Why the store could not do what was asked: always operational, never the fault of what was submitted.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the ledger's database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The migrations could not be applied.
    #[error("the ledger's database could not be brought to this version's tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row does not have the form its table promises: the file was changed from outside or is damaged.
    #[error("table {table}, row {row}: {what}; run fsck")]
    Damaged {
        /// The table.
        table: &'static str,
        /// Its row, by primary key.
        row: i64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The commit was sent but its answer was lost: whether the batch is there only a fresh open can tell.
    #[error("the outcome of a commit is unknown ({0}): the ledger has closed; open it again to learn what it holds")]
    CommitUnknown(#[source] sqlx::Error),
}

/// Indexes are `u64` in the log and `i64` in SQLite.
#[allow(clippy::cast_possible_wrap)]
pub(crate) fn row_id(index: u64) -> i64 {
    debug_assert!(index < 1 << 62, "an index fits SQLite's integers");
    index as i64
}

/// The inverse of [`row_id`] for a column whose CHECK refuses negative numbers.
#[allow(clippy::cast_sign_loss)]
pub(crate) fn index_of(row: i64) -> u64 {
    row as u64
}

/// Where the tile `n` of `level` stands in table `tile`.
pub(crate) fn tile_id(level: u8, n: u64) -> i64 {
    row_id((u64::from(level) << 48) | n)
}

/// Where the disclosure at a place beside an entry stands in table `disclosure`; a statement has at most 256.
pub(crate) fn disclosure_id(index: u64, place: usize) -> i64 {
    row_id((index << 8) | (place as u64 & 0xff))
}
