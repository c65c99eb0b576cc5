//! Cases of rules, told as data: `<folder>/<rule id>.toml`.
//!
//! ```text
//! article = "54"                          the article that the verdict must name (a case may name another)
//! sector = "construction"                 of the drafts, unless the rule is of one sector only
//! [drafts.full]                           a draft, or a part of one, for `like`
//! stage = "candidates"
//! [[case]]
//! name = "72 hours to the minute"         what it shows; with the rule it makes the project's id
//! as_of = "2026-03-10"                    when it is judged: the end of a day or a minute; unless said, after the last step
//! outcome = "met"                         of this rule; `not-applicable`: it asks nothing
//! reason = "borderline"                   if one is given
//! arithmetic = "= 72 h ≥ 72 h"            stands in the Chinese arithmetic of a finding with this outcome
//! lot = "1"                               the lot asked about, if there are several
//! rolls = true                            it shows a last day that gives way to the next working day
//! genesis = "2026-01-01 00:00"            when its ledger began, if not long before
//! cosigned = ["2026-03-02 09:05"]         when a witness cosigned its ledger: the policy asks for a quorum
//! steps = [
//!   { at = "2026-03-02 09:00", like = "full", without = ["data.evaluation"], data = { … } },
//!   { at = "2026-03-05 09:00", reveals = 1 },              what step 1 sealed (`seal = "data.reserve_price:award"`)
//!   { at = "2026-03-06 09:00", erases = 1 },               what step 1 disclosed, by the root's order
//! ]
//! ```
//!
//! A step is a draft as a trading system hands it over, and `at`, when the ledger's clock records it. Short forms: an instant
//! `2026-03-02 09:00` is one of Asia/Shanghai, `¥1000` is money, `lot = "1"` a lot, `amends = 1` and `about = 1` name the notice
//! of step 1. Each case goes the whole way: drafts → signed statements → a ledger → a dossier → `mingzhang-verify dossier --json`.
#![allow(dead_code, reason = "each test file uses a part")]

mod publishing;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use verifier::record::instant::Instant;

use crate::program::{Ran, verify};

/// When a ledger began, unless a case says otherwise: before every rule.
const LONG_BEFORE: &str = "1999-06-01 00:00";
/// A hundred years: cases of the past are no stale heads.
const MAX_AGE: &str = "5200w";

/// The law by which cases are judged.
#[derive(Clone, Copy)]
pub(crate) struct Law<'a> {
    pub(crate) jurisdiction: &'a str,
    pub(crate) rulebook: &'a str,
    pub(crate) calendar: Option<&'a str>,
}

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    article: String,
    sector: Option<String>,
    #[serde(default)]
    drafts: BTreeMap<String, Map<String, Value>>,
    case: Vec<Told>,
}

/// A case as its file tells it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: String,
    as_of: Option<String>,
    outcome: String,
    reason: Option<String>,
    arithmetic: Option<String>,
    article: Option<String>,
    lot: Option<String>,
    #[serde(default)]
    rolls: bool,
    genesis: Option<String>,
    #[serde(default)]
    cosigned: Vec<String>,
    steps: Vec<Map<String, Value>>,
}

/// A case, ready to be recorded.
pub(crate) struct Case {
    pub(crate) rule: String,
    pub(crate) project: String,
    pub(crate) steps: Vec<Step>,
    /// Seconds.
    pub(crate) as_of: i64,
    pub(crate) genesis: i64,
    pub(crate) cosigned: Vec<i64>,
    pub(crate) outcome: String,
    article: String,
    told: Told,
}

/// What happens at a time.
#[derive(Clone)]
pub(crate) struct Step {
    /// Seconds.
    pub(crate) at: i64,
    pub(crate) what: What,
}

#[derive(Clone)]
pub(crate) enum What {
    Notice { draft: Value, seals: Vec<String> },
    Reveal { of: usize },
    Erase { of: usize },
}

impl Step {
    /// The earliest second it speaks of.
    fn earliest(&self) -> i64 {
        let mut earliest = self.at;
        let mut values = match &self.what {
            What::Notice { draft, .. } => vec![draft],
            _ => Vec::new(),
        };
        while let Some(value) = values.pop() {
            match value {
                Value::Array(items) => values.extend(items),
                Value::Object(members) => values.extend(members.values()),
                Value::String(text) => earliest = seconds(text).map_or(earliest, |at| earliest.min(at)),
                _ => {}
            }
        }
        earliest
    }
}

impl What {
    /// Why a draft is none.
    fn refusal(step: &Step) -> Option<String> {
        let Self::Notice { draft, .. } = &step.what else { return None };
        let error = ledger::draft::Draft::parse(&draft.to_string()).err()?;
        Some(format!("{}: {error}", draft["notice_id"]))
    }
}

/// The ids of a rulebook's rules and the one sector each is about, if it is one.
pub(crate) fn rules(rulebook: &str) -> BTreeMap<String, Option<String>> {
    let rulebook: Value = serde_json::from_str(rulebook).unwrap();
    let sector = |rule: &Value| rule["sector"].as_str().filter(|sector| *sector != "all").map(str::to_owned);
    rulebook["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| (rule["id"].as_str().unwrap().to_owned(), sector(rule)))
        .collect()
}

/// The rules a folder has cases of.
pub(crate) fn told_in(folder: &Path) -> BTreeSet<String> {
    files(folder).iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    paths.sort();
    paths
}

/// Reads every case of a folder.
pub(crate) fn read(folder: &Path, law: Law<'_>) -> Vec<Case> {
    let (rules, mut cases) = (rules(law.rulebook), Vec::new());
    for path in files(folder) {
        let rule = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let file: CaseFile = toml::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let sector = file.sector.clone().or_else(|| rules.get(&rule).cloned().flatten());
        let sector = sector.unwrap_or_else(|| panic!("{rule} is about several sectors: say `sector`"));
        cases.extend(file.case.iter().map(|told| case(&rule, &sector, &file, told)));
    }
    let projects: BTreeSet<&str> = cases.iter().map(|case| case.project.as_str()).collect();
    assert_eq!(projects.len(), cases.len(), "two cases of a rule have one name");
    cases
}

fn case(rule: &str, sector: &str, file: &CaseFile, told: &Told) -> Case {
    let slug: String = told.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let project = format!("{rule}-{slug}").to_uppercase();
    let mut steps: Vec<Step> = Vec::new();
    for (number, step) in (1..).zip(&told.steps) {
        steps.push(read_step(step, number, &project, sector, file, told));
    }
    let seconds = |text: &str| seconds(text).unwrap_or_else(|| panic!("{rule}, {}: `{text}` is no instant", told.name));
    let last = steps.iter().map(|step| step.at).max().expect("a case has steps");
    Case {
        rule: rule.to_owned(),
        project,
        steps,
        as_of: told.as_of.as_deref().map_or(last, seconds),
        genesis: seconds(told.genesis.as_deref().unwrap_or(LONG_BEFORE)),
        cosigned: told.cosigned.iter().map(|at| seconds(at)).collect(),
        outcome: told.outcome.clone(),
        article: told.article.clone().unwrap_or_else(|| file.article.clone()),
        told: told.clone(),
    }
}

fn read_step(
    step: &Map<String, Value>,
    number: usize,
    project: &str,
    sector: &str,
    file: &CaseFile,
    told: &Told,
) -> Step {
    let mut step = like(step, project, file);
    let at = step.remove("at").and_then(|at| seconds(at.as_str()?));
    let at = at.unwrap_or_else(|| panic!("{project}: step {number} needs an `at`"));
    let number_of = |value: &Value| usize::try_from(value.as_u64().expect("a step's number")).expect("a few");
    if let Some(of) = step.remove("reveals") {
        return Step { at, what: What::Reveal { of: number_of(&of) } };
    }
    if let Some(of) = step.remove("erases") {
        return Step { at, what: What::Erase { of: number_of(&of) } };
    }
    let seals = step.remove("seal").and_then(|seal| Some(vec![seal.as_str()?.to_owned()])).unwrap_or_default();
    let mut draft = json!({
        "notice_id": notice_id(project, number), "project": { "id": project, "name": told.name }, "sector": sector,
        "title": told.name,
    });
    merge(&mut draft, Value::Object(step));
    for of in ["/amends", "/data/about"] {
        if let Some(named) = draft.pointer_mut(of).filter(|named| named.is_u64()) {
            *named = json!(notice_id(project, number_of(named)));
        }
    }
    if let Some(lot) = draft.get("lot").and_then(Value::as_str) {
        draft["lot"] = json!({ "id": lot, "name": format!("第{lot}标段") });
    }
    lengthen(&mut draft);
    Step { at, what: What::Notice { draft, seals } }
}

/// A step with what it takes from a draft of the file.
fn like(step: &Map<String, Value>, project: &str, file: &CaseFile) -> Map<String, Value> {
    let mut step = step.clone();
    let Some(name) = step.remove("like") else { return step };
    let known = name.as_str().and_then(|name| file.drafts.get(name));
    let mut draft = Value::Object(known.unwrap_or_else(|| panic!("{project}: there is no draft {name}")).clone());
    for path in step.remove("without").iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        remove(&mut draft, path);
    }
    merge(&mut draft, Value::Object(step));
    if let Value::Object(members) = draft { members } else { Map::new() }
}

fn notice_id(project: &str, number: usize) -> String {
    format!("{project}/{number}")
}

/// Members of `over` replace those of `under`, objects member by member.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// Removes what stands at a path such as `data.candidates.0.price`.
fn remove(value: &mut Value, path: &str) {
    let (parent, last) = path.rsplit_once('.').map_or(("", path), |(parent, last)| (parent, last));
    let pointer = if parent.is_empty() { String::new() } else { format!("/{}", parent.replace('.', "/")) };
    let removed = value.pointer_mut(&pointer).and_then(Value::as_object_mut).and_then(|object| object.remove(last));
    assert!(removed.is_some(), "there is no {path} to be left out");
}

/// Writes short forms out.
fn lengthen(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(lengthen),
        Value::Object(members) => members.values_mut().for_each(lengthen),
        Value::String(text) => {
            if let Some(amount) = text.strip_prefix('¥') {
                *value = json!({ "amount": amount, "currency": "CNY" });
            } else if let Some(minute) = minute(text) {
                *value = json!(minute);
            }
        }
        _ => {}
    }
}

/// `2026-03-02 09:00` as RFC 3339.
fn minute(text: &str) -> Option<String> {
    let (day, time) = text.split_once(' ').filter(|(day, time)| day.len() == 10 && time.len() == 5)?;
    let instant = format!("{day}T{time}:00+08:00");
    Instant::parse(&instant).map(|_| instant)
}

/// An instant, or the end of a day.
fn seconds(text: &str) -> Option<i64> {
    match Instant::parse(&minute(text).unwrap_or_else(|| text.to_owned()))? {
        Instant::At(at) => Some(at.as_second()),
        Instant::On(day) => Some(verifier::lifecycle::instant::day_after(day)),
    }
}

/// Holds off the other tests: while one starts programs, which inherit open files for a moment, a lock file of another may seem
/// taken.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Judges every case, and says what came out otherwise.
pub(crate) fn judge(cases: &[Case], law: Law<'_>) {
    let _alone = alone();
    let refused: Vec<String> = cases.iter().flat_map(|case| case.steps.iter().filter_map(What::refusal)).collect();
    assert!(refused.is_empty(), "drafts that are none:\n{}", refused.join("\n"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut ledgers: BTreeMap<(i64, Option<&str>), Vec<&Case>> = BTreeMap::new();
    for case in cases {
        // A witness's clock is the ledger's: cases that speak of it have a ledger of their own.
        let own = (!case.cosigned.is_empty()).then_some(case.project.as_str());
        ledgers.entry((case.genesis, own)).or_default().push(case);
    }
    let mut wrong = Vec::new();
    for cases in ledgers.values() {
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(publishing::publish(dir.path(), cases, law));
        wrong.extend(verify_all(dir.path(), cases));
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("{} cases hold in {} ledgers", cases.len(), ledgers.len());
}

/// The file of a case's dossier.
fn dossier_file(case: usize) -> String {
    format!("{case}.dossier.json")
}

/// Verifies the dossiers, several at a time.
fn verify_all(dir: &Path, cases: &[&Case]) -> Vec<String> {
    let numbered: Vec<(usize, &&Case)> = cases.iter().enumerate().collect();
    let share = numbered.len().div_ceil(4);
    std::thread::scope(|scope| {
        let running: Vec<_> = numbered
            .chunks(share)
            .map(|some| {
                scope.spawn(move || {
                    some.iter().filter_map(|(n, case)| case.check(&run(dir, *n, case)).err()).collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

fn run(dir: &Path, number: usize, case: &Case) -> Ran {
    let as_of = jiff_second(case.as_of);
    let file = dossier_file(number);
    let args = [
        "dossier",
        &file,
        "--policy",
        "policy.txt",
        "--project",
        &case.project,
        "--as-of",
        &as_of,
        "--json",
        "--max-age",
        MAX_AGE,
    ];
    verify(dir, &args)
}

fn jiff_second(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

impl Case {
    /// Whether the program said what the case expects; else what it said.
    fn check(&self, ran: &Ran) -> Result<(), String> {
        let told = ran.json();
        let fail = |what: &str, found: &Value| Err(format!("{} «{}»: {what}\n    {found}", self.rule, self.told.name));
        let reasons: Vec<&str> = told["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !told["error"].is_null() || ran.code != if reasons.is_empty() { 0 } else { 3 } {
            return fail(&format!("exit code {} for {reasons:?}", ran.code), &told["error"]);
        }
        let lots = told["lifecycle"]["lots"].as_array().cloned().unwrap_or_default();
        let lot = lots.iter().find(|lot| self.told.lot.is_none() || lot["id"].as_str() == self.told.lot.as_deref());
        let Some(lot) = lot else { return fail("no such lot", &told["lifecycle"]) };
        let own: Vec<&Value> =
            lot["rules"].as_array().into_iter().flatten().filter(|rule| rule["id"] == *self.rule).collect();
        let rule = match own.as_slice() {
            [] if self.outcome == "not-applicable" && self.told.reason.is_none() => return Ok(()),
            [] => {
                return fail(
                    "expected an outcome, the rule asks nothing",
                    &json!(lot["rules"].as_array().map(Vec::len)),
                );
            }
            [rule] => *rule,
            _ => return fail("two versions of one rule", lot),
        };
        if rule["outcome"] != *self.outcome || rule["reason"].as_str() != self.told.reason.as_deref() {
            return fail(
                &format!(
                    "expected {} {:?}, found {} {}",
                    self.outcome, self.told.reason, rule["outcome"], rule["reason"]
                ),
                &rule["findings"],
            );
        }
        let expected = self.told.arithmetic.as_deref();
        let mut findings =
            rule["findings"].as_array().into_iter().flatten().filter(|finding| finding["outcome"] == *self.outcome);
        let holds = |finding: &Value| {
            expected.is_none_or(|part| finding["arithmetic"]["zh"].as_str().is_some_and(|zh| zh.contains(part)))
        };
        if !findings.any(holds) {
            return fail(&format!("no arithmetic with «{}»", expected.unwrap_or_default()), &rule["findings"]);
        }
        if !rule["basis"].as_array().into_iter().flatten().any(|basis| basis["article"] == *self.article) {
            return fail(&format!("no article {}", self.article), &rule["basis"]);
        }
        let grave = ["violated", "overdue"].contains(&self.outcome.as_str());
        if grave && !reasons.contains(&self.outcome.as_str()) {
            return fail("the exit reasons do not say so", &told["reasons"]);
        }
        Ok(())
    }

    /// What it shows of its rule.
    pub(crate) fn shows(&self, what: Shown) -> bool {
        let outcome = self.outcome.as_str();
        let of_a_lot = |step: &Step| matches!(&step.what, What::Notice { draft, .. } if draft["lot"].is_object());
        match what {
            Shown::Met => outcome == "met",
            Shown::Broken => ["violated", "overdue", "warning"].contains(&outcome),
            Shown::Open => ["undetermined", "pending"].contains(&outcome) || self.told.reason.is_some(),
            Shown::Lot => self.steps.iter().any(of_a_lot),
            Shown::Rolled => self.told.rolls,
            Shown::Before(day) => outcome == "not-applicable" && self.steps.iter().any(|step| step.earliest() <= day),
        }
    }
}

/// What the cases of a rule must show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown {
    /// It holds.
    Met,
    /// It does not hold: violated, overdue, or as a warning where it is never more.
    Broken,
    /// It cannot be told, or not yet, or not from data.
    Open,
    /// It is asked of a lot.
    Lot,
    /// A last day gives way to the next working day.
    Rolled,
    /// It asks nothing before this second.
    Before(i64),
}
