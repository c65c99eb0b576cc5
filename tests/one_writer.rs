//! One writer at a time and readers beside it; a full disk is no loss.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use program::{command, import, ledger_with_centre, mingzhang, operator, ran, verify};
use serde_json::Value;

const IMPORT: [&str; 7] = ["import", "ledger", "-", "--publisher", "centre", "--key", "centre.key"];
const SEAL: [&str; 2] = ["seal", "ledger"];

fn draft(n: usize) -> String {
    format!(
        "{{\"notice_id\":\"n{n}\",\"project\":{{\"id\":\"P{n}\"}},\"sector\":\"land\",\"stage\":\"plan\",\"title\":\"供应计划\"}}\n"
    )
}

/// An import that has the ledger open and waits for its first line.
fn waiting_import(dir: &Path) -> Child {
    let child = command(&operator(), &IMPORT, dir).stdin(Stdio::piped()).spawn().unwrap();
    let (begun, pid) = (Instant::now(), child.id().to_string());
    while fs::read_to_string(dir.join("ledger/writer.lock")).unwrap_or_default().trim() != pid {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never took the lock");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[test]
fn a_second_writer_is_refused_by_the_id_of_the_first_while_readers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    let mut first = waiting_import(dir);
    let refused = mingzhang(dir, &SEAL).ends(2);
    assert!(refused.err.contains(&format!("process {}", first.id())), "{}", refused.err);
    let refused = mingzhang(dir, &[&["--lang", "zh"][..], &SEAL].concat()).ends(2);
    assert!(refused.err.contains(&first.id().to_string()) && refused.err.contains("进程"), "{}", refused.err);

    mingzhang(dir, &["stats", "ledger"]).ends(0);
    mingzhang(dir, &["absence", "ledger", "P1", "-o", "absent.json"]).ends(0);
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    mingzhang(dir, &["backup", "ledger", "copy"]).ends(0);
    mingzhang(dir, &["fsck", "ledger"]).ends(0);
    verify(dir, &["audit", "tree", "--policy", "ledger/policy.txt"]).ends(0);

    let mut input = first.stdin.take().unwrap();
    input.write_all(draft(1).as_bytes()).unwrap();
    drop(input);
    let first = ran(first.wait_with_output().unwrap()).ends(0);
    assert!(first.out.contains("accepted 1"), "{}", first.out);
    mingzhang(dir, &SEAL).ends(0);
}

#[test]
fn a_killed_writer_leaves_no_lock_behind() {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let mut first = waiting_import(dir.path());
    first.kill().unwrap();
    first.wait().unwrap();
    mingzhang(dir.path(), &SEAL).ends(0);
}

/// Runs an import that may write no file beyond some KiB: to a program a disk that is full.
fn import_on_a_full_disk(dir: &Path, kib: u64) -> program::Ran {
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
    let args =
        ["-c", &script, operator().to_str().unwrap(), "--json", "import", "ledger", "drafts.jsonl"].map(str::to_owned);
    let more = ["--publisher", "centre", "--key", "centre.key", "--acks", "acks"].map(str::to_owned);
    let mut command = Command::new("dash");
    if Command::new("dash").args(["-c", "true"]).status().is_err() {
        command = Command::new("sh");
    }
    command.args(args).args(more).current_dir(dir).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    ran(command.output().unwrap())
}

#[test]
fn a_full_disk_is_said_and_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    let count = 3000;
    let mut drafts = String::new();
    (0..count).for_each(|n| drafts.write_str(&draft(n)).unwrap());
    fs::write(dir.join("drafts.jsonl"), drafts).unwrap();
    let used = fs::metadata(dir.join("ledger/ledger.db")).unwrap().len() >> 10;
    for room in [0, 100, 1200, 2400] {
        let full = import_on_a_full_disk(dir, used + room).ends(2);
        assert!(full.err.contains("could not be done"), "{}", full.err);
        mingzhang(dir, &["fsck", "ledger"]).ends(0);
    }
    let acks = fs::read_to_string(dir.join("acks")).unwrap();
    let acks = acks.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let acked: BTreeSet<String> = acks.map(|ack| ack["notice_id"].as_str().unwrap().to_owned()).collect();
    assert!(!acked.is_empty(), "something was recorded before the disk was full");
    for notice in acked.iter().step_by(97) {
        mingzhang(dir, &["receipt", "ledger", "--notice", notice, "-o", "receipt"]).ends(0);
        verify(dir, &["receipt", "receipt", "--policy", "ledger/policy.txt"]).ends(0);
    }
    // Once there is room it goes on.
    let rest = import(dir, "ledger", &["drafts.jsonl"]).ends(0).json();
    let [accepted, already] = ["accepted", "already_recorded"].map(|name| rest[name].as_u64().unwrap());
    assert_eq!(accepted + already, count as u64);
    assert!(accepted > 0 && already >= acked.len() as u64, "{} of {already} were acknowledged", acked.len());
    mingzhang(dir, &["fsck", "ledger"]).ends(0);
}
