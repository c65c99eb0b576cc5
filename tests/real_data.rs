//! What is shown at the end: 1,882 real notices recorded, counted, audited; a parcel's dossier, and the same with a notice left out.
#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::Path;

use program::{Ran, import, ledger_with_centre, mingzhang, real_data, verify};
use serde_json::Value;
use verifier::record::entry::entry_hash;

const FILES: [&str; 5] = [
    "ggzy_2026-03.jsonl",
    "land_supply.jsonl",
    "property_exchange.jsonl",
    "yichang_candidates.jsonl",
    "zhengzhou_land.jsonl",
];

fn stats(dir: &Path, ledger: &str) -> Value {
    mingzhang(dir, &["--json", "stats", ledger]).ends(0).json()
}

fn counts(ran: &Ran) -> [u64; 3] {
    let json = ran.json();
    ["accepted", "already_recorded", "refused"].map(|name| json[name].as_u64().unwrap())
}

/// A parcel with one listing and one result, as it is typed in the file.
fn parcel_with_result(zhengzhou: &str) -> String {
    let drafts: Vec<Value> = zhengzhou.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |stage: &'static str| drafts.iter().filter(move |draft| draft["stage"] == stage);
    let number = |draft: &Value| draft["project"]["id"].as_str().unwrap().to_owned();
    let times = |id: &str, stage| of(stage).filter(|draft| number(draft) == id).count();
    let both = |id: &String| times(id, "announcement") == 1 && times(id, "award") == 1;
    of("announcement").map(number).find(both).expect("a parcel with a listing and a result")
}

#[test]
fn the_real_notices_are_recorded_counted_audited_and_a_notice_left_out_is_found() {
    let Some(real) = real_data() else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    let files: Vec<String> = FILES.iter().map(|name| real.join(name).to_str().unwrap().to_owned()).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();

    assert_eq!(counts(&import(dir, "ledger", &files).ends(0)), [1882, 0, 0]);
    let recorded = stats(dir, "ledger");
    assert_eq!((&recorded["projects"], &recorded["notices"]), (&1573.into(), &1882.into()));
    assert_eq!(counts(&import(dir, "ledger", &files).ends(0)), [0, 1882, 0]);
    assert_eq!(stats(dir, "ledger")["checkpoint"], recorded["checkpoint"], "an import of nothing new changes nothing");
    assert_eq!(mingzhang(dir, &["--json", "fsck", "ledger"]).ends(0).json()["entries"], recorded["entries"]);

    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    verify(dir, &["audit", "tree", "--policy", "ledger/policy.txt", "--state", "audited"]).ends(0);
    let zhengzhou = fs::read_to_string(real.join("zhengzhou_land.jsonl")).unwrap();
    let parcel = parcel_with_result(&zhengzhou);
    the_dossier_is_intact(dir, &parcel);
    the_dossier_without_the_result_is_rejected(dir, &parcel);
}

#[test]
fn four_hundred_projects_are_zhengzhous() {
    let Some(real) = real_data() else { return };
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let file = real.join("zhengzhou_land.jsonl");
    assert_eq!(counts(&import(dir.path(), "ledger", &[file.to_str().unwrap()]).ends(0)), [687, 0, 0]);
    let stats = stats(dir.path(), "ledger");
    assert_eq!(stats["projects"], 400);
    assert_eq!(
        (&stats["sectors"]["land"]["announcement"], &stats["sectors"]["land"]["award"]),
        (&377.into(), &310.into())
    );
}

fn dossier<'a>(file: &'a str, project: &'a str) -> [&'a str; 6] {
    ["dossier", file, "--policy", "ledger/policy.txt", "--project", project]
}

fn the_dossier_is_intact(dir: &Path, parcel: &str) {
    mingzhang(dir, &["dossier", "ledger", parcel, "-o", "whole.json"]).ends(0);
    let by_its_word = verify(dir, &dossier("whole.json", parcel)).ends(3);
    assert!(by_its_word.out.contains("[announcement]") && by_its_word.out.contains("[award]"), "{}", by_its_word.out);
    let reasons = verify(dir, &[&["--json"][..], &dossier("whole.json", parcel)].concat()).ends(3).json();
    assert!(reasons["reasons"].to_string().contains("ledger-word-only"), "{reasons}");
    let audited = verify(dir, &[&dossier("whole.json", parcel)[..], &["--audited", "audited"]].concat()).ends(0);
    assert!(audited.out.contains("All 2 entries are here and unaltered"), "{}", audited.out);
}

/// The result removed; then the counts, the tally and the head made to fit what is left.
fn the_dossier_without_the_result_is_rejected(dir: &Path, parcel: &str) {
    let mut file: Value = serde_json::from_str(&fs::read_to_string(dir.join("whole.json")).unwrap()).unwrap();
    let subject = &mut file["subjects"][0];
    let entries = subject["entries"].as_array_mut().unwrap();
    assert!(statement_of(entries.last().unwrap()).contains("award"), "the result was recorded last");
    entries.pop();
    let left = entry_hash(entries.last().unwrap()["entry"].as_str().unwrap());
    let rejected = |name: &str, file: &Value| {
        fs::write(dir.join(name), file.to_string()).unwrap();
        let audited = verify(dir, &[&dossier(name, parcel)[..], &["--audited", "audited"]].concat()).ends(1);
        let alone = verify(dir, &dossier(name, parcel)).ends(1);
        assert_eq!(audited.out, alone.out);
        alone.out + &alone.err
    };
    let said = rejected("removed.json", &file);
    assert!(said.contains("1 left out"), "{said}");

    let subject = &mut file["subjects"][0];
    subject["count"] = 1.into();
    subject["tally"].as_object_mut().unwrap().remove("award");
    let said = rejected("counts-mended.json", &file);
    assert!(said.contains("left out"), "{said}");
    file["subjects"][0]["head"] = left.to_string().into();
    let said = rejected("all-mended.json", &file);
    assert!(said.contains("left out"), "{said}");
}

/// The claims of an entry's statement.
fn statement_of(entry: &Value) -> String {
    let entry: Value = serde_json::from_str(entry["entry"].as_str().unwrap()).unwrap();
    let claims = entry["statement"].as_str().unwrap().split('.').nth(1).unwrap();
    String::from_utf8(verifier::log::base64::decode_url(claims).unwrap()).unwrap()
}
