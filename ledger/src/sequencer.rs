//! The sequencer: one task that gives every statement its place, in the order of arrival.
//!
//! ```text
//! submit ─ admit (any thread) ─▶ queue ─▶ place ─▶ seal ─▶ recorder: sign, commit ─▶ announcer: guard, answer
//!                                           ▲        ▲               │
//!                                           │        └─ free again ◀─┘
//!                                           └─ what arrives meanwhile
//! ```
//!
//! It never waits for a batch to fill: while the recorder writes one batch, what arrives is placed in the next, which is sealed
//! as soon as the recorder is free. What is planned stands on batches that are still on their way; where planning has to read
//! what such a batch holds, it waits until that one is durable. When a batch fails, everything planned after it falls with it, its
//! askers are told the same, and the state is derived again from the database.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::sha256;
use verifier::log::index::LeafIndex;
use verifier::log::note::VerifierKey;

use crate::admission::Admitted;
use crate::announcer::Announcer;
use crate::batch::{Known, Needed, OpenBatch, Outcome, Plan};
use crate::clock::{Clock, ledger_time};
use crate::error::LedgerError;
use crate::guard::{Guard, check};
use crate::own_policy::OwnPolicy;
use crate::receipt::Covered;
use crate::recorder::{Answer, Asker, Cosigned, Failed, Order, Orders, Recorder, Sealed, SharedRegistry, refuse};
use crate::signer::LogSigner;
use crate::state::State;
use crate::store::{Readers, Store, index_of};
use crate::tree::Tree;

/// The most entries of a batch, but for the last message.
const MAX_ENTRIES: usize = 8192;
/// The most bytes of a batch's statements, but for the last message.
const MAX_BYTES: usize = 64 << 20;

/// What the sequencer is asked.
#[derive(Debug)]
pub(crate) enum Message {
    /// Record these statements, one after another.
    Record(Request),
    /// Sign a fresh head, even if nothing is new.
    Seal(oneshot::Sender<Answer>),
    /// Leave nothing in the files that is in no table any more; with `true`, rewrite the whole database for it. The answer is
    /// whether a reader's snapshot prevents it.
    Scrub(bool, oneshot::Sender<Result<bool, LedgerError>>),
    /// Keep these lines.
    Cosigned(Cosigned),
    /// Sign nothing more, for this reason.
    Stop(LedgerError),
    /// Finish what was asked before, close the files, and end.
    Close(oneshot::Sender<()>),
}

/// Statements to be recorded.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) admitted: Vec<Admitted>,
    /// Whether receipts of those that are new are wanted with the answer.
    pub(crate) receipts: bool,
    /// Their room in the queue, free again once they are answered.
    pub(crate) room: OwnedSemaphorePermit,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The writer: all that changes a ledger.
pub(crate) struct Writer {
    sequencer: Sequencer,
    recorder: Recorder,
    announcer: Announcer,
}

/// Plans what the recorder writes.
struct Sequencer {
    readers: Readers,
    clock: Arc<dyn Clock>,
    log_keys: Vec<VerifierKey>,
    state: State,
    /// The batch being planned.
    open: Open,
    /// Index of the first entry of the batch that is on its way.
    on_its_way: u64,
}

/// A batch being planned, and who waits for it.
#[derive(Default)]
struct Open {
    batch: OpenBatch,
    askers: Vec<Asker>,
    bytes: usize,
    /// Whether it is sealed even without an entry.
    seal: bool,
    planning: Duration,
}

/// Who closed the ledger; nobody, where nobody can ask any more.
type Closed = Option<oneshot::Sender<()>>;

impl Writer {
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
        let log_keys = signers.iter().map(|signer| signer.vkey().clone()).collect();
        let registry = Arc::new(RwLock::new(state.registry.clone()));
        let published = watch::Sender::new(head.clone());
        let own = Arc::new(OwnPolicy::of(state.registry.log_key(LeafIndex(head.checkpoint.size.0 - 1)))?);
        let recorder = Recorder { store, signers };
        recorder.signer(&state.registry, head.checkpoint.size)?;
        let announcer = Announcer { guard, head, own, registry, published };
        let open = Open::after(&state);
        let sequencer = Sequencer { readers, clock, log_keys, state, open, on_its_way: 0 };
        Ok(Self { sequencer, recorder, announcer })
    }

    pub(crate) fn registry(&self) -> SharedRegistry {
        self.announcer.registry.clone()
    }

    /// The newest head that the guard knows: nothing signed beyond it may leave.
    pub(crate) fn published(&self) -> watch::Receiver<SignedCheckpoint> {
        self.announcer.published.subscribe()
    }

    /// Works until it is told to close, nobody can ask any more, or an error is fatal; that error it then gives to everyone.
    pub(crate) async fn run(self, mut queue: mpsc::UnboundedReceiver<Message>) {
        let Self { mut sequencer, recorder, announcer } = self;
        let (mut orders, recording) = recorder.start(announcer);
        let planning = async {
            let closed = match sequencer.work(&mut queue, &mut orders).await {
                Ok(closed) => closed,
                Err(failed) => {
                    tracing::error!(error = %failed.told(), "the ledger has stopped");
                    refuse_all(&mut queue, &failed).await
                }
            };
            sequencer.readers.close().await;
            drop(orders);
            closed
        };
        let (closed, ()) = tokio::join!(planning, recording);
        if let Some(closed) = closed {
            let _ = closed.send(());
        }
    }
}

impl Sequencer {
    async fn work(
        &mut self,
        queue: &mut mpsc::UnboundedReceiver<Message>,
        orders: &mut Orders,
    ) -> Result<Closed, Failed> {
        let mut arrived = Vec::new().into_iter();
        loop {
            while !self.open.is_full()
                && let Some(message) = arrived.next()
            {
                match message {
                    Message::Record(request) => self.record(request, orders).await?,
                    Message::Seal(answer) => self.open.ask_for_seal(answer),
                    Message::Scrub(rewrite, asker) => {
                        self.finish(orders).await?;
                        orders.give(Order::Scrub(rewrite, asker));
                        self.settle(orders).await?;
                    }
                    Message::Cosigned(cosigned) => {
                        self.settle(orders).await?;
                        orders.give(Order::Keep(cosigned));
                    }
                    Message::Stop(reason) => return Err(self.stop(reason, orders).await),
                    Message::Close(closed) => {
                        self.finish(orders).await?;
                        return Ok(Some(closed));
                    }
                }
            }
            if self.open.is_asked() && !orders.busy() {
                self.hand_over(orders);
                continue;
            }
            let mut next = Vec::new();
            tokio::select! {
                biased;
                result = orders.finished(), if orders.busy() => self.take_result(result).await?,
                count = queue.recv_many(&mut next, MAX_ENTRIES), if arrived.len() == 0 && !self.open.is_full() => {
                    if count == 0 {
                        self.finish(orders).await?;
                        return Ok(None);
                    }
                    arrived = next.into_iter();
                }
            }
        }
    }

    /// Places what holds of these statements in the open batch.
    async fn record(&mut self, request: Request, orders: &mut Orders) -> Result<(), Failed> {
        let Request { admitted, receipts, room, answer } = request;
        let mut needed = Needed::by(&self.state, &admitted);
        let on_its_way = self.on_its_way..self.open.batch.first();
        if orders.busy() && needed.indexes().any(|index| on_its_way.contains(index)) {
            self.settle(orders).await?;
            needed = Needed::by(&self.state, &admitted);
        }
        let started = Instant::now();
        let known = match self.read_known(&needed).await {
            Ok(known) => known,
            Err(error) => {
                let _ = answer.send(Err(LedgerError::NotRecorded(Arc::new(error))));
                return Ok(());
            }
        };
        self.open.bytes += admitted.iter().map(|one| one.signed.bytes()).sum::<usize>();
        let now = ledger_time(&*self.clock, self.state.time);
        let log_keys = &self.log_keys;
        let outcomes = self.open.batch.place(&mut self.state, admitted, &known, now, &|key| log_keys.contains(key));
        self.open.askers.push(Asker { outcomes, receipts, covered: Vec::new(), answer, room: Some(room) });
        self.open.planning += started.elapsed();
        Ok(())
    }

    async fn read_known(&self, needed: &Needed) -> Result<Known, LedgerError> {
        let mut known = Known::default();
        if needed.indexes().next().is_none() {
            return Ok(known);
        }
        let mut snapshot = self.readers.snapshot().await?;
        let (entries, disclosures): (Vec<u64>, Vec<u64>) =
            (needed.entries.iter().copied().collect(), needed.disclosures.iter().copied().collect());
        known.entries = snapshot.entries_at(&entries).await?;
        for (row, text) in snapshot.disclosures_at(&disclosures).await? {
            let beside = known.disclosures.entry(index_of(row >> 8)).or_default();
            beside.push((row, sha256(text.as_bytes())));
        }
        Ok(known)
    }

    /// Ends the open batch and lets the recorder, who is free, have it.
    fn hand_over(&mut self, orders: &mut Orders) {
        let started = Instant::now();
        let now = ledger_time(&*self.clock, self.state.time);
        let Open { batch, mut askers, seal, planning, .. } = std::mem::take(&mut self.open);
        self.on_its_way = batch.first();
        let plan = (seal || batch.len() > 0).then(|| batch.seal(&mut self.state, now));
        if let Some(plan) = &plan {
            cover(&mut askers, plan, &self.state.tree);
        }
        self.open = Open::after(&self.state);
        let (registry, planning) = (self.state.registry.clone(), planning + started.elapsed());
        orders.give(Order::Record(Sealed { plan, registry, askers, planning }));
    }

    /// Waits until the recorder is free.
    async fn settle(&mut self, orders: &mut Orders) -> Result<(), Failed> {
        if orders.busy() {
            let result = orders.finished().await;
            self.take_result(result).await?;
        }
        Ok(())
    }

    /// Waits until everything asked so far is answered.
    async fn finish(&mut self, orders: &mut Orders) -> Result<(), Failed> {
        self.settle(orders).await?;
        if self.open.is_asked() {
            self.hand_over(orders);
        }
        self.settle(orders).await
    }

    /// What is on its way comes to its end; nothing that was only planned is signed.
    async fn stop(&mut self, reason: LedgerError, orders: &mut Orders) -> Failed {
        if let Err(failed) = self.settle(orders).await {
            return failed;
        }
        let stopped = Failed::Stopped(Arc::new(reason));
        refuse(std::mem::take(&mut self.open.askers), &stopped);
        stopped
    }

    /// How the recorder's last order ended. Where it failed, what was planned after it does not hold.
    async fn take_result(&mut self, result: Result<(), Failed>) -> Result<(), Failed> {
        let Err(failed) = result else { return Ok(()) };
        refuse(std::mem::take(&mut self.open.askers), &failed);
        if matches!(failed, Failed::Stopped(_)) {
            return Err(failed);
        }
        // Planning has changed the state; what the database holds counts.
        let loaded = State::load(&self.readers).await;
        (self.state, _) = loaded.map_err(|error| Failed::Stopped(Arc::new(error)))?;
        self.open = Open::after(&self.state);
        Ok(())
    }
}

impl Open {
    fn after(state: &State) -> Self {
        Self { batch: OpenBatch::after(state), ..Self::default() }
    }

    fn is_full(&self) -> bool {
        self.batch.len() >= MAX_ENTRIES || self.bytes >= MAX_BYTES
    }

    /// Whether anybody waits for it.
    fn is_asked(&self) -> bool {
        !self.askers.is_empty()
    }

    fn ask_for_seal(&mut self, answer: oneshot::Sender<Answer>) {
        self.askers.push(Asker { outcomes: Vec::new(), receipts: false, covered: Vec::new(), answer, room: None });
        self.seal = true;
    }
}

/// Gives those who want receipts what they are made of.
fn cover(askers: &mut [Asker], plan: &Plan, tree: &Tree) {
    let new = |asker: &Asker| -> Vec<u64> { asker.outcomes.iter().filter_map(Outcome::recorded).collect() };
    let wanting = askers.iter_mut().filter(|asker| asker.receipts);
    let mut wanting: Vec<_> = wanting.map(|asker| (new(asker), asker)).collect();
    if wanting.is_empty() {
        return;
    }
    let indexes = wanting.iter().flat_map(|(new, _)| new).copied().collect();
    let mut covered = Covered::by(plan, tree, &indexes);
    for (new, asker) in &mut wanting {
        asker.covered = new.iter().filter_map(|index| covered.remove(index)).collect();
    }
}

/// Tells everybody that nothing more is recorded, until nobody asks any more or somebody closes the ledger.
async fn refuse_all(queue: &mut mpsc::UnboundedReceiver<Message>, failed: &Failed) -> Closed {
    while let Some(message) = queue.recv().await {
        match message {
            Message::Record(Request { answer, .. }) | Message::Seal(answer) => drop(answer.send(Err(failed.told()))),
            Message::Scrub(_, asker) => drop(asker.send(Err(failed.told()))),
            Message::Cosigned(Cosigned { asker, .. }) => drop(asker.send(Err(failed.told()))),
            Message::Stop(_) => {}
            Message::Close(closed) => return Some(closed),
        }
    }
    None
}
