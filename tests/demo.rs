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
    assert!(chinese.contains("示例") && chinese.contains("案卷完整") && chinese.contains("核验者拒绝"), "{chinese}");
    assert!(chinese.contains("即有条目被遗漏"), "{chinese}");
    let english = demo(dir.path(), &["--once", "--lang", "en"]);
    assert!(english.contains("dossier intact and whole") && english.contains("the verifier refuses"), "{english}");
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
    assert!(!dossiers.is_empty());
    for dossier in dossiers {
        let dossier = dossier.to_str().unwrap();
        verify(dir.path(), &["dossier", dossier, "--policy", "kept/policy.txt", "--audited", "audited"]).ends(0);
    }
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
