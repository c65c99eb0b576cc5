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
use web::{answer_with, serve};

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
fn a_redirect_is_followed_on_the_same_server_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let forge = forged(dir.path());
    let policy = dir.path().join("policy.txt");
    let (elsewhere, asked) = serve(&dir.path().join("tree"), 0);
    let served = |to: &'static str, elsewhere: String, root: std::path::PathBuf| {
        answer_with(move |request| {
            let moved = |to: String| ("302 Found".to_owned(), format!("Location: {to}\r\n"), Vec::new());
            match (request.path.strip_prefix("new/"), to) {
                (Some(path), _) => match fs::read(root.join(path)) {
                    Ok(body) => ("200 OK".to_owned(), String::new(), body),
                    Err(_) => ("404 Not Found".to_owned(), String::new(), Vec::new()),
                },
                (None, "here") => moved(format!("/new/{}", request.path)),
                (None, "in a circle") => moved(format!("/{}", request.path)),
                (None, _) => moved(format!("{elsewhere}/{}", request.path)),
            }
        })
    };
    let audit = |to| {
        let address = served(to, elsewhere.clone(), dir.path().join("tree"));
        run(&["audit", &address, "--policy", text(&policy), "--json"]).json("audit")
    };
    assert_eq!((&audit("here")["exit_code"], &audit("here")["entries"]), (&0.into(), &forge.size().into()));
    for to in ["elsewhere", "in a circle"] {
        assert_eq!(audit(to)["exit_code"], 2, "{to}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0, "another server was asked");
}

#[test]
fn a_server_that_asks_for_patience_is_asked_again_and_one_that_sends_too_much_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    forged(dir.path());
    let (policy, tree) = (dir.path().join("policy.txt"), dir.path().join("tree"));
    let root = tree.clone();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let address = answer_with(move |request| match fs::read(root.join(&request.path)) {
        _ if count.fetch_add(1, Ordering::SeqCst) % 4 == 3 => {
            ("429 Too Many Requests".to_owned(), "Retry-After: 0\r\n".to_owned(), Vec::new())
        }
        Ok(body) => ("200 OK".to_owned(), String::new(), body),
        Err(_) => ("404 Not Found".to_owned(), String::new(), Vec::new()),
    });
    assert_eq!(run(&["audit", &address, "--policy", text(&policy)]).code, 0);
    for path in ["checkpoint", "tile/entries/000", "tile/0/000", "checkpoints/56"] {
        let root = tree.clone();
        let address = answer_with(move |request| match fs::read(root.join(&request.path)) {
            Ok(_) if request.path == path => ("200 OK".to_owned(), String::new(), vec![b'a'; 20 << 20]),
            Ok(body) => ("200 OK".to_owned(), String::new(), body),
            Err(_) => ("404 Not Found".to_owned(), String::new(), Vec::new()),
        });
        let json = run(&["audit", &address, "--policy", text(&policy), "--json"]).json("audit");
        assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&1.into(), &"too-long".into()), "{path}");
    }
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
