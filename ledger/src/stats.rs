//! What the ledger holds, counted.

use std::collections::BTreeMap;

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::record::code::{Sector, Stage};

use crate::error::LedgerError;
use crate::reader::Reader;
use crate::state::read_statement;

/// What the ledger holds.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Entries, seals included.
    pub entries: u64,
    /// Subjects in the map.
    pub subjects: u64,
    /// Projects among them.
    pub projects: u64,
    /// Notices per sector and stage.
    pub notices: BTreeMap<(Sector, Stage), u64>,
    /// Publishers in force.
    pub publishers: u64,
    /// Bytes of `ledger.db`.
    pub bytes: u64,
    /// The newest checkpoint.
    pub head: SignedCheckpoint,
}

impl Reader {
    /// Counts what the ledger holds. Reads every entry.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn stats(&self) -> Result<Stats, LedgerError> {
        let head = self.head().await?;
        let registry = self.registry().await?;
        let last = verifier::log::index::LeafIndex(u64::MAX);
        let publishers = registry.publishers(last).filter(|(_, grant)| grant.is_some()).count() as u64;
        let mut snapshot = self.readers.snapshot().await?;
        let names = snapshot.subject_names().await?;
        let projects = names.iter().filter(|(_, name)| name.starts_with("project/")).count() as u64;
        let mut notices = BTreeMap::new();
        let mut next = 0;
        loop {
            let entries = snapshot.entries(next).await?;
            if entries.is_empty() {
                break;
            }
            next += entries.len() as u64;
            for statement in entries.iter().filter_map(|entry| read_statement(entry)) {
                if let Some(notice) = statement.notice() {
                    *notices.entry((notice.sector, notice.stage)).or_insert(0) += 1;
                }
            }
        }
        let bytes = std::fs::metadata(&self.database).map_or(0, |metadata| metadata.len());
        Ok(Stats { entries: next, subjects: names.len() as u64, projects, notices, publishers, bytes, head })
    }
}
