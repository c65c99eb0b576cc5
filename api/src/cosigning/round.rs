//! Rounds: one head at a time is put before all witnesses, until enough have cosigned it or it has grown old.
//!
//! ```text
//! a new round  where the head before has its quorum, or is older than ROUND, and there is a newer one
//! a witness    is asked for the head of the round unless it is busy, has cosigned it, or waits after a failure
//! ```

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ledger::Heads;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use verifier::log::add_checkpoint::AddCheckpoint;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::TreeSize;

use super::alarm::{Alarm, prove};
use super::client::{Answered, WitnessClient};
use super::startup::{Seen, against};
use super::{CosigningOptions, CosigningState, UNWITNESSED, WitnessState};

/// How long a head is put before the witnesses while there is a newer one. With [`PATIENCE`] well below the five minutes that
/// a replay witness allows between an entry and a cosignature that does not cover it.
const ROUND: Duration = Duration::from_mins(1);
/// How long a witness may take to answer: a replay witness reads what is new first.
const PATIENCE: Duration = Duration::from_secs(30);
/// The shortest and the longest wait before a witness that failed is asked again.
const WAIT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// Alarms that are kept.
const ALARMS: usize = 100;

/// A witness as the rounds see it.
struct Peer {
    client: Arc<WitnessClient>,
    /// The size it cosigned last, as far as is known.
    size: TreeSize,
    busy: bool,
    wait: Duration,
    /// When it may be asked again.
    next: Instant,
    state: WitnessState,
}

/// What is put before the witnesses.
struct Target {
    head: SignedCheckpoint,
    /// The cosignatures on it so far, without newlines.
    lines: Vec<String>,
    since: Instant,
    published: bool,
}

/// What came of a question: which witness, the head asked for, the answer and what it says against the ledger.
struct Came {
    at: usize,
    head: SignedCheckpoint,
    outcome: Outcome,
}

enum Outcome {
    Cosigned {
        lines: Vec<String>,
        time: u64,
    },
    /// It has another size, from which consistency can be proven.
    Elsewhere(TreeSize),
    Failed(String),
    Alarm(Alarm),
}

/// The task that gathers cosignatures.
pub(super) struct Rounds {
    heads: Heads,
    options: Arc<CosigningOptions>,
    peers: Vec<Peer>,
    target: Target,
    /// Since when a head waits to be published.
    waiting: Option<Instant>,
    published: watch::Sender<Option<SignedCheckpoint>>,
    state: watch::Sender<CosigningState>,
    alarms: Vec<Alarm>,
    asked: JoinSet<Came>,
}

impl Rounds {
    pub(super) fn new(
        heads: Heads,
        clients: Vec<Arc<WitnessClient>>,
        seen: Vec<Seen>,
        options: CosigningOptions,
        published: watch::Sender<Option<SignedCheckpoint>>,
        state: watch::Sender<CosigningState>,
    ) -> Self {
        let now = Instant::now();
        let mut alarms = Vec::new();
        let peer = |(client, seen): (Arc<WitnessClient>, Seen)| {
            let silenced = seen.alarm.is_some();
            let error = seen.error.or_else(|| seen.alarm.as_ref().map(Alarm::text));
            alarms.extend(seen.alarm);
            let (name, url, size) = (client.name.clone(), client.url.clone(), seen.size.0);
            let state = WitnessState { name, url, size, cosigned_at: None, error, silenced };
            Peer { client, size: seen.size, busy: false, wait: WAIT.0, next: now, state }
        };
        let peers = clients.into_iter().zip(seen).map(peer).collect();
        let target = Target { head: heads.newest(), lines: Vec::new(), since: now, published: false };
        let options = Arc::new(options);
        Self { heads, options, peers, target, waiting: Some(now), published, state, alarms, asked: JoinSet::new() }
    }

    /// Works until told to stop, or the ledger is closed.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut changed = self.heads.clone();
        // What was kept of an earlier run counts.
        self.begin(self.heads.newest()).await;
        loop {
            self.turn().await;
            self.tell();
            let deadline = self.deadline();
            tokio::select! {
                _ = &mut stop => return,
                head = changed.changed() => match head {
                    Ok(_) => self.waiting = self.waiting.or(Some(Instant::now())),
                    Err(_) => return,
                },
                Some(came) = self.asked.join_next() => match came {
                    Ok(came) => self.take(came).await,
                    Err(error) => tracing::error!(%error, "a question to a witness"),
                },
                () = sleep_until(deadline) => {}
            }
        }
    }

    /// Begins a round if it is time, publishes what has waited too long, and asks whoever can be asked.
    async fn turn(&mut self) {
        let newest = self.heads.newest();
        let newer = newest.checkpoint.size > self.target.head.checkpoint.size;
        if newer && (self.target.published || self.target.since.elapsed() >= ROUND) {
            self.begin(newest).await;
        }
        self.publish_unwitnessed().await;
        let cosigned = self.cosigned();
        for (at, has) in cosigned.into_iter().enumerate() {
            let peer = &self.peers[at];
            if !has && !peer.busy && !peer.state.silenced && peer.next <= Instant::now() {
                self.ask(at);
            }
        }
    }

    async fn begin(&mut self, head: SignedCheckpoint) {
        let size = head.checkpoint.size;
        // A head met again after a restart has the lines that were kept.
        let kept = self.heads.checkpoint(size).await.ok().flatten();
        let head = kept.filter(|note| self.options.policy.cosigned(note).is_ok()).unwrap_or(head);
        self.target = Target { head, lines: Vec::new(), since: Instant::now(), published: false };
        self.publish_if_enough();
    }

    /// For every witness that is asked, whether its line stands on the head of the round.
    fn cosigned(&self) -> Vec<bool> {
        let policy = &self.options.policy;
        let Ok(cosigned) = policy.cosigned(&self.note()) else { return vec![false; self.peers.len()] };
        let has = |peer: &Peer| {
            let mut known = policy.witnesses().iter().zip(cosigned.timestamps());
            known.any(|(witness, times)| witness.name == peer.state.name && !times.is_empty())
        };
        self.peers.iter().map(has).collect()
    }

    fn ask(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        peer.busy = true;
        let (heads, options, client) = (self.heads.clone(), self.options.clone(), peer.client.clone());
        let (old, head) = (peer.size, self.target.head.clone());
        self.asked.spawn(async move {
            let outcome = question(&heads, &options, &client, old, &head).await;
            Came { at, head, outcome }
        });
    }

    async fn take(&mut self, Came { at, head, outcome }: Came) {
        let size = head.checkpoint.size;
        let peer = &mut self.peers[at];
        peer.busy = false;
        match outcome {
            Outcome::Cosigned { lines, time } => {
                (peer.size, peer.wait, peer.next) = (size, WAIT.0, Instant::now());
                (peer.state.size, peer.state.cosigned_at, peer.state.error) = (size.0, Some(time), None);
                if !self.keep(&head, lines).await {
                    self.peers[at].next = Instant::now() + WAIT.1;
                }
            }
            Outcome::Elsewhere(size) => {
                // Asked again at once, but not for ever: the next failure waits.
                let again = if peer.wait == WAIT.0 { Duration::ZERO } else { peer.wait };
                (peer.size, peer.state.size, peer.next) = (size, size.0, Instant::now() + again);
                peer.wait = (peer.wait * 2).min(WAIT.1);
            }
            Outcome::Failed(error) => {
                tracing::warn!(witness = %peer.state.name, size = size.0, %error, "not cosigned");
                peer.state.error = Some(error);
                peer.next = Instant::now() + peer.wait;
                peer.wait = (peer.wait * 2).min(WAIT.1);
            }
            Outcome::Alarm(alarm) => self.alarm(at, alarm),
        }
    }

    fn alarm(&mut self, at: usize, alarm: Alarm) {
        tracing::error!(alarm = %alarm.en(), "a witness contradicts this ledger");
        if alarm.is_proven() {
            self.heads.stop_signing(alarm.text());
        }
        let state = &mut self.peers[at].state;
        (state.silenced, state.error) = (true, Some(alarm.text()));
        if self.alarms.len() < ALARMS {
            self.alarms.push(alarm);
        }
    }

    /// Keeps lines for their checkpoint; those on the head of the round may make it enough. Whether they are kept.
    async fn keep(&mut self, head: &SignedCheckpoint, lines: Vec<String>) -> bool {
        let size = head.checkpoint.size;
        if let Err(error) = self.heads.keep_cosignatures(size, lines.clone()).await {
            // Not kept is not published: it would be gone after a restart.
            tracing::error!(%error, size = size.0, "cosignatures are not kept");
            return false;
        }
        if size == self.target.head.checkpoint.size {
            self.target.lines.extend(lines);
            self.publish_if_enough();
        }
        true
    }

    /// The head of the round with the cosignatures on it.
    fn note(&self) -> SignedCheckpoint {
        let mut text = self.target.head.format();
        for line in &self.target.lines {
            text += line;
            text.push('\n');
        }
        // A note of more lines than a note may have stays as it was.
        SignedCheckpoint::parse(&text).unwrap_or_else(|_| self.target.head.clone())
    }

    fn publish_if_enough(&mut self) {
        let note = self.note();
        if self.options.policy.check(&note).is_ok() {
            self.publish(note);
        }
    }

    fn publish(&mut self, note: SignedCheckpoint) {
        let size = note.checkpoint.size;
        // With an alarm that is proven nothing more is said.
        if self.alarms.iter().any(Alarm::is_proven) {
            return;
        }
        let grown = |published: &mut Option<SignedCheckpoint>| {
            let is = published.as_ref().is_none_or(|published| published.checkpoint.size <= size);
            if is {
                *published = Some(note);
            }
            is
        };
        self.published.send_if_modified(grown);
        self.target.published = true;
        self.waiting = (self.heads.newest().checkpoint.size > size).then(Instant::now);
    }

    /// Publishes the newest head without its quorum where that has been asked for and it has waited long enough.
    async fn publish_unwitnessed(&mut self) {
        let (Some(patience), Some(since)) = (self.options.publish_without_quorum_after, self.waiting) else { return };
        if since.elapsed() < patience || self.target.published {
            return;
        }
        let newest = self.heads.newest();
        if newest.checkpoint.size > self.target.head.checkpoint.size {
            self.begin(newest).await;
            if self.target.published {
                return;
            }
        }
        let note = self.note();
        if let Err(error) = write(&self.options.dir.join(UNWITNESSED), &note) {
            tracing::error!(%error, "a head is not published, for it could not be written down");
            self.waiting = Some(Instant::now());
            return;
        }
        tracing::warn!(size = note.checkpoint.size.0, "published without its quorum");
        self.publish(note);
    }

    /// When something is due without anything happening.
    fn deadline(&self) -> Instant {
        let now = Instant::now();
        let asking = self.peers.iter().filter(|peer| !peer.busy && !peer.state.silenced);
        let unwitnessed = self.options.publish_without_quorum_after.zip(self.waiting);
        let due = asking.map(|peer| peer.next).chain([self.target.since + ROUND]);
        let due = due.chain(unwitnessed.map(|(patience, since)| since + patience)).filter(|due| *due > now);
        due.min().unwrap_or(now + WAIT.1).min(now + WAIT.1)
    }

    /// Says how it stands.
    pub(super) fn tell(&self) {
        let published = self.published.borrow().clone();
        let quorum = published.as_ref().is_some_and(|note| self.options.policy.check(note).is_ok());
        let state = CosigningState {
            newest: self.heads.newest().checkpoint.size.0,
            published: published.map(|note| note.checkpoint.size.0),
            quorum,
            waiting_seconds: self.waiting.map_or(0, |since| since.elapsed().as_secs()),
            witnesses: self.peers.iter().map(|peer| peer.state.clone()).collect(),
            alarms: self.alarms.clone(),
        };
        self.state.send_if_modified(|told| {
            let is = *told != state;
            if is {
                *told = state;
            }
            is
        });
    }
}

/// Asks one witness for one head, and makes sense of what it says.
async fn question(
    heads: &Heads,
    options: &CosigningOptions,
    client: &Arc<WitnessClient>,
    old: TreeSize,
    head: &SignedCheckpoint,
) -> Outcome {
    let size = head.checkpoint.size;
    let proof = match prove(heads.reader(), old.min(size), head).await {
        Ok(Some(proof)) => proof,
        Ok(None) => return Outcome::Failed(format!("it cosigned {old}, this head has {size}")),
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let request = AddCheckpoint { old: old.min(size), proof, checkpoint: head.clone() };
    let answer = match client.submit(request, PATIENCE).await {
        Ok(Answered::Cosigned { lines, time }) => return Outcome::Cosigned { lines, time },
        Ok(Answered::Refused { status, said }) => return Outcome::Failed(format!("{status}: {said}")),
        // Of a size that this ledger has, and not the one it was asked from.
        Ok(Answered::Conflict { size: other }) if other != old && other <= heads.newest().checkpoint.size => {
            return Outcome::Elsewhere(other);
        }
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    match against(heads, client, head, &answer, options).await {
        Ok(Some(alarm)) => Outcome::Alarm(alarm),
        Ok(None) => Outcome::Failed(format!("{answer:?}")),
        Err(failure) => Outcome::Failed(failure.message),
    }
}

/// Writes a note in one step, durably.
fn write(path: &Path, note: &SignedCheckpoint) -> Result<(), String> {
    crate::output::write(path, note.format().as_bytes()).map_err(|failure| failure.message)
}
