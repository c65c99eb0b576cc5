//! The sample's lifecycles, recorded into a ledger at their own times, by a clock set by hand.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder, digests_of_field};
use ledger::{Clock, InitOptions, Ledger, Outcome, PrivateKey, SignedStatement};
use serde_json::Value;
use verifier::lifecycle::shipped::{self, CalendarFile};
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Role, Sector};
use verifier::record::entry::{Body, Entry, EntryTime};
use verifier::record::instant::Instant;
use verifier::record::statement::{Scope, Statement};

const ORIGIN: &str = "ledger.example/sample";
const DRAFTS: &str = include_str!("../api/sample/lifecycles.jsonl");
const LIFECYCLES: &str = include_str!("../api/sample/lifecycles.json");
const GENESIS: &str = "2025-11-03T08:00:00+08:00";
const HEAD: &str = "2026-09-30T18:00:00+08:00";

/// A clock set by hand, in milliseconds.
pub(crate) struct ManualClock(AtomicU64);

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
pub(crate) struct Event<'a> {
    pub(crate) at: u64,
    act: Act<'a>,
}

pub(crate) enum Act<'a> {
    Notice(Box<Draft>),
    Reveal(&'a Value),
    Erase(&'a Value),
}

pub(crate) fn seconds(instant: &Value) -> u64 {
    match Instant::parse(instant.as_str().unwrap()) {
        Some(Instant::At(at)) => at.as_second().unsigned_abs(),
        other => panic!("{instant}: {other:?}"),
    }
}

pub(crate) fn list<'a>(lifecycle: &'a Value, name: &str) -> &'a [Value] {
    lifecycle[name].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn lifecycles(prefix: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(LIFECYCLES).unwrap();
    all.into_iter().filter(|one| one["project"].as_str().unwrap().starts_with(prefix)).collect()
}

/// What happens in these lifecycles, in the order of time.
pub(crate) fn events(lifecycles: &[Value]) -> Vec<Event<'_>> {
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
pub(crate) struct Centre {
    pub(crate) ledger: Ledger,
    clock: Arc<ManualClock>,
    root: PrivateKey,
    centre: PrivateKey,
    supervisor: PrivateKey,
    /// Every notice recorded: its id, its index, what it withholds.
    notices: Vec<(String, LeafIndex, Vec<String>)>,
}

impl Centre {
    pub(crate) async fn new(dir: &Path) -> Self {
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

    /// Seals a last head, after all that happens in the sample.
    pub(crate) async fn seal(&self) {
        self.clock.set(seconds(&HEAD.into()));
        self.ledger.seal().await.unwrap();
    }

    /// Exports the ledger into `tree`, writes its policy, and closes it.
    pub(crate) async fn close(self, dir: &Path) {
        self.ledger.export(&dir.join("tree"), &mut |_, _| ()).await.unwrap();
        let key = PrivateKey::read(&dir.join("ledger").join(ledger::LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
        fs::write(dir.join("policy.txt"), format!("log {key}\nquorum none\n")).unwrap();
        self.ledger.close().await;
    }

    /// Exports and closes the ledger while somebody does something else with it, and opens it again.
    pub(crate) async fn pause(self, dir: &Path, meanwhile: impl FnOnce()) -> Self {
        let (clock, notices) = (Arc::clone(&self.clock), self.notices.clone());
        self.close(dir).await;
        meanwhile();
        let ledger = Ledger::open_with_clock(&dir.join("ledger"), clock.clone()).await.unwrap();
        let [root, centre, supervisor] = [1, 3, 4].map(|seed| PrivateKey::from_seed(&[seed; 32]));
        Self { ledger, clock, root, centre, supervisor, notices }
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

    pub(crate) async fn record(&mut self, event: Event<'_>, lifecycles: &[Value]) {
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
