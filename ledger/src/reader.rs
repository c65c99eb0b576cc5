//! Reading a ledger, beside its writer or without one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;

use crate::error::LedgerError;
use crate::ledger::DATABASE;
use crate::store::{Changes, Readers, Snapshot, index_of};

/// Connections of one reader.
const CONNECTIONS: u32 = 4;

/// An entry and what is disclosed beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The entry, byte for byte.
    pub entry: String,
    /// Its disclosures that are not erased.
    pub disclosures: Vec<String>,
}

/// Something read as of a size of the ledger.
type AsOf<T> = (u64, Arc<T>);

/// A ledger, open for reading: as many as one likes, in any process.
#[derive(Clone)]
pub struct Reader {
    pub(crate) readers: Readers,
    pub(crate) dir: PathBuf,
    pub(crate) database: PathBuf,
    /// What the map's tables do not show yet, as of a size: the same for every proof under one head.
    changes: Arc<Mutex<Option<AsOf<Changes>>>>,
}

impl Reader {
    /// Opens a ledger for reading.
    ///
    /// # Errors
    /// There is none, or its database cannot be read.
    pub async fn open(dir: &Path) -> Result<Self, LedgerError> {
        let database = dir.join(DATABASE);
        if !database.is_file() {
            return Err(LedgerError::NoLedger { dir: dir.to_owned() });
        }
        let readers = Readers::open(&database, CONNECTIONS).await?;
        Ok(Self { readers, dir: dir.to_owned(), database, changes: Arc::default() })
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// The database cannot be read, or holds none.
    pub async fn head(&self) -> Result<SignedCheckpoint, LedgerError> {
        let head = self.readers.snapshot().await?.head().await?;
        head.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })
    }

    /// What the map's tables do not show yet in this snapshot.
    pub(crate) async fn changes(&self, snapshot: &mut Snapshot) -> Result<Arc<Changes>, LedgerError> {
        let size = snapshot.head().await?.map_or(0, |head| head.checkpoint.size.0);
        let held = self.changes.lock().expect("nobody panics while holding it").clone();
        if let Some((_, changes)) = held.filter(|(at, _)| *at == size) {
            return Ok(changes);
        }
        let changes = Arc::new(snapshot.changes().await?);
        *self.changes.lock().expect("nobody panics while holding it") = Some((size, changes.clone()));
        Ok(changes)
    }

    /// The entries from `first` on, each with what is disclosed beside it: as many as one answer holds (4,096), none after the
    /// last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn entries(&self, first: LeafIndex) -> Result<Vec<Recorded>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let entries = snapshot.entries(first.0).await?;
        let end = first.0 + entries.len() as u64;
        let mut recorded: Vec<Recorded> =
            entries.into_iter().map(|entry| Recorded { entry, disclosures: Vec::new() }).collect();
        for (row, disclosure) in snapshot.disclosures_of(first.0, end).await? {
            let at = usize::try_from(index_of(row >> 8) - first.0).expect("a few thousand");
            recorded[at].disclosures.push(disclosure);
        }
        Ok(recorded)
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
    }
}
