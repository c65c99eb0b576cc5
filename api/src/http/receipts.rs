//! Receipts: whoever asks while others' are being read shares one reading of the database with all who wait.

use std::collections::BTreeSet;

use ledger::{LedgerError, Reader, ReceiptParts};
use tokio::sync::{mpsc, oneshot};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;

/// Receipts read at once.
const TOGETHER: usize = 256;

type Read = Result<Option<ReceiptParts>, LedgerError>;

/// Where receipts are asked for.
pub(crate) struct Receipts(mpsc::UnboundedSender<Asked>);

/// An entry whose receipt is wanted under a head, and who wants it.
struct Asked {
    index: LeafIndex,
    head: SignedCheckpoint,
    asker: oneshot::Sender<Read>,
}

impl Receipts {
    /// Begins to read what receipts of a ledger are made of, until nobody can ask any more.
    pub(crate) fn start(reader: Reader) -> Self {
        let (ask, mut asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(TOGETHER);
            while asked.recv_many(&mut waiting, TOGETHER).await > 0 {
                answer(&reader, std::mem::take(&mut waiting)).await;
            }
        });
        Self(ask)
    }

    /// The receipt of an entry under a head; nothing if that does not cover it.
    pub(crate) async fn make(&self, index: LeafIndex, head: SignedCheckpoint) -> Result<Option<String>, LedgerError> {
        let (asker, read) = oneshot::channel();
        self.0.send(Asked { index, head, asker }).map_err(|_| LedgerError::Closed)?;
        let parts = read.await.map_err(|_| LedgerError::Closed)??;
        parts.map(ReceiptParts::make).transpose()
    }
}

/// Those of the same head are read together.
async fn answer(reader: &Reader, mut waiting: Vec<Asked>) {
    while let Some(first) = waiting.first() {
        let head = first.head.clone();
        let (together, others) = waiting.into_iter().partition(|asked: &Asked| asked.head == head);
        answer_under(reader, &head, together).await;
        waiting = others;
    }
}

async fn answer_under(reader: &Reader, head: &SignedCheckpoint, together: Vec<Asked>) {
    let indexes = together.iter().map(|asked| asked.index.0).collect();
    let read = reader.receipts(&indexes, head).await;
    for Asked { index, asker, .. } in together {
        let parts = match &read {
            Ok(read) => Ok(read.get(&index.0).cloned()),
            // What is wrong with one is not told to all.
            Err(_) => reader.receipts(&BTreeSet::from([index.0]), head).await.map(|mut one| one.remove(&index.0)),
        };
        // Whoever no longer waits asks again.
        let _ = asker.send(parts);
    }
}
