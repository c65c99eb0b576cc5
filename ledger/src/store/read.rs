//! Reading: everything a [`Snapshot`] answers is the state after one whole batch.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};
use verifier::log::checkpoint::SignedCheckpoint;

use super::{Readers, StoreError, index_of, row_id, tile_id};
use crate::prover::{HashReader, TileName, Tiles, WantedTiles, tile_width};

/// Entries, disclosures or tiles read at once.
const CHUNK: u64 = 4096;

/// One state of the ledger, as long as it is held.
pub(crate) struct Snapshot {
    pub(super) transaction: Transaction<'static, Sqlite>,
}

impl Readers {
    /// The ledger as it is now.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot { transaction: self.pool.begin().await? })
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Snapshot {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// The newest checkpoint.
    pub(crate) async fn head(&mut self) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.checkpoint_where("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1", 0).await
    }

    /// The checkpoint of a size.
    pub(crate) async fn checkpoint(&mut self, size: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.checkpoint_where("SELECT size, note FROM checkpoint WHERE size = ?", size).await
    }

    /// The earliest checkpoint that covers an entry and has a cosignature.
    pub(crate) async fn cosigned_after(&mut self, index: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        let cosigned =
            "SELECT size, note FROM checkpoint WHERE size = (SELECT min(size) FROM cosignature WHERE size > ?)";
        self.checkpoint_where(cosigned, index).await
    }

    /// The latest checkpoint that does not cover an entry and has a cosignature.
    pub(crate) async fn cosigned_before(&mut self, index: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        let cosigned =
            "SELECT size, note FROM checkpoint WHERE size = (SELECT max(size) FROM cosignature WHERE size <= ?)";
        self.checkpoint_where(cosigned, index).await
    }

    /// The log's note with the cosignatures received for it.
    async fn checkpoint_where(
        &mut self,
        query: &'static str,
        value: u64,
    ) -> Result<Option<SignedCheckpoint>, StoreError> {
        let Some(row) = sqlx::query(query).bind(row_id(value)).fetch_optional(self.connection()).await? else {
            return Ok(None);
        };
        let (size, mut note): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        for line in self.cosignatures(index_of(size)).await? {
            note.push_str(&line);
            note.push('\n');
        }
        let what = "the note is not a checkpoint";
        SignedCheckpoint::parse(&note).map(Some).map_err(|_| StoreError::Damaged {
            table: "checkpoint",
            row: size,
            what,
        })
    }

    async fn cosignatures(&mut self, size: u64) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT line FROM cosignature WHERE size = ? ORDER BY line");
        Ok(query.bind(row_id(size)).fetch_all(self.connection()).await?)
    }

    /// The checkpoints above a size, at most `limit`, with the cosignatures received for them.
    pub(crate) async fn checkpoints_after(
        &mut self,
        size: u64,
        limit: u64,
    ) -> Result<Vec<SignedCheckpoint>, StoreError> {
        let query = sqlx::query_scalar("SELECT size FROM checkpoint WHERE size > ? ORDER BY size LIMIT ?");
        let sizes: Vec<i64> = query.bind(row_id(size)).bind(row_id(limit)).fetch_all(self.connection()).await?;
        let mut notes = Vec::with_capacity(sizes.len());
        for size in sizes {
            notes.extend(self.checkpoint(index_of(size)).await?);
        }
        Ok(notes)
    }

    /// An entry.
    pub(crate) async fn entry(&mut self, index: u64) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT entry FROM entry WHERE idx = ?");
        Ok(query.bind(row_id(index)).fetch_optional(self.connection()).await?)
    }

    /// The entries from `first`, as many as one answer holds, none after the last.
    pub(crate) async fn entries(&mut self, first: u64) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT entry FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx");
        Ok(query.bind(row_id(first)).bind(row_id(first + CHUNK)).fetch_all(self.connection()).await?)
    }

    /// The entries from `first` to before `end`.
    pub(crate) async fn entries_between(&mut self, first: u64, end: u64) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT entry FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx");
        Ok(query.bind(row_id(first)).bind(row_id(end)).fetch_all(self.connection()).await?)
    }

    /// A subject's entries from its newest backwards, at most `limit`: index and entry.
    pub(crate) async fn chain(&mut self, newest: u64, limit: u64) -> Result<Vec<(u64, String)>, StoreError> {
        let query = sqlx::query(
            "WITH RECURSIVE chain (idx, prev_idx, entry) AS (
                 SELECT idx, prev_idx, entry FROM entry WHERE idx = ?
                 UNION ALL
                 SELECT e.idx, e.prev_idx, e.entry FROM chain JOIN entry e ON e.idx = chain.prev_idx
             ) SELECT idx, entry FROM chain LIMIT ?",
        );
        let rows = query.bind(row_id(newest)).bind(row_id(limit)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((index_of(row.try_get(0)?), row.try_get(1)?))).collect()
    }

    /// The disclosures beside an entry that are not erased: row id and disclosure.
    pub(crate) async fn disclosures(&mut self, index: u64) -> Result<Vec<(i64, String)>, StoreError> {
        self.disclosures_of(index, index + 1).await
    }

    /// The disclosures beside the entries from `first` to before `end`.
    pub(crate) async fn disclosures_of(&mut self, first: u64, end: u64) -> Result<Vec<(i64, String)>, StoreError> {
        let query = sqlx::query("SELECT id, disclosure FROM disclosure WHERE id >= ? AND id < ? ORDER BY id");
        let rows = query.bind(row_id(first << 8)).bind(row_id(end << 8)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Indexes of the entries by which later ones are judged.
    pub(crate) async fn precedents(&mut self) -> Result<Vec<u64>, StoreError> {
        let rows: Vec<i64> =
            sqlx::query_scalar("SELECT idx FROM precedent ORDER BY idx").fetch_all(self.connection()).await?;
        Ok(rows.into_iter().map(index_of).collect())
    }

    /// Tiles of a tree of `size` leaves, cut to the width they have there.
    pub(crate) async fn tiles(
        &mut self,
        size: u64,
        names: impl IntoIterator<Item = TileName>,
    ) -> Result<Tiles, StoreError> {
        let mut tiles = Tiles::default();
        for name in names {
            let row = tile_id(name.0, name.1);
            let query = sqlx::query_scalar("SELECT hashes FROM tile WHERE id = ?").bind(row);
            let mut hashes: Vec<u8> = query.fetch_optional(self.connection()).await?.unwrap_or_default();
            let bytes = usize::try_from(tile_width(size, name) * 32).expect("at most 8192");
            if hashes.len() < bytes {
                return Err(StoreError::Damaged { table: "tile", row, what: "the tile is missing or too short" });
            }
            hashes.truncate(bytes);
            tiles.0.insert(name, hashes);
        }
        Ok(tiles)
    }

    /// What `prove` makes of the tree of `size` leaves: it runs once to learn which tiles it needs, once to compute.
    pub(crate) async fn prove<T>(
        &mut self,
        size: u64,
        prove: impl Fn(&mut dyn HashReader) -> T,
    ) -> Result<T, StoreError> {
        let mut wanted = WantedTiles::default();
        prove(&mut wanted);
        let mut tiles = self.tiles(size, wanted.0).await?;
        Ok(prove(&mut tiles))
    }

    /// All statement ids, by entry.
    pub(crate) async fn statement_ids(&mut self) -> Result<Vec<u8>, StoreError> {
        let rows: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT ids FROM statement_id ORDER BY tile").fetch_all(self.connection()).await?;
        Ok(rows.concat())
    }

    /// The names of all subjects: index of the first entry, name.
    pub(crate) async fn subject_names(&mut self) -> Result<Vec<(u64, String)>, StoreError> {
        let rows: Vec<SqliteRow> =
            sqlx::query("SELECT first, name FROM subject_name ORDER BY first").fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((index_of(row.try_get(0)?), row.try_get(1)?))).collect()
    }
}
