//! Stages within a time, and periods of at least or at most a length.

use alloc::string::{String, ToString};

use super::Asking;
use super::lookup::{Found, Instantaneous};
use crate::lifecycle::calendar::UnknownYear;
use crate::lifecycle::instant::{Bounded, Grade, Seconds, day_ending, day_of, start_of};
use crate::lifecycle::path::{InstantRef, Selector};
use crate::lifecycle::period::{Counting, Reach, Unit};
use crate::lifecycle::verdict::{Arithmetic, Finding, Outcome, Reason, Used};
use crate::record::code::Stage;
use crate::record::instant::Instant;

/// The bounds of a period.
#[derive(Clone, Copy)]
struct Bounds {
    min: Option<u32>,
    max: Option<u32>,
    counting: Counting,
}

impl<'a> Asking<'a> {
    /// A stage is recorded within a period after a trigger.
    pub(super) fn within(self, stage: &'a Selector, after: &'a [InstantRef], max: u32, counting: Counting) -> Finding {
        let bounds = Bounds { min: None, max: Some(max), counting };
        let to = self.public(stage);
        let from = match self.instant(after, to.as_ref().map(|to| to.at.late)) {
            Found::Given(from) => from,
            Found::NoStage(_) => return Finding::not_applicable(),
            Found::Not(finding) => return Finding { stage: Some(stage.stage), ..finding },
        };
        let finding = match to {
            Some(to) => self.compare(from, &Instantaneous { used: to, first: None }, bounds),
            None => self.due(from.used, stage.to_string(), (max, counting), None),
        };
        Finding { stage: Some(stage.stage), ..finding }
    }

    /// A period is at least, or at most, so long. One of at most so long to a publication, or to what is still to come, is a
    /// deadline of that stage.
    pub(super) fn interval(
        self,
        from: &'a [InstantRef],
        to: &'a [InstantRef],
        bounds: (Option<u32>, Option<u32>, Counting),
        disclosed_within: Option<(u32, Counting)>,
    ) -> Finding {
        let finding = self.period_between(from, to, bounds, disclosed_within);
        let is_awaited = matches!(finding.outcome, Outcome::Pending | Outcome::Overdue);
        let stage = match finding.instants.get(1) {
            Some(to) if bounds.1.is_some() && to.name.ends_with(".public") => stage_of(&to.name),
            None if is_awaited => to.first().map(|to| to.selector().stage),
            _ => None,
        };
        Finding { stage, ..finding }
    }

    fn period_between(
        self,
        from: &'a [InstantRef],
        to: &'a [InstantRef],
        (min, max, counting): (Option<u32>, Option<u32>, Counting),
        disclosed_within: Option<(u32, Counting)>,
    ) -> Finding {
        if self.passes_over(from) || self.passes_over(to) {
            return Finding::not_applicable();
        }
        let found = match self.instant(to, None) {
            Found::Not(finding) if max.is_some() && self.is_still_to_come(to, &finding) => {
                Found::NoStage(to[0].selector().stage)
            }
            found => found,
        };
        let before = if let Found::Given(to) = &found { Some(to.used.at.late) } else { None };
        let from = match self.instant(from, before) {
            Found::Given(from) => from,
            Found::NoStage(stage) => {
                let Found::Given(to) = found else { return Finding::not_applicable() };
                return Finding::undetermined(Reason::NoStage(stage)).resting_on([&to.used]);
            }
            Found::Not(_) if matches!(found, Found::NoStage(_)) && max.is_none() => return Finding::not_applicable(),
            Found::Not(finding) => return finding,
        };
        match (found, max) {
            (Found::Given(to), _) => self.compare(from, &to, Bounds { min, max, counting }),
            (Found::NoStage(_), Some(max)) => self.due(from.used, names(to), (max, counting), disclosed_within),
            // Of what was complained of, the answer is still to come; of another stage a date is only missing.
            (Found::Not(finding), Some(max))
                if self.thread.is_some() && matches!(finding.reason, Some(Reason::NotGiven(_))) =>
            {
                self.due(from.used, names(to), (max, counting), disclosed_within)
            }
            (Found::Not(finding), _) => Finding { earliest: self.earliest(&from.used, min, counting), ..finding },
            (Found::NoStage(_), None) => Finding::not_applicable(),
        }
    }

    /// Whether what would tell of an end is not there yet, and what else could tell only lacks it.
    fn is_still_to_come(self, to: &[InstantRef], finding: &Finding) -> bool {
        let lacks = matches!(finding.reason, Some(Reason::NotGiven(_) | Reason::NotAsData));
        lacks && to.first().is_some_and(|first| !self.any(first.selector()))
    }

    /// Whether the thread asked about has none of the notices that a list names: an objection of another kind.
    fn passes_over(self, list: &[InstantRef]) -> bool {
        let Some((stage, _)) = self.thread else { return false };
        let mut own = list.iter().map(InstantRef::selector).filter(|selector| selector.stage == stage).peekable();
        own.peek().is_some() && own.all(|selector| !self.any(selector))
    }

    /// Holds a period against its bounds, for every choice of its ends.
    fn compare(self, from: Instantaneous, to: &Instantaneous, bounds: Bounds) -> Finding {
        let ends = |begin: Bounded, end: Bounded| {
            let (begin, end) = (as_begin(&from.used.name, begin, bounds.counting), as_end(&to.used.name, end));
            self.compare_ends(begin, end, bounds)
        };
        let finding = ends(from.used.at, to.used.at);
        let by_the_first = (from.first.is_some() || to.first.is_some())
            .then(|| ends(from.first.unwrap_or(from.used.at), to.first.unwrap_or(to.used.at)));
        let mut finding = match (finding, by_the_first) {
            (Ok(Outcome::Met), Some(Ok(other))) if other != Outcome::Met => Finding::warning(Reason::Borderline),
            (Ok(Outcome::Violated), Some(Ok(Outcome::Met))) => Finding::warning(Reason::Borderline),
            (Ok(Outcome::Warning), _) if self.reaches_by_the_clock(&from.used, &to.used, bounds) => {
                Finding::new(Outcome::Met)
            }
            (Ok(Outcome::Warning), _) => Finding::warning(Reason::Borderline),
            (Ok(Outcome::Undetermined), _) => Finding::undetermined(Reason::Bounds),
            (Ok(Outcome::Violated), _) if self.is_older(&from.used, &to.used) => {
                Finding::undetermined(Reason::Imported)
            }
            (Ok(outcome), _) => Finding::new(outcome),
            (Err(UnknownYear(year)), _) => Finding::undetermined(Reason::UnknownYear(year)),
        };
        if finding.outcome == Outcome::Met
            && self.calendar_changed(from.used.at.early, to.used.at.late, bounds.counting)
        {
            finding = Finding::warning(Reason::CalendarChanged);
        }
        let arithmetic = self.period(&from.used, &to.used, bounds);
        finding.due = bounds.max.and_then(|max| self.deadline(&from.used, max, bounds.counting).ok());
        finding.earliest = self.earliest(&from.used, bounds.min, bounds.counting);
        finding.arithmetic = arithmetic;
        finding.resting_on([&from.used, &to.used])
    }

    /// Whether hours counted from clock time to clock time reach the next working day: 00:00 by the clock lies in the day that
    /// begins; only a date, as the end of a period, is the 24:00 of its day.
    fn reaches_by_the_clock(self, from: &Used, to: &Used, bounds: Bounds) -> bool {
        let Bounds { min: Some(min), max: None, counting: Counting { unit: Unit::Hour, roll: true, .. } } = bounds
        else {
            return false;
        };
        let by_the_clock = |used: &Used| used.at.early == used.at.late && !self.is_date(used);
        let last = day_of(from.at.late.saturating_add(i64::from(min) * 3600));
        let needed = self.lot.calendar.working_from(last);
        by_the_clock(from) && by_the_clock(to) && needed.is_ok_and(|needed| day_of(to.at.early) >= needed)
    }

    /// Whether the notice gives an instant as a date.
    fn is_date(self, used: &Used) -> bool {
        let Some(InstantRef::Said(said)) = InstantRef::parse(&used.name) else { return false };
        let notice = self.lot.notices.iter().find(|notice| notice.index == used.notice);
        let values = notice.and_then(|notice| notice.data()).map(|data| said.path.values(data)).unwrap_or_default();
        matches!(values.into_iter().find_map(|value| Instant::parse(value.as_str()?)), Some(Instant::On(_)))
    }

    /// Met if it holds for every choice of the ends, violated if for none, a warning if only under the generous counting.
    fn compare_ends(self, from: Bounded, to: Bounded, bounds: Bounds) -> Result<Outcome, UnknownYear> {
        let (mut worst, mut best) = (Reach::Long, Reach::Long);
        if let Some(min) = bounds.min {
            let reach = |from, to| bounds.counting.reach(from, to, min, self.lot.calendar);
            (worst, best) = (graver(worst, reach(from.late, to.early)?), graver(best, reach(from.early, to.late)?));
        }
        if let Some(max) = bounds.max {
            let reach = |from: Seconds, to: Seconds| {
                let deadline = bounds.counting.deadline(from, max, self.lot.calendar)?;
                Ok(if to <= deadline { Reach::Long } else { Reach::Short })
            };
            (worst, best) = (graver(worst, reach(from.early, to.late)?), graver(best, reach(from.late, to.early)?));
        }
        Ok(match (worst, best) {
            (Reach::Long, _) => Outcome::Met,
            (Reach::Borderline, _) => Outcome::Warning,
            (Reach::Short, Reach::Short) => Outcome::Violated,
            (Reach::Short, _) => Outcome::Undetermined,
        })
    }

    /// Something that is not there: pending until its deadline, then overdue.
    fn due(
        self,
        from: Used,
        what: String,
        (max, counting): (u32, Counting),
        disclosed_within: Option<(u32, Counting)>,
    ) -> Finding {
        let calendar = self.lot.calendar;
        // A deadline is the 24:00 of its day, from which the next period is counted.
        let known_by = |due: Seconds| {
            disclosed_within.map_or(Ok(due), |(max, counting)| counting.deadline(due.saturating_sub(1), max, calendar))
        };
        let finding = match self.deadline(&from, max, counting).and_then(known_by) {
            Err(UnknownYear(year)) => Finding::undetermined(Reason::UnknownYear(year)),
            Ok(_) if self.ended_since(from.at.early) => {
                Finding { reason: Some(Reason::Terminated), ..Finding::not_applicable() }
            }
            Ok(due) if due < self.lot.genesis => Finding::undetermined(Reason::Imported),
            Ok(due) => {
                let outcome = if self.lot.as_of.at > due { Outcome::Overdue } else { Outcome::Pending };
                let (from, counting) = (Some(from.clone()), Some((counting, max)));
                let disclosed_within = disclosed_within.map(|(max, counting)| (counting, max));
                let arithmetic = Arithmetic::Due { from, what, counting, disclosed_within, due };
                Finding { due: Some(due), ..Finding::new(outcome) }.computed(arithmetic)
            }
        };
        finding.resting_on([&from])
    }

    /// Whether something happened before the ledger began, which then cannot tell when it became public.
    fn is_older(self, from: &Used, to: &Used) -> bool {
        from.at.late < self.lot.genesis && to.name.ends_with(".public") && to.at.grade != Grade::Claimed
    }

    /// Whether the lot was ended after an instant.
    fn ended_since(self, at: Seconds) -> bool {
        self.lot.termination().is_some_and(|end| end.public.late >= at)
    }

    /// The last lawful instant, by the latest begin.
    fn deadline(self, from: &Used, max: u32, counting: Counting) -> Result<Seconds, UnknownYear> {
        counting.deadline(as_begin(&from.name, from.at, counting).late, max, self.lot.calendar)
    }

    /// The earliest lawful end, by the latest begin.
    fn earliest(self, from: &Used, min: Option<u32>, counting: Counting) -> Option<Seconds> {
        counting.earliest(as_begin(&from.name, from.at, counting).late, min?, self.lot.calendar).ok()
    }

    fn calendar_changed(self, from: Seconds, to: Seconds, counting: Counting) -> bool {
        if counting.unit != Unit::WorkingDay && !counting.roll {
            return false;
        }
        self.lot.calendar.changed_between(day_of(from), day_ending(to))
    }

    fn period(self, from: &Used, to: &Used, bounds: Bounds) -> Option<Arithmetic> {
        let Bounds { min, max, counting } = bounds;
        let calendar = self.lot.calendar;
        let (begin, end) = (as_begin(&from.name, from.at, counting), as_end(&to.name, to.at));
        Some(Arithmetic::Period {
            from: from.clone(),
            to: to.clone(),
            counting,
            measured: counting.measure(begin.late, end.early, calendar).ok()?,
            min,
            max,
            ends_on_working_day: calendar.is_working(day_ending(to.at.late)).ok(),
            deadline: max.and_then(|max| self.deadline(from, max, counting).ok()),
        })
    }
}

/// An end as the begin of a period of days: what ends at 24:00 ends on that day, the next is the first to count.
fn as_begin(name: &str, at: Bounded, counting: Counting) -> Bounded {
    let counts_days = counting.unit != Unit::Hour;
    if counts_days && ends_something(name) && at.early == at.late && is_midnight(at.early) {
        return Bounded::exact(at.early - 1, at.grade);
    }
    at
}

/// An instant as the end of a period: a day named by its date, or one that begins at 00:00, is that day and not the 24:00 of the
/// day before.
pub(super) fn as_end(name: &str, at: Bounded) -> Bounded {
    if is_midnight(at.early) && (at.early < at.late || !ends_something(name)) {
        return Bounded { early: at.early + 1, late: at.late.max(at.early + 1), ..at };
    }
    at
}

/// Whether a name is that of an end or a deadline, whose midnight is the 24:00 of the day before.
fn ends_something(name: &str) -> bool {
    name.ends_with("until") || name.ends_with("deadline")
}

fn is_midnight(at: Seconds) -> bool {
    at == start_of(day_of(at))
}

fn graver(a: Reach, b: Reach) -> Reach {
    match (a, b) {
        (Reach::Short, _) | (_, Reach::Short) => Reach::Short,
        (Reach::Borderline, _) | (_, Reach::Borderline) => Reach::Borderline,
        _ => Reach::Long,
    }
}

/// The stage of the notice whose publication is named.
fn stage_of(name: &str) -> Option<Stage> {
    Stage::parse(name.split(['.', '[']).next()?)
}

fn names(list: &[InstantRef]) -> String {
    list.first().map_or_else(String::new, ToString::to_string)
}
