//! What serving costs: reads against a bare warp route that gives the same bytes, posts against the library itself, both under
//! [wrk](https://github.com/wg/wrk) on the loopback.
//!
//! ```text
//! cargo bench -p api                                     20,000 entries, some two minutes once built
//! MINGZHANG_BENCH_ENTRIES=1000000 cargo bench -p api     in MINGZHANG_BENCH_DIR, or where temporary files are
//! ```
//!
//! Clients, server and database share the machine's cores, so only the ratios say something. While what the server is compared
//! with is measured, it is stopped (SIGSTOP): it would go on indexing and judging.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::cast_precision_loss)]

#[path = "../../tests/program.rs"]
mod program;
#[path = "../../tests/server.rs"]
mod server;

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use ledger::{Ledger, Outcome, SignedStatement};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use warp::Filter as _;

use program::lawful_ledger_with_centre;
use server::{Publisher, Server, compact};

/// Connections, and clients of the library.
const CLIENTS: usize = 64;
/// Notices that the library records one by one in one measurement.
const SINGLES: usize = 12_800;
/// Notices that are posted at most, in one measurement.
const POSTED: usize = 40_000;
/// Notices handed over together while the ledger is filled.
const CHUNK: usize = 4096;
/// Measurements of each kind; the median counts.
const ROUNDS: usize = 3;
/// Seconds of one.
const SECONDS: &str = "3s";

const POST: &str = r#"
local bodies, at = {}, 0
function init()
    for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
end
function request()
    if at == #bodies then wrk.thread:stop() else at = at + 1 end
    return wrk.format("POST", "/api/v1/notices", { ["Content-Type"] = "application/sd-jwt" }, bodies[at])
end
"#;

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs it too, and has nothing to learn from it.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    if Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        eprintln!("wrk is not installed: apt install wrk");
        std::process::exit(2);
    }
    let entries = std::env::var("MINGZHANG_BENCH_ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let place = std::env::var_os("MINGZHANG_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::tempdir_in(place).unwrap();
    let dir = dir.path();
    lawful_ledger_with_centre(dir);
    let centre = Arc::new(Publisher::centre(dir));
    fill(dir, &centre, entries).await;
    let copy = dir.join("copy");
    copy_files(&dir.join("ledger"), &copy);
    let served = Server::logging_to(Stdio::null(), dir, &["--listen", "127.0.0.1:0"]);
    println!("{entries} entries; each figure is the median of {ROUNDS}");
    settle(&served);
    pages(&served);
    for path in ["/tile/0/000", "/tile/entries/000", "/api/v1/notices/100"] {
        let (ours, bare) = read(&served, path).await;
        told(&format!("GET {path} ÷ a bare warp route"), &format!("{ours:.0}/s"), ours / bare, "≥ 0.6");
    }
    post(&copy, &centre, entries, &served).await;
    println!("{}", memory(&served));
}

/// Waits until the index holds every notice and has judged every project: then the server does nothing but answer.
fn settle(served: &Server) {
    let settled = |answer: server::Answer| answer.status == 200 && answer.json()["pending"] == 0;
    while !settled(served.get("/api/v1/statistics")) {
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// The portal's pages, one visitor at a time.
fn pages(served: &Server) {
    for path in [
        "/",
        "/search",
        "/search?text=%E5%B7%A5%E7%A8%8B",
        "/search?of=projects&text=P1",
        "/projects/P1",
        "/notices/100",
        "/statistics",
    ] {
        let url = format!("{}{path}", served.url());
        let load = Load::run(
            &["-t1", "-c1", "-d", SECONDS, "-H", "Accept-Encoding: br", "-H", "Accept: text/html", &url],
            None,
        );
        let page = served.ask("GET", path, &[("accept-encoding", "br"), ("accept", "text/html")], &[]);
        println!(
            "{:<52} {:>12} {:>6.1} KB   ≤ 100 ms, ≤ 60 KB",
            format!("page {path}, p99"),
            load.p99,
            page.body.len() as f64 / 1024.0
        );
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Posts to the server, and records with the library in a copy of its ledger, by turns.
async fn post(copy: &Path, centre: &Arc<Publisher>, entries: usize, served: &Server) {
    let ledger = Arc::new(Ledger::open(copy).await.unwrap());
    let (bodies, script) = (copy.join("bodies"), copy.join("post.lua"));
    fs::write(&script, POST).unwrap();
    let (mut library, mut posts, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let first = entries + round * (SINGLES + POSTED);
        let stopped = Stopped::server(served);
        library.push(singles(&ledger, centre, first..first + SINGLES).await);
        drop(stopped);
        let notices = first + SINGLES..first + SINGLES + POSTED;
        fs::write(&bodies, notices.map(|n| compact(&notice(centre, n)) + "\n").collect::<String>()).unwrap();
        let arguments = ["-t1", "-d", SECONDS, "-s", script.to_str().unwrap(), &served.url()];
        let posted = Load::run(&arguments, Some(&bodies));
        posts.push(posted.rate);
        waits.push(posted.p99);
    }
    Arc::into_inner(ledger).unwrap().close().await;
    let (library, posts) = (median(library), median(posts));
    told("POST of 64 clients ÷ the library, 64 outstanding", &format!("{posts:.0}/s"), posts / library, "≥ 0.5");
    println!("{:<52} {:>12} {:>8}   ≤ 1 s", "  the same, p99 of each round", waits.join(" "), "");
}

fn told(what: &str, value: &str, ratio: f64, goal: &str) {
    println!("{what:<52} {value:>12} {ratio:>8.2}   {goal}");
}

fn notice(centre: &Publisher, n: usize) -> SignedStatement {
    centre.notice(&format!("N{n}"), &format!("P{}", n / 5))
}

async fn fill(dir: &Path, centre: &Publisher, entries: usize) {
    let ledger = Ledger::open(&dir.join("ledger")).await.unwrap();
    for first in (0..entries).step_by(CHUNK) {
        let notices = (first..entries.min(first + CHUNK)).map(|n| notice(centre, n)).collect();
        let outcomes = ledger.submit_many(notices).await.unwrap();
        assert!(outcomes.iter().all(|one| matches!(one, Outcome::Recorded(_))), "{:?}", outcomes[0]);
    }
    ledger.close().await;
}

/// The library's rate with single notices of many clients.
async fn singles(ledger: &Arc<Ledger>, centre: &Publisher, notices: Range<usize>) -> f64 {
    let mut signed = notices.map(|n| notice(centre, n)).collect::<Vec<_>>().into_iter();
    let mut clients = JoinSet::new();
    let started = Instant::now();
    for _ in 0..CLIENTS {
        let (ledger, own) = (ledger.clone(), signed.by_ref().take(SINGLES / CLIENTS).collect::<Vec<_>>());
        clients.spawn(async move {
            for one in own {
                assert!(matches!(ledger.submit(one).await, Ok(Outcome::Recorded(_))));
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    SINGLES as f64 / started.elapsed().as_secs_f64()
}

/// Requests a second of the server, and of a bare route that gives the same.
async fn read(served: &Server, path: &str) -> (f64, f64) {
    let mut answer = ureq::get(format!("{}{path}", served.url())).call().unwrap();
    let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let body = bytes::Bytes::from(answer.body_mut().read_to_vec().unwrap());
    let route = warp::path::full()
        .map(move |_| warp::reply::with_header(http::Response::new(body.clone()), "content-type", media_type.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bare = format!("http://{}{path}", listener.local_addr().unwrap());
    let service = TowerToHyperService::new(warp::service(route));
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    let ours = format!("{}{path}", served.url());
    let (mut rates, mut bares) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (url, rates, stopped) in [(&bare, &mut bares, Some(Stopped::server(served))), (&ours, &mut rates, None)] {
            let arguments = ["-t1".to_owned(), format!("-d{SECONDS}"), url.clone()];
            let load = tokio::task::spawn_blocking(move || {
                Load::run(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), None)
            });
            rates.push(load.await.unwrap().rate);
            drop(stopped);
        }
    }
    serving.abort();
    (median(rates), median(bares))
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// A server that does nothing until this is dropped.
struct Stopped(String);

impl Stopped {
    fn server(served: &Server) -> Self {
        let stopped = Self(served.id());
        stopped.signal("-STOP");
        stopped
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.0]).status().unwrap().success());
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// What wrk says.
struct Load {
    /// Requests a second.
    rate: f64,
    /// As wrk writes it, with its unit.
    p99: String,
}

impl Load {
    fn run(arguments: &[&str], bodies: Option<&Path>) -> Self {
        let mut wrk = Command::new("wrk");
        // Of two numbers of connections the last counts.
        wrk.arg(format!("-c{CLIENTS}")).arg("--latency").args(arguments);
        if let Some(bodies) = bodies {
            wrk.env("BODIES", bodies);
        }
        let output = wrk.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && !text.contains("Non-2xx"), "{text}");
        let after = |label: &str| {
            let line = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
            line.unwrap_or_else(|| panic!("wrk said no {label}\n{text}")).trim().to_owned()
        };
        Self { rate: after("Requests/sec:").parse().unwrap(), p99: after("99%") }
    }
}

/// What a server takes: pages of the database that are mapped are the system's to take back.
fn memory(served: &Server) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", served.id())).unwrap_or_default();
    let mut said = "server:".to_owned();
    for (name, what) in [("VmHWM:", "at most resident"), ("RssAnon:", "its own now"), ("RssFile:", "mapped files now")]
    {
        let kib = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
        let _ = write!(said, " {what} {} MB;", kib.unwrap_or(0_u64) / 1024);
    }
    said
}
