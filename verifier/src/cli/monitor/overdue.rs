//! Which disclosures are overdue (逾期), and which have become so since the last look.
//!
//! A project is judged again when something new is recorded of it, when the next of its deadlines has passed, when the law has
//! changed, and once a day; the others stand as they stood.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::thread;

use serde_json::{Value, json};
use verifier::explain::lifecycle::{self as words, moment};
use verifier::lifecycle::chronicle::{Chronicle, Profile};
use verifier::lifecycle::instant::{DAY, Seconds};
use verifier::lifecycle::rulebook::Text;
use verifier::lifecycle::verdict::{Finding, Lifecycle, LotVerdict, Outcome, RuleOutcome};
use verifier::lifecycle::{AsOf, judge};
use verifier::log::hash::{hex, sha256};
use verifier::record::code::Stage;

use super::super::lang::Lang;
use super::super::message::{Message, pick, stage_name};
use super::super::report::Failure;
use super::alert::{Condition, Kind};

/// What makes an overdue disclosure the same from look to look: its project, lot, rule, stage, and the first notice it rests on.
pub(super) type Key = [u8; 16];

/// A disclosure that is overdue.
#[derive(Clone, Debug)]
pub(super) struct Overdue {
    pub(super) key: Key,
    project: String,
    name: String,
    unit: String,
    region: Option<String>,
    lot: Option<String>,
    stage: Option<Stage>,
    rule: String,
    title: Text,
    basis: Text,
    due: Option<Seconds>,
    arithmetic: Option<Text>,
    entries: Vec<u64>,
}

/// What is known of the projects since they were judged last.
#[derive(Default)]
pub(super) struct Judged {
    projects: Vec<Project>,
    /// The day and the number of laws by which all were judged.
    by: Option<(i64, usize)>,
}

#[derive(Clone, Default)]
struct Project {
    /// What was the newest record.
    newest: Option<u64>,
    /// When time alone may change the verdict.
    next: Option<Seconds>,
    overdue: Vec<Key>,
}

/// What judging gives.
pub(super) struct Found {
    /// All that is overdue.
    pub(super) all: BTreeSet<Key>,
    /// Of it, what was not told before.
    pub(super) new: Vec<Overdue>,
    /// How many projects have something overdue.
    pub(super) projects: u64,
}

impl Judged {
    /// Judges whatever may have changed; `told` is known already.
    pub(super) fn judge(&mut self, chronicle: &Chronicle, as_of: AsOf, told: &BTreeSet<Key>) -> Found {
        let by = (as_of.at.div_euclid(DAY), chronicle.law_changes());
        if self.by != Some(by) {
            (self.projects, self.by) = (Vec::new(), Some(by));
        }
        self.projects.resize(chronicle.projects(), Project::default());
        let changed: Vec<usize> = (0..self.projects.len())
            .filter(|&at| {
                let project = &self.projects[at];
                project.newest.is_none()
                    || project.newest != chronicle.newest_of(at)
                    || project.next.is_some_and(|next| next <= as_of.at)
            })
            .collect();
        let mut new = Vec::new();
        for (at, project, found) in judge_all(chronicle, as_of, told, &changed) {
            self.projects[at] = project;
            new.extend(found);
        }
        let all = self.projects.iter().flat_map(|project| project.overdue.iter().copied()).collect();
        let projects = self.projects.iter().filter(|project| !project.overdue.is_empty()).count() as u64;
        Found { all, new, projects }
    }
}

/// Judges these projects on all cores; gives them in their order.
fn judge_all(
    chronicle: &Chronicle,
    as_of: AsOf,
    told: &BTreeSet<Key>,
    numbers: &[usize],
) -> Vec<(usize, Project, Vec<Overdue>)> {
    let cores = thread::available_parallelism().map_or(2, NonZero::get);
    let part = numbers.len().div_ceil(cores).max(1);
    let judge_part =
        |numbers: &[usize]| numbers.iter().map(|&at| judge_one(chronicle, as_of, told, at)).collect::<Vec<_>>();
    thread::scope(|scope| {
        let parts: Vec<_> = numbers.chunks(part).map(|numbers| scope.spawn(move || judge_part(numbers))).collect();
        // A panic of a thread is a bug of this program.
        parts.into_iter().flat_map(|part| part.join().expect("judging does not panic")).collect()
    })
}

fn judge_one(chronicle: &Chronicle, as_of: AsOf, told: &BTreeSet<Key>, at: usize) -> (usize, Project, Vec<Overdue>) {
    let newest = chronicle.newest_of(at);
    let mut found = (at, Project { newest, ..Project::default() }, Vec::new());
    // What the chronicle wrote it reads again.
    let Some((profile, mut project)) = chronicle.project(at) else { return found };
    project.until(as_of.at);
    if project.notices.is_empty() {
        // What is known of it became public after the head's time.
        found.1.newest = None;
        return found;
    }
    let verdict = judge(&project, chronicle.law(), as_of);
    found.1.next = next_change(&verdict, as_of);
    for lot in &verdict.lots {
        for outcome in &lot.outcomes {
            for finding in outcome.findings.iter().filter(|finding| finding.outcome == Outcome::Overdue) {
                let key = key(&profile, lot, outcome, finding);
                found.1.overdue.push(key);
                if !told.contains(&key) {
                    found.2.push(Overdue::new(key, &profile, lot, outcome, finding));
                }
            }
        }
    }
    found
}

/// The next deadline, if nothing new is recorded until then. What hangs between two instants is judged again at every look.
fn next_change(verdict: &Lifecycle<'_>, as_of: AsOf) -> Option<Seconds> {
    let findings = verdict.lots.iter().flat_map(|lot| &lot.outcomes).flat_map(|outcome| &outcome.findings);
    let open = findings.filter(|finding| matches!(finding.outcome, Outcome::Pending | Outcome::Undetermined));
    open.filter_map(|finding| finding.due).map(|due| due.max(as_of.at)).min()
}

fn key(profile: &Profile, lot: &LotVerdict<'_>, outcome: &RuleOutcome<'_>, finding: &Finding) -> Key {
    let lot = lot.id.as_deref().unwrap_or_default();
    let stage = finding.stage.map_or("", Stage::code);
    let first = finding.entries.first().copied().unwrap_or_default();
    let hash = sha256(format!("{}\n{lot}\n{}\n{stage}\n{first}", profile.id, outcome.rule.id).as_bytes());
    let mut key = Key::default();
    key.copy_from_slice(&hash.0[..16]);
    key
}

impl Overdue {
    fn new(key: Key, profile: &Profile, lot: &LotVerdict<'_>, outcome: &RuleOutcome<'_>, finding: &Finding) -> Self {
        Self {
            key,
            project: profile.id.clone(),
            name: profile.name.clone(),
            unit: profile.unit.as_ref().to_owned(),
            region: profile.region.clone(),
            lot: lot.id.clone(),
            stage: finding.stage,
            rule: outcome.rule.id.clone(),
            title: outcome.rule.title.clone(),
            basis: words::basis(&outcome.rule.basis),
            due: finding.due,
            arithmetic: finding.arithmetic.as_ref().map(words::arithmetic),
            entries: finding.entries.clone(),
        }
    }

    /// For a program.
    pub(super) fn facts(&self) -> Value {
        let text = |text: &Text| json!({ "zh": text.zh, "en": text.en });
        json!({
            "project": self.project,
            "name": self.name,
            "unit": self.unit,
            "region": self.region,
            "lot": self.lot,
            "stage": self.stage.map(Stage::code),
            "rule": self.rule,
            "title": text(&self.title),
            "basis": text(&self.basis),
            "due": self.due,
            "arithmetic": self.arithmetic.as_ref().map(text),
            "entries": self.entries,
        })
    }

    /// What is told of it.
    pub(super) fn condition(self, lang: Lang) -> Condition {
        let due = self.due.map(moment).unwrap_or_default();
        let message = Message::Overdue {
            project: &self.project,
            lot: self.lot.as_deref(),
            stage: self.stage.map(|stage| stage_name(stage, lang)),
            rule: [pick(&self.title, lang), pick(&self.basis, lang)],
            due: &due,
        };
        let failure = Failure::rejected("overdue", self.entries.first().copied(), message.text(lang));
        let what = hex(&self.key);
        Condition { overdue: Some(self), ..Condition::new(Kind::Overdue, &what, failure) }
    }
}

/// That so much was overdue before anybody looked.
pub(super) fn before(found: &Found, lang: Lang) -> Condition {
    let (stages, projects) = (found.all.len() as u64, found.projects);
    let message = Message::OverdueBefore { stages, projects }.text(lang);
    Condition::new(Kind::Overdue, "before", Failure::rejected("overdue", None, message))
}
