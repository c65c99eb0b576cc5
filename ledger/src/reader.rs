//! Reading a ledger, beside its writer or without one.

use std::path::Path;

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;

use crate::error::LedgerError;
use crate::ledger::DATABASE;
use crate::store::{Readers, index_of};

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

/// A ledger, open for reading: as many as one likes, in any process.
#[derive(Clone)]
pub struct Reader {
    pub(crate) readers: Readers,
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
        Ok(Self { readers: Readers::open(&database, CONNECTIONS).await? })
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// The database cannot be read, or holds none.
    pub async fn head(&self) -> Result<SignedCheckpoint, LedgerError> {
        let head = self.readers.snapshot().await?.head().await?;
        head.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })
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
