//! Submitting: statements are admitted where they arrive, and sent to the sequencer with whoever waits for the answer.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use verifier::record::authority::Registry;

use crate::admission::{SignedStatement, admit};
use crate::batch::Outcome;
use crate::error::LedgerError;
use crate::receipt::ReceiptParts;
use crate::recorder::{Answer, Answered, SharedRegistry};
use crate::sequencer::{Message, Request};

/// KiB of statements that may wait for the sequencer; whoever comes then waits before.
pub(crate) const QUEUE_KIB: usize = 128 << 10;
/// Statements that are admitted on one thread at a time when many arrive together.
const CHUNK: usize = 64;
/// Chunks that are being admitted while the oldest of them is waited for.
const AHEAD: usize = 32;
/// Statements longer than this are read on a thread for blocking work.
const LONG_BYTES: usize = 256 << 10;

/// What became of a statement, and, of one that is new, what its receipt is made of if that was asked for.
pub(crate) type Submitted = (Outcome, Option<ReceiptParts>);

/// The way of statements to the sequencer.
#[derive(Clone)]
pub(crate) struct Submission {
    pub(crate) queue: mpsc::UnboundedSender<Message>,
    pub(crate) room: Arc<Semaphore>,
    registry: SharedRegistry,
}

impl Submission {
    pub(crate) fn new(queue: mpsc::UnboundedSender<Message>, registry: SharedRegistry) -> Self {
        Self { queue, room: Arc::new(Semaphore::new(QUEUE_KIB)), registry }
    }

    /// See [`Ledger::submit`](crate::Ledger::submit).
    pub(crate) async fn submit(&self, statement: SignedStatement, receipt: bool) -> Result<Submitted, LedgerError> {
        let mut submitted = self.submit_together(vec![statement], receipt).await?;
        Ok(submitted.pop().expect("one outcome for one statement"))
    }

    /// Submits a few statements as one message.
    pub(crate) async fn submit_together(
        &self,
        statements: Vec<SignedStatement>,
        receipts: bool,
    ) -> Result<Vec<Submitted>, LedgerError> {
        let (room, registry) = (self.reserve(&statements).await?, self.registry());
        let admitted = if statements.iter().any(is_long) {
            let blocking = tokio::task::spawn_blocking(move || admit(&registry, statements));
            blocking.await.map_err(|_| LedgerError::Closed)?
        } else {
            admit(&registry, statements)
        };
        let Answered { outcomes, receipts } = self.enqueue(admitted, room, receipts)?.answered().await?;
        let mut receipts = receipts.into_iter();
        let with_receipt = |outcome: Outcome| {
            let receipt = outcome.recorded().and_then(|_| receipts.next());
            (outcome, receipt)
        };
        Ok(outcomes.into_iter().map(with_receipt).collect())
    }

    /// See [`Ledger::submit_many`](crate::Ledger::submit_many).
    pub(crate) async fn submit_many(&self, statements: Vec<SignedStatement>) -> Result<Vec<Outcome>, LedgerError> {
        let mut admissions = VecDeque::new();
        let mut pending = Vec::new();
        for chunk in chunks(statements) {
            let room = match self.try_reserve(&chunk) {
                Some(room) => room,
                None => {
                    // What was reserved must be on its way before more is waited for.
                    self.enqueue_oldest(&mut admissions, 0, &mut pending).await?;
                    self.reserve(&chunk).await?
                }
            };
            let registry = self.registry();
            admissions.push_back((tokio::spawn(async move { admit(&registry, chunk) }), room));
            self.enqueue_oldest(&mut admissions, AHEAD, &mut pending).await?;
        }
        self.enqueue_oldest(&mut admissions, 0, &mut pending).await?;
        let mut outcomes = Vec::new();
        for one in pending {
            outcomes.append(&mut one.answered().await?.outcomes);
        }
        Ok(outcomes)
    }

    /// Hands admitted chunks to the sequencer, oldest first, until `left` are left.
    async fn enqueue_oldest(
        &self,
        admissions: &mut VecDeque<(JoinHandle<Vec<Admission>>, OwnedSemaphorePermit)>,
        left: usize,
        pending: &mut Vec<Pending>,
    ) -> Result<(), LedgerError> {
        while admissions.len() > left {
            let Some((admission, room)) = admissions.pop_front() else { break };
            // Admission takes input from outside and does not panic; were it to, nothing of the chunk is recorded.
            let admitted = admission.await.map_err(|_| LedgerError::Closed)?;
            pending.push(self.enqueue(admitted, room, false)?);
        }
        Ok(())
    }

    fn try_reserve(&self, statements: &[SignedStatement]) -> Option<OwnedSemaphorePermit> {
        self.room.clone().try_acquire_many_owned(weight(statements)).ok()
    }

    /// Waits until there is room in the queue for these statements.
    async fn reserve(&self, statements: &[SignedStatement]) -> Result<OwnedSemaphorePermit, LedgerError> {
        self.room.clone().acquire_many_owned(weight(statements)).await.map_err(|_| LedgerError::Closed)
    }

    /// Who may say what now.
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.read().expect("nobody panics while holding it").clone()
    }

    fn enqueue(
        &self,
        admitted: Vec<Admission>,
        room: OwnedSemaphorePermit,
        receipts: bool,
    ) -> Result<Pending, LedgerError> {
        let mut pending = Pending { outcomes: Vec::with_capacity(admitted.len()), answer: None };
        let mut accepted = Vec::with_capacity(admitted.len());
        for one in admitted {
            pending.outcomes.push(one.map(|one| accepted.push(one)).err().map(Outcome::Refused));
        }
        if !accepted.is_empty() {
            let (asker, answer) = oneshot::channel();
            let request = Request { admitted: accepted, receipts, room, answer: asker };
            self.queue.send(Message::Record(request)).map_err(|_| LedgerError::Closed)?;
            pending.answer = Some(answer);
        }
        Ok(pending)
    }
}

/// Whether a statement takes so long to read that a thread for blocking work does it.
pub(crate) fn is_long(statement: &SignedStatement) -> bool {
    statement.bytes() > LONG_BYTES
}

/// The KiB that statements take in the queue.
fn weight(statements: &[SignedStatement]) -> u32 {
    let bytes: usize = statements.iter().map(|one| one.bytes() + 1024).sum();
    u32::try_from((bytes >> 10).min(QUEUE_KIB)).expect("at most the queue")
}

/// Parts of at most [`CHUNK`] statements, and of [`LONG_BYTES`] unless a single one is longer.
fn chunks(statements: Vec<SignedStatement>) -> impl Iterator<Item = Vec<SignedStatement>> {
    let mut statements = statements.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut chunk = vec![statements.next()?];
        let mut bytes = chunk[0].bytes();
        while let Some(next) = statements.next_if(|next| chunk.len() < CHUNK && bytes + next.bytes() <= LONG_BYTES) {
            bytes += next.bytes();
            chunk.push(next);
        }
        Some(chunk)
    })
}

type Admission = Result<crate::admission::Admitted, crate::error::Refusal>;

/// Statements on their way: those refused at admission have their outcome already.
struct Pending {
    outcomes: Vec<Option<Outcome>>,
    answer: Option<oneshot::Receiver<Answer>>,
}

impl Pending {
    async fn answered(self) -> Answer {
        let Answered { outcomes, receipts } = match self.answer {
            Some(answer) => answer.await.map_err(|_| LedgerError::Closed)??,
            None => Answered::default(),
        };
        let mut placed = outcomes.into_iter();
        let outcomes = self.outcomes.into_iter();
        let outcomes = outcomes.map(|one| one.or_else(|| placed.next()).expect("one answer for each admitted"));
        Ok(Answered { outcomes: outcomes.collect(), receipts })
    }
}
