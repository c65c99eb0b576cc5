//! The sample: facts of real projects, and lifecycles composed from such facts, labelled 示例, each at its own times.

use ledger::draft::Draft;
use ledger::publisher::SealOrder;
use serde_json::Value;
use verifier::record::instant::Instant;
use verifier::record::subject::ProjectId;

use crate::failure::Failure;

/// Facts of real projects, as a centre would import them.
const FACTS: &str = include_str!("../../sample/facts.jsonl");
/// The notices of the lifecycles.
const DRAFTS: &str = include_str!("../../sample/lifecycles.jsonl");
/// What a draft cannot say of them: what is sealed, revealed and erased, and what each shows.
const LIFECYCLES: &str = include_str!("../../sample/lifecycles.json");
/// When the sample's ledger begins, in seconds since the Unix epoch: 2025-11-03 08:00 in Shanghai.
pub(super) const BEGIN: u64 = 1_762_128_000;

/// A lifecycle of the sample.
pub(super) struct Lifecycle {
    /// Its project.
    pub(super) project: ProjectId,
    /// What it shows, in Chinese and English.
    pub(super) shows: (String, String),
    /// As of when it shows that, in seconds since the Unix epoch.
    pub(super) as_of: u64,
    /// The code of its standing then.
    pub(super) standing: String,
}

/// Something that happens, and when, in seconds since the Unix epoch.
pub(super) struct Event {
    pub(super) at: u64,
    pub(super) act: Act,
}

/// What happens.
pub(super) enum Act {
    /// A notice is published, perhaps with something sealed.
    Publish(Box<Draft>, Vec<SealOrder>),
    /// What a notice sealed is revealed.
    Reveal { notice: String },
    /// A field of a notice is erased.
    Erase { notice: String, field: String, ground: String, reason: String },
}

/// The sample, read.
pub(super) struct Sample {
    pub(super) lifecycles: Vec<Lifecycle>,
    /// In the order of time.
    pub(super) events: Vec<Event>,
}

impl Sample {
    /// Reads the sample that ships with the program.
    pub(super) fn read() -> Result<Self, Failure> {
        let told: Vec<Value> = serde_json::from_str(LIFECYCLES).map_err(Failure::operational)?;
        let seals: Vec<&Value> = told.iter().flat_map(|one| list(one, "seals")).collect();
        let mut events = Vec::new();
        for line in FACTS.lines().chain(DRAFTS.lines()) {
            let draft = Draft::parse(line).map_err(Failure::from)?;
            let own = seals.iter().filter(|seal| seal["notice_id"] == draft.notice_id);
            let orders = own.map(|seal| SealOrder::parse(&format!("{}:{}", text(seal, "field"), text(seal, "until"))));
            let orders = orders.collect::<Result<_, _>>().map_err(Failure::from)?;
            let published = draft.claims.get("published_at").and_then(Value::as_str).and_then(seconds);
            events
                .push(Event { at: published.unwrap_or(BEGIN).max(BEGIN), act: Act::Publish(Box::new(draft), orders) });
        }
        for one in &told {
            events.extend(list(one, "reveals").iter().map(|act| Event { at: time(act, "at"), act: reveal(act) }));
            events.extend(list(one, "erasures").iter().map(|act| Event { at: time(act, "at"), act: erase(act) }));
        }
        events.sort_by_key(|event| event.at);
        Ok(Self { lifecycles: told.iter().map(lifecycle).collect::<Result<_, _>>()?, events })
    }

    /// A real project whose id holds characters that a URL must encode.
    pub(super) fn real() -> Result<ProjectId, Failure> {
        for line in FACTS.lines() {
            let draft: Value = serde_json::from_str(line).map_err(Failure::operational)?;
            let id = text(&draft["project"], "id");
            if !id.is_ascii() {
                return ProjectId::normalise(&id).map_err(Failure::from);
            }
        }
        Err(Failure::operational("the sample has no such project"))
    }

    /// The first lifecycle of this standing.
    pub(super) fn first(&self, standing: &str) -> Option<&Lifecycle> {
        self.lifecycles.iter().find(|one| one.standing == standing)
    }
}

fn lifecycle(told: &Value) -> Result<Lifecycle, Failure> {
    Ok(Lifecycle {
        project: ProjectId::normalise(&text(told, "project")).map_err(Failure::from)?,
        shows: (text(&told["shows"], "zh"), text(&told["shows"], "en")),
        as_of: time(told, "as_of"),
        standing: text(told, "standing"),
    })
}

fn reveal(act: &Value) -> Act {
    Act::Reveal { notice: text(act, "notice_id") }
}

fn erase(act: &Value) -> Act {
    let text = |name| text(act, name);
    Act::Erase { notice: text("notice_id"), field: text("field"), ground: text("ground"), reason: text("reason") }
}

fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

fn time(of: &Value, name: &str) -> u64 {
    seconds(&text(of, name)).unwrap_or(BEGIN)
}

fn seconds(instant: &str) -> Option<u64> {
    match Instant::parse(instant)? {
        Instant::At(at) => u64::try_from(at.as_second()).ok(),
        Instant::On(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sector_shows_the_seven_courses_and_everything_is_labelled() {
        let sample = Sample::read().unwrap_or_else(|_| panic!("the sample is read"));
        for sector in ["GC", "ZC", "CQ", "TD"] {
            let own = sample.lifecycles.iter().filter(|one| one.project.as_str().starts_with(&format!("SL-{sector}-")));
            assert!(own.count() >= 8, "{sector}");
        }
        for line in DRAFTS.lines() {
            let draft: Value = serde_json::from_str(line).expect("a draft is JSON");
            assert!(text(&draft, "title").starts_with("【示例】"), "{line}");
            let names = list(&draft, "parties").iter().map(|party| text(party, "name"));
            assert!(names.chain([text(&draft["project"], "name")]).all(|name| name.starts_with("示例")), "{line}");
        }
    }

    #[test]
    fn whatever_is_sealed_is_revealed_and_every_time_is_given() {
        let told: Vec<Value> = serde_json::from_str(LIFECYCLES).expect("it is JSON");
        for one in &told {
            assert_eq!(list(one, "seals").len(), list(one, "reveals").len(), "{one}");
            let times = list(one, "reveals").iter().chain(list(one, "erasures")).map(|act| text(act, "at"));
            assert!(times.chain([text(one, "as_of")]).all(|at| seconds(&at).is_some()), "{one}");
        }
        assert!(DRAFTS.lines().all(|line| line.contains("\"published_at\":\"20")));
    }
}
