//! A monitor beside a ledger and its witnesses, as real processes: silent while all is well, loud when the log's key signs another
//! history, and when the ledger falls silent.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
#[path = "../verifier/tests/running/mod.rs"]
mod running;
#[path = "../verifier/tests/schema/mod.rs"]
mod schema;
mod server;
#[path = "../verifier/tests/web/mod.rs"]
mod web;
mod witnesses;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use ::verifier::log::base64::decode_url;
use ::verifier::log::note::signature_line;
use ::verifier::log::vkey::VerifierKey;
use ed25519_dalek::{Signer as _, SigningKey};
use program::{command, lawful_ledger_with_centre, verifier, verify};
use running::Running;
use serde_json::Value;
use server::Server;
use witnesses::{log_vkey, witness};

/// What only the holder of the log's key can do: a head of this size with another root.
fn forged_head(dir: &Path, vkey: &str, size: u64) -> String {
    let jwk: Value = serde_json::from_str(&fs::read_to_string(dir.join("ledger/log.key")).unwrap()).unwrap();
    let seed: [u8; 32] = decode_url(jwk["d"].as_str().unwrap()).unwrap().try_into().unwrap();
    let vkey = VerifierKey::parse(vkey).unwrap();
    let root = ::verifier::log::hash::sha256(b"another history");
    let body = format!("{}\n{size}\n{root}\n", server::ORIGIN);
    let signature = SigningKey::from_bytes(&seed).sign(body.as_bytes()).to_bytes();
    format!("{body}\n{}", signature_line(vkey.name(), vkey.key_id(), &signature))
}

/// What stands between the monitor and the ledger: the network, which somebody else may own.
fn network(server: &str, forged: &Arc<Mutex<Option<String>>>) -> String {
    let (server, forged) = (server.to_owned(), forged.clone());
    web::answer_with(move |request| {
        if let (Some(note), "checkpoint") = (forged.lock().unwrap().clone(), request.path.as_str()) {
            return ("200 OK".to_owned(), String::new(), note.into_bytes());
        }
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        match agent.get(format!("{server}/{}", request.path)).call() {
            Ok(mut answer) => {
                let body = answer.body_mut().with_config().limit(1 << 26).read_to_vec().unwrap();
                (answer.status().to_string(), String::new(), body)
            }
            Err(_) => ("502 Bad Gateway".to_owned(), String::new(), Vec::new()),
        }
    })
}

#[test]
fn a_monitor_is_silent_while_all_is_well_and_loud_when_the_logs_key_signs_another_history() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    lawful_ledger_with_centre(dir);
    let log = log_vkey(dir);
    let mut policy = format!("log {log}\n");
    let mut witnesses = Vec::new();
    for name in ["w1", "w2"] {
        let witness = witness(dir, name, "127.0.0.1:0", &log, &[]);
        policy += &format!("witness {name} {} http://{}\n", witness.vkey, witness.address);
        witnesses.push(witness);
    }
    policy += "group enough all w1 w2\nquorum enough\n";
    fs::write(dir.join("witnessed.txt"), policy).unwrap();
    let server = Server::start(dir, &["--policy", "witnessed.txt"]);
    let forged = Arc::new(Mutex::new(None));
    let address = network(&server.url(), &forged);
    fs::create_dir(dir.join("watch")).unwrap();
    let args =
        ["--json", "monitor", &address, "--policy", "witnessed.txt", "--state", "watch/state", "--interval", "1s"];
    let mut monitor = Running::start(command(&verifier(), &args, dir));
    let well = |look: &Value| look["exit_code"] == 0;
    assert!(monitor.until(well).is_empty());
    let centre = server::Publisher::centre(dir);
    for number in 0..20 {
        let answer = server.post(&centre.notice(&format!("n{number}"), &format!("P{}", number % 3)));
        assert!(matches!(answer.status, 201 | 200), "{}", answer.text());
    }
    let size = server.size();
    assert!(monitor.until(|look| well(look) && look["head"]["size"].as_u64() >= Some(size)).is_empty());
    // Both witnesses were asked and have seen it.
    let everywhere = |look: &Value| {
        let sizes = look["witnesses"].as_array().unwrap().iter().map(|witness| witness["size"].as_u64());
        well(look) && sizes.clone().count() == 2 && sizes.clone().all(|seen| seen >= Some(size))
    };
    assert!(monitor.until(everywhere).is_empty());

    // Whoever has the log's key shows the monitor another history. No witness would sign it.
    *forged.lock().unwrap() = Some(forged_head(dir, &log, server.size()));
    let alerts = monitor.until(|look| look["exit_code"] == 1);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["kind"], "fork");
    let evidence = alerts[0]["evidence"].as_str().unwrap();
    let proven = verify(dir, &["--json", "evidence", evidence, "--policy", "witnessed.txt"]).ends(0).json();
    assert_eq!(proven["kind"], "fork");
    *forged.lock().unwrap() = None;
    assert!(monitor.until(well).is_empty());

    // One witness is gone: nothing is published any more, nothing is false, and what is known grows old.
    drop(monitor);
    witnesses.pop();
    let once = |more: &[&str]| verify(dir, &[&args[..], &["--once"], more].concat());
    let told = once(&[]).ends(0);
    let look: Value = serde_json::from_str(told.out.lines().last().unwrap()).unwrap();
    assert!(look["witnesses"][1]["error"].is_string(), "{look}");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    std::thread::sleep(std::time::Duration::from_secs(2));
    let told = once(&["--max-age", "1s"]).ends(2);
    assert!(told.out.contains(r#""kind":"stale""#), "{}", told.out);
}
