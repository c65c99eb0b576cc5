//! Receipts: what they are made of, read from the database or, of entries just recorded, kept from the planning of their batch.
//! Each is checked with the verifier before it leaves: what was read back all of it, what was kept only that its head covers it,
//! since the statement was judged a moment ago by the same rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use verifier::log::checkpoint::{Checkpoint, SignedCheckpoint};
use verifier::log::hash::Hash;
use verifier::log::index::LeafIndex;
use verifier::log::proof::check_inclusion;
use verifier::log::tlog_proof::TlogProof;
use verifier::receipt::format_extra;
use verifier::record::entry::entry_hash;

use crate::batch::Plan;
use crate::error::LedgerError;
use crate::own_policy::OwnPolicy;
use crate::prover::{self, HashReader};
use crate::reader::{Reader, read_head};
use crate::store::{Snapshot, index_of};
use crate::tree::Tree;

/// What a receipt is made of.
#[derive(Clone, Debug)]
pub struct ReceiptParts {
    covered: Covered,
    head: SignedCheckpoint,
    own: Arc<OwnPolicy>,
}

/// An entry, what is disclosed beside it, and the proof that a head covers it.
#[derive(Clone, Debug)]
pub(crate) struct Covered {
    index: LeafIndex,
    entry: String,
    disclosures: Vec<String>,
    hashes: Vec<Hash>,
    /// Whether it was read back from the database, not kept since it was admitted.
    read_back: bool,
}

impl ReceiptParts {
    /// The receipt (`.tlog-proof`).
    ///
    /// # Errors
    /// It does not verify.
    pub fn make(self) -> Result<String, LedgerError> {
        let Self { covered: Covered { index, entry, disclosures, hashes, read_back }, head, own } = self;
        let would_not = |reason: String| LedgerError::WouldNotVerify { what: "receipt", reason };
        if !read_back {
            let Checkpoint { size, root, .. } = head.checkpoint;
            check_inclusion(entry_hash(&entry), index, size, &hashes, root)
                .map_err(|error| would_not(error.to_string()))?;
        }
        let extra = Some(format_extra(&entry, &disclosures).into_bytes());
        let receipt = TlogProof { extra, index, hashes, checkpoint: head }.format();
        if read_back {
            verifier::receipt::verify_with(&receipt, |head| own.check(head))
                .map_err(|error| would_not(error.to_string()))?;
        }
        Ok(receipt)
    }
}

impl Covered {
    /// These entries of a batch, covered by its own head; `tree` is as the batch leaves it. Every tile that their proofs need is
    /// one that the batch changed or one that is still open.
    pub(crate) fn by(plan: &Plan, tree: &Tree, indexes: &BTreeSet<u64>) -> BTreeMap<u64, Self> {
        let mut tiles = tree.open_tiles();
        tiles.hashes.extend(plan.batch.tiles.iter().map(|(level, n, hashes)| ((*level, *n), hashes.clone())));
        let mut disclosures: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for (row, text) in &plan.batch.disclosures {
            let index = index_of(row >> 8);
            if indexes.contains(&index) {
                disclosures.entry(index).or_default().push(text.clone());
            }
        }
        let rows = (plan.batch.first..).zip(&plan.batch.entries).filter(|(index, _)| indexes.contains(index));
        let covered = rows.map(|(index, row)| {
            let hashes = prover::inclusion(index, plan.size, &mut tiles);
            let disclosures = disclosures.remove(&index).unwrap_or_default();
            (index, Self { index: LeafIndex(index), entry: row.entry.clone(), disclosures, hashes, read_back: false })
        });
        covered.collect()
    }

    /// Under the head that covers it, signed and checked.
    pub(crate) fn under(self, head: &SignedCheckpoint, own: &Arc<OwnPolicy>) -> ReceiptParts {
        ReceiptParts { covered: self, head: head.clone(), own: Arc::clone(own) }
    }
}

impl Reader {
    /// The receipt of an entry under the newest head (`.tlog-proof`); nothing if there is no such entry.
    ///
    /// # Errors
    /// The database cannot be read, or what it holds does not verify.
    pub async fn receipt(&self, index: LeafIndex) -> Result<Option<String>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let head = read_head(&mut snapshot).await?;
        let parts = self.read_parts(snapshot, &BTreeSet::from([index.0]), &head).await?.remove(&index.0);
        parts.map(ReceiptParts::make).transpose()
    }

    /// What receipts of these entries under a head of this ledger are made of, by index; none of an entry that it does not
    /// cover. One reading of the database for all; each is then made by whoever wants it.
    ///
    /// # Errors
    /// As [`Reader::receipt`].
    pub async fn receipts(
        &self,
        indexes: &BTreeSet<u64>,
        head: &SignedCheckpoint,
    ) -> Result<BTreeMap<u64, ReceiptParts>, LedgerError> {
        self.read_parts(self.readers.snapshot().await?, indexes, head).await
    }

    async fn read_parts(
        &self,
        mut snapshot: Snapshot,
        indexes: &BTreeSet<u64>,
        head: &SignedCheckpoint,
    ) -> Result<BTreeMap<u64, ReceiptParts>, LedgerError> {
        let size = head.checkpoint.size.0;
        let indexes: Vec<u64> = indexes.range(..size).copied().collect();
        let mut entries = snapshot.entries_at(&indexes).await?;
        let mut disclosures = snapshot.disclosed_at(&indexes).await?;
        let prove = |reader: &mut dyn HashReader| -> Vec<_> {
            indexes.iter().map(|index| prover::inclusion(*index, size, reader)).collect()
        };
        let proofs = snapshot.prove(size, prove).await?;
        let own = self.own_policy(head, &mut snapshot).await?;
        let parts = indexes.into_iter().zip(proofs).filter_map(|(index, hashes)| {
            let (entry, disclosures) = (entries.remove(&index)?, disclosures.remove(&index).unwrap_or_default());
            let covered = Covered { index: LeafIndex(index), entry, disclosures, hashes, read_back: true };
            Some((index, covered.under(head, &own)))
        });
        Ok(parts.collect())
    }
}
