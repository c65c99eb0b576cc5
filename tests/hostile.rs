//! Requests that are slow, endless, cut short or malformed: they are refused, everybody else is served, and the ledger is clean.
//!
//! `MINGZHANG_HOSTILE` says how many malformed requests (300), `MINGZHANG_SEED` repeats a run.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use program::{ledger_with_centre, mingzhang, verify};
use server::{Answer, Publisher, Server, compact};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// `SplitMix64`: the same requests for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(most.max(1)).unwrap()).unwrap()
    }
}

fn served(limits: &str) -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let server = Server::with_limits(dir.path(), limits, &[]);
    (dir, server)
}

/// Waits for the server to close a connection; what it said until then.
fn until_closed(mut stream: TcpStream, within: Duration) -> Vec<u8> {
    let begun = Instant::now();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(begun.elapsed() < within, "still open after {:?}", begun.elapsed());
    said
}

#[test]
fn malformed_requests_are_refused_and_leave_no_trace() {
    let (dir, server) = served("head_seconds = 2\nbody_seconds = 2\nbody_pause_seconds = 1");
    let (requests, seed) = (number("MINGZHANG_HOSTILE", 300), number("MINGZHANG_SEED", u64::from(std::process::id())));
    eprintln!("{requests} requests, MINGZHANG_SEED={seed}");
    let mut random = Random(seed);
    let centre = Publisher::centre(dir.path());
    let good = compact(&centre.notice("hostile", "P-1"));
    let size = server.size();
    for n in 0..requests {
        let request = hostile(&mut random, &good);
        let answer = server.raw(&request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
        if let Some(answer) = Answer::parse(&answer) {
            assert!(
                answer.status < 500 || answer.status == 503 || answer.status == 501,
                "{n}: {shown:?} -> {answer:?}"
            );
            assert_ne!(answer.status, 201, "{n}: {shown:?}");
        }
    }
    server.get("/healthz").is(200);
    server.get("/readyz").is(200);
    assert_eq!(server.size(), size, "nothing was recorded");
    server.post(&centre.notice("after", "P-1")).is(201);
    verify(dir.path(), &["audit", &server.url(), "--policy", "ledger/policy.txt"]).ends(0);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    mingzhang(dir.path(), &["fsck", "ledger"]).ends(0);
}

/// One malformed request, made from a good statement.
fn hostile(random: &mut Random, good: &str) -> Vec<u8> {
    let post = |body: &[u8], length: usize| {
        let head = format!(
            "POST /api/v1/notices HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/sd-jwt\r\ncontent-length: {length}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").into_bytes();
    let mut bytes = good.as_bytes().to_vec();
    match random.below(16) {
        0 => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(7);
            post(&bytes, bytes.len())
        }
        1 => post(&bytes[..random.below(bytes.len() - 1)], bytes.len()),
        2 => {
            let cut = random.below(bytes.len() - 1);
            post(&bytes[..cut], cut)
        }
        3 => (0..random.below(4000)).map(|_| u8::try_from(random.below(256)).unwrap()).collect(),
        4 => post(format!("{}~", "[".repeat(random.below(100_000))).as_bytes(), 100_000),
        5 => get(&format!("/{}", "../".repeat(random.below(40)) + "etc/passwd")),
        6 => get(&format!("/attachments/{}", ["..%2f..%2froot.key", "%2e%2e/%2e%2e/root.key", "..\\root.key", "%00", "%"][random.below(5)])),
        7 => get(&format!("/tile/{}/{}", random.below(300), ["000", "x", "-1", "x000/000", "99999999999999999999", "000.p/0", "000.p/257", "%30%30%30"][random.below(8)])),
        8 => get(&format!("/api/v1/projects/{}", ["%", "%zz", "%FF%FE", "%C0%AF", "%00", "%F0%9F%98%80", "<script>"][random.below(7)])),
        9 => format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(random.below(5000))).into_bytes(),
        10 => format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(random.below(200_000))).into_bytes(),
        11 => format!("POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-type: application/sd-jwt\r\n\r\n{}\r\nabc\r\n", ["ffffffffffffffff", "-1", "zz", "3", "FFFFFFF"][random.below(5)]).into_bytes(),
        12 => format!("POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", ["-1", "1, 2", "99999999999999999999999", "0x10", "+5"][random.below(5)]).into_bytes(),
        13 => format!("{} /api/v1/notices HTTP/{}\r\n\r\n", ["GET", "get", "P@ST", "", "\u{0}"][random.below(5)], ["1.1", "9.9", "1.0", "2.0", ""][random.below(5)]).into_bytes(),
        14 => post(format!("{good}{}", "~".repeat(random.below(100_000))).as_bytes(), good.len() + 100_000),
        _ => get(&format!("/api/v1/proof/consistency?from={}&to={}", ["-1", "NaN", "9007199254740993", "%31", "1e3"][random.below(5)], random.below(9))),
    }
}

#[test]
fn slow_and_half_open_requests_are_let_go_and_others_are_served_meanwhile() {
    let (_dir, server) = served("head_seconds = 2\nbody_seconds = 3\nbody_pause_seconds = 1\nconnections = 80");
    let within = Duration::from_secs(20);
    let half_open: Vec<TcpStream> = (0..60).map(|_| server.connect()).collect();
    server.get("/healthz").is(200);
    let mut head = server.connect();
    head.write_all(b"GET /checkpoint HTTP/1.1\r\nhost:").unwrap();
    let mut body = server.connect();
    body.write_all(b"POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-type: application/sd-jwt\r\ncontent-length: 1000\r\n\r\nabc").unwrap();
    server.get("/healthz").is(200);
    Answer::parse(&until_closed(body, within)).unwrap().problem(408, "timeout");
    until_closed(head, within);
    let mut dripping = server.connect();
    dripping.write_all(b"POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-type: application/sd-jwt\r\ncontent-length: 1000\r\n\r\n").unwrap();
    let begun = Instant::now();
    while dripping.write_all(b"a").is_ok() {
        assert!(begun.elapsed() < within, "a body that drips for ever is let go");
        std::thread::sleep(Duration::from_millis(300));
    }
    for stream in half_open {
        until_closed(stream, within);
    }
    server.get("/healthz").is(200);
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let (_dir, server) = served("headers = 40\nhead_bytes = 16384");
    let many = format!("GET /checkpoint HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(200));
    let long = format!("GET /checkpoint HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    for request in [many, long] {
        let answer = server.raw(request.as_bytes());
        assert!(answer.starts_with(b"HTTP/1.1 431 "), "{:?}", String::from_utf8_lossy(&answer));
    }
    server.get("/healthz").is(200);
}

#[test]
fn more_writes_than_there_is_room_for_are_told_to_come_back() {
    let (dir, server) = served("writes = 1");
    let notice = Publisher::centre(dir.path()).notice("n1", "P-1");
    let mut slow = server.connect();
    slow.write_all(b"POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-type: application/sd-jwt\r\ncontent-length: 1000\r\n\r\nabc").unwrap();
    wait_for_write(&server);
    let busy = server.post(&notice).problem(503, "busy");
    assert_eq!(busy.header("retry-after"), Some("1"));
    drop(slow);
    let begun = Instant::now();
    while server.post(&notice).status != 201 {
        assert!(begun.elapsed() < Duration::from_secs(20), "there is room again");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn one_address_does_not_take_what_all_share() {
    let (dir, server) = served("writes_per_address = 1\nconnections_per_address = 6\nproxies = []");
    let notice = Publisher::centre(dir.path()).notice("n1", "P-1");
    let mut slow = server.connect();
    slow.write_all(b"POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-type: application/sd-jwt\r\ncontent-length: 1000\r\n\r\nabc").unwrap();
    wait_for_write(&server);
    let denied = server.post(&notice).problem(429, "too-many-requests");
    assert_eq!(denied.header("retry-after"), Some("1"));
    let held: Vec<TcpStream> = (0..5).map(|_| server.connect()).collect();
    let begun = Instant::now();
    while server.get("/healthz").status == 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the connections are not taken");
    }
    server.get("/healthz").problem(429, "too-many-requests");
    drop((held, slow));
    let begun = Instant::now();
    while server.post(&notice).status != 201 {
        assert!(begun.elapsed() < Duration::from_secs(20), "there is room again");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the server is in the middle of a write.
fn wait_for_write(server: &Server) {
    let begun = Instant::now();
    while !server.get("/metrics").text().contains("mingzhang_http_writes 1") {
        assert!(begun.elapsed() < Duration::from_secs(20), "the slow post is not under way");
        std::thread::sleep(Duration::from_millis(20));
    }
}
