//! What an audit remembers between two runs, so that the next reads only what is new.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

use super::{Audit, Totals, remake_registry};
use crate::log::hash::{Hash, LeafHash, RootHash};
use crate::log::index::TreeSize;
use crate::log::tree::{Frontier, root_of};
use crate::record::code::Stage;
use crate::record::entry::EntryTime;
use crate::record::replay::{Disclosures, DisclosuresParts};
use crate::record::subject_map::{SubjectMap, SubjectState, Tally};

/// The version of the snapshot's form.
const VERSION: u32 = 1;

/// An audit after a seal, as plain data. It is the auditor's own memory: whoever can write it can lie to the auditor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    version: u32,
    origin: String,
    /// The last head audited, with its cosignatures.
    pub head: String,
    time: u64,
    leaves: Vec<[u8; 32]>,
    authority: Vec<String>,
    subjects: Vec<SavedSubject>,
    statements: Vec<[u8; 16]>,
    disclosures: DisclosuresParts,
    totals: [u64; 5],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedSubject {
    key: [u8; 32],
    count: u64,
    head: [u8; 32],
    tally: Vec<(String, u64)>,
}

/// Why a snapshot cannot be gone on from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Made by another version.
    #[error("the state is of version {found}, this program knows {VERSION}: audit again without it")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Its parts do not fit together.
    #[error("the state is damaged ({what}): audit again without it")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
}

impl Snapshot {
    /// The origin of the ledger audited.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The leaf hashes of every entry audited.
    pub fn leaves(&self) -> impl Iterator<Item = Hash> + '_ {
        self.leaves.iter().copied().map(Hash)
    }

    /// The root at a size; hashes that many leaves. Nothing beyond the entries audited.
    pub fn root_at(&self, size: TreeSize) -> Option<RootHash> {
        let leaves = self.leaves.get(..usize::try_from(size.0).ok()?)?;
        Some(root_of(leaves.iter().copied().map(Hash)))
    }
}

impl Audit {
    /// What to remember after the head `note`, or on the way to it. What was folded since the last seal is in it: the map is made
    /// of all subjects, and those of them that are not sealed yet will be with the next seal.
    pub fn snapshot(&self, note: String) -> Snapshot {
        let subjects = self.subjects.iter().map(|(key, state)| SavedSubject {
            key: key.0,
            count: state.count,
            head: state.head.0.0,
            tally: state.tally.iter().map(|(stage, n)| (stage.code().into(), n)).collect(),
        });
        let Totals { notices, projects, seals, reveals, erasures } = self.totals;
        Snapshot {
            version: VERSION,
            origin: self.origin.clone(),
            head: note,
            time: self.time.0,
            leaves: self.leaves.iter().map(|leaf| leaf.0).collect(),
            authority: self.authority.clone(),
            subjects: subjects.collect(),
            statements: self.statements.iter().copied().collect(),
            disclosures: self.disclosures.parts(),
            totals: [notices, projects, seals, reveals, erasures],
        }
    }

    /// Goes on where a snapshot was taken, after a head.
    ///
    /// # Errors
    /// The snapshot is of another version or damaged.
    pub fn resume(snapshot: Snapshot) -> Result<Self, SnapshotError> {
        let sealed = !snapshot.leaves.is_empty();
        Self::resume_within(snapshot, sealed)
    }

    /// Goes on where a snapshot was taken, wherever that was; `sealed` says whether its last entry is a seal.
    ///
    /// # Errors
    /// The snapshot is of another version or damaged.
    pub fn resume_within(snapshot: Snapshot, sealed: bool) -> Result<Self, SnapshotError> {
        if snapshot.version != VERSION {
            return Err(SnapshotError::Version { found: snapshot.version });
        }
        let damaged = |what| SnapshotError::Damaged { what };
        let mut audit = Self::new(&snapshot.origin);
        audit.frontier = Frontier::new();
        audit.leaves = snapshot.leaves.into_iter().map(Hash).collect();
        for leaf in &audit.leaves {
            audit.frontier.push(LeafHash(*leaf));
        }
        audit.time = EntryTime(snapshot.time);
        audit.sealed = sealed;
        audit.registry = Some(remake_registry(&snapshot.authority).ok_or_else(|| damaged("authority"))?);
        audit.authority = snapshot.authority;
        let mut map = SubjectMap::default();
        for saved in snapshot.subjects {
            let mut tally = Tally::default();
            for (code, n) in saved.tally {
                tally.set(Stage::parse(&code).ok_or_else(|| damaged("a stage"))?, n);
            }
            let state = SubjectState { count: saved.count, head: LeafHash(Hash(saved.head)), tally };
            map.insert(Hash(saved.key), state.value());
            audit.subjects.insert(Hash(saved.key), state);
        }
        audit.map = map;
        audit.statements = snapshot.statements.into_iter().collect::<HashSet<_>>();
        audit.disclosures = Disclosures::from_parts(snapshot.disclosures);
        let [notices, projects, seals, reveals, erasures] = snapshot.totals;
        audit.totals = Totals { notices, projects, seals, reveals, erasures };
        Ok(audit)
    }
}
