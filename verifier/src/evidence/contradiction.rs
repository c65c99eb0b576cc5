//! A receipt and a later dossier (矛盾): can both be true?
//!
//! A ledger that wants to be rid of a notice whose receipt is out can show a dossier from a history in which it never was, or
//! keep it in the tree and not in the map, or put another entry in its place. Whichever it chose, the receipt and the dossier
//! together hold what proves it:
//!
//! | the dossier, against the entry with number `seq` at `index` in the receipt's tree | evidence |
//! |---|---|
//! | shows a head, or a checkpoint that bounds a time, of the receipt's size with another root | `fork` |
//! | shows the subject absent, or with at most `seq` entries, under a seal after `index` | `omission` |
//! | shows another entry with that number | `seq-twice` |
//! | is of a history that parted from the receipt's just beside an entry one of the two shows | `fork` with a path |
//!
//! [`contradict`] looks for these; where it finds none, [`compare`] says whether the two agree.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::path::{consistency_path, is_beside, of_inclusion};
use super::{Evidence, Included, Proven};
use crate::dossier::{Dossier, DossierFile, EntryPart, SubjectPart};
use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::{Hash, LeafHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::policy::Policy;
use crate::log::proof::root_within;
use crate::receipt::Receipt;
use crate::record::entry::{Entry, entry_hash};

/// What a verified receipt and a verified dossier say of the receipt's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The dossier holds the entry.
    Agrees,
    /// The dossier's head does not cover the entry.
    OlderHead,
    /// The dossier shows neither the entry's subject nor, of a seal, its place.
    NotShown,
    /// The dossier counts the entry, and more, but shows no entries.
    EntriesNotShown,
    /// The newest of as many entries is another. Evidence needs that other entry, and the dossier does not show it.
    Replaced,
}

/// Evidence that a receipt and a dossier cannot both be true. Only the receipt must have been verified; whatever else may be
/// wrong with the dossier, the evidence holds by itself.
pub fn contradict(receipt: &Receipt, dossier: &DossierFile, policy: &Policy) -> Option<(Evidence, Proven)> {
    let own = View::of(receipt);
    let (same_size, other_size): (Vec<_>, Vec<_>) =
        views(dossier).partition(|view| view.note.checkpoint.size == own.note.checkpoint.size);
    let fork = |view: &View<'_>| own.fork(view);
    let candidates = same_size.iter().filter_map(fork);
    let candidates = candidates.chain(omission(receipt, dossier)).chain(seq_twice(receipt, dossier));
    let mut candidates = candidates.chain(other_size.iter().filter_map(fork));
    candidates.find_map(|evidence| evidence.check(policy).ok().map(|proven| (evidence, proven)))
}

/// What a dossier, which was verified from `file`, says of a receipt's entry, if nothing in them contradicts.
pub fn compare(receipt: &Receipt, file: &DossierFile, dossier: &Dossier) -> Comparison {
    let (index, leaf) = (receipt.proof.index, entry_hash(&receipt.entry));
    let size = dossier.head.checkpoint.size.0;
    if index.0 >= size {
        return Comparison::OlderHead;
    }
    let is_seal = index.0 == size - 1 && entry_hash(&file.head.seal) == leaf;
    if is_seal || dossier.entries.get(&index.0).is_some_and(|recorded| recorded.leaf == leaf) {
        return Comparison::Agrees;
    }
    let entry = Entry::parse(&receipt.entry).ok();
    let link = entry.as_ref().and_then(Entry::link);
    match link.filter(|(subject, ..)| dossier.subject.to_string() == *subject) {
        None => Comparison::NotShown,
        Some((_, seq, _)) if dossier.state.count > seq + 1 => Comparison::EntriesNotShown,
        Some(_) if dossier.state.head == leaf => Comparison::Agrees,
        Some(_) => Comparison::Replaced,
    }
}

/// A tree as one file shows it: a note, and one entry's inclusion.
struct View<'a> {
    note: &'a SignedCheckpoint,
    leaf: LeafHash,
    index: LeafIndex,
    proof: &'a [Hash],
}

impl<'a> View<'a> {
    fn of(receipt: &'a Receipt) -> Self {
        let proof = &receipt.proof;
        Self { note: &proof.checkpoint, leaf: entry_hash(&receipt.entry), index: proof.index, proof: &proof.hashes }
    }

    /// Evidence that two views are not of one tree, as far as the hashes that the larger shows lead.
    fn fork(&self, other: &View<'_>) -> Option<Evidence> {
        let (smaller, larger) = if self.size() <= other.size() { (self, other) } else { (other, self) };
        let path = larger.path(smaller.size())?;
        let (note, within) = (&smaller.note.checkpoint, &larger.note.checkpoint);
        // Before signatures are verified: most views are of one tree.
        if root_within(note.size, within.size, within.root, &path) == Ok(note.root) {
            return None;
        }
        Evidence::fork(smaller.note.clone(), larger.note.clone(), |_, _| Some(path))
    }

    fn size(&self) -> TreeSize {
        self.note.checkpoint.size
    }

    /// The path to the tree as it was when smaller.
    fn path(&self, smaller: TreeSize) -> Option<Vec<Hash>> {
        if smaller == self.size() {
            return Some(Vec::new());
        }
        let known =
            is_beside(self.index, smaller).then(|| of_inclusion(self.leaf, self.index, self.size(), self.proof))?;
        consistency_path(smaller, self.size(), known)
    }
}

/// Every note of a dossier with every entry that it shows in that note's tree.
fn views(dossier: &DossierFile) -> impl Iterator<Item = View<'_>> {
    let head = &dossier.head;
    let seal = view(&head.checkpoint, &head.seal, &head.seal_proof);
    let entries = dossier.subjects.iter().flat_map(|part| part.entries.iter().flatten());
    let shown = entries.flat_map(|part| {
        let recorded_by = part.recorded_by.as_ref();
        let recorded_by = recorded_by.and_then(|(note, inclusion)| view(note, &part.entry, inclusion));
        // A note that covers no entry shown has no path to bring, but perhaps the receipt does.
        let not_before = part.not_before.as_ref().and_then(|note| view(note, &part.entry, &[]));
        [view(&head.checkpoint, &part.entry, &part.inclusion), recorded_by, not_before].into_iter().flatten()
    });
    seal.into_iter().chain(shown)
}

fn view<'a>(note: &'a SignedCheckpoint, entry: &str, proof: &'a [Hash]) -> Option<View<'a>> {
    Some(View { note, leaf: entry_hash(entry), index: Entry::parse(entry).ok()?.index, proof })
}

/// The receipt's entry as evidence shows it.
fn included(receipt: &Receipt) -> Included {
    let proof = &receipt.proof;
    Included { note: proof.checkpoint.clone(), entry: receipt.entry.clone(), inclusion: proof.hashes.clone() }
}

fn omission(receipt: &Receipt, dossier: &DossierFile) -> Option<Evidence> {
    let entry = Entry::parse(&receipt.entry).ok()?;
    let (subject, ..) = entry.link()?;
    let part = dossier.subjects.iter().find(|part| part.subject.to_string() == subject)?;
    let head = &dossier.head;
    let seal = Included { note: head.checkpoint.clone(), entry: head.seal.clone(), inclusion: head.seal_proof.clone() };
    let SubjectPart { subject, state, map_proof, .. } = part;
    let (subject, state, map_proof) = (subject.clone(), state.clone(), map_proof.clone());
    let shown = SubjectPart { subject, state, map_proof, entries: None };
    Some(Evidence::Omission { entry: included(receipt), seal, shown })
}

fn seq_twice(receipt: &Receipt, dossier: &DossierFile) -> Option<Evidence> {
    let entry = Entry::parse(&receipt.entry).ok()?;
    let (subject, seq, _) = entry.link()?;
    let is_its_place = |part: &&EntryPart| {
        let other = Entry::parse(&part.entry).ok();
        let link = other.as_ref().and_then(Entry::link);
        link.is_some_and(|(about, number, _)| about == subject && number == seq)
    };
    let other = dossier.subjects.iter().flat_map(|part| part.entries.iter().flatten()).find(is_its_place)?;
    let other = Included {
        note: dossier.head.checkpoint.clone(),
        entry: other.entry.clone(),
        inclusion: other.inclusion.clone(),
    };
    Some(Evidence::SeqTwice { entries: [included(receipt), other] })
}
