//! What notices say: members that must be given, numbers of things, values that must agree.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Asking;
use super::lookup::{amount_of, is_placeholder, not_given, text_of};
use crate::lifecycle::facts::{NoticeFacts, Why};
use crate::lifecycle::instant::Grade;
use crate::lifecycle::path::{Path, Ref, Selector};
use crate::lifecycle::rulebook::{Decimal, Status};
use crate::lifecycle::verdict::{Arithmetic, Finding, Outcome, Reason};
use crate::record::json::Value;

/// How a member stands in a notice.
enum Member {
    Given,
    Placeholder,
    Sealed,
    Missing,
}

impl<'a> Asking<'a> {
    /// Members are given, and not placeholders, in the newest notice of a stage.
    pub(super) fn fields(self, stage: &'a Selector, members: &'a [Vec<Path>]) -> Finding {
        let Some(notice) = self.notices(stage).next_back() else { return Finding::not_applicable() };
        let (mut missing, mut placeholders, mut sealed) = (Vec::new(), Vec::new(), None);
        for alternatives in members {
            let states: Vec<Member> = alternatives.iter().map(|path| member(notice, path)).collect();
            let name = alternatives.first().map_or_else(String::new, ToString::to_string);
            let any = |wanted: fn(&Member) -> bool| states.iter().any(wanted);
            if any(|state| matches!(state, Member::Given)) {
                continue;
            }
            if any(|state| matches!(state, Member::Sealed)) {
                sealed = sealed.or(Some(name));
            } else if any(|state| matches!(state, Member::Placeholder)) {
                placeholders.push(name);
            } else {
                missing.push(name);
            }
        }
        let finding = match (missing.first().or(placeholders.first()), sealed) {
            (None, None) => Finding::new(Outcome::Met),
            (None, Some(name)) => Finding::undetermined(Reason::Sealed(name)),
            (Some(first), _) => self.not_as_data(notice, first, &placeholders),
        };
        let arithmetic = Arithmetic::Fields { asked: members.len(), missing, placeholders };
        finding.computed(arithmetic).at_notice(notice.index, notice.public)
    }

    /// Members are missing from the data: a warning where the text may say them, or the notice is older than the ledger.
    fn not_as_data(self, notice: &NoticeFacts, missing: &str, placeholders: &[String]) -> Finding {
        match placeholders.first() {
            _ if notice.has_text() => Finding::warning(Reason::NotAsData),
            _ if notice.public.grade == Grade::Claimed => Finding::warning(Reason::Imported),
            Some(name) if self.branch.status != Status::Law => Finding::warning(Reason::Placeholder(name.clone())),
            None if self.branch.status != Status::Law => Finding::warning(Reason::NotGiven(missing.into())),
            _ => Finding::new(Outcome::Violated),
        }
    }

    /// So many elements.
    pub(super) fn count(
        self,
        of: &'a Ref,
        (min, max): (Option<u64>, Option<u64>),
        ranked: bool,
        otherwise: Option<&'a Selector>,
        forbids: &'a [Selector],
    ) -> Finding {
        let Some((notice, value)) = self.newest(of) else {
            let some = self.notices(&of.selector).next_back();
            return some.map_or_else(Finding::not_applicable, |notice| not_given(notice, of));
        };
        let found = match value {
            Value::Array(items) => items.len() as u64,
            other => other.as_number().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        };
        let ranks = ranked.then(|| are_ranks(value));
        let too_few = min.is_some_and(|min| found < min);
        let outcome = if max.is_some_and(|max| found > max) || (ranks == Some(false) && !too_few) {
            Outcome::Violated
        } else if too_few {
            self.made_up_for(otherwise, forbids)
        } else {
            Outcome::Met
        };
        let arithmetic = Arithmetic::Count { of: of.to_string(), found, min, max, ranked: ranks };
        let mut finding = Finding::new(outcome).computed(arithmetic).at_notice(notice.index, notice.public);
        let others = otherwise.into_iter().chain(forbids).filter_map(|selector| self.public(selector));
        finding.entries.extend(others.map(|used| used.notice));
        finding
    }

    /// What too few of something lead to: the stage that makes up for it, unless one went on that must not.
    fn made_up_for(self, otherwise: Option<&'a Selector>, forbids: &'a [Selector]) -> Outcome {
        let Some(otherwise) = otherwise else { return Outcome::Violated };
        if forbids.iter().any(|selector| self.notices(selector).next().is_some()) {
            return Outcome::Violated;
        }
        if self.notices(otherwise).next().is_some() { Outcome::Met } else { Outcome::Pending }
    }

    /// Two values are equal.
    pub(super) fn equal(self, left: &'a Ref, right: &'a [Ref]) -> Finding {
        let Some((notice, one)) = self.newest(left) else { return self.absent(left) };
        let Some((name, (other_notice, other))) = right.iter().find_map(|of| Some((of, self.newest(of)?))) else {
            let absent = right.first().map_or_else(Finding::not_applicable, |of| self.absent(of));
            return if absent.outcome == Outcome::NotApplicable {
                let stage = right.first().map_or(left.selector.stage, |of| of.selector.stage);
                Finding::undetermined(Reason::NoStage(stage)).at_notice(notice.index, notice.public)
            } else {
                absent
            };
        };
        let equal = match (amount_of(one), amount_of(other)) {
            (Some(one), Some(other)) => one == other,
            _ => text_of(one) == text_of(other),
        };
        let placeholder = [(left, one), (name, other)].into_iter().find(|(_, value)| is_placeholder(value));
        let finding = match placeholder {
            Some((of, _)) => Finding::undetermined(Reason::Placeholder(of.to_string())),
            None => Finding::new(if equal { Outcome::Met } else { Outcome::Violated }),
        };
        let arithmetic = Arithmetic::Equal {
            left: left.to_string(),
            left_value: text_of(one),
            right: name.to_string(),
            right_value: text_of(other),
        };
        let mut finding = finding.computed(arithmetic).at_notice(notice.index, notice.public);
        finding.entries.push(other_notice.index);
        finding
    }

    /// One amount is at least, or at most, such a part of another.
    pub(super) fn ratio(
        self,
        of: &'a Ref,
        to: &'a Ref,
        (min, max): (Option<Decimal>, Option<Decimal>),
        unless: Option<&'a Ref>,
    ) -> Finding {
        let (Some((notice, amount)), Some((other, whole))) = (self.newest(of), self.newest(to)) else {
            return self.absent(if self.newest(of).is_none() { of } else { to });
        };
        let (Some(amount), Some(whole)) = (amount_of(amount), amount_of(whole)) else {
            return Finding::undetermined(Reason::NotGiven(of.to_string())).at_notice(notice.index, notice.public);
        };
        let enough = min.is_none_or(|min| min.part_of(whole).is_some_and(|bound| amount >= bound));
        let not_too_much = max.is_none_or(|max| max.part_of(whole).is_some_and(|bound| amount <= bound));
        let excused = unless.is_some_and(|of| self.newest(of).is_some_and(|(_, value)| !is_placeholder(value)));
        let holds = (enough && not_too_much) || excused;
        let arithmetic = Arithmetic::Ratio { of: of.to_string(), amount, to: to.to_string(), whole, min, max };
        let finding = Finding::new(if holds { Outcome::Met } else { Outcome::Violated }).computed(arithmetic);
        let mut finding = finding.at_notice(notice.index, notice.public);
        finding.entries.push(other.index);
        finding
    }

    /// The newest notice that gives a value, and the value.
    fn newest(self, of: &'a Ref) -> Option<(&'a NoticeFacts, &'a Value)> {
        self.notices(&of.selector)
            .rev()
            .find_map(|notice| Some((notice, of.path.values(notice.data()?).into_iter().next()?)))
    }

    /// What it means that no notice gives a value.
    fn absent(self, of: &'a Ref) -> Finding {
        let some = self.notices(&of.selector).next_back();
        some.map_or_else(Finding::not_applicable, |notice| not_given(notice, of))
    }
}

/// Whether the elements' ranks are 1, 2, 3, … in some order.
fn are_ranks(value: &Value) -> bool {
    let rank = |item: &Value| item.as_object()?.member("rank")?.as_number();
    let Some(mut ranks) = value.as_array().unwrap_or_default().iter().map(rank).collect::<Option<Vec<_>>>() else {
        return false;
    };
    ranks.sort_unstable();
    ranks.iter().zip(1..).all(|(rank, expected)| *rank == expected)
}

/// How a member stands in a notice: every element on the way must have it.
fn member(notice: &NoticeFacts, path: &Path) -> Member {
    let holders = path.holders(&notice.members);
    let values: Vec<Option<&Value>> = if path.parent().is_some() {
        holders.iter().map(|holder| holder.member(path.last())).collect()
    } else {
        path.values(&notice.members).into_iter().map(Some).collect()
    };
    // A path that ends in `[…]` names elements, not a member of an object.
    let values = if path.as_str().ends_with(']') {
        path.values(&notice.members).into_iter().map(Some).collect()
    } else {
        values
    };
    if !values.is_empty() && values.iter().all(|value| value.is_some_and(|value| !is_placeholder(value))) {
        return Member::Given;
    }
    match notice.withheld(path.as_str()) {
        // What was lawfully erased had been given.
        Some(Why::Erased) => Member::Given,
        Some(Why::Sealed) => Member::Sealed,
        None if values.iter().flatten().any(|value| is_placeholder(value)) => Member::Placeholder,
        None => Member::Missing,
    }
}
