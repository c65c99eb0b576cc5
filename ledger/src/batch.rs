//! Planning a batch: pure. Each statement in turn is held against the ledger before it, earlier statements of the same batch
//! and of batches still on their way to the disk included; what holds gets its index and becomes an entry. The rules are the verifier's own
//! ([`Registry::signer`](verifier::record::authority::Registry::signer), [`replay`]): nothing is recorded that an audit
//! would refuse.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use verifier::log::hash::{Hash, LeafHash, RootHash, sha256};
use verifier::log::index::LeafIndex;
use verifier::log::note::VerifierKey;
use verifier::record::authority::{AuthorityError, Target};
use verifier::record::entry::{Body, Entry, EntryTime, Genesis, Seal, entry_hash};
use verifier::record::replay::{self, OwedError};
use verifier::record::statement::{AuthorityChange, Content, Statement};
use verifier::record::subject_map::{SubjectMap, SubjectState, map_key};

use crate::admission::{Admitted, SignedStatement};
use crate::error::Refusal;
use crate::state::{State, jwt_of, read_statement};
use crate::statement_ids::StatementId;
use crate::store::{Batch, EntryRow, Held, MapRows, disclosure_id, index_of};
use crate::subject_map::{format_tile, push_change, tile_of};

/// The map's tables are brought up to date when this many subjects changed: fewer would write the same pages more often, more
/// would make readers look through longer lists.
const MERGE_SUBJECTS: usize = 16_384;

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is recorded, durably, and covered by a signed checkpoint.
    Recorded(LeafIndex),
    /// The very same statement was recorded before.
    Existing(LeafIndex),
    /// It is not recorded.
    Refused(Refusal),
}

impl Outcome {
    /// The index of a statement that is new.
    pub(crate) fn recorded(&self) -> Option<u64> {
        match self {
            Self::Recorded(index) => Some(index.0),
            Self::Existing(_) | Self::Refused(_) => None,
        }
    }
}

/// What planning reads of the database, read beforehand.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Entries that statements of the batch refer to or may repeat.
    pub(crate) entries: BTreeMap<u64, String>,
    /// The disclosures of the notices that erasures of the batch are about, and of their reveals: row id and digest.
    pub(crate) disclosures: HashMap<u64, Vec<(i64, Hash)>>,
}

/// Whether this process can sign with a log key.
pub(crate) type LogKeys<'a> = &'a dyn Fn(&VerifierKey) -> bool;

/// A batch, ready but for its checkpoint's signature.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) batch: Batch,
    pub(crate) size: u64,
    pub(crate) root: RootHash,
}

/// What planning needs of the database, by entry: see [`Known`].
#[derive(Debug, Default)]
pub(crate) struct Needed {
    pub(crate) entries: BTreeSet<u64>,
    pub(crate) disclosures: BTreeSet<u64>,
}

impl Needed {
    /// What these statements need.
    pub(crate) fn by(state: &State, admitted: &[Admitted]) -> Self {
        let mut needed = Self::default();
        for one in admitted {
            needed.entries.extend(state.ids.find(one.id));
            if let Some((target, _)) = one.statement.target().filter(|(target, _)| target.0 < state.tree.size()) {
                needed.entries.insert(target.0);
                if matches!(one.statement.content, Content::Erasure { .. }) {
                    needed.disclosures.insert(target.0);
                    needed.disclosures.extend(state.reveals.get(&target.0).into_iter().flatten());
                }
            }
        }
        needed
    }

    /// All entries that are concerned.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = &u64> {
        self.entries.iter().chain(&self.disclosures)
    }
}

/// A batch that statements are still added to.
#[derive(Debug, Default)]
pub(crate) struct OpenBatch {
    batch: Batch,
    /// Subjects of the batch.
    changed: BTreeSet<Hash>,
}

impl OpenBatch {
    /// The batch after the newest entry.
    pub(crate) fn after(state: &State) -> Self {
        let batch = Batch { first: state.tree.size(), prev: state.last.0.0, ..Batch::default() };
        Self { batch, changed: BTreeSet::new() }
    }

    /// Index of its first entry.
    pub(crate) fn first(&self) -> u64 {
        self.batch.first
    }

    /// How many entries it has so far.
    pub(crate) fn len(&self) -> usize {
        self.batch.entries.len()
    }

    /// Adds what holds of these statements, in this order; `log_keys` says which log keys this process can sign with.
    pub(crate) fn place(
        &mut self,
        state: &mut State,
        admitted: Vec<Admitted>,
        known: &Known,
        now: EntryTime,
        log_keys: LogKeys<'_>,
    ) -> Vec<Outcome> {
        let mut planner = Planner { state, known, now, open: self };
        admitted.into_iter().map(|one| planner.place(one, log_keys)).collect()
    }

    /// Ends the batch with its seal.
    pub(crate) fn seal(mut self, state: &mut State, now: EntryTime) -> Plan {
        for key in &self.changed {
            state.map.insert(*key, state.subjects[key].state.value());
        }
        let seal = Seal { subjects: state.map.len(), map_root: state.map.root() };
        Planner { state, known: &Known::default(), now, open: &mut self }.append(
            Body::Seal(seal),
            StatementId::NONE,
            None,
        );
        let Self { mut batch, changed } = self;
        batch.tiles = state.tree.take_changed();
        batch.statement_ids = state.ids.take_changed();
        batch.map_top = format_tile(&tile_of(&mut state.map, Hash::ZERO, 8));
        batch.map = map_rows(&state.subjects, &mut state.map, &mut state.unmerged, &changed);
        Plan { size: state.tree.size(), root: state.tree.root(), batch }
    }
}

/// Plans the first batch of a ledger.
pub(crate) fn plan_genesis(state: &mut State, genesis: Genesis, now: EntryTime) -> Plan {
    let mut open = OpenBatch::after(state);
    let mut planner = Planner { state, known: &Known::default(), now, open: &mut open };
    let subject = "ledger";
    planner.append(Body::Genesis(genesis), StatementId::NONE, Some((map_key(subject), subject)));
    open.seal(state, now)
}

struct Planner<'a> {
    state: &'a mut State,
    known: &'a Known,
    now: EntryTime,
    open: &'a mut OpenBatch,
}

impl Planner<'_> {
    fn place(&mut self, one: Admitted, log_keys: LogKeys<'_>) -> Outcome {
        if let Some(outcome) = self.repeated(&one) {
            return outcome;
        }
        match self.judge(&one, log_keys) {
            Ok(erased) => Outcome::Recorded(self.record(one, erased)),
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    /// Same issuer and id: the same statement is already there, or it is another one.
    fn repeated(&self, one: &Admitted) -> Option<Outcome> {
        self.state.ids.find(one.id).find_map(|index| {
            let jwt = jwt_of(self.entry(index)?)?;
            if jwt == one.signed.jwt {
                return Some(Outcome::Existing(LeafIndex(index)));
            }
            let other = Statement::parse(jwt).ok()?;
            let Statement { iss, jti, .. } = &one.statement;
            (other.iss == *iss && other.jti == *jti).then(|| {
                let (iss, jti) = (iss.to_string(), jti.clone());
                Outcome::Refused(Refusal::Conflict { iss, jti, index: LeafIndex(index) })
            })
        })
    }

    fn entry(&self, index: u64) -> Option<&str> {
        let pending = index
            .checked_sub(self.open.batch.first)
            .and_then(|at| self.open.batch.entries.get(usize::try_from(at).ok()?));
        pending.map(|row| row.entry.as_str()).or_else(|| self.known.entries.get(&index).map(String::as_str))
    }

    /// Whether the statement holds at the next index; for an erasure, the rows it takes away.
    fn judge(&self, one: &Admitted, log_keys: LogKeys<'_>) -> Result<Vec<i64>, Refusal> {
        let (state, statement) = (&*self.state, &one.statement);
        let index = LeafIndex(state.tree.size());
        let seq = state.subjects.get(&one.key).map_or(0, |held| held.state.count);
        let named = statement.target().and_then(|(at, _)| Some((at, read_statement(self.entry(at.0)?)?)));
        let target = named.as_ref().and_then(|(at, s)| Some(Target { index: *at, iss: &s.iss, notice: s.notice()? }));
        let key = state.registry.signer(statement, index, seq, target)?;
        if !one.verified {
            let refused = |_| AuthorityError::Signature { iss: statement.iss.clone() };
            statement.verify(&one.signed.jwt, key).map_err(refused)?;
        }
        self.nothing_owed(one, index, target)?;
        match &statement.content {
            Content::Erasure { target, digests, .. } => Ok(self.rows_of(target.0, digests)),
            Content::Authority { change: AuthorityChange::LogKey { key }, .. } if !log_keys(key) => {
                Err(Refusal::LogKeyNotHere)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A notice shows all that is not sealed; a reveal, once, all that is not erased.
    fn nothing_owed(&self, one: &Admitted, index: LeafIndex, target: Option<Target<'_>>) -> Result<(), Refusal> {
        let withheld = |digest: &Hash| Refusal::from(OwedError::Withheld { index, digest: *digest });
        let Content::Reveal { target: at, digests } = &one.statement.content else {
            return one.missing.first().map_or(Ok(()), |digest| Err(withheld(digest)));
        };
        if let Some(digest) = digests.iter().find(|digest| self.state.disclosures.is_revealed(*at, **digest)) {
            return Err(OwedError::RevealedTwice { target: *at, digest: *digest }.into());
        }
        let missing = replay::open(&one.statement, target, &one.signed.disclosures)?.missing;
        let owed = missing.iter().find(|digest| !self.state.disclosures.is_erased(*at, **digest));
        owed.map_or(Ok(()), |digest| Err(withheld(digest)))
    }

    /// The disclosures of these digests beside a notice and its reveals.
    fn rows_of(&self, notice: u64, digests: &[Hash]) -> Vec<i64> {
        let mut beside = self.state.reveals.get(&notice).cloned().unwrap_or_default();
        beside.push(notice);
        let stored = beside.iter().filter_map(|index| self.known.disclosures.get(index)).flatten();
        let stored = stored.filter(|(_, digest)| digests.contains(digest)).map(|(row, _)| *row);
        let pending = self.open.batch.disclosures.iter().filter(|(row, _)| beside.contains(&index_of(row >> 8)));
        let pending = pending.filter(|(_, text)| digests.contains(&sha256(text.as_bytes()))).map(|(row, _)| *row);
        stored.chain(pending).collect()
    }

    fn record(&mut self, one: Admitted, erased: Vec<i64>) -> LeafIndex {
        let Admitted { signed: SignedStatement { jwt, disclosures }, places, statement, subject, key, id, .. } = one;
        let (seq, prev_in_subject) = match self.state.subjects.get(&key) {
            Some(held) => (held.state.count, held.state.head),
            None => (0, LeafHash(Hash::ZERO)),
        };
        let body = Body::Statement { subject: &subject, seq, prev_in_subject, statement: &jwt };
        let index = self.append(body, id, Some((key, &subject)));
        if let Some(notice) = statement.notice() {
            let held = self.state.subjects.get_mut(&key).expect("the subject of the entry just appended");
            held.state.tally.add(notice.stage);
        }
        // What was erased while it was sealed does not come back with its reveal.
        let target = statement.target().map(|(target, _)| target);
        let erased_before =
            |text: &str| target.is_some_and(|target| self.state.disclosures.is_erased(target, sha256(text.as_bytes())));
        let placed = places.into_iter().zip(disclosures).filter(|(_, text)| !erased_before(text));
        let mut rows: Vec<_> =
            placed.filter_map(|(place, text)| Some((disclosure_id(index.0, place?), text))).collect();
        rows.sort_unstable();
        self.open.batch.disclosures.append(&mut rows);
        if !erased.is_empty() {
            self.open.batch.disclosures.retain(|(row, _)| !erased.contains(row));
            self.open.batch.erased.extend(erased);
        }
        if self.state.set_precedent(index, &statement).expect("a digest revealed before was refused") {
            self.open.batch.precedents.push(index.0);
        }
        index
    }

    /// Gives the next index to an entry.
    fn append(&mut self, body: Body<'_>, id: StatementId, subject: Option<(Hash, &str)>) -> LeafIndex {
        let state = &mut *self.state;
        let index = LeafIndex(state.tree.size());
        let entry = Entry { index, time: self.now, prev: state.last, body }.format();
        let leaf = entry_hash(&entry);
        let mut prev_idx = None;
        if let Some((key, name)) = subject {
            let held = state.subjects.entry(key).or_insert_with(|| {
                self.open.batch.subject_names.push((index.0, name.to_owned()));
                Held { state: SubjectState::default(), newest: index.0 }
            });
            prev_idx = (held.state.count > 0).then_some(held.newest);
            held.state.push(leaf, None);
            held.newest = index.0;
            self.open.changed.insert(key);
        }
        state.tree.push(leaf);
        state.ids.push(id);
        (state.last, state.time) = (leaf, self.now);
        self.open.batch.entries.push(EntryRow { prev_idx, entry });
        index
    }
}

/// How a batch that changed these subjects leaves the map's tables. A pure function of the batches so far, so that `fsck` can
/// say what must stand in them.
pub(crate) fn map_rows(
    subjects: &HashMap<Hash, Held>,
    map: &mut SubjectMap,
    unmerged: &mut BTreeSet<Hash>,
    changed: &BTreeSet<Hash>,
) -> MapRows {
    unmerged.extend(changed);
    if unmerged.len() >= MERGE_SUBJECTS {
        let merged = std::mem::take(unmerged);
        let rows = merged.iter().map(|key| subjects[key].row(key)).collect();
        let first: BTreeMap<u8, Hash> = merged.iter().map(|key| (key.0[0], *key)).collect();
        let tiles = first.into_iter().map(|(byte, key)| (byte, format_tile(&tile_of(map, key, 16))));
        return MapRows::Merge { subjects: rows, tiles: tiles.collect() };
    }
    let (mut packed, mut nodes) = (Vec::new(), Vec::new());
    let mut before = None;
    for key in changed {
        subjects[key].pack(key, &mut packed);
        let prefix = u16::from_be_bytes([key.0[0], key.0[1]]);
        if before.replace(prefix) != Some(prefix) {
            push_change(&mut nodes, prefix, &map.node(key, 16));
        }
    }
    MapRows::Change { subjects: packed, nodes }
}

/// The places of disclosures beside a statement: each that of its digest in the statement, nothing where no digest is its. What
/// stands where follows from the entry, so `fsck` can say it.
pub(crate) fn places(statement: &Statement, disclosures: &[String]) -> Vec<Option<usize>> {
    let digests = digests(statement);
    let place = |text: &String| digests.iter().position(|digest| *digest == sha256(text.as_bytes()));
    disclosures.iter().map(place).collect()
}

/// The digests of a statement whose disclosures may stand beside it, in its order.
pub(crate) fn digests(statement: &Statement) -> Vec<Hash> {
    match &statement.content {
        Content::Notice(notice) => notice.digests.iter().map(|digest| digest.hash).collect(),
        Content::Reveal { digests, .. } => digests.clone(),
        Content::Rulebook { rules, .. } => vec![*rules],
        _ => Vec::new(),
    }
}
