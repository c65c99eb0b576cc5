//! The verifier of the portal's pages, run in Node as a browser runs it, and held against the library: each tests the other.
#![allow(dead_code, reason = "each test file uses a part")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use verifier::dossier::{self, Dossier, DossierFile, Wholeness};
use verifier::explain::Explain;
use verifier::log::base64;
use verifier::log::policy::Policy;
use verifier::receipt;
use verifier::record::entry::entry_hash;

/// The oldest Node whose `WebCrypto` knows Ed25519; Debian 12's.
const OLDEST_NODE: u32 = 18;

/// A file to be judged by both.
pub(crate) struct Case {
    /// What it is, for a message.
    pub(crate) what: String,
    /// `dossier` or `receipt`.
    pub(crate) kind: &'static str,
    pub(crate) file: Vec<u8>,
    pub(crate) policy: Vec<u8>,
}

/// What the browser's verifier says of each of these questions, in one run; nothing, visibly, where Node is absent.
pub(crate) fn ask(questions: &[Value]) -> Option<Vec<Value>> {
    if !has_node() {
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser/vectors.mjs");
    let mut node = Command::new("node");
    node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = node.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text: String = questions.iter().map(|question| format!("{question}\n")).collect();
    let writer = thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    writer.join().unwrap().unwrap();
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), questions.len(), "{told}");
    assert!(answers.iter().all(|answer| answer.get("crashed").is_none()), "{answers:?}");
    Some(answers)
}

/// Node's major version; 0 where it is absent.
pub(crate) fn node_version() -> u32 {
    let version = Command::new("node").arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let major = version.trim().strip_prefix('v').and_then(|version| version.split('.').next()?.parse().ok());
    major.unwrap_or_default()
}

fn has_node() -> bool {
    let found = node_version() >= OLDEST_NODE;
    if !found {
        eprintln!("SKIPPED: node {OLDEST_NODE} or newer is not installed");
    }
    found
}

/// What the browser's verifier says of each file.
pub(crate) fn judge(cases: &[Case]) -> Option<Vec<Value>> {
    let question = |case: &Case| {
        json!({
            "case": "file", "kind": case.kind, "file": base64::encode(&case.file), "policy": base64::encode(&case.policy),
        })
    };
    ask(&cases.iter().map(question).collect::<Vec<_>>())
}

/// Wherever the browser's verifier and the library do not say the same of a file: another verdict, another first broken
/// rule, another entry, other times.
pub(crate) fn disagreements(cases: &[Case]) -> Vec<String> {
    let Some(browser) = judge(cases) else { return Vec::new() };
    let differ = |(case, browser): (&Case, &Value)| {
        let library = judge_here(case);
        (library != *browser).then(|| format!("{}: the library says {library}, the browser {browser}", case.what))
    };
    cases.iter().zip(&browser).filter_map(differ).collect()
}

/// What the library says of a file, as `mingzhang-verify` tells it.
pub(crate) fn judge_here(case: &Case) -> Value {
    let Ok(policy) = Policy::parse(&case.policy) else { return refused("unchecked", "policy", None) };
    let Ok(text) = str::from_utf8(&case.file) else { return refused("rejected", "encoding", None) };
    if case.kind == "receipt" {
        return match receipt::verify(text, &policy) {
            Ok(receipt) => holds(&json!({
                "ledgerWord": !receipt.meets_quorum(), "index": receipt.proof.index.0,
                "leaf": entry_hash(&receipt.entry).to_string(), "disclosed": receipt.shown.values.len(),
            })),
            Err(error) => found(&error, error.is_newer_format()),
        };
    }
    match DossierFile::parse(text) {
        Err(error) => found(&error, false),
        Ok(file) => match dossier::verify(&file, &policy, |_, _| false) {
            Ok(dossier) => holds(&facts(&dossier, &policy)),
            Err(error) => found(&error, error.is_newer_format()),
        },
    }
}

fn facts(dossier: &Dossier, policy: &Policy) -> Value {
    let own = dossier.own_entries();
    let own: Vec<_> = own
        .map(|(index, entry)| json!([index.0, entry.public.after, entry.public.by, entry.shown.values.len()]))
        .collect();
    json!({
        "ledgerWord": dossier.wholeness == Wholeness::LedgerWord, "count": dossier.state.count,
        "time": dossier.head_time(policy), "own": own,
    })
}

fn holds(facts: &Value) -> Value {
    json!({ "verdict": "holds", "rule": null, "entry": null, "facts": facts })
}

fn found(error: &impl Explain, is_newer: bool) -> Value {
    refused(if is_newer { "newer-format" } else { "rejected" }, error.rule(), error.entry())
}

fn refused(verdict: &str, rule: &str, entry: Option<u64>) -> Value {
    json!({ "verdict": verdict, "rule": rule, "entry": entry, "facts": null })
}
