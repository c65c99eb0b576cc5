//! Reading: everything a [`Snapshot`] answers is the state after one whole batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};
use verifier::log::checkpoint::SignedCheckpoint;

use super::{Readers, StoreError, index_of, row_id, tile_id};
use crate::prover::{HashReader, TileName, Tiles, WantedTiles, tile_width};

/// Entries, disclosures or tiles read at once.
const CHUNK: u64 = 4096;

/// Checkpoints as they are handed out: the log's note and, below it, the cosignatures received for it.
macro_rules! checkpoints {
    ($which:literal) => {
        concat!(
            "SELECT size, note || coalesce((SELECT group_concat(line || char(10), '' ORDER BY line)
                 FROM cosignature WHERE cosignature.size = checkpoint.size), '') FROM checkpoint ",
            $which
        )
    };
}

/// The cosigned checkpoints around an entry.
#[derive(Debug, Default)]
pub(crate) struct CosignedAround {
    /// The latest that does not cover the entry.
    pub(crate) before: Option<SignedCheckpoint>,
    /// The earliest that covers it.
    pub(crate) after: Option<SignedCheckpoint>,
}

/// A subject's entries from its newest backwards: index and entry.
pub(crate) type Chain = Vec<(u64, String)>;

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
        let row = sqlx::query(checkpoints!("ORDER BY size DESC LIMIT 1")).fetch_optional(self.connection()).await?;
        row.as_ref().map(read_checkpoint).transpose()
    }

    /// The checkpoint of a size.
    pub(crate) async fn checkpoint(&mut self, size: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        let query = sqlx::query(checkpoints!("WHERE size = ?")).bind(row_id(size));
        let row = query.fetch_optional(self.connection()).await?;
        row.as_ref().map(read_checkpoint).transpose()
    }

    /// The checkpoints in these rows, by row.
    async fn checkpoints(&mut self, sizes: BTreeSet<i64>) -> Result<BTreeMap<i64, SignedCheckpoint>, StoreError> {
        if sizes.is_empty() {
            return Ok(BTreeMap::new());
        }
        let query = sqlx::query(checkpoints!("WHERE size IN (SELECT value FROM json_each(?))"));
        let rows = query.bind(list(sizes)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, read_checkpoint(row)?))).collect()
    }

    /// The checkpoints above a size, at most `limit`.
    pub(crate) async fn checkpoints_after(
        &mut self,
        size: u64,
        limit: u64,
    ) -> Result<Vec<SignedCheckpoint>, StoreError> {
        let query = sqlx::query(checkpoints!("WHERE size > ? ORDER BY size LIMIT ?"));
        let rows = query.bind(row_id(size)).bind(row_id(limit)).fetch_all(self.connection()).await?;
        rows.iter().map(read_checkpoint).collect()
    }

    /// The cosigned checkpoints around each of these entries, by index.
    pub(crate) async fn cosigned_around(
        &mut self,
        indexes: &[u64],
    ) -> Result<BTreeMap<u64, CosignedAround>, StoreError> {
        let query = sqlx::query(
            "SELECT value, (SELECT max(size) FROM cosignature WHERE size <= value),
                    (SELECT min(size) FROM cosignature WHERE size > value)
             FROM json_each(?)",
        );
        let rows = query.bind(list(indexes)).fetch_all(self.connection()).await?;
        let mut sizes: Vec<(i64, [Option<i64>; 2])> = Vec::with_capacity(rows.len());
        for row in &rows {
            sizes.push((row.try_get(0)?, [row.try_get(1)?, row.try_get(2)?]));
        }
        let wanted = sizes.iter().flat_map(|(_, around)| around).flatten().copied().collect();
        let notes = self.checkpoints(wanted).await?;
        let around = |(index, around): (i64, [Option<i64>; 2])| {
            let [before, after] = around.map(|size| notes.get(&size?).cloned());
            (index_of(index), CosignedAround { before, after })
        };
        Ok(sizes.into_iter().map(around).collect())
    }

    /// An entry.
    pub(crate) async fn entry(&mut self, index: u64) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT entry FROM entry WHERE idx = ?");
        Ok(query.bind(row_id(index)).fetch_optional(self.connection()).await?)
    }

    /// The entries at these indexes, by index; none where there is none.
    pub(crate) async fn entries_at(&mut self, indexes: &[u64]) -> Result<BTreeMap<u64, String>, StoreError> {
        let query = sqlx::query("SELECT idx, entry FROM entry WHERE idx IN (SELECT value FROM json_each(?))");
        let rows = query.bind(list(indexes)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((index_of(row.try_get(0)?), row.try_get(1)?))).collect()
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
    pub(crate) async fn chain(&mut self, newest: u64, limit: u64) -> Result<Chain, StoreError> {
        Ok(self.chains(&[newest], limit).await?.remove(&newest).unwrap_or_default())
    }

    /// As [`Snapshot::chain`], of several subjects, by the newest entry of each; at most `limit` entries in all.
    pub(crate) async fn chains(&mut self, newest: &[u64], limit: u64) -> Result<BTreeMap<u64, Chain>, StoreError> {
        let query = sqlx::query(
            "WITH RECURSIVE chain (newest, idx, prev_idx, entry) AS (
                 SELECT value, idx, prev_idx, entry FROM json_each(?) CROSS JOIN entry ON idx = value
                 UNION ALL
                 SELECT newest, e.idx, e.prev_idx, e.entry FROM chain JOIN entry e ON e.idx = chain.prev_idx
             ) SELECT newest, idx, entry FROM chain LIMIT ?",
        );
        let mut chains: BTreeMap<u64, Chain> = BTreeMap::new();
        for row in query.bind(list(newest)).bind(row_id(limit)).fetch_all(self.connection()).await? {
            let chain = chains.entry(index_of(row.try_get(0)?)).or_default();
            chain.push((index_of(row.try_get(1)?), row.try_get(2)?));
        }
        Ok(chains)
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

    /// How many bytes are disclosed beside the entries from `first` to before `end`: index and bytes, where there are some.
    pub(crate) async fn disclosed_bytes(&mut self, first: u64, end: u64) -> Result<Vec<(u64, u64)>, StoreError> {
        let query = sqlx::query_as::<_, (i64, i64)>(
            "SELECT id >> 8, sum(octet_length(disclosure)) FROM disclosure WHERE id >= ? AND id < ? GROUP BY 1 ORDER BY 1",
        );
        let rows = query.bind(row_id(first << 8)).bind(row_id(end << 8)).fetch_all(self.connection()).await?;
        Ok(rows.into_iter().map(|(index, bytes)| (index_of(index), index_of(bytes))).collect())
    }

    /// The disclosures beside the entries at these indexes: row id and disclosure.
    pub(crate) async fn disclosures_at(&mut self, indexes: &[u64]) -> Result<Vec<(i64, String)>, StoreError> {
        let query = sqlx::query(
            "SELECT disclosure.id, disclosure FROM json_each(?) CROSS JOIN disclosure
             WHERE disclosure.id >= value << 8 AND disclosure.id < (value + 1) << 8 ORDER BY disclosure.id",
        );
        let rows = query.bind(list(indexes)).fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// The texts of the disclosures beside the entries at these indexes, by index where there are some.
    pub(crate) async fn disclosed_at(&mut self, indexes: &[u64]) -> Result<BTreeMap<u64, Vec<String>>, StoreError> {
        let mut disclosed: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (row, text) in self.disclosures_at(indexes).await? {
            disclosed.entry(index_of(row >> 8)).or_default().push(text);
        }
        Ok(disclosed)
    }

    /// The entries by which later ones are judged: index and entry, if there is one.
    pub(crate) async fn precedents(&mut self) -> Result<Vec<(u64, Option<String>)>, StoreError> {
        let query = sqlx::query("SELECT idx, entry FROM precedent LEFT JOIN entry USING (idx) ORDER BY idx");
        let rows = query.fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((index_of(row.try_get(0)?), row.try_get(1)?))).collect()
    }

    /// Tiles of a tree of `size` leaves, cut to the width they have there.
    pub(crate) async fn tiles(
        &mut self,
        size: u64,
        names: impl IntoIterator<Item = TileName>,
    ) -> Result<Tiles, StoreError> {
        let names: Vec<TileName> = names.into_iter().collect();
        if names.is_empty() {
            return Ok(Tiles::default());
        }
        let query = sqlx::query("SELECT id, hashes FROM tile WHERE id IN (SELECT value FROM json_each(?))");
        let rows = query.bind(list(names.iter().map(|(level, n)| tile_id(*level, *n))));
        let mut stored = HashMap::with_capacity(names.len());
        for row in rows.fetch_all(self.connection()).await? {
            stored.insert(row.try_get::<i64, _>(0)?, row.try_get::<Vec<u8>, _>(1)?);
        }
        let mut tiles = Tiles::default();
        for name in names {
            let row = tile_id(name.0, name.1);
            let mut hashes = stored.remove(&row).unwrap_or_default();
            let bytes = usize::try_from(tile_width(size, name) * 32).expect("at most 8192");
            if hashes.len() < bytes {
                return Err(StoreError::Damaged { table: "tile", row, what: "the tile is missing or too short" });
            }
            hashes.truncate(bytes);
            tiles.hashes.insert(name, hashes);
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

fn read_checkpoint(row: &SqliteRow) -> Result<SignedCheckpoint, StoreError> {
    let damaged = |row| StoreError::Damaged { table: "checkpoint", row, what: "the note is not a checkpoint" };
    let size: i64 = row.try_get(0)?;
    SignedCheckpoint::parse(row.try_get(1)?).map_err(|_| damaged(size))
}

/// Numbers as one parameter, for SQLite's `json_each`: one statement for any number of rows.
pub(super) fn list<N: ToString>(numbers: impl IntoIterator<Item = N>) -> String {
    let numbers: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    format!("[{}]", numbers.join(","))
}
