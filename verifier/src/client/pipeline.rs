//! The audit on all cores.
//!
//! ```text
//! workers   read bundle ─▶ ReadEntry::read          in parallel, some bundles ahead
//!                              │ in order
//! caller                       ▼ Audit::fold ─▶ tiles, seals
//!                              │
//! workers                      ▼ ReadEntry::verify, hash tiles, published checkpoints
//! ```
//!
//! Never more than a fixed number of bundles is between being asked for and verified, so memory does not grow with the
//! ledger. The fault reported is that of the smallest index: when one is found, whatever is under way is still awaited.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZero;
use std::prelude::rust_2024::*;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::audit::{Audit, ReadBody, ReadEntry, Replayed, verify_entries};
use crate::lifecycle::chronicle::Chronicle;
use crate::log::hash::{Hash, LeafHash, RootHash};
use crate::log::index::{LeafIndex, TreeSize};
use crate::log::key::PreparedKey;
use crate::log::tile::{TileKind, WIDTH};
use crate::log::tree::{Frontier, TileHash};

use super::attachment;
use super::bundle::{self, BundleEntry, ReadBundle};
use super::fault::{Stop, TreeFault};
use super::published::{self, Published};
use super::tree::Tree;

/// Seals whose checkpoints a source that cannot list is asked for.
const PROBED: usize = 1000;
/// Bundles read from a remote source in one go, after which what was audited can be written down.
const STAGE: u64 = 256;

/// Work for any thread.
enum Job {
    Read(u64),
    Verify(Vec<(ReadEntry, PreparedKey)>),
    Published(Box<Replayed>),
    Tile(Tile),
    Attachment(String),
}

/// What came of it.
enum Done {
    Read(ReadBundle),
    /// Nothing was wrong, and perhaps a published checkpoint was found good.
    Right(Option<Published>),
    /// The index it is about, or that of the last entry it depends on.
    Wrong(u64, Stop),
    /// A tile that could not be read, and must be.
    Unread(Tile, Stop),
}

/// A hash tile above the leaves: its level, its number, what it must hold.
pub(super) type Tile = (u8, u64, Vec<Hash>);

/// What an audit keeps beside itself from one head to the next.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) levels: Levels,
    /// The newest seals whose checkpoints were not asked for yet, for a source that cannot list them: a run that failed leaves
    /// some.
    pub(super) seals: VecDeque<(TreeSize, RootHash)>,
    /// Tiles that could not be read.
    pub(super) unread: Vec<Tile>,
    /// Sizes of published checkpoints found to end in a seal.
    pub(super) checked: BTreeSet<u64>,
}

/// Folds what a tree holds beyond the audit, and checks tiles and published checkpoints; those found good are kept.
/// `chronicle`, of the same entries as the audit, takes in what a report needs; `folded` is told every entry once it is folded.
/// From a remote source a stage is read at a time: whether that was the last.
pub(super) fn run(
    tree: &Tree<'_>,
    audit: &mut Audit,
    Kept { levels, seals, unread, checked }: &mut Kept,
    chronicle: Option<&mut Chronicle>,
    folded: &mut dyn FnMut(&ReadEntry),
) -> Result<bool, Stop> {
    let listed = published::listed(tree)?;
    tree.check_disclosure_files()?;
    check_known(tree, audit, &listed, checked)?;
    // An audit that goes on has hashed them before; those that came since are for the next whole one.
    let attachments = if audit.size().0 == 0 { attachment::listed(tree.source)? } else { Vec::new() };
    let cores = thread::available_parallelism().map_or(2, NonZero::get);
    let workers = if tree.source.is_remote() { cores.max(8) } else { cores };
    let all = tree.size.0.div_ceil(u64::from(WIDTH));
    let first = audit.size().0 / u64::from(WIDTH);
    let start = usize::try_from(first * u64::from(WIDTH)).unwrap_or(usize::MAX);
    let bundles = if tree.source.is_remote() { all.min(first.saturating_add(STAGE)) } else { all };
    let known = audit.leaves().get(start..).unwrap_or_default().to_vec();
    let jobs = channel();
    let done = channel();
    let queue = Mutex::new(jobs.1);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (queue, known, done) = (&queue, &known, done.0.clone());
            let excerpts = chronicle.is_some();
            scope.spawn(move || work(tree, queue, (first, known, excerpts), &done));
        }
        let mut fold = Fold {
            tree,
            checked,
            folded,
            listed,
            attachments,
            levels,
            seals,
            unread,
            last: bundles == all,
            jobs: jobs.0,
            outstanding: 0,
            wrong: None,
            audit,
            chronicle,
        };
        fold.run(&done.1, first..bundles, (3 * workers + 2).clamp(8, 32));
        match fold.wrong {
            None if fold.last => {
                fold.seals.clear();
                Ok(true)
            }
            None => Ok(false),
            Some((_, stop)) => Err(stop),
        }
    })
}

/// Checkpoints over entries folded in an earlier run.
fn check_known(tree: &Tree<'_>, audit: &Audit, listed: &BTreeSet<u64>, checked: &BTreeSet<u64>) -> Result<(), Stop> {
    if listed.is_empty() {
        return Ok(());
    }
    let mut frontier = Frontier::new();
    for (size, leaf) in (1..).zip(audit.leaves()) {
        frontier.push(LeafHash(*leaf));
        if !listed.contains(&size) {
            continue;
        }
        let sealed = checked.contains(&size) || is_seal(tree, LeafIndex(size - 1), *leaf)?;
        if let Some(replayed) = audit.replayed_at(TreeSize(size), frontier.root(), sealed) {
            published::check(tree.source, tree.policy, &replayed)?;
        }
    }
    Ok(())
}

fn is_seal(tree: &Tree<'_>, index: LeafIndex, leaf: Hash) -> Result<bool, Stop> {
    use crate::record::entry::{Entry, entry_hash};
    let text = tree.entry(index)?.unwrap_or_default();
    if entry_hash(&text).0 != leaf {
        return Err(TreeFault::Rewritten { index: index.0 }.into());
    }
    Ok(Entry::parse(&text).is_ok_and(|entry| entry.seal().is_some()))
}

/// A panic of a worker is a bug of this program; without this, the others would wait for it for ever.
struct EndOnPanic;

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::exit(101);
        }
    }
}

/// Works until there are no more jobs. `known` are the leaf hashes folded before in the bundle `first`; `excerpts` are made for
/// a chronicle.
fn work(
    tree: &Tree<'_>,
    queue: &Mutex<Receiver<Job>>,
    (first, known, excerpts): (u64, &[Hash], bool),
    done: &Sender<Done>,
) {
    let _guard = EndOnPanic;
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        let came = match job {
            Job::Read(number) => {
                let known = if number == first { known } else { &[] };
                Done::Read(bundle::read(tree, number, known, excerpts))
            }
            Job::Verify(entries) => verify(&entries),
            Job::Published(replayed) => match published::check(tree.source, tree.policy, &replayed) {
                Ok(found) => Done::Right(found),
                Err(stop) => Done::Wrong(replayed.size().0.saturating_sub(1), stop),
            },
            Job::Tile((level, index, hashes)) => {
                match bundle::check_tile(tree, TileKind::Hashes { level }, index, &hashes) {
                    Ok(()) => Done::Right(None),
                    Err(stop @ Stop::Found(_)) => Done::Wrong(tree.size.0, stop),
                    Err(stop) => Done::Unread((level, index, hashes), stop),
                }
            }
            Job::Attachment(name) => match attachment::check(tree.source, &name) {
                Ok(()) => Done::Right(None),
                Err(stop) => Done::Wrong(tree.size.0, stop),
            },
        };
        if done.send(came).is_err() {
            return;
        }
    }
}

fn verify(entries: &[(ReadEntry, PreparedKey)]) -> Done {
    match verify_entries(entries) {
        Ok(()) => Done::Right(None),
        Err(error) => Done::Wrong(error.index.0, error.into()),
    }
}

/// The one thread that folds, in order.
struct Fold<'t, 'a> {
    tree: &'t Tree<'a>,
    audit: &'t mut Audit,
    chronicle: Option<&'t mut Chronicle>,
    checked: &'t mut BTreeSet<u64>,
    folded: &'t mut dyn FnMut(&ReadEntry),
    listed: BTreeSet<u64>,
    attachments: Vec<String>,
    levels: &'t mut Levels,
    seals: &'t mut VecDeque<(TreeSize, RootHash)>,
    unread: &'t mut Vec<Tile>,
    /// Whether these bundles are the last of the head.
    last: bool,
    jobs: Sender<Job>,
    outstanding: usize,
    wrong: Option<(u64, Stop)>,
}

impl Fold<'_, '_> {
    /// At most `window` bundles are read or being verified at a time.
    fn run(&mut self, done: &Receiver<Done>, bundles: core::ops::Range<u64>, window: usize) {
        for tile in core::mem::take(self.unread) {
            self.ask(Job::Tile(tile));
        }
        let mut ready = BTreeMap::new();
        let (mut asked, mut folded, mut ended) = (bundles.start, bundles.start, false);
        loop {
            while self.wrong.is_none() && asked < bundles.end && self.outstanding + ready.len() < window {
                self.ask(Job::Read(asked));
                asked += 1;
            }
            if self.wrong.is_none()
                && let Some(bundle) = ready.remove(&folded)
            {
                self.fold(bundle);
                folded += 1;
                continue;
            }
            if self.wrong.is_none() && folded == bundles.end && !ended {
                ended = true;
                if self.last {
                    self.end();
                }
                continue;
            }
            if self.outstanding == 0 {
                return;
            }
            let Ok(came) = done.recv() else { return };
            self.outstanding -= 1;
            match came {
                Done::Read(bundle) => drop(ready.insert(bundle.number, bundle)),
                Done::Right(found) => self.found_good(found),
                Done::Wrong(index, stop) => self.note(index, stop),
                Done::Unread(tile, stop) => {
                    // One that is not full yet is asked for at the end of every head.
                    self.unread.extend((tile.2.len() == usize::from(WIDTH)).then_some(tile));
                    self.note(self.tree.size.0, stop);
                }
            }
        }
    }

    fn found_good(&mut self, found: Option<Published>) {
        let Some(Published { size, early, late }) = found else { return };
        self.checked.insert(size);
        if let Some(chronicle) = &mut self.chronicle {
            chronicle.cosigned(size, early, late);
        }
    }

    fn ask(&mut self, job: Job) {
        // The workers live as long as this sender.
        if self.jobs.send(job).is_ok() {
            self.outstanding += 1;
        }
    }

    /// Keeps the fault of the smallest index; a failure of disk or network only if nothing is false.
    fn note(&mut self, index: u64, stop: Stop) {
        let rank = |index: u64, stop: &Stop| (matches!(stop, Stop::Failed { .. }), index);
        if self.wrong.as_ref().is_none_or(|(at, wrong)| rank(index, &stop) < rank(*at, wrong)) {
            self.wrong = Some((index, stop));
        }
    }

    fn fold(&mut self, bundle: ReadBundle) {
        let mut batch = Vec::with_capacity(bundle.entries.len());
        let mut tiles = Vec::new();
        for BundleEntry { entry, target, excerpt } in bundle.entries {
            let index = self.audit.size().0;
            match self.audit.fold(&entry, target.as_deref(), &mut tiles) {
                Ok(key) => {
                    (self.folded)(&entry);
                    if let Some(chronicle) = &mut self.chronicle {
                        chronicle.record(&entry, excerpt);
                    }
                    self.check_size(&entry);
                    batch.extend(key.map(|key| (entry, key)));
                }
                Err(error) => {
                    self.note(index, error.into());
                    break;
                }
            }
        }
        if !batch.is_empty() {
            self.ask(Job::Verify(batch));
        }
        for tile in tiles {
            if let Some(tile) = self.levels.push(tile) {
                self.ask(Job::Tile(tile));
            }
        }
        if let Some(stop) = bundle.stop {
            self.note(self.audit.size().0, stop);
        }
    }

    /// A published checkpoint that ends here.
    fn check_size(&mut self, entry: &ReadEntry) {
        let size = self.audit.size();
        if self.listed.contains(&size.0) {
            if let Some(replayed) = self.audit.replayed() {
                self.ask(Job::Published(replayed.into()));
            }
        } else if self.tree.source.is_remote() && matches!(entry.body, ReadBody::Seal(_)) {
            // A report needs the times that all of them tell.
            if self.seals.len() == PROBED && self.chronicle.is_none() {
                self.seals.pop_front();
            }
            self.seals.push_back((size, self.audit.root()));
        }
    }

    /// The partial tiles above the leaves, the checkpoints of the newest seals, attachments.
    fn end(&mut self) {
        for name in core::mem::take(&mut self.attachments) {
            self.ask(Job::Attachment(name));
        }
        for tile in self.levels.partial() {
            self.ask(Job::Tile(tile));
        }
        for (size, root) in self.seals.clone() {
            if let Some(replayed) = self.audit.replayed_at(size, root, true) {
                self.ask(Job::Published(replayed.into()));
            }
        }
    }
}

/// The tiles above the leaves that are not full yet, by level: their number and what the fold has given of them.
#[derive(Debug, Default)]
pub(super) struct Levels(BTreeMap<u8, (u64, Vec<Hash>)>);

impl Levels {
    /// Those of a tree of these leaves. Hashes them all: whoever goes on keeps them.
    pub(super) fn of(leaves: &[Hash]) -> Self {
        let mut levels = Self::default();
        let mut frontier = Frontier::new();
        for leaf in leaves {
            for tile in frontier.push(LeafHash(*leaf)) {
                levels.push(tile);
            }
        }
        levels
    }

    /// Takes the next hash of a level and gives the tile it completes.
    fn push(&mut self, tile: TileHash) -> Option<Tile> {
        let (number, hashes) = self.0.entry(tile.level).or_default();
        *number = tile.index / u64::from(WIDTH);
        hashes.push(tile.hash);
        if hashes.len() < usize::from(WIDTH) {
            return None;
        }
        Some((tile.level, *number, core::mem::take(hashes)))
    }

    fn partial(&self) -> Vec<Tile> {
        let open = self.0.iter().filter(|(_, (_, hashes))| !hashes.is_empty());
        open.map(|(level, (number, hashes))| (*level, *number, hashes.clone())).collect()
    }
}
