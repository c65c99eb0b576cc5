//! Finding what a check names in a lot's notices.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::{Asking, Lot};
use crate::lifecycle::facts::{NoticeFacts, Why};
use crate::lifecycle::instant::{Bounded, DAY, Grade, Seconds, day_after};
use crate::lifecycle::path::{InstantRef, Path, Ref, Selector};
use crate::lifecycle::rulebook::Decimal;
use crate::lifecycle::verdict::{Arithmetic, Finding, Reason, Used};
use crate::record::code::Stage;
use crate::record::instant::Instant;
use crate::record::json::Value;

/// Members that say when something happened. Equal to the notice's own publication to the minute, they are a placeholder.
pub(in crate::lifecycle) const EVENTS: [&str; 8] =
    ["signed_at", "decided_at", "opened_at", "report_received_on", "accepted_on", "answered_on", "on", "effective_on"];

/// Values that say nothing.
const PLACEHOLDERS: [&str; 15] = [
    "",
    "年",
    "月",
    "日",
    "元",
    "0元",
    "详见文件",
    "详见招标文件",
    "详见采购文件",
    "详见附件",
    "详见公告",
    "/",
    "-",
    "—",
    "待定",
];

/// What became of the search for an instant.
#[allow(clippy::large_enum_variant)] // on the stack for a moment
pub(super) enum Found {
    /// It is given.
    Given(Instantaneous),
    /// No notice of that stage is there.
    NoStage(Stage),
    /// The stage is there, the instant is not, or says nothing.
    Not(Finding),
}

/// An instant that is given, and what the first of several notices said instead.
pub(super) struct Instantaneous {
    pub(super) used: Used,
    pub(super) first: Option<Bounded>,
}

impl<'a> Lot<'a> {
    /// The notices of a stage, each with the later ones that amend it or are about the same notice.
    pub(super) fn threads(&self, stage: Stage) -> Vec<Vec<&'a NoticeFacts>> {
        let mut threads: Vec<Vec<&NoticeFacts>> = Vec::new();
        for notice in self.notices.iter().filter(|notice| notice.stage == stage) {
            let amended = notice.text_of("amends");
            let about = notice.data().and_then(|data| data.member("about")?.as_str());
            let own = threads.iter_mut().find(|thread| {
                thread.iter().any(|earlier| {
                    let same =
                        about.is_some() && earlier.data().and_then(|data| data.member("about")?.as_str()) == about;
                    amended == Some(earlier.id.as_str()) || same
                })
            });
            match own {
                Some(thread) => thread.push(notice),
                None => threads.push(alloc::vec![*notice]),
            }
        }
        threads
    }
}

impl<'a> Asking<'a> {
    /// The notices a selector names, in the order of the ledger.
    pub(super) fn notices(self, selector: &'a Selector) -> impl DoubleEndedIterator<Item = &'a NoticeFacts> {
        let all = match self.thread {
            Some((stage, thread)) if stage == selector.stage => thread,
            _ => self.lot.notices.as_slice(),
        };
        all.iter().copied().filter(move |notice| self.lot.names(selector, notice))
    }

    /// Whether a selector names any notice.
    pub(super) fn any(self, selector: &Selector) -> bool {
        let mut all = match self.thread {
            Some((stage, thread)) if stage == selector.stage => thread,
            _ => self.lot.notices.as_slice(),
        }
        .iter();
        all.any(|notice| self.lot.names(selector, notice))
    }

    /// When the first notice that a selector names became public.
    pub(super) fn public(self, selector: &'a Selector) -> Option<Used> {
        let first = self.notices(selector).min_by_key(|notice| notice.public.late)?;
        Some(used_public(selector, first))
    }

    /// The first instant of a list that is given. `before`: of several notices, the newest recorded by then counts.
    pub(super) fn instant(self, list: &'a [InstantRef], before: Option<Seconds>) -> Found {
        let mut failed = None;
        for name in list {
            match self.one_instant(name, before) {
                Found::Given(given) => return Found::Given(given),
                Found::NoStage(stage) => failed = failed.or(Some(Found::NoStage(stage))),
                // What is no evidence is given all the same: nothing else stands in for it.
                Found::Not(finding) if matches!(finding.reason, Some(Reason::NotEvidence(_))) => {
                    return Found::Not(finding);
                }
                not @ Found::Not(_) => {
                    if !matches!(failed, Some(Found::Not(_))) {
                        failed = Some(not);
                    }
                }
            }
        }
        failed.unwrap_or_else(|| Found::Not(Finding::not_applicable()))
    }

    fn one_instant(self, name: &'a InstantRef, before: Option<Seconds>) -> Found {
        match name {
            InstantRef::Public(selector) => match self.public(selector) {
                Some(used) => Found::Given(Instantaneous { used, first: None }),
                None => Found::NoStage(selector.stage),
            },
            InstantRef::Said(said) => self.said(said, before),
        }
    }

    /// As [`said_in`]; but of a period that was over before the ledger began, when the ledger learnt of it tells nothing.
    fn said_by(self, notice: &NoticeFacts, path: &Path) -> Option<Bounded> {
        let sibling = path.parent().filter(|_| path.last() == "from");
        let until = sibling.and_then(|period| Path::parse(&alloc::format!("{period}.until")));
        let is_over =
            until.and_then(|until| said_in(notice, &until)).is_some_and(|until| until.late <= self.lot.genesis);
        if is_over { said_alone(notice, path) } else { said_in(notice, path) }
    }

    fn said(self, said: &'a Ref, before: Option<Seconds>) -> Found {
        let Some(some) = self.notices(&said.selector).next() else { return Found::NoStage(said.selector.stage) };
        let given: Vec<(&NoticeFacts, Bounded)> = self
            .notices(&said.selector)
            .filter_map(|notice| Some((notice, self.said_by(notice, &said.path)?)))
            .collect();
        let Some(first) = given.first() else { return Found::Not(not_given(some, said)) };
        // A later notice cannot move what has passed; without a later instant, its own value is one.
        let in_time = |(notice, at): &&(&NoticeFacts, Bounded)| notice.public.late <= before.unwrap_or(at.late);
        let newest =
            given.iter().rev().find(in_time).unwrap_or(if before.is_some() { first } else { &given[given.len() - 1] });
        if is_own_publication(newest.0, &said.path) {
            let reason = Reason::NotEvidence(said.to_string());
            return Found::Not(Finding::undetermined(reason).at_notice(newest.0.index, newest.0.public));
        }
        let used = Used { name: said.to_string(), at: newest.1, notice: newest.0.index };
        let other = given.len() > 1 && (first.1.early, first.1.late) != (newest.1.early, newest.1.late);
        Found::Given(Instantaneous { used, first: other.then_some(first.1) })
    }
}

/// The public instant of a notice, under its selector's name.
pub(super) fn used_public(selector: &Selector, notice: &NoticeFacts) -> Used {
    Used { name: alloc::format!("{selector}.public"), at: notice.public, notice: notice.index }
}

/// An instant that a notice says. A day that ends a period ends it at 24:00; a period begins no earlier than it is public.
pub(super) fn said_in(notice: &NoticeFacts, path: &Path) -> Option<Bounded> {
    let data = notice.data()?;
    let said = path.values(data).into_iter().find_map(|value| Instant::parse(value.as_str()?));
    let begins = path.last() == "from";
    if said.is_none() && begins && path.parent().is_some_and(|parent| !parent.values(data).is_empty()) {
        return Some(notice.public);
    }
    let (at, public) = (said_alone(notice, path)?, notice.public);
    Some(if begins && public.grade != Grade::Claimed { at.later(public) } else { at })
}

/// An instant that a notice says, whenever that became public.
fn said_alone(notice: &NoticeFacts, path: &Path) -> Option<Bounded> {
    let said = path.values(notice.data()?).into_iter().find_map(|value| Instant::parse(value.as_str()?));
    Some(match said? {
        Instant::On(day) if path.last() == "until" => Bounded::exact(day_after(day), Grade::Said),
        Instant::On(day) if path.last() == "from" => Bounded::exact(day_after(day) - DAY, Grade::Said),
        said => Bounded::said(said),
    })
}

/// What it means that no notice gives a member.
pub(super) fn not_given(notice: &NoticeFacts, of: &Ref) -> Finding {
    let name = of.to_string();
    let missing = || Arithmetic::Fields {
        asked: 1,
        missing: alloc::vec![alloc::format!("data.{}", of.path)],
        placeholders: Vec::new(),
    };
    let finding = match notice.withheld(&alloc::format!("data.{}", of.path)) {
        Some(Why::Sealed) => Finding::undetermined(Reason::Sealed(name)),
        Some(Why::Erased) => Finding::undetermined(Reason::Erased(name)),
        None if notice.has_text() => Finding::warning(Reason::NotAsData).computed(missing()),
        None => Finding::undetermined(Reason::NotGiven(name)),
    };
    finding.at_notice(notice.index, notice.public)
}

/// Whether an event is said to have happened in the very minute of publication.
fn is_own_publication(notice: &NoticeFacts, path: &Path) -> bool {
    if !EVENTS.contains(&path.last()) {
        return false;
    }
    let said =
        notice.data().and_then(|data| path.values(data).into_iter().find_map(|value| Instant::parse(value.as_str()?)));
    match (said, notice.published_at) {
        (Some(Instant::At(said)), Some(Instant::At(published))) => {
            said.as_second().div_euclid(60) == published.as_second().div_euclid(60)
        }
        _ => false,
    }
}

/// Money, a decimal string or a number.
pub(super) fn amount_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => Decimal::parse(text),
        Value::Number(number) => Decimal::parse(&number.to_string()),
        Value::Object(money) => Decimal::parse(money.member("amount")?.as_str()?),
        _ => None,
    }
}

/// A value as text, for a person to compare.
pub(super) fn text_of(value: &Value) -> String {
    match (amount_of(value), value.as_str()) {
        (_, Some(text)) => text.trim().to_string(),
        (Some(amount), None) => amount.to_string(),
        (None, None) => alloc::format!("{value:?}"),
    }
}

/// Whether a value says nothing: empty, a bare unit, "see the documents", an amount of nothing.
pub(in crate::lifecycle) fn is_placeholder(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => PLACEHOLDERS.contains(&text.trim()),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) if object.has("amount") => amount_of(value) == Some(Decimal(0)),
        Value::Object(object) => object.iter().all(|(name, _)| name == "_sd"),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
