//! Evidence (证据): a ledger contradicted itself under its own key, shown in one file to whoever has the trust policy.
//!
//! | kind | what it shows | [`Misbehaviour`] |
//! |---|---|---|
//! | `fork`, sizes equal | two notes with different roots | [`TwoRoots`](Misbehaviour::TwoRoots) |
//! | `fork`, with a path | two notes and a path that leads to the larger root but not to the smaller | [`Fork`](Misbehaviour::Fork) |
//! | `no-seal` | a note whose last entry is not a seal | [`NoSeal`](Misbehaviour::NoSeal) |
//! | `seq-twice` | two entries of one subject with the same `seq` | [`SeqTwice`](Misbehaviour::SeqTwice) |
//! | `omission` | an entry, and a later seal whose map does not count it | [`Omission`](Misbehaviour::Omission) |
//! | `rollback` | two notes, of which the one seen later is the smaller | nothing, to others: an old note may simply be old |
//!
//! These are formats.md §7's five and what an audit keeps of a rollback for an inquiry. [`mod@file`] draws their JSON.
//!
//! What counts is the log key's signature under each note; nobody need have cosigned. Where two notes are shown they need not
//! be of one tree: if they are not, that is a fork, and if they are, the one tree holds what must not stand in one tree.
//! [`contradiction`] looks for evidence in a receipt and a dossier that cannot both be true, [`path`] makes the proofs that
//! evidence needs. Evidence of a newer format proves nothing yet, see [`EvidenceError::is_newer_format`].

pub mod contradiction;
pub mod file;
pub mod path;

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::dossier::SubjectPart;
use crate::log::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::log::hash::{Hash, RootHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::policy::Policy;
use crate::log::policy_check::PolicyCheckError;
use crate::log::proof::{ProofError, check_inclusion, root_within};
use crate::log::vkey::VerifierKey;
use crate::record::entry::{Entry, EntryError, entry_hash};
use crate::record::subject::Subject;
use crate::record::subject_map::MapError;

/// What an evidence file shows, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // there is one at a time
pub enum Evidence {
    /// Two notes of which not both can be of one tree.
    Fork {
        /// The smaller, then the larger; or two of one size.
        notes: [SignedCheckpoint; 2],
        /// The consistency proof within the larger tree, beginning with the hash to start from; empty for equal sizes.
        path: Vec<Hash>,
    },
    /// A note and its last entry.
    NoSeal {
        /// The last entry, whatever its bytes are.
        last: Included,
    },
    /// Two entries of one subject.
    SeqTwice {
        /// The entries.
        entries: [Included; 2],
    },
    /// An entry that a later seal does not count.
    Omission {
        /// The entry.
        entry: Included,
        /// The seal.
        seal: Included,
        /// What the seal's map holds of the entry's subject; without entries.
        shown: SubjectPart,
    },
    /// Two notes kept for an inquiry.
    Rollback {
        /// The larger, seen before; then the smaller, found later.
        notes: [SignedCheckpoint; 2],
    },
}

/// An entry in the tree of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    /// The note.
    pub note: SignedCheckpoint,
    /// The entry's bytes.
    pub entry: String,
    /// Its inclusion proof.
    pub inclusion: Vec<Hash>,
}

/// What evidence proves; only [`Evidence::check`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    origin: String,
    heads: Vec<SignedHead>,
    misbehaviour: Misbehaviour,
}

/// A head that the log signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// The log key that signed it.
    pub key: VerifierKey,
    /// How many entries.
    pub size: TreeSize,
    /// Their root.
    pub root: RootHash,
}

/// How a ledger contradicted itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// Two histories of one length.
    #[error("the log signed two different roots for {size} entries, {} and {}: it showed two histories", roots[0], roots[1])]
    TwoRoots {
        /// Of how many entries.
        size: TreeSize,
        /// Their roots.
        roots: [RootHash; 2],
    },
    /// A head that is not the beginning of a larger one.
    #[error(
        "the log signed the root {root} for {smaller} entries, but the first {smaller} entries of its head of {larger} have \
         {within}: it showed two histories"
    )]
    Fork {
        /// Entries of the smaller head.
        smaller: TreeSize,
        /// Its root.
        root: RootHash,
        /// Entries of the larger head.
        larger: TreeSize,
        /// The root of as many entries as the smaller has, within the larger.
        within: RootHash,
    },
    /// A head that fixes no map.
    #[error(
        "the log signed a head of {size} entries whose last is not a seal: nothing fixes what it then held of each project"
    )]
    NoSeal {
        /// Entries of the head.
        size: TreeSize,
    },
    /// An entry was put in the place of another.
    #[error(
        "the log holds two different entries, {} and {}, as number {seq} (counted from 0) of {subject}: one was put in the \
         place of the other",
        indexes[0],
        indexes[1]
    )]
    SeqTwice {
        /// Whose.
        subject: String,
        /// Their number within the subject.
        seq: u64,
        /// Where they stand.
        indexes: [LeafIndex; 2],
    },
    /// An entry was left out.
    #[error(
        "entry {index} is number {seq} (counted from 0) of {subject}, but the seal at {seal}, which is later, counts only \
         {count}: the entry was left out"
    )]
    Omission {
        /// Whose.
        subject: Subject,
        /// Where the entry stands.
        index: LeafIndex,
        /// Its number within the subject.
        seq: u64,
        /// Where the seal stands.
        seal: LeafIndex,
        /// How many entries of the subject the seal's map counts.
        count: u64,
    },
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// A note is not signed by a log of the policy.
    #[error(transparent)]
    Note(#[from] PolicyCheckError),
    /// The notes are of two logs.
    #[error("the notes are of two ledgers, {} and {}", origins[0], origins[1])]
    TwoLogs {
        /// Their origins.
        origins: [String; 2],
    },
    /// The notes have the same root.
    #[error("both notes have the same root for {size} entries: they agree")]
    SameRoot {
        /// Entries of both.
        size: TreeSize,
    },
    /// The path is not one of the larger tree.
    #[error("the path does not lead to the larger head: {0}")]
    Path(ProofError),
    /// The larger head continues the smaller.
    #[error("the head of {larger} entries continues the one of {smaller}: they agree")]
    Continued {
        /// Entries of the smaller head.
        smaller: TreeSize,
        /// Entries of the larger head.
        larger: TreeSize,
    },
    /// An entry is malformed.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// An entry is not in the tree of its note.
    #[error("the entry is not in the tree of its note, at the place that is shown: {0}")]
    Inclusion(#[from] ProofError),
    /// The last entry is a seal, as it must be.
    #[error("the last of the {size} entries is a seal, as it must be")]
    Sealed {
        /// Entries of the note.
        size: TreeSize,
    },
    /// The entries are one.
    #[error("both are the same entry, {index}")]
    SameEntry {
        /// Where it stands.
        index: LeafIndex,
    },
    /// A seal where an entry of a subject should be.
    #[error("entry {index} is a seal and belongs to no subject")]
    NoSubject {
        /// Where it stands.
        index: LeafIndex,
    },
    /// The entries do not have the same number of the same subject.
    #[error("one is number {} (counted from 0) of {}, the other number {} of {}: both may stand", seqs[0], subjects[0], seqs[1], subjects[1])]
    OtherPlace {
        /// Their subjects.
        subjects: [String; 2],
        /// Their numbers.
        seqs: [u64; 2],
    },
    /// The map is shown for another subject than the entry's.
    #[error("the entry is about {expected}, the map is shown for {found}")]
    OtherSubject {
        /// The entry's.
        expected: String,
        /// The one shown.
        found: String,
    },
    /// What should be a seal is another entry.
    #[error("entry {index} is not a seal")]
    NotASeal {
        /// Where it stands.
        index: LeafIndex,
    },
    /// The seal stands before the entry.
    #[error("the seal at {seal} is not after entry {index}, which it need not count")]
    EarlierSeal {
        /// Where the seal stands.
        seal: LeafIndex,
        /// Where the entry stands.
        index: LeafIndex,
    },
    /// The map proof does not lead to the seal's root.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The map counts the entry.
    #[error("the map counts {count} entries, among them number {seq} (counted from 0)")]
    Counted {
        /// The map's count.
        count: u64,
        /// The entry's number.
        seq: u64,
    },
    /// A rollback.
    #[error(
        "a head of {found} entries after one of {seen} alarms whoever saw both, but proves nothing to others: the smaller may \
         simply be older"
    )]
    Rollback {
        /// Entries of the head seen before.
        seen: TreeSize,
        /// Entries of the head found later.
        found: TreeSize,
    },
}

impl EvidenceError {
    /// Whether an entry is of a newer format, which this verifier cannot judge.
    pub fn is_newer_format(&self) -> bool {
        matches!(self, Self::Entry(EntryError::Newer { .. }))
    }
}

impl Proven {
    /// The ledger.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The heads that the log signed, each once.
    pub fn heads(&self) -> &[SignedHead] {
        &self.heads
    }

    /// How it contradicted itself.
    pub fn misbehaviour(&self) -> &Misbehaviour {
        &self.misbehaviour
    }
}

impl Evidence {
    /// Evidence of two notes of which not both can be of one tree, in either order. `path` gives the path within the larger
    /// tree between two sizes, and is not asked where the sizes are equal; nothing without it.
    pub fn fork(
        a: SignedCheckpoint,
        b: SignedCheckpoint,
        path: impl FnOnce(TreeSize, TreeSize) -> Option<Vec<Hash>>,
    ) -> Option<Self> {
        let notes = if a.checkpoint.size <= b.checkpoint.size { [a, b] } else { [b, a] };
        let (smaller, larger) = (notes[0].checkpoint.size, notes[1].checkpoint.size);
        let path = if smaller == larger { Vec::new() } else { path(smaller, larger)? };
        Some(Self::Fork { notes, path })
    }

    /// Checks what the evidence proves against whoever's log the policy names. Costs at most two signatures for each log of
    /// the policy and a few hundred hashes.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn check(&self, policy: &Policy) -> Result<Proven, EvidenceError> {
        let mut heads = Vec::new();
        for note in self.notes() {
            let Checkpoint { size, root, .. } = note.checkpoint;
            let head = SignedHead { key: policy.signer(note)?.key.clone(), size, root };
            if !heads.contains(&head) {
                heads.push(head);
            }
        }
        let [first, .., last] = self.notes().map(|note| &note.checkpoint.origin);
        if first != last {
            return Err(EvidenceError::TwoLogs { origins: [first.clone(), last.clone()] });
        }
        let misbehaviour = match self {
            Self::Fork { notes: [smaller, larger], path } => fork(&smaller.checkpoint, &larger.checkpoint, path)?,
            Self::NoSeal { last } => no_seal(last)?,
            Self::SeqTwice { entries: [a, b] } => seq_twice(a, b)?,
            Self::Omission { entry, seal, shown } => omission(entry, seal, shown)?,
            Self::Rollback { notes: [seen, found] } => {
                let (seen, found) = (seen.checkpoint.size, found.checkpoint.size);
                return Err(EvidenceError::Rollback { seen, found });
            }
        };
        Ok(Proven { origin: first.clone(), heads, misbehaviour })
    }

    fn notes(&self) -> [&SignedCheckpoint; 2] {
        match self {
            Self::Fork { notes: [a, b], .. } | Self::Rollback { notes: [a, b] } => [a, b],
            Self::NoSeal { last } => [&last.note; 2],
            Self::SeqTwice { entries: [a, b] } | Self::Omission { entry: a, seal: b, .. } => [&a.note, &b.note],
        }
    }
}

impl Included {
    /// The entry, which stands in the note's tree at the index it says.
    fn check(&self) -> Result<Entry<'_>, EvidenceError> {
        let entry = Entry::parse(&self.entry)?;
        self.check_at(entry.index)?;
        Ok(entry)
    }

    fn check_at(&self, index: LeafIndex) -> Result<(), ProofError> {
        let Checkpoint { size, root, .. } = self.note.checkpoint;
        check_inclusion(entry_hash(&self.entry), index, size, &self.inclusion, root)
    }
}

fn fork(smaller: &Checkpoint, larger: &Checkpoint, path: &[Hash]) -> Result<Misbehaviour, EvidenceError> {
    let within = root_within(smaller.size, larger.size, larger.root, path).map_err(EvidenceError::Path)?;
    let (smaller, root, larger) = (smaller.size, smaller.root, larger.size);
    match (within == root, smaller == larger) {
        (true, true) => Err(EvidenceError::SameRoot { size: larger }),
        (true, false) => Err(EvidenceError::Continued { smaller, larger }),
        (false, true) => Ok(Misbehaviour::TwoRoots { size: larger, roots: [root, within] }),
        (false, false) => Ok(Misbehaviour::Fork { smaller, root, larger, within }),
    }
}

/// Bytes that are no entry at all are no seal either, nor is the seal of another place.
fn no_seal(last: &Included) -> Result<Misbehaviour, EvidenceError> {
    let size = last.note.checkpoint.size;
    let index = LeafIndex(size.0.saturating_sub(1));
    last.check_at(index)?;
    match Entry::parse(&last.entry) {
        Ok(entry) if entry.seal().is_some() && entry.index == index => Err(EvidenceError::Sealed { size }),
        Err(error @ EntryError::Newer { .. }) => Err(error.into()),
        Ok(_) | Err(_) => Ok(Misbehaviour::NoSeal { size }),
    }
}

fn seq_twice(a: &Included, b: &Included) -> Result<Misbehaviour, EvidenceError> {
    let entries = [a.check()?, b.check()?];
    let indexes = [entries[0].index, entries[1].index];
    let [(subject, seq), (other, other_seq)] = [place(&entries[0])?, place(&entries[1])?];
    if subject != other || seq != other_seq {
        let subjects = [subject.to_owned(), other.to_owned()];
        return Err(EvidenceError::OtherPlace { subjects, seqs: [seq, other_seq] });
    }
    if a.entry == b.entry {
        return Err(EvidenceError::SameEntry { index: indexes[0] });
    }
    Ok(Misbehaviour::SeqTwice { subject: subject.to_owned(), seq, indexes })
}

fn omission(entry: &Included, seal: &Included, shown: &SubjectPart) -> Result<Misbehaviour, EvidenceError> {
    let (entry, seal) = (entry.check()?, seal.check()?);
    let (subject, seq) = place(&entry)?;
    let found = shown.subject.to_string();
    if found != subject {
        return Err(EvidenceError::OtherSubject { expected: subject.to_owned(), found });
    }
    let Some(sealed) = seal.seal() else { return Err(EvidenceError::NotASeal { index: seal.index }) };
    let (index, seal) = (entry.index, seal.index);
    if seal <= index {
        return Err(EvidenceError::EarlierSeal { seal, index });
    }
    shown.check(sealed.map_root)?;
    let count = shown.state.count;
    if count > seq {
        return Err(EvidenceError::Counted { count, seq });
    }
    Ok(Misbehaviour::Omission { subject: shown.subject.clone(), index, seq, seal, count })
}

/// The subject of an entry and its number there.
fn place<'a>(entry: &'a Entry<'_>) -> Result<(&'a str, u64), EvidenceError> {
    let (subject, seq, _) = entry.link().ok_or(EvidenceError::NoSubject { index: entry.index })?;
    Ok((subject, seq))
}
