//! One batch, one transaction: entries, tiles, map, disclosures and checkpoint become durable together or not at all.

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Connection as _, Encode, Sqlite, SqliteConnection, Type};

use super::rows::{Insert, Script};
use super::{Store, StoreError, row_id, tile_id};

/// Everything a batch writes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Index of the first entry.
    pub(crate) first: u64,
    /// The entries, the last of them a seal.
    pub(crate) entries: Vec<EntryRow>,
    /// The tiles that are new or longer than before: level, number, hashes.
    pub(crate) tiles: Vec<(u8, u64, Vec<u8>)>,
    /// The tiles of statement ids that are new or longer than before.
    pub(crate) statement_ids: Vec<(u64, Vec<u8>)>,
    /// Indexes of the entries by which later ones are judged.
    pub(crate) precedents: Vec<u64>,
    /// The subjects that are new: index of the first entry, name.
    pub(crate) subject_names: Vec<(u64, String)>,
    /// The map's nodes at depth 8.
    pub(crate) map_top: Vec<u8>,
    /// What the batch does to the map below.
    pub(crate) map: MapRows,
    /// The disclosures shown with the statements: row id, disclosure.
    pub(crate) disclosures: Vec<(i64, String)>,
    /// The disclosures that the batch's erasures take away.
    pub(crate) erased: Vec<i64>,
    /// Leaf hash of the last entry before the batch.
    pub(crate) prev: [u8; 32],
    /// The signed checkpoint.
    pub(crate) note: String,
}

/// An entry and where its subject's previous one is.
#[derive(Debug)]
pub(crate) struct EntryRow {
    pub(crate) prev_idx: Option<u64>,
    pub(crate) entry: String,
}

/// How a batch leaves the map's tables.
#[derive(Debug)]
pub(crate) enum MapRows {
    /// Its changes are kept beside them: packed subjects, packed nodes.
    Change { subjects: Vec<u8>, nodes: Vec<u8> },
    /// They are brought up to date: every subject and every tile that changed since the last time.
    Merge { subjects: Vec<SubjectRow>, tiles: Vec<(u8, Vec<u8>)> },
}

impl Default for MapRows {
    fn default() -> Self {
        Self::Change { subjects: Vec::new(), nodes: Vec::new() }
    }
}

/// A subject as it is after the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubjectRow {
    pub(crate) key: [u8; 32],
    pub(crate) count: u64,
    pub(crate) newest: u64,
    pub(crate) head: [u8; 32],
    pub(crate) tally: Vec<u8>,
}

const ENTRY: Insert = Insert { into: "INSERT INTO entry", columns: 3, tail: "" };
const TILE: Insert =
    Insert { into: "INSERT INTO tile", columns: 2, tail: " ON CONFLICT (id) DO UPDATE SET hashes = excluded.hashes" };
const STATEMENT_ID: Insert = Insert {
    into: "INSERT INTO statement_id",
    columns: 2,
    tail: " ON CONFLICT (tile) DO UPDATE SET ids = excluded.ids",
};
const SUBJECT: Insert = Insert {
    into: "INSERT INTO subject",
    columns: 5,
    tail: " ON CONFLICT (key) DO UPDATE SET count = excluded.count, newest = excluded.newest, head = excluded.head, \
           tally = excluded.tally",
};
// Of these a batch has any number, and they are short: as JSON they make one statement whatever their number.
const SUBJECT_NAMES: &str = "INSERT INTO subject_name SELECT value ->> 0, value ->> 1 FROM json_each(?)";
const PRECEDENTS: &str = "INSERT INTO precedent SELECT value FROM json_each(?)";
const ERASED: &str = "DELETE FROM disclosure WHERE id IN (SELECT value FROM json_each(?))";
const CHECKPOINT: &str = "INSERT INTO checkpoint (size, prev, note) VALUES (?, ?, ?)";
const CHANGE: &str = "INSERT INTO map_change (size, subjects, nodes) VALUES (?, ?, ?)";
const MAP_TILE: Insert = Insert {
    into: "INSERT INTO map_tile",
    columns: 2,
    tail: " ON CONFLICT (prefix) DO UPDATE SET nodes = excluded.nodes",
};
const DISCLOSURE: Insert = Insert { into: "INSERT INTO disclosure", columns: 2, tail: "" };

impl Store {
    /// Writes the batch and makes it durable.
    ///
    /// # Errors
    /// [`StoreError::CommitUnknown`] where the commit itself failed: nothing may be concluded from it. After any other
    /// error the batch was rolled back.
    pub(crate) async fn commit(&mut self, batch: Batch) -> Result<(), StoreError> {
        let connection = &mut self.connection;
        let bytes = batch.bytes();
        if let Err(error) = write(connection, batch).await {
            // SQLite may have rolled back by itself (disk full) or not begun: then this fails, and nothing is open any more.
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
            return Err(error);
        }
        let Err(error) = sqlx::query("COMMIT").execute(&mut *connection).await else {
            // Recorded. That the WAL could not be moved changes nothing; it is tried again.
            if let Err(error) = self.wal.committed(bytes, connection).await {
                tracing::warn!(%error, "the WAL could not be moved into the database");
            }
            return Ok(());
        };
        if !is_certain(&error) {
            return Err(StoreError::CommitUnknown(error));
        }
        let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
        Err(error.into())
    }
}

impl Store {
    /// Keeps signature lines for the checkpoint of a size; those kept before are kept once.
    pub(crate) async fn keep_cosignatures(&mut self, size: u64, lines: Vec<String>) -> Result<(), StoreError> {
        let mut transaction = self.connection.begin().await?;
        for line in lines {
            let query = sqlx::query("INSERT INTO cosignature (size, line) VALUES (?, ?) ON CONFLICT DO NOTHING");
            query.bind(row_id(size)).bind(line).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl Batch {
    /// About how many bytes the batch adds to the WAL.
    fn bytes(&self) -> usize {
        const PAGES_IN_PLACE: usize = 8 * 16_384;
        let entries: usize = self.entries.iter().map(|row| row.entry.len()).sum();
        let disclosures: usize = self.disclosures.iter().map(|(_, text)| text.len()).sum();
        let map = match &self.map {
            MapRows::Change { subjects, nodes } => subjects.len() + nodes.len(),
            MapRows::Merge { .. } => 32 << 20,
        };
        entries + disclosures + map + PAGES_IN_PLACE
    }
}

/// Whether a failed commit has certainly written nothing: SQLite found no room, no right or no lock before the last frame of
/// the WAL, without which the others do not count.
fn is_certain(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    const READONLY: u32 = 8;
    const FULL: u32 = 13;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    // The lower byte of an extended code is its kind.
    code.is_some_and(|code| matches!(code & 0xff, BUSY | READONLY | FULL))
}

async fn write(connection: &mut SqliteConnection, batch: Batch) -> Result<(), StoreError> {
    let size = batch.first + batch.entries.len() as u64;
    let mut script = Script::default();
    script.statement("BEGIN IMMEDIATE", |_| Ok(()))?;
    let tiles = batch.tiles.into_iter().map(|(level, n, hashes)| (tile_id(level, n), hashes));
    script.rows(&TILE, tiles, pair)?;
    script.rows(&STATEMENT_ID, batch.statement_ids.into_iter().map(|(tile, ids)| (row_id(tile), ids)), pair)?;
    script.list(PRECEDENTS, &batch.precedents)?;
    script.list(SUBJECT_NAMES, &batch.subject_names)?;
    script.list(ERASED, &batch.erased)?;
    script.rows(&MAP_TILE, [(-1, batch.map_top)].into_iter(), pair)?;
    script.statement(CHECKPOINT, |to| {
        to.add(row_id(size))?;
        to.add(batch.prev.to_vec())?;
        to.add(batch.note)
    })?;
    let merge = match batch.map {
        MapRows::Merge { subjects, tiles } => Some((subjects, tiles)),
        MapRows::Change { subjects, nodes } => {
            script.statement(CHANGE, |to| {
                to.add(row_id(size))?;
                to.add(subjects)?;
                to.add(nodes)
            })?;
            None
        }
    };
    script.execute(connection).await?;
    if let Some((subjects, tiles)) = merge {
        SUBJECT.rows(connection, subjects, bind_subject).await?;
        MAP_TILE.rows(connection, tiles, |to, (prefix, nodes)| pair(to, (i64::from(prefix), nodes))).await?;
        sqlx::query("DELETE FROM map_change").execute(&mut *connection).await?;
    }
    ENTRY.rows(connection, batch.entries.into_iter().zip(batch.first..).collect(), bind_entry).await?;
    DISCLOSURE.rows(connection, batch.disclosures, pair).await
}

fn bind_entry(to: &mut SqliteArguments, (row, index): (EntryRow, u64)) -> Result<(), BoxDynError> {
    to.add(row_id(index))?;
    to.add(row.prev_idx.map(row_id))?;
    to.add(row.entry)
}

fn bind_subject(to: &mut SqliteArguments, row: SubjectRow) -> Result<(), BoxDynError> {
    to.add(row.key.to_vec())?;
    to.add(row_id(row.count))?;
    to.add(row_id(row.newest))?;
    to.add(row.head.to_vec())?;
    to.add(row.tally)
}

fn pair<'q, T: Encode<'q, Sqlite> + Type<Sqlite>>(
    to: &mut SqliteArguments,
    (id, value): (i64, T),
) -> Result<(), BoxDynError> {
    to.add(id)?;
    to.add(value)
}
