//! The public face: make a ledger, open it, record statements.

use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot, watch};
use verifier::log::checkpoint::{Checkpoint, SignedCheckpoint};
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::log::policy::Policy;
use verifier::record::authority::Grant;
use verifier::record::code::{PublisherId, is_jurisdiction};
use verifier::record::entry::{EntryTime, Genesis};
use verifier::record::statement::Jwk;

use crate::admission::SignedStatement;
use crate::batch::{Outcome, plan_genesis};
use crate::clock::{Clock, SystemClock};
use crate::error::LedgerError;
use crate::guard::Guard;
use crate::index::Index;
use crate::lock::WriterLock;
use crate::reader::Reader;
use crate::receipt::ReceiptParts;
use crate::recorder::SharedRegistry;
use crate::sequencer::{Message, Writer};
use crate::signer::{LogSigner, PrivateKey};
use crate::state::State;
use crate::store::{Readers, Store};
use crate::submission::Submission;
use crate::together::Together;

/// The database.
pub(crate) const DATABASE: &str = "ledger.db";
/// The rollback guard, or a link to it.
pub(crate) const GUARD: &str = "guard.db";
/// Where attachments are kept, each under the hex of its SHA-256.
pub const ATTACHMENTS: &str = "attachments";
/// The log's private key.
pub const LOG_KEY: &str = "log.key";
/// The log's next private key while the statement that names it is being recorded.
pub const NEXT_LOG_KEY: &str = "log.next.key";

/// What a new ledger is.
#[derive(Debug, Clone)]
pub struct InitOptions {
    /// Its origin: the name of its log, as a URL without scheme.
    pub origin: String,
    /// Where its law is, e.g. `cn`.
    pub jurisdiction: String,
    /// Where the rollback guard is kept; none: in the directory itself.
    pub guard: Option<PathBuf>,
    /// Its first root key.
    pub root: Jwk,
    /// Its recovery key.
    pub recovery: Jwk,
    /// b64 of the last cosigned checkpoint of the ledger it succeeds, or empty.
    pub predecessor: String,
}

/// A ledger, open for writing: the only one at a time. It reads like a [`Reader`].
pub struct Ledger {
    pub(crate) submission: Submission,
    together: Together,
    pub(crate) published: watch::Receiver<SignedCheckpoint>,
    reader: Reader,
    /// The index, where one is kept.
    pub(crate) index: OnceLock<Index>,
    _lock: WriterLock,
}

impl Deref for Ledger {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Ledger {
    /// Makes a ledger in an empty directory: its log key, its database with genesis and first seal, its guard.
    ///
    /// # Errors
    /// The directory is not empty, the options are no genesis, or a file cannot be written.
    pub async fn init(dir: &Path, options: InitOptions) -> Result<SignedCheckpoint, LedgerError> {
        Self::init_with_clock(dir, options, &SystemClock).await
    }

    /// As [`Ledger::init`], by another clock.
    ///
    /// # Errors
    /// As there.
    pub async fn init_with_clock(
        dir: &Path,
        options: InitOptions,
        clock: &dyn Clock,
    ) -> Result<SignedCheckpoint, LedgerError> {
        let origin = options.origin.clone();
        if !is_jurisdiction(&options.jurisdiction) {
            return Err(LedgerError::Jurisdiction);
        }
        let key = PrivateKey::generate()?;
        let signer = LogSigner::new(&origin, key)?;
        create_empty(dir)?;
        let _lock = WriterLock::take(dir)?;
        // Whoever has the lock and finds nothing but it is alone here, and may remove what he made.
        check_empty(dir, 1)?;
        let genesis = Genesis {
            origin: options.origin,
            log_key: signer.vkey().clone(),
            root: options.root,
            recovery: options.recovery,
            jurisdiction: options.jurisdiction,
            predecessor: options.predecessor,
        };
        let made = fill(dir, genesis, &signer, options.guard.as_deref(), clock.now()).await;
        if made.is_err() {
            clear(dir);
        }
        made
    }

    /// Opens a ledger for writing.
    ///
    /// # Errors
    /// There is none, another process writes it, its files contradict each other, or the guard refuses.
    pub async fn open(dir: &Path) -> Result<Self, LedgerError> {
        Self::open_with_clock(dir, Arc::new(SystemClock)).await
    }

    /// As [`Ledger::open`], by another clock.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with_clock(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        if !dir.join(DATABASE).is_file() {
            return Err(LedgerError::NoLedger { dir: dir.to_owned() });
        }
        let lock = WriterLock::take(dir)?;
        let (queue, messages) = mpsc::unbounded_channel();
        let (registry, published) = start(dir.to_owned(), clock, messages).await?;
        let reader = Reader::open(dir).await?;
        let submission = Submission::new(queue, registry);
        let together = Together::start(submission.clone());
        Ok(Self { submission, together, published, reader, index: OnceLock::new(), _lock: lock })
    }

    /// Opens the index of this ledger, to be kept by [`Index::follow`]; an erasure then scrubs it too. Without it, an erasure
    /// removes the file, which is derived.
    ///
    /// # Errors
    /// The ledger cannot be read, or the file not be made.
    pub async fn open_index(&self) -> Result<Index, LedgerError> {
        let index = Index::open(&self.reader).await?;
        Ok(self.index.get_or_init(|| index).clone())
    }

    /// Records a statement. Returns once it is durable, and waits while too much is waiting.
    ///
    /// # Errors
    /// The ledger could not; a statement it will not record is no error but [`Outcome::Refused`].
    pub async fn submit(&self, statement: SignedStatement) -> Result<Outcome, LedgerError> {
        let (outcome, _) = self.submission.submit(statement, false).await?;
        Ok(outcome)
    }

    /// As [`Ledger::submit`]; with a statement that is new comes what its receipt is made of, under the head of its own batch,
    /// which may leave.
    ///
    /// # Errors
    /// As there.
    pub async fn submit_for_receipt(
        &self,
        statement: SignedStatement,
    ) -> Result<(Outcome, Option<ReceiptParts>), LedgerError> {
        self.together.submit(statement).await
    }

    /// Records statements in their order, admitting them on all cores; the outcomes come in the same order. They need not end
    /// up in one batch.
    ///
    /// # Errors
    /// The ledger could not record one of them; it may have recorded others, and submitting all again tells.
    pub async fn submit_many(&self, statements: Vec<SignedStatement>) -> Result<Vec<Outcome>, LedgerError> {
        self.submission.submit_many(statements).await
    }

    /// Who may say what now.
    pub fn registry_now(&self) -> Arc<verifier::record::authority::Registry> {
        self.submission.registry()
    }

    /// As [`Reader::under`].
    #[must_use]
    pub fn under(mut self, policy: Arc<Policy>) -> Self {
        self.reader = self.reader.under(policy);
        self
    }

    /// The log's origin.
    pub fn origin(&self) -> String {
        self.submission.registry().genesis().origin.clone()
    }

    /// A publisher's key and scope in force now.
    pub fn grant(&self, publisher: &PublisherId) -> Option<Grant> {
        self.submission.registry().grant(publisher, LeafIndex(u64::MAX)).cloned()
    }

    /// Signs a fresh head, so that a quiet ledger is not stale.
    ///
    /// # Errors
    /// The ledger could not.
    pub async fn seal(&self) -> Result<(), LedgerError> {
        let (asker, answer) = oneshot::channel();
        self.submission.queue.send(Message::Seal(asker)).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?.map(drop)
    }

    /// See [`Message::Scrub`].
    pub(crate) async fn scrub(&self, rewrite: bool) -> Result<bool, LedgerError> {
        let (asker, answer) = oneshot::channel();
        self.submission.queue.send(Message::Scrub(rewrite, asker)).map_err(|_| LedgerError::Closed)?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Finishes what was submitted and closes the files.
    pub async fn close(self) {
        let (closed, done) = oneshot::channel();
        if let Some(index) = self.index.into_inner()
            && let Err(error) = index.close().await
        {
            tracing::warn!(%error, "the index was not closed: it is brought up to date when it is opened");
        }
        self.reader.close().await;
        if self.submission.queue.send(Message::Close(closed)).is_ok() {
            let _ = done.await;
        }
    }
}

/// Starts the sequencer on a thread and a runtime of its own, so that planning a large batch holds up nobody.
async fn start(
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    messages: mpsc::UnboundedReceiver<Message>,
) -> Result<(SharedRegistry, watch::Receiver<SignedCheckpoint>), LedgerError> {
    let (opened, started) = oneshot::channel();
    let failed = |source| LedgerError::File { path: PathBuf::from("the sequencer's thread"), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
    let body = move || {
        runtime.block_on(async move {
            match open_writer(&dir, clock).await {
                Ok(writer) => {
                    let _ = opened.send(Ok((writer.registry(), writer.published())));
                    writer.run(messages).await;
                }
                Err(error) => drop(opened.send(Err(error))),
            }
        });
    };
    std::thread::Builder::new().name("sequencer".to_owned()).spawn(body).map_err(failed)?;
    started.await.map_err(|_| LedgerError::Closed)?
}

async fn open_writer(dir: &Path, clock: Arc<dyn Clock>) -> Result<Writer, LedgerError> {
    let database = dir.join(DATABASE);
    let guard = Guard::open(&dir.join(GUARD), false).await?;
    let store = Store::open(&database, false).await?;
    let readers = Readers::open(&database, 2).await?;
    let origin = crate::state::read_genesis(&mut readers.snapshot().await?).await?.origin;
    let mut signers = vec![LogSigner::new(&origin, PrivateKey::read(&dir.join(LOG_KEY))?)?];
    let next = dir.join(NEXT_LOG_KEY);
    if next.exists() {
        signers.push(LogSigner::new(&origin, PrivateKey::read(&next)?)?);
    }
    Writer::open(store, readers, guard, signers, clock).await
}

fn create_empty(dir: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::File { path: dir.to_owned(), source };
    std::fs::create_dir_all(dir).map_err(failed)?;
    check_empty(dir, 0)
}

fn check_empty(dir: &Path, files: usize) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::File { path: dir.to_owned(), source };
    match std::fs::read_dir(dir).map_err(failed)?.nth(files) {
        None => Ok(()),
        Some(_) => Err(LedgerError::NotEmpty { dir: dir.to_owned() }),
    }
}

async fn fill(
    dir: &Path,
    genesis: Genesis,
    signer: &LogSigner,
    guard: Option<&Path>,
    now: EntryTime,
) -> Result<SignedCheckpoint, LedgerError> {
    signer.key().write(&dir.join(LOG_KEY))?;
    let guard = open_guard(dir, guard).await?;
    write_genesis(dir, genesis, signer, guard, now).await
}

/// Removes what a failed [`Ledger::init`] left in the directory that was empty before it, so that it can be tried again; with
/// a link to a guard kept elsewhere the guard itself, which was made a moment ago. What resists stays.
fn clear(dir: &Path) {
    let guard = std::fs::read_link(dir.join(GUARD)).ok();
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|file| file.path());
    for file in files.chain(guard) {
        let _ = std::fs::remove_file(file);
    }
}

/// The guard of a new ledger; one kept elsewhere is linked into the directory.
async fn open_guard(dir: &Path, elsewhere: Option<&Path>) -> Result<Guard, LedgerError> {
    let link = dir.join(GUARD);
    let failed = |source| LedgerError::File { path: link.clone(), source };
    if let Some(path) = elsewhere {
        let path = std::path::absolute(path).map_err(failed)?;
        if path.exists() {
            return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, "the guard of another ledger is there")));
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, &link).map_err(failed)?;
        return Ok(Guard::open(&path, true).await?);
    }
    Ok(Guard::open(&link, true).await?)
}

async fn write_genesis(
    dir: &Path,
    genesis: Genesis,
    signer: &LogSigner,
    mut guard: Guard,
    now: EntryTime,
) -> Result<SignedCheckpoint, LedgerError> {
    let origin = genesis.origin.clone();
    let mut store = Store::open(&dir.join(DATABASE), true).await?;
    let mut state = State::new(genesis.clone())?;
    let mut plan = plan_genesis(&mut state, genesis, now);
    let head = signer.sign(&Checkpoint { origin, size: TreeSize(plan.size), root: plan.root });
    plan.batch.note = head.format();
    store.commit(plan.batch).await?;
    guard.advance(None, &head).await?;
    store.close().await?;
    guard.close().await?;
    Ok(head)
}
