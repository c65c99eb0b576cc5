//! Whether the server lives, and whether it can do its work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::LedgerError;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::Site;
use super::answer::{Answer, TEXT};
use super::cache::Cache;
use super::problem::{Code, Problem};
use crate::cosigning::{Cosigning, CosigningState};
use crate::explain::Say as _;
use crate::language::Language;

/// How long an answer to `/readyz` counts: it costs a look into two files.
const COUNTS: Duration = Duration::from_secs(1);
/// How long the writer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was last found, and when.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Result<(), NotReady>)>>);

/// Why the ledger cannot sign.
#[derive(Clone, Debug)]
struct NotReady {
    zh: String,
    en: String,
}

/// How it goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `live` or `ready`.
    status: &'static str,
    /// Entries of the newest checkpoint.
    size: u64,
    /// Seconds since it was signed.
    checkpoint_age_seconds: u64,
    /// Entries that lists, search and feeds know of.
    indexed: u64,
    /// How the witnesses stand, where they are asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    cosigning: Option<CosigningState>,
}

fn health(site: &Site, status: &'static str) -> Answer {
    let size = site.ledger.published().checkpoint.size.0;
    let cosigning = site.cosigning.as_ref().map(Cosigning::state);
    let checkpoint_age_seconds = site.checkpoint_age().as_secs();
    let indexed = site.index.progress().borrow().indexed;
    Answer::json(Cache::Never, &Health { status, size, checkpoint_age_seconds, indexed, cosigning })
}

/// The process lives
#[utoipa::path(get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "It answers", body = Health)))]
pub(crate) async fn live(site: Arc<Site>) -> Result<Answer, Problem> {
    Ok(health(&site, "live"))
}

/// The ledger can sign
///
/// The writer answers and the rollback guard agrees with the database.
#[utoipa::path(get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "It can", body = Health), (status = 503, description = "It cannot, and why", body = super::problem::ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn ready(site: Arc<Site>) -> Result<Answer, Problem> {
    let mut last = site.readiness.0.lock().await;
    let found = match last.as_ref().filter(|(at, _)| at.elapsed() < COUNTS) {
        Some((_, found)) => found.clone(),
        None => {
            let found = check(&site).await;
            *last = Some((Instant::now(), found.clone()));
            found
        }
    };
    drop(last);
    match found {
        Ok(()) => Ok(health(&site, "ready")),
        Err(NotReady { zh, en }) => Err(Problem::new(Code::NotReady, zh, en).retry_after(10)),
    }
}

async fn check(site: &Site) -> Result<(), NotReady> {
    let state = site.cosigning.as_ref().map(Cosigning::state).unwrap_or_default();
    if let Some(alarm) = state.alarms.iter().find(|alarm| alarm.is_proven()) {
        return Err(NotReady { zh: alarm.zh(), en: alarm.en() });
    }
    let checked = tokio::time::timeout(PATIENCE, site.ledger.check_writer()).await;
    let said = |error: LedgerError| {
        tracing::warn!(%error, "not ready");
        NotReady { zh: error.say(Language::Zh), en: error.say(Language::En) }
    };
    match checked {
        Ok(checked) => checked.map_err(said),
        Err(_) => {
            Err(NotReady { zh: "写入者迟迟没有答复".to_owned(), en: "the writer does not answer".to_owned() })
        }
    }
}

/// Measurements for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn metrics(site: Arc<Site>) -> Result<Answer, Problem> {
    Ok(Answer::new(TEXT, Cache::Never, site.measurements.render(&site)))
}
