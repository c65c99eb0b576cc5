//! A ledger and its independent witnesses, as real processes: what is published has been seen by enough of them, and what
//! contradicts them is not signed.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;
mod witnesses;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use program::{command, copy, ledger_with_centre, mingzhang, operator, ran, verify};
use server::Server;
use witnesses::{SOON, free_address, health, log_vkey, until_published, witness};

fn draft(number: usize) -> String {
    format!(
        "{{\"notice_id\":\"n{number}\",\"project\":{{\"id\":\"P{}\"}},\"sector\":\"land\",\"stage\":\"plan\",\"title\":\"供应计划\",\"text\":\"{number}\"}}\n",
        number % 20
    )
}

/// Publishes drafts over the network.
fn publish(dir: &Path, server: &Server, from: usize, to: usize) {
    let file = format!("drafts-{from}.jsonl");
    fs::write(dir.join(&file), (from..to).map(draft).collect::<String>()).unwrap();
    let (url, key) = (server.url(), ["--publisher", "centre", "--key", "centre.key"]);
    mingzhang(dir, &[&["import", "--url", &url, &file][..], &key].concat()).ends(0);
}

#[test]
fn what_is_published_was_seen_by_enough_witnesses_and_replayed_by_those_who_replay() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    let (log, address) = (log_vkey(dir), free_address());
    let replayed = format!("http://{address}");
    let replay = ["--replay", replayed.as_str()];
    let r1 = witness(dir, "r1", "127.0.0.1:0", &log, &replay);
    let r2 = witness(dir, "r2", "127.0.0.1:0", &log, &replay);
    let plain = witness(dir, "plain", "127.0.0.1:0", &log, &[]);
    let mut policy = format!("log {log}\n");
    for (name, one) in [("r1", &r1), ("r2", &r2), ("plain", &plain)] {
        policy += &format!("witness {name} {} http://{}\n", one.vkey, one.address);
    }
    policy += "group replay all r1 r2\ngroup enough all replay plain\nquorum enough\n";
    fs::write(dir.join("witnessed.txt"), policy).unwrap();

    let options = ["--listen", address.as_str(), "--policy", "witnessed.txt"];
    let server = Server::start_with(dir, &options);
    let first = health(&server)["size"].as_u64().unwrap();
    until_published(&server, first);
    publish(dir, &server, 0, 200);
    until_published(&server, health(&server)["size"].as_u64().unwrap());
    let receipt = server.get("/api/v1/notices/5/receipt");
    assert_eq!(receipt.status, 200, "{}", receipt.text());
    fs::write(dir.join("5.receipt"), &receipt.body).unwrap();
    let told = verify(dir, &["--json", "receipt", "5.receipt", "--policy", "witnessed.txt"]).ends(0).json();
    assert_eq!(told["quorum_met"], true);
    let dossier = server.get("/api/v1/projects/P3/dossier");
    fs::write(dir.join("P3.dossier.json"), &dossier.body).unwrap();
    let told = verify(dir, &["--json", "dossier", "P3.dossier.json", "--policy", "witnessed.txt"]).ends(0).json();
    assert_eq!(told["wholeness"], "replay-group", "{told}");
    verify(dir, &["audit", &server.url(), "--policy", "witnessed.txt"]).ends(0);

    // One that replays is gone: nothing is published any more, everything is recorded, and it is said who is missing.
    let r2_address = r2.address.clone();
    drop(r2);
    let before = server.size();
    let key = ["--publisher", "centre", "--key", "centre.key"];
    fs::write(dir.join("late.json"), draft(1000)).unwrap();
    let (url, size) = (server.url(), health(&server)["size"].as_u64().unwrap());
    let late =
        command(&operator(), &[&["publish", "--url", &url, "late.json"][..], &key].concat(), dir).spawn().unwrap();
    let begun = Instant::now();
    let state = loop {
        let state = health(&server);
        if state["size"].as_u64().unwrap() > size && state["cosigning"]["witnesses"][1]["error"].is_string() {
            break state;
        }
        assert!(begun.elapsed() < SOON, "{state}");
        thread::sleep(Duration::from_millis(50));
    };
    assert_eq!((server.size(), &state["cosigning"]["published"]), (before, &before.into()));
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("mingzhang_witness_failing{witness=\"r2\"} 1"), "{metrics}");
    // It comes back, reads what it has missed, the ledger goes on, and whoever waited for a receipt gets it.
    let _r2 = witness(dir, "r2", &r2_address, &log, &replay);
    until_published(&server, before + 1);
    ran(late.wait_with_output().unwrap()).ends(0);

    // The ledger and its guard are replaced by a copy of yesterday.
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    copy(&dir.join("ledger"), &dir.join("yesterday"));
    let server = Server::start_with(dir, &options);
    publish(dir, &server, 2000, 2010);
    until_published(&server, health(&server)["size"].as_u64().unwrap());
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    fs::rename(dir.join("ledger"), dir.join("today")).unwrap();
    fs::rename(dir.join("yesterday"), dir.join("ledger")).unwrap();
    let refused = mingzhang(dir, &[&["serve", "ledger"][..], &options].concat()).ends(1);
    assert!(refused.err.contains("a rollback"), "{}", refused.err);
    assert!(dir.join("ledger/evidence.json").exists());
}
