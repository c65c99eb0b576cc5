//! A witness's resources, and the connections they are asked over.

use std::convert::Infallible;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_util::Stream;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use ledger::witness::{NotCosigned, Witness};
use tokio::net::TcpListener;
use verifier::client::evidence::{Kept, keep};
use verifier::evidence::Evidence;
use verifier::log::add_checkpoint::{AddCheckpoint, MAX_LENGTH, PATH, monitor_path};
use verifier::log::note::VerifierKey;
use verifier::log::policy::Policy;
use verifier::log::witness::WitnessRefusal;
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::path::FullPath;

use super::answer::Answer;
use super::replay::Replay;
use crate::failure::Failure;
use crate::http::body::Limited;
use crate::http::connection::{self, Server};
use crate::http::exchange::Body;
use crate::http::limits::Limits;
use crate::http::turns::Turns;

/// How long the body of a request may take.
const BODY: Duration = Duration::from_secs(10);

/// A witness at work.
pub(crate) struct Service {
    witness: Witness,
    replay: Option<Replay>,
    /// Under which evidence is held: the logs, and no witness.
    policy: Policy,
    dir: PathBuf,
}

impl Service {
    pub(crate) fn new(witness: Witness, replay: Option<Replay>, policy: Policy, dir: PathBuf) -> Self {
        Self { witness, replay, policy, dir }
    }

    /// Its verifier key, for policies.
    pub(crate) fn vkey(&self) -> &VerifierKey {
        self.witness.vkey()
    }

    /// Answers until `stop` completes; then what was asked is answered, and what is remembered is written down.
    pub(crate) async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        let service = Arc::new(self);
        connection::serve(listener, WitnessServer::new(service.clone()), stop).await;
        if let Some(replay) = &service.replay {
            replay.stop().await;
        }
        // A connection that is given up may still hold the service: then the end of the process closes the file.
        if let Some(service) = Arc::into_inner(service) {
            service.witness.close().await?;
        }
        Ok(())
    }

    async fn answer<B: Buf>(
        &self,
        method: &Method,
        path: &FullPath,
        headers: &HeaderMap,
        body: impl Stream<Item = Result<B, warp::Error>> + Unpin,
    ) -> Answer {
        let path = path.as_str().trim_start_matches('/');
        if path == PATH {
            return match *method {
                Method::POST => self.add_checkpoint(headers, body).await.unwrap_or_else(|refused| refused),
                _ => Answer::not_allowed("POST"),
            };
        }
        let origin = self.witness.logs().iter().map(VerifierKey::name).find(|origin| monitor_path(origin) == path);
        match (origin, method) {
            (Some(origin), &Method::GET | &Method::HEAD) => self.monitor(origin).await,
            (Some(_), _) => Answer::not_allowed("GET, HEAD"),
            (None, _) => Answer::not_found(),
        }
    }

    /// The newest checkpoint cosigned of a log.
    async fn monitor(&self, origin: &str) -> Answer {
        match self.witness.latest(origin).await {
            Ok(Some(latest)) => Answer::text(latest.note.format()),
            Ok(None) => Answer::said(
                StatusCode::NOT_FOUND,
                "尚未共签过此账本的检查点",
                "no checkpoint of this log was cosigned yet",
            ),
            Err(error) => error.into(),
        }
    }

    async fn add_checkpoint<B: Buf>(
        &self,
        headers: &HeaderMap,
        body: impl Stream<Item = Result<B, warp::Error>> + Unpin,
    ) -> Result<Answer, Answer> {
        let body = Limited::new(body, headers, MAX_LENGTH as u64, BODY, Some(BODY)).map_err(Answer::problem)?;
        let body = body.whole().await.map_err(Answer::problem)?;
        let text = String::from_utf8(body).map_err(|_| {
            Answer::said(StatusCode::BAD_REQUEST, "请求不是 UTF-8 文本", "the request is not UTF-8 text")
        })?;
        let request = AddCheckpoint::parse(&text)?;
        let refused = match self.cosign(&request).await {
            Ok(line) => return Ok(Answer::text(line)),
            Err(refused) => refused,
        };
        if let Refused::Witness(NotCosigned::Refused(refusal)) = &refused {
            self.keep_evidence(&request, refusal).await;
        }
        Err(match refused {
            Refused::Witness(refused) => refused.into(),
            Refused::Replay(answer) => answer,
        })
    }

    async fn cosign(&self, request: &AddCheckpoint) -> Result<String, Refused> {
        let latest = self.witness.check(request).await.map_err(Refused::Witness)?;
        if let Some(replay) = &self.replay {
            let latest = latest.map(|latest| (latest.note.checkpoint.size, latest.time));
            replay.vouch(&request.checkpoint, latest).await.map_err(|reason| Refused::Replay(reason.into()))?;
        }
        self.witness.cosign(request).await.map_err(Refused::Witness)
    }

    /// Two heads of one size are a proof of misbehaviour that anyone can check; it is written down beside the memory.
    async fn keep_evidence(&self, request: &AddCheckpoint, refusal: &WitnessRefusal) {
        let checkpoint = &request.checkpoint.checkpoint;
        if let WitnessRefusal::Inconsistent(_) = refusal {
            tracing::warn!(origin = %checkpoint.origin, size = checkpoint.size.0, %refusal, "not cosigned");
        }
        let WitnessRefusal::Forked { .. } = refusal else { return };
        let Ok(Some(latest)) = self.witness.latest(&checkpoint.origin).await else { return };
        let evidence = Evidence::fork(latest.note, request.checkpoint.clone(), |_, _| None);
        match keep(&self.dir.join("evidence.json"), evidence.as_ref(), &self.policy) {
            Kept::In(path) => tracing::error!(path = %path.display(), "the log has forked; the evidence is kept"),
            kept => tracing::error!(?kept, "the log has forked; the evidence could not be kept"),
        }
    }
}

/// Why nothing was cosigned.
enum Refused {
    Witness(NotCosigned),
    Replay(Answer),
}

/// A witness behind its connections.
#[derive(Clone)]
struct WitnessServer {
    routes: BoxedFilter<(warp::reply::Response,)>,
    limits: Arc<Limits>,
    connections: Arc<Turns>,
}

impl WitnessServer {
    fn new(service: Arc<Service>) -> Self {
        let limits = Limits::default();
        let connections = Turns::new(limits.connections, limits.connections_per_address);
        let asked = warp::method().and(warp::path::full()).and(warp::header::headers_cloned());
        let routes = asked.and(warp::body::stream()).then(move |method, path, headers, body| {
            let service = service.clone();
            async move { service.answer(&method, &path, &headers, body).await.reply() }
        });
        Self { routes: routes.boxed(), limits: Arc::new(limits), connections }
    }
}

impl Server for WitnessServer {
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Result<Response<Body>, Infallible> {
        let service = TowerToHyperService::new(warp::service(self.routes.clone()));
        let response = service.call(request).await?;
        tracing::debug!(target: "mingzhang::http", status = response.status().as_u16(), %peer, "answered");
        Ok(response.map(BodyExt::boxed_unsync))
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn connections(&self) -> &Arc<Turns> {
        &self.connections
    }
}
