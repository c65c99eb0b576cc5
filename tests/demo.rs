//! `demo`: the main job in a screenful.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use program::{command, mingzhang, operator, ran, verify};

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
    ] {
        assert!(chinese.contains(said), "{said} is not in\n{chinese}");
    }
    let english = demo(dir.path(), &["--once", "--lang", "en"]);
    let said = ["dossier intact and whole", ": complete", "[violated]", "= 38 days > 30 days", "Bidding Law, art. 46"];
    for said in [&said[..], &["[overdue]", "the verifier refuses"]].concat() {
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
    let told: serde_json::Value = serde_json::from_str(&demo(dir.path(), &["--once", "--json"])).unwrap();
    assert!(told["seconds"].as_f64().unwrap() < 10.0);
}

#[test]
fn a_demo_kept_is_a_ledger_that_everybody_accepts() {
    let dir = tempfile::tempdir().unwrap();
    demo(dir.path(), &["--dir", "kept"]);
    mingzhang(dir.path(), &["fsck", "kept"]).ends(0);
    verify(dir.path(), &["audit", "kept/tree", "--policy", "kept/policy.txt", "--state", "audited"]).ends(0);
    let dossiers = fs::read_dir(dir.path().join("kept")).unwrap().map(|entry| entry.unwrap().path());
    let dossiers: Vec<_> = dossiers.filter(|path| path.to_str().unwrap().ends_with(".dossier.json")).collect();
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
