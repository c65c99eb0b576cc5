//! The portal: every page in both languages, read as a browser reads it, over the demo's sample and over notices that mean harm.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use html5ever::tendril::TendrilSink as _;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, parse_document};
use ledger::draft::Draft;
use ledger::publisher::SealOrder;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use program::lawful_ledger_with_centre;
use serde_json::{Value, json};
use server::{Answer, Publisher, Server, encoded};
use verifier::lifecycle::instant::day_of;
use verifier::log::hash::{hex, sha256};

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// An element as it was read: its name, its attributes, and the text below it.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// A page as a browser has read it.
struct Page {
    path: String,
    elements: Vec<Element>,
}

impl Page {
    /// Reads a page strictly.
    #[track_caller]
    fn read(path: &str, answer: &Answer) -> Self {
        let opts = ParseOpts {
            tree_builder: TreeBuilderOpts { exact_errors: true, ..Default::default() },
            ..Default::default()
        };
        let dom = parse_document(RcDom::default(), opts).one(answer.text());
        assert!(dom.errors.borrow().is_empty(), "{path}: {:?}", dom.errors.borrow());
        let mut elements = Vec::new();
        walk(&dom.document, &mut elements);
        Self { path: path.to_owned(), elements }
    }

    fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    fn text(&self, name: &str) -> String {
        self.all(name).map(|element| element.text.clone()).collect::<Vec<_>>().join("\n")
    }

    /// Addresses on this server that the page names.
    fn links(&self) -> Vec<String> {
        let named = self.elements.iter().filter_map(|element| match &*element.name {
            "a" | "link" => element.get("href"),
            "script" | "img" => element.get("src"),
            _ => None,
        });
        named
            .filter(|address| address.starts_with('/'))
            .map(|address| address.split('#').next().unwrap().to_owned())
            .collect()
    }

    /// What holds for every page: landmarks, one title, headings in order, names for fields, unique ids, fragments that are
    /// there, and nothing that the policy for contents would refuse.
    #[track_caller]
    fn check(&self, language: &str) {
        let path = &self.path;
        assert_eq!(self.all("html").next().unwrap().get("lang"), Some(language), "{path}");
        for once in ["main", "h1", "header", "footer"] {
            assert_eq!(self.all(once).count(), 1, "{path}: {once}");
        }
        assert!(!self.text("title").trim().is_empty(), "{path}");
        let mut level = 0;
        for element in &self.elements {
            let found = element.name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok());
            if let Some(found) = found.filter(|found| (1..=6).contains(found)) {
                assert!(found <= level + 1, "{path}: h{found} after h{level}: {}", element.text);
                level = found;
            }
            for name in element.attributes.keys() {
                assert!(name != "style" && !name.starts_with("on"), "{path}: {name} on {}", element.name);
            }
            assert!(
                !matches!(&*element.name, "style" | "iframe" | "object" | "embed" | "base"),
                "{path}: {}",
                element.name
            );
        }
        let fragments: Vec<&str> = self.all("a").filter_map(|a| a.get("href")?.strip_prefix('#')).collect();
        let ids: Vec<&str> = self.elements.iter().filter_map(|element| element.get("id")).collect();
        let unique: BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{path}: {ids:?}");
        assert!(fragments.iter().all(|fragment| unique.contains(fragment)), "{path}: {fragments:?}");
        let labelled: BTreeSet<&str> = self.all("label").filter_map(|label| label.get("for")).collect();
        for name in ["input", "select", "textarea"] {
            for field in self.all(name).filter(|field| field.get("type") != Some("hidden")) {
                let named =
                    field.get("aria-label").is_some() || field.get("id").is_some_and(|id| labelled.contains(id));
                assert!(named, "{path}: {:?} has no name", field.attributes);
            }
        }
        for script in self.all("script") {
            assert!(
                script.get("src").is_some_and(|src| src.starts_with("/assets/")),
                "{path}: {:?}",
                script.attributes
            );
            assert!(script.text.trim().is_empty(), "{path}: an inline script");
        }
        for image in self.all("img") {
            assert!(image.get("alt").is_some(), "{path}");
        }
        for link in self.all("a") {
            assert!(!link.text.trim().is_empty(), "{path}: a link without a name: {:?}", link.attributes);
            let href = link.get("href").unwrap();
            assert!(["/", "#", "https://", "http://"].iter().any(|begin| href.starts_with(begin)), "{path}: {href}");
        }
    }
}

fn walk(node: &Handle, elements: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, .. } = &node.data {
        let attributes = attrs.borrow().iter().map(|one| (one.name.local.to_string(), one.value.to_string())).collect();
        elements.push(Element { name: name.local.to_string(), attributes, text: text_of(node) });
    }
    node.children.borrow().iter().for_each(|child| walk(child, elements));
}

fn text_of(node: &Handle) -> String {
    let mut text = match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => String::new(),
    };
    node.children.borrow().iter().for_each(|child| text.push_str(&text_of(child)));
    text
}

/// A text in an address, as pages write it.
fn encode(text: &str) -> String {
    encoded(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte))
}

/// A page as it is answered to a browser, which must be as every page is.
#[track_caller]
fn visit(server: &Server, path: &str, status: u16) -> (Answer, Page) {
    let answer = server.ask("GET", path, &[BROWSER], &[]).is(status);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("vary", "Accept, Accept-Encoding, Accept-Language"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{path}: {name}");
    }
    assert!(answer.header("permissions-policy").is_some() && answer.header("set-cookie").is_none(), "{path}");
    let english = path.contains("lang=en");
    let page = Page::read(path, &answer);
    page.check(if english { "en" } else { "zh-CN" });
    (answer, page)
}

/// Waits until the index has seen everything and every project was judged.
fn settle(server: &Server) {
    server.until("/api/v1/stats", |stats| {
        let health = server.get("/healthz").json();
        let judged = stats.json()["projects"].as_object().is_some_and(|projects| !projects.contains_key("pending"));
        judged && health["indexed"] == server.size()
    });
}

/// The same address in English.
fn in_english(path: &str) -> String {
    format!("{path}{}lang=en", if path.contains('?') { '&' } else { '?' })
}

/// Every page, in both languages; then every address that any of them names.
#[track_caller]
fn visit_all(server: &Server, paths: &[String]) {
    let mut links = BTreeSet::new();
    for path in paths {
        let (answer, page) = visit(server, path, 200);
        assert!(answer.body.len() <= 600_000, "{path}: {} bytes", answer.body.len());
        links.extend(page.links());
        let switch = page.all("a").find(|a| a.get("class") == Some("switch")).unwrap().get("href").unwrap().to_owned();
        let (_, english) = visit(server, &switch, 200);
        let own = english.links().into_iter().filter(|link| !is_without_language(link)).collect::<Vec<_>>();
        assert!(own.iter().all(|link| link.contains("lang=")), "{switch} forgets its language: {own:?}");
        assert_eq!(page.all("form").count(), english.all("form").count(), "{path}");
        links.extend(english.links());
    }
    let visited: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    for link in links.iter().filter(|link| !visited.contains(link.as_str())) {
        let answer = server.ask("HEAD", link, &[BROWSER], &[]);
        assert!(answer.status < 400, "{link}: {}", answer.head);
    }
}

/// What is the same in every language.
fn is_without_language(link: &str) -> bool {
    [
        "/assets/",
        "/api/",
        "/attachments/",
        "/checkpoint",
        "/openapi.json",
        "/feed.atom",
        "/policy",
        "/verifier.html",
        "/statistics/",
    ]
    .iter()
    .any(|begin| link.starts_with(begin))
}

#[test]
fn every_page_of_the_sample_is_whole_in_both_languages_and_its_links_lead_somewhere() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::demo(dir.path());
    settle(&server);
    let project = |id: &str| format!("/projects/{}", encode(id));
    let mut paths: Vec<String> = [
        "/",
        "/search",
        "/search?of=projects",
        "/search?text=%E9%81%93%E8%B7%AF&sector=construction&limit=5",
        "/search?text=%E6%B2%A1%E6%9C%89%E7%9A%84%E8%AF%8D",
        "/search?status=violated&region=4201",
        "/publish",
        "/publish?sector=land&stage=announcement",
        "/publish?sector=construction&stage=candidates",
        "/notices/0",
        "/notices/1",
    ]
    .map(str::to_owned)
    .to_vec();
    for id in [
        "SL-GC-2026-001",
        "SL-GC-2026-004",
        "SL-GC-2026-005",
        "SL-GC-2026-007",
        "SL-TD-2026-000",
        "郑政出[2020]1号(网)",
    ] {
        paths.extend([project(id), format!("{}/print", project(id))]);
    }
    let list = server.get("/api/v1/notices?limit=100").json();
    let newest = list["notices"].as_array().unwrap().iter().map(|notice| notice["index"].as_u64().unwrap());
    paths.extend(newest.step_by(12).flat_map(|index| [format!("/notices/{index}"), format!("/notices/{index}/print")]));
    visit_all(&server, &paths);

    let (_, page) = visit(&server, &project("SL-GC-2026-004"), 200);
    let said = page.text("main");
    for words in ["违反规则", "招标投标法第23条", "路灯杆", "变更对照", "未延期", "见证：不晚于"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(page.all("del").count() > 0 && page.all("ins").count() > 0 && page.all("circle").count() >= 5);
    let (_, failed) = visit(&server, &project("SL-GC-2026-005"), 200);
    assert!(failed.links().contains(&project("SL-GC-2026-006")), "a failed project leads to the one it goes on in");
    let (_, restarted) = visit(&server, &project("SL-GC-2026-006"), 200);
    assert!(restarted.links().contains(&project("SL-GC-2026-005")), "and back");
    let (_, print) = visit(&server, &format!("{}/print?lang=en", project("SL-GC-2026-001")), 200);
    assert_eq!(print.all("nav").count(), 0);
    assert!(
        print.text("main").contains(&format!("http://{}/api/v1/notices/", server.address)),
        "the code carries where the receipt is"
    );
    let facets = visit(&server, "/search?lang=en", 200).1.text("aside");
    assert!(facets.contains("government procurement") && facets.contains("in progress"), "{facets}");
    let hits = visit(&server, "/search?text=%E9%81%93%E8%B7%AF", 200).1;
    assert!(hits.all("mark").any(|mark| mark.text == "道路"));

    let (_, unknown) = visit(&server, "/projects/SL-GC-2026-01?lang=en", 404);
    assert!(
        unknown.links().iter().any(|link| link.starts_with("/projects/SL-GC-2026-0")),
        "ids near it: {:?}",
        unknown.links()
    );
    visit(&server, "/nowhere", 404);
    visit(&server, "/?lang=fr", 400);
    visit(&server, "/search?misspelt=1", 400);
    visit(&server, "/api/v1/notices/none", 400);
    assert_eq!(server.get("/nowhere").header("content-type"), Some("application/problem+json"));
    let english = server.ask("GET", "/", &[("accept-language", "en-GB,zh;q=0.5")], &[]).text();
    assert!(english.contains("<html lang=\"en\">"));
    assert!(server.ask("GET", "/?lang=zh", &[("accept-language", "en")], &[]).text().contains("<html lang=\"zh-CN\">"));
}

#[test]
fn a_page_names_its_assets_by_their_content_and_is_not_sent_twice() {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &["--public-url", "https://ledger.example/wuhan"]);
    settle(&server);
    let answer = server.ask("GET", "/", &[BROWSER], &[]).is(200);
    let page = Page::read("/", &answer);
    let style = page.all("link").find_map(|link| link.get("href").filter(|href| href.contains("style.css"))).unwrap();
    let (address, version) = style.strip_prefix("/wuhan").unwrap().split_once("?v=").unwrap();
    let asset = server.get(&format!("{address}?v={version}")).is(200);
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(asset.header("content-type"), Some("text/css; charset=utf-8"));
    let hash = hex(sha256(&asset.body).as_bytes());
    assert!(hash.starts_with(version) && version.len() == 16, "{version} {hash}");
    assert_eq!(server.get(&format!("{address}?v=0")).is(200).header("cache-control"), Some("no-cache"));
    assert!(page.links().iter().all(|link| link.starts_with("/wuhan/")), "{:?}", page.links());
    let tag = answer.header("etag").unwrap();
    server.ask("GET", "/", &[BROWSER, ("if-none-match", tag)], &[]).is(304);
}

#[test]
fn a_project_shows_what_an_objection_stops_what_is_amended_and_what_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    let centre = Publisher::centre(dir.path());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let day = |n: i64| day_of(now.cast_signed() + n * 86_400).to_string();
    let draft = |id: &str, stage: &str, text: &str, data: Value| {
        json!({ "notice_id": id, "project": { "id": "P-OBJ", "name": "异议项目" }, "sector": "construction", "stage": stage,
            "title": format!("公告{id}"), "region": "420106", "text": text, "data": data })
    };
    let post = |draft: &Value| server.post(&centre.sign(draft)).is(201).json()["index"].as_u64().unwrap();
    let candidates =
        json!({ "publicity": { "from": day(-3), "until": day(1) }, "candidates": [{ "rank": 1, "name": "甲公司" }] });
    let first = post(&draft("c1", "candidates", "第一行\n第二行\n第三行", candidates.clone()));
    let mut amending = draft("c2", "candidates", "第一行\n第二行已更正\n第三行", candidates);
    amending["amends"] = "c1".into();
    amending["data"]["candidates"][0]["name"] = "乙公司".into();
    post(&amending);
    post(&draft("o1", "objection", "异议", json!({ "about": "c1", "received_on": day(-2) })));
    post(&draft("a1", "award", "结果", json!({ "winner": { "name": "乙公司" } })));
    settle(&server);
    let (_, page) = visit(&server, "/projects/P-OBJ", 200);
    let said = page.text("main");
    assert!(said.contains("异议与暂停") && said.contains("其间仍进行了下一环节"), "{said}");
    assert!(page.all("rect").any(|band| band.get("class") == Some("pause breached")));
    let marked = |name: &str| page.all(name).map(|change| change.text.clone()).collect::<Vec<_>>();
    assert_eq!(marked("del"), ["甲", "1", "第二行"], "a candidate, the title, the text");
    assert_eq!(marked("ins"), ["乙", "2", "第二行已更正"]);
    visit(&server, "/projects/P-OBJ?lang=en", 200);

    let mut sealed =
        draft("s1", "announcement", "公告", json!({ "reserve_price": { "amount": "100.00", "currency": "CNY" } }));
    sealed["project"]["id"] = "P-SEALED".into();
    let order = SealOrder::parse("data.reserve_price:opening").unwrap();
    let (statement, _) = centre.desk().notice(&Draft::parse(&sealed.to_string()).unwrap(), &[order], false).unwrap();
    let index = server.post(&statement).is(201).json()["index"].as_u64().unwrap();
    let (_, page) = visit(&server, &format!("/notices/{index}?lang=en"), 200);
    let said = page.text("main");
    assert!(said.contains("What is not shown") && said.contains("until opening") && !said.contains("100.00"), "{said}");
    let (_, page) = visit(&server, &format!("/notices/{first}"), 200);
    assert!(page.text("main").contains("在项目中的位置") && page.links().iter().any(|link| link == "/projects/P-OBJ"));
}

/// Every text of a draft is this one.
fn hostile(id: &str, stage: &str, evil: &str, data: Value) -> Value {
    json!({
        "notice_id": format!("{id} {evil}"), "project": { "id": "P-EVIL", "name": evil }, "lot": { "id": evil, "name": evil },
        "sector": "construction", "stage": stage, "title": evil, "region": "420106", "language": evil, "amends": format!("a {evil}"),
        "parties": [{ "role": evil, "name": evil, "id": evil, "contact": evil }], "data": data, "text": format!("{evil}\n{evil}"),
        "attachments": [{ "name": evil, "media_type": evil, "sha256": "0".repeat(64), "size": 1 }],
        "source": { "platform": evil, "url": format!("javascript:{evil}") },
    })
}

#[test]
fn a_notice_whose_every_field_means_harm_harms_nothing() {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    let centre = Publisher::centre(dir.path());
    let evils = [
        "<script src=//evil.example/x></script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>",
        "\u{202E}txet\u{2066}\u{200B} &amp; <b>",
    ];
    let mut paths = vec![
        "/".to_owned(),
        "/search".to_owned(),
        "/search?of=projects".to_owned(),
        "/projects/P-EVIL".to_owned(),
        "/projects/P-EVIL/print".to_owned(),
    ];
    for evil in evils {
        paths.push(format!("/search?text={}", encode(evil)));
        for (id, stage, data) in [
            (
                "a",
                "announcement",
                json!({ "category": evil, "scope": evil, "qualification": evil, "funding_source": evil }),
            ),
            ("o", "opening", json!({ "place": evil, "bids": [{ "name": evil, "id": evil, "period_text": evil }] })),
            (
                "c",
                "change",
                json!({ "changed": [{ "field": evil, "from": evil, "to": format!("x{evil}") }], "reason": evil }),
            ),
            (
                "w",
                "candidates",
                json!({ "candidates": [{ "name": evil, "price_text": evil, "manager": { "person": evil, "certificate": evil } }] }),
            ),
        ] {
            let index =
                server.post(&centre.sign(&hostile(id, stage, evil, data))).is(201).json()["index"].as_u64().unwrap();
            paths.extend([format!("/notices/{index}"), format!("/notices/{index}/print")]);
        }
    }
    settle(&server);
    for path in paths.iter().flat_map(|path| [path.clone(), in_english(path)]) {
        let (answer, page) = visit(&server, &path, 200);
        let text = answer.text();
        // What the reader typed stands in his field as he typed it.
        let unseen =
            if path.starts_with("/search?text=") { &[][..] } else { &["\u{202E}", "\u{2066}", "\u{200B}"][..] };
        for raw in [&["<script src=//", "<img src=x", "<svg/", "href=\"javascript"][..], unseen].concat() {
            assert!(!text.contains(raw), "{path}: {raw:?}");
        }
        assert!(
            page.all("script").all(|script| script.get("src").is_some_and(|src| src.starts_with("/assets/"))),
            "{path}"
        );
        assert!(
            page.elements.iter().all(|element| element.attributes.keys().all(|name| !name.starts_with("on"))),
            "{path}"
        );
        assert!(page.links().iter().all(|link| !link.starts_with("//")), "{path}");
    }
}

#[test]
fn long_texts_and_long_lists_are_shown_and_other_long_fields_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &[]);
    let centre = Publisher::centre(dir.path());
    let base = |id: &str, stage: &str| json!({ "notice_id": id, "project": { "id": "P-LONG" }, "sector": "construction", "stage": stage, "title": "开标记录", "text": "无" });
    let post = |draft: &Value| server.post(&centre.sign(draft)).is(201).json()["index"].as_u64().unwrap();

    let mut long = base("text", "announcement");
    long["text"] = "公".repeat(200_000).into();
    let (answer, page) = visit(&server, &format!("/notices/{}", post(&long)), 200);
    assert!(page.text("main").contains(&"公".repeat(200_000)));
    assert!(answer.body.len() - 3 * 200_000 < 60 << 10, "{} bytes beside the text", answer.body.len() - 600_000);

    let mut bids = base("bids", "opening");
    let bid = |n: usize| json!({ "name": format!("投标单位{n}"), "price": { "amount": format!("{}.50", 1_000_000 + n), "currency": "CNY" } });
    bids["data"] = json!({ "bids": (0..1500).map(bid).collect::<Vec<_>>() });
    let index = post(&bids);
    let (_, page) = visit(&server, &format!("/notices/{index}"), 200);
    assert!(page.all("tr").count() > 1500 && page.text("main").contains("1,001,499.50"));
    let squeezed = server.ask("GET", &format!("/notices/{index}"), &[BROWSER, ("accept-encoding", "br")], &[]).is(200);
    assert!(squeezed.body.len() < 60 << 10, "{}", squeezed.body.len());

    let mut flat = base("flat", "opening");
    let row = |n: usize| format!("{n}\n91420000MA4870{:04}\n投标单位{n}\n已解密\n1,835.{n}\n", n % 10_000);
    flat["text"] = format!("开标一览表\n{}", (1..=1500).map(row).collect::<String>()).into();
    let (_, page) = visit(&server, &format!("/notices/{}", post(&flat)), 200);
    assert!(page.all("tr").count() >= 1500, "a table that was flattened into lines is one again");

    let too_long = "长".repeat(200_000);
    let party = |member: &str| json!([{ "role": "buyer", "name": "采购人", member: too_long }]);
    for (member, value, named) in [
        ("parties", party("contact"), "parties[0].contact"),
        ("data", json!({ "bids": [{ "name": too_long }] }), "data.bids[0].name"),
    ] {
        let mut draft = base("refused", "opening");
        draft[member] = value;
        let problem = server.post(&centre.sign(&draft)).problem(422, "vocabulary").json();
        for detail in ["detail_zh", "detail_en"] {
            let said = problem[detail].as_str().unwrap();
            assert!(said.contains(named) && said.contains("200000"), "{said}");
        }
    }
    // What stands in the statement itself is bounded by the statement's length.
    for member in ["title", "source", "project"] {
        let mut draft = base("refused", "opening");
        draft[member] = match member {
            "title" => json!(too_long),
            "source" => json!({ "platform": too_long }),
            _ => json!({ "id": "P-LONG", "name": too_long }),
        };
        let draft = Draft::parse(&draft.to_string()).unwrap();
        let refused = centre.desk().notice(&draft, &[], false).unwrap_err().to_string();
        assert!(refused.contains("at most 60000"), "{member}: {refused}");
    }
    let claims = base64_url(json!({ "title": too_long }).to_string().as_bytes());
    let statement = format!("{}.{claims}.{}~", base64_url(b"{}"), base64_url(&[0; 64]));
    let answer = server.ask("POST", "/api/v1/notices", &[("content-type", "application/sd-jwt")], statement.as_bytes());
    let problem = answer.problem(400, "malformed-statement").json();
    assert!(
        problem["detail_en"].as_str().unwrap().contains("at most 60000 are allowed (long text belongs in disclosures)"),
        "{problem}"
    );
}

fn base64_url(bytes: &[u8]) -> String {
    verifier::log::base64::encode_url(bytes)
}
