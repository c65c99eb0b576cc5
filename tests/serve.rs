//! The ledger over HTTP: what is posted is recorded, what is served is proven, and every refusal says what to do.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use program::{files_under, import, lawful_ledger_with_centre, ledger_with_centre, mingzhang, real_data, verify};
use serde_json::{Value, json};
use server::{Answer, Publisher, Server, compact, draft, encoded, file};
use verifier::log::hash::{hex, sha256};

const SD_JWT: (&str, &str) = ("content-type", "application/sd-jwt");
const POLICY: [&str; 2] = ["--policy", "ledger/policy.txt"];

fn served() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    (dir, server)
}

#[test]
fn a_statement_is_recorded_once_and_its_receipt_verifies() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let notice = centre.notice("n1", "P-1");
    let first = server.post(&notice).is(201);
    let (location, recorded) = (first.header("location").unwrap().to_owned(), first.json());
    assert_eq!((&recorded["new"], &location), (&json!(true), &format!("/api/v1/notices/{}", recorded["index"])));
    file(dir.path(), "receipt", recorded["receipt"].as_str().unwrap());
    verify(dir.path(), &[&["receipt", "receipt"][..], &POLICY].concat()).ends(0);

    let again = server.post(&notice).is(200).json();
    assert_eq!((&again["index"], &again["new"]), (&recorded["index"], &json!(false)));
    assert_eq!(server.size(), 6, "genesis, enrolment and notice, and the seal of each batch");

    let entry = server.get(&location).is(200).json();
    assert_eq!(entry["kind"], "notice");
    assert_eq!(entry["statement"]["publisher_name"], "公共资源交易中心");
    assert_eq!(entry["statement"]["claims"]["parties"][0]["contact"], "027-12345678");
    assert!(entry["entry"].as_str().unwrap().contains(&notice.jwt));
    file(dir.path(), "receipt", server.get(&format!("{location}/receipt")).is(200).text());
    verify(dir.path(), &[&["receipt", "receipt"][..], &POLICY].concat()).ends(0);
    let found = server.get("/api/v1/notices?notice_id=n1").is(200).json();
    assert_eq!(found["notices"], json!([{ "index": recorded["index"], "publisher": "centre" }]));
}

#[test]
fn every_refusal_names_its_code_and_what_to_do_and_records_nothing() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let notice = centre.notice("n1", "P-1");
    let recorded = server.post(&notice).is(201).json();
    let size = server.size();

    server.ask("POST", "/api/v1/notices", &[SD_JWT], b"not a statement").problem(400, "malformed-statement");
    server.ask("POST", "/api/v1/notices", &[SD_JWT], b"").problem(400, "malformed-statement");
    server.ask("POST", "/api/v1/notices", &[SD_JWT], &[0xff, 0xfe]).problem(400, "malformed-statement");
    let stranger = Publisher { iss: "stranger".to_owned(), key: ledger::PrivateKey::generate().unwrap() };
    server.post(&stranger.notice("s1", "P-1")).problem(403, "not-authorised");
    let forger = Publisher { iss: "centre".to_owned(), key: ledger::PrivateKey::generate().unwrap() };
    server.post(&forger.notice("s1", "P-1")).problem(403, "not-authorised");
    let mut other = draft("n1", "P-1");
    other["title"] = "另一题目".into();
    let conflict = server.post(&centre.sign(&other)).problem(409, "conflict").json();
    assert_eq!(conflict["index"], recorded["index"]);
    let root = Publisher {
        iss: "root".to_owned(),
        key: ledger::PrivateKey::read(&dir.path().join("ledger/root.key")).unwrap(),
    };
    let replayed =
        root.desk().revoke(7, &verifier::record::code::PublisherId::parse("centre").unwrap(), "中心").unwrap();
    server.post(&replayed).problem(409, "out-of-order");
    let mut withheld = centre.notice("n2", "P-1");
    withheld.disclosures.clear();
    server.post(&withheld).problem(422, "disclosures");
    let mut surplus = centre.notice("n3", "P-1");
    surplus.disclosures.extend(notice.disclosures.clone());
    server.post(&surplus).problem(422, "disclosures");
    server
        .ask("POST", "/api/v1/notices", &[("content-type", "text/plain")], compact(&notice).as_bytes())
        .problem(415, "unsupported-type");
    server
        .ask("POST", "/api/v1/notices", &[SD_JWT, ("content-encoding", "gzip")], compact(&notice).as_bytes())
        .problem(415, "unsupported-type");
    let long = vec![b'a'; 9 << 20];
    server.ask("POST", "/api/v1/notices", &[SD_JWT], &long).problem(413, "too-large");
    let announced = server.raw(b"POST /api/v1/notices HTTP/1.1\r\nhost: x\r\ncontent-type: application/sd-jwt\r\ncontent-length: 99999999\r\n\r\n");
    Answer::parse(&announced).unwrap().problem(413, "too-large");

    server.get("/api/v1/notices/x").problem(400, "bad-request");
    server.get("/api/v1/notices/99999").problem(404, "not-found");
    server.get("/api/v1/notices/99999/receipt").problem(404, "not-found");
    server.get("/api/v1/notices?notice=n1").problem(400, "bad-request");
    server.get("/api/v1/projects/%FF").problem(400, "bad-request");
    server.get("/api/v1/projects/%3C").problem(404, "unknown-project");
    server.get("/api/v1/notices/18446744073709551615").problem(404, "not-found");
    server.get("/api/v1/notices?notice_id=").problem(400, "bad-request");
    let near = server.get("/api/v1/projects/P-2").problem(404, "unknown-project").json();
    assert_eq!(near["near"], json!(["P-1"]));
    server.get("/api/v1/projects/P-1/absence?stage=announcement").problem(409, "stage-disclosed");
    server.get("/api/v1/projects/P-1/absence?stage=nonsense").problem(400, "bad-request");
    for sizes in ["from=0", "from=3&to=2", "from=1&to=999", "from=9223372036854775808"] {
        server.get(&format!("/api/v1/proof/consistency?{sizes}")).problem(404, "not-found");
    }
    for sizes in ["from=x", "", "from=1&from=2", "from=1&other=2", "from=-1"] {
        server.get(&format!("/api/v1/proof/consistency?{sizes}")).problem(400, "bad-request");
    }
    let english = server.ask("GET", "/nothing", &[("accept-language", "en")], &[]).problem(404, "not-found").json();
    assert_eq!(english["title"], english["title_en"]);
    assert_eq!(server.size(), size, "nothing that was refused is recorded");
}

#[test]
fn the_served_ledger_is_audited_like_its_export_and_old_partial_tiles_stay() {
    let Some(real) = real_data() else { return };
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let files: Vec<String> = files_under(&real).iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    let files: Vec<&str> = files
        .iter()
        .map(String::as_str)
        .filter(|path| Path::new(path).extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    import(dir.path(), "ledger", &files[..2]).ends(0);
    mingzhang(dir.path(), &["export", "ledger", "tree"]).ends(0);
    let before = files_under(&dir.path().join("tree"));
    let server = Server::start(dir.path(), &[]);
    let args = ["--url", &server.url(), "--publisher", "centre", "--key", "centre.key"];
    mingzhang(dir.path(), &[&["import"][..], &files[2..], &args].concat()).ends(0);
    verify(dir.path(), &[&["audit", &server.url(), "--state", "audited"][..], &POLICY].concat()).ends(0);
    for path in &before {
        let name = path.strip_prefix(dir.path().join("tree")).unwrap().to_str().unwrap().to_owned();
        if name.starts_with("tile/") || name.starts_with("checkpoints/") {
            let answer = server.get(&format!("/{name}")).is(200);
            assert_eq!(answer.body, fs::read(path).unwrap(), "{name} is what was exported before it grew");
        }
    }
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    mingzhang(dir.path(), &["export", "ledger", "whole"]).ends(0);
    let counted =
        |source: &str| verify(dir.path(), &[&["--json", "audit", source][..], &POLICY].concat()).ends(0).json();
    let server = Server::start(dir.path(), &[]);
    let (served, exported) = (counted(&server.url()), counted("whole"));
    assert_eq!(served["head"], exported["head"]);
    for path in files_under(&dir.path().join("whole")) {
        let name = path.strip_prefix(dir.path().join("whole")).unwrap().to_str().unwrap().to_owned();
        assert_eq!(server.get(&format!("/{name}")).is(200).body, fs::read(&path).unwrap(), "{name}");
    }
}

/// What a ledger without law, files and evidence has none of.
const ABSENT: [&str; 3] = ["/attachments/{sha256}", "/evidence/{file}", "/rulebooks/{index}"];

#[test]
fn every_described_path_and_method_answers_and_nothing_else_does() {
    let (dir, server) = served();
    server.post(&Publisher::centre(dir.path()).notice("n1", "P-1")).is(201);
    let description = server.get("/openapi.json").is(200).json();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() >= 20, "{}", paths.len());
    for (path, item) in paths {
        let methods: Vec<&str> =
            item.as_object().unwrap().keys().map(String::as_str).filter(|key| *key != "parameters").collect();
        for method in &methods {
            let operation = &item[*method];
            let (real, query) = real_path(path, operation);
            let answer = server.ask(&method.to_uppercase(), &format!("{real}{query}"), &[], &[]);
            let known = operation["responses"].as_object().unwrap();
            let class = format!("{}XX", answer.status / 100);
            assert!(
                known.contains_key(&answer.status.to_string()) || known.contains_key(&class),
                "{method} {path}: {answer:?}"
            );
            assert!(answer.status != 405 && answer.status < 500, "{method} {path}: {answer:?}");
            if *method == "get" && !ABSENT.contains(&path.as_str()) {
                assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
                let described = operation["responses"]["200"]["content"].as_object().unwrap();
                assert!(described.contains_key(answer.header("content-type").unwrap()), "{path}: {}", answer.head);
                let head = server.ask("HEAD", &format!("{real}{query}"), &[], &[]).is(200);
                assert!(head.body.is_empty());
            }
        }
        let real = real_path(path, &item[methods[0]]).0;
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
            if methods.contains(&method.to_lowercase().as_str()) {
                continue;
            }
            let answer = server.ask(method, &real, &[], &[]).is(405);
            let allowed = answer.header("allow").unwrap().to_lowercase();
            assert!(methods.iter().all(|method| allowed.contains(method)), "{path}: {allowed}");
        }
        if !ABSENT.contains(&path.as_str()) {
            every_described_parameter_is_heeded(&server, &real, &item["get"]);
        }
        server.ask("OPTIONS", &real, &[("origin", "https://elsewhere.example")], &[]).is(204);
    }
    for nothing in [
        "/index.html",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/notices/",
        "/tile",
        "/attachments/",
        "/attachments/x",
        "/events/",
        "/events/1",
        "/feed",
        "/feed.atom/",
        "/api/v1/projects/",
        "/index.db",
        "/ledger.db",
        "/api/v2/stats",
        "//checkpoint",
        "/checkpoint/",
        "/tile/0/0",
        "/tile/64/000",
        "/tile/entries/000.p/256",
        "/disclosures/0",
        "/checkpoints/01",
    ] {
        server.get(nothing).problem(404, "not-found");
    }
}

/// That each code which a parameter is described to take is taken, and that a parameter which is not described is refused
/// wherever there are some.
fn every_described_parameter_is_heeded(server: &Server, path: &str, get: &Value) {
    let parameters = get["parameters"].as_array().into_iter().flatten();
    let mut in_query = parameters.filter(|parameter| parameter["in"] == "query").peekable();
    if in_query.peek().is_some() {
        server.get(&format!("{path}?undescribed=1")).problem(400, "bad-request");
    }
    for parameter in in_query {
        let name = parameter["name"].as_str().unwrap();
        for code in parameter["schema"]["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let answer =
                server.get(&format!("{path}?{name}={code}&{}", if path == "/events" { "seconds=0" } else { "" }));
            assert!(matches!(answer.status, 200 | 409), "{path}?{name}={code}: {answer:?}");
        }
    }
}

/// A path with the examples of its parameters put in, and a query of those required.
fn real_path(path: &str, operation: &Value) -> (String, String) {
    let (mut real, mut query) = (path.to_owned(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let value = match name {
            "level" => "0".to_owned(),
            "sha256" => "0".repeat(64),
            "notice_id" => "n1".to_owned(),
            "n" if path.starts_with("/disclosures") => "000".to_owned(),
            _ => parameter["example"].as_str().map_or_else(|| parameter["example"].to_string(), str::to_owned),
        };
        match parameter["in"].as_str().unwrap() {
            "path" => real = real.replace(&format!("{{{name}}}"), &value),
            _ if parameter["required"] == true => query.push(format!("{name}={value}")),
            _ => {}
        }
    }
    if path == "/events" {
        query.push("seconds=0".to_owned());
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    (real, query)
}

#[test]
fn caches_keep_what_never_changes_and_ask_again_for_the_rest() {
    let (dir, server) = served();
    for n in 0..3 {
        server.post(&Publisher::centre(dir.path()).notice(&format!("n{n}"), "P-1")).is(201);
    }
    let immutable = "public, max-age=31536000, immutable";
    for (path, control) in [
        ("/tile/0/000.p/4", immutable),
        ("/tile/entries/000.p/4", immutable),
        ("/checkpoint", "no-cache"),
        ("/disclosures/000", "no-cache"),
        ("/api/v1/notices/4", "no-cache"),
        ("/api/v1/projects/P-1/dossier", "no-cache"),
        ("/healthz", "no-store"),
        ("/nothing", "no-store"),
    ] {
        assert_eq!(server.get(path).header("cache-control"), Some(control), "{path}");
    }
    for path in ["/tile/entries/000.p/4", "/checkpoint", "/api/v1/notices/4", "/openapi.json"] {
        let plain = server.get(path).is(200);
        let tag = plain.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"'), "strong: {tag}");
        assert_eq!(plain.header("access-control-allow-origin"), Some("*"));
        let same = server.ask("GET", path, &[("if-none-match", &tag)], &[]).is(304);
        assert_eq!((same.header("etag"), same.body.len()), (Some(tag.as_str()), 0));
        let head = server.ask("HEAD", path, &[], &[]).is(200);
        assert_eq!(head.header("content-length"), Some(plain.body.len().to_string().as_str()));
        assert_eq!((head.header("etag"), head.body.len()), (Some(tag.as_str()), 0));
        server.ask("GET", path, &[("if-none-match", "\"other\"")], &[]).is(200);
    }
    let plain = server.get("/openapi.json");
    let gzip = server.ask("GET", "/openapi.json", &[("accept-encoding", "gzip")], &[]).is(200);
    let br = server.ask("GET", "/openapi.json", &[("accept-encoding", "gzip, br")], &[]).is(200);
    assert_eq!((gzip.header("content-encoding"), br.header("content-encoding")), (Some("gzip"), Some("br")));
    let mut gunzipped = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut gunzipped).unwrap();
    let mut unbrotlied = Vec::new();
    brotli::BrotliDecompress(&mut &br.body[..], &mut unbrotlied).unwrap();
    assert!(gunzipped == plain.body && unbrotlied == plain.body);
    let tags = [&plain, &gzip, &br].map(|answer| answer.header("etag").unwrap().to_owned());
    assert!(tags[0] != tags[1] && tags[1] != tags[2], "{tags:?}");
    let same = [("accept-encoding", "br"), ("if-none-match", tags[2].as_str())];
    server.ask("GET", "/openapi.json", &same, &[]).is(304);
    let tile = server.ask("GET", "/tile/entries/000.p/4", &[("accept-encoding", "gzip, br")], &[]);
    assert_eq!(tile.header("content-encoding"), None, "bytes go as they are");
}

#[test]
fn attachments_are_taken_only_if_announced_and_served_as_downloads_in_ranges() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let [name, other] = [&bytes[..], b"other"].map(|bytes| hex(sha256(bytes).as_bytes()));
    let put =
        |name: &str, query: &str, bytes: &[u8]| server.ask("PUT", &format!("/attachments/{name}{query}"), &[], bytes);
    put(&name, "", &bytes).problem(403, "attachment-not-announced");
    let mut announcement = draft("n1", "P-1");
    announcement["attachments"] = json!([
        { "name": "招标文件.pdf", "media_type": "application/pdf", "size": bytes.len(), "sha256": name },
        { "name": "other", "media_type": "text/plain", "size": 5, "sha256": other },
    ]);
    let index = server.post(&centre.sign(&announcement)).is(201).json()["index"].as_u64().unwrap();
    server.post(&centre.notice("n2", "P-1")).is(201);

    put(&name, "?notice=0", &bytes).problem(403, "attachment-not-announced");
    put(&name, "?notice=x", &bytes).problem(400, "bad-request");
    put(&name, "?notice=9223372036854775808", &bytes).problem(404, "not-found");
    put(&name, "", &bytes[1..]).problem(422, "attachment-differs");
    put(&name, "", &[&bytes[..], b"more"].concat()).problem(413, "too-large");
    put(&name.to_uppercase(), "", &bytes).problem(404, "not-found");
    let kept = || files_under(&dir.path().join("ledger/attachments")).len();
    assert_eq!(kept(), 0, "nothing of a refused file stays");
    server.get(&format!("/attachments/{name}")).problem(404, "not-found");
    put(&name, &format!("?notice={index}"), &bytes).is(201);
    put(&name, "", &bytes).is(200);
    put(&other, "", b"other").is(201);
    assert_eq!(kept(), 2);

    let path = format!("/attachments/{name}");
    let whole = server.get(&path).is(200);
    assert!(whole.body == bytes);
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    assert!(whole.header("content-disposition").unwrap().starts_with("attachment"));
    let tag = whole.header("etag").unwrap();
    let range =
        |value: &str, more: &[(&str, &str)]| server.ask("GET", &path, &[&[("range", value)][..], more].concat(), &[]);
    assert_eq!(range("bytes=10-19", &[]).is(206).body, bytes[10..20]);
    assert_eq!(range("bytes=99990-", &[]).is(206).body, bytes[99990..]);
    assert_eq!(range("bytes=-5", &[]).is(206).body, bytes[bytes.len() - 5..]);
    assert_eq!(range("bytes=0-0", &[("if-range", tag)]).is(206).body, bytes[..1]);
    assert!(range("bytes=0-0", &[("if-range", "\"other\"")]).is(200).body == bytes);
    range("bytes=100000-", &[]).problem(416, "range-not-satisfiable");
    server.ask("GET", &path, &[("if-none-match", tag)], &[]).is(304);
    let head = server.ask("HEAD", &path, &[], &[]).is(200);
    assert_eq!((head.header("content-length"), head.body.len()), (Some("100000"), 0));
    for escape in [
        "..%2fledger.db",
        "../ledger.db",
        "%2e%2e/root.key",
        "..%5croot.key",
        ".upload-x",
        &format!("{name}/../../root.key"),
    ] {
        server.get(&format!("/attachments/{escape}")).is(404);
    }
    verify(dir.path(), &[&["audit", &server.url()][..], &POLICY].concat()).ends(0);
}

#[test]
fn projects_are_found_however_they_are_typed() {
    let (dir, server) = served();
    server.post(&Publisher::centre(dir.path()).notice("n1", "鄂[2026]1/2号")).is(201);
    for typed in ["鄂[2026]1/2号", "鄂〔2026〕1/2号", "鄂【2026】 1/2号", "鄂[２０２６]1／2号"] {
        let encoded = encoded(typed, |_| false);
        let timeline = server.get(&format!("/api/v1/projects/{encoded}")).is(200).json();
        assert_eq!(
            (&timeline["project"], &timeline["tally"]),
            (&json!("鄂[2026]1/2号"), &json!({ "announcement": 1 }))
        );
        assert_eq!(timeline["entries"][0]["title"], "公告 n1");
        let with_slash = encoded.replace("%2F", "/");
        for path in [&encoded, &with_slash] {
            file(dir.path(), "dossier", server.get(&format!("/api/v1/projects/{path}/dossier")).is(200).body);
            let args = ["dossier", "dossier", "--project", typed];
            let said = verify(dir.path(), &[&args[..], &POLICY].concat()).ends(3);
            assert!(said.out.contains("All 1 entries are here"), "{}", said.out);
        }
    }
    let absent = server.get("/api/v1/projects/none/absence?stage=award").is(200);
    file(dir.path(), "absence", absent.body);
    verify(dir.path(), &[&["dossier", "absence", "--project", "NONE"][..], &POLICY].concat()).ends(3);
    let proof = server.get("/api/v1/proof/consistency?from=2").is(200).json();
    assert_eq!(proof["to"], server.size());
}

#[test]
fn commands_work_the_same_over_the_network() {
    let (dir, server) = served();
    let (dir, url) = (dir.path(), server.url());
    let centre = ["--publisher", "centre", "--key", "centre.key"];
    let far = |args: &[&str]| mingzhang(dir, &[args, &["--url", &url]].concat());
    let mut sealed = draft("n1", "P-1");
    sealed["data"] = json!({ "reserve_price": { "amount": "100.00", "currency": "CNY" } });
    sealed["sector"] = "state-asset".into();
    file(dir, "sealed.json", sealed.to_string());
    file(dir, "plan.pdf", b"%PDF");
    let seal = [
        "--seal",
        "data.reserve_price:award",
        "--sealed-out",
        "sealed.out",
        "--attach",
        "plan.pdf",
        "--receipt",
        "receipt",
    ];
    far(&[&["publish", "sealed.json"][..], &centre, &seal].concat()).ends(0);
    verify(dir, &[&["receipt", "receipt"][..], &POLICY].concat()).ends(0);
    server.get(&format!("/attachments/{}", hex(sha256(b"%PDF").as_bytes()))).is(200);
    far(&[&["reveal", "sealed.out"][..], &centre].concat()).ends(0);
    let timeline = server.get("/api/v1/projects/P-1").is(200).json();
    assert_eq!(timeline["entries"][0]["sealed"][0]["revealed"], true, "{timeline}");

    let lines: String = (0..600).map(|n| format!("{}\n", draft(&format!("i{n}"), &format!("P-{}", n % 7)))).collect();
    file(dir, "drafts.jsonl", lines + "{\"notice_id\":\"broken\"}\n");
    let counts = |ran: program::Ran| {
        let json = ran.json();
        ["accepted", "already_recorded", "refused"].map(|name| json[name].as_u64().unwrap())
    };
    let run = || {
        far(&[&["--json", "import", "drafts.jsonl", "--acks", "acks", "--rejected", "rejected"][..], &centre].concat())
            .ends(1)
    };
    assert_eq!(counts(run()), [600, 0, 1]);
    assert_eq!(counts(run()), [0, 600, 1]);
    assert_eq!(fs::read_to_string(dir.join("acks")).unwrap().lines().count(), 1200);
    let entries = server.get("/api/v1/projects/P-3").is(200).json();
    let order: Vec<u64> = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap()[1..].parse().unwrap())
        .collect();
    assert!(order.is_sorted(), "a project's notices keep their order: {order:?}");

    let why = ["--ground", "个人信息保护法", "--reason", "本人申请"];
    let erase = ["erase", "--notice", "i3", "--field", "parties[0].contact"];
    let said = far(&[&erase[..], &why].concat()).ends(1);
    assert!(said.err.contains("--signer-key"), "{}", said.err);
    far(&[&erase[..], &why, &["--signer-key", "ledger/root.key"]].concat()).ends(0);
    let entry = server.get("/api/v1/notices?notice_id=i3").is(200).json()["notices"][0]["index"].clone();
    let entry = server.get(&format!("/api/v1/notices/{entry}")).is(200).json();
    assert_eq!(entry["statement"]["erased"], 1);
    assert!(!entry.to_string().contains("027-12345678"), "{entry}");
    verify(dir, &[&["audit", &url][..], &POLICY].concat()).ends(0);
    mingzhang(dir, &[&["publish", "sealed.json", "--url", "ftp://x"][..], &centre].concat()).ends(1);
}

#[test]
fn readiness_is_lost_with_the_guard_and_liveness_is_not() {
    let (dir, server) = served();
    assert_eq!(server.get("/readyz").is(200).json()["status"], "ready");
    fs::rename(dir.path().join("ledger/guard.db"), dir.path().join("guard.away")).unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    let problem = server.get("/readyz").problem(503, "not-ready");
    assert!(problem.header("retry-after").is_some());
    server.get("/healthz").is(200);
    let metrics = server.get("/metrics").is(200).text();
    for name in [
        "mingzhang_queue_kibibytes",
        "mingzhang_checkpoint_age_seconds",
        "mingzhang_checkpoint_size",
        "mingzhang_http_request_seconds_bucket",
        "mingzhang_http_connections",
    ] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
}

#[test]
fn a_quiet_ledger_stays_fresh() {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &["--heartbeat", "1s"]);
    let (size, begun) = (server.size(), Instant::now());
    while server.size() < size + 2 {
        assert!(begun.elapsed() < Duration::from_mins(1), "no empty batch was sealed");
        std::thread::sleep(Duration::from_millis(100));
    }
    verify(dir.path(), &[&["audit", &server.url()][..], &POLICY].concat()).ends(0);
    let refused = mingzhang(dir.path(), &["serve", "ledger", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 2, "one writer: {}", refused.err);
}

#[test]
fn a_configuration_with_a_misspelt_limit_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(Path::new(dir.path()));
    file(dir.path(), "server.toml", "[limits]\nconections = 3\n");
    let refused =
        mingzhang(dir.path(), &["serve", "ledger", "--listen", "127.0.0.1:0", "--config", "server.toml"]).ends(1);
    assert!(refused.err.contains("conections"), "{}", refused.err);
}

#[test]
fn a_draft_is_told_what_the_rules_and_a_watchful_eye_say() {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    let draft = json!({
        "notice_id": "d1", "project": { "id": "ｐ－１", "name": "某道路" }, "sector": "construction", "stage": "announcement",
        "title": "招标公告", "region": "420100", "parties": [{ "role": "buyer", "name": "某局", "id": "91420100MA4KTESTXX" }],
        "data": { "documents": { "from": "2027-03-01", "until": "2027-03-08" }, "bid_deadline": "2027-03-05T09:30:00+08:00" },
    });
    let ask = |draft: &Value| {
        server.ask("POST", "/api/v1/drafts", &[("content-type", "application/json")], draft.to_string().as_bytes())
    };
    let advice = ask(&draft).is(200).json();
    file(dir.path(), "draft.json", draft.to_string());
    let checked = mingzhang(dir.path(), &["--json", "check", "ledger", "draft.json"]).ends(3).json();
    let rules = |told: &Value| {
        let remarks = told["remarks"].as_array().unwrap().iter();
        remarks
            .map(|told| (told["rule"].clone(), told["outcome"].clone(), told["earliest_day"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!((&advice["breaks"], &advice["project"]), (&checked["breaks"], &json!("P-1")));
    assert!(advice["breaks"].as_u64().unwrap() > 0, "{advice}");
    assert_eq!(rules(&advice), rules(&checked));
    assert!(rules(&advice).iter().any(|(.., earliest)| earliest.is_string()), "the earliest lawful deadline: {advice}");
    let warned: Vec<_> = advice["warnings"].as_array().unwrap().iter().map(|warning| &warning["path"]).collect();
    assert_eq!(warned, ["parties[0].id"]);
    let size = server.size();
    let mut misspelt = draft.clone();
    misspelt["data"]["bid_deadlin"] = json!("2027-03-30");
    let refused = ask(&misspelt).problem(422, "vocabulary").json();
    assert!(refused["detail"].as_str().unwrap().contains("bid_deadlin"), "{refused}");
    ask(&json!([])).problem(400, "bad-request");
    assert_eq!(server.size(), size, "nothing is recorded");
}
