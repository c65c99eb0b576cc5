//! The import is killed at random moments, again and again: nothing acknowledged is lost, nothing published is contradicted.
#![allow(missing_docs, clippy::unwrap_used)]

mod program;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use program::{command, import, ledger_with_centre, mingzhang, operator, verify};
use serde_json::Value;

/// Notices imported.
const NOTICES: u64 = 4000;

/// Kills: `MINGZHANG_KILLS`, else what a test run can afford.
fn kills() -> u32 {
    std::env::var("MINGZHANG_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20)
}

fn drafts() -> String {
    let mut lines = String::new();
    for n in 0..NOTICES {
        let project = n * 2_654_435_761 % 700;
        let text = "招标公告正文。".repeat(40);
        let _ = writeln!(
            lines,
            "{{\"notice_id\":\"n{n}\",\"project\":{{\"id\":\"K-{project}\"}},\"sector\":\"construction\",\"stage\":\"announcement\",\
             \"title\":\"招标公告 {n}\",\"region\":\"420100\",\"text\":\"{text}\"}}"
        );
    }
    lines
}

/// Notice ids acknowledged; a last line that the kill cut off acknowledges nothing.
fn acknowledged(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines.map(|line| serde_json::from_str::<Value>(line).unwrap()["notice_id"].as_str().unwrap().to_owned()).collect()
}

/// The drafts of these notices, to ask whether they are recorded.
fn subset(drafts: &str, ids: &BTreeSet<String>) -> String {
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["notice_id"].as_str().unwrap().to_owned();
    drafts.lines().filter(|line| ids.contains(&id(line))).flat_map(|line| [line, "\n"]).collect()
}

/// A small generator with a fixed seed: which moments are hit is not repeatable, which are tried is.
struct Moments(u64);

impl Moments {
    fn next(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

fn check(dir: &Path, drafts: &str) {
    mingzhang(dir, &["fsck", "ledger"]).ends(0);
    let acks = acknowledged(&dir.join("acks"));
    fs::write(dir.join("acknowledged.jsonl"), subset(drafts, &acks)).unwrap();
    let sign = ["--publisher", "centre", "--key", "centre.key"];
    if !acks.is_empty() {
        let args = [&["--json", "import", "ledger", "acknowledged.jsonl", "--check"][..], &sign].concat();
        let asked = mingzhang(dir, &args).ends(0).json();
        assert_eq!(asked["already_recorded"], acks.len(), "an acknowledged notice is lost");
    }
    // The state remembers every head seen; a head that contradicts one of them is refused.
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    verify(dir, &["audit", "tree", "--policy", "ledger/policy.txt", "--state", "state"]).ends(0);
}

#[test]
fn a_killed_import_loses_nothing_it_acknowledged_and_contradicts_nothing_it_published() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let drafts = drafts();
    fs::write(dir.join("drafts.jsonl"), &drafts).unwrap();
    ledger_with_centre(dir);
    let mut moments = Moments(42);
    let (mut killed, mut rounds) = (0, 0);
    while killed < kills() {
        rounds += 1;
        assert!(rounds < 20 * kills(), "the import ends before it can be killed: give it more notices");
        let args =
            ["import", "ledger", "drafts.jsonl", "--publisher", "centre", "--key", "centre.key", "--acks", "acks"];
        let mut child = command(&operator(), &args, dir).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moments.next(300)));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        check(dir, &drafts);
        if acknowledged(&dir.join("acks")).len() as u64 == NOTICES {
            // Everything is recorded: what is killed next begins anew.
            for gone in ["ledger", "tree"] {
                fs::remove_dir_all(dir.join(gone)).unwrap();
            }
            for gone in ["acks", "state", "centre.key"] {
                fs::remove_file(dir.join(gone)).unwrap();
            }
            ledger_with_centre(dir);
        }
    }
    let done = import(dir, "ledger", &["drafts.jsonl"]).ends(0).json();
    assert_eq!(done["accepted"].as_u64().unwrap() + done["already_recorded"].as_u64().unwrap(), NOTICES);
    check(dir, &drafts);
    let stats = mingzhang(dir, &["--json", "stats", "ledger"]).ends(0).json();
    assert_eq!(
        (&stats["notices"], &stats["projects"]),
        (&NOTICES.into(), &700.into()),
        "as if it had never been killed"
    );
}
