//! Statements that arrive together, such as a server's, go to the sequencer together: one message, one answer and one look at
//! their signatures, where each alone would have woken the sequencer's thread, and been woken by it.

use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use crate::admission::SignedStatement;
use crate::error::LedgerError;
use crate::submission::{Submission, Submitted, is_long};

/// Statements of one message.
const TOGETHER: usize = 32;

/// Where statements meet.
pub(crate) struct Together {
    submission: Submission,
    arriving: mpsc::UnboundedSender<Arrived>,
}

/// A statement, and who waits for what becomes of it.
struct Arrived {
    statement: SignedStatement,
    asker: oneshot::Sender<Result<Submitted, LedgerError>>,
}

impl Together {
    /// Begins to send what arrives to the sequencer, until nothing can arrive any more.
    pub(crate) fn start(submission: Submission) -> Self {
        let (arriving, mut arrived) = mpsc::unbounded_channel();
        let sending = submission.clone();
        tokio::spawn(async move {
            let mut together = Vec::new();
            while arrived.recv_many(&mut together, TOGETHER).await > 0 {
                // Whatever else is about to arrive comes along.
                yield_now().await;
                while together.len() < TOGETHER
                    && let Ok(next) = arrived.try_recv()
                {
                    together.push(next);
                }
                tokio::spawn(submit(sending.clone(), std::mem::take(&mut together)));
            }
        });
        Self { submission, arriving }
    }

    /// Records a statement, with its receipt.
    pub(crate) async fn submit(&self, statement: SignedStatement) -> Result<Submitted, LedgerError> {
        if is_long(&statement) {
            return self.submission.submit(statement, true).await;
        }
        let (asker, answer) = oneshot::channel();
        self.arriving.send(Arrived { statement, asker }).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }
}

async fn submit(submission: Submission, together: Vec<Arrived>) {
    let (statements, askers): (Vec<_>, Vec<_>) =
        together.into_iter().map(|Arrived { statement, asker }| (statement, asker)).unzip();
    match submission.submit_together(statements, true).await {
        Ok(submitted) => {
            for (one, asker) in submitted.into_iter().zip(askers) {
                // Whoever no longer waits learns it when he asks again.
                let _ = asker.send(Ok(one));
            }
        }
        Err(error) => {
            for asker in askers {
                let _ = asker.send(Err(error.of_one()));
            }
        }
    }
}
