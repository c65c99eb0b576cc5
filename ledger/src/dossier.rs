//! Receipts, dossiers and absence proofs: what the ledger hands out. Each is made within one snapshot of the database, and
//! checked with the verifier before it leaves.

use std::collections::BTreeSet;

use verifier::dossier::{DossierFile, EntryPart, Head, SubjectPart};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::Hash;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::log::policy::Policy;
use verifier::log::tlog_proof::TlogProof;
use verifier::receipt::format_extra;
use verifier::record::subject::Subject;
use verifier::record::subject_map::SubjectState;

use crate::error::LedgerError;
use crate::prover;
use crate::reader::Reader;
use crate::state::{read_genesis, read_statement};
use crate::store::{Changes, Held, Snapshot};

impl Reader {
    /// The receipt of an entry under the newest head (`.tlog-proof`); nothing if there is no such entry.
    ///
    /// # Errors
    /// The database cannot be read, or what it holds does not verify.
    pub async fn receipt(&self, index: LeafIndex) -> Result<Option<String>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let checkpoint = read_head(&mut snapshot).await?;
        let size = checkpoint.checkpoint.size.0;
        let Some(entry) = snapshot.entry(index.0).await?.filter(|_| index.0 < size) else { return Ok(None) };
        let disclosures: Vec<String> = snapshot.disclosures(index.0).await?.into_iter().map(|(_, text)| text).collect();
        let hashes = snapshot.prove(size, |reader| prover::inclusion(index.0, size, reader)).await?;
        let extra = Some(format_extra(&entry, &disclosures).into_bytes());
        let policy = own_policy(&checkpoint, &mut snapshot).await?;
        let receipt = TlogProof { extra, index, hashes, checkpoint }.format();
        match verifier::receipt::verify(&receipt, &policy) {
            Ok(_) => Ok(Some(receipt)),
            Err(error) => Err(LedgerError::WouldNotVerify { what: "receipt", reason: error.to_string() }),
        }
    }

    /// The dossier of a subject: every entry of it, and of every subject it calls for.
    ///
    /// # Errors
    /// The database cannot be read, or what it holds does not verify.
    pub async fn dossier(&self, subject: &Subject) -> Result<DossierFile, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut making = Making::start(self, &mut snapshot).await?;
        let mut called: Vec<Subject> = vec![subject.clone(), Subject::Ledger];
        if subject.is_project() {
            let jurisdiction = read_genesis(making.snapshot).await?.jurisdiction;
            called.extend([Subject::Rulebook(jurisdiction.clone()), Subject::Calendar(jurisdiction)]);
        }
        let (mut subjects, mut seen) = (Vec::new(), BTreeSet::new());
        while !called.is_empty() {
            for subject in std::mem::take(&mut called) {
                if seen.insert(subject.clone()) {
                    let part = making.part(subject, true).await?;
                    called.extend(issuers(&part));
                    subjects.push(part);
                }
            }
        }
        making.finish(subjects).await
    }

    /// The absence proof of a subject: what the map holds for it, without any entry.
    ///
    /// # Errors
    /// The database cannot be read, or what it holds does not verify.
    pub async fn absence(&self, subject: &Subject) -> Result<DossierFile, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let mut making = Making::start(self, &mut snapshot).await?;
        let part = making.part(subject.clone(), false).await?;
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

/// A dossier being made.
struct Making<'a> {
    snapshot: &'a mut Snapshot,
    head: SignedCheckpoint,
    changes: std::sync::Arc<Changes>,
}

impl<'a> Making<'a> {
    async fn start(reader: &Reader, snapshot: &'a mut Snapshot) -> Result<Self, LedgerError> {
        let head = read_head(snapshot).await?;
        let changes = reader.changes(snapshot).await?;
        Ok(Self { snapshot, head, changes })
    }

    fn size(&self) -> u64 {
        self.head.checkpoint.size.0
    }

    async fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Hash>, LedgerError> {
        Ok(self.snapshot.prove(size, |reader| prover::inclusion(index, size, reader)).await?)
    }

    async fn part(&mut self, subject: Subject, with_entries: bool) -> Result<SubjectPart, LedgerError> {
        let proven = self.snapshot.prove_subject(&subject.to_string(), &self.changes).await?;
        let Some(Held { state, newest }) = proven.held else {
            return Ok(SubjectPart { subject, state: SubjectState::default(), map_proof: proven.proof, entries: None });
        };
        let entries = if with_entries { Some(self.entries(newest, state.count).await?) } else { None };
        Ok(SubjectPart { subject, state, map_proof: proven.proof, entries })
    }

    async fn entries(&mut self, newest: u64, count: u64) -> Result<Vec<EntryPart>, LedgerError> {
        let mut chain = self.snapshot.chain(newest, count).await?;
        chain.reverse();
        let mut parts = Vec::with_capacity(chain.len());
        for (index, entry) in chain {
            let disclosures = self.snapshot.disclosures(index).await?.into_iter().map(|(_, text)| text).collect();
            let inclusion = self.inclusion(index, self.size()).await?;
            let recorded_by = match self.snapshot.cosigned_after(index).await? {
                Some(note) => {
                    let proof = self.inclusion(index, note.checkpoint.size.0).await?;
                    Some((note, proof))
                }
                None => None,
            };
            let not_before = self.snapshot.cosigned_before(index).await?;
            parts.push(EntryPart { entry, disclosures, inclusion, recorded_by, not_before });
        }
        Ok(parts)
    }

    async fn finish(mut self, subjects: Vec<SubjectPart>) -> Result<DossierFile, LedgerError> {
        let last = self.size() - 1;
        let seal =
            self.snapshot.entry(last).await?.ok_or(LedgerError::Inconsistent { what: "the last entry is missing" })?;
        let seal_proof = self.inclusion(last, self.size()).await?;
        let policy = own_policy(&self.head, self.snapshot).await?;
        let file = DossierFile { head: Head { checkpoint: self.head, seal, seal_proof }, subjects };
        match verifier::dossier::verify(&file, &policy, |_, _| false) {
            Ok(_) => Ok(file),
            Err(error) => Err(LedgerError::WouldNotVerify { what: "dossier", reason: error.to_string() }),
        }
    }
}

/// The authority subjects of those who signed a part's entries.
fn issuers(part: &SubjectPart) -> Vec<Subject> {
    let entries = part.entries.iter().flatten();
    let issuers = entries.filter_map(|part| read_statement(&part.entry)).map(|statement| statement.iss);
    issuers.filter(|iss| !iss.is_reserved()).map(Subject::Authority).collect()
}

async fn read_head(snapshot: &mut Snapshot) -> Result<SignedCheckpoint, LedgerError> {
    snapshot.head().await?.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })
}

/// The policy under which the ledger checks what it hands out: the keys that may have signed this head.
async fn own_policy(head: &SignedCheckpoint, snapshot: &mut Snapshot) -> Result<Policy, LedgerError> {
    let genesis = read_genesis(snapshot).await?;
    let mut keys = vec![genesis.log_key];
    for index in snapshot.precedents().await? {
        let statement = snapshot.entry(index).await?.as_deref().and_then(read_statement);
        if let Some(verifier::record::statement::Content::Authority { change, .. }) = statement.map(|s| s.content)
            && let verifier::record::statement::AuthorityChange::LogKey { key } = change
        {
            keys.push(key);
        }
    }
    let newest = keys.into_iter().rev().find(|key| head.signed_by(key).is_ok());
    let key = newest.ok_or(LedgerError::Inconsistent { what: "no key of the ledger signed its newest checkpoint" })?;
    Policy::parse(format!("log {key}\nquorum none\n"))
        .map_err(|_| LedgerError::Inconsistent { what: "the log key makes no policy" })
}
