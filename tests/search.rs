//! Lists, search, events and feeds of a served ledger: what is recorded is found, however it is spelt, and what is erased is
//! not.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use program::{files_under, import, lawful_ledger_with_centre, ledger_with_centre, mingzhang, verify};
use quick_xml::events::Event;
use serde_json::{Value, json};
use server::{Publisher, Server, encoded};

fn served() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    (dir, server)
}

fn encode(text: &str) -> String {
    encoded(text, u8::is_ascii_alphanumeric)
}

/// What an address answers once the index has seen everything and every project was judged.
fn settled(server: &Server, path: &str) -> Value {
    let size = server.size();
    let is_settled = |list: &Value| {
        let items = ["notices", "projects"].into_iter().find_map(|name| list[name].as_array());
        let judged = items.unwrap().iter().all(|item| item["status"].is_string());
        list["indexed"] == size && judged
    };
    server.until(path, |answer| answer.status == 200 && is_settled(&answer.json())).json()
}

fn search(server: &Server, text: &str) -> Value {
    settled(server, &format!("/api/v1/notices?limit=100&text={}", encode(text)))
}

fn indexes(list: &Value) -> Vec<u64> {
    list["notices"].as_array().unwrap().iter().map(|notice| notice["index"].as_u64().unwrap()).collect()
}

fn draft(id: &str, title: &str, text: &str) -> Value {
    json!({
        "notice_id": id, "project": { "id": "P-1", "name": "测试项目" }, "sector": "land", "stage": "announcement",
        "title": title, "region": "420106", "text": text,
    })
}

fn post(server: &Server, publisher: &Publisher, draft: &Value) -> u64 {
    server.post(&publisher.sign(draft)).is(201).json()["index"].as_u64().unwrap()
}

/// Spellings that look like a word, each with the word.
const DISGUISES: [(&str, &str); 14] = [
    ("武汉市", "武 汉 市"),
    ("武汉市", "武\u{200B}汉\u{2060}市"),
    ("武汉市", "武-汉—市"),
    ("武汉市", "武〔汉〕【市】"),
    ("武汉市", "武\u{0301}汉\u{0336}市"),
    ("武汉市", "武\u{202E}汉\u{FE0F}市"),
    ("武汉市", "武\n汉\t市"),
    ("土地", "\u{2F1F}地"),
    ("长江", "⻓江"),
    ("BIM", "ＢＩＭ"),
    ("BIM", "В\u{0406}М"),
    ("BIM", "ΒΙΜ"),
    ("BIM", "B I M"),
    ("company", "сомраny"),
];

#[test]
fn no_notice_hides_from_the_plain_word_and_words_of_every_length_are_found() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let mut posted = Vec::new();
    for (n, (plain, disguise)) in DISGUISES.iter().enumerate() {
        let in_title = post(&server, &centre, &draft(&format!("t{n}"), &format!("关于{disguise}的公告"), "无"));
        let in_text = post(&server, &centre, &draft(&format!("x{n}"), "另一公告", &format!("现将{disguise}公布如下")));
        posted.push((plain, disguise, in_title, in_text));
    }
    let other = post(&server, &centre, &draft("other", "桥梁养护", "无关之事"));
    for (plain, disguise, in_title, in_text) in posted {
        let found = indexes(&search(&server, plain));
        assert!(found.contains(&in_title) && found.contains(&in_text), "{plain} does not find {disguise:?}: {found:?}");
        assert!(!found.contains(&other), "{plain}");
    }
    for (word, hits) in [
        ("桥", 1),
        ("桥梁", 1),
        ("桥梁养", 1),
        ("养护", 1),
        ("无关之", 1),
        ("关之事", 1),
        ("桥护", 0),
        ("other", 1),
        ("the", 1),
        ("桥梁 无关", 1),
        ("桥梁 长江", 0),
        ("P-1", 29),
        ("公告", 28),
    ] {
        let list = search(&server, word);
        assert_eq!((indexes(&list).len(), &list["count"]), (hits, &json!(hits)), "{word}");
    }
    let list = search(&server, "公告");
    let titles = |list: &Value| {
        list["notices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| notice["title"].as_str().unwrap().contains("公告"))
            .collect::<Vec<_>>()
    };
    assert!(titles(&list).iter().all(|is_title| *is_title));
    let list = search(&server, "武汉市");
    let hits: String = list["notices"][0]["title_pieces"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|piece| piece["hit"] == true)
        .map(|piece| piece["text"].as_str().unwrap())
        .collect();
    assert_eq!(hits, "武\n汉\t市", "the newest title hit is first, as it was signed");
    assert!(indexes(&list)[..7].is_sorted_by(|a, b| a > b) && indexes(&list)[7..].is_sorted_by(|a, b| a > b));
    assert_eq!(list["notices"][7]["excerpts"][0]["field"], "text");
    assert_eq!(search(&server, "（）——")["count"], 0, "signs alone find nothing");
    let words = (0..100).map(|n| char::from_u32(0x4E00 + n).unwrap().to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(search(&server, &words)["count"], 0, "many words are one question");
    assert_eq!(settled(&server, "/api/v1/notices?project=%22")["count"], 0, "what can be no id is no project's");
}

#[test]
fn a_parameter_that_a_list_does_not_have_or_cannot_read_is_refused_by_name() {
    let (_dir, server) = served();
    let long = format!("text={}", "a".repeat(201));
    let bad = [
        long.as_str(),
        "sector=x",
        "stage=x",
        "status=x",
        "region=42010",
        "region=4201061",
        "publisher=%E5%85%AC",
        "from=1",
        "until=2026-02-30",
        "from=2026-03-17T00:00",
        "limit=0",
        "limit=101",
        "limit=",
        "limit=%2B1",
        "limit=x",
        "after=x",
        "after=01",
        "after=-1",
        "misspelt=1",
        "text=a&text=b",
    ];
    let own = [
        (
            "/api/v1/notices",
            &["notice_id=a&sector=land", "notice_id=", "notice_id=a&limit=1", "seconds=1", "after=tt1"][..],
        ),
        ("/api/v1/projects", &["notice_id=a", "project=P-1", "seconds=1", "after=t1"]),
        ("/feed.atom", &["notice_id=a", "seconds=1"]),
        (
            "/events",
            &["notice_id=a", "seconds=301", "seconds=x", "seconds=", "status=complete", "from=2026-03-17", "after=t1"],
        ),
    ];
    for (path, own) in own {
        for query in bad.iter().chain(own) {
            let problem = server.get(&format!("{path}?{query}")).problem(400, "bad-request");
            let name = query.split_once('=').unwrap().0;
            let problem = problem.text();
            assert!(problem.contains(name), "{path}?{query}: {problem}");
        }
    }
    server.get(&format!("/api/v1/notices?notice_id={}", "a".repeat(201))).problem(400, "bad-request");
    for id in ["x", "-1", "1.5", "\u{e9}"] {
        server.ask("GET", "/events", &[("last-event-id", id)], &[]).problem(400, "bad-request");
    }
    for empty in ["text=&sector=&stage=&status=&region=&publisher=&from=&until=&after=", ""] {
        settled(&server, &format!("/api/v1/notices?{empty}"));
    }
}

/// Every item of a list, page by page; `meanwhile` happens after the first.
fn all_pages(server: &Server, path: &str, items: &str, meanwhile: impl FnOnce()) -> Vec<Value> {
    let (mut found, mut after, mut meanwhile) = (Vec::new(), String::new(), Some(meanwhile));
    loop {
        let list = server.get(&format!("{path}&after={after}")).is(200).json();
        found.extend(list[items].as_array().unwrap().iter().cloned());
        if let Some(meanwhile) = meanwhile.take() {
            meanwhile();
        }
        match list["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return found,
        }
    }
}

#[test]
fn pages_stay_while_notices_arrive_and_a_deleted_index_is_made_again_with_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    lawful_ledger_with_centre(dir);
    let server = Server::start(dir, &[]);
    let centre = Publisher::centre(dir);
    let one = |n: u64| {
        let mut draft = draft(&format!("n{n}"), if n.is_multiple_of(3) { "道路公告" } else { "公告" }, "道路全文");
        draft["project"]["id"] = format!("P-{}", n / 2).into();
        draft["sector"] = ["land", "construction"][usize::try_from(n % 2).unwrap()].into();
        draft["region"] = ["420106", "420111"][usize::try_from(n / 4 % 2).unwrap()].into();
        post(&server, &centre, &draft)
    };
    for n in 0..20 {
        one(n);
    }
    for (path, items, expected) in [
        ("/api/v1/notices?limit=3", "notices", 20),
        ("/api/v1/notices?limit=3&text=%E9%81%93%E8%B7%AF", "notices", 20),
        ("/api/v1/notices?limit=3&sector=construction", "notices", 10),
        ("/api/v1/notices?limit=3&region=420111", "notices", 8),
        ("/api/v1/notices?limit=3&region=4201&stage=announcement&publisher=centre", "notices", 20),
        ("/api/v1/notices?limit=3&project=p-3", "notices", 2),
        ("/api/v1/notices?limit=3&project=P-99", "notices", 0),
        ("/api/v1/notices?limit=3&publisher=other", "notices", 0),
        ("/api/v1/notices?limit=3&from=2020-01-01&until=2020-01-31", "notices", 0),
        ("/api/v1/projects?limit=3", "projects", 10),
        ("/api/v1/projects?limit=3&text=P-3", "projects", 1),
        ("/api/v1/projects?limit=3&region=420111&sector=land", "projects", 4),
    ] {
        settled(&server, path);
        let before = all_pages(&server, path, items, || ());
        assert_eq!(before.len(), expected, "{path}");
        let identity = |item: &Value| if items == "notices" { item["index"].clone() } else { item["project"].clone() };
        let distinct: std::collections::BTreeSet<String> =
            before.iter().map(|item| identity(item).to_string()).collect();
        assert_eq!(distinct.len(), before.len(), "{path}");
    }
    let path = "/api/v1/notices?limit=3&text=%E9%81%93%E8%B7%AF";
    let before = all_pages(&server, path, "notices", || ());
    let during = all_pages(&server, path, "notices", || {
        one(20);
        one(21);
        settled(&server, path);
    });
    let newest = before.iter().map(|notice| notice["index"].as_u64().unwrap()).max().unwrap();
    let seen = |list: &[Value]| {
        let seen = list.iter().map(|notice| notice["index"].as_u64().unwrap());
        seen.filter(|index| *index <= newest).collect::<Vec<_>>()
    };
    assert_eq!(seen(&during), seen(&before), "what arrived meanwhile moves nothing");

    let paths = [
        path,
        "/api/v1/projects?limit=100",
        "/api/v1/projects?status=in-progress&limit=100",
        "/api/v1/notices?status=overdue",
    ];
    let answers: Vec<Value> = paths.iter().map(|path| settled(&server, path)).collect();
    let stats = |server: &Server| {
        let stats = server.get("/api/v1/stats").is(200).json();
        [stats["notices"].clone(), stats["projects"].clone()]
    };
    let counted = stats(&server);
    assert_eq!(counted[0], json!({ "construction": { "announcement": 11 }, "land": { "announcement": 11 } }));
    assert_eq!(counted[1].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 11, "{counted:?}");
    let standing = server.get("/api/v1/projects/P-3").is(200).json()["lifecycle"]["standing"].clone();
    let listed = answers[1]["projects"].as_array().unwrap().iter().find(|project| project["project"] == "P-3").unwrap();
    assert_eq!((&listed["status"], listed["notices"].as_u64()), (&standing, Some(2)), "{listed}");
    assert_ne!(standing, "not-judged");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    delete_index(dir);
    let server = Server::start(dir, &[]);
    let again: Vec<Value> = paths.iter().map(|path| settled(&server, path)).collect();
    assert_eq!(again, answers);
    assert_eq!(stats(&server), counted);
    drop(server);
    fs::write(dir.join("ledger/index.db"), "no database").unwrap();
    let server = Server::start(dir, &[]);
    assert_eq!(settled(&server, path), answers[0], "a broken index is made anew");
}

/// Deletes `index.db`, as an operator may at any time.
fn delete_index(dir: &Path) {
    let of_index = |file: &&std::path::PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with("index.db");
    let files = files_under(&dir.join("ledger"));
    let files: Vec<_> = files.iter().filter(of_index).collect();
    assert!(!files.is_empty(), "there is an index");
    for file in files {
        fs::remove_file(file).unwrap();
    }
}

fn import_drafts(dir: &Path, drafts: impl Iterator<Item = Value>) {
    let lines: String = drafts.map(|draft| format!("{draft}\n")).collect();
    fs::write(dir.join("drafts.jsonl"), lines).unwrap();
    import(dir, "ledger", &["drafts.jsonl"]).ends(0);
}

#[test]
fn more_than_a_thousand_are_counted_no_further_and_found_to_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    let notices: u64 = 1200;
    import_drafts(
        dir,
        (0..notices).map(|n| {
            let mut draft = draft(&format!("n{n}"), if n % 3 == 0 { "道路公告" } else { "公告" }, "道路全文");
            draft["project"]["id"] = format!("A42010020260000{n:05}").into();
            draft
        }),
    );
    let server = Server::start(dir, &[]);
    let text = encode("道路");
    let (number, few) = (encode("A42010020260000００７７７"), encode("0 0777"));
    for (path, items, count, expected) in [
        ("/api/v1/notices?limit=100".to_owned(), "notices", "1,000+", 1200),
        (format!("/api/v1/notices?limit=100&text={text}"), "notices", "1,000+", 1200),
        (format!("/api/v1/notices?limit=7&text={number}"), "notices", "1", 1),
        (format!("/api/v1/notices?limit=7&text={few}"), "notices", "1", 1),
        ("/api/v1/projects?limit=100".to_owned(), "projects", "1,000+", 1200),
        (format!("/api/v1/projects?limit=100&text={text}"), "projects", "400", 400),
        ("/api/v1/projects?limit=100&text=a4201002026".to_owned(), "projects", "1,000+", 1200),
    ] {
        let list = settled(&server, &path);
        assert_eq!(list["count_text"], count, "{path}");
        assert_eq!(list["count"], list["count_text"].as_str().unwrap().parse().unwrap_or(1000), "{path}");
        let found = all_pages(&server, &path, items, || ());
        let place = |item: &Value| item[if items == "notices" { "index" } else { "first" }].as_u64().unwrap();
        let is_title_hit = |item: &Value| items == "notices" && item["title"].as_str().unwrap().contains("道路");
        let mut sorted: Vec<(bool, u64)> = found.iter().map(|item| (is_title_hit(item), place(item))).collect();
        if !path.contains("text=%E9%81%93") {
            for (is_title_hit, _) in &mut sorted {
                *is_title_hit = false;
            }
        }
        assert!(sorted.is_sorted_by(|a, b| a > b), "{path}: title hits first, each newest first, each once");
        assert_eq!(sorted.len(), expected, "{path}");
    }
}

#[test]
fn while_the_index_is_made_again_the_log_is_served_and_it_says_how_far_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    ledger_with_centre(dir);
    // So long that some transactions are needed for them.
    let long = |n: u64| -> String {
        (0..300_u64).map(|part| format!("第{n}号第{part}段：") + &"武汉市道路改造工程公开招标".repeat(25)).collect()
    };
    import_drafts(dir, (0..48).map(|n| draft(&format!("n{n}"), "公告", &long(n))));
    let paths = [format!("/api/v1/notices?limit=100&text={}", encode("第7号第299段")), "/api/v1/projects".to_owned()];
    let server = Server::start(dir, &[]);
    let before: Vec<Value> = paths.iter().map(|path| settled(&server, path)).collect();
    assert_eq!(before[0]["count"], 1);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    delete_index(dir);

    // Whoever kills it half-way loses nothing of what is made.
    drop(Server::start(dir, &[]));
    let server = Server::start(dir, &[]);
    let size = server.size();
    let (mut seen, begun) = (std::collections::BTreeSet::new(), Instant::now());
    loop {
        let answer = server.get(&paths[0]);
        if answer.status == 200 {
            break;
        }
        let problem = answer.problem(503, "index-building");
        assert!(problem.header("retry-after").is_some());
        let indexed = server.get("/healthz").is(200).json()["indexed"].as_u64().unwrap();
        if indexed < size {
            assert!(problem.text().contains(&size.to_string()), "{}", problem.text());
            seen.insert(indexed);
        }
        for path in
            ["/checkpoint", "/api/v1/notices/4", "/api/v1/projects/P-1", "/api/v1/notices?notice_id=n7", "/readyz"]
        {
            server.get(path).is(200);
        }
        for path in ["/feed.atom", "/events?seconds=0", "/api/v1/projects", "/api/v1/notices?region=42"] {
            let answer = server.get(path);
            let is_made = server.get("/healthz").json()["indexed"] == size;
            assert!(answer.status == 503 || is_made, "{path}: {answer:?}");
        }
        assert!(begun.elapsed() < Duration::from_mins(2));
    }
    assert!(!seen.is_empty() && !seen.contains(&0), "it is told how far it is: {seen:?}");
    let again: Vec<Value> = paths.iter().map(|path| settled(&server, path)).collect();
    assert_eq!(again, before);
    let metrics = server.get("/metrics").is(200).text();
    assert!(metrics.contains(&format!("mingzhang_indexed_size {size}")), "{metrics}");
}

fn now() -> jiff::Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    jiff::Timestamp::from_second(since.as_secs().try_into().unwrap()).unwrap()
}

#[test]
fn a_project_is_shown_with_the_verdict_that_its_dossier_gives_and_with_what_is_due_next() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    lawful_ledger_with_centre(dir);
    let server = Server::start(dir, &[]);
    let centre = Publisher::centre(dir);
    let today = now().to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).date();
    let award = |id: &str, lot: Option<&str>| {
        let mut draft = draft(id, "中标结果公告", "全文");
        draft["sector"] = "procurement".into();
        draft["stage"] = "award".into();
        draft["data"] = json!({ "decided_at": today.to_string(), "winner": { "name": "甲公司" } });
        if let Some(lot) = lot {
            draft["lot"] = json!({ "id": lot });
        }
        draft
    };
    post(&server, &centre, &award("n1", Some("1")));
    post(&server, &centre, &award("n2", Some("2")));
    let project = server.get("/api/v1/projects/P-1").is(200).json();
    fs::write(dir.join("dossier.json"), server.get("/api/v1/projects/P-1/dossier").is(200).body).unwrap();
    let policy = ["--policy", "ledger/policy.txt"];
    let judged = verify(dir, &[&["--json", "dossier", "dossier.json"][..], &policy].concat()).ends(3).json();
    assert_eq!(project["lifecycle"]["lots"], judged["lifecycle"]["lots"], "{project:#}");
    assert_eq!(project["lifecycle"]["standing"], judged["lifecycle"]["standing"]);
    assert_eq!(project["entries"].as_array().unwrap().len(), 2);
    let next = project["next"].as_array().unwrap();
    assert_eq!(next.iter().map(|next| next["lot"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "2"], "{project:#}");
    for next in next {
        let lots = project["lifecycle"]["lots"].as_array().unwrap();
        let lot = lots.iter().find(|lot| lot["id"] == next["lot"]).unwrap();
        assert_eq!((&next["due"], &next["rule"]), (&lot["next"]["due"], &lot["next"]["rule"]));
        let due: jiff::Timestamp = next["due_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(Some(due.as_second()), next["due"].as_i64());
        assert!(due > now() && !next["title"]["zh"].as_str().unwrap().is_empty());
    }
    let listed = settled(&server, "/api/v1/projects");
    assert_eq!(listed["projects"][0]["due"], next[0]["due_at"]);
    assert_eq!(listed["projects"][0]["status"], project["lifecycle"]["standing"]);
}

#[test]
fn an_attachment_is_taken_by_whatever_notices_name_it() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let name = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let naming = |id: &str, size: u64| {
        let mut draft = draft(id, "公告", "全文");
        draft["attachments"] = json!([{ "name": "附件", "size": size, "sha256": name }]);
        draft
    };
    let put = || server.ask("PUT", &format!("/attachments/{name}"), &[], b"hello");
    put().problem(403, "attachment-not-announced");
    post(&server, &centre, &naming("n1", 5));
    // What another says of the same file keeps nobody out.
    post(&server, &centre, &naming("n2", 1));
    settled(&server, "/api/v1/notices");
    put().is(201);
    server.get(&format!("/attachments/{name}")).is(200);
}

#[test]
fn what_is_erased_is_not_found_and_not_in_the_file() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let secret = "丙子鱻龘王某某的住址";
    let index = post(&server, &centre, &draft("n1", "公告", secret));
    post(&server, &centre, &draft("n2", "公告", "别的全文"));
    assert_eq!(indexes(&search(&server, "鱻龘")), [index]);
    let erase = [
        "erase",
        "--notice",
        "n1",
        "--field",
        "text",
        "--ground",
        "个人信息保护法第四十七条",
        "--reason",
        "本人申请",
        "--url",
    ];
    mingzhang(dir.path(), &[&erase[..], &[&server.url(), "--signer-key", "ledger/root.key"]].concat()).ends(0);
    for word in ["鱻龘", "鱻", "王某某"] {
        assert_eq!(indexes(&search(&server, word)), [0_u64; 0], "{word}");
    }
    assert_eq!(indexes(&search(&server, "公告")).len(), 2, "the rest of the notice is still found");
    assert_no_trace(dir.path(), &["鱻", "龘", "王某"]);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert_no_trace(dir.path(), &["鱻", "龘", "王某"]);

    // Without a server nobody keeps the index: it goes as a whole, and is made again without what was erased.
    let erase = erase.map(|word| if word == "n1" { "n2" } else { word });
    let offline = [&["erase", "ledger"][..], &erase[1..erase.len() - 1]].concat();
    mingzhang(dir.path(), &offline).ends(0);
    assert!(!dir.path().join("ledger/index.db").exists());
    assert_no_trace(dir.path(), &["别的"]);
    let server = Server::start(dir.path(), &[]);
    assert_eq!(search(&server, "别的")["count"], 0);
    assert_eq!(indexes(&search(&server, "公告")).len(), 2);
    assert_no_trace(dir.path(), &["鱻", "龘", "王某", "别的"]);
}

fn assert_no_trace(dir: &Path, traces: &[&str]) {
    for file in files_under(&dir.join("ledger")) {
        let bytes = fs::read(&file).unwrap();
        for trace in traces {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            assert!(!found, "{} holds `{trace}`", file.display());
        }
    }
}

/// The ids of the events of a stream that ends by itself.
fn event_ids(server: &Server, path: &str, headers: &[(&str, &str)]) -> Vec<u64> {
    let stream = server.ask("GET", path, headers, &[]).is(200).text();
    stream.lines().filter_map(|line| line.strip_prefix("id:")).map(|id| id.trim().parse().unwrap()).collect()
}

#[test]
fn events_go_on_where_they_were_and_feeds_are_atom() {
    let (dir, server) = served();
    let centre = Publisher::centre(dir.path());
    let mut posted = vec![post(&server, &centre, &draft("n0", "<b>公告</b> & \"引号\"\u{1}", "全文"))];
    let mut other = draft("n1", "另一公告", "全文");
    other["sector"] = "construction".into();
    other["region"] = "420111".into();
    other["project"]["id"] = "P-2".into();
    posted.push(post(&server, &centre, &other));
    posted.push(post(&server, &centre, &draft("n2", "公告", "全文")));
    settled(&server, "/api/v1/notices?limit=1");
    assert_eq!(event_ids(&server, "/events?seconds=1&after=0", &[]), posted);
    assert_eq!(event_ids(&server, "/events?seconds=1", &[("last-event-id", &posted[0].to_string())]), posted[1..]);
    assert_eq!(event_ids(&server, "/events?seconds=1&after=0&sector=construction", &[]), posted[1..2]);
    assert_eq!(event_ids(&server, "/events?seconds=0", &[]), [0_u64; 0]);

    // One that is open while a notice arrives, and ends when the server stops.
    let mut stream = server.connect();
    std::io::Write::write_all(&mut stream, b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    let read = stream.read(&mut piece).unwrap();
    heard.extend_from_slice(&piece[..read]);
    let late = post(&server, &centre, &draft("n3", "公告", "全文"));
    while !String::from_utf8_lossy(&heard).contains(&format!("id:{late}")) {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&piece[..read]);
    }

    for (query, entries) in
        [("", 4), ("?sector=construction", 1), ("?region=420106", 3), ("?project=P-2", 1), ("?limit=2", 2)]
    {
        settled(&server, "/api/v1/notices?limit=1");
        let feed = server.get(&format!("/feed.atom{query}")).is(200);
        assert_eq!(feed.header("content-type"), Some("application/atom+xml"));
        check_atom(&feed.text(), entries);
    }
    let feed = server.get("/feed.atom").text();
    assert!(feed.contains("&lt;b&gt;公告&lt;/b&gt; &amp; "), "{feed}");
    assert!(server.get("/feed.atom?limit=2").text().contains("rel=\"next\""));
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(20), "a stream does not hold up the stop");
}

/// RFC 4287 §4.1.1 and §4.1.2: well-formed, and what a feed and each of its entries must have, once.
fn check_atom(text: &str, entries: usize) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut path, mut found) = (Vec::<String>::new(), Vec::<String>::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                found.push(path.join("/"));
            }
            Event::Empty(empty) => {
                found.push(format!("{}/{}", path.join("/"), empty.name().as_ref()));
                empty.attributes().for_each(|attribute| drop(attribute.unwrap()));
            }
            Event::End(_) => drop(path.pop()),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty() && text.contains("<feed xmlns=\"http://www.w3.org/2005/Atom\""));
    let count = |name: &str| found.iter().filter(|found| *found == name).count();
    assert_eq!([count("feed/id"), count("feed/title"), count("feed/updated")], [1; 3], "{text}");
    for part in ["", "/id", "/title", "/updated", "/author/name", "/link"] {
        assert_eq!(count(&format!("feed/entry{part}")), entries, "{part}: {text}");
    }
}
