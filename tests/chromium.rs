//! The portal in a real browser: a headless Chromium, driven by Playwright, looks at what the demo serves, as people do.
//!
//! Chromium must be installed (`apt install chromium`); Playwright, axe and, where it is older than 20, Node come from npm, once,
//! into `target/chromium`. Pictures of every page are kept in `target/screenshots`.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod browser;
mod program;
mod served_demo;
mod server;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use browser::node_version;
use program::{lawful_ledger_with_centre, shared, verify};
use serde_json::{Value, json};
use served_demo::ServedDemo;
use server::Server;

/// The oldest Node that Playwright runs on.
const OLDEST_NODE: u32 = 20;
/// From npm.
const TOOLS: [&str; 2] = ["playwright-core@1", "axe-core@4"];
const NODE: &str = "node@22";

/// What the browser is driven with.
struct Tools {
    chromium: PathBuf,
    node: PathBuf,
    modules: PathBuf,
}

impl Tools {
    /// Finds or installs them; says what it lacks.
    fn find() -> Result<Self, String> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let chromium = names.into_iter().find_map(program).ok_or("Chromium is not installed")?;
        let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../chromium");
        fs::create_dir_all(&modules).map_err(|error| error.to_string())?;
        let has_node = node_version() >= OLDEST_NODE;
        let own_node = modules.join("node_modules/.bin/node");
        let wanted: Vec<&str> = TOOLS.into_iter().chain((!has_node).then_some(NODE)).collect();
        let mut names = TOOLS.into_iter().filter_map(|tool| tool.split('@').next());
        let installed = names.all(|name| modules.join("node_modules").join(name).exists());
        if !installed || !(has_node || own_node.exists()) {
            let mut npm = Command::new("npm");
            npm.args(["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix"])
                .arg(&modules)
                .args(wanted);
            let output = npm.output().map_err(|error| format!("npm: {error}"))?;
            if !output.status.success() {
                return Err(format!("npm: {}", String::from_utf8_lossy(&output.stderr)));
            }
        }
        let node = if has_node { PathBuf::from("node") } else { own_node };
        Ok(Self { chromium, node, modules: fs::canonicalize(modules).unwrap() })
    }
}

/// Where a program is.
fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The pages, with the status they are answered with.
fn pages() -> Value {
    json!([
        ["home", "/", 200],
        ["search", "/search?text=%E5%B7%A5%E7%A8%8B", 200],
        ["search-projects", "/search?of=projects&status=violated", 200],
        ["project-complete", "/projects/SL-GC-2026-001", 200],
        ["project-violated", "/projects/SL-GC-2026-002", 200],
        ["project-print", "/projects/SL-GC-2026-001/print", 200],
        ["notice", "/notices/334", 200],
        ["notice-print", "/notices/334/print", 200],
        ["publishers", "/publishers", 200],
        ["publisher", "/publishers/demo-centre", 200],
        ["statistics", "/statistics", 200],
        ["rulebooks", "/rulebooks", 200],
        ["rulebook", "/rulebooks/2", 200],
        ["verify", "/verify", 200],
        ["evidence", "/evidence", 200],
        ["publish", "/publish", 200],
        ["publish-form", "/publish?sector=construction&stage=announcement", 200],
        ["problem", "/notices/99999999", 404],
    ])
}

/// Files of the vectors, and what `mingzhang-verify` says of each: the offline verifier must say the same.
fn vectors() -> Vec<Value> {
    let Some(folder) = shared("vectors/ledger") else { return Vec::new() };
    let policy = folder.join("good/policy.txt");
    let mut files = Vec::new();
    for part in ["good", "bad-dossiers", "bad-receipts"] {
        files.extend(fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.to_str().unwrap().ends_with(".tlog-proof") || is_dossier(file));
    files.sort();
    files.iter().map(|file| judged(&folder, file, &policy)).collect()
}

fn is_dossier(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json") && !file.ends_with("expected.json")
}

fn judged(folder: &Path, file: &Path, policy: &Path) -> Value {
    let (path, policy) = (file.to_str().unwrap(), policy.to_str().unwrap());
    let kind = if path.ends_with(".tlog-proof") { "receipt" } else { "dossier" };
    let ran = verify(folder, &[kind, path, "--policy", policy, "--json"]);
    let verdict = match ran.code {
        0 => "accepted",
        3 => "qualified",
        1 => "rejected",
        4 => "newer-format",
        code => panic!("{path}: {code}"),
    };
    json!({ "path": path, "policy": policy, "verdict": verdict, "rule": ran.json()["error"]["rule"] })
}

#[test]
fn the_portal_holds_in_a_browser() {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(lacking) => return eprintln!("SKIPPED: no browser to look with: {lacking}"),
    };
    let dir = tempfile::tempdir().unwrap();
    let demo = ServedDemo::start(dir.path(), &["demo", "--dir", "ledger", "--lang", "en"]);
    // The demo's keys are gone with it: the clerk works at another ledger.
    let desk = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(desk.path());
    let console = Server::start(desk.path(), &[]);
    let questions = json!({
        "console": {
            "portal": console.url(),
            "key": desk.path().join("centre.key"),
            "receipt": desk.path().join("kept.tlog-proof"),
        },
        "portal": demo.url(),
        "chromium": tools.chromium,
        "tools": tools.modules,
        "dir": dir.path(),
        "screenshots": tools.modules.join("../screenshots"),
        "policy": dir.path().join("ledger/witnessed-policy.txt"),
        "word": "图书",
        "project": "SL-ZC-2026-001",
        "notice": 334,
        "pages": pages(),
        "vectors": vectors(),
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/chromium/portal.mjs");
    let mut node = Command::new(tools.node);
    let mut child = node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(questions.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let failed: Vec<&str> = told.split("\nok ").filter(|part| part.contains("FAILED")).collect();
    assert!(output.status.success() && told.contains("ok "), "{}", failed.join("\n"));
    eprintln!("{} checks in the browser hold", told.lines().filter(|line| line.starts_with("ok ")).count());
    // What the clerk kept holds for whoever asks the other verifier.
    let kept = verify(desk.path(), &["receipt", "kept.tlog-proof", "--policy", "ledger/policy.txt", "--lang", "zh"]);
    assert!(kept.ends(0).out.contains("键盘发布的采购意向"));
}
