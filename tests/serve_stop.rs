//! A server that stops, politely or not: whatever it acknowledged is there.
//!
//! `MINGZHANG_SERVER_KILLS` says how many times it is killed (3), `MINGZHANG_SEED` repeats a run.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use program::{files_under, ledger_with_centre, mingzhang, verify};
use server::{Answer, Publisher, Server, compact};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Posts over one connection until it breaks; the ids that were acknowledged.
fn post_on(address: &str, centre: &Publisher) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return acknowledged };
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    loop {
        let id = format!("n{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let body = compact(&centre.notice(&id, &format!("P-{}", id.len())));
        let request = format!(
            "POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-type: application/sd-jwt\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(request.as_bytes()).is_err() {
            return acknowledged;
        }
        match read_answer(&mut stream) {
            Some(answer) => assert_eq!(answer.status, 201, "{answer:?}"),
            None => return acknowledged,
        }
        acknowledged.push(id);
    }
}

/// One answer on a connection that stays; nothing if it breaks before the answer is whole.
fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        if let Some(answer) = Answer::parse(&bytes) {
            let length: usize = answer.header("content-length").unwrap().parse().unwrap();
            if answer.body.len() >= length {
                return Some(answer);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(n) => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

/// Posts from several clients, does something to the server after a while, and gives what was acknowledged.
fn post_while(server: &Server, dir: &Path, after: Duration, act: impl FnOnce()) -> BTreeSet<String> {
    std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..8).map(|_| scope.spawn(|| post_on(&server.address, &Publisher::centre(dir)))).collect();
        std::thread::sleep(after);
        act();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

/// The ids of all notices of the ledger.
fn recorded(dir: &Path) -> BTreeSet<String> {
    mingzhang(dir, &["fsck", "ledger"]).ends(0);
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    verify(dir, &["audit", "tree", "--policy", "ledger/policy.txt"]).ends(0);
    let mut ids = BTreeSet::new();
    for file in files_under(&dir.join("tree/tile/entries")) {
        for entry in verifier::log::tile::parse_entry_bundle(&std::fs::read(file).unwrap()).unwrap() {
            let entry: serde_json::Value = serde_json::from_slice(entry).unwrap();
            let Some(jwt) = entry["statement"].as_str() else { continue };
            let claims = verifier::log::base64::decode_url(jwt.split('.').nth(1).unwrap()).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            if claims["sub"].as_str().unwrap().starts_with("project/") {
                ids.insert(claims["jti"].as_str().unwrap().to_owned());
            }
        }
    }
    ids
}

#[test]
fn a_server_told_to_stop_finishes_what_it_accepted() {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    for signal in ["TERM", "INT"] {
        let server = Server::start(dir.path(), &[]);
        let before: BTreeSet<String> = recorded(dir.path());
        let acknowledged = post_while(&server, dir.path(), Duration::from_millis(700), || server.signal(signal));
        assert_eq!(server.wait(), Some(0), "{signal}");
        assert!(!acknowledged.is_empty());
        let new: BTreeSet<String> = recorded(dir.path()).difference(&before).cloned().collect();
        assert_eq!(new, acknowledged, "what was recorded was answered");
    }
}

#[test]
fn a_killed_server_has_lost_nothing_it_acknowledged() {
    let kills: u64 = std::env::var("MINGZHANG_SERVER_KILLS").map_or(3, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let mut acknowledged = BTreeSet::new();
    for kill in 0..kills {
        let server = Server::start(dir.path(), &[]);
        acknowledged
            .extend(post_while(&server, dir.path(), Duration::from_millis(300 + kill * 170), || server.signal("KILL")));
        assert_eq!(server.wait(), None);
        let lost: Vec<_> = acknowledged.difference(&recorded(dir.path())).cloned().collect();
        assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    }
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
}
