//! The sample's lifecycles, each recorded at its own times and read as a bidder reads it: what `mingzhang-verify dossier` says
//! of it in both languages.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
#[path = "../verifier/tests/schema/mod.rs"]
mod schema;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder, digests_of_field};
use ledger::{Clock, InitOptions, Ledger, Outcome, PrivateKey, SignedStatement};
use program::{Ran, verify};
use serde_json::Value;
use verifier::lifecycle::shipped::{self, CalendarFile};
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Role, Sector};
use verifier::record::entry::{Body, Entry, EntryTime};
use verifier::record::instant::Instant;
use verifier::record::statement::{Scope, Statement};
use verifier::record::subject::{ProjectId, Subject};

const ORIGIN: &str = "ledger.example/sample";
const DRAFTS: &str = include_str!("../api/sample/lifecycles.jsonl");
const LIFECYCLES: &str = include_str!("../api/sample/lifecycles.json");
const SCHEMA: &str = include_str!("../verifier/schema/dossier.schema.json");
const GENESIS: &str = "2025-11-03T08:00:00+08:00";
const HEAD: &str = "2026-09-30T18:00:00+08:00";

/// A clock set by hand, in milliseconds.
struct ManualClock(AtomicU64);

impl ManualClock {
    fn set(&self, at: u64) {
        self.0.store(at * 1000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> EntryTime {
        EntryTime(self.0.load(Ordering::SeqCst))
    }
}

/// Something that happens in a lifecycle, at its time.
struct Event<'a> {
    at: u64,
    act: Act<'a>,
}

enum Act<'a> {
    Notice(Box<Draft>),
    Reveal(&'a Value),
    Erase(&'a Value),
}

fn seconds(instant: &Value) -> u64 {
    match Instant::parse(instant.as_str().unwrap()) {
        Some(Instant::At(at)) => at.as_second().unsigned_abs(),
        other => panic!("{instant}: {other:?}"),
    }
}

fn list<'a>(lifecycle: &'a Value, name: &str) -> &'a [Value] {
    lifecycle[name].as_array().map_or(&[], Vec::as_slice)
}

fn lifecycles(prefix: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(LIFECYCLES).unwrap();
    all.into_iter().filter(|one| one["project"].as_str().unwrap().starts_with(prefix)).collect()
}

/// What happens in these lifecycles, in the order of time.
fn events(lifecycles: &[Value]) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    for line in DRAFTS.lines() {
        let draft = Draft::parse(line).unwrap();
        if lifecycles.iter().any(|one| one["project"] == draft.project.as_str()) {
            events.push(Event { at: seconds(&draft.claims["published_at"]), act: Act::Notice(Box::new(draft)) });
        }
    }
    for one in lifecycles {
        events.extend(list(one, "reveals").iter().map(|act| Event { at: seconds(&act["at"]), act: Act::Reveal(act) }));
        events.extend(list(one, "erasures").iter().map(|act| Event { at: seconds(&act["at"]), act: Act::Erase(act) }));
    }
    events.sort_by_key(|event| event.at);
    events
}

/// A ledger by a clock set by hand, and those who write into it.
struct Centre {
    ledger: Ledger,
    clock: Arc<ManualClock>,
    root: PrivateKey,
    centre: PrivateKey,
    supervisor: PrivateKey,
    /// Every notice recorded: its id, its index, what it withholds.
    notices: Vec<(String, LeafIndex, Vec<String>)>,
}

impl Centre {
    async fn new(dir: &Path) -> Self {
        let [root, recovery, centre, supervisor] = [1, 2, 3, 4].map(|seed| PrivateKey::from_seed(&[seed; 32]));
        let clock = Arc::new(ManualClock(AtomicU64::new(seconds(&GENESIS.into()) * 1000)));
        let options = InitOptions {
            origin: ORIGIN.to_owned(),
            jurisdiction: "cn".to_owned(),
            guard: None,
            root: root.jwk().clone(),
            recovery: recovery.jwk().clone(),
            predecessor: String::new(),
        };
        Ledger::init_with_clock(dir, options, &*clock).await.unwrap();
        let ledger = Ledger::open_with_clock(dir, clock.clone()).await.unwrap();
        let centre = Self { ledger, clock, root, centre, supervisor, notices: Vec::new() };
        centre.begin().await;
        centre
    }

    fn desk<'a>(&self, iss: &'a str, key: &'a PrivateKey) -> Desk<'a> {
        Desk { iss, key, origin: ORIGIN, now: self.clock.now().0 / 1000 }
    }

    async fn submit(&self, statement: SignedStatement) -> LeafIndex {
        match self.ledger.submit(statement).await.unwrap() {
            Outcome::Recorded(index) => index,
            other => panic!("{other:?}"),
        }
    }

    /// Records the shipped law, and enrols the trading centre and its supervisor.
    async fn begin(&self) {
        let root = self.desk("root", &self.root);
        let text = shipped::rulebook("cn").unwrap();
        let rulebook: Value = serde_json::from_str(text).unwrap();
        let [version, from] = ["version", "effective_from"].map(|name| rulebook[name].as_str().unwrap());
        self.submit(root.rulebook(0, "cn", version, from, &rulebook["rules"]).unwrap()).await;
        let calendar = CalendarFile::parse(shipped::calendar("cn").unwrap()).unwrap();
        let days = |days: &[jiff::civil::Date]| days.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (seq, year) in (0..).zip(&calendar.years) {
            let (off, made_up) = (days(&year.holidays), days(&year.workdays));
            self.submit(root.calendar(seq, "cn", year.year, &off, &made_up).unwrap()).await;
        }
        let people = [
            ("centre", "示例市公共资源交易中心", &self.centre, Role::Publisher),
            ("supervisor", "示例市公共资源交易监督管理局", &self.supervisor, Role::Supervisor),
        ];
        for (id, name, key, role) in people {
            let scope = Scope { roles: vec![role], sectors: Sector::ALL.to_vec(), regions: vec![String::new()] };
            let id = PublisherId::parse(id).unwrap();
            self.submit(root.grant("enrol", 0, &id, name, key.jwk(), &scope).unwrap()).await;
        }
    }

    async fn record(&mut self, event: Event<'_>, lifecycles: &[Value]) {
        self.clock.set(event.at);
        match event.act {
            Act::Notice(draft) => self.publish(&draft, lifecycles).await,
            Act::Reveal(act) => self.reveal(act).await,
            Act::Erase(act) => self.erase(act).await,
        }
    }

    async fn publish(&mut self, draft: &Draft, lifecycles: &[Value]) {
        let seals = lifecycles.iter().flat_map(|one| list(one, "seals"));
        let own = seals.filter(|seal| seal["notice_id"] == draft.notice_id);
        let [field, until] = ["field", "until"];
        let orders: Vec<SealOrder> = own
            .map(|seal| {
                SealOrder::parse(&format!("{}:{}", seal[field].as_str().unwrap(), seal[until].as_str().unwrap()))
                    .unwrap()
            })
            .collect();
        let (statement, withheld) = self.desk("centre", &self.centre).notice(draft, &orders, false).unwrap();
        let index = self.submit(statement).await;
        let withheld = withheld.into_iter().map(|one| one.disclosure).collect();
        self.notices.push((draft.notice_id.clone(), index, withheld));
    }

    fn notice(&self, act: &Value) -> (LeafIndex, &[String]) {
        let (_, index, withheld) = self.notices.iter().find(|(id, ..)| act["notice_id"] == id.as_str()).unwrap();
        (*index, withheld)
    }

    async fn reveal(&self, act: &Value) {
        let (index, withheld) = self.notice(act);
        let recorded = self.ledger.entry(index).await.unwrap().unwrap();
        let (subject, jti) = (statement(&recorded.entry).sub.to_string(), format!("reveal/{index}"));
        let reveal = self.desk("centre", &self.centre).reveal(&jti, &subject, index, withheld.to_vec());
        self.submit(reveal.unwrap()).await;
    }

    async fn erase(&self, act: &Value) {
        let (index, _) = self.notice(act);
        let recorded = self.ledger.entry(index).await.unwrap().unwrap();
        let statement = statement(&recorded.entry);
        let notice = statement.notice().unwrap();
        let shown = verifier::record::disclosure::check_notice(notice, &recorded.disclosures).unwrap();
        let [field, ground, reason] = ["field", "ground", "reason"].map(|name| act[name].as_str().unwrap());
        let digests = digests_of_field(notice, &shown, field);
        assert!(!digests.is_empty(), "{act}");
        let desk = self.desk("supervisor", &self.supervisor);
        let erasure =
            desk.erasure(&format!("erasure/{index}"), &statement.sub.to_string(), index, &digests, ground, reason);
        self.ledger.erase(erasure.unwrap()).await.unwrap();
    }
}

fn statement(entry: &str) -> Statement {
    match Entry::parse(entry).unwrap().body {
        Body::Statement { statement, .. } => Statement::parse(statement).unwrap(),
        _ => panic!("no statement: {entry}"),
    }
}

/// Records a sector's lifecycles and writes a dossier of each, a policy and the state of an audit.
async fn record(dir: &Path, lifecycles: &[Value]) {
    let mut centre = Centre::new(&dir.join("ledger")).await;
    for event in events(lifecycles) {
        centre.record(event, lifecycles).await;
    }
    centre.clock.set(seconds(&HEAD.into()));
    centre.ledger.seal().await.unwrap();
    for one in lifecycles {
        let project = one["project"].as_str().unwrap();
        let subject = Subject::Project(ProjectId::normalise(project).unwrap());
        let file = centre.ledger.dossier(&subject).await.unwrap();
        fs::write(dir.join(format!("{project}.json")), file.format()).unwrap();
    }
    centre.ledger.export(&dir.join("tree"), &mut |_, _| ()).await.unwrap();
    let key = PrivateKey::read(&dir.join("ledger").join(ledger::LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
    fs::write(dir.join("policy.txt"), format!("log {key}\nquorum none\n")).unwrap();
    centre.ledger.close().await;
}

/// What a reader who has audited the ledger is told, as of the lifecycle's day.
fn read(dir: &Path, lifecycle: &Value, more: &[&str]) -> Ran {
    let file = format!("{}.json", lifecycle["project"].as_str().unwrap());
    let as_of = lifecycle["as_of"].as_str().unwrap();
    let args =
        ["dossier", &file, "--policy", "policy.txt", "--audited", "state", "--max-age", "36500d", "--as-of", as_of];
    verify(dir, &[&args[..], more].concat())
}

async fn are_told(prefix: &str) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let lifecycles = lifecycles(prefix);
    record(dir, &lifecycles).await;
    verify(dir, &["audit", "tree", "--policy", "policy.txt", "--state", "state"]).ends(0);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("lifecycles");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    for one in &lifecycles {
        let (project, standing) = (one["project"].as_str().unwrap(), one["standing"].as_str().unwrap());
        for lang in ["zh", "en"] {
            insta::assert_snapshot!(format!("{project}.{lang}"), read(dir, one, &["--lang", lang]).out);
        }
        let told = read(dir, one, &["--json"]);
        schema::check(&serde_json::from_str(SCHEMA).unwrap(), &told.json());
        found.push((project, told.json()["lifecycle"]["standing"].as_str().unwrap().to_owned(), told.code));
        expected.push((project, standing.to_owned(), if matches!(standing, "violated" | "overdue") { 3 } else { 0 }));
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn construction_lifecycles_are_told() {
    are_told("SL-GC-").await;
}

#[tokio::test]
async fn procurement_lifecycles_are_told() {
    are_told("SL-ZC-").await;
}

#[tokio::test]
async fn state_asset_lifecycles_are_told() {
    are_told("SL-CQ-").await;
}

#[tokio::test]
async fn land_lifecycles_are_told() {
    are_told("SL-TD-").await;
}
