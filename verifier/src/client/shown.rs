//! From what an audit found false to evidence that others can check (formats.md §7), as far as the source shows it.

use std::collections::HashMap;
use std::prelude::rust_2024::*;

use crate::audit::{Audit, AuditError, Fault};
use crate::dossier::SubjectPart;
use crate::evidence::path::{consistency_path, inclusion_path, of_leaves};
use crate::evidence::{Evidence, Included};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::Hash;
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::policy::Policy;
use crate::log::tile::{LevelTiles, TileKind, parse_hash_tile};
use crate::log::tree::root_of;
use crate::record::entry::Entry;
use crate::record::subject::Subject;

use super::published;
use super::source::Source;
use super::tree::Tree;

/// A head whose tree the source shows: its entries, and the hashes of all of them.
pub(super) struct Shown<'a> {
    tree: Tree<'a>,
    head: &'a SignedCheckpoint,
    leaves: Vec<Hash>,
}

impl<'a> Shown<'a> {
    /// Reads the level-0 tiles of a head; nothing unless they lead to its root.
    pub(super) fn read(source: &'a Source, policy: &'a Policy, head: &'a SignedCheckpoint) -> Option<Self> {
        let size = head.checkpoint.size;
        let tree = Tree::new(source, policy, size);
        let mut leaves = Vec::new();
        let kind = TileKind::Hashes { level: 0 };
        for path in LevelTiles::new(size, 0).paths(kind) {
            let (_, bytes) = tree.tile(kind, path.index(), path.width()).ok()?;
            let hashes = parse_hash_tile(&bytes).ok()?;
            leaves.extend_from_slice(hashes.get(..path.width().into())?);
        }
        (root_of(leaves.iter().copied()) == head.checkpoint.root).then_some(Self { tree, head, leaves })
    }

    /// Evidence that a note is not of the head's tree; nothing if it is.
    pub(super) fn fork(&self, note: SignedCheckpoint) -> Option<Evidence> {
        let size = usize::try_from(note.checkpoint.size.0).ok()?;
        if root_of(self.leaves.get(..size)?.iter().copied()) == note.checkpoint.root {
            return None;
        }
        Evidence::fork(note, self.head.clone(), |smaller, larger| {
            consistency_path(smaller, larger, of_leaves(&self.leaves))
        })
    }

    /// Whether a fault is of a kind that third parties could see, so that it is worth reading a tree once more.
    pub(super) fn is_evident(error: &AuditError) -> bool {
        match error.fault {
            Fault::NoSeal { size } => size.0 > 0,
            Fault::Link { expected, found } => found < expected,
            Fault::Map { expected, found, .. } => expected != found,
            _ => false,
        }
    }

    /// Evidence of such a fault; nothing if it cannot be shown.
    pub(super) fn evidence(&self, error: &AuditError, audit: &mut Audit) -> Option<Evidence> {
        match error.fault {
            Fault::NoSeal { size } => self.no_seal(size),
            Fault::Link { found, .. } => self.seq_twice(error.index, found, audit),
            Fault::Map { found, .. } if audit.size().0 == error.index.0 => self.omission(error.index, found, audit),
            _ => None,
        }
    }

    fn no_seal(&self, size: TreeSize) -> Option<Evidence> {
        let note = if size == self.head.checkpoint.size {
            self.head.clone()
        } else {
            published::read(self.tree.source, &format!("checkpoints/{size}")).ok()??
        };
        let index = LeafIndex(size.0.checked_sub(1)?);
        let inclusion = inclusion_path(index, size, of_leaves(&self.leaves))?;
        Some(Evidence::NoSeal { last: Included { note, entry: self.entry(index)?, inclusion } })
    }

    /// The entry that has had the number before is found along its subject's chain, from the newest back.
    fn seq_twice(&self, second: LeafIndex, number: u64, audit: &Audit) -> Option<Evidence> {
        let text = self.entry(second)?;
        let entry = Entry::parse(&text).ok()?;
        let (subject, ..) = entry.link()?;
        let places: HashMap<Hash, u64> = self.leaves.iter().copied().zip(0..).collect();
        let mut first = audit.newest(subject)?;
        loop {
            let text = self.entry(first)?;
            let entry = Entry::parse(&text).ok()?;
            let (_, seq, prev) = entry.link()?;
            if seq == number {
                return Some(Evidence::SeqTwice { entries: [self.included(first)?, self.included(second)?] });
            }
            first = LeafIndex(*places.get(&prev.0)?);
        }
    }

    fn omission(&self, seal: LeafIndex, map_root: Hash, audit: &mut Audit) -> Option<Evidence> {
        let left_out = audit.left_out(map_root, &self.batch(seal)?)?;
        let text = self.entry(left_out.newest)?;
        let entry = Entry::parse(&text).ok()?;
        let subject = Subject::parse(entry.link()?.0).ok()?;
        let shown = SubjectPart { subject, state: left_out.state, map_proof: left_out.proof, entries: None };
        Some(Evidence::Omission { entry: self.included(left_out.newest)?, seal: self.included(seal)?, shown })
    }

    /// The entries between a seal and the one before it.
    fn batch(&self, seal: LeafIndex) -> Option<Vec<String>> {
        let mut batch = Vec::new();
        for index in (0..seal.0).rev() {
            let text = self.entry(LeafIndex(index))?;
            if Entry::parse(&text).ok()?.seal().is_some() {
                break;
            }
            batch.push(text);
        }
        batch.reverse();
        Some(batch)
    }

    fn included(&self, index: LeafIndex) -> Option<Included> {
        let inclusion = inclusion_path(index, self.head.checkpoint.size, of_leaves(&self.leaves))?;
        Some(Included { note: self.head.clone(), entry: self.entry(index)?, inclusion })
    }

    fn entry(&self, index: LeafIndex) -> Option<String> {
        self.tree.entry(index).ok()?
    }
}
