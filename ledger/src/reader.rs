//! Reading a ledger, beside its writer or without one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;

use crate::error::LedgerError;
use crate::ledger::DATABASE;
use crate::own_policy::OwnPolicy;
use crate::state::read_genesis;
use crate::store::{MapHead, Readers, Snapshot, index_of};

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
    /// What all proofs of the map under one head share, as of its size.
    map_head: Arc<Mutex<Option<AsOf<MapHead>>>>,
    /// How what is handed out is checked, as of the last head seen.
    own_policy: Arc<Mutex<Option<Arc<OwnPolicy>>>>,
    /// The jurisdiction, which the genesis says once and for all.
    jurisdiction: Arc<OnceLock<String>>,
    /// Whose clocks count where a dossier says when its entries became public.
    pub(crate) policy: Option<Arc<Policy>>,
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
        let (map_head, own_policy, jurisdiction) = Default::default();
        Ok(Self { readers, dir: dir.to_owned(), database, map_head, own_policy, jurisdiction, policy: None })
    }

    /// The same ledger, whose dossiers bound the time of their entries by checkpoints that enough witnesses of this policy have
    /// cosigned, instead of by any that have a cosignature.
    #[must_use]
    pub fn under(mut self, policy: Arc<Policy>) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Whose clocks count where a dossier says when its entries became public.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_deref()
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// The database cannot be read, or holds none.
    pub async fn head(&self) -> Result<SignedCheckpoint, LedgerError> {
        read_head(&mut self.readers.snapshot().await?).await
    }

    /// What all proofs of the map share in this snapshot, whose head has `size` entries.
    pub(crate) async fn map_head(&self, size: u64, snapshot: &mut Snapshot) -> Result<Arc<MapHead>, LedgerError> {
        let held = self.map_head.lock().expect("nobody panics while holding it").clone();
        if let Some((_, map)) = held.filter(|(at, _)| *at == size) {
            return Ok(map);
        }
        let map = Arc::new(snapshot.map_head().await?);
        *self.map_head.lock().expect("nobody panics while holding it") = Some((size, map.clone()));
        Ok(map)
    }

    /// The jurisdiction of the genesis.
    pub(crate) async fn jurisdiction(&self, snapshot: &mut Snapshot) -> Result<String, LedgerError> {
        if let Some(jurisdiction) = self.jurisdiction.get() {
            return Ok(jurisdiction.clone());
        }
        let jurisdiction = read_genesis(snapshot).await?.jurisdiction;
        Ok(self.jurisdiction.get_or_init(|| jurisdiction).clone())
    }

    /// The policy under which what this head covers is checked before it leaves.
    pub(crate) async fn own_policy(
        &self,
        head: &SignedCheckpoint,
        snapshot: &mut Snapshot,
    ) -> Result<Arc<OwnPolicy>, LedgerError> {
        let held = self.own_policy.lock().expect("nobody panics while holding it").clone();
        if let Some(own) = held.filter(|own| own.check(head).is_ok()) {
            return Ok(own);
        }
        let own = Arc::new(OwnPolicy::derive(head, self, snapshot).await?);
        *self.own_policy.lock().expect("nobody panics while holding it") = Some(own.clone());
        Ok(own)
    }

    /// The entries from `first` on, each with what is disclosed beside it: as many as one answer holds (4,096), none after the
    /// last.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn entries(&self, first: LeafIndex) -> Result<Vec<Recorded>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let entries = snapshot.entries(first.0).await?;
        recorded(&mut snapshot, first.0, entries).await
    }

    /// The entries from `first` to before `end`; fewer, but one at least, where more than `bytes` are disclosed beside them.
    pub(crate) async fn entries_within(&self, first: u64, end: u64, bytes: u64) -> Result<Vec<Recorded>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut left = bytes;
        let disclosed = snapshot.disclosed_bytes(first, end).await?;
        let too_much = disclosed.into_iter().find(|(_, bytes)| {
            let fits = *bytes <= left;
            left = left.saturating_sub(*bytes);
            !fits
        });
        let end = too_much.map_or(end, |(index, _)| index.max(first + 1));
        let entries = snapshot.entries_between(first, end).await?;
        recorded(&mut snapshot, first, entries).await
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.readers.close().await;
    }
}

/// The entries from `first` on with what is disclosed beside them.
async fn recorded(snapshot: &mut Snapshot, first: u64, entries: Vec<String>) -> Result<Vec<Recorded>, LedgerError> {
    let end = first + entries.len() as u64;
    let mut recorded: Vec<Recorded> =
        entries.into_iter().map(|entry| Recorded { entry, disclosures: Vec::new() }).collect();
    for (row, disclosure) in snapshot.disclosures_of(first, end).await? {
        let at = usize::try_from(index_of(row >> 8) - first).expect("a few thousand");
        recorded[at].disclosures.push(disclosure);
    }
    Ok(recorded)
}

/// The newest checkpoint of a snapshot.
pub(crate) async fn read_head(snapshot: &mut Snapshot) -> Result<SignedCheckpoint, LedgerError> {
    snapshot.head().await?.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })
}
