//! What a replay witness (重放见证人) adds: it has itself fetched and audited everything up to what it cosigns (formats.md §3).
//!
//! One thread follows the log, from head to head that it is asked for; whoever asks waits for it. What it has audited it keeps
//! in memory, and from time to time on the disk, so that after an outage it goes on from there. A head takes as long as what
//! is new behind it: whoever has waited [`PATIENCE`] is told to ask again, and the audit goes on meanwhile.
//!
//! Beside the audit two instants are checked: the newest entry's time is at most [`SKEW`] after this machine's clock, and the
//! first entry that is new since the last cosignature at most [`SKEW`] before that. What a head shows is cosigned now or not at
//! all, so that no entry that came while an audit took its time can seem backdated.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger::Clock;
use tokio::sync::oneshot;
use verifier::audit::{AuditError, ReadEntry};
use verifier::client::kept;
use verifier::client::{Follower, Source, State, Stop, TreeFault};
use verifier::explain::Explain as _;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::log::policy::Policy;
use verifier::record::entry::EntryTime;

use crate::failure::Failure;

/// How long whoever asks waits for the audit.
const PATIENCE: Duration = Duration::from_secs(25);
/// How far an entry's time may stand after this machine's clock or before the last cosignature.
const SKEW: Duration = Duration::from_mins(5);
/// Requests that may wait for the audit.
const WAITING: usize = 8;
/// How long a fault that was found is answered without looking again.
const FAULT_COUNTS: Duration = Duration::from_secs(20);
/// The audit's file in the witness's directory.
const STATE: &str = "replay.state";

/// A last cosignature: of which size, and when in seconds since the Unix epoch.
pub(super) type Last = (TreeSize, u64);

/// Why a head is not vouched for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotVouched {
    /// What the log says is false.
    #[error("the audit found it false: {en}")]
    False {
        /// What is wrong, in Chinese.
        zh: String,
        /// What is wrong, in English.
        en: String,
    },
    /// A larger head, signed by the same log, was audited before.
    #[error("a head of {audited} entries, signed by the same log, was audited already: one of {size} is a rollback")]
    Behind {
        /// Entries audited.
        audited: TreeSize,
        /// Entries of the head.
        size: TreeSize,
    },
    /// An entry says to be older than the last cosignature, which does not cover it.
    #[error(
        "entry {index} says it was recorded at {time} ms, more than 5 minutes before the cosignature at {last} s that does not cover it"
    )]
    Backdated {
        /// The entry.
        index: LeafIndex,
        /// Its time, in milliseconds since the Unix epoch.
        time: u64,
        /// The last cosignature's, in seconds.
        last: u64,
    },
    /// The newest entry is from the future.
    #[error(
        "the newest entry says it was recorded at {time} ms, more than 5 minutes after this witness's clock, {now} ms"
    )]
    Ahead {
        /// Its time, in milliseconds since the Unix epoch.
        time: u64,
        /// This machine's clock.
        now: u64,
    },
    /// Something is owed to readers.
    #[error("{en}")]
    Withheld {
        /// What, in Chinese.
        zh: String,
        /// What, in English.
        en: String,
    },
    /// A file could not be fetched.
    #[error("{path} could not be fetched: {error}")]
    Unreachable {
        /// The address.
        path: String,
        /// What the network said.
        error: String,
    },
    /// The format is newer than this program.
    #[error("newer format, cannot judge: {en}")]
    Newer {
        /// What was met, in Chinese.
        zh: String,
        /// What was met, in English.
        en: String,
    },
    /// The audit is still under way.
    #[error("{audited} of {size} entries are audited so far: ask again")]
    UnderWay {
        /// Entries audited.
        audited: u64,
        /// Entries of the head.
        size: TreeSize,
    },
    /// Too many wait.
    #[error("too many requests wait for the audit: ask again")]
    Busy,
}

impl NotVouched {
    /// Whether asking again cannot help.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::False { .. } | Self::Behind { .. } | Self::Backdated { .. })
    }

    /// The reason in Chinese.
    pub(super) fn zh(&self) -> String {
        match self {
            Self::False { zh, .. } => format!("审计发现不实：{zh}"),
            Self::Behind { audited, size } => {
                format!("同一账本签过的 {audited} 条的账本头已审计过：{size} 条的是倒退")
            }
            Self::Backdated { index, time, last } => {
                format!("第 {index} 条自称录入于 {time} 毫秒，比未包含它的上次共签（{last} 秒）早 5 分钟以上")
            }
            Self::Ahead { time, now } => {
                format!("最新条目自称录入于 {time} 毫秒，比本见证人的时钟（{now} 毫秒）晚 5 分钟以上")
            }
            Self::Withheld { zh, .. } => zh.clone(),
            Self::Unreachable { path, error } => format!("取 {path} 失败：{error}"),
            Self::Newer { zh, .. } => format!("格式较新，无法判断：{zh}"),
            Self::UnderWay { audited, size } => format!("{size} 条中已审计 {audited} 条，请稍后再来"),
            Self::Busy => "等待审计的请求过多，请稍后再来".to_owned(),
        }
    }
}

impl From<Stop> for NotVouched {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed { path, error } => Self::Unreachable { path, error },
            Stop::Found(fault) => {
                let (zh, en, newer) = (fault.zh(), fault.to_string(), fault.is_newer_format());
                match fault {
                    // What is not there yet may come; an entry that is false stays so.
                    TreeFault::Missing { path } => Self::Unreachable { path, error: en },
                    _ if newer => Self::Newer { zh, en },
                    _ => Self::False { zh, en },
                }
            }
        }
    }
}

/// What is asked of the thread.
enum Order {
    Vouch { head: SignedCheckpoint, last: Option<Last>, answer: oneshot::Sender<Result<(), NotVouched>> },
    Stop,
}

/// The thread that follows the log.
pub(crate) struct Replay {
    orders: SyncSender<Order>,
    audited: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Replay {
    /// Starts it where its state, if there is one, was taken.
    pub(super) fn start(url: &str, policy: Policy, dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let origin = policy.logs().first().map(|log| log.key.name().to_owned()).unwrap_or_default();
        let audited = Arc::new(AtomicU64::new(0));
        let mut worker = Worker {
            url: url.to_owned(),
            policy,
            origin,
            state: dir.join(STATE),
            clock,
            audited: audited.clone(),
            follower: None,
            head: None,
            first_new: None,
            saved: (0, Instant::now()),
            fault: None,
        };
        worker.resume()?;
        let (orders, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("replay".to_owned()).spawn(move || worker.run(&waiting));
        let thread = Mutex::new(Some(thread.map_err(Failure::operational)?));
        Ok(Self { orders, audited, thread })
    }

    /// Waits until everything up to the head is audited and nothing is wrong with it.
    pub(super) async fn vouch(&self, head: &SignedCheckpoint, last: Option<Last>) -> Result<(), NotVouched> {
        let (answer, vouched) = oneshot::channel();
        match self.orders.try_send(Order::Vouch { head: head.clone(), last, answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return Err(NotVouched::Busy),
        }
        match tokio::time::timeout(PATIENCE, vouched).await {
            Ok(Ok(vouched)) => vouched,
            // The thread ends only with the process.
            Ok(Err(_)) => Err(NotVouched::Busy),
            Err(_) => {
                Err(NotVouched::UnderWay { audited: self.audited.load(Ordering::Relaxed), size: head.checkpoint.size })
            }
        }
    }

    /// Ends the thread, once it has written down what it remembers.
    pub(super) async fn stop(&self) {
        let Some(thread) = self.thread.lock().ok().and_then(|mut thread| thread.take()) else { return };
        let orders = self.orders.clone();
        let ended = tokio::task::spawn_blocking(move || {
            let _ = orders.send(Order::Stop);
            thread.join()
        });
        let _ = ended.await;
    }
}

/// The audit, and what surrounds it.
struct Worker {
    url: String,
    policy: Policy,
    origin: String,
    state: PathBuf,
    clock: Arc<dyn Clock>,
    /// Entries audited, for whoever waits.
    audited: Arc<AtomicU64>,
    /// None after a fault: what is remembered on the disk is gone on from.
    follower: Option<Follower>,
    /// The head last audited.
    head: Option<SignedCheckpoint>,
    /// The first entry folded that the last cosignature does not cover, and its time.
    first_new: Option<(u64, EntryTime)>,
    /// Entries on the disk, and since when.
    saved: (u64, Instant),
    /// The fault found last, when and of which size.
    fault: Option<(Instant, TreeSize, NotVouched)>,
}

impl Worker {
    fn run(mut self, orders: &Receiver<Order>) {
        while let Ok(Order::Vouch { head, last, answer }) = orders.recv() {
            // Whoever has gone will ask for a newer one.
            if answer.is_closed() {
                continue;
            }
            let vouched = self.vouch(&head, last);
            if let Err(reason) = &vouched {
                tracing::warn!(size = head.checkpoint.size.0, %reason, "not vouched for");
            }
            let _ = answer.send(vouched);
            self.save(false);
        }
        self.save(true);
    }

    fn vouch(&mut self, head: &SignedCheckpoint, last: Option<Last>) -> Result<(), NotVouched> {
        let size = head.checkpoint.size;
        if let Some((found, at, fault)) = &self.fault
            && found.elapsed() < FAULT_COUNTS
            && size >= *at
        {
            return Err(fault.clone());
        }
        self.fault = None;
        let audited = self.audit(head, last);
        if let Err(reason @ (NotVouched::False { .. } | NotVouched::Newer { .. })) = &audited {
            // A fold that failed cannot be gone on with; what was written down can.
            (self.follower, self.fault) = (None, Some((Instant::now(), size, reason.clone())));
        }
        audited
    }

    fn audit(&mut self, head: &SignedCheckpoint, last: Option<Last>) -> Result<(), NotVouched> {
        if self.follower.is_none() {
            self.resume().map_err(|failure| NotVouched::Unreachable {
                path: self.state.display().to_string(),
                error: failure.message,
            })?;
        }
        let size = head.checkpoint.size;
        let follower = self.follower.as_mut().expect("a follower was just made");
        let reached = follower.audit().size();
        if size < reached {
            return Err(NotVouched::Behind { audited: reached, size });
        }
        let first = last.map_or(0, |(size, _)| size.0);
        let (first_new, audited) = (&mut self.first_new, &self.audited);
        follower.fold_to(head, None, &mut |entry: &ReadEntry| {
            if entry.index.0 == first {
                *first_new = Some((first, entry.time));
            }
            audited.store(entry.index.0 + 1, Ordering::Relaxed);
        })?;
        follower.audit().settle().map_err(|error| withheld(&error))?;
        self.head = Some(head.clone());
        self.check_times(size, last)
    }

    fn check_times(&self, size: TreeSize, last: Option<Last>) -> Result<(), NotVouched> {
        let now = self.clock.now().0;
        let time = self.follower.as_ref().map(|follower| follower.audit().time());
        let skew = u64::try_from(SKEW.as_millis()).unwrap_or(u64::MAX);
        if let Some(EntryTime(time)) = time.filter(|time| time.0 > now + skew) {
            return Err(NotVouched::Ahead { time, now });
        }
        let Some((covered, last)) = last.filter(|(covered, _)| *covered < size) else { return Ok(()) };
        let time = match self.first_new {
            Some((index, time)) if index == covered.0 => Some(time),
            _ => self.time_of(covered.0)?,
        };
        match time {
            Some(EntryTime(time)) if time + skew < last * 1000 => {
                Err(NotVouched::Backdated { index: LeafIndex(covered.0), time, last })
            }
            _ => Ok(()),
        }
    }

    /// The time of an entry audited by an earlier process.
    fn time_of(&self, index: u64) -> Result<Option<EntryTime>, NotVouched> {
        match &self.follower {
            Some(follower) => Ok(follower.entry_time(LeafIndex(index))?),
            None => Ok(None),
        }
    }

    /// Takes up the audit where it was written down, or begins one.
    fn resume(&mut self) -> Result<(), Failure> {
        let Some(source) = Source::new(&self.url).filter(Source::is_remote) else {
            return Err(Failure::said(
                format_args!("--replay {}：应为 http(s) 地址", self.url),
                format_args!("--replay {}: expected an http(s) address", self.url),
            ));
        };
        self.first_new = None;
        if !self.state.exists() {
            self.follower = Some(Follower::new(source, self.policy.clone(), &self.origin));
            return Ok(());
        }
        let damaged = |error: String| {
            Failure::operational(
                crate::language::current()
                    .pick(
                        "{path}：{error}；请删去它，从头重放",
                        "{path}: {error}; remove it, and everything is replayed again",
                    )
                    .replace("{path}", &self.state.display().to_string())
                    .replace("{error}", &error),
            )
        };
        let state = State::read(&self.state).map_err(|error| damaged(error.to_string()))?;
        if state.snapshot.origin() != self.origin {
            return Err(damaged(format!("it is of {}, not of {}", state.snapshot.origin(), self.origin)));
        }
        let (follower, head) =
            Follower::resume(source, self.policy.clone(), state).map_err(|error| damaged(error.to_string()))?;
        let size = follower.audit().size().0;
        self.audited.store(size, Ordering::Relaxed);
        (self.saved, self.head, self.follower) = ((size, Instant::now()), Some(head), Some(follower));
        Ok(())
    }

    /// Writes down what was audited, if there is enough of it; a failure costs only what must be audited again.
    fn save(&mut self, now: bool) {
        let (Some(follower), Some(head)) = (&self.follower, &self.head) else { return };
        let size = follower.audit().size().0;
        let (saved, at) = self.saved;
        // Memory may be beyond the head where a file could not be fetched.
        if size == saved || size != head.checkpoint.size.0 {
            return;
        }
        if now || kept::is_due(size, saved, at.elapsed()) {
            match follower.state(head).write(&self.state) {
                Ok(()) => self.saved = (size, Instant::now()),
                Err(error) => tracing::warn!(path = %self.state.display(), %error, "the audit is not written down"),
            }
        }
    }
}

fn withheld(error: &AuditError) -> NotVouched {
    NotVouched::Withheld { zh: error.zh(), en: error.to_string() }
}
