//! The ledger over HTTP.
//!
//! ```text
//! connection   accepts, limits, stops
//!   exchange   one request: resource, method, HEAD, CORS; one answer: validator, encoding, problem, measurement
//!     routes   warp: which handler
//!       portal                                                    pages for people
//!       log_routes notices lists projects registers attachments events feed health     the handlers
//! ```
//!
//! A handler gives an [`Answer`] or a [`Problem`] and knows nothing of the rest.

pub(crate) mod answer;
pub(crate) mod attachments;
pub(crate) mod body;
pub(crate) mod cache;
pub(crate) mod connection;
mod drafts;
mod encoding;
pub(crate) mod entry_view;
mod events;
pub(crate) mod exchange;
mod feed;
mod health;
pub(crate) mod limits;
mod lingering;
pub(crate) mod lists;
mod log_routes;
mod measurements;
pub(crate) mod notices;
mod openapi;
pub(crate) mod parameters;
pub(crate) mod problem;
mod problem_pages;
pub(crate) mod projects;
mod receipts;
pub(crate) mod registers;
pub(crate) mod statistics;
pub(crate) mod turns;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ledger::index::Index;
use ledger::{Ledger, LedgerError, Reader};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, watch};
use verifier::log::checkpoint::Checkpoint;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::record::entry::Entry;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

use self::answer::Answer;
use self::cache::Memory;
use self::health::Readiness;
use self::limits::Limits;
use self::measurements::Measurements;
use self::openapi::Resources;
use self::problem::{Code, Problem};
use self::receipts::Receipts;
use self::turns::{Denied, Turn, Turns};
use crate::cosigning::Cosigning;
use crate::portal;

/// How long a head may take from the database to the guard before a reader is sent away.
const TO_THE_GUARD: Duration = Duration::from_secs(10);

/// What every handler can reach.
pub(crate) struct Site {
    pub(crate) ledger: Ledger,
    pub(crate) index: Index,
    pub(crate) dir: PathBuf,
    pub(crate) limits: Limits,
    /// Where the server is reached from outside, without a final slash; empty if that was not said.
    pub(crate) public_url: String,
    pub(crate) measurements: Measurements,
    /// What is published once witnesses have cosigned it; none: everything at once.
    pub(crate) cosigning: Option<Cosigning>,
    /// The trust policy that readers are offered, as its file stands; empty if there is none.
    pub(crate) policy_file: Bytes,
    receipts: Receipts,
    description: Bytes,
    resources: Resources,
    /// The path of the public URL, without a final slash: where this server's root is for whoever comes through a proxy.
    base_path: String,
    memory: Memory,
    /// Raised by whatever may change what an entry's view shows.
    generation: AtomicU64,
    connections: Arc<Turns>,
    writes: Arc<Turns>,
    streams: Arc<Turns>,
    /// Whether the server is stopping: whatever would go on without end ends.
    pub(crate) stopping: watch::Sender<bool>,
    /// Questions that read all of a table: one at a time.
    scans: Semaphore,
    readiness: Readiness,
    /// When the newest checkpoint was signed, in milliseconds since the Unix epoch.
    signed_at: AtomicU64,
    /// The notices of which erased bytes are still in a file.
    pub(crate) erasures_pending: Mutex<BTreeSet<LeafIndex>>,
}

/// Who asks: the peer, or whom a trusted proxy names. Nobody if it is a proxy that names nobody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(Option<IpAddr>);

impl Site {
    /// A site of a ledger.
    pub(crate) async fn open(
        ledger: Ledger,
        dir: PathBuf,
        limits: Limits,
        public_url: String,
        cosigning: Option<Cosigning>,
    ) -> Result<Self, SiteError> {
        let description = openapi::describe(&public_url);
        let index = ledger.open_index().await?;
        index.begin(ledger.published().checkpoint.size.0).await?;
        let newest = ledger.entry(LeafIndex(ledger.published().checkpoint.size.0.saturating_sub(1))).await?;
        let signed_at = newest.and_then(|newest| Entry::parse(&newest.entry).ok().map(|entry| entry.time.0));
        Ok(Self {
            resources: Resources::of(&description),
            description: answer::json_bytes(&description),
            base_path: base_path(&public_url),
            memory: Memory::new(limits.cache_bytes),
            generation: AtomicU64::new(0),
            connections: Turns::new(limits.connections, limits.connections_per_address),
            writes: Turns::new(limits.writes, limits.writes_per_address),
            streams: Turns::new(limits.streams, limits.streams_per_address),
            stopping: watch::Sender::new(false),
            scans: Semaphore::new(1),
            readiness: Readiness::default(),
            signed_at: AtomicU64::new(signed_at.unwrap_or_default()),
            erasures_pending: Mutex::default(),
            measurements: Measurements::start()?,
            policy_file: Bytes::new(),
            cosigning,
            receipts: Receipts::start(Reader::clone(&ledger)),
            index,
            ledger,
            dir,
            limits,
            public_url,
        })
    }

    /// The same site, which offers its readers this trust policy.
    pub(crate) fn with_policy(self, file: Vec<u8>) -> Self {
        Self { policy_file: file.into(), ..self }
    }

    /// Entries of the published head; nothing before witnesses have cosigned the first.
    pub(crate) fn published_size(&self) -> Option<TreeSize> {
        self.published_head().map(|head| head.size)
    }

    /// The published head; none before witnesses have cosigned the first.
    pub(crate) fn published_head(&self) -> Option<Checkpoint> {
        match &self.cosigning {
            Some(cosigning) => cosigning.published().map(|note| note.checkpoint),
            None => Some(self.ledger.published().checkpoint),
        }
    }

    /// What addresses on this server begin with, as browsers write them.
    pub(crate) fn base_path(&self) -> &str {
        &self.base_path
    }

    /// When the newest checkpoint was signed, in milliseconds since the Unix epoch.
    pub(crate) fn signed_at(&self) -> u64 {
        self.signed_at.load(Ordering::Acquire)
    }

    /// Notes that a checkpoint was signed just now.
    pub(crate) fn note_checkpoint(&self) {
        self.signed_at.store(now_ms(), Ordering::Release);
    }

    /// How long ago the newest checkpoint was signed.
    pub(crate) fn checkpoint_age(&self) -> Duration {
        Duration::from_millis(now_ms().saturating_sub(self.signed_at()))
    }

    /// A turn to write something.
    pub(crate) fn take_write(&self, client: Client) -> Result<Turn, Problem> {
        self.writes.take(client.0).map_err(|denied| match denied {
            Denied::All => Problem::of(Code::Busy).retry_after(1),
            Denied::Address => Problem::of(Code::TooMany).retry_after(1),
        })
    }

    /// Waits until a head read from the database may leave.
    async fn until_published(&self, size: TreeSize) -> Result<(), Problem> {
        match tokio::time::timeout(TO_THE_GUARD, self.ledger.until_published(size)).await {
            Ok(published) => Ok(published?),
            Err(_) => Err(Problem::of(Code::NotReady).retry_after(10)),
        }
    }
}

/// Why there is no site.
#[derive(Debug)]
pub(crate) enum SiteError {
    Ledger(LedgerError),
    Measurements(metrics_exporter_prometheus::BuildError),
}

impl From<LedgerError> for SiteError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<metrics_exporter_prometheus::BuildError> for SiteError {
    fn from(error: metrics_exporter_prometheus::BuildError) -> Self {
        Self::Measurements(error)
    }
}

/// The path of a URL, without a final slash.
fn base_path(url: &str) -> String {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.split_once('/').map_or_else(String::new, |(_, path)| format!("/{}", path.trim_end_matches('/')))
}

/// Now, in milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The parameters of a query; an unknown one is refused by name, so that a misspelt one does not vanish.
pub(crate) fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    serde_urlencoded::from_str(text).map_err(|error| {
        Problem::new(Code::BadRequest, format!("查询参数：{error}"), format!("query parameters: {error}"))
    })
}

/// A problem goes through warp as an answer does, and is put into the reader's language on the way out.
impl Reply for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[allow(clippy::unused_async)] // for `then`
pub(crate) async fn reply(result: Result<Answer, Problem>) -> Response {
    match result {
        Ok(answer) => answer.into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// Which handler answers what. Methods and paths that are not described never come here.
fn routes(site: &Arc<Site>) -> BoxedFilter<(Response,)> {
    let folder = site.dir.join(ledger::ATTACHMENTS);
    let shared = Arc::clone(site);
    let site = warp::any().map(move || Arc::clone(&shared));
    let text = warp::query::raw().or(warp::any().map(String::new)).unify();
    let client = warp::ext::get::<Client>();
    let headers = warp::header::headers_cloned();
    let tail = warp::path::tail;
    let end = warp::path::end;
    let api = warp::path("api").and(warp::path("v1"));
    let notices = api.and(warp::path("notices"));
    let index = warp::path::param::<String>;

    let log = warp::path("checkpoint").and(end()).and(site.clone()).then(log_routes::checkpoint).then(reply);
    let log = log.or(warp::path("tile").and(tail()).and(site.clone()).then(log_routes::tile).then(reply)).unify();
    let disclosures = warp::path("disclosures").and(tail()).and(site.clone()).then(log_routes::disclosures).then(reply);
    let checkpoints = warp::path("checkpoints").and(index()).and(end()).and(site.clone());
    let policy = warp::path("policy.txt").and(end()).and(site.clone()).then(log_routes::policy).then(reply);
    let log = log
        .or(policy)
        .unify()
        .or(disclosures)
        .unify()
        .or(checkpoints.then(log_routes::published).then(reply))
        .unify()
        .boxed();

    let read = notices.and(index()).and(end()).and(site.clone()).then(notices::read).then(reply);
    let receipt = notices.and(index()).and(warp::path("receipt")).and(end()).and(site.clone());
    let record = notices.and(end()).and(warp::post()).and(client).and(headers).and(warp::body::stream());
    let draft = api.and(warp::path("drafts")).and(end()).and(warp::post()).and(client).and(headers);
    let draft = draft.and(warp::body::stream()).and(site.clone()).then(drafts::advise).then(reply);
    let list = notices.and(end()).and(warp::get()).and(text).and(site.clone());
    let notices = read.or(receipt.then(notices::receipt).then(reply)).unify();
    let notices = notices.or(record.and(site.clone()).then(notices::record).then(reply)).unify();
    let notices = notices.or(list.then(lists::notices).then(reply)).unify().or(draft).unify().boxed();

    let projects = api.and(warp::path("projects")).and(tail()).and(text).and(site.clone());
    let list = api.and(warp::path("projects")).and(end()).and(text).and(site.clone());
    let list = list.then(lists::projects).then(reply);
    let projects = list.or(projects.then(projects::project).then(reply)).unify().boxed();

    let register = |name: &'static str| api.and(warp::path(name)).and(end()).and(site.clone());
    let consistency = api.and(warp::path("proof")).and(warp::path("consistency")).and(end());
    let consistency = consistency.and(text).and(site.clone()).then(registers::consistency).then(reply);
    let registers = register("publishers").then(registers::publishers).then(reply);
    let registers = registers.or(register("rulebooks").then(registers::rulebooks).then(reply)).unify();
    let registers = registers.or(register("calendars").then(registers::calendars).then(reply)).unify();
    let registers = registers.or(register("stats").then(registers::stats).then(reply)).unify();
    let registers = registers.or(consistency).unify();
    let figures = || api.and(warp::path("statistics"));
    let table = figures().and(index()).and(end()).and(text).and(site.clone());
    let registers = registers.or(table.then(statistics::table).then(reply)).unify();
    let whole = figures().and(end()).and(text).and(site.clone()).then(statistics::statistics).then(reply);
    let registers = registers.or(whole).unify().boxed();

    let pages = portal::routes();
    let attachments = attachment_routes(&site, &text, folder);
    let top = |name: &'static str| warp::path(name).and(end());
    let operation = top("healthz").and(site.clone()).then(health::live).then(reply);
    let operation = operation.or(top("readyz").and(site.clone()).then(health::ready).then(reply)).unify();
    let operation = operation.or(top("metrics").and(site.clone()).then(health::metrics).then(reply)).unify();
    let description = top("openapi.json").and(site.clone()).then(openapi::description).then(reply);
    let problems = warp::path("problems").and(index()).and(end()).then(problem_pages::page).then(reply);
    let operation = operation.or(description).unify().or(problems).unify().boxed();

    let feed = top("feed.atom").and(text).and(site.clone()).then(feed::feed).then(reply);
    let events = top("events").and(client).and(headers).and(text).and(site).then(events::events);
    let news = feed.or(events).unify().boxed();

    let all = log.or(notices).unify().or(projects).unify().or(registers).unify();
    all.or(attachments).unify().or(operation).unify().or(news).unify().or(pages).unify().boxed()
}

fn attachment_routes(
    site: &(impl Filter<Extract = (Arc<Site>,), Error = std::convert::Infallible> + Clone + Send + Sync + 'static),
    text: &(impl Filter<Extract = (String,), Error = std::convert::Infallible> + Clone + Send + Sync + 'static),
    folder: PathBuf,
) -> BoxedFilter<(Response,)> {
    let attachment = || warp::path("attachments");
    // Checked before `dir` looks into the folder, which takes the name from the rest of the path.
    let is_name = warp::path::peek().and_then(async |rest: warp::path::Peek| {
        rest.as_str().parse::<attachments::Sha256Hex>().map(drop).map_err(|()| warp::reject::not_found())
    });
    let file = warp::fs::dir(folder).map(attachments::serve);
    let read = attachment().and(is_name).untuple_one().and(file);
    let bring = attachment().and(warp::path::param()).and(warp::path::end()).and(warp::put()).and(text.clone());
    let bring = bring.and(warp::ext::get::<Client>()).and(warp::header::headers_cloned()).and(warp::body::stream());
    let bring = bring.and(site.clone()).then(attachments::bring).then(reply);
    bring.or(read).unify().boxed()
}
