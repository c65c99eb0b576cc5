//! An audit over http, and what an own audit is worth to a dossier.
#![allow(missing_docs, clippy::unwrap_used)]

mod forge;
mod program;
mod schema;
mod web;

use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;

use forge::{Forge, LOG, disclose, signed_note};
use program::{run, text, vectors};
use verifier::log::hash::sha256;
use web::serve;

fn forged(dir: &Path) -> Forge {
    let mut forge = Forge::new(dir);
    for n in 0..400 {
        let (words, digest) = disclose("text", &format!("\"{n}\""));
        let rest = format!(r#","_sd":["{digest}"]"#);
        forge.publish(&format!("P{}", n % 9), &format!("n{n}"), "announcement", &rest, &[&words]);
        if n % 100 == 50 {
            forge.seal();
        }
    }
    forge.seal();
    forge.finish();
    forge
}

#[test]
fn a_ledger_on_a_web_server_is_audited_like_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = forged(dir.path());
    let (policy, state) = (dir.path().join("policy.txt"), dir.path().join("state"));
    let (address, requests) = serve(&dir.path().join("tree"), 7);
    let audit = || run(&["audit", &address, "--policy", text(&policy), "--state", text(&state), "--json"]);
    let json = audit().json("audit");
    assert_eq!((&json["exit_code"], &json["entries"]), (&0.into(), &forge.size().into()), "{json}");
    assert_eq!(json["checkpoints"], 6);
    forge.publish("P1", "later", "award", "", &[]);
    forge.seal();
    forge.finish();
    let before = requests.load(Ordering::SeqCst);
    let json = audit().json("audit");
    assert_eq!((&json["exit_code"], &json["new_entries"]), (&0.into(), &2.into()), "{json}");
    assert!(requests.load(Ordering::SeqCst) - before < 12, "only what is new is fetched");
    fs::remove_file(dir.path().join("tree/tile/0/000")).unwrap();
    fs::remove_file(&state).unwrap();
    let json = audit().json("audit");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&1.into(), &"incomplete".into()));
}

#[test]
fn a_fork_on_a_web_server_is_found_among_its_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let forge = forged(dir.path());
    forge.write("tree/checkpoints/56", signed_note(LOG, 56, sha256(b"another")).as_bytes());
    let (policy, evidence) = (dir.path().join("policy.txt"), dir.path().join("evidence.json"));
    let (address, _) = serve(&dir.path().join("tree"), 0);
    let ran = run(&["audit", &address, "--policy", text(&policy), "--evidence", text(&evidence), "--json"]);
    assert_eq!((ran.code, &ran.json("audit")["error"]["rule"]), (1, &"fork".into()));
    assert!(evidence.exists());
}

#[test]
fn a_server_that_refuses_is_no_verdict() {
    let dir = tempfile::tempdir().unwrap();
    forged(dir.path());
    let (address, _) = serve(&dir.path().join("tree"), 1);
    let ran = run(&["audit", &address, "--policy", text(&dir.path().join("policy.txt")), "--json"]);
    assert_eq!((ran.code, &ran.json("audit")["verdict"]), (2, &"unchecked".into()));
}

#[test]
fn an_own_audit_vouches_for_a_dossier() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let (tree, policy, file) = (good.join("tree"), good.join("policy.txt"), good.join("project.dossier.json"));
    let temporary = tempfile::tempdir().unwrap();
    let state = temporary.path().join("state");
    assert_eq!(run(&["audit", text(&tree), "--policy", text(&policy), "--state", text(&state)]).code, 0);
    let args = ["dossier", text(&file), "--policy", text(&policy), "--max-age", "5000w", "--json"];
    let alone = run(&args).json("dossier");
    assert_eq!((&alone["exit_code"], &alone["wholeness"]), (&3.into(), &"ledger-word".into()));
    let vouched = run(&[&args[..], &["--audited", text(&state)]].concat()).json("dossier");
    assert_eq!((&vouched["exit_code"], &vouched["wholeness"]), (&0.into(), &"own-audit".into()));
    // The state of another ledger vouches for nothing.
    let other = temporary.path().join("other");
    let mut forge = Forge::new(&other);
    forge.finish();
    let (tree, policy, state) = (other.join("tree"), other.join("policy.txt"), other.join("state"));
    assert_eq!(run(&["audit", text(&tree), "--policy", text(&policy), "--state", text(&state)]).code, 0);
    assert_eq!(run(&[&args[..], &["--audited", text(&state)]].concat()).code, 3);
}
