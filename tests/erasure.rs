//! An erasure while somebody still reads an older state of the ledger: it is said, and done again it is finished.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use program::{command, files_under, import, ledger_with_centre, mingzhang, operator, verify};

const CONTACT: &str = "张三 027-1380000";
const ERASE: [&str; 10] = [
    "erase",
    "ledger",
    "--notice",
    "n0",
    "--field",
    "contact",
    "--ground",
    "个人信息保护法第四十七条",
    "--reason",
    "本人申请",
];

fn drafts() -> String {
    let mut drafts = String::new();
    for n in 0..6000 {
        let parties = format!("[{{\"role\":\"buyer\",\"name\":\"采购人\",\"contact\":\"{CONTACT}\"}}]");
        let parties = if n == 0 { format!(",\"parties\":{parties}") } else { String::new() };
        let draft = format!(
            "{{\"notice_id\":\"n{n}\",\"project\":{{\"id\":\"P{n}\"}},\"sector\":\"land\",\"stage\":\"plan\",\"title\":\"计划\"{parties}}}"
        );
        writeln!(drafts, "{draft}").unwrap();
    }
    drafts
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// An export that stands still in the middle of its work.
fn halted_export(dir: &Path) -> Child {
    for attempt in 0..50 {
        let out = format!("tree-{attempt}");
        let mut child = command(&operator(), &["--json", "export", "ledger", &out], dir).spawn().unwrap();
        while !dir.join(&out).join("tile/entries/000").exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        signal(&child, "-STOP");
        if child.try_wait().unwrap().is_none() && !dir.join(&out).join("checkpoint").exists() {
            return child;
        }
        signal(&child, "-CONT");
        child.wait().unwrap();
    }
    panic!("every export was through before it could be halted");
}

fn is_anywhere(dir: &Path, text: &str) -> bool {
    let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    files_under(dir).into_iter().any(|file| holds(fs::read(file).unwrap()))
}

#[test]
fn while_a_reader_holds_an_older_snapshot_an_erasure_says_so_and_is_finished_once_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    fs::write(dir.join("drafts.jsonl"), drafts()).unwrap();
    import(dir, "ledger", &["drafts.jsonl"]).ends(0);

    let mut reader = halted_export(dir);
    let held = mingzhang(dir, &ERASE).ends(2);
    assert!(held.err.contains("a reader's snapshot keeps the bytes"), "{}", held.err);
    let entries = mingzhang(dir, &["--json", "stats", "ledger"]).ends(0).json()["entries"].clone();
    signal(&reader, "-KILL");
    reader.wait().unwrap();

    mingzhang(dir, &ERASE).ends(0);
    assert!(!is_anywhere(&dir.join("ledger"), CONTACT));
    assert_eq!(
        mingzhang(dir, &["--json", "stats", "ledger"]).ends(0).json()["entries"],
        entries,
        "it is recorded once"
    );
    mingzhang(dir, &["fsck", "ledger"]).ends(0);
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    assert!(!is_anywhere(&dir.join("tree"), CONTACT));
    verify(dir, &["audit", "tree", "--policy", "ledger/policy.txt"]).ends(0);
}
