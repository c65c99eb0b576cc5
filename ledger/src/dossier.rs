//! Dossiers and absence proofs. Each is made within one snapshot of the database, and
//! checked with the verifier before it leaves.

use std::collections::BTreeSet;
use std::sync::Arc;

use verifier::dossier::{DossierFile, EntryPart, Head, SubjectPart, time_group};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::{Hash, RootHash};
use verifier::log::index::TreeSize;
use verifier::log::tree::Frontier;
use verifier::record::subject::Subject;
use verifier::record::subject_map::SubjectState;

use crate::error::LedgerError;
use crate::prover::{self, HashReader};
use crate::reader::{Reader, read_head};
use crate::state::read_statement;
use crate::store::{Chain, CosignedAround, MapHead, Proven, Snapshot};

/// Entries whose rows are read together: their tiles are some 10 MB.
const TOGETHER: usize = 256;

/// Cosigned checkpoints looked at on either side of an entry.
const BOUNDS_LOOKED_AT: usize = 64;
/// Cosigned checkpoints looked at for one that has enough cosignatures.
const LOOKED_AT: usize = 4096;

impl Reader {
    /// The dossier of a subject: every entry of it, and of every subject it calls for.
    ///
    /// # Errors
    /// The database cannot be read, or what it holds does not verify.
    pub async fn dossier(&self, subject: &Subject) -> Result<DossierFile, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut making = Making::start(self, &mut snapshot).await?;
        let mut called: Vec<Subject> = vec![subject.clone(), Subject::Ledger];
        if subject.is_project() {
            let jurisdiction = self.jurisdiction(making.snapshot).await?;
            called.extend([Subject::Rulebook(jurisdiction.clone()), Subject::Calendar(jurisdiction)]);
        }
        let (mut chains, mut seen) = (Vec::new(), BTreeSet::new());
        while !called.is_empty() {
            called.retain(|subject| seen.insert(subject.clone()));
            let mut next = making.chains(std::mem::take(&mut called)).await?;
            called.extend(next.iter().filter_map(|(_, chain)| chain.as_ref()).flat_map(issuers));
            chains.append(&mut next);
        }
        let parts = making.with_entries(chains).await?;
        making.finish(parts).await
    }

    /// The absence proof of a subject: what the map holds for it, without any entry.
    ///
    /// # Errors
    /// The database cannot be read, or what it holds does not verify.
    pub async fn absence(&self, subject: &Subject) -> Result<DossierFile, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut making = Making::start(self, &mut snapshot).await?;
        let (part, _) = making.prove(vec![subject.clone()]).await?.remove(0);
        making.finish(vec![part]).await
    }
}

impl Reader {
    /// The proof that the head of `newer` entries continues the one of `older`; nothing unless 0 < older ≤ newer ≤ the
    /// ledger's size.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn consistency(&self, older: TreeSize, newer: TreeSize) -> Result<Option<Vec<Hash>>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let size = read_head(&mut snapshot).await?.checkpoint.size;
        if older.0 == 0 || older > newer || newer > size {
            return Ok(None);
        }
        Ok(Some(snapshot.prove(newer.0, |reader| prover::consistency(older.0, newer.0, reader)).await?))
    }
}

impl Reader {
    /// The root of the tree of the first entries; nothing beyond the ledger's size. Costs a few tiles.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn root_at(&self, size: TreeSize) -> Result<Option<RootHash>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        if size > read_head(&mut snapshot).await?.checkpoint.size {
            return Ok(None);
        }
        let parts = snapshot.prove(size.0, |reader| prover::frontier(size.0, reader)).await?;
        let frontier = Frontier::from_parts(size, parts);
        let what = "the tiles are not those of its size";
        Ok(Some(frontier.map_err(|_| LedgerError::Inconsistent { what })?.root()))
    }

    /// The newest checkpoint of at most this size that `accepts` takes, with its cosignatures; of those with a cosignature the
    /// newest `LOOKED_AT` are looked at.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn newest_cosigned(
        &self,
        size: TreeSize,
        accepts: impl Fn(&SignedCheckpoint) -> bool,
    ) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut below = size.0;
        for _ in 0..LOOKED_AT {
            let Some(note) = snapshot.cosigned_around(&[below]).await?.remove(&below).and_then(|around| around.before)
            else {
                return Ok(None);
            };
            if accepts(&note) {
                return Ok(Some(note));
            }
            let Some(next) = note.checkpoint.size.0.checked_sub(1) else { return Ok(None) };
            below = next;
        }
        Ok(None)
    }
}

/// A dossier being made.
struct Making<'a> {
    reader: &'a Reader,
    snapshot: &'a mut Snapshot,
    head: SignedCheckpoint,
    map: Arc<MapHead>,
}

impl<'a> Making<'a> {
    async fn start(reader: &'a Reader, snapshot: &'a mut Snapshot) -> Result<Self, LedgerError> {
        let head = read_head(snapshot).await?;
        let map = reader.map_head(head.checkpoint.size.0, snapshot).await?;
        Ok(Self { reader, snapshot, head, map })
    }

    fn size(&self) -> u64 {
        self.head.checkpoint.size.0
    }

    /// What the map holds for these subjects; and the newest entry of each, if there is one.
    async fn prove(&mut self, subjects: Vec<Subject>) -> Result<Vec<(SubjectPart, Option<u64>)>, LedgerError> {
        let proven = self.snapshot.prove_subjects(&subjects, &self.map).await?;
        let part = |(subject, Proven { held, proof: map_proof }): (Subject, Proven)| {
            let newest = held.as_ref().map(|held| held.newest);
            let state = held.map_or_else(SubjectState::default, |held| held.state);
            (SubjectPart { subject, state, map_proof, entries: None }, newest)
        };
        Ok(subjects.into_iter().zip(proven).map(part).collect())
    }

    /// These subjects, and the entries of each that the ledger holds.
    async fn chains(&mut self, subjects: Vec<Subject>) -> Result<Vec<(SubjectPart, Option<Chain>)>, LedgerError> {
        let proven = self.prove(subjects).await?;
        let newest: Vec<u64> = proven.iter().filter_map(|(_, newest)| *newest).collect();
        let limit = proven.iter().map(|(part, _)| part.state.count).fold(0, u64::saturating_add);
        let mut chains = self.snapshot.chains(&newest, limit).await?;
        let mut with_chain = |(part, newest): (SubjectPart, Option<u64>)| {
            (part, newest.map(|newest| chains.remove(&newest).unwrap_or_default()))
        };
        Ok(proven.into_iter().map(&mut with_chain).collect())
    }

    /// The subjects with what stands beside their entries and proves them: every kind of row is read for all at once.
    async fn with_entries(
        &mut self,
        chains: Vec<(SubjectPart, Option<Chain>)>,
    ) -> Result<Vec<SubjectPart>, LedgerError> {
        let (mut parts, mut entries) = (Vec::with_capacity(chains.len()), Vec::new());
        for (part, chain) in chains {
            parts.push((part, chain.as_ref().map(Vec::len)));
            entries.extend(chain.into_iter().flatten().rev());
        }
        let mut entries = self.entries(entries).await?.into_iter();
        let filled = |(part, length): (SubjectPart, Option<usize>)| {
            let entries = length.map(|length| entries.by_ref().take(length).collect());
            SubjectPart { entries, ..part }
        };
        Ok(parts.into_iter().map(filled).collect())
    }

    async fn entries(&mut self, entries: Vec<(u64, String)>) -> Result<Vec<EntryPart>, LedgerError> {
        let mut parts = Vec::with_capacity(entries.len());
        let mut entries = entries.into_iter();
        loop {
            let together: Vec<(u64, String)> = entries.by_ref().take(TOGETHER).collect();
            if together.is_empty() {
                return Ok(parts);
            }
            parts.append(&mut self.entry_parts(together).await?);
        }
    }

    /// These entries with what stands beside them and what proves them.
    async fn entry_parts(&mut self, entries: Vec<(u64, String)>) -> Result<Vec<EntryPart>, LedgerError> {
        let indexes: Vec<u64> = entries.iter().map(|(index, _)| *index).collect();
        let mut disclosures = self.snapshot.disclosed_at(&indexes).await?;
        let mut cosigned = self.snapshot.cosigned_around(&indexes).await?;
        for around in cosigned.values_mut() {
            self.settle(around).await?;
        }
        let covering = indexes.iter().filter_map(|index| Some((*index, cosigned.get(index)?.after.as_ref()?)));
        let covered = covering.map(|(index, note)| (index, note.checkpoint.size.0)).collect();
        let mut recorded = self.inclusions(covered).await?.into_iter();
        let inclusions = self.inclusions(indexes.iter().map(|index| (*index, self.size())).collect()).await?;
        let mut parts = Vec::with_capacity(entries.len());
        for ((index, entry), inclusion) in entries.into_iter().zip(inclusions) {
            let disclosures = disclosures.remove(&index).unwrap_or_default();
            let CosignedAround { before: not_before, after } = cosigned.remove(&index).unwrap_or_default();
            let recorded_by = after.and_then(|note| Some((note, recorded.next()?)));
            parts.push(EntryPart { entry, disclosures, inclusion, recorded_by, not_before });
        }
        Ok(parts)
    }

    /// The proofs of entries, each in the tree of a size.
    async fn inclusions(&mut self, entries: Vec<(u64, u64)>) -> Result<Vec<Vec<Hash>>, LedgerError> {
        // The tiles of a smaller tree are prefixes of the head's.
        let prove = |reader: &mut dyn HashReader| {
            entries.iter().map(|(index, size)| prover::inclusion(*index, *size, reader)).collect()
        };
        Ok(self.snapshot.prove(self.size(), prove).await?)
    }

    /// Goes from the nearest cosigned checkpoints on to the nearest that enough witnesses have cosigned to tell a time by; where
    /// none of the next few has enough, the nearest stay.
    async fn settle(&mut self, around: &mut CosignedAround) -> Result<(), LedgerError> {
        let Some(policy) = self.reader.policy.clone() else { return Ok(()) };
        let group = time_group(&policy);
        let tells_time =
            |note: &SignedCheckpoint| policy.cosigned(note).is_ok_and(|cosigned| cosigned.late(group).is_some());
        let (mut before, mut after) = (around.before.clone(), around.after.clone());
        for _ in 0..BOUNDS_LOOKED_AT {
            let Some(note) = before.take_if(|note| !tells_time(note)) else { break };
            let Some(below) = note.checkpoint.size.0.checked_sub(1) else { break };
            before = self.beside(below).await?.before;
        }
        for _ in 0..BOUNDS_LOOKED_AT {
            let Some(note) = after.take_if(|note| !tells_time(note)) else { break };
            after = self.beside(note.checkpoint.size.0).await?.after;
        }
        around.before = before.filter(tells_time).or(around.before.take());
        around.after = after.filter(tells_time).or(around.after.take());
        Ok(())
    }

    async fn beside(&mut self, size: u64) -> Result<CosignedAround, LedgerError> {
        Ok(self.snapshot.cosigned_around(&[size]).await?.remove(&size).unwrap_or_default())
    }

    async fn finish(mut self, subjects: Vec<SubjectPart>) -> Result<DossierFile, LedgerError> {
        let last = self.size() - 1;
        let seal =
            self.snapshot.entry(last).await?.ok_or(LedgerError::Inconsistent { what: "the last entry is missing" })?;
        let seal_proof = self.inclusions(vec![(last, self.size())]).await?.remove(0);
        let own = self.reader.own_policy(&self.head, self.snapshot).await?;
        let file = DossierFile { head: Head { checkpoint: self.head, seal, seal_proof }, subjects };
        match verifier::dossier::verify(&file, &own.policy, |_, _| false) {
            Ok(_) => Ok(file),
            Err(error) => Err(LedgerError::WouldNotVerify { what: "dossier", reason: error.to_string() }),
        }
    }
}

/// The authority subjects of those who signed these entries, the first first.
fn issuers(chain: &Chain) -> Vec<Subject> {
    let issuers = chain.iter().rev().filter_map(|(_, entry)| read_statement(entry)).map(|statement| statement.iss);
    issuers.filter(|iss| !iss.is_reserved()).map(Subject::Authority).collect()
}
