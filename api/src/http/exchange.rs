//! One request and its answer: what holds for every resource, whichever handler makes the answer.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use warp::Reply as _;
use warp::filters::BoxedFilter;

use super::answer::{Answer, HTML};
use super::cache::{Cache, none_match};
use super::connection::Server;
use super::encoding::{Encoding, is_text, is_worth_it};
use super::limits::{Limits, seconds};
use super::openapi::Resource;
use super::problem::{Code, PROBLEM, Problem};
use super::turns::Turns;
use super::{Client, Site, routes};
use crate::portal::{self, Visit};

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, warp::Error>;

/// Headers that scripts of other origins may read.
const EXPOSED: &str = "ETag, Location, Retry-After, Content-Range, Allow";

/// Answers requests.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(super) site: Arc<Site>,
    routes: BoxedFilter<(warp::reply::Response,)>,
}

/// What of a request the way out needs.
struct Asked {
    method: Method,
    none_match: String,
    accept_encoding: String,
    /// Whether the client is a browser that shows a page.
    shows_pages: bool,
}

impl Asked {
    fn of(method: &Method, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let mut lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let first = lines.next().unwrap_or_default().to_owned();
            lines.fold(first, |all, line| all + "," + line)
        };
        Self {
            method: method.clone(),
            none_match: text(header::IF_NONE_MATCH),
            accept_encoding: text(header::ACCEPT_ENCODING),
            shows_pages: text(header::ACCEPT).split([',', ';']).any(|kind| kind.trim() == "text/html"),
        }
    }

    fn is_read(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

impl Server for Exchange {
    async fn answer(&self, mut request: Request<Incoming>, peer: IpAddr) -> Result<Response<Body>, Infallible> {
        let begun = Instant::now();
        let asked = Asked::of(request.method(), request.headers());
        let visit = Arc::new(Visit::of(&self.site, &request));
        request.extensions_mut().insert(Arc::clone(&visit));
        let resource = self.site.resources.find(request.uri().path()).cloned();
        let (made, path) = match &resource {
            None => (Problem::of(Code::NotFound).into_response(), Arc::from("none")),
            Some(resource) => (self.make(request, resource, peer).await, Arc::clone(&resource.path)),
        };
        let mut response = finish(made, &asked, &visit).await;
        share(response.headers_mut(), &asked);
        self.note(&asked, &path, response.status(), begun, peer);
        Ok(response)
    }

    fn limits(&self) -> &Limits {
        &self.site.limits
    }

    fn connections(&self) -> &Arc<Turns> {
        &self.site.connections
    }
}

impl Exchange {
    /// For a site.
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { routes: routes(&site), site }
    }

    /// The answer to a request for a resource, before the way out.
    async fn make(&self, mut request: Request<Incoming>, resource: &Resource, peer: IpAddr) -> warp::reply::Response {
        let allow = resource.allow();
        if !resource.methods.contains(request.method()) {
            return Problem::of(Code::MethodNotAllowed).allow(&allow).into_response();
        }
        if request.method() == Method::OPTIONS {
            return warp::reply::with_header(StatusCode::NO_CONTENT, header::ALLOW, allow).into_response();
        }
        if request.method() == Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        let client = self.client(peer, request.headers());
        request.extensions_mut().insert(client);
        settle_if_range(&mut request);
        let is_read = request.method() == Method::GET;
        let service = TowerToHyperService::new(warp::service(self.routes.clone()));
        let answer = service.call(request);
        // What writes has limits of its own: an attachment may take its time, and a statement is not given up half-way.
        let answer = if is_read {
            tokio::time::timeout(seconds(self.site.limits.answer_seconds), answer).await
        } else {
            Ok(answer.await)
        };
        match answer {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => Problem::of(Code::Busy).retry_after(5).into_response(),
        }
    }

    /// Who asks: the peer, or, of a trusted proxy, the last address it names.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        if !self.site.limits.proxies.contains(&peer) {
            return Client(Some(peer));
        }
        let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
        let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        Client(last.filter(|address| !self.site.limits.proxies.contains(address)))
    }

    fn note(&self, asked: &Asked, path: &Arc<str>, status: StatusCode, begun: Instant, peer: IpAddr) {
        let (took, status) = (begun.elapsed(), status.as_u16());
        self.site.measurements.request(path, method_name(&asked.method), status, took);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if status >= 500 {
            tracing::warn!(target: "mingzhang::http", method = %asked.method, %path, status, ms, %peer, "answered");
        } else if asked.is_read() {
            tracing::debug!(target: "mingzhang::http", method = %asked.method, %path, status, ms, %peer, "answered");
        } else {
            tracing::info!(target: "mingzhang::http", method = %asked.method, %path, status, ms, %peer, "answered");
        }
    }
}

/// Methods as measurements name them: whatever a client makes up is one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// An attachment's `If-Range` names its validator, which is its name: then the range holds whatever else the file system says.
fn settle_if_range(request: &mut Request<Incoming>) {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default();
    let same = request.headers().get(header::IF_RANGE).is_some_and(|value| *value == *format!("\"{name}\""));
    if same {
        request.headers_mut().remove(header::IF_RANGE);
    }
}

/// Adds what caches, browsers and scripts of other origins need to know.
fn share(headers: &mut HeaderMap, asked: &Asked) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if asked.is_read() || asked.method == Method::OPTIONS {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    if asked.method == Method::OPTIONS {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
        headers
            .insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("If-None-Match, Range, If-Range"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
}

/// Makes an answer or a problem the response it is; a file that warp serves goes on as it is.
async fn finish(mut made: warp::reply::Response, asked: &Asked, visit: &Visit) -> Response<Body> {
    if let Some(problem) = made.extensions_mut().remove::<Problem>() {
        return dress(tell(problem, asked, visit), asked).await;
    }
    if let Some(answer) = made.extensions_mut().remove::<Answer>() {
        return dress(answer, asked).await;
    }
    let tag = made.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).map(|tag| tag.trim_matches('"'));
    if asked.is_read() && tag.is_some_and(|tag| none_match(&asked.none_match, tag)) {
        *made.status_mut() = StatusCode::NOT_MODIFIED;
        made.headers_mut().remove(header::CONTENT_LENGTH);
        return made.map(|_| empty());
    }
    if made.status().is_client_error() || made.status().is_server_error() {
        // Warp found no handler: a name that is no attachment's, or a file that is not there.
        let code = if made.status().is_client_error() { Code::NotFound } else { Code::Internal };
        return dress(tell(Problem::of(code), asked, visit), asked).await;
    }
    made.map(|body| if asked.method == Method::HEAD { empty() } else { body.boxed_unsync() })
}

/// A problem, as a page for whoever shows pages.
fn tell(problem: Problem, asked: &Asked, visit: &Visit) -> Answer {
    if asked.shows_pages { portal::problem_page(problem, visit) } else { problem.answer(visit.language) }
}

fn empty() -> Body {
    full(Bytes::new())
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Encodes an answer, unless the client has it already, and writes its headers.
async fn dress(answer: Answer, asked: &Asked) -> Response<Body> {
    let Answer { status, media_type, cache, body, headers } = answer;
    let encoding = Encoding::choose(&asked.accept_encoding).filter(|_| is_worth_it(media_type, body.bytes.len()));
    let has_tag = status == StatusCode::OK && asked.is_read() && cache != Cache::Never;
    let unchanged = has_tag && none_match(&asked.none_match, body.tag());
    let (bytes, encoding) = match encoding {
        Some(encoding) if !unchanged => match encoding.encode(body.bytes.clone()).await {
            Ok(encoded) => (encoded, Some(encoding)),
            Err(_) => (body.bytes.clone(), None),
        },
        encoding => (body.bytes.clone(), encoding),
    };
    let mut response = Response::new(());
    *response.status_mut() = if unchanged { StatusCode::NOT_MODIFIED } else { status };
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CACHE_CONTROL, cache.control());
    if media_type == PROBLEM || media_type == HTML {
        set(header::VARY, "Accept, Accept-Encoding, Accept-Language");
    } else if is_text(media_type) {
        set(header::VARY, "Accept-Encoding");
    }
    if has_tag {
        let variant = encoding.map_or_else(String::new, |encoding| format!("-{}", encoding.token()));
        set(header::ETAG, &format!("\"{}{variant}\"", body.tag()));
    }
    if !unchanged {
        set(header::CONTENT_TYPE, media_type);
        set(header::CONTENT_LENGTH, &bytes.len().to_string());
        if let Some(encoding) = encoding {
            set(header::CONTENT_ENCODING, encoding.token());
        }
    }
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    let silent = unchanged || asked.method == Method::HEAD;
    response.map(|()| if silent { empty() } else { full(bytes) })
}
