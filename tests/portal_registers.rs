//! The portal's pages about publishers, rules and figures, how to verify, and bringing evidence: in both languages, over a real
//! ledger.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::fs;
use std::path::Path;

use program::{copy, import, lawful_ledger_with_centre, mingzhang, verify};
use serde_json::Value;
use server::{Answer, Server};
use verifier::evidence::Evidence;
use verifier::log::checkpoint::SignedCheckpoint;

/// A notice of a project; its title means harm.
fn draft(id: &str) -> String {
    format!(
        r#"{{"notice_id":"{id}","project":{{"id":"P-1","name":"<b>测试</b>"}},"sector":"land","stage":"announcement","title":"<script>{id}</script>","region":"420106","parties":[{{"role":"seller","name":"某局"}}]}}"#
    ) + "\n"
}

fn ledger() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    publish(dir.path(), "1");
    dir
}

fn publish(dir: &Path, id: &str) {
    fs::write(dir.join("draft.jsonl"), draft(id)).unwrap();
    import(dir, "ledger", &["draft.jsonl"]).ends(0);
}

/// A page, once the index and the figures are there; nothing in it is what no page may have.
#[track_caller]
fn page(server: &Server, path: &str) -> String {
    let answer = server.until(path, |answer| answer.status != 503).is(200);
    assert!(answer.header("content-security-policy").is_some() && answer.header("referrer-policy").is_some());
    let text = answer.text();
    for never in ["style=\"", "<script>1", "<b>测试", "onclick"] {
        assert!(!text.contains(never), "{path}: {never}");
    }
    text
}

/// That a page says something in each language.
#[track_caller]
fn says(server: &Server, path: &str, zh: &[&str], en: &[&str]) {
    for (language, said) in [("zh", zh), ("en", en)] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let text = page(server, &format!("{path}{joint}lang={language}"));
        for said in said {
            assert!(text.contains(said), "{path} in {language} does not say {said}\n{text}");
        }
    }
}

#[test]
fn every_register_is_a_page_in_both_languages() {
    let dir = ledger();
    let server = Server::start(dir.path(), &["--heartbeat", "off"]);
    says(&server, "/publishers", &["公共资源交易中心", "有效", "全部"], &["in force", "everywhere"]);
    says(
        &server,
        "/publishers/centre",
        &["密钥与授权的经过", "登记", "&lt;script&gt;1&lt;/script&gt;"],
        &["Keys and authority, over time", "enrolled", "publisher"],
    );
    let rulebooks = server.get("/api/v1/rulebooks").is(200).json();
    let index = rulebooks["rulebooks"][0]["index"].as_u64().unwrap();
    says(&server, "/rulebooks", &["与核验程序所附相同", "天放假"], &["as shipped with the verifier", "days off"]);
    let path = format!("/rulebooks/{index}");
    says(
        &server,
        &path,
        &["第10条", "工作日", "首日不计"],
        &["art. 10", "working days", "the first day does not count"],
    );
    let text = page(&server, &path);
    for rule in rulebooks["rulebooks"][0]["rules"].as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        assert!(text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for (path, status) in [
        ("/publishers/nobody", 404),
        ("/publishers/%ff", 404),
        ("/rulebooks/0", 404),
        ("/rulebooks/x", 404),
        ("/verify?x=1", 400),
        ("/statistics?sector=x", 400),
    ] {
        server.ask("GET", path, &[("accept", "text/html")], &[]).is(status);
    }
}

#[test]
fn the_statistics_are_drawn_and_every_number_leads_to_its_list() {
    let dir = ledger();
    let server = Server::start(dir.path(), &["--heartbeat", "off"]);
    server.until("/statistics", |answer| answer.text().contains("unit="));
    says(
        &server,
        "/statistics",
        &["按责任单位", "某局", "武汉市武昌区", "截至 "],
        &["By responsible unit", "Wuchang", "As of "],
    );
    says(&server, "/statistics?sector=land&district=420106", &["土地使用权出让"], &["By month"]);
    let text = page(&server, "/statistics?lang=en");
    let links: Vec<String> = text
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| link.starts_with("/search?of=projects") || link.starts_with("/api/v1/statistics"))
        .map(|link| link.replace("&amp;", "&"))
        .collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        let answer = server.get(&link).is(200);
        if link.starts_with("/search") {
            assert!(answer.text().contains("/projects/P-1"), "{link} finds nothing");
        }
    }
}

#[test]
fn how_to_verify_is_what_works() {
    let dir = ledger();
    let server = Server::start(dir.path(), &["--heartbeat", "off"]);
    let hash = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("portal/verifier.html.sha256")).unwrap();
    let hash = hash.split(' ').next().unwrap();
    let policy = fs::read_to_string(dir.path().join("ledger/policy.txt")).unwrap();
    let key = policy.lines().find(|line| line.starts_with("log ")).unwrap();
    says(&server, "/verify", &[hash, key, "mingzhang-verify dossier"], &[hash, key, "mingzhang-verify audit"]);
    // Every command of the page, as far as it is the verifier's, with files fetched as the page says.
    for (from, to) in [
        ("/policy.txt", "policy.txt"),
        ("/api/v1/projects/P-1/dossier", "dossier.json"),
        ("/api/v1/projects/P-1/absence", "absence.json"),
        ("/api/v1/notices/25/receipt", "receipt.tlog-proof"),
    ] {
        let answer = server.get(from);
        fs::write(dir.path().join(to), answer.body).unwrap();
    }
    let text = page(&server, "/verify?lang=en").replace("&lt;", "<");
    let lines = text.split("<code>").filter_map(|rest| rest.split("</code>").next()).flat_map(str::lines);
    let mut ran = 0;
    for line in lines.filter(|line| line.starts_with("mingzhang-verify ") && !line.contains(" monitor ")) {
        let line = line.replace("PROJECT", "P-1");
        let args: Vec<&str> = line.split(' ').skip(1).collect();
        let done = verify(dir.path(), &args);
        assert!(!done.err.contains("Usage:"), "{line}: {done:?}");
        ran += 1;
    }
    assert!(ran >= 5, "{ran}");
}

/// The head of a directory's ledger.
fn head(dir: &Path) -> SignedCheckpoint {
    let _ = fs::remove_dir_all(dir.join("tree"));
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    SignedCheckpoint::parse(&fs::read_to_string(dir.join("tree/checkpoint")).unwrap()).unwrap()
}

/// Brings a file by the form.
fn bring(server: &Server, text: &str) -> Answer {
    let body = format!(
        "--x1\r\nContent-Disposition: form-data; name=\"evidence\"; filename=\"evidence.json\"\r\nContent-Type: application/json\r\n\r\n{text}\r\n--x1--\r\n"
    );
    server.ask("POST", "/evidence?lang=en", &[("content-type", "multipart/form-data; boundary=x1")], body.as_bytes())
}

#[test]
fn evidence_is_judged_and_kept_only_if_it_holds() {
    let dir = ledger();
    let other = tempfile::tempdir().unwrap();
    copy(dir.path(), other.path());
    publish(dir.path(), "2");
    publish(other.path(), "3");
    let notes = [head(dir.path()), head(other.path())];
    assert_eq!(notes[0].checkpoint.size, notes[1].checkpoint.size);
    let fork = Evidence::Fork { notes: notes.clone(), path: Vec::new() }.format();
    let same = Evidence::Fork { notes: [notes[0].clone(), notes[0].clone()], path: Vec::new() }.format();
    let stranger = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(stranger.path());
    let foreign = head(stranger.path());
    let foreign = Evidence::Fork { notes: [foreign.clone(), foreign], path: Vec::new() }.format();

    let server = Server::start(dir.path(), &["--heartbeat", "off"]);
    says(&server, "/evidence", &["提交证据", "还没有人提交过"], &["Bring evidence", "nobody has brought"]);
    for (text, said) in [(same.as_str(), "they agree"), (foreign.as_str(), ""), ("{}", ""), ("<script>", ""), ("", "")]
    {
        let answer = bring(&server, text).is(200);
        assert!(answer.text().contains("proves nothing") && answer.text().contains(said), "{}", answer.text());
    }
    let kept = dir.path().join("ledger/evidence");
    assert!(!kept.exists() || fs::read_dir(&kept).unwrap().next().is_none(), "nothing is kept of what does not hold");

    let answer = bring(&server, &fork).is(200);
    assert!(answer.text().contains("two different roots"), "{}", answer.text());
    bring(&server, &fork).is(200);
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 1, "the same evidence is kept once");
    let text = page(&server, "/evidence?lang=en");
    let link = text.split("href=\"").find_map(|rest| rest.strip_prefix("/evidence/")?.split('"').next()).unwrap();
    let file = server.get(&format!("/evidence/{link}")).is(200);
    assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
    fs::write(dir.path().join("evidence.json"), &file.body).unwrap();
    let checked: Value =
        verify(dir.path(), &["--json", "evidence", "evidence.json", "--policy", "ledger/policy.txt"]).ends(0).json();
    assert_eq!(checked["kind"], "fork");

    for name in ["fork-0.json", "..%2fpolicy.txt", "fork-%2e%2e%2f.json", "nothing"] {
        server.get(&format!("/evidence/{name}")).is(404);
    }
    let form = [("content-type", "multipart/form-data; boundary=x1")];
    server.ask("POST", "/evidence", &form, b"--x1\r\n").is(400);
    server.ask("POST", "/evidence", &[("content-type", "application/json")], b"{}").is(415);
    let head = "POST /evidence HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x1\r\ncontent-length: 99999999\r\n\r\n";
    let refused = String::from_utf8_lossy(&server.raw(head.as_bytes())).into_owned();
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
}
