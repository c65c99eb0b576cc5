//! The announcer: tells the guard of a recorded batch, lets its head leave, and answers. Beside it the next batch is committed.
//!
//! What it announces is durable. If the guard fails, nothing more leaves: whoever waits is told so, and the recorder learns it
//! before it commits another batch.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::note::VerifierKey;
use verifier::record::authority::Registry;

use crate::error::LedgerError;
use crate::guard::Guard;
use crate::own_policy::OwnPolicy;
use crate::recorder::{Answered, Asker, Failed, SharedRegistry, refuse};

/// A batch that was committed.
pub(crate) struct Recorded {
    pub(crate) head: SignedCheckpoint,
    /// The key that signed it.
    pub(crate) key: VerifierKey,
    /// Who may say what after it.
    pub(crate) registry: Arc<Registry>,
    pub(crate) entries: u64,
    /// How long planning took, and how long committing.
    pub(crate) planning: Duration,
    pub(crate) commit: Duration,
}

/// What is to be announced.
pub(crate) struct Announced {
    /// The batch; none where nothing was to be recorded.
    pub(crate) recorded: Option<Recorded>,
    pub(crate) askers: Vec<Asker>,
}

/// Whoever keeps the guard.
pub(crate) struct Announcer {
    pub(crate) guard: Guard,
    /// The newest checkpoint; the guard holds it.
    pub(crate) head: SignedCheckpoint,
    /// The policy of the key that signed it.
    pub(crate) own: Arc<OwnPolicy>,
    pub(crate) registry: SharedRegistry,
    /// Tells of the newest head that may leave.
    pub(crate) published: watch::Sender<SignedCheckpoint>,
}

/// Where batches are announced, one after the other.
pub(crate) struct Announcements {
    batches: mpsc::Sender<Announced>,
    failed: Arc<OnceLock<Failed>>,
}

/// Room for one more.
pub(crate) type Announcement<'a> = mpsc::Permit<'a, Announced>;

impl Announcements {
    /// Waits until there is room for one more.
    ///
    /// # Errors
    /// Nothing more may leave.
    pub(crate) async fn next(&mut self) -> Result<Announcement<'_>, Failed> {
        let room = self.batches.reserve().await;
        match self.failed.get() {
            Some(failed) => Err(failed.clone()),
            None => room.map_err(|_| Failed::Stopped(Arc::new(LedgerError::Closed))),
        }
    }
}

impl Announcer {
    /// Makes the place where batches are announced, and the work of announcing them until there are no more.
    pub(crate) fn start(mut self) -> (Announcements, impl Future<Output = ()>) {
        let (batches, mut taken) = mpsc::channel(1);
        let failed = Arc::new(OnceLock::new());
        let announcements = Announcements { batches, failed: Arc::clone(&failed) };
        let work = async move {
            while let Some(Announced { recorded, askers }) = taken.recv().await {
                if failed.get().is_none()
                    && let Some(recorded) = recorded
                    && let Err(error) = self.publish(recorded).await
                {
                    tracing::error!(%error, "a batch is recorded, but the guard does not know it");
                    let _ = failed.set(Failed::Stopped(Arc::new(error)));
                }
                match failed.get() {
                    Some(failed) => refuse(askers, failed),
                    None => self.answer(askers),
                }
            }
            if let Err(error) = self.guard.close().await {
                tracing::warn!(%error, "closing the rollback guard");
            }
        };
        (announcements, work)
    }

    async fn publish(&mut self, recorded: Recorded) -> Result<(), LedgerError> {
        let Recorded { head, key, registry, entries, planning, commit } = recorded;
        let begun = Instant::now();
        self.guard.advance(Some(&self.head), &head).await?;
        if self.own.check(&head).is_err() {
            self.own = Arc::new(OwnPolicy::of(&key)?);
        }
        self.head = head;
        self.published.send_replace(self.head.clone());
        let guard = begun.elapsed();
        let (plan_us, commit_us, guard_us) = (planning.as_micros(), commit.as_micros(), guard.as_micros());
        tracing::trace!(target: "ledger::batch", entries, plan_us, commit_us, guard_us, "recorded");
        crate::writer::measure(entries, planning + commit + guard);
        let mut shared = self.registry.write().expect("nobody panics while holding it");
        if !Arc::ptr_eq(&shared, &registry) {
            *shared = registry;
        }
        Ok(())
    }

    fn answer(&self, askers: Vec<Asker>) {
        for Asker { outcomes, covered, answer, room, .. } in askers {
            drop(room);
            let receipts = covered.into_iter().map(|one| one.under(&self.head, &self.own)).collect();
            // Whoever no longer waits learns it when he asks again.
            let _ = answer.send(Ok(Answered { outcomes, receipts }));
        }
    }
}
