//! The sequencer: one thread that collects what has arrived, plans it, signs, commits, tells the guard, and answers.
//!
//! ```text
//! submit ─ admit (any thread) ─▶ queue ─▶ collect ─▶ plan ─▶ sign ─▶ commit ledger.db ─▶ advance guard.db ─▶ answer
//!                                           ▲                                                             │
//!                                           └──────────────── what arrived meanwhile ◀────────────────────┘
//! ```
//!
//! It never waits for a batch to fill: what has arrived is the batch. What is durable, step by step:
//!
//! - until the commit, nothing; an error there is certain, the statements are answered with it, the state is derived again
//!   from the database, and the next batch is tried;
//! - a commit that fails without saying how is fatal ([`LedgerError::Stopped`]): only a fresh open can tell;
//! - after the commit the batch is recorded; the signed checkpoint may leave only after the guard knows it. If the guard fails,
//!   the sequencer stops; a fresh open finds the guard one batch behind and advances it.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use verifier::log::checkpoint::{Checkpoint, SignedCheckpoint};
use verifier::log::hash::sha256;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::record::authority::Registry;

use crate::admission::Admitted;
use crate::batch::{Known, Outcome, Plan, needs, plan};
use crate::clock::{Clock, ledger_time};
use crate::error::LedgerError;
use crate::guard::{Guard, check};
use crate::signer::LogSigner;
use crate::state::State;
use crate::store::{Readers, Store, index_of};

/// The most entries of a batch.
const MAX_ENTRIES: usize = 8192;
/// The most bytes of a batch's statements.
const MAX_BYTES: usize = 64 << 20;

/// The answers to the statements of one message, in their order.
pub(crate) type Answer = Result<Vec<Outcome>, LedgerError>;

/// What the sequencer is asked.
#[derive(Debug)]
pub(crate) enum Message {
    /// Record these statements, one after another; their room in the queue is free again once they are answered.
    Record(Vec<Admitted>, OwnedSemaphorePermit, oneshot::Sender<Answer>),
    /// Sign a fresh head, even if nothing is new.
    Seal(oneshot::Sender<Answer>),
    /// Leave nothing in the files that is in no table any more; with `true`, rewrite the whole database for it. The answer is
    /// whether a reader's snapshot prevents it.
    Scrub(bool, oneshot::Sender<Result<bool, LedgerError>>),
    /// Finish what was asked before, close the files, and end.
    Close(oneshot::Sender<()>),
}

/// What admission needs to know, as of the newest batch.
pub(crate) type SharedRegistry = Arc<RwLock<Arc<Registry>>>;

/// The writer: all that changes a ledger.
pub(crate) struct Sequencer {
    store: Store,
    readers: Readers,
    guard: Guard,
    signers: Vec<LogSigner>,
    clock: Arc<dyn Clock>,
    state: State,
    head: SignedCheckpoint,
    registry: SharedRegistry,
    published: watch::Sender<SignedCheckpoint>,
}

/// What was collected for one batch.
#[derive(Default)]
struct Collected {
    admitted: Vec<Admitted>,
    bytes: usize,
    askers: Vec<Asker>,
    seal: bool,
    scrub: Option<(bool, oneshot::Sender<Result<bool, LedgerError>>)>,
    close: Option<oneshot::Sender<()>>,
}

/// Who asked, and how many of the statements are his.
struct Asker {
    statements: usize,
    answer: oneshot::Sender<Answer>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Sequencer {
    /// Derives the state and lets the guard judge it.
    pub(crate) async fn open(
        store: Store,
        readers: Readers,
        mut guard: Guard,
        signers: Vec<LogSigner>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LedgerError> {
        let (state, head) = State::load(&readers).await?;
        let published = guard.published().await?.ok_or(crate::GuardError::Missing)?;
        let at_that_size = readers.snapshot().await?.checkpoint(published.checkpoint.size.0).await?;
        check(&published, &head, at_that_size.as_ref())?;
        if published.checkpoint != head.checkpoint {
            guard.advance(Some(&published), &head).await?;
        }
        let registry = Arc::new(RwLock::new(state.registry.clone()));
        let published = watch::Sender::new(head.clone());
        let sequencer = Self { store, readers, guard, signers, clock, state, head, registry, published };
        sequencer.signer(sequencer.state.tree.size())?;
        Ok(sequencer)
    }

    pub(crate) fn registry(&self) -> SharedRegistry {
        self.registry.clone()
    }

    /// The newest head that the guard knows: nothing signed beyond it may leave.
    pub(crate) fn published(&self) -> watch::Receiver<SignedCheckpoint> {
        self.published.subscribe()
    }

    /// Works until it is told to close, nobody can ask any more, or an error is fatal; that error it then gives to everyone.
    pub(crate) async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Message>) {
        while let Some(first) = queue.recv().await {
            let Collected { admitted, askers, seal, scrub, close, .. } = collect(first, &mut queue);
            let outcomes = if admitted.is_empty() && !seal { Ok(Vec::new()) } else { self.batch(admitted, seal).await };
            let fatal = answer(askers, outcomes);
            if let Some((rewrite, asker)) = scrub {
                let _ = asker.send(self.store.scrub(rewrite).await.map_err(LedgerError::from));
            }
            if let Some(closed) = close {
                self.close().await;
                let _ = closed.send(());
                return;
            }
            if let Some(error) = fatal {
                tracing::error!(%error, "the ledger has stopped");
                return refuse_all(&mut queue, &error).await;
            }
        }
        self.close().await;
    }

    async fn batch(&mut self, admitted: Vec<Admitted>, seal: bool) -> Answer {
        let result = self.record(admitted, seal).await;
        if let Err(error) = &result {
            tracing::warn!(%error, "a batch was not recorded");
            if error.is_certain() {
                // Planning has changed the state; what the database holds counts.
                let loaded = State::load(&self.readers).await;
                (self.state, self.head) = loaded.map_err(|error| LedgerError::Stopped(Arc::new(error)))?;
            }
        }
        result
    }

    async fn record(&mut self, admitted: Vec<Admitted>, seal: bool) -> Answer {
        let known = self.read_known(&admitted).await?;
        let now = ledger_time(&*self.clock, self.state.time);
        let signers = &self.signers;
        let can_sign = |key: &_| signers.iter().any(|signer| signer.vkey() == key);
        let started = Instant::now();
        let (outcomes, planned) = plan(&mut self.state, admitted, &known, now, seal, &can_sign);
        if let Some(planned) = planned {
            self.commit(planned, started.elapsed()).await?;
        }
        Ok(outcomes)
    }

    async fn read_known(&mut self, admitted: &[Admitted]) -> Result<Known, LedgerError> {
        let (entries, disclosures) = needs(&self.state, admitted);
        let mut known = Known::default();
        if entries.is_empty() && disclosures.is_empty() {
            return Ok(known);
        }
        let mut snapshot = self.readers.snapshot().await?;
        known.entries = snapshot.entries_at(&Vec::from_iter(entries)).await?;
        for (row, text) in snapshot.disclosures_at(&Vec::from_iter(disclosures)).await? {
            let beside = known.disclosures.entry(index_of(row >> 8)).or_default();
            beside.push((row, sha256(text.as_bytes())));
        }
        Ok(known)
    }

    async fn commit(&mut self, planned: Plan, planning: Duration) -> Result<(), LedgerError> {
        let started = Instant::now();
        let Plan { mut batch, size, root } = planned;
        let entries = batch.entries.len() as u64;
        let origin = self.state.registry.genesis().origin.clone();
        let head = self.signer(size)?.sign(&Checkpoint { origin, size: TreeSize(size), root });
        batch.note = head.format();
        self.store.commit(batch).await?;
        let committed = started.elapsed();
        // The batch is recorded from here on, whatever happens.
        self.guard.advance(Some(&self.head), &head).await?;
        let (plan_us, commit_us, guard_us) =
            (micros(planning), micros(committed), micros(started.elapsed().saturating_sub(committed)));
        tracing::trace!(target: "ledger::batch", entries, plan_us, commit_us, guard_us, "recorded");
        crate::writer::measure(entries, planning + started.elapsed());
        self.head = head;
        self.published.send_replace(self.head.clone());
        let mut shared = self.registry.write().expect("nobody panics while holding it");
        if !Arc::ptr_eq(&shared, &self.state.registry) {
            *shared = self.state.registry.clone();
        }
        Ok(())
    }

    /// The signer of the checkpoint of this size: its key is the one in force at the seal.
    fn signer(&self, size: u64) -> Result<&LogSigner, LedgerError> {
        let key = self.state.registry.log_key(LeafIndex(size - 1));
        let signer = self.signers.iter().find(|signer| signer.vkey() == key);
        signer.ok_or_else(|| LedgerError::WrongLogKey { expected: key.to_string() })
    }

    async fn close(self) {
        self.readers.close().await;
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "closing the ledger's database");
        }
        if let Err(error) = self.guard.close().await {
            tracing::warn!(%error, "closing the rollback guard");
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Takes what has arrived, up to the limits of a batch.
fn collect(first: Message, queue: &mut mpsc::UnboundedReceiver<Message>) -> Collected {
    let mut collected = Collected::default();
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Record(admitted, room, answer) => {
                collected.bytes += admitted.iter().map(|one| one.signed.bytes()).sum::<usize>();
                collected.askers.push(Asker { statements: admitted.len(), answer, _room: Some(room) });
                collected.admitted.extend(admitted);
            }
            Message::Seal(answer) => {
                collected.askers.push(Asker { statements: 0, answer, _room: None });
                collected.seal = true;
            }
            Message::Scrub(rewrite, asker) => {
                collected.scrub = Some((rewrite, asker));
                break;
            }
            Message::Close(closed) => {
                collected.close = Some(closed);
                break;
            }
        }
        let full = collected.admitted.len() >= MAX_ENTRIES || collected.bytes >= MAX_BYTES;
        next = if full { None } else { queue.try_recv().ok() };
    }
    collected
}

/// Gives every asker his outcomes, or the one error; gives it back if it is fatal.
fn answer(askers: Vec<Asker>, outcomes: Answer) -> Option<Arc<LedgerError>> {
    match outcomes {
        Ok(outcomes) => {
            let mut outcomes = outcomes.into_iter();
            for asker in askers {
                // Whoever no longer waits learns it when he asks again.
                let _ = asker.answer.send(Ok(outcomes.by_ref().take(asker.statements).collect()));
            }
            None
        }
        Err(error) => {
            let certain = error.is_certain();
            let error = Arc::new(error);
            for asker in askers {
                let told = if certain { LedgerError::NotRecorded } else { LedgerError::Stopped };
                let _ = asker.answer.send(Err(told(error.clone())));
            }
            (!certain).then_some(error)
        }
    }
}

async fn refuse_all(queue: &mut mpsc::UnboundedReceiver<Message>, error: &Arc<LedgerError>) {
    while let Some(message) = queue.recv().await {
        match message {
            Message::Record(_, _, answer) | Message::Seal(answer) => {
                let _ = answer.send(Err(LedgerError::Stopped(error.clone())));
            }
            Message::Scrub(_, asker) => drop(asker.send(Err(LedgerError::Stopped(error.clone())))),
            Message::Close(closed) => {
                let _ = closed.send(());
                return;
            }
        }
    }
}
