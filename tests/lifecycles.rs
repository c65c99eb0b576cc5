//! The sample's lifecycles, each recorded at its own times and read as a bidder reads it: what `mingzhang-verify dossier` says
//! of it in both languages.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod sample;
#[path = "../verifier/tests/schema/mod.rs"]
mod schema;

use std::fs;
use std::path::Path;

use program::{Ran, verify};
use sample::{Centre, events, lifecycles};
use serde_json::Value;
use verifier::record::subject::{ProjectId, Subject};

const SCHEMA: &str = include_str!("../verifier/schema/dossier.schema.json");

/// Records a sector's lifecycles and writes a dossier of each, a policy and the state of an audit.
async fn record(dir: &Path, lifecycles: &[Value]) {
    let mut centre = Centre::new(&dir.join("ledger")).await;
    for event in events(lifecycles) {
        centre.record(event, lifecycles).await;
    }
    centre.seal().await;
    for one in lifecycles {
        let project = one["project"].as_str().unwrap();
        let subject = Subject::Project(ProjectId::normalise(project).unwrap());
        let file = centre.ledger.dossier(&subject).await.unwrap();
        fs::write(dir.join(format!("{project}.json")), file.format()).unwrap();
    }
    centre.close(dir).await;
}

/// What a reader who has audited the ledger is told, as of the lifecycle's day.
fn read(dir: &Path, lifecycle: &Value, more: &[&str]) -> Ran {
    let file = format!("{}.json", lifecycle["project"].as_str().unwrap());
    let as_of = lifecycle["as_of"].as_str().unwrap();
    let args =
        ["dossier", &file, "--policy", "policy.txt", "--audited", "state", "--max-age", "36500d", "--as-of", as_of];
    verify(dir, &[&args[..], more].concat())
}

async fn are_told(prefix: &str) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let lifecycles = lifecycles(prefix);
    record(dir, &lifecycles).await;
    verify(dir, &["audit", "tree", "--policy", "policy.txt", "--state", "state"]).ends(0);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("lifecycles");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    for one in &lifecycles {
        let (project, standing) = (one["project"].as_str().unwrap(), one["standing"].as_str().unwrap());
        for lang in ["zh", "en"] {
            insta::assert_snapshot!(format!("{project}.{lang}"), read(dir, one, &["--lang", lang]).out);
        }
        let told = read(dir, one, &["--json"]);
        schema::check(&serde_json::from_str(SCHEMA).unwrap(), &told.json());
        found.push((project, told.json()["lifecycle"]["standing"].as_str().unwrap().to_owned(), told.code));
        expected.push((project, standing.to_owned(), if matches!(standing, "violated" | "overdue") { 3 } else { 0 }));
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn construction_lifecycles_are_told() {
    are_told("SL-GC-").await;
}

#[tokio::test]
async fn procurement_lifecycles_are_told() {
    are_told("SL-ZC-").await;
}

#[tokio::test]
async fn state_asset_lifecycles_are_told() {
    are_told("SL-CQ-").await;
}

#[tokio::test]
async fn land_lifecycles_are_told() {
    are_told("SL-TD-").await;
}
