//! Events: notices as they are recorded, as server-sent events (HTML, §9.2), resumable by `Last-Event-ID`.
//!
//! An event's id is its entry's index. A stream ends after a while and when the server stops; a client reconnects by itself and
//! goes on where it was.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use ledger::index::NoticeFilter;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use utoipa::ToSchema;
use verifier::log::index::LeafIndex;
use warp::Reply as _;
use warp::reply::Response;
use warp::sse::Event;

use super::lists::NoticeView;
use super::parameters::{SectorCode, StageCode, Wanted};
use super::problem::{Code, Problem};
use super::turns::{Denied, Turn};
use super::{Client, Site};

/// Silence after which a comment says that the stream is alive.
const SILENCE: Duration = Duration::from_secs(15);
/// Notices read at once.
const AT_ONCE: usize = 100;
/// Events that wait for a slow client; the rest waits in the index.
const WAITING: usize = 16;

/// An event of the stream.
#[derive(ToSchema)]
#[allow(dead_code)] // written by `warp::sse`
pub(crate) struct NoticeEvent {
    /// `notice`.
    event: String,
    /// The index of the entry: the `Last-Event-ID` to go on after it.
    id: String,
    /// What a list shows of the notice, as JSON.
    data: String,
}

/// Notices as they are recorded
///
/// One event `notice` a notice, oldest first: its id is the entry's index, its data what a list shows. Begins after
/// `Last-Event-ID` (or `after`), without either with what is recorded from now on. Takes the filters of `/api/v1/notices`
/// for sector, stage, region, publisher, project and words.
#[utoipa::path(get, path = "/events", tag = "notices",
    params(("Last-Event-ID" = Option<u64>, Header, description = "The index of the last event seen", maximum = 9_007_199_254_740_992_u64),
        ("after" = Option<u64>, Query, description = "The same, for clients that cannot set the header", maximum = 9_007_199_254_740_992_u64),
        ("seconds" = Option<u64>, Query, description = "How long the stream stays open", maximum = 300),
        ("sector" = Option<SectorCode>, Query, description = "The sector's code"),
        ("stage" = Option<StageCode>, Query, description = "The stage's code"),
        ("region" = Option<String>, Query, description = "2, 4 or 6 digits of GB/T 2260", pattern = "^([0-9]{2}){0,3}$"),
        ("publisher" = Option<String>, Query, description = "The publisher", pattern = "^[A-Za-z0-9._:-]{0,64}$"),
        ("project" = Option<String>, Query, description = "The project's id, as a person types it"),
        ("text" = Option<String>, Query, description = "Words, all of which must occur; signs alone find nothing", max_length = 200)),
    responses((status = 200, description = "The stream", body = NoticeEvent, content_type = "text/event-stream")))]
pub(crate) async fn events(client: Client, headers: HeaderMap, text: String, site: Arc<Site>) -> Response {
    match open(client, &headers, &text, &site) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn open(client: Client, headers: &HeaderMap, text: &str, site: &Arc<Site>) -> Result<Response, Problem> {
    let wanted = Wanted::read(text)?;
    wanted.has_no(&["notice_id", "from", "until", "status", "limit", "figure", "unit"])?;
    let (filter, seconds, after) = (wanted.notices()?, wanted.seconds()?, wanted.place()?);
    let last = last_event_id(headers)?.or(after);
    let indexed = site.index_ready()?;
    let turn = site.streams.take(client.0).map_err(|denied| match denied {
        Denied::All => Problem::of(Code::Busy).retry_after(30),
        Denied::Address => Problem::of(Code::TooMany).retry_after(30),
    })?;
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let until = Instant::now() + Duration::from_secs(seconds);
    let after = last.unwrap_or(indexed.saturating_sub(1));
    tokio::spawn(tell(Arc::clone(site), filter, after, until, sender, turn));
    let events = stream::poll_fn(move |context| receiver.poll_recv(context));
    let mut response = warp::sse::reply(events).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A reverse proxy must not collect what is to arrive at once.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// The last event that a client has seen.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(id) = headers.get("last-event-id") else { return Ok(None) };
    let index = id.to_str().ok().and_then(|id| LeafIndex::parse_decimal(id).ok());
    let bad = || Problem::new(Code::BadRequest, "Last-Event-ID 应为序号", "Last-Event-ID: an index is expected");
    Ok(Some(index.ok_or_else(bad)?.0))
}

type Sender = mpsc::Sender<Result<Event, Infallible>>;

/// Tells of every notice after an index, until the time is over, the client gone or the server stopping.
async fn tell(site: Arc<Site>, filter: NoticeFilter, mut after: u64, until: Instant, sender: Sender, _turn: Turn) {
    let mut stopping = site.stopping.subscribe();
    let mut progress = site.index.progress();
    let (index, shared) = (site.index.clone(), Arc::downgrade(&site));
    // A stream must not keep the ledger open.
    drop(site);
    loop {
        let seen = progress.borrow_and_update().indexed;
        loop {
            let Ok(found) = index.notices_since(&filter, after, AT_ONCE).await else { return };
            let full = found.len() == AT_ONCE;
            for found in found {
                after = after.max(found.index);
                let Some(site) = shared.upgrade() else { return };
                let (id, view) = (found.index.to_string(), NoticeView::of(found, &site));
                drop(site);
                let Ok(event) = Event::default().event("notice").id(id).json_data(&view) else { return };
                if sender.send(Ok(event)).await.is_err() {
                    return;
                }
            }
            if !full {
                break;
            }
        }
        // What was looked at need not be looked at again.
        after = after.max(seen.saturating_sub(1));
        tokio::select! {
            () = sleep_until(until) => return,
            () = sender.closed() => return,
            _ = stopping.wait_for(|stopping| *stopping) => return,
            changed = timeout(SILENCE, progress.changed()) => match changed {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => drop(sender.try_send(Ok(Event::default().comment("")))),
            },
        }
    }
}
