//! What becomes of the heads a ledger signs: whoever gathers cosignatures is told of each, has them kept, and may stop the
//! signing.

use tokio::sync::{mpsc, oneshot, watch};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::TreeSize;

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::reader::Reader;
use crate::recorder::Cosigned;
use crate::sequencer::Message;

/// The heads of a ledger that is open for writing.
#[derive(Clone)]
pub struct Heads {
    queue: mpsc::UnboundedSender<Message>,
    newest: watch::Receiver<SignedCheckpoint>,
    reader: Reader,
}

impl Ledger {
    /// The heads this ledger signs.
    pub fn heads(&self) -> Heads {
        Heads { queue: self.submission.queue.clone(), newest: self.published.clone(), reader: Reader::clone(self) }
    }
}

impl Heads {
    /// The newest head that may leave: committed, and known to the rollback guard.
    pub fn newest(&self) -> SignedCheckpoint {
        self.newest.borrow().clone()
    }

    /// Waits for a head that was not seen yet.
    ///
    /// # Errors
    /// The ledger is closed.
    pub async fn changed(&mut self) -> Result<SignedCheckpoint, LedgerError> {
        self.newest.changed().await.map_err(|_| LedgerError::Closed)?;
        Ok(self.newest.borrow_and_update().clone())
    }

    /// The checkpoint of a size, with the cosignatures kept for it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn checkpoint(&self, size: TreeSize) -> Result<Option<SignedCheckpoint>, LedgerError> {
        Ok(self.reader.readers.snapshot().await?.checkpoint(size.0).await?)
    }

    /// The ledger, to read proofs from.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Keeps signature lines of witnesses, each without its newline, for the checkpoint of a size; durable once this returns.
    /// That they verify is for the caller to know.
    ///
    /// # Errors
    /// The database failed, or holds no checkpoint of that size.
    pub async fn keep_cosignatures(&self, size: TreeSize, lines: Vec<String>) -> Result<(), LedgerError> {
        let (asker, answer) = oneshot::channel();
        let message = Message::Cosigned(Cosigned { size: size.0, lines, asker });
        self.queue.send(message).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Nothing more is signed, for this reason, until the ledger is opened again.
    pub fn stop_signing(&self, reason: String) {
        // A ledger that has stopped already signs nothing either.
        let _ = self.queue.send(Message::Stop(LedgerError::Contradicted { reason }));
    }
}
