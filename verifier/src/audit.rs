//! An audit (审计): replay everything, believe nothing.
//!
//! ```text
//! ReadEntry::read     one entry alone: its form, hash, statement, disclosures      in parallel
//! Audit::fold         the order of things: chain, authority, subject map, seals     one after the other
//! ReadEntry::verify   the signature, with the key that was in force                in parallel
//! Audit::settle       nothing is owed, the log ends in a seal, the head is the log key's
//! ```
//!
//! Who has folded a ledger up to a head knows its every `map_root`; that is what a replay witness vouches for. Memory is
//! about 32 bytes an entry, 16 a statement and 300 a subject.

mod fault;
mod left_out;
mod read;
mod snapshot;

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use hashbrown::{HashMap, HashSet};

pub use fault::{AuditError, Fault};
pub use left_out::LeftOut;
pub use read::{DisclosureLines, ReadBody, ReadEntry, ReadStatement, verify_entries};
pub use snapshot::{Snapshot, SnapshotError};

use crate::log::checkpoint::SignedCheckpoint;
use crate::log::hash::{Hash, LeafHash, RootHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::key::PreparedKey;
use crate::log::note::VerifierKey;
use crate::log::tree::{Frontier, TileHash, root_of};
use crate::record::authority::{Registry, Target};
use crate::record::disclosure::parse_all;
use crate::record::entry::{Body, Entry, EntryTime, entry_hash};
use crate::record::replay::{self, Disclosures, OwedError};
use crate::record::statement::{Content, Statement};
use crate::record::subject_map::{SubjectMap, SubjectState, map_key};

/// What a replay knows after the entries folded so far.
#[derive(Debug)]
pub struct Audit {
    origin: String,
    frontier: Frontier,
    /// Every leaf hash: a reveal or an erasure can name any earlier entry, and a reader any earlier size.
    leaves: Vec<Hash>,
    time: EntryTime,
    sealed: bool,
    registry: Option<Registry>,
    /// The genesis and every authority entry, from which the registry is made again.
    authority: Vec<String>,
    subjects: HashMap<Hash, SubjectState>,
    /// Subjects that changed since the last seal.
    touched: Vec<Hash>,
    map: SubjectMap,
    /// First 16 bytes of SHA-256(iss || "\n" || jti).
    statements: HashSet<[u8; 16]>,
    disclosures: Disclosures,
    totals: Totals,
}

/// What was counted on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Notices folded.
    pub notices: u64,
    /// Projects seen.
    pub projects: u64,
    /// Seals folded.
    pub seals: u64,
    /// Reveals folded.
    pub reveals: u64,
    /// Erasures folded.
    pub erasures: u64,
}

impl Audit {
    /// An audit of the ledger of this origin, before its first entry.
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.into(),
            frontier: Frontier::new(),
            leaves: Vec::new(),
            time: EntryTime(0),
            sealed: false,
            registry: None,
            authority: Vec::new(),
            subjects: HashMap::new(),
            touched: Vec::new(),
            map: SubjectMap::default(),
            statements: HashSet::new(),
            disclosures: Disclosures::default(),
            totals: Totals::default(),
        }
    }

    /// Entries folded so far.
    pub fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The root of the tree of the entries folded so far.
    pub fn root(&self) -> RootHash {
        self.frontier.root()
    }

    /// The root at an earlier size; hashes that many leaves. Nothing beyond the entries folded.
    pub fn root_at(&self, size: TreeSize) -> Option<RootHash> {
        if size == self.size() {
            return Some(self.root());
        }
        let leaves = self.leaves.get(..usize::try_from(size.0).ok()?)?;
        Some(root_of(leaves.iter().copied()))
    }

    /// The leaf hashes of the entries folded so far.
    pub fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// The time of the last entry folded.
    pub fn time(&self) -> EntryTime {
        self.time
    }

    /// Whether the last entry folded was a seal.
    pub fn ends_in_seal(&self) -> bool {
        self.sealed
    }

    /// What was counted.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Subjects in the map.
    pub fn subjects(&self) -> usize {
        self.subjects.len()
    }

    /// The keys of the ledger, once its genesis was folded.
    pub fn registry(&self) -> Option<&Registry> {
        self.registry.as_ref()
    }

    /// Folds the next entry and gives the key its signature must verify with; none for the genesis and seals. `target` is
    /// the bytes of the entry that [`ReadEntry::target`] names. `tiles` gets the hashes that belong into tiles.
    ///
    /// # Errors
    /// The first rule broken. The audit is over then.
    pub fn fold(
        &mut self,
        read: &ReadEntry,
        target: Option<&str>,
        tiles: &mut Vec<TileHash>,
    ) -> Result<Option<PreparedKey>, AuditError> {
        let index = LeafIndex(self.leaves.len() as u64);
        let key = self.judge(index, read, target).map_err(|fault| AuditError { index, fault })?;
        self.time = read.time;
        self.leaves.push(read.leaf.0);
        tiles.extend(self.frontier.push(read.leaf));
        Ok(key)
    }

    fn judge(
        &mut self,
        index: LeafIndex,
        read: &ReadEntry,
        target: Option<&str>,
    ) -> Result<Option<PreparedKey>, Fault> {
        if read.index != index {
            return Err(Fault::Index { found: read.index });
        }
        let prev = self.leaves.last().copied().unwrap_or(Hash::ZERO);
        if read.prev.0 != prev {
            return Err(Fault::Chain { expected: prev, found: read.prev.0 });
        }
        if read.time < self.time {
            return Err(Fault::Time { before: self.time, found: read.time });
        }
        self.sealed = matches!(read.body, ReadBody::Seal(_));
        match &read.body {
            ReadBody::Genesis(genesis) => {
                if index.0 != 0 {
                    return Err(Fault::Genesis);
                }
                if genesis.origin != self.origin {
                    return Err(Fault::Origin { found: genesis.origin.clone() });
                }
                self.registry = Some(Registry::prepared(genesis.as_ref().clone())?);
                self.authority.push(read.text.clone());
                self.link(map_key("ledger"), 0, LeafHash(Hash::ZERO), read.leaf, None)?;
                Ok(None)
            }
            _ if index.0 == 0 => Err(Fault::Genesis),
            ReadBody::Seal(seal) => {
                self.settle_map();
                let (subjects, map_root) = (self.map.len(), self.map.root());
                if seal.subjects != subjects || seal.map_root != map_root {
                    return Err(Fault::Map {
                        expected: map_root,
                        found: seal.map_root,
                        subjects,
                        claimed: seal.subjects,
                    });
                }
                self.totals.seals += 1;
                Ok(None)
            }
            ReadBody::Statement(statement) => self.judge_statement(index, read, statement, target).map(Some),
        }
    }

    fn judge_statement(
        &mut self,
        index: LeafIndex,
        read: &ReadEntry,
        held: &ReadStatement,
        target: Option<&str>,
    ) -> Result<PreparedKey, Fault> {
        let statement = &held.statement;
        let target = self.read_target(statement, target)?;
        let target = target.as_ref().and_then(|(at, s)| Some(Target { index: *at, iss: &s.iss, notice: s.notice()? }));
        let registry = self.registry.as_ref().ok_or(Fault::Genesis)?;
        let key = registry.signer(statement, index, held.seq, target)?.clone();
        if !self.statements.insert(statement_id(statement)) {
            return Err(Fault::JtiTwice { iss: statement.iss.to_string(), jti: statement.jti.clone() });
        }
        let missing = match held.disclosures.as_slice() {
            [] if held.opened => held.shown.missing.clone(),
            texts => replay::open(statement, target, texts)?.missing,
        };
        self.disclosures.record(index, statement, &missing)?;
        let stage = statement.notice().map(|notice| notice.stage);
        self.link(held.key, held.seq, held.prev_in_subject, read.leaf, stage)?;
        match &statement.content {
            Content::Notice(_) => self.totals.notices += 1,
            Content::Reveal { .. } => self.totals.reveals += 1,
            Content::Erasure { .. } => self.totals.erasures += 1,
            Content::Authority { .. } => {
                self.authority.push(read.text.clone());
                if let Some(registry) = &mut self.registry {
                    registry.apply(statement, index);
                }
            }
            Content::Rulebook { .. } | Content::Calendar { .. } => {}
        }
        if held.seq == 0 && statement.sub.is_project() {
            self.totals.projects += 1;
        }
        Ok(key)
    }

    /// The target of a reveal or an erasure, from bytes that must be those folded at its index.
    fn read_target(&self, statement: &Statement, text: Option<&str>) -> Result<Option<(LeafIndex, Statement)>, Fault> {
        let (Some((at, _)), Some(text)) = (statement.target(), text) else { return Ok(None) };
        let folded = usize::try_from(at.0).ok().and_then(|at| self.leaves.get(at));
        if folded != Some(&entry_hash(text).0) {
            return Err(Fault::TargetBytes { target: at });
        }
        let Body::Statement { statement, .. } = Entry::parse(text)?.body else { return Ok(None) };
        Ok(Some((at, Statement::parse(statement)?)))
    }

    /// The next entry of a subject follows the one before it.
    fn link(
        &mut self,
        key: Hash,
        seq: u64,
        prev: LeafHash,
        leaf: LeafHash,
        stage: Option<crate::record::code::Stage>,
    ) -> Result<(), Fault> {
        let subject = self.subjects.entry(key).or_default();
        if seq != subject.count || prev != subject.head {
            return Err(Fault::Link { expected: subject.count, found: seq });
        }
        subject.push(leaf, stage);
        self.touched.push(key);
        Ok(())
    }

    fn settle_map(&mut self) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for key in self.touched.drain(..) {
            if let Some(state) = self.subjects.get(&key) {
                self.map.insert(key, state.value());
            }
        }
    }

    /// What a checkpoint over exactly the entries folded so far must say; nothing before the genesis.
    pub fn replayed(&self) -> Option<Replayed> {
        self.replayed_at(self.size(), self.root(), self.sealed)
    }

    /// As [`Audit::replayed`], for an earlier size with this root, whose last entry is a seal or not.
    pub fn replayed_at(&self, size: TreeSize, root: RootHash, sealed: bool) -> Option<Replayed> {
        let key = self.registry.as_ref()?.log_key(LeafIndex(size.0.checked_sub(1)?)).clone();
        Some(Replayed { origin: self.origin.clone(), key, size, root, sealed })
    }

    /// Holds a published checkpoint against the entries folded so far, all of which it must cover.
    ///
    /// # Errors
    /// As [`Replayed::check`].
    pub fn check_checkpoint(&self, note: &SignedCheckpoint) -> Result<(), AuditError> {
        let empty = || AuditError { index: LeafIndex(0), fault: Fault::NoSeal { size: self.size() } };
        self.replayed().ok_or_else(empty)?.check(note)
    }

    /// Of an entry that was folded before and is read again: everything that it owes to readers is shown, or erased since.
    ///
    /// # Errors
    /// The first disclosure that is withheld.
    pub fn check_shown(&self, read: &ReadEntry) -> Result<(), AuditError> {
        let ReadBody::Statement(held) = &read.body else { return Ok(()) };
        let fail = |error: OwedError| AuditError { index: read.index, fault: error.into() };
        let (notice, missing) = match &held.statement.content {
            Content::Reveal { target, digests } => {
                let shown = parse_all(&held.disclosures).map_err(|error| fail(error.into()))?;
                (*target, digests.iter().filter(|digest| !shown.contains_key(digest)).copied().collect())
            }
            _ => (read.index, held.shown.missing.clone()),
        };
        match missing.into_iter().find(|digest| !self.disclosures.is_erased(notice, *digest)) {
            Some(digest) => Err(fail(OwedError::Withheld { index: notice, digest })),
            None => Ok(()),
        }
    }

    /// When every entry of a head is folded: nothing is owed to readers.
    ///
    /// # Errors
    /// A disclosure that is neither shown nor sealed nor erased.
    pub fn settle(&self) -> Result<(), AuditError> {
        let index = LeafIndex(self.size().0.saturating_sub(1));
        self.disclosures.settle().map_err(|error| AuditError { index, fault: error.into() })
    }
}

/// What a checkpoint of a size must say, known from a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    origin: String,
    key: VerifierKey,
    size: TreeSize,
    root: RootHash,
    sealed: bool,
}

impl Replayed {
    /// The size.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// Holds a published checkpoint against the replay: its origin, the log key in force, its size and root, and that its
    /// last entry is a seal.
    ///
    /// # Errors
    /// The first thing that does not hold; [`Fault::Root`] is evidence of a fork, since the signature did verify.
    pub fn check(&self, note: &SignedCheckpoint) -> Result<(), AuditError> {
        let (checkpoint, size) = (&note.checkpoint, self.size);
        let fail = |fault| Err(AuditError { index: LeafIndex(size.0.saturating_sub(1)), fault });
        if checkpoint.origin != self.origin {
            return fail(Fault::Origin { found: checkpoint.origin.clone() });
        }
        if note.signed_by(&self.key).is_err() {
            return fail(Fault::LogKey { size });
        }
        if checkpoint.size != size || checkpoint.root != self.root {
            return fail(Fault::Root { size: checkpoint.size, expected: self.root, found: checkpoint.root });
        }
        if !self.sealed {
            return fail(Fault::NoSeal { size });
        }
        Ok(())
    }
}

/// What makes a statement unique: the first 16 bytes of SHA-256(iss || "\n" || jti).
fn statement_id(statement: &Statement) -> [u8; 16] {
    let hash = crate::log::hash::sha256_parts(&[statement.iss.as_str().as_bytes(), b"\n", statement.jti.as_bytes()]);
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    id
}

/// Makes a registry from the genesis and the authority entries recorded after it, all of which were audited.
fn remake_registry(entries: &[String]) -> Option<Registry> {
    let mut registry = None;
    for text in entries {
        let entry = Entry::parse(text).ok()?;
        match entry.body {
            Body::Genesis(genesis) => registry = Registry::prepared(genesis).ok(),
            Body::Statement { statement, .. } => {
                registry.as_mut()?.apply(&Statement::parse(statement).ok()?, entry.index);
            }
            Body::Seal(_) => return None,
        }
    }
    registry
}
