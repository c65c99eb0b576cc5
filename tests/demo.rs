//! `demo`: the main job in a screenful.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod browser;
mod program;
mod served_demo;

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use browser::{Case, disagreements};
use program::{Ran, command, mingzhang, operator, ran, verifier, verify};
use serde_json::Value;
use served_demo::ServedDemo;

/// What the README promises, once built.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `demo` with its own place for temporary files.
fn demo(dir: &Path, args: &[&str]) -> String {
    fs::create_dir_all(dir.join("tmp")).unwrap();
    let begun = Instant::now();
    let output = command(&operator(), &[&["demo"][..], args].concat(), dir).env("TMPDIR", dir.join("tmp")).output();
    let told = ran(output.unwrap()).ends(0).out;
    assert!(begun.elapsed() < LIMIT, "{:?}", begun.elapsed());
    told
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn the_demo_tells_the_main_job_in_both_languages_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let chinese = demo(dir.path(), &["--once", "--lang", "zh"]);
    for said in [
        "示例",
        "案卷完整",
        "完整公开",
        "【违反】",
        "= 38 日 > 30 日",
        "招标投标法第46条",
        "【逾期未公开】",
        "核验者拒绝",
        "即有条目被遗漏",
        "由重放组作证完整",
    ] {
        assert!(chinese.contains(said), "{said} is not in\n{chinese}");
    }
    let english = demo(dir.path(), &["--once", "--lang", "en"]);
    let said = ["dossier intact and whole", ": complete", "[violated]", "= 38 days > 30 days", "Bidding Law, art. 46"];
    for said in [&said[..], &["[overdue]", "the verifier refuses", "whole by the replay group's word"]].concat() {
        assert!(english.contains(said), "{said} is not in\n{english}");
    }
    for told in [&chinese, &english] {
        assert!(told.lines().count() <= 40, "more than a screenful:\n{told}");
    }
    assert!(is_empty(&dir.path().join("tmp")));
}

#[test]
fn the_demo_is_told_to_machines_too() {
    let dir = tempfile::tempdir().unwrap();
    let told: Value = serde_json::from_str(&demo(dir.path(), &["--once", "--json"])).unwrap();
    assert!(told["seconds"].as_f64().unwrap() < 10.0);
}

/// Runs a line as it is, in a shell of its own, elsewhere.
fn sh(line: &str) -> Ran {
    let elsewhere = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(elsewhere.path()).env_remove("LC_ALL").env("LANG", "C.UTF-8");
    ran(shell.output().unwrap())
}

fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("SKIPPED: curl is not installed");
    }
    found
}

#[test]
fn the_lines_that_the_demo_prints_verify_what_it_serves() {
    verifier();
    let dir = tempfile::tempdir().unwrap();
    let demo = ServedDemo::start(dir.path(), &["demo", "--dir", "it's kept", "--lang", "en"]);
    let address = demo.url().strip_prefix("http://").unwrap().to_owned();
    let lines: Vec<&String> = demo.told.iter().filter(|line| line.trim_start().starts_with("curl ")).collect();
    assert_eq!(lines.len(), 2, "{:?}", demo.told);
    assert!(demo.told.len() <= 40, "more than a screenful: {:?}", demo.told);
    if has_curl() {
        let complete = sh(lines[0]).ends(0);
        assert!(complete.out.contains("vouched for by the replay group"), "{}", complete.out);
        let complete = sh(&format!("{} --json", lines[0])).ends(0).json();
        assert_eq!(
            (&complete["wholeness"], &complete["lifecycle"]["standing"]),
            (&"replay-group".into(), &"complete".into())
        );
        // A real project, whose number needs encoding and was spelled in two ways.
        assert!(lines[1].contains('%'), "{}", lines[1]);
        let real = sh(&format!("{} --json", lines[1])).ends(0).json();
        assert_eq!(real["wholeness"], "replay-group");
        assert!(real["entries"].as_array().is_some_and(|entries| entries.len() == 2), "{real}");
    }
    // The policy demands both witnesses: neither the ledger nor one of them is enough.
    let policy = fs::read_to_string(dir.path().join("it's kept/witnessed-policy.txt")).unwrap();
    assert!(policy.contains("group replay all witness-1 witness-2\nquorum replay\n"), "{policy}");
    demo.stop("TERM");
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn the_served_demo_is_told_to_machines_and_ends_with_an_interrupt() {
    let dir = tempfile::tempdir().unwrap();
    let demo = ServedDemo::start(dir.path(), &["demo", "--json"]);
    let told: Value = serde_json::from_str(&demo.told[0]).unwrap();
    let address = told["listening"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    let policy = fs::read_to_string(told["policy"].as_str().unwrap()).unwrap();
    let witnesses = policy.lines().filter_map(|line| line.strip_prefix("witness ")?.split_once(" http://"));
    let addresses: Vec<String> = witnesses.map(|(_, address)| address.to_owned()).chain([address]).collect();
    assert_eq!(addresses.len(), 3);
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_ok()));
    demo.stop("INT");
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_err()));
}

#[test]
fn a_demo_kept_is_a_ledger_that_everybody_accepts() {
    let dir = tempfile::tempdir().unwrap();
    ServedDemo::start(dir.path(), &["demo", "--dir", "kept"]).stop("TERM");
    mingzhang(dir.path(), &["fsck", "kept"]).ends(0);
    verify(dir.path(), &["audit", "kept/tree", "--policy", "kept/policy.txt", "--state", "audited"]).ends(0);
    let dossiers = fs::read_dir(dir.path().join("kept")).unwrap().map(|entry| entry.unwrap().path());
    let dossiers: Vec<_> = dossiers.filter(|path| path.to_str().unwrap().ends_with(".dossier.json")).collect();
    // The verifier of the portal's pages says the same of them, by the ledger's word alone and by the witnesses'.
    let policies =
        ["policy.txt", "witnessed-policy.txt"].map(|name| fs::read(dir.path().join("kept").join(name)).unwrap());
    let case = |path: &PathBuf, policy: &Vec<u8>| {
        let (what, file) = (path.display().to_string(), fs::read(path).unwrap());
        Case { what, kind: "dossier", file, policy: policy.clone() }
    };
    let cases: Vec<Case> =
        policies.iter().flat_map(|policy| dossiers.iter().map(move |path| case(path, policy))).collect();
    assert_eq!(disagreements(&cases), [] as [String; 0]);
    let mut standings: Vec<String> = dossiers
        .into_iter()
        .map(|dossier| {
            let args =
                ["dossier", dossier.to_str().unwrap(), "--policy", "kept/policy.txt", "--audited", "audited", "--json"];
            let told = verify(dir.path(), &args);
            let standing = told.json()["lifecycle"]["standing"].as_str().unwrap().to_owned();
            // Intact all of them; what is broken or overdue in the course of a project is a reservation.
            told.ends(if standing == "complete" { 0 } else { 3 });
            standing
        })
        .collect();
    standings.sort();
    assert_eq!(standings, ["complete", "overdue", "violated"]);
    assert!(is_empty(&dir.path().join("tmp")));
}

#[test]
fn a_demo_does_not_touch_a_directory_that_holds_something() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("full")).unwrap();
    fs::write(dir.path().join("full/letter.txt"), "something").unwrap();
    let refused = mingzhang(dir.path(), &["demo", "--dir", "full", "--once"]);
    assert_ne!(refused.code, 0);
    assert_eq!(fs::read_to_string(dir.path().join("full/letter.txt")).unwrap(), "something");
    assert_eq!(fs::read_dir(dir.path().join("full")).unwrap().count(), 1);
}
