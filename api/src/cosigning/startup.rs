//! Before anything is signed: what has each witness seen?
//!
//! First all are asked for the newest checkpoint they cosigned, which shows without doubt what this ledger's key has signed. Who
//! does not say is then asked to cosign the newest head, as if it had seen nothing: it answers with the size it has, or cosigns.
//! A witness that cannot be reached does not hold up the ledger: it cannot be part of a quorum either, and is asked again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use ledger::Heads;
use tokio::task::JoinSet;
use verifier::log::add_checkpoint::AddCheckpoint;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::TreeSize;

use super::CosigningOptions;
use super::alarm::{Alarm, judge, prove};
use super::client::{Answered, NoAnswer, WitnessClient};
use crate::failure::Failure;

/// What is known of a witness before the first round.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The size it cosigned last.
    pub(super) size: TreeSize,
    /// Why it is not known.
    pub(super) error: Option<String>,
    /// What it says against the ledger, which keeps nobody from signing but is never asked again.
    pub(super) alarm: Option<Alarm>,
}

impl Seen {
    fn nothing() -> Self {
        Self { size: TreeSize(0), error: None, alarm: None }
    }
}

/// How long a witness may take to say what it has seen, where it must be asked for a cosignature to learn it.
const PROBE: Duration = Duration::from_secs(5);

/// Asks all witnesses at once.
///
/// # Errors
/// One has seen more or other than the ledger holds, or the ledger cannot be read.
pub(super) async fn ask_all(
    heads: &Heads,
    clients: &[Arc<WitnessClient>],
    options: &CosigningOptions,
) -> Result<Vec<Seen>, Failure> {
    let head = heads.newest();
    let mut seen = vec![Seen::nothing(); clients.len()];
    let mut silent = Vec::new();
    for (at, shown) in ask(clients, &head).await {
        let name = &clients[at].name;
        match shown {
            Ok(Some(note)) => {
                let alarm = judge(heads.reader(), &options.policy, &options.dir, name, &note).await?;
                refuse(heads, alarm)?;
                // What this ledger's key did not sign is no view of it.
                let ours = options.policy.check_log(&note).is_ok();
                seen[at].size = if ours { note.checkpoint.size } else { TreeSize(0) };
            }
            Ok(None) => silent.push(at),
            Err(error) => {
                tracing::warn!(witness = %name, %error, "a witness does not say what it has seen");
                seen[at].error = Some(error.to_string());
            }
        }
    }
    let probes = silent.iter().map(|&at| probe(heads, &clients[at], &head, options));
    for (at, probed) in silent.iter().zip(join_all(probes).await) {
        seen[*at] = probed?;
    }
    Ok(seen)
}

async fn ask(
    clients: &[Arc<WitnessClient>],
    head: &SignedCheckpoint,
) -> Vec<(usize, Result<Option<SignedCheckpoint>, NoAnswer>)> {
    let mut asked = JoinSet::new();
    for (at, client) in clients.iter().cloned().enumerate() {
        let origin = head.checkpoint.origin.clone();
        asked.spawn(async move { (at, client.seen(&origin).await) });
    }
    asked.join_all().await
}

/// Asks a witness that does not show what it has seen to cosign the head: as if it had seen nothing, then from where it says it
/// is.
async fn probe(
    heads: &Heads,
    client: &Arc<WitnessClient>,
    head: &SignedCheckpoint,
    options: &CosigningOptions,
) -> Result<Seen, Failure> {
    let mut seen = Seen::nothing();
    for first in [true, false] {
        let Some(proof) = prove(heads.reader(), seen.size, head).await? else { break };
        let request = AddCheckpoint { old: seen.size, proof, checkpoint: head.clone() };
        let answer = match client.submit(request, PROBE).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Seen { error: Some(error.to_string()), ..seen }),
        };
        match answer {
            Answered::Cosigned { lines, .. } => {
                heads.keep_cosignatures(head.checkpoint.size, lines).await?;
                return Ok(Seen { size: head.checkpoint.size, ..seen });
            }
            Answered::Conflict { size } if first && size <= head.checkpoint.size => seen.size = size,
            Answered::Refused { status, said } => return Ok(Seen { error: Some(format!("{status}: {said}")), ..seen }),
            answer => {
                let alarm = against(heads, client, head, &answer, options).await?;
                // From nothing there is nothing to contradict: it has judged what the ledger says, not what it signed before.
                if first && matches!(answer, Answered::Contradicted { .. }) {
                    return Ok(Seen { alarm, ..seen });
                }
                refuse(heads, alarm)?;
                break;
            }
        }
    }
    Ok(seen)
}

/// What an answer to a proof that holds says against the ledger: proven if the witness shows it.
pub(super) async fn against(
    heads: &Heads,
    client: &Arc<WitnessClient>,
    head: &SignedCheckpoint,
    answer: &Answered,
    options: &CosigningOptions,
) -> Result<Option<Alarm>, Failure> {
    let witness = client.name.clone();
    let claimed = match answer {
        Answered::Conflict { size } if *size > heads.newest().checkpoint.size => {
            Alarm::Ahead { witness, size: size.0, ledger: heads.newest().checkpoint.size.0 }
        }
        Answered::Conflict { size } => {
            let said = format!("409 {size}");
            Alarm::Contradicted { witness, size: head.checkpoint.size.0, said }
        }
        Answered::Contradicted { said } => {
            Alarm::Contradicted { witness, size: head.checkpoint.size.0, said: said.clone() }
        }
        Answered::Cosigned { .. } | Answered::Refused { .. } => return Ok(None),
    };
    if let Ok(Some(note)) = client.seen(&head.checkpoint.origin).await {
        let proven = judge(heads.reader(), &options.policy, &options.dir, &client.name, &note).await?;
        return Ok(Some(proven.unwrap_or(claimed)));
    }
    Ok(Some(claimed))
}

/// At the start every alarm, proven or not, keeps the ledger from signing.
fn refuse(heads: &Heads, alarm: Option<Alarm>) -> Result<(), Failure> {
    let Some(alarm) = alarm else { return Ok(()) };
    tracing::error!(alarm = %alarm.en(), "a witness contradicts this ledger");
    heads.stop_signing(alarm.text());
    Err(Failure::refused(alarm.text()))
}
