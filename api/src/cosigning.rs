//! Cosigning: the ledger asks the witnesses of its policy to cosign each head, and publishes what enough of them have seen.
//!
//! ```text
//! start    what has each witness seen? ── more or other than the ledger holds ─▶ it does not sign; evidence
//! round    the newest head ─▶ all witnesses at once ─▶ lines verified and kept ─▶ quorum? published, and on to the newest
//!          409 with a size we know: prove from there.   Anything else said against us: an alarm, never a retry
//! ```
//!
//! All witnesses are asked for the same head, for a quorum is of one head; what is recorded meanwhile waits for the next round.
//! A slow witness is not waited for where the others are enough. A head is submitted only while it is the newest or young, so
//! that no witness cosigns what newer entries would then seem to be backdated against (formats.md §3).

mod alarm;
mod client;
mod round;
mod startup;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ledger::{Heads, LedgerError};
use serde::Serialize;
use tokio::sync::{oneshot, watch};
use utoipa::ToSchema;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::TreeSize;
use verifier::log::policy::Policy;

pub(crate) use self::alarm::Alarm;
use self::client::WitnessClient;
use self::round::Rounds;
use crate::failure::Failure;

/// What was published although the quorum was not met; beside the ledger, so that a restart does not go back behind it.
const UNWITNESSED: &str = "published-without-quorum";

/// How heads are cosigned and published.
#[derive(Debug, Clone)]
pub(crate) struct CosigningOptions {
    /// Whose cosignatures are asked for, and how many are enough.
    pub(crate) policy: Policy,
    /// The policy's file, for readers.
    pub(crate) policy_file: Vec<u8>,
    /// How long a head waits for its quorum before it is published without; none: for ever.
    pub(crate) publish_without_quorum_after: Option<Duration>,
    /// The ledger's directory, for evidence.
    pub(crate) dir: PathBuf,
}

/// How cosigning stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CosigningState {
    /// Entries of the newest head.
    pub(crate) newest: u64,
    /// Entries of the published head; nothing before the first.
    pub(crate) published: Option<u64>,
    /// Whether the published head has its quorum.
    pub(crate) quorum: bool,
    /// Seconds that the oldest head not yet published has waited.
    pub(crate) waiting_seconds: u64,
    /// The witnesses that are asked, in the policy's order.
    pub(crate) witnesses: Vec<WitnessState>,
    /// What was said against this ledger, proven or not, the latest last.
    pub(crate) alarms: Vec<Alarm>,
}

/// How one witness stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct WitnessState {
    /// Its name in the policy.
    pub(crate) name: String,
    /// Where it is asked.
    pub(crate) url: String,
    /// Entries of the newest head it cosigned, as far as is known.
    pub(crate) size: u64,
    /// When it did, by its own clock, in seconds since the Unix epoch.
    pub(crate) cosigned_at: Option<u64>,
    /// Why it has not cosigned what it was asked for last.
    pub(crate) error: Option<String>,
    /// Whether it is not asked any more, because of an alarm.
    pub(crate) silenced: bool,
}

#[cfg(test)]
impl CosigningState {
    /// Whether the ledger may sign: nothing proven stands against it.
    pub(crate) fn may_sign(&self) -> bool {
        !self.alarms.iter().any(Alarm::is_proven)
    }
}

/// Cosigning at work.
pub(crate) struct Cosigning {
    published: watch::Receiver<Option<SignedCheckpoint>>,
    state: watch::Receiver<CosigningState>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Cosigning {
    /// Asks every witness what it has seen; then gathers cosignatures until it is told to stop.
    ///
    /// # Errors
    /// A witness has seen more or other than the ledger holds: then nothing may be signed, and the evidence is kept. Or the
    /// policy is not of this ledger, or the ledger cannot be read.
    pub(crate) async fn start(heads: Heads, options: CosigningOptions) -> Result<Self, Failure> {
        check_policy(&heads, &options.policy)?;
        let clients: Vec<_> = options.policy.witnesses().iter().filter_map(WitnessClient::new).map(Arc::new).collect();
        let seen = startup::ask_all(&heads, &clients, &options).await?;
        let first = first_published(&heads, &options).await?;
        let (published, to_read) = watch::channel(first);
        let (state, states) = watch::channel(CosigningState::default());
        let (stop, stopped) = oneshot::channel();
        let rounds = Rounds::new(heads, clients, seen, options, published, state);
        rounds.tell();
        let task = tokio::spawn(rounds.run(stopped));
        Ok(Self { published: to_read, state: states, stop, task })
    }

    /// What `/checkpoint` answers: the newest head with its quorum, or what was published without.
    pub(crate) fn published(&self) -> Option<SignedCheckpoint> {
        self.published.borrow().clone()
    }

    /// Tells of every newer published head, and of further cosignatures on it; of some only the newest.
    pub(crate) fn follow(&self) -> watch::Receiver<Option<SignedCheckpoint>> {
        self.published.clone()
    }

    /// Waits until a head of at least this size is published.
    ///
    /// # Errors
    /// Cosigning has stopped before.
    pub(crate) async fn until_published(&self, size: TreeSize) -> Result<SignedCheckpoint, LedgerError> {
        let mut published = self.published.clone();
        let reached = |note: &Option<SignedCheckpoint>| note.as_ref().is_some_and(|note| note.checkpoint.size >= size);
        let note = published.wait_for(reached).await.map_err(|_| LedgerError::Closed)?.clone();
        note.ok_or(LedgerError::Closed)
    }

    /// How it stands.
    pub(crate) fn state(&self) -> CosigningState {
        self.state.borrow().clone()
    }

    /// Stops asking; what is under way is abandoned.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// The policy must name the key that signs this ledger's heads: else nobody who relies on it could read what is published.
fn check_policy(heads: &Heads, policy: &Policy) -> Result<(), Failure> {
    let head = heads.newest();
    match policy.check_log(&head) {
        Ok(_) => Ok(()),
        Err(error) => {
            let zh = verifier::explain::Explain::zh(&error);
            Err(Failure::said(
                format_args!("策略与账本不符：{zh}。请在策略中写上本账本的 log 行"),
                format_args!("the policy is not of this ledger: {error}. It needs a log line with this ledger's key"),
            ))
        }
    }
}

/// What was published before this start.
async fn first_published(heads: &Heads, options: &CosigningOptions) -> Result<Option<SignedCheckpoint>, Failure> {
    let newest = heads.newest();
    let policy = &options.policy;
    if policy.check(&newest).is_ok() {
        return Ok(Some(newest));
    }
    let witnessed = heads.reader().newest_cosigned(newest.checkpoint.size, |note| policy.check(note).is_ok()).await?;
    let unwitnessed = read_unwitnessed(&options.dir, policy);
    Ok([witnessed, unwitnessed].into_iter().flatten().max_by_key(|note| note.checkpoint.size))
}

fn read_unwitnessed(dir: &Path, policy: &Policy) -> Option<SignedCheckpoint> {
    let text = std::fs::read_to_string(dir.join(UNWITNESSED)).ok()?;
    SignedCheckpoint::parse(&text).ok().filter(|note| policy.check_log(note).is_ok())
}
