//! A dossier (案卷, `.dossier.json`): everything about one subject, and the proof that it is everything.
//!
//! ```text
//! policy ─▶ head checkpoint ─▶ its seal (entry n−1) ─▶ map proof ─▶ (count, head, tally) ─▶ the subject's entries
//! ```
//!
//! [`verify`] walks that chain; nothing but the file and the trust policy decides. What the law asks of the lifecycle is
//! another question, answered from the same [`Dossier`].

mod file;
mod lifecycle;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

pub use file::{DossierFile, EntryPart, FORMAT, FileError, Head, MAX_DOSSIER, SubjectPart};
pub(crate) use file::{format_hashes, format_subject, read_hashes, read_state};

use crate::log::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::log::hash::{Hash, LeafHash, RootHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::policy::Policy;
use crate::log::policy_check::{PolicyCheckError, Witnessed};
use crate::log::proof::{ProofError, check_inclusion};
use crate::log::quorum::Cosigned;
use crate::record::authority::{AuthorityError, Registry, Target};
use crate::record::disclosure::Shown;
use crate::record::entry::{Body, Entry, EntryError, EntryTime, Genesis, Seal, entry_hash};
use crate::record::replay::{self, Disclosures, OwedError};
use crate::record::statement::{Content, Statement, StatementError};
use crate::record::subject::Subject;
use crate::record::subject_map::{MapError, SubjectState};

/// The group whose cosignature vouches for wholeness.
pub const REPLAY_GROUP: &str = "replay";

/// A dossier that was verified; only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The subject asked for.
    pub subject: Subject,
    /// What the map holds for it.
    pub state: SubjectState,
    /// The head all this is as of.
    pub head: SignedCheckpoint,
    /// The head's seal.
    pub seal: Seal,
    /// The ledger's clock at the seal.
    pub sealed_at: EntryTime,
    /// Who signed and cosigned the head.
    pub witnessed: Witnessed,
    /// Who vouches that these are all entries.
    pub wholeness: Wholeness,
    /// The ledger's entries, unless this is an absence proof that left them out.
    pub registry: Option<Registry>,
    /// Every entry of every subject shown, by index.
    pub entries: BTreeMap<u64, Recorded>,
    /// What was revealed and erased.
    pub disclosures: Disclosures,
    /// Whether the entries of the subject are shown; else this is an absence proof.
    pub shows_entries: bool,
}

/// Who vouches that a dossier is whole and an absence real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wholeness {
    /// The policy's group `replay` cosigned the head.
    ReplayGroup,
    /// The reader has audited the ledger up to this head.
    OwnAudit,
    /// Nobody but the ledger.
    LedgerWord,
}

/// An entry that holds, in its dossier.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The subject it belongs to.
    pub subject: Subject,
    /// 0-based within the subject.
    pub seq: u64,
    /// When the ledger recorded it.
    pub time: EntryTime,
    /// Its leaf hash.
    pub leaf: LeafHash,
    /// The statement; none for the genesis.
    pub statement: Option<Statement>,
    /// What is disclosed beside it.
    pub shown: Shown,
    /// When it became public.
    pub public: Public,
}

/// When an entry became public, in seconds since the Unix epoch, as far as cosignatures bound it (formats.md §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Public {
    /// Not before: the early time of `not_before`.
    pub after: Option<u64>,
    /// Not after: the late time of `recorded_by`.
    pub by: Option<u64>,
}

/// Why a dossier is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DossierError {
    /// The file is malformed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The head does not satisfy the policy.
    #[error("the head: {0}")]
    Policy(#[from] PolicyCheckError),
    /// The seal is not entry n−1 of the head.
    #[error("the seal must be entry {expected}, the last of the head")]
    NotTheSeal {
        /// The head's size less one.
        expected: u64,
    },
    /// The seal is not in the head's tree.
    #[error("the seal is not in the head's tree: {0}")]
    SealProof(ProofError),
    /// An entry is malformed.
    #[error("an entry of {subject}: {error}")]
    Entry {
        /// Whose.
        subject: String,
        /// Why.
        error: EntryError,
    },
    /// The map proof does not lead to the seal's root: the subject's count, head or tally are not the ledger's.
    #[error(
        "{subject}: count, head and tally are not what the seal says, so entries were left out, added or altered: {error}"
    )]
    Map {
        /// Whose.
        subject: String,
        /// Why.
        error: MapError,
    },
    /// A subject stands in the file twice.
    #[error("{subject} is shown twice")]
    SubjectTwice {
        /// Which.
        subject: String,
    },
    /// A subject that must be shown is not.
    #[error("{subject} must be shown (with a proof of absence if the ledger does not hold it) and is not")]
    SubjectMissing {
        /// Which.
        subject: String,
    },
    /// A subject nobody asked for.
    #[error("{subject} is shown but nothing here calls for it")]
    Uncalled {
        /// Which.
        subject: String,
    },
    /// A subject's entries are not shown.
    #[error("{subject} has {count} entries and shows none of them")]
    NoEntries {
        /// Whose.
        subject: String,
        /// How many there are.
        count: u64,
    },
    /// Fewer or more entries than the map counts: something was left out or added.
    #[error("{subject} shows {found} entries, the ledger holds {expected}: {} left out", expected.saturating_sub(*found))]
    Count {
        /// Whose.
        subject: String,
        /// The map's count.
        expected: u64,
        /// Entries shown.
        found: u64,
    },
    /// The entries do not link: one was left out, added, or moved.
    #[error(
        "{subject}, entry {index}: {problem} (expected seq {expected}, found {found}): an entry was left out or replaced"
    )]
    Link {
        /// Whose.
        subject: String,
        /// The entry.
        index: LeafIndex,
        /// What does not fit.
        problem: &'static str,
        /// The sequence number expected.
        expected: u64,
        /// The one found.
        found: u64,
    },
    /// The last entry shown is not the newest.
    #[error("{subject}: the last entry shown is not the newest the ledger holds")]
    NotTheNewest {
        /// Whose.
        subject: String,
    },
    /// The notices per stage are not what the map says.
    #[error("{subject}: the notices shown per stage are not the tally the map holds")]
    Tally {
        /// Whose.
        subject: String,
    },
    /// An entry is not in the head's tree.
    #[error("entry {index} is not in the head's tree: {error}")]
    Inclusion {
        /// The entry.
        index: LeafIndex,
        /// Why.
        error: ProofError,
    },
    /// The order of time or the hash chain is broken between two entries shown.
    #[error("entry {index}: {problem}")]
    Order {
        /// The entry.
        index: LeafIndex,
        /// What does not fit.
        problem: &'static str,
    },
    /// The genesis is not entry 0, or names another origin or log key.
    #[error("the genesis: {problem}")]
    Genesis {
        /// What is wrong.
        problem: &'static str,
    },
    /// A statement is malformed.
    #[error("entry {index}: {error}")]
    Statement {
        /// The entry.
        index: LeafIndex,
        /// Why.
        error: StatementError,
    },
    /// A statement does not hold at its index.
    #[error("entry {index}: {error}")]
    Authority {
        /// The entry.
        index: LeafIndex,
        /// Why.
        error: AuthorityError,
    },
    /// One issuer used a `jti` twice.
    #[error("entry {index}: `{iss}` already recorded a statement `{jti}`")]
    JtiTwice {
        /// The second.
        index: LeafIndex,
        /// The issuer.
        iss: String,
        /// The id.
        jti: String,
    },
    /// Disclosures do not add up.
    #[error("{0}")]
    Owed(#[from] OwedError),
    /// A checkpoint that bounds a time does not cover what it must.
    #[error("entry {index}: `{member}` {problem}")]
    Bound {
        /// The entry.
        index: LeafIndex,
        /// `recorded_by` or `not_before`.
        member: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl DossierError {
    /// Whether the dossier is of a newer format, which this verifier cannot judge.
    pub fn is_newer_format(&self) -> bool {
        matches!(self, Self::Entry { error: EntryError::Newer { .. }, .. })
    }
}

/// Verifies a dossier or an absence proof against a trust policy. `audited` says whether the reader has itself audited the
/// ledger up to this head (its size and root).
///
/// # Errors
/// The first rule broken.
pub fn verify(
    file: &DossierFile,
    policy: &Policy,
    audited: impl FnOnce(TreeSize, RootHash) -> bool,
) -> Result<Dossier, DossierError> {
    let witnessed = policy.check(&file.head.checkpoint)?;
    let head = &file.head.checkpoint.checkpoint;
    let (seal, sealed_at) = check_seal(&file.head)?;
    check_map(file, &seal)?;
    let first = &file.subjects[0];
    let shows_entries = first.entries.is_some() || (first.state.count == 0 && file.subjects.len() > 1);
    let links = check_links(file, head.size, head.root)?;
    check_seal_follows(&file.head, sealed_at, &links)?;
    check_notes(&links, head)?;
    let wholeness = if witnessed.cosigned().satisfies(REPLAY_GROUP) {
        Wholeness::ReplayGroup
    } else if audited(head.size, head.root) {
        Wholeness::OwnAudit
    } else {
        Wholeness::LedgerWord
    };
    let mut dossier = Dossier {
        subject: first.subject.clone(),
        state: first.state.clone(),
        head: file.head.checkpoint.clone(),
        seal,
        sealed_at,
        witnessed,
        wholeness,
        registry: None,
        entries: BTreeMap::new(),
        disclosures: Disclosures::default(),
        shows_entries,
    };
    if file.subjects.len() > 1 || first.entries.is_some() {
        dossier.replay(&links, Bounding::new(&file.head.checkpoint, policy))?;
        dossier.check_subjects(file)?;
    }
    Ok(dossier)
}

impl Dossier {
    /// When the head was the newest, in seconds since the Unix epoch, by the witnesses' clocks: nothing under `quorum none`.
    pub fn head_time(&self, policy: &Policy) -> Option<u64> {
        self.witnessed.cosigned().early(time_group(policy))
    }

    /// The entries of the subject asked for, in order.
    pub fn own_entries(&self) -> impl Iterator<Item = (LeafIndex, &Recorded)> {
        let own = self.entries.iter().filter(|(_, recorded)| recorded.subject == self.subject);
        own.map(|(index, recorded)| (LeafIndex(*index), recorded))
    }

    /// Every statement shown holds at its index, in the order of the ledger.
    fn replay<'a>(&mut self, links: &BTreeMap<u64, Link<'a>>, mut bounding: Bounding<'a>) -> Result<(), DossierError> {
        let mut registry = Registry::new(read_genesis(links, &self.head)?)
            .map_err(|error| DossierError::Authority { index: LeafIndex(0), error })?;
        let mut jtis = BTreeSet::new();
        for (index, link) in links {
            let index = LeafIndex(*index);
            let public = bounding.check(index, link)?;
            let recorded = |statement, shown| Recorded {
                subject: link.part.subject.clone(),
                seq: link.seq,
                time: link.entry.time,
                leaf: link.leaf,
                statement,
                shown,
                public,
            };
            let Body::Statement { statement: jwt, .. } = link.entry.body else {
                if !link.shown.disclosures.is_empty() {
                    return Err(DossierError::Genesis { problem: "it has no disclosures" });
                }
                self.entries.insert(index.0, recorded(None, Shown::default()));
                continue;
            };
            let statement = Statement::parse(jwt).map_err(|error| DossierError::Statement { index, error })?;
            if statement.sub != link.part.subject {
                return Err(DossierError::Order {
                    index,
                    problem: "the statement is about another subject than its entry",
                });
            }
            let target = statement.target().and_then(|(at, _)| self.target(at));
            registry
                .check(&statement, jwt, index, link.seq, target)
                .map_err(|error| DossierError::Authority { index, error })?;
            if !jtis.insert((statement.iss.clone(), statement.jti.clone())) {
                return Err(DossierError::JtiTwice { index, iss: statement.iss.to_string(), jti: statement.jti });
            }
            let shown = replay::open(&statement, target, &link.shown.disclosures)?;
            self.disclosures.record(index, &statement, &shown.missing)?;
            registry.apply(&statement, index);
            self.entries.insert(index.0, recorded(Some(statement), shown));
        }
        self.disclosures.settle()?;
        let seal = LeafIndex(self.head.checkpoint.size.0 - 1);
        if self.head.signed_by(registry.log_key(seal)).is_err() {
            return Err(DossierError::Genesis {
                problem: "the head is not signed by the log key that the genesis, or a later rotation, names",
            });
        }
        self.registry = Some(registry);
        Ok(())
    }

    fn target(&self, index: LeafIndex) -> Option<Target<'_>> {
        let statement = self.entries.get(&index.0)?.statement.as_ref()?;
        Some(Target { index, iss: &statement.iss, notice: statement.notice()? })
    }

    /// Exactly the subjects that the entries call for are shown.
    fn check_subjects(&self, file: &DossierFile) -> Result<(), DossierError> {
        let mut called: BTreeSet<Subject> = [self.subject.clone(), Subject::Ledger].into();
        if let (true, Some(registry)) = (self.subject.is_project(), &self.registry) {
            let jurisdiction = &registry.genesis().jurisdiction;
            called.insert(Subject::Rulebook(jurisdiction.clone()));
            called.insert(Subject::Calendar(jurisdiction.clone()));
        }
        let issuers =
            self.entries.values().filter_map(|recorded| recorded.statement.as_ref()).map(|statement| &statement.iss);
        called.extend(issuers.filter(|iss| !iss.is_reserved()).map(|iss| Subject::Authority(iss.clone())));
        // The issuers of entries that an absence proof leaves out are not known; they may be shown.
        let left_out = !self.shows_entries && self.state.count > 0;
        for part in &file.subjects {
            let may_be_called = left_out && matches!(part.subject, Subject::Authority(_));
            if !called.remove(&part.subject) && !may_be_called {
                return Err(DossierError::Uncalled { subject: part.subject.to_string() });
            }
        }
        match called.first() {
            Some(subject) => Err(DossierError::SubjectMissing { subject: subject.to_string() }),
            None => Ok(()),
        }
    }
}

/// The group that tells the time: `replay` if the policy has it, else the quorum.
pub fn time_group(policy: &Policy) -> Option<&'static str> {
    policy.has_group(REPLAY_GROUP).then_some(REPLAY_GROUP)
}

/// The head's last entry is a seal.
fn check_seal(head: &Head) -> Result<(Seal, EntryTime), DossierError> {
    let checkpoint = &head.checkpoint.checkpoint;
    let entry = Entry::parse(&head.seal).map_err(|error| DossierError::Entry { subject: "the seal".into(), error })?;
    let expected = checkpoint.size.0.saturating_sub(1);
    let Some(seal) = entry.seal().filter(|_| entry.index.0 == expected && checkpoint.size.0 > 0) else {
        return Err(DossierError::NotTheSeal { expected });
    };
    check_inclusion(entry_hash(&head.seal), entry.index, checkpoint.size, &head.seal_proof, checkpoint.root)
        .map_err(DossierError::SealProof)?;
    Ok((seal, entry.time))
}

/// Every subject once, and what it says of itself is what the map holds.
fn check_map(file: &DossierFile, seal: &Seal) -> Result<(), DossierError> {
    let mut seen = BTreeSet::new();
    for part in &file.subjects {
        let subject = part.subject.to_string();
        part.check(seal.map_root).map_err(|error| DossierError::Map { subject: subject.clone(), error })?;
        if !seen.insert(&part.subject) {
            return Err(DossierError::SubjectTwice { subject });
        }
    }
    Ok(())
}

/// An entry of the file, read and linked, before its statement is judged.
struct Link<'a> {
    part: &'a SubjectPart,
    shown: &'a EntryPart,
    entry: Entry<'a>,
    seq: u64,
    leaf: LeafHash,
}

/// Every subject's entries link from its head back to its first, each in the head's tree; all of them by index.
fn check_links(file: &DossierFile, size: TreeSize, root: RootHash) -> Result<BTreeMap<u64, Link<'_>>, DossierError> {
    let mut links = BTreeMap::new();
    for (position, part) in file.subjects.iter().enumerate() {
        let (subject, count) = (part.subject.to_string(), part.state.count);
        let Some(entries) = &part.entries else {
            if position > 0 && count > 0 {
                return Err(DossierError::NoEntries { subject, count });
            }
            continue;
        };
        check_subject_links(part, &subject, entries, size, root, &mut links)?;
    }
    check_order(&links)?;
    Ok(links)
}

fn check_subject_links<'a>(
    part: &'a SubjectPart,
    subject: &str,
    entries: &'a [EntryPart],
    size: TreeSize,
    root: RootHash,
    links: &mut BTreeMap<u64, Link<'a>>,
) -> Result<(), DossierError> {
    let mut state = SubjectState::default();
    let mut last = None;
    for shown in entries {
        let entry =
            Entry::parse(&shown.entry).map_err(|error| DossierError::Entry { subject: subject.into(), error })?;
        let (index, expected) = (entry.index, state.count);
        let wrong = |problem, found| DossierError::Link { subject: subject.into(), index, problem, expected, found };
        let Some((about, seq, prev_in_subject)) = entry.link() else {
            return Err(wrong("a seal belongs to no subject", 0));
        };
        if about != subject {
            return Err(wrong("it is about another subject", seq));
        }
        if seq != expected || prev_in_subject != state.head {
            return Err(wrong("it does not follow the entry before it", seq));
        }
        if last.is_some_and(|last| index <= last) || (index.0 == 0) != matches!(entry.body, Body::Genesis(_)) {
            return Err(wrong("its index is out of order", seq));
        }
        let leaf = entry_hash(&shown.entry);
        check_inclusion(leaf, index, size, &shown.inclusion, root)
            .map_err(|error| DossierError::Inclusion { index, error })?;
        state.push(leaf, stage_of(&entry));
        last = Some(index);
        links.insert(index.0, Link { part, shown, entry, seq, leaf });
    }
    if state.count != part.state.count {
        return Err(DossierError::Count { subject: subject.into(), expected: part.state.count, found: state.count });
    }
    if state.head != part.state.head {
        return Err(DossierError::NotTheNewest { subject: subject.into() });
    }
    if state.tally != part.state.tally {
        return Err(DossierError::Tally { subject: subject.into() });
    }
    Ok(())
}

/// The stage of an entry that holds a notice. A statement that cannot be read has none here and is refused later.
fn stage_of(entry: &Entry<'_>) -> Option<crate::record::code::Stage> {
    let Body::Statement { statement, .. } = entry.body else { return None };
    Statement::parse(statement).ok()?.notice().map(|notice| notice.stage)
}

/// Between entries shown, time never goes back, and neighbours are chained.
fn check_order(links: &BTreeMap<u64, Link<'_>>) -> Result<(), DossierError> {
    let mut before: Option<&Link<'_>> = None;
    for link in links.values() {
        if let Some(before) = before {
            let index = link.entry.index;
            if link.entry.time < before.entry.time {
                return Err(DossierError::Order { index, problem: "its time is before that of an earlier entry" });
            }
            if index.0 == before.entry.index.0 + 1 && link.entry.prev != before.leaf {
                return Err(DossierError::Order { index, problem: "`prev` is not the hash of the entry before it" });
            }
        }
        before = Some(link);
    }
    Ok(())
}

/// The seal comes after every entry shown.
fn check_seal_follows(head: &Head, sealed_at: EntryTime, links: &BTreeMap<u64, Link<'_>>) -> Result<(), DossierError> {
    let Some((index, last)) = links.last_key_value() else { return Ok(()) };
    let index = LeafIndex(*index);
    if last.entry.time > sealed_at {
        return Err(DossierError::Order { index, problem: "its time is after that of the seal" });
    }
    let seal = Entry::parse(&head.seal).map_err(|error| DossierError::Entry { subject: "the seal".into(), error })?;
    if seal.index.0 == index.0 + 1 && seal.prev != last.leaf {
        return Err(DossierError::Order {
            index: seal.index,
            problem: "`prev` is not the hash of the entry before it",
        });
    }
    Ok(())
}

/// The checkpoints that bound times are of one history: none ends in an entry shown, for it must end in a seal, and no two
/// of one size have different roots.
fn check_notes(links: &BTreeMap<u64, Link<'_>>, head: &Checkpoint) -> Result<(), DossierError> {
    let mut roots = BTreeMap::from([(head.size, head.root)]);
    for (index, link) in links {
        let recorded_by = link.shown.recorded_by.as_ref().map(|(note, _)| ("recorded_by", note));
        for (member, note) in link.shown.not_before.iter().map(|note| ("not_before", note)).chain(recorded_by) {
            let wrong =
                |problem: &str| Err(DossierError::Bound { index: LeafIndex(*index), member, problem: problem.into() });
            let Checkpoint { size, root, .. } = note.checkpoint;
            if size.0.checked_sub(1).is_some_and(|last| links.contains_key(&last)) {
                return wrong("does not end in a seal");
            }
            if *roots.entry(size).or_insert(root) != root {
                return wrong("has another root than a checkpoint of the same size");
            }
        }
    }
    Ok(())
}

fn read_genesis(links: &BTreeMap<u64, Link<'_>>, head: &SignedCheckpoint) -> Result<Genesis, DossierError> {
    let Some(Body::Genesis(genesis)) = links.get(&0).map(|link| &link.entry.body) else {
        return Err(DossierError::SubjectMissing { subject: "ledger".into() });
    };
    if genesis.origin != head.checkpoint.origin {
        return Err(DossierError::Genesis { problem: "it names another origin than the head" });
    }
    if links.get(&0).is_some_and(|link| link.entry.prev.0 != Hash::ZERO) {
        return Err(DossierError::Genesis { problem: "its `prev` must be zero" });
    }
    Ok(genesis.clone())
}

/// The cosigned checkpoints around entries, and the times they bound. Neighbours share theirs, which are verified once.
struct Bounding<'a> {
    head: &'a Checkpoint,
    policy: &'a Policy,
    group: Option<&'static str>,
    known: Vec<(&'a SignedCheckpoint, Cosigned)>,
}

impl<'a> Bounding<'a> {
    fn new(head: &'a SignedCheckpoint, policy: &'a Policy) -> Self {
        Self { head: &head.checkpoint, policy, group: time_group(policy), known: Vec::new() }
    }

    fn check(&mut self, index: LeafIndex, link: &Link<'a>) -> Result<Public, DossierError> {
        let (head, group) = (self.head, self.group);
        let mut public = Public::default();
        if let Some(note) = &link.shown.not_before {
            let wrong = |problem: &str| DossierError::Bound { index, member: "not_before", problem: problem.into() };
            let checkpoint = &note.checkpoint;
            if checkpoint.origin != head.origin || checkpoint.size.0 > index.0 {
                return Err(wrong("must be a checkpoint of this ledger that does not cover the entry"));
            }
            public.after = self.cosigned(note).map_err(|error| wrong(&error.to_string()))?.early(group);
        }
        if let Some((note, inclusion)) = &link.shown.recorded_by {
            let wrong = |problem: &str| DossierError::Bound { index, member: "recorded_by", problem: problem.into() };
            let checkpoint = &note.checkpoint;
            let covers = checkpoint.size.0 > index.0 && checkpoint.size <= head.size;
            if checkpoint.origin != head.origin
                || !covers
                || (checkpoint.size == head.size && checkpoint.root != head.root)
            {
                return Err(wrong("must be a checkpoint of this ledger, up to the head, that covers the entry"));
            }
            check_inclusion(link.leaf, index, checkpoint.size, inclusion, checkpoint.root)
                .map_err(|error| wrong(&error.to_string()))?;
            public.by = self.cosigned(note).map_err(|error| wrong(&error.to_string()))?.late(group);
        }
        Ok(public)
    }

    fn cosigned(&mut self, note: &'a SignedCheckpoint) -> Result<&Cosigned, PolicyCheckError> {
        let at = match self.known.iter().rposition(|(known, _)| *known == note) {
            Some(at) => at,
            None => {
                self.known.push((note, self.policy.cosigned(note)?));
                self.known.len() - 1
            }
        };
        Ok(&self.known[at].1)
    }
}

impl Recorded {
    /// The digests of the entry's notice that are sealed, with their fields.
    pub fn sealed(&self) -> &[crate::record::notice::Sealed] {
        match self.statement.as_ref().map(|statement| &statement.content) {
            Some(Content::Notice(notice)) => &notice.sealed,
            _ => &[],
        }
    }
}

/// When the entries of a file became public, as far as cosignatures that this policy knows bound it; of a file that [`verify`]
/// has accepted, for the bounds are not checked again here.
pub fn bounds(file: &DossierFile, policy: &Policy) -> BTreeMap<u64, Public> {
    let mut bounding = Bounding::new(&file.head.checkpoint, policy);
    let mut bounds = BTreeMap::new();
    for part in file.subjects.iter().flat_map(|part| part.entries.iter().flatten()) {
        let Ok(entry) = Entry::parse(&part.entry) else { continue };
        let (before, by) = (part.not_before.as_ref(), part.recorded_by.as_ref().map(|(note, _)| note));
        let group = bounding.group;
        let after = before.and_then(|note| bounding.cosigned(note).ok()?.early(group));
        let by = by.and_then(|note| bounding.cosigned(note).ok()?.late(group));
        bounds.insert(entry.index.0, Public { after, by });
    }
    bounds
}

/// The subjects' names, for messages.
pub fn subject_names(file: &DossierFile) -> Vec<String> {
    file.subjects.iter().map(|part| part.subject.to_string()).collect()
}
