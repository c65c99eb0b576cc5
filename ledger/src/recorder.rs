//! The recorder: signs one planned batch after the other, makes it durable, tells the guard, and answers. Beside it the next batch
//! is planned.
//!
//! What is durable, step by step:
//!
//! - until the commit, nothing; an error there is certain, and the statements are answered with it;
//! - a commit that fails without saying how is fatal ([`LedgerError::Stopped`]): only a fresh open can tell;
//! - after the commit the batch is recorded; the signed checkpoint may leave only after the guard knows it. If the guard fails,
//!   the recorder stops; a fresh open finds the guard one batch behind and advances it.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use verifier::log::checkpoint::{Checkpoint, SignedCheckpoint};
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::record::authority::Registry;

use crate::batch::{Outcome, Plan};
use crate::error::LedgerError;
use crate::guard::Guard;
use crate::own_policy::OwnPolicy;
use crate::receipt::{Covered, ReceiptParts};
use crate::signer::LogSigner;
use crate::store::Store;

/// What became of the statements of one message.
pub(crate) type Answer = Result<Answered, LedgerError>;

/// What became of statements that were placed.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    /// Of each, in their order.
    pub(crate) outcomes: Vec<Outcome>,
    /// Receipts of those that are new, in their order, where they were asked for.
    pub(crate) receipts: Vec<ReceiptParts>,
}

/// What admission needs to know, as of the newest batch.
pub(crate) type SharedRegistry = Arc<RwLock<Arc<Registry>>>;

/// Who asked, and what became of his statements if the batch is recorded.
pub(crate) struct Asker {
    pub(crate) outcomes: Vec<Outcome>,
    /// Whether he wants receipts, and then, once the batch is sealed, what they are made of.
    pub(crate) receipts: bool,
    pub(crate) covered: Vec<Covered>,
    pub(crate) answer: oneshot::Sender<Answer>,
    /// Room in the queue, free again with the answer.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// A batch whose turn it is.
pub(crate) struct Sealed {
    /// Nothing where nothing is to be recorded; the askers may be told, since all that was planned before is durable.
    pub(crate) plan: Option<Plan>,
    /// Who may say what after it.
    pub(crate) registry: Arc<Registry>,
    pub(crate) askers: Vec<Asker>,
    /// How long planning took.
    pub(crate) planning: Duration,
}

/// Lines of witnesses for the checkpoint of a size, and who waits until they are kept.
#[derive(Debug)]
pub(crate) struct Cosigned {
    pub(crate) size: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) asker: oneshot::Sender<Result<(), LedgerError>>,
}

/// What the recorder is told to do, one order at a time.
#[allow(clippy::large_enum_variant)] // one at a time
pub(crate) enum Order {
    /// Record the batch.
    Record(Sealed),
    /// Leave nothing in the files that is in no table any more: see [`Store::scrub`].
    Scrub(bool, oneshot::Sender<Result<bool, LedgerError>>),
    /// Keep what witnesses have added to a checkpoint.
    Keep(Cosigned),
}

/// Why a batch was not recorded, as its askers were told.
#[derive(Debug, Clone)]
pub(crate) enum Failed {
    /// It certainly was not; the ledger goes on without it.
    NotRecorded(Arc<LedgerError>),
    /// Nothing more may be concluded from this process.
    Stopped(Arc<LedgerError>),
}

/// Whoever writes the files.
pub(crate) struct Recorder {
    pub(crate) store: Store,
    pub(crate) guard: Guard,
    pub(crate) signers: Vec<LogSigner>,
    /// The newest checkpoint; the guard holds it.
    pub(crate) head: SignedCheckpoint,
    /// The policy of the key that signed it.
    pub(crate) own: Arc<OwnPolicy>,
    pub(crate) registry: SharedRegistry,
    /// Tells of the newest head that may leave.
    pub(crate) published: watch::Sender<SignedCheckpoint>,
}

/// Where orders are given, one at a time.
pub(crate) struct Orders {
    orders: mpsc::Sender<Order>,
    done: mpsc::Receiver<Result<(), Failed>>,
    busy: bool,
}

impl Orders {
    /// Whether an order was given and is not finished.
    pub(crate) fn busy(&self) -> bool {
        self.busy
    }

    /// Gives the next order; the one before is finished.
    pub(crate) fn give(&mut self, order: Order) {
        self.busy = true;
        // If nobody takes orders any more, `finished` says so.
        let _ = self.orders.try_send(order);
    }

    /// Waits until the order is finished; says how it ended.
    pub(crate) async fn finished(&mut self) -> Result<(), Failed> {
        let result = self.done.recv().await;
        self.busy = false;
        result.unwrap_or_else(|| Err(Failed::Stopped(Arc::new(LedgerError::Closed))))
    }
}

impl Recorder {
    /// Makes the place where orders are given, and the work of following them until none can be given any more; then the files
    /// are closed.
    pub(crate) fn start(mut self) -> (Orders, impl Future<Output = ()>) {
        let (orders, mut taken) = mpsc::channel(1);
        let (said, done) = mpsc::channel(1);
        let work = async move {
            while let Some(order) = taken.recv().await {
                // Whoever gave the order waits for this, or gives none any more.
                let _ = said.send(self.follow(order).await).await;
            }
            self.close().await;
        };
        (Orders { orders, done, busy: false }, work)
    }

    async fn follow(&mut self, order: Order) -> Result<(), Failed> {
        match order {
            Order::Record(sealed) => self.record(sealed).await,
            Order::Scrub(rewrite, asker) => {
                let _ = asker.send(self.store.scrub(rewrite).await.map_err(LedgerError::from));
                Ok(())
            }
            Order::Keep(Cosigned { size, lines, asker }) => {
                let _ = asker.send(self.store.keep_cosignatures(size, lines).await.map_err(LedgerError::from));
                Ok(())
            }
        }
    }

    async fn record(&mut self, sealed: Sealed) -> Result<(), Failed> {
        let Sealed { plan, registry, askers, planning } = sealed;
        let result = match plan {
            Some(plan) => self.commit(plan, registry, planning).await,
            None => Ok(()),
        };
        match result {
            Ok(()) => {
                for Asker { outcomes, covered, answer, room, .. } in askers {
                    drop(room);
                    let receipts = covered.into_iter().map(|one| one.under(&self.head, &self.own)).collect();
                    // Whoever no longer waits learns it when he asks again.
                    let _ = answer.send(Ok(Answered { outcomes, receipts }));
                }
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "a batch was not recorded");
                let failed = Failed::of(error);
                refuse(askers, &failed);
                Err(failed)
            }
        }
    }

    async fn commit(&mut self, plan: Plan, registry: Arc<Registry>, planning: Duration) -> Result<(), LedgerError> {
        let started = Instant::now();
        let Plan { mut batch, size, root } = plan;
        let entries = batch.entries.len() as u64;
        let origin = registry.genesis().origin.clone();
        let head = self.signer(&registry, TreeSize(size))?.sign(&Checkpoint { origin, size: TreeSize(size), root });
        batch.note = head.format();
        self.store.commit(batch).await?;
        let committed = started.elapsed();
        // The batch is recorded from here on, whatever happens.
        self.guard.advance(Some(&self.head), &head).await?;
        let (plan_us, commit_us, guard_us) =
            (micros(planning), micros(committed), micros(started.elapsed().saturating_sub(committed)));
        tracing::trace!(target: "ledger::batch", entries, plan_us, commit_us, guard_us, "recorded");
        crate::writer::measure(entries, planning + started.elapsed());
        if self.own.check(&head).is_err() {
            self.own = Arc::new(OwnPolicy::of(self.signer(&registry, head.checkpoint.size)?.vkey())?);
        }
        self.head = head;
        self.published.send_replace(self.head.clone());
        let mut shared = self.registry.write().expect("nobody panics while holding it");
        if !Arc::ptr_eq(&shared, &registry) {
            *shared = registry;
        }
        Ok(())
    }

    /// The signer of the checkpoint of this size: its key is the one in force at the seal.
    pub(crate) fn signer(&self, registry: &Registry, size: TreeSize) -> Result<&LogSigner, LedgerError> {
        let key = registry.log_key(LeafIndex(size.0 - 1));
        let signer = self.signers.iter().find(|signer| signer.vkey() == key);
        signer.ok_or_else(|| LedgerError::WrongLogKey { expected: key.to_string() })
    }

    async fn close(self) {
        if let Err(error) = self.store.close().await {
            tracing::warn!(%error, "closing the ledger's database");
        }
        if let Err(error) = self.guard.close().await {
            tracing::warn!(%error, "closing the rollback guard");
        }
    }
}

impl Failed {
    fn of(error: LedgerError) -> Self {
        let certain = error.is_certain();
        let error = Arc::new(error);
        if certain { Self::NotRecorded(error) } else { Self::Stopped(error) }
    }

    /// What those are told whom it concerns.
    pub(crate) fn told(&self) -> LedgerError {
        match self {
            Self::NotRecorded(error) => LedgerError::NotRecorded(error.clone()),
            Self::Stopped(error) => LedgerError::Stopped(error.clone()),
        }
    }
}

/// Tells askers that what they asked for failed.
pub(crate) fn refuse(askers: Vec<Asker>, failed: &Failed) {
    for asker in askers {
        let _ = asker.answer.send(Err(failed.told()));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
