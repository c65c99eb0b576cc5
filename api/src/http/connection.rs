//! Connections: accepted while there is room, held to the limits, and finished before the server stops. Whoever answers on them
//! is a [`Server`]: a ledger's [`Exchange`](super::exchange::Exchange), or a witness.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::exchange::Body;
use super::limits::{Limits, seconds};
use super::lingering::Lingering;
use super::problem::{Code, PROBLEM, Problem};
use super::turns::{Denied, Turn, Turns};
use crate::language::Language;

/// How long to wait when the operating system gives no more sockets, or all turns are taken.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a peer may take to hear the last answer of a connection.
const FAREWELL: Duration = Duration::from_secs(1);

/// Who answers.
pub(crate) trait Server: Clone + Send + Sync + 'static {
    /// Answers a request of a peer.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send;
    /// Within what.
    fn limits(&self) -> &Limits;
    /// The connections that are open.
    fn connections(&self) -> &Arc<Turns>;
}

/// Serves connections until `stop`, then finishes the requests under way.
pub(crate) async fn serve(listener: TcpListener, server: impl Server, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer, turn) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &server) => accepted,
        };
        match turn {
            Ok(turn) => drop(tokio::spawn(converse(stream, peer, server.clone(), turn, graceful.watcher()))),
            Err(_) => drop(tokio::spawn(send_away(stream))),
        }
    }
    drop(listener);
    let patience = seconds(server.limits().stop_seconds);
    tracing::info!(connections = graceful.count(), "stopping: finishing what was accepted");
    if timeout(patience, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = patience.as_secs(), "requests were still under way and are given up");
    }
}

/// The next connection, with its turn, or without if its address has too many. While nobody may have one, it stays in the
/// listener's backlog.
async fn accept(listener: &TcpListener, server: &impl Server) -> (TcpStream, IpAddr, Result<Turn, Denied>) {
    loop {
        if server.connections().under_way() >= server.limits().connections {
            sleep(PAUSE).await;
            continue;
        }
        match listener.accept().await {
            Ok((stream, peer)) => {
                let peer = address(peer);
                let counted = Some(peer).filter(|peer| !server.limits().proxies.contains(peer));
                return (stream, peer, server.connections().take(counted));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

/// An IPv4 address is one, even where a socket for both shows it as IPv6.
fn address(peer: SocketAddr) -> IpAddr {
    peer.ip().to_canonical()
}

async fn converse(stream: TcpStream, peer: IpAddr, server: impl Server, turn: Turn, watcher: Watcher) {
    let limits = server.limits();
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(seconds(limits.write_pause_seconds)));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(seconds(limits.head_seconds))
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes.max(8192));
    let answering = server.clone();
    let service = service_fn(move |request| {
        let server = answering.clone();
        async move { server.answer(request, peer).await }
    });
    let connection = builder.serve_connection(TokioIo::new(Lingering::new(Box::pin(stream), FAREWELL)), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(target: "mingzhang::http", %error, %peer, "a connection ended");
    }
    drop(turn);
}

/// Tells a connection that is one too many so, and closes it.
async fn send_away(stream: TcpStream) {
    let mut stream = Lingering::new(stream, FAREWELL);
    let body = Problem::of(Code::TooMany).answer(Language::Zh).body.bytes;
    let head = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: {PROBLEM}\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let said = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    };
    let _ = timeout(FAREWELL, said).await;
}
