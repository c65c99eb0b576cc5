//! Ledgers as each release made them: every later release opens, checks, audits and continues them.
//!
//! `fixture/<release>/` holds `ledger.db`, `guard.db`, `log.key`, `policy.txt`, the exported `tree/`, `project.dossier.json`,
//! `absent.dossier.json`, `notice.receipt` and `expected.json`. The last test makes the folder of this release; run it once
//! before a release whose formats or tables changed, and never for an older one. Its keys are of fixed seeds and protect nothing.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::path::{Path, PathBuf};

use ledger::publisher::Desk;
use ledger::{InitOptions, Ledger, Outcome, PrivateKey, SignedStatement};
use program::{copy, mingzhang, verify};
use serde_json::{Value, json};

const ORIGIN: &str = "ledger.example/fixture";
const PROJECT: &str = "武政出〔2026〕17号";
/// A hundred years: a fixture only gets older.
const MAX_AGE: &str = "5200w";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixture")
}

/// A copy of every release's folder, its programs' files beside it.
fn releases() -> Vec<(String, tempfile::TempDir)> {
    let mut releases = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        copy(&path, dir.path());
        key("centre").write(&dir.path().join("centre.key")).unwrap();
        releases.push((path.file_name().unwrap().to_str().unwrap().to_owned(), dir));
    }
    assert!(!releases.is_empty());
    releases
}

fn expected(dir: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(dir.join("expected.json")).unwrap()).unwrap()
}

fn key(of: &str) -> PrivateKey {
    let mut seed = [0x5a; 32];
    seed[..of.len()].copy_from_slice(of.as_bytes());
    PrivateKey::from_seed(&seed)
}

#[test]
fn this_release_opens_counts_and_checks_the_ledgers_of_all() {
    for (release, dir) in releases() {
        let (dir, expected) = (dir.path(), expected(dir.path()));
        let stats = mingzhang(dir, &["--json", "stats", "."]).ends(0).json();
        for name in ["origin", "entries", "subjects", "projects", "notices", "publishers", "sectors", "checkpoint"] {
            assert_eq!(stats[name], expected[name], "{name} of {release}");
        }
        mingzhang(dir, &["fsck", "."]).ends(0);
        let shown = mingzhang(dir, &["show", ".", PROJECT]).ends(0).out;
        assert!(
            shown.contains("data.reserve_price revealed") && shown.contains("lawfully erased"),
            "{release}: {shown}"
        );
    }
}

#[test]
fn this_release_verifies_the_files_of_all() {
    for (_, dir) in releases() {
        let dir = dir.path();
        verify(dir, &["audit", "tree", "--policy", "policy.txt", "--state", "audited"]).ends(0);
        verify(dir, &["receipt", "notice.receipt", "--policy", "policy.txt"]).ends(0);
        for (file, project) in [("project.dossier.json", PROJECT), ("absent.dossier.json", "SL-0")] {
            let dossier = ["dossier", file, "--policy", "policy.txt", "--project", project, "--max-age", MAX_AGE];
            verify(dir, &dossier).ends(3);
            verify(dir, &[&dossier[..], &["--audited", "audited"]].concat()).ends(0);
        }
    }
}

#[test]
fn this_release_exports_what_all_exported() {
    for (release, dir) in releases() {
        let exported = mingzhang(dir.path(), &["--json", "export", ".", "tree"]).ends(0).json();
        assert_eq!(exported["written"], 0, "of {release}");
        mingzhang(dir.path(), &["dossier", ".", PROJECT, "-o", "again.json"]).ends(0);
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("again.json"), read("project.dossier.json"), "of {release}");
    }
}

#[test]
fn this_release_continues_the_ledgers_of_all() {
    for (_, dir) in releases() {
        let dir = dir.path();
        verify(dir, &["audit", "tree", "--policy", "policy.txt", "--state", "audited"]).ends(0);
        let entries = expected(dir)["entries"].as_u64().unwrap();
        let draft = json!({ "notice_id": "after", "project": { "id": PROJECT }, "sector": "land", "stage": "acceptance", "title": "验收" });
        fs::write(dir.join("draft.json"), draft.to_string()).unwrap();
        mingzhang(dir, &["publish", ".", "draft.json", "--publisher", "centre", "--key", "centre.key"]).ends(0);
        mingzhang(dir, &["fsck", "."]).ends(0);
        let exported = mingzhang(dir, &["--json", "export", ".", "tree"]).ends(0).json();
        assert_eq!(exported["size"], entries + 2);
        verify(dir, &["audit", "tree", "--policy", "policy.txt", "--state", "audited"]).ends(0);
    }
}

// ---- How the folder of this release is made.

#[test]
#[ignore = "writes tests/fixture: run it once for a release"]
fn make_the_ledger_of_this_release() {
    let made = tempfile::tempdir().unwrap();
    let dir = made.path();
    for name in ["root", "recovery", "centre", "renewed", "agency", "supervisor", "root-2"] {
        key(name).write(&dir.join(format!("{name}.key"))).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(begin(&dir.join("ledger")));
    fs::copy(dir.join("root.key"), dir.join("ledger/root.key")).unwrap();
    fs::copy(dir.join("recovery.key"), dir.join("ledger/recovery.key")).unwrap();
    authority(dir);
    runtime.block_on(rules(&dir.join("ledger")));
    notices(dir);
    keep(dir, &folder().join(env!("CARGO_PKG_VERSION")));
}

async fn begin(dir: &Path) {
    let options = InitOptions {
        origin: ORIGIN.to_owned(),
        jurisdiction: "cn".to_owned(),
        guard: None,
        root: key("root").jwk().clone(),
        recovery: key("recovery").jwk().clone(),
        predecessor: String::new(),
    };
    Ledger::init(dir, options).await.unwrap();
    let vkey = PrivateKey::read(&dir.join(ledger::LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
    fs::write(dir.join("policy.txt"), format!("log {vkey}\nquorum none\n")).unwrap();
}

/// Enrolments, a rotation of each kind of key, and a revocation.
fn authority(dir: &Path) {
    let enrol = |id: &str, name: &str, more: &[&str]| {
        let key = format!("{id}.key");
        let args = ["enrol", "ledger", "--publisher", id, "--name", name, "--key", &key];
        mingzhang(dir, &[&args[..], more].concat()).ends(0);
    };
    enrol("supervisor", "武汉市监督管理局", &["--role", "supervisor", "--sector", "all", "--region", "42"]);
    enrol("centre", "武汉市公共资源交易中心", &["--sector", "all", "--region", "all"]);
    let by_supervisor = ["--signer", "supervisor", "--signer-key", "supervisor.key"];
    enrol("agency", "某招标代理", &[&["--sector", "construction", "--region", "4201"][..], &by_supervisor].concat());
    mingzhang(dir, &["rotate", "ledger", "--publisher", "agency", "--key", "renewed.key"]).ends(0);
    mingzhang(dir, &[&["revoke", "ledger", "--publisher", "agency"][..], &by_supervisor].concat()).ends(0);
    mingzhang(dir, &["rotate-log", "ledger"]).ends(0);
    mingzhang(dir, &["rotate-root", "ledger", "--key", "root-2.key"]).ends(0);
}

/// A rulebook and a calendar, by the second root.
async fn rules(dir: &Path) {
    let ledger = Ledger::open(dir).await.unwrap();
    let root = key("root-2");
    let desk = Desk { iss: "root", key: &root, origin: ORIGIN, now: 1_764_000_000 };
    let holidays: Vec<String> = ["2026-01-01", "2026-10-01"].map(str::to_owned).to_vec();
    record(&ledger, desk.rulebook(0, "cn", "1", "2026-01-01", &json!([])).unwrap()).await;
    record(&ledger, desk.calendar(0, "cn", 2026, &holidays, &["2026-01-04".to_owned()]).unwrap()).await;
    ledger.close().await;
}

async fn record(ledger: &Ledger, statement: SignedStatement) {
    assert!(matches!(ledger.submit(statement).await.unwrap(), Outcome::Recorded(_)));
}

/// A lifecycle with everything that can become of a notice, and others in a batch of their own.
fn notices(dir: &Path) {
    let listing = json!({
        "notice_id": "listing", "project": { "id": PROJECT, "name": "沌口地块" }, "sector": "land", "stage": "announcement",
        "title": "国有建设用地使用权挂牌出让公告", "region": "420100", "text": "公告全文",
        "parties": [{ "role": "seller", "name": "武汉市自然资源局", "contact": "027-0000" }],
        "data": { "method": "listing", "reserve_price": { "amount": "277000000.00", "currency": "CNY" } },
    });
    let result = json!({
        "notice_id": "result", "project": { "id": PROJECT }, "sector": "land", "stage": "award", "title": "成交结果公示",
        "region": "420100", "data": { "winner": { "name": "某某置业有限公司" } },
    });
    fs::write(dir.join("listing.json"), listing.to_string()).unwrap();
    fs::write(dir.join("result.json"), result.to_string()).unwrap();
    fs::write(dir.join("terms.txt"), "出让条件\n").unwrap();
    let others = (0..12).map(|n| {
        let (sector, stage) = (["construction", "procurement", "mining"][n % 3], ["plan", "contract"][n % 2]);
        let draft = json!({ "notice_id": format!("other/{n}"), "project": { "id": format!("SL-{}", n / 2 + 1) }, "sector": sector, "stage": stage, "title": "示例" });
        format!("{draft}\n")
    });
    fs::write(dir.join("others.jsonl"), others.collect::<String>()).unwrap();
    let centre = ["--publisher", "centre", "--key", "centre.key"];
    let run = |args: &[&str]| drop(mingzhang(dir, &[args, &centre].concat()).ends(0));
    let sealed = ["--seal", "data.reserve_price:award", "--sealed-out", "sealed.json", "--attach", "terms.txt"];
    run(&[&["publish", "ledger", "listing.json"][..], &sealed].concat());
    run(&["import", "ledger", "others.jsonl"]);
    run(&["publish", "ledger", "result.json"]);
    run(&["reveal", "ledger", "sealed.json"]);
    let erase =
        ["erase", "ledger", "--notice", "listing", "--field", "contact", "--ground", "个人信息保护法第四十七条"];
    let signer = ["--reason", "联系人申请删除", "--signer", "supervisor", "--signer-key", "supervisor.key"];
    mingzhang(dir, &[&erase[..], &signer].concat()).ends(0);
    mingzhang(dir, &["seal", "ledger"]).ends(0);
}

/// Lays down what is kept of the ledger, and what its readers were given.
fn keep(dir: &Path, out: &Path) {
    if out.exists() {
        fs::remove_dir_all(out).unwrap();
    }
    fs::create_dir_all(out).unwrap();
    for name in ["ledger.db", "guard.db", "log.key", "policy.txt"] {
        fs::copy(dir.join("ledger").join(name), out.join(name)).unwrap();
    }
    copy(&dir.join("ledger/attachments"), &out.join("attachments"));
    let to = |name: &str| out.join(name).to_str().unwrap().to_owned();
    mingzhang(dir, &["export", "ledger", &to("tree")]).ends(0);
    mingzhang(dir, &["dossier", "ledger", PROJECT, "-o", &to("project.dossier.json")]).ends(0);
    mingzhang(dir, &["absence", "ledger", "SL-0", "-o", &to("absent.dossier.json")]).ends(0);
    mingzhang(dir, &["receipt", "ledger", "--notice", "result", "-o", &to("notice.receipt")]).ends(0);
    let mut stats = mingzhang(dir, &["--json", "stats", "ledger"]).ends(0).json();
    stats.as_object_mut().unwrap().remove("bytes");
    fs::write(out.join("expected.json"), format!("{stats:#}\n")).unwrap();
}
