//! The files of the static tree (formats.md §6), one at a time, as `export` writes them and a server serves them.

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::TreeSize;
use verifier::log::tile::{LevelTiles, TileKind, TilePath, WIDTH, format_entry_bundle};

use crate::error::LedgerError;
use crate::reader::Reader;
use crate::store::{Snapshot, StoreError, index_of};

impl Reader {
    /// A tile of hashes or a bundle of entries; nothing if the ledger does not reach so far. A partial tile that has grown
    /// since is cut to the width it is asked for.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn tile(&self, path: &TilePath) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let Some(head) = snapshot.head().await? else { return Ok(None) };
        let level = if let TileKind::Hashes { level } = path.kind() { level } else { 0 };
        if path.width() > LevelTiles::new(head.checkpoint.size, level).width(path.index()) {
            return Ok(None);
        }
        Ok(Some(snapshot.tile_file(path, head.checkpoint.size).await?))
    }

    /// The disclosures beside the 256 entries of bundle `n`, as JSON Lines; nothing if there are none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn disclosure_file(&self, n: u64) -> Result<Option<String>, LedgerError> {
        let width = u64::from(WIDTH);
        let first = n * width;
        Ok(self.readers.snapshot().await?.disclosure_file(first, first + width).await?)
    }

    /// The checkpoint of a size with the cosignatures it has by now; nothing if there is none of that size.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn checkpoint(&self, size: TreeSize) -> Result<Option<SignedCheckpoint>, LedgerError> {
        Ok(self.readers.snapshot().await?.checkpoint(size.0).await?)
    }
}

impl Snapshot {
    /// The bytes of a tile that the tree of `size` has.
    pub(crate) async fn tile_file(&mut self, path: &TilePath, size: TreeSize) -> Result<Vec<u8>, StoreError> {
        match path.kind() {
            TileKind::Hashes { level } => {
                let name = (level, path.index());
                let mut hashes = self.tiles(size.0, [name]).await?.hashes.remove(&name).unwrap_or_default();
                hashes.truncate(usize::from(path.width()) * 32);
                Ok(hashes)
            }
            TileKind::Entries => {
                let first = path.index() * u64::from(WIDTH);
                Ok(format_entry_bundle(self.entries_between(first, first + u64::from(path.width())).await?))
            }
        }
    }

    /// The disclosures beside the entries from `first` to before `end`: a line for each entry that has some.
    pub(crate) async fn disclosure_file(&mut self, first: u64, end: u64) -> Result<Option<String>, StoreError> {
        let mut lines: Vec<(u64, Vec<String>)> = Vec::new();
        for (row, text) in self.disclosures_of(first, end).await? {
            let index = index_of(row >> 8);
            match lines.last_mut() {
                Some((last, texts)) if *last == index => texts.push(text),
                _ => lines.push((index, vec![text])),
            }
        }
        let line = |(index, texts)| format!("{}\n", serde_json::json!({ "index": index, "disclosures": texts }));
        Ok((!lines.is_empty()).then(|| lines.into_iter().map(line).collect()))
    }
}
