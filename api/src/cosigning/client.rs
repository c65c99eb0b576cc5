//! Asking one witness: what it has seen, and for its cosignature. Every answer has a limit in bytes and in time, and nothing is
//! believed that does not verify.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use verifier::log::add_checkpoint::{
    AddCheckpoint, MAX_ANSWER, PATH, SIZE_TYPE, monitor_path, parse_cosignatures, parse_size,
};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::cosignature::{Cosignature, cosignatures};
use verifier::log::index::TreeSize;
use verifier::log::note::{VerifierKey, signature_line};
use verifier::log::policy::WitnessEntry;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a witness may take to say what it has seen.
const SEEN: Duration = Duration::from_secs(10);
/// The longest text of a refusal that is passed on, in characters.
const SAID: usize = 300;

/// A witness of the policy that can be asked.
#[derive(Debug)]
pub(super) struct WitnessClient {
    /// Its name in the policy.
    pub(super) name: String,
    /// Its submission prefix, which is its monitoring prefix as well, without a final slash.
    pub(super) url: String,
    key: VerifierKey,
    agent: Agent,
}

/// What a witness answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answered {
    /// Its cosignature, verified: the lines without their newlines, and the newest time in seconds since the Unix epoch.
    Cosigned { lines: Vec<String>, time: u64 },
    /// It has cosigned another size.
    Conflict { size: TreeSize },
    /// It says that the checkpoint does not continue what it cosigned, or that it is false.
    Contradicted { said: String },
    /// It does not cosign, for now.
    Refused { status: u16, said: String },
}

/// Why a witness gave no answer that means anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The network failed.
    #[error("{error}")]
    Unreachable {
        /// How.
        error: String,
    },
    /// What it answered is not of the protocol, or does not verify.
    #[error("{what}")]
    Senseless {
        /// What is wrong with it.
        what: &'static str,
    },
}

impl WitnessClient {
    /// A witness that the policy gives an http(s) address for; nothing without one.
    pub(super) fn new(entry: &WitnessEntry) -> Option<Self> {
        let url = entry.url.as_deref()?.trim_end_matches('/').to_owned();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return None;
        }
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(SEEN))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("mingzhang/", env!("CARGO_PKG_VERSION")));
        Some(Self { name: entry.name.clone(), url, key: entry.key.clone(), agent: config.build().new_agent() })
    }

    /// Submits a checkpoint, and waits so long for the answer.
    pub(super) async fn submit(
        self: &Arc<Self>,
        request: AddCheckpoint,
        patience: Duration,
    ) -> Result<Answered, NoAnswer> {
        let client = self.clone();
        let asked = tokio::task::spawn_blocking(move || client.submit_now(&request, patience)).await;
        asked.unwrap_or(Err(NoAnswer::Senseless { what: "the question was abandoned" }))
    }

    /// The newest checkpoint of a log that it cosigned, with its cosignature verified; nothing if it does not say.
    pub(super) async fn seen(self: &Arc<Self>, origin: &str) -> Result<Option<SignedCheckpoint>, NoAnswer> {
        let (client, origin) = (self.clone(), origin.to_owned());
        let asked = tokio::task::spawn_blocking(move || client.seen_now(&origin)).await;
        asked.unwrap_or(Err(NoAnswer::Senseless { what: "the question was abandoned" }))
    }

    fn submit_now(&self, request: &AddCheckpoint, patience: Duration) -> Result<Answered, NoAnswer> {
        let call = self.agent.post(format!("{}/{PATH}", self.url)).content_type("text/plain; charset=utf-8");
        let call = call.config().timeout_global(Some(patience)).build();
        let mut response = call.send(request.format()).map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let sized = response.headers().get("content-type").is_some_and(|found| found == SIZE_TYPE);
        let body = read(&mut response)?;
        match status {
            200 => self.verified(&request.checkpoint, &body),
            409 if sized => match parse_size(&body) {
                Ok(size) => Ok(Answered::Conflict { size }),
                Err(_) => Err(NoAnswer::Senseless { what: "409 without the size it cosigned" }),
            },
            409 => Err(NoAnswer::Senseless { what: "409 that is not text/x.tlog.size" }),
            422 => Ok(Answered::Contradicted { said: said(&body) }),
            status => Ok(Answered::Refused { status, said: said(&body) }),
        }
    }

    /// The lines of its own key, if there are some and they verify; others are none of the policy's.
    fn verified(&self, checkpoint: &SignedCheckpoint, body: &str) -> Result<Answered, NoAnswer> {
        let lines = parse_cosignatures(body)
            .map_err(|_| NoAnswer::Senseless { what: "200 with something else than signature lines" })?;
        let mut times = Vec::new();
        let mut kept = Vec::new();
        for line in lines.iter().filter(|line| line.name == self.key.name() && line.key_id == self.key.key_id()) {
            let text = signature_line(&line.name, line.key_id, &line.signature);
            let note = SignedCheckpoint::parse(&format!("{}\n{text}", checkpoint.body()));
            let verifies = note.is_ok_and(|note| cosignatures(&note, &self.key).is_ok_and(|times| times.len() == 1));
            let time = Cosignature::parse(&line.signature).map(|signature| signature.timestamp).unwrap_or_default();
            if !verifies || time == 0 {
                return Err(NoAnswer::Senseless {
                    what: "a cosignature of its key that does not verify, or has no time",
                });
            }
            times.push(time);
            kept.push(text.trim_end().to_owned());
        }
        match times.iter().max() {
            Some(&time) => Ok(Answered::Cosigned { lines: kept, time }),
            None => Err(NoAnswer::Senseless { what: "200 without a line of the key the policy names" }),
        }
    }

    fn seen_now(&self, origin: &str) -> Result<Option<SignedCheckpoint>, NoAnswer> {
        let call = self.agent.get(format!("{}/{}", self.url, monitor_path(origin)));
        let mut response = call.call().map_err(|error| unreachable(&error))?;
        match response.status().as_u16() {
            200 => {}
            404 | 405 | 410 | 501 => return Ok(None),
            500.. => return Err(NoAnswer::Senseless { what: "it fails when asked what it has seen" }),
            _ => return Ok(None),
        }
        let note = SignedCheckpoint::parse(&read(&mut response)?)
            .map_err(|_| NoAnswer::Senseless { what: "what it has seen is no checkpoint" })?;
        let cosigned = cosignatures(&note, &self.key).is_ok_and(|times| !times.is_empty());
        if note.checkpoint.origin == origin && cosigned {
            Ok(Some(note))
        } else {
            Err(NoAnswer::Senseless { what: "what it has seen is of another log, or not cosigned by the policy's key" })
        }
    }
}

fn read(response: &mut Response<ureq::Body>) -> Result<String, NoAnswer> {
    let mut body = Vec::new();
    let limit = MAX_ANSWER as u64;
    let read = response.body_mut().as_reader().take(limit + 1).read_to_end(&mut body);
    read.map_err(|error| NoAnswer::Unreachable { error: error.to_string() })?;
    if body.len() > MAX_ANSWER {
        return Err(NoAnswer::Senseless { what: "an answer longer than any of the protocol" });
    }
    String::from_utf8(body).map_err(|_| NoAnswer::Senseless { what: "an answer that is not text" })
}

fn unreachable(error: &ureq::Error) -> NoAnswer {
    NoAnswer::Unreachable { error: error.to_string() }
}

/// The beginning of what it says, without what could steer a terminal or a log.
fn said(body: &str) -> String {
    crate::output::plain(body.trim()).chars().take(SAID).collect()
}
