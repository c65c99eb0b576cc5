//! The server against its own description: Schemathesis, installed for the test, asks every operation described, with what the
//! description allows and with what it does not, and holds every answer against it.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use program::{copy, import, lawful_ledger_with_centre, mingzhang};
use serde_json::json;
use server::{Publisher, Server, draft};
use verifier::evidence::Evidence;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::{hex, sha256};

/// Requests of one kind to one operation: `EXAMPLES=1000` looks longer than every change can wait for.
const EXAMPLES: &str = "6";

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Schemathesis and what its hooks sign with: made in the directory.
fn install(dir: &Path) -> Result<PathBuf, String> {
    run(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(dir))?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let wanted = ["schemathesis>=4.32,<5", "cryptography>=45"];
    run(Command::new(dir.join("venv/bin/python")).args(quiet).args(wanted).current_dir(dir))?;
    Ok(dir.join("venv/bin/schemathesis"))
}

/// Evidence against the ledger of a directory, whose operator shows another history to others; kept by the ledger, too. Its file's
/// name.
fn evidence(dir: &Path) -> String {
    let other = tempfile::tempdir().unwrap();
    copy(dir, other.path());
    let notes = [(dir, "one"), (other.path(), "other")].map(|(dir, id)| {
        fs::write(dir.join("draft.jsonl"), format!("{}\n", draft(id, "P-1"))).unwrap();
        import(dir, "ledger", &["draft.jsonl"]).ends(0);
        mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
        SignedCheckpoint::parse(&fs::read_to_string(dir.join("tree/checkpoint")).unwrap()).unwrap()
    });
    let text = Evidence::Fork { notes, path: Vec::new() }.format() + "\n";
    let name = format!("fork-{}.json", hex(sha256(text.as_bytes()).as_bytes()));
    fs::create_dir_all(dir.join("ledger/evidence")).unwrap();
    fs::write(dir.join("ledger/evidence").join(&name), text).unwrap();
    name
}

/// A ledger with a full tile of notices, an attachment, and evidence against it; the attachment's hash and the evidence's name.
fn filled(dir: &Path) -> (Server, String, String) {
    lawful_ledger_with_centre(dir);
    let drafts = (0..300).map(|number| format!("{}\n", draft(&format!("n{number}"), &format!("P-{}", number % 20))));
    fs::write(dir.join("drafts.jsonl"), drafts.collect::<String>()).unwrap();
    import(dir, "ledger", &["drafts.jsonl"]).ends(0);
    let evidence = evidence(dir);
    let server = Server::start(dir, &[]);
    let bytes = b"an attachment";
    let sha256 = hex(sha256(bytes).as_bytes());
    let mut notice = draft("attached", "P-1");
    notice["attachments"] = json!([{ "name": "附件.txt", "sha256": sha256, "size": bytes.len() }]);
    server.post(&Publisher::centre(dir).sign(&notice)).is(201);
    server.ask("PUT", &format!("/attachments/{sha256}"), &[], bytes).is(201);
    (server, sha256, evidence)
}

#[test]
fn every_answer_is_as_described() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let schemathesis = match install(dir) {
        Ok(schemathesis) => schemathesis,
        Err(hindered) => {
            eprintln!("SKIPPED: Schemathesis cannot be installed: {}", hindered.lines().next().unwrap_or_default());
            return;
        }
    };
    let (server, sha256, evidence) = filled(dir);
    let examples = std::env::var("EXAMPLES").unwrap_or_else(|_| EXAMPLES.to_owned());
    let output = Command::new(schemathesis)
        .args(["--no-color", "run", "--seed", "1", "--max-examples", &examples, "--request-timeout", "20"])
        .arg(format!("{}/openapi.json", server.url()))
        .env("SCHEMATHESIS_HOOKS", Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemathesis/hooks.py"))
        .env("CENTRE_KEY", dir.join("centre.key"))
        .env("ATTACHMENT", sha256)
        .env("EVIDENCE_NAME", evidence)
        .env("COUNTS", dir.join("counts.json"))
        .current_dir(dir)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!told.contains("Unresolvable references"), "{told}");

    let counts: BTreeMap<String, u64> = serde_json::from_slice(&fs::read(dir.join("counts.json")).unwrap()).unwrap();
    let description = server.get("/openapi.json").is(200).json();
    for (path, item) in description["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let operation = format!("{} {path} 2", method.to_uppercase());
            let is_answered = counts.keys().any(|answered| answered.starts_with(&operation));
            // The description itself was read before anything is counted.
            assert!(is_answered || operation == "GET /openapi.json 2", "{operation}xx never: {counts:#?}");
        }
    }
    for answered in ["201", "200", "400", "415"] {
        assert!(counts.contains_key(&format!("POST /api/v1/notices {answered}")), "{answered}: {counts:#?}");
    }
    server.get("/readyz").is(200);
    println!("{} requests, {} kinds of answers, all as described", counts.values().sum::<u64>(), counts.len());
}
