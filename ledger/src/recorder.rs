//! The recorder: signs one planned batch after the other and makes it durable; beside it the next batch is planned, and the one
//! before is [announced](crate::announcer).
//!
//! What is durable, step by step:
//!
//! - until the commit, nothing; an error there is certain, and the statements are answered with it;
//! - a commit that fails without saying how is fatal ([`LedgerError::Stopped`]): only a fresh open can tell;
//! - after the commit the batch is recorded; the signed checkpoint may leave only after the guard knows it. If the guard fails,
//!   the recorder stops; a fresh open finds the guard at most two batches behind and advances it.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use verifier::log::checkpoint::Checkpoint;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::record::authority::Registry;

use crate::announcer::{Announced, Announcements, Announcer, Recorded};
use crate::batch::{Outcome, Plan};
use crate::error::LedgerError;
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

/// Whoever writes the database.
pub(crate) struct Recorder {
    pub(crate) store: Store,
    pub(crate) signers: Vec<LogSigner>,
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
    pub(crate) fn start(mut self, announcer: Announcer) -> (Orders, impl Future<Output = ()>) {
        let (orders, mut taken) = mpsc::channel(1);
        let (said, done) = mpsc::channel(1);
        let (mut announcements, announcing) = announcer.start();
        let recording = async move {
            while let Some(order) = taken.recv().await {
                // Whoever gave the order waits for this, or gives none any more.
                let _ = said.send(self.follow(order, &mut announcements).await).await;
            }
            if let Err(error) = self.store.close().await {
                tracing::warn!(%error, "closing the ledger's database");
            }
        };
        let work = async move {
            tokio::join!(recording, announcing);
        };
        (Orders { orders, done, busy: false }, work)
    }

    async fn follow(&mut self, order: Order, announcements: &mut Announcements) -> Result<(), Failed> {
        match order {
            Order::Record(sealed) => self.record(sealed, announcements).await,
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

    async fn record(&mut self, sealed: Sealed, announcements: &mut Announcements) -> Result<(), Failed> {
        let Sealed { plan, registry, askers, planning } = sealed;
        // The guard is never more than the batch being announced and this one behind.
        let announcement = match announcements.next().await {
            Ok(announcement) => announcement,
            Err(failed) => {
                refuse(askers, &failed);
                return Err(failed);
            }
        };
        let recorded = match plan {
            Some(plan) => self.commit(plan, registry, planning).await.map(Some),
            None => Ok(None),
        };
        match recorded {
            Ok(recorded) => {
                announcement.send(Announced { recorded, askers });
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

    async fn commit(
        &mut self,
        plan: Plan,
        registry: Arc<Registry>,
        planning: Duration,
    ) -> Result<Recorded, LedgerError> {
        let begun = Instant::now();
        let Plan { mut batch, size, root } = plan;
        let entries = batch.entries.len() as u64;
        let origin = registry.genesis().origin.clone();
        let signer = self.signer(&registry, TreeSize(size))?;
        let (head, key) = (signer.sign(&Checkpoint { origin, size: TreeSize(size), root }), signer.vkey().clone());
        batch.note = head.format();
        self.store.commit(batch).await?;
        // The batch is recorded from here on, whatever happens.
        Ok(Recorded { head, key, registry, entries, planning, commit: begun.elapsed() })
    }

    /// The signer of the checkpoint of this size: its key is the one in force at the seal.
    pub(crate) fn signer(&self, registry: &Registry, size: TreeSize) -> Result<&LogSigner, LedgerError> {
        let key = registry.log_key(LeafIndex(size.0 - 1));
        let signer = self.signers.iter().find(|signer| signer.vkey() == key);
        signer.ok_or_else(|| LedgerError::WrongLogKey { expected: key.to_string() })
    }
}

impl Failed {
    /// After an error of the recorder's.
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
