//! What a server must know of the writer beside it: how far what it signed may leave, what waits, and whether it still works.

use std::time::Duration;

use tokio::sync::{oneshot, watch};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::TreeSize;

use crate::error::LedgerError;
use crate::guard::{Guard, GuardError, check};
use crate::ledger::{GUARD, Ledger};
use crate::sequencer::{Message, Request};
use crate::submission::QUEUE_KIB;

/// How long a batch took from its plan until the guard knew it, in seconds; a histogram.
pub const BATCH_SECONDS: &str = "mingzhang_batch_seconds";
/// Entries recorded since the process began, seals included; a counter.
pub const ENTRIES: &str = "mingzhang_entries_total";

/// Measures a batch.
pub(crate) fn measure(entries: u64, took: Duration) {
    metrics::histogram!(BATCH_SECONDS).record(took.as_secs_f64());
    metrics::counter!(ENTRIES).increment(entries);
}

impl Ledger {
    /// The newest head that may leave the process: committed, and known to the rollback guard.
    pub fn published(&self) -> SignedCheckpoint {
        self.published.borrow().clone()
    }

    /// Tells of every newer head that may leave; of some only the newest.
    pub fn follow(&self) -> watch::Receiver<SignedCheckpoint> {
        self.published.clone()
    }

    /// Waits until a head of this size, read from the database, may leave: a reader sees a batch the moment it is committed,
    /// the guard knows it a little later.
    ///
    /// # Errors
    /// The writer has stopped before.
    pub async fn until_published(&self, size: TreeSize) -> Result<(), LedgerError> {
        let mut published = self.published.clone();
        let reached = published.wait_for(|head| head.checkpoint.size >= size).await;
        reached.map(drop).map_err(|_| LedgerError::Closed)
    }

    /// KiB of statements that wait for the sequencer, and how many may.
    pub fn queue_kib(&self) -> (usize, usize) {
        (QUEUE_KIB.saturating_sub(self.submission.room.available_permits()), QUEUE_KIB)
    }

    /// Whether the writer still works. Goes the way of a statement through the queue.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        let nothing = self.submission.room.clone().acquire_many_owned(0).await.map_err(|_| LedgerError::Closed)?;
        let (asker, answer) = oneshot::channel();
        let request = Request { admitted: Vec::new(), receipts: false, room: nothing, answer: asker };
        self.submission.queue.send(Message::Record(request)).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?.map(drop)
    }

    /// Whether statements can be recorded: the writer works, and the guard holds a head of this very history.
    ///
    /// # Errors
    /// Why they cannot.
    pub async fn check_writer(&self) -> Result<(), LedgerError> {
        self.ping().await?;
        let mut guard = Guard::open(&self.dir.join(GUARD), false).await?;
        let published = guard.published().await?.ok_or(GuardError::Missing)?;
        guard.close().await?;
        let mut snapshot = self.readers.snapshot().await?;
        let newest = snapshot.head().await?.ok_or(LedgerError::Inconsistent { what: "there is no checkpoint" })?;
        let at_that_size = snapshot.checkpoint(published.checkpoint.size.0).await?;
        Ok(check(&published, &newest, at_that_size.as_ref())?)
    }
}
