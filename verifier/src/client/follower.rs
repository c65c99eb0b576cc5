//! An audit that goes on from head to head.

use std::prelude::rust_2024::*;

use super::fault::{Stop, TreeFault};
use super::kept::StateError;
use super::pipeline::{self, Kept, Levels};
use super::published;
use super::shown::Shown;
use super::source::Source;
use super::state::{State, Unfinished};
use super::tree::Tree;
use crate::audit::{Audit, AuditError, Fault, ReadEntry};
use crate::dossier::time_group;
use crate::evidence::Evidence;
use crate::lifecycle::chronicle::Chronicle;
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::{Hash, RootHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::policy::Policy;
use crate::log::policy_check::Witnessed;
use crate::log::quorum::Cosigned;
use crate::record::entry::{Entry, EntryTime, entry_hash};

/// An audit of one ledger, and where it reads.
#[derive(Debug)]
pub struct Follower {
    source: Source,
    policy: Policy,
    audit: Audit,
    kept: Kept,
}

/// How often an audit goes on to a newer head when a disclosure is missing that a newer erasure may cover.
pub const CONTINUATIONS: u32 = 8;

/// [`read_head`] or [`read_signed_head`].
pub type ReadHead = fn(&Source, &Policy) -> Result<(SignedCheckpoint, Witnessed), Stop>;

/// The published head, under the policy.
///
/// # Errors
/// There is none, it cannot be read, or it does not satisfy the policy.
pub fn read_head(source: &Source, policy: &Policy) -> Result<(SignedCheckpoint, Witnessed), Stop> {
    let (head, _) = read_signed_head(source, policy)?;
    let witnessed = policy.check(&head).map_err(TreeFault::Head)?;
    Ok((head, witnessed))
}

/// As [`read_head`], but for the quorum: for whoever has something to say of a head that lacks it.
///
/// # Errors
/// There is none, it cannot be read, or it is not one of the policy's log.
pub fn read_signed_head(source: &Source, policy: &Policy) -> Result<(SignedCheckpoint, Witnessed), Stop> {
    let missing = || TreeFault::Missing { path: "checkpoint".into() };
    let head = published::read(source, "checkpoint")?.ok_or_else(missing)?;
    let witnessed = policy.check_log(&head).map_err(TreeFault::Head)?;
    Ok((head, witnessed))
}

impl Follower {
    /// A new audit of the ledger of this origin.
    pub fn new(source: Source, policy: Policy, origin: &str) -> Self {
        Self { source, policy, audit: Audit::new(origin), kept: Kept::default() }
    }

    /// An audit that goes on where a state was taken; and the head it was taken at. Hashes every leaf once.
    ///
    /// # Errors
    /// [`StateError`] if the state contradicts itself.
    pub fn resume(source: Source, policy: Policy, state: State) -> Result<(Self, SignedCheckpoint), StateError> {
        let head = state.signed_head()?;
        let audit = Audit::resume(state.snapshot)?;
        if audit.size() != head.checkpoint.size || audit.root() != head.checkpoint.root {
            return Err(StateError::Damaged { what: "its head is not that of its entries" });
        }
        let (levels, checked) = (Levels::of(audit.leaves()), state.checked.into_iter().collect());
        Ok((Self { source, policy, audit, kept: Kept { levels, checked, ..Kept::default() } }, head))
    }

    /// Begins anew, with nothing audited; the source is kept.
    #[must_use]
    pub fn begin_anew(self, origin: &str) -> Self {
        Self::new(self.source, self.policy, origin)
    }

    /// Where it reads.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The audit so far.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Whose word counts.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How many published checkpoints were found good.
    pub fn checkpoints(&self) -> usize {
        self.kept.checked.len()
    }

    /// The head published now, read by `read`, if it is larger than this one: for an audit that misses what a newer erasure may
    /// cover.
    pub fn newer_head(&self, head: &SignedCheckpoint, read: ReadHead) -> Option<(SignedCheckpoint, Witnessed)> {
        let newer = read(&self.source, &self.policy).ok();
        newer.filter(|(newer, _)| newer.checkpoint.size > head.checkpoint.size)
    }

    /// Audits what is new up to a head, stage after stage. As [`fold_some`](Self::fold_some).
    ///
    /// # Errors
    /// As there.
    pub fn fold_to(
        &mut self,
        head: &SignedCheckpoint,
        mut chronicle: Option<&mut Chronicle>,
        folded: &mut dyn FnMut(&ReadEntry),
    ) -> Result<Cosigned, Stop> {
        loop {
            if let Some(cosigned) = self.fold_some(head, chronicle.as_deref_mut(), folded)? {
                return Ok(cosigned);
            }
        }
    }

    /// Audits what is new up to a head, which the log's key must have signed; says who cosigned it, or nothing if the
    /// source is remote and there is more: what was audited so far can be written down meanwhile. `chronicle`, of the same entries, takes in what a report needs; `folded` is told every entry. Nothing is owed to readers once this and
    /// [`Audit::settle`] have succeeded.
    ///
    /// # Errors
    /// What is false, after which this audit is over; or that a file could not be read, after which it can be gone on with.
    pub fn fold_some(
        &mut self,
        head: &SignedCheckpoint,
        mut chronicle: Option<&mut Chronicle>,
        folded: &mut dyn FnMut(&ReadEntry),
    ) -> Result<Option<Cosigned>, Stop> {
        let size = head.checkpoint.size;
        let tree = Tree::new(&self.source, &self.policy, size);
        if !pipeline::run(&tree, &mut self.audit, &mut self.kept, chronicle.as_deref_mut(), folded)? {
            return Ok(None);
        }
        let no_seal = || AuditError { index: LeafIndex(0), fault: Fault::NoSeal { size } };
        let replayed = self.audit.replayed().ok_or_else(no_seal)?;
        let cosigned = published::check_note(&self.policy, &replayed, head, "checkpoint".into())?;
        if let Some(chronicle) = chronicle {
            let group = time_group(&self.policy);
            chronicle.cosigned(size.0, cosigned.early(group), cosigned.late(group));
        }
        Ok(Some(cosigned))
    }

    /// The time of an entry that was audited, read again; nothing beyond the audit.
    ///
    /// # Errors
    /// It cannot be read, or is not the one that was audited.
    pub fn entry_time(&self, index: LeafIndex) -> Result<Option<EntryTime>, Stop> {
        let leaf = usize::try_from(index.0).ok().and_then(|at| self.audit.leaves().get(at));
        let Some(leaf) = leaf else { return Ok(None) };
        let tree = Tree::new(&self.source, &self.policy, self.audit.size());
        let text = tree.entry(index)?.unwrap_or_default();
        if entry_hash(&text).0 != *leaf {
            return Err(TreeFault::Rewritten { index: index.0 }.into());
        }
        Ok(Entry::parse(&text).ok().map(|entry| entry.time))
    }

    /// What to remember after `head`, up to which the audit has come.
    pub fn state(&self, head: &SignedCheckpoint) -> State {
        State { snapshot: self.audit.snapshot(head.format()), checked: self.kept.checked.iter().copied().collect() }
    }

    /// What to remember on the way to `head`, wherever the audit stands.
    pub fn unfinished(&self, head: &SignedCheckpoint) -> Unfinished {
        Unfinished {
            state: self.state(head),
            sealed: self.audit.ends_in_seal(),
            seals: self.kept.seals.iter().map(|(size, root)| (size.0, root.0.0)).collect(),
            unread: self.kept.unread.iter().map(|(level, at, hashes)| (*level, *at, bytes_of(hashes))).collect(),
        }
    }

    /// An audit that goes on where [`unfinished`](Self::unfinished) was taken; and the head it was on its way to.
    ///
    /// # Errors
    /// [`StateError`] if it contradicts itself.
    pub fn go_on(
        source: Source,
        policy: Policy,
        unfinished: Unfinished,
    ) -> Result<(Self, SignedCheckpoint), StateError> {
        let head = unfinished.head()?;
        let Unfinished { state: State { snapshot, checked }, sealed, seals, unread } = unfinished;
        let audit = Audit::resume_within(snapshot, sealed)?;
        let kept = Kept {
            levels: Levels::of(audit.leaves()),
            seals: seals.into_iter().map(|(size, root)| (TreeSize(size), RootHash(Hash(root)))).collect(),
            unread: unread.into_iter().map(|(level, at, hashes)| (level, at, hashes_of(hashes))).collect(),
            checked: checked.into_iter().collect(),
        };
        Ok((Self { source, policy, audit, kept }, head))
    }

    /// Evidence that a note is not of the tree of `head`, from the hash tiles that the source shows; nothing if it is, or if they
    /// do not lead to the head's root.
    pub fn prove_fork(&self, note: SignedCheckpoint, head: &SignedCheckpoint) -> Option<Evidence> {
        Shown::read(&self.source, &self.policy, head)?.fork(note)
    }

    /// Evidence of what [`fold_to`](Self::fold_to) stopped at, as far as third parties can see it and the source shows it.
    pub fn prove_fault(&mut self, error: &AuditError, head: &SignedCheckpoint) -> Option<Evidence> {
        if !Shown::is_evident(error) {
            return None;
        }
        Shown::read(&self.source, &self.policy, head)?.evidence(error, &mut self.audit)
    }
}

fn bytes_of(hashes: &[Hash]) -> Vec<[u8; 32]> {
    hashes.iter().map(|hash| hash.0).collect()
}

fn hashes_of(bytes: Vec<[u8; 32]>) -> Vec<Hash> {
    bytes.into_iter().map(Hash).collect()
}
