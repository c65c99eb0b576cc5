//! Whether what a ledger shows now continues what it showed before, and evidence if it does not.

use std::boxed::Box;
use std::prelude::rust_2024::*;

use super::fault::{Stop, TreeFault};
use super::follower::Follower;
use crate::evidence::Evidence;
use crate::evidence::path::{consistency_path, of_leaves};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::index::TreeSize;

/// How a head does not continue one that was seen before.
#[derive(Debug)]
pub enum Discontinued {
    /// It is of another history.
    Fork {
        /// What to say of it.
        fault: TreeFault,
        /// Both heads, with what others need to see it.
        evidence: Option<Box<Evidence>>,
    },
    /// It is smaller.
    Rollback {
        /// Entries seen before.
        seen: TreeSize,
        /// Entries of the head now.
        found: TreeSize,
        /// Both heads, for an inquiry.
        evidence: Box<Evidence>,
    },
}

impl Follower {
    /// Holds a head against one seen before; one that is larger only the audit of its entries can judge.
    ///
    /// # Errors
    /// It is smaller, or another of the same size.
    pub fn check_continues(&self, seen: &SignedCheckpoint, head: &SignedCheckpoint) -> Result<(), Discontinued> {
        let (before, found) = (seen.checkpoint.size, head.checkpoint.size);
        let expected = if found == before { Some(seen.checkpoint.root) } else { self.audit().root_at(found) };
        match expected {
            _ if found > before => Ok(()),
            Some(expected) if expected != head.checkpoint.root => {
                let fault =
                    TreeFault::Fork { size: found.0, expected, found: head.checkpoint.root, note: head.format() };
                Err(Discontinued::Fork { fault, evidence: self.fork_between(seen, head).map(Box::new) })
            }
            _ if found < before => {
                let evidence = Box::new(Evidence::Rollback { notes: [seen.clone(), head.clone()] });
                Err(Discontinued::Rollback { seen: before, found, evidence })
            }
            _ => Ok(()),
        }
    }

    /// Holds a checkpoint against the entries audited, of which it must be a beginning; nothing can be said of a larger one.
    ///
    /// # Errors
    /// [`TreeFault::Fork`].
    pub fn check_seen(&self, seen: &SignedCheckpoint) -> Result<(), Stop> {
        let (size, found) = (seen.checkpoint.size, seen.checkpoint.root);
        match self.audit().root_at(size) {
            Some(expected) if expected != found => {
                Err(TreeFault::Fork { size: size.0, expected, found, note: seen.format() }.into())
            }
            _ => Ok(()),
        }
    }

    /// Evidence that two checkpoints are not of one tree, from the entries audited; nothing if they do not show it.
    pub fn fork_between(&self, a: &SignedCheckpoint, b: &SignedCheckpoint) -> Option<Evidence> {
        let leaves = self.audit().leaves();
        let path = |smaller, larger| consistency_path(smaller, larger, of_leaves(leaves));
        let evidence = Evidence::fork(a.clone(), b.clone(), path)?;
        evidence.check(self.policy()).is_ok().then_some(evidence)
    }

    /// Evidence that not all of these are of one tree: the head, the note that was found false, the head seen before. Nothing
    /// if they are, or if neither the source nor the audit shows it.
    pub fn fork(
        &self,
        fault: &TreeFault,
        seen: Option<&SignedCheckpoint>,
        head: &SignedCheckpoint,
    ) -> Option<Evidence> {
        let note = match fault {
            TreeFault::Fork { note, .. } if *note != head.format() => SignedCheckpoint::parse(note).ok(),
            _ => None,
        };
        let from_head = [note.as_ref(), seen].into_iter().flatten().find_map(|note| self.fork_from_head(note, head));
        from_head.or_else(|| self.fork_between(&note?, seen?))
    }

    fn fork_from_head(&self, note: &SignedCheckpoint, head: &SignedCheckpoint) -> Option<Evidence> {
        if note.checkpoint.size != head.checkpoint.size {
            return self.prove_fork(note.clone(), head);
        }
        let differ = note.checkpoint.root != head.checkpoint.root;
        differ.then(|| Evidence::fork(note.clone(), head.clone(), |_, _| None)).flatten()
    }
}
