//! What the writer holds in memory: all that is needed to judge the next statement and to seal the next batch. Derived from
//! the database at open, and again whenever a batch could not be written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::{Hash, LeafHash};
use verifier::log::index::LeafIndex;
use verifier::record::authority::Registry;
use verifier::record::entry::{Body, Entry, EntryTime, Genesis, entry_hash};
use verifier::record::replay::Disclosures;
use verifier::record::statement::{Content, Statement};
use verifier::record::subject_map::SubjectMap;

use crate::error::LedgerError;
use crate::prover::open_tiles;
use crate::statement_ids::StatementIds;
use crate::store::{Held, Readers, Snapshot};
use crate::tree::Tree;

/// The ledger as of its newest entry.
pub(crate) struct State {
    /// Who may say what.
    pub(crate) registry: Arc<Registry>,
    /// What is erased and revealed.
    pub(crate) disclosures: Disclosures,
    /// The reveals of each notice that has some.
    pub(crate) reveals: BTreeMap<u64, Vec<u64>>,
    /// Every subject, by its key in the map.
    pub(crate) subjects: HashMap<Hash, Held>,
    /// The map itself.
    pub(crate) map: SubjectMap,
    /// The subjects whose rows in `subject` are out of date.
    pub(crate) unmerged: BTreeSet<Hash>,
    /// Which statements there are.
    pub(crate) ids: StatementIds,
    /// The hash tree.
    pub(crate) tree: Tree,
    /// The newest entry's leaf hash.
    pub(crate) last: LeafHash,
    /// The newest entry's time.
    pub(crate) time: EntryTime,
}

impl State {
    /// A ledger of this genesis before its first entry.
    pub(crate) fn new(genesis: Genesis) -> Result<Self, LedgerError> {
        let registry =
            Registry::prepared(genesis).map_err(|_| inconsistent("log, root and recovery key are not three keys"))?;
        Ok(Self {
            registry: Arc::new(registry),
            disclosures: Disclosures::default(),
            reveals: BTreeMap::new(),
            subjects: HashMap::new(),
            map: SubjectMap::default(),
            unmerged: BTreeSet::new(),
            ids: StatementIds::default(),
            tree: Tree::default(),
            last: LeafHash(Hash::ZERO),
            time: EntryTime(0),
        })
    }

    /// Derives the state from the database. Costs about half a second per million entries.
    ///
    /// # Errors
    /// Its parts do not agree with each other: the newest checkpoint, the tree's tiles, the seal and the subjects.
    pub(crate) async fn load(readers: &Readers) -> Result<(Self, SignedCheckpoint), LedgerError> {
        let mut snapshot = readers.snapshot().await?;
        let mut second = readers.snapshot().await?;
        let head = snapshot.head().await?.ok_or(inconsistent("there is no checkpoint"))?;
        let mut state = Self::new(read_genesis(&mut snapshot).await?)?;
        state.load_precedents(&mut snapshot).await?;
        state.load_tree(&mut snapshot, &head).await?;
        let stored = snapshot.statement_ids().await?;
        let ids = tokio::task::spawn_blocking(move || StatementIds::resume(&stored));
        // Two connections are two threads within SQLite.
        let (low, high) = tokio::try_join!(snapshot.subjects_of(0..=127), second.subjects_of(128..=255))?;
        state.subjects = low.into_iter().chain(high).collect();
        state.unmerged = snapshot.map_head().await?.lay_over(&mut state.subjects);
        state.ids = ids.await.map_err(|_| LedgerError::Closed)?;
        if state.ids.len() != head.checkpoint.size.0 {
            return Err(inconsistent("there is not one statement id for every entry"));
        }
        for (key, held) in &state.subjects {
            state.map.insert(*key, held.state.value());
        }
        state.check_seal(&mut snapshot).await?;
        Ok((state, head))
    }

    async fn load_precedents(&mut self, snapshot: &mut Snapshot) -> Result<(), LedgerError> {
        for (index, text) in snapshot.precedents().await? {
            let text = text.ok_or(inconsistent("a precedent is no entry"))?;
            let statement = read_statement(&text).ok_or(inconsistent("a precedent is no statement"))?;
            self.set_precedent(LeafIndex(index), &statement).map_err(|_| inconsistent("a value is revealed twice"))?;
        }
        Ok(())
    }

    /// Takes in a statement by which later ones are judged; says whether it is one.
    pub(crate) fn set_precedent(
        &mut self,
        index: LeafIndex,
        statement: &Statement,
    ) -> Result<bool, verifier::record::replay::OwedError> {
        match &statement.content {
            Content::Authority { .. } => Arc::make_mut(&mut self.registry).apply(statement, index),
            Content::Reveal { target, .. } => {
                self.disclosures.record(index, statement, &[])?;
                self.reveals.entry(target.0).or_default().push(index.0);
            }
            Content::Erasure { .. } => self.disclosures.record(index, statement, &[])?,
            Content::Notice(_) | Content::Rulebook { .. } | Content::Calendar { .. } => return Ok(false),
        }
        Ok(true)
    }

    async fn load_tree(&mut self, snapshot: &mut Snapshot, head: &SignedCheckpoint) -> Result<(), LedgerError> {
        let size = head.checkpoint.size.0;
        let tiles = snapshot.tiles(size, open_tiles(size)).await?;
        self.tree = Tree::resume(size, tiles).map_err(|_| inconsistent("the newest checkpoint is too large"))?;
        if self.tree.root() != head.checkpoint.root {
            return Err(inconsistent("the tiles do not lead to the newest checkpoint's root"));
        }
        Ok(())
    }

    /// The last entry is the seal of this very map.
    async fn check_seal(&mut self, snapshot: &mut Snapshot) -> Result<(), LedgerError> {
        let size = self.tree.size();
        let text = snapshot.entry(size - 1).await?.ok_or(inconsistent("the last entry is missing"))?;
        let entry = Entry::parse(&text).map_err(|_| inconsistent("the last entry is malformed"))?;
        let seal = entry.seal().ok_or(inconsistent("the last entry is no seal"))?;
        if seal.map_root != self.map.root() || seal.subjects != self.map.len() {
            return Err(inconsistent("the subjects do not lead to the last seal's map root"));
        }
        (self.last, self.time) = (entry_hash(&text), entry.time);
        let leaf = snapshot.prove(size, |reader| reader.hash(0, size - 1)).await?;
        if leaf != self.last.0 {
            return Err(inconsistent("the last entry is not the tree's last leaf"));
        }
        Ok(())
    }
}

fn inconsistent(what: &'static str) -> LedgerError {
    LedgerError::Inconsistent { what }
}

/// The genesis, from entry 0.
pub(crate) async fn read_genesis(snapshot: &mut Snapshot) -> Result<Genesis, LedgerError> {
    let text = snapshot.entry(0).await?.ok_or(inconsistent("there is no entry 0"))?;
    match Entry::parse(&text).map(|entry| entry.body) {
        Ok(Body::Genesis(genesis)) => Ok(genesis),
        _ => Err(inconsistent("entry 0 is no genesis")),
    }
}

/// The statement of an entry, if it holds one.
pub(crate) fn read_statement(entry: &str) -> Option<Statement> {
    Statement::parse(jwt_of(entry)?).ok()
}

/// The JWT of an entry, if it holds one.
pub(crate) fn jwt_of(entry: &str) -> Option<&str> {
    match Entry::parse(entry).ok()?.body {
        Body::Statement { statement, .. } => Some(statement),
        _ => None,
    }
}
