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

use program::{files_under, ledger_with_centre, mingzhang};
use quick_xml::events::Event;
use serde_json::{Value, json};
use server::{Publisher, Server};

fn served() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    (dir, server)
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What an address answers once the index has seen everything and every project was judged.
fn settled(server: &Server, path: &str) -> Value {
    let (size, begun) = (server.size(), Instant::now());
    loop {
        let answer = server.get(path);
        if answer.status == 200 {
            let list = answer.json();
            let items = ["notices", "projects"].into_iter().find_map(|name| list[name].as_array());
            let judged = items.unwrap().iter().all(|item| item["status"].is_string());
            if list["indexed"] == size && judged {
                return list;
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{path}: {answer:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
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
    for bad in [
        "text=%EF%BC%88%EF%BC%89",
        "text=1+2+3+4+5+6+7+8+9",
        "sector=x",
        "region=42010",
        "limit=0",
        "limit=101",
        "after=x",
        "from=1",
        "status=x",
        "notice_id=a&sector=land",
    ] {
        server.get(&format!("/api/v1/notices?{bad}")).problem(400, "bad-request");
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
    // With the rulebook, so that projects are judged.
    mingzhang(dir, &["init", "ledger", "--origin", server::ORIGIN]).ends(0);
    mingzhang(dir, &["keygen", "centre.key"]).ends(0);
    let centre = ["--publisher", "centre", "--name", "公共资源交易中心", "--key", "centre.key"];
    mingzhang(dir, &[&["enrol", "ledger"][..], &centre, &["--sector", "all", "--region", "all"]].concat()).ends(0);
    let server = Server::start(dir, &[]);
    let centre = Publisher::centre(dir);
    let one = |n: u64| {
        let mut draft = draft(&format!("n{n}"), if n.is_multiple_of(3) { "道路公告" } else { "公告" }, "道路全文");
        draft["project"]["id"] = format!("P-{}", n / 2).into();
        draft["sector"] = ["land", "construction"][usize::try_from(n % 2).unwrap()].into();
        draft["region"] = ["420106", "420111"][usize::try_from(n / 4 % 2).unwrap()].into();
        post(&server, &centre, &draft)
    };
    (0..20).for_each(|n| drop(one(n)));
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
    let seen = |list: &[Value]| list.iter().map(|notice| notice["index"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(seen(&during), seen(&before), "what arrived meanwhile moves nothing");

    let paths = [
        path,
        "/api/v1/projects?limit=100",
        "/api/v1/projects?status=in-progress&limit=100",
        "/api/v1/notices?status=overdue",
    ];
    let answers: Vec<Value> = paths.iter().map(|path| settled(&server, path)).collect();
    let standing = server.get("/api/v1/projects/P-3").is(200).json()["lifecycle"]["standing"].clone();
    let listed = answers[1]["projects"].as_array().unwrap().iter().find(|project| project["project"] == "P-3").unwrap();
    assert_eq!((&listed["status"], listed["notices"].as_u64()), (&standing, Some(2)), "{listed}");
    assert_ne!(standing, "not-judged");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    for file in files_under(&dir.join("ledger")).iter().filter(|file| file.to_str().unwrap().contains("index.db")) {
        fs::remove_file(file).unwrap();
    }
    let server = Server::start(dir, &[]);
    let again: Vec<Value> = paths.iter().map(|path| settled(&server, path)).collect();
    assert_eq!(again, answers);
    drop(server);
    fs::write(dir.join("ledger/index.db"), "no database").unwrap();
    let server = Server::start(dir, &[]);
    assert_eq!(settled(&server, path), answers[0], "a broken index is made anew");
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
    drop(server);
    assert_no_trace(dir.path(), &["鱻", "龘", "王某"]);
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
    server.ask("GET", "/events", &[("last-event-id", "x")], &[]).problem(400, "bad-request");
    server.get("/events?seconds=301").problem(400, "bad-request");

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
