//! An audit over http, and what an own audit is worth to a dossier.
#![allow(missing_docs, clippy::unwrap_used)]

mod forge;
mod program;
mod schema;
mod web;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

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

/// A server of a tree that fails at one file as long as it is told to, and remembers what it was asked for.
struct Failing {
    address: String,
    fails: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Failing {
    fn at(path: &'static str, tree: &Path) -> Self {
        let (fails, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
        let (failing, keeping, root) = (fails.clone(), asked.clone(), tree.to_owned());
        let address = answer_with(move |request| {
            keeping.lock().unwrap().push(request.path.clone());
            match fs::read(root.join(&request.path)) {
                _ if request.path == path && failing.load(Ordering::SeqCst) => {
                    ("500 Broken".to_owned(), String::new(), Vec::new())
                }
                Ok(body) => ("200 OK".to_owned(), String::new(), body),
                Err(_) => ("404 Not Found".to_owned(), String::new(), Vec::new()),
            }
        });
        Self { address, fails, asked }
    }

    /// From here on it serves everything; forgets what it was asked for.
    fn mend(&self) {
        self.fails.store(false, Ordering::SeqCst);
        self.asked.lock().unwrap().clear();
    }

    fn was_asked(&self, path: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == path)
    }
}

/// A ledger of several bundles.
fn long(dir: &Path) -> Forge {
    let mut forge = forged(dir);
    publish(&mut forge, 400..900, "n");
    forge.seal();
    forge.finish();
    forge
}

fn publish(forge: &mut Forge, numbers: std::ops::Range<u32>, name: &str) {
    for n in numbers {
        forge.publish("P1", &format!("{name}{n}"), "announcement", "", &[]);
    }
}

#[test]
fn an_audit_that_was_broken_off_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    long(dir.path());
    let (policy, tree) = (dir.path().join("policy.txt"), dir.path().join("tree"));
    let state = dir.path().join("state");
    let unfinished = dir.path().join("state.unfinished");
    for command in ["audit", "monitor"] {
        let audit = |server: &Failing| {
            let args = [command, &server.address, "--policy", text(&policy), "--state", text(&state)];
            let once = ["--once", "--max-age", "5000w"];
            run(&[&args[..], if command == "monitor" { &once } else { &[] }].concat()).code
        };
        let server = Failing::at("tile/entries/002", &tree);
        assert_eq!(audit(&server), 2);
        assert!(!server.was_asked("checkpoints/56") && (command == "monitor" || !state.exists()));
        server.mend();
        assert_eq!(audit(&server), 0);
        assert!(!server.was_asked("tile/entries/001"), "{command} has read it before");
        assert!(server.was_asked("tile/entries/002") && server.was_asked("checkpoints/56"));
        assert!(!unfinished.exists());
        for file in ["state", "state.audit"] {
            let _ = fs::remove_file(dir.path().join(file));
        }
    }
    // A tile above the leaves that could not be read is asked for again; what is damaged is not gone on from.
    let audit =
        |server: &Failing| run(&["audit", &server.address, "--policy", text(&policy), "--state", text(&state)]).code;
    let server = Failing::at("tile/entries/002", &tree);
    assert_eq!(audit(&server), 2);
    let mut bytes = fs::read(&unfinished).unwrap();
    bytes[99] ^= 1;
    fs::write(&unfinished, bytes).unwrap();
    server.mend();
    assert_eq!(audit(&server), 0);
    assert!(server.was_asked("tile/entries/000"));
}

#[test]
fn an_audit_that_was_broken_off_sees_that_the_past_was_changed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    long(dir.path());
    let (policy, tree) = (dir.path().join("policy.txt"), dir.path().join("tree"));
    let (state, unfinished) = (dir.path().join("state"), dir.path().join("state.unfinished"));
    let audit = |server: &Failing| {
        run(&["audit", &server.address, "--policy", text(&policy), "--state", text(&state), "--json"]).json("audit")
    };
    let server = Failing::at("tile/entries/002", &tree);
    assert_eq!(audit(&server)["exit_code"], 2);
    assert!(unfinished.exists());
    // The same key, another history from its first notice on.
    fs::remove_dir_all(&tree).unwrap();
    let mut other = Forge::new(dir.path());
    publish(&mut other, 0..1000, "other");
    other.seal();
    other.finish();
    server.mend();
    for _ in 0..2 {
        let json = audit(&server);
        assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&1.into(), &"fork".into()), "{json}");
        let evidence = json["evidence"].as_str().unwrap();
        assert_eq!(run(&["evidence", evidence, "--policy", text(&policy)]).code, 0);
    }
    fs::remove_file(&unfinished).unwrap();
    assert_eq!(audit(&server)["exit_code"], 0, "alone, the other history is sound");
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
