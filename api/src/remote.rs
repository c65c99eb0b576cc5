//! A ledger behind a URL: what is signed here is posted there. Keys never leave this machine.
//!
//! Whatever is posted may be posted again: the same statement gets its old answer. So a broken connection, a busy server and
//! an answer that was lost are all met by asking again.

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

use http::StatusCode;
use ledger::{Recorded, SignedStatement};
use serde::Deserialize;
use ureq::{Agent, Body, SendBody};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;

use crate::failure::Failure;
use crate::language::{Language, current};
use crate::output::plain;

/// Tries of one request.
const TRIES: u32 = 8;
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The longest answer that is read, in bytes: an entry with its disclosures, twice over.
const MAX_ANSWER: u64 = 64 << 20;

/// A ledger served over HTTP.
#[derive(Clone)]
pub(crate) struct Remote {
    agent: Agent,
    url: String,
    origin: String,
}

/// What became of a statement there.
#[derive(Debug)]
pub(crate) enum Posted {
    /// It has an entry.
    Recorded {
        /// The entry.
        index: LeafIndex,
        /// Whether it was recorded just now.
        new: bool,
        /// Of an erasure: whether erased bytes are still in a file there.
        is_pending: bool,
    },
    /// It is refused.
    Refused {
        /// The entry that has its id, if that is why.
        conflict: Option<LeafIndex>,
        /// Why.
        failure: Failure,
    },
}

#[derive(Deserialize)]
struct RecordedThere {
    index: u64,
    new: bool,
    erased: Option<String>,
}

#[derive(Deserialize)]
struct ProblemThere {
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail_zh: String,
    #[serde(default)]
    detail_en: String,
    #[serde(default)]
    action_zh: String,
    #[serde(default)]
    action_en: String,
    index: Option<u64>,
}

#[derive(Deserialize)]
struct EntryThere {
    entry: String,
    disclosures: Vec<String>,
}

#[derive(Deserialize)]
struct FoundThere {
    notices: Vec<FoundNotice>,
}

#[derive(Deserialize)]
struct FoundNotice {
    index: u64,
    publisher: String,
}

impl Remote {
    /// Reaches a ledger and learns its origin.
    ///
    /// # Errors
    /// The address is none of http(s), or no ledger answers there.
    pub(crate) fn open(url: &str) -> Result<Self, Failure> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Failure::said(
                format_args!("`{url}` 不是 http(s) 地址"),
                format_args!("`{url}` is no http(s) address"),
            ));
        }
        let config = Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_mins(2)))
            .timeout_recv_body(Some(Duration::from_mins(2)))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("mingzhang/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(64)
            .max_idle_connections(64);
        let mut remote = Self {
            agent: config.build().new_agent(),
            url: url.trim_end_matches('/').to_owned(),
            origin: String::new(),
        };
        let note = SignedCheckpoint::parse(&remote.text("/checkpoint")?).map_err(|error| {
            Failure::said(
                format_args!("{url} 处没有账本：/checkpoint 不是检查点（{error}）"),
                format_args!("there is no ledger at {url}: /checkpoint is no checkpoint ({error})"),
            )
        })?;
        remote.origin = note.checkpoint.origin;
        Ok(remote)
    }

    /// The log's origin, as the server says; a statement signed for it is worth nothing to another ledger.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Posts a statement until it is answered.
    ///
    /// # Errors
    /// The server could not be reached or could not record; trying again later is safe.
    pub(crate) fn submit(&self, statement: &SignedStatement) -> Result<Posted, Failure> {
        let mut compact = format!("{}~", statement.jwt);
        for disclosure in &statement.disclosures {
            compact.push_str(disclosure);
            compact.push('~');
        }
        let (status, text) = self.ask(|| {
            let request = self.agent.post(format!("{}/api/v1/notices", self.url));
            request.header("Content-Type", "application/sd-jwt").send(&compact)
        })?;
        if status.is_success() {
            let RecordedThere { index, new, erased } = self.read_json(&text)?;
            let is_pending = erased.as_deref() == Some("pending");
            return Ok(Posted::Recorded { index: LeafIndex(index), new, is_pending });
        }
        let problem = self.problem(status, &text);
        let conflict = problem.index.filter(|_| problem.code == "conflict").map(LeafIndex);
        Ok(Posted::Refused { conflict, failure: said(&problem) })
    }

    /// An entry and what is disclosed beside it.
    ///
    /// # Errors
    /// The server could not be reached.
    pub(crate) fn entry(&self, index: LeafIndex) -> Result<Option<Recorded>, Failure> {
        let (status, text) = self.get(&format!("/api/v1/notices/{index}"))?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let EntryThere { entry, disclosures } = self.read_json(&self.expect(status, text)?)?;
        Ok(Some(Recorded { entry, disclosures }))
    }

    /// The receipt of an entry.
    ///
    /// # Errors
    /// The server could not be reached.
    pub(crate) fn receipt(&self, index: LeafIndex) -> Result<String, Failure> {
        self.text(&format!("/api/v1/notices/{index}/receipt"))
    }

    /// The notices with this id: index and publisher.
    ///
    /// # Errors
    /// The server could not be reached.
    pub(crate) fn find_notice(&self, notice_id: &str) -> Result<Vec<(LeafIndex, String)>, Failure> {
        let query = serde_urlencoded::to_string([("notice_id", notice_id)]).map_err(Failure::operational)?;
        let FoundThere { notices } = self.read_json(&self.text(&format!("/api/v1/notices?{query}"))?)?;
        Ok(notices.into_iter().map(|found| (LeafIndex(found.index), found.publisher)).collect())
    }

    /// Brings an attachment that the notice at an index names.
    ///
    /// # Errors
    /// The file cannot be read, the server could not be reached or refuses it.
    pub(crate) fn bring(&self, path: &Path, sha256: &str, notice: LeafIndex) -> Result<(), Failure> {
        let size = std::fs::metadata(path).map_err(|error| Failure::file(path, &error))?.len();
        let url = format!("{}/attachments/{sha256}?notice={notice}", self.url);
        let (status, text) = self.ask(|| {
            let file = File::open(path)?;
            let request = self.agent.put(&url).header("Content-Type", "application/octet-stream");
            request.header("Content-Length", size.to_string()).send(SendBody::from_owned_reader(file))
        })?;
        if status.is_success() { Ok(()) } else { Err(said(&self.problem(status, &text))) }
    }

    fn get(&self, path: &str) -> Result<(StatusCode, String), Failure> {
        self.ask(|| self.agent.get(format!("{}{path}", self.url)).call())
    }

    fn text(&self, path: &str) -> Result<String, Failure> {
        let (status, text) = self.get(path)?;
        self.expect(status, text)
    }

    fn expect(&self, status: StatusCode, text: String) -> Result<String, Failure> {
        if status == StatusCode::OK { Ok(text) } else { Err(said(&self.problem(status, &text))) }
    }

    /// Asks until there is an answer that asking again would not change.
    fn ask(
        &self,
        send: impl Fn() -> Result<http::Response<Body>, ureq::Error>,
    ) -> Result<(StatusCode, String), Failure> {
        let mut wait = Duration::from_millis(250);
        for tries in 1.. {
            let (error, asked_to_wait) = match send().and_then(read) {
                Ok((status, _, asked)) if is_momentary(status) && tries < TRIES => (status.to_string(), asked),
                Ok((status, text, _)) => return Ok((status, text)),
                Err(error) => (error.to_string(), None),
            };
            if tries >= TRIES {
                return Err(Failure::operational(format_args!("{}: {}", self.url, plain(&error))));
            }
            thread::sleep(asked_to_wait.unwrap_or(wait).min(LONGEST_WAIT));
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        unreachable!("the loop ends by returning")
    }

    fn read_json<T: for<'a> Deserialize<'a>>(&self, text: &str) -> Result<T, Failure> {
        serde_json::from_str(text).map_err(|error| Failure::operational(format_args!("{}: {error}", self.url)))
    }

    fn problem(&self, status: StatusCode, text: &str) -> ProblemThere {
        serde_json::from_str(text).unwrap_or_else(|_| ProblemThere {
            code: status.as_u16().to_string(),
            detail_zh: format!("{} 答复 {status}", self.url),
            detail_en: format!("{} answers {status}", self.url),
            action_zh: String::new(),
            action_en: String::new(),
            index: None,
        })
    }
}

/// 429, 503 and the gateway's own troubles pass.
fn is_momentary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

fn read(mut response: http::Response<Body>) -> Result<(StatusCode, String, Option<Duration>), ureq::Error> {
    let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let status = response.status();
    let text = response.body_mut().with_config().limit(MAX_ANSWER).read_to_string()?;
    Ok((status, text, asked.map(Duration::from_secs)))
}

/// A problem as a failure: what the client did is refused (1), the server could not (2).
fn said(problem: &ProblemThere) -> Failure {
    let (detail, action) = match current() {
        Language::Zh => (&problem.detail_zh, &problem.action_zh),
        Language::En => (&problem.detail_en, &problem.action_en),
    };
    let message = if action.is_empty() { detail.clone() } else { format!("{detail} ({action})") };
    let is_theirs =
        matches!(problem.code.as_str(), "internal" | "busy" | "not-recorded" | "outcome-unknown" | "not-ready");
    if is_theirs || problem.code.starts_with('5') { Failure::operational(message) } else { Failure::refused(message) }
}
