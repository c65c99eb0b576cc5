//! What the law asks, case by case: `rules/<rule id>.toml` for every rule that ships, `quorum/` for what witnesses change.
//!
//! How a case is told and judged: [`cases`].
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod cases;
mod program;

use std::path::{Path, PathBuf};

use std::fs;

use cases::{Case, Law, Shown, alone, judge, read, rules, told_in};
use program::{mingzhang, verify};
use serde_json::{Value, json};
use verifier::lifecycle::instant::start_of;
use verifier::lifecycle::shipped;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(name)
}

fn cn() -> Law<'static> {
    Law { jurisdiction: "cn", rulebook: shipped::rulebook("cn").unwrap(), calendar: shipped::calendar("cn") }
}

#[test]
fn every_case_of_every_rule_comes_out_as_told() {
    let cases = read(&folder("rules"), cn());
    judge(&cases, cn());
}

#[test]
fn witnesses_decide_what_holds_under_a_quorum() {
    judge(&read(&folder("quorum"), cn()), cn());
}

/// The other jurisdiction: a rulebook that ships with nothing, and no calendar.
fn eu(rulebook: &str) -> Law<'_> {
    Law { jurisdiction: "eu", rulebook, calendar: None }
}

#[test]
fn another_jurisdiction_is_another_file() {
    let rulebook = fs::read_to_string(folder("rulebooks/eu.json")).unwrap();
    let law = eu(&rulebook);
    let cases = read(&folder("rulebooks/eu"), law);
    every_rule_is_shown(&rulebook, &folder("rulebooks/eu"), &cases);
    judge(&cases, law);
}

#[test]
fn every_rule_has_its_cases() {
    every_rule_is_shown(cn().rulebook, &folder("rules"), &read(&folder("rules"), cn()));
}

/// Each rule has a file, and its cases show it from all sides.
fn every_rule_is_shown(rulebook: &str, folder: &Path, cases: &[Case]) {
    assert_eq!(told_in(folder), rules(rulebook).into_keys().collect());
    let rulebook: Value = serde_json::from_str(rulebook).unwrap();
    for rule in rulebook["rules"].as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let own: Vec<&Case> = cases.iter().filter(|case| case.rule == id).collect();
        let from = rule["effective"]["from"].as_str().or(rulebook["effective_from"].as_str()).unwrap();
        let mut asked = vec![Shown::Met, Shown::Broken, Shown::Open, Shown::Lot];
        asked.push(Shown::Before(start_of(from.parse().unwrap())));
        if rule.to_string().contains("next-working-day") {
            asked.push(Shown::Rolled);
        }
        for what in asked {
            assert!(own.iter().any(|case| case.shows(what)), "no case of {id} shows {what:?}");
        }
        assert!(own.len() >= 5, "{id} has {} cases", own.len());
    }
}

#[test]
fn a_ledger_elsewhere_takes_its_own_rulebook() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rulebook = folder("rulebooks/eu.json");
    mingzhang(dir, &["init", "ledger", "--origin", "ledger.example/eu", "--jurisdiction", "eu"]).ends(0);
    let recorded = mingzhang(dir, &["--json", "rulebook", "ledger", rulebook.to_str().unwrap()]).ends(0).json();
    assert_eq!((&recorded["version"], &recorded["rules"]), (&json!("2014-24"), &json!(3)));
    mingzhang(dir, &["keygen", "authority.key"]).ends(0);
    let authority = ["--publisher", "authority", "--name", "A contracting authority", "--key", "authority.key"];
    mingzhang(dir, &[&["enrol", "ledger"][..], &authority, &["--sector", "procurement", "--region", "all"]].concat())
        .ends(0);
    for (name, stage, data) in
        [("award", "award", json!({})), ("contract", "contract", json!({ "signed_at": "2026-01-01" }))]
    {
        let draft = json!({ "notice_id": name, "project": { "id": "EU-1" }, "sector": "procurement", "stage": stage, "title": name, "data": data });
        fs::write(dir.join("draft.json"), draft.to_string()).unwrap();
        mingzhang(dir, &["publish", "ledger", "draft.json", "--publisher", "authority", "--key", "authority.key"])
            .ends(0);
    }
    mingzhang(dir, &["dossier", "ledger", "EU-1", "-o", "eu.dossier.json"]).ends(0);
    let told = verify(dir, &["dossier", "eu.dossier.json", "--policy", "ledger/policy.txt", "--json"]).ends(3).json();
    let rules = told["lifecycle"]["lots"][0]["rules"].as_array().unwrap();
    let standstill = rules.iter().find(|rule| rule["id"] == "eu.standstill").unwrap();
    assert_eq!(standstill["outcome"], "violated", "signed before the award");
    assert_eq!(standstill["basis"][0]["article"], "2a(2)");
    assert_eq!(told["lifecycle"]["rulebooks"][0]["shipped"], false);
}
