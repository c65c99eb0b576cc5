//! What a rule asks, in words: its check, how its period is counted, and when it applies.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::label;
use super::lifecycle::Named as _;
use crate::lifecycle::path::{InstantRef, Path, Ref, Selector};
use crate::lifecycle::period::{Counting, Unit};
use crate::lifecycle::rulebook::{Check, CheckKind, Condition, Decimal, Effective, Text};
use crate::lifecycle::verdict::Standing;

fn text(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

fn joined(texts: impl IntoIterator<Item = Text>, zh: &str, en: &str) -> Text {
    let all: Vec<Text> = texts.into_iter().collect();
    let join = |of: fn(&Text) -> &str, between: &str| all.iter().map(of).collect::<Vec<_>>().join(between);
    text(join(|one| &one.zh, zh), join(|one| &one.en, en))
}

/// The first, and in brackets those that take its place where it is not given.
fn first_given(texts: impl IntoIterator<Item = Text>) -> Text {
    let mut texts = texts.into_iter();
    let first = texts.next().unwrap_or_default();
    let others: Vec<Text> = texts.filter(|other| *other != first).collect();
    if others.is_empty() {
        return first;
    }
    let others = joined(others, "、", ", ");
    text(format!("{}（未列则为{}）", first.zh, others.zh), format!("{} (else {})", first.en, others.en))
}

fn instants(instants: &[InstantRef]) -> Text {
    first_given(instants.iter().map(|one| label::instant(&one.to_string())))
}

fn selectors(selectors: &[Selector]) -> Text {
    joined(selectors.iter().map(label::selector), "、", " or ")
}

fn path(path: &Path) -> Text {
    label::path(path.as_str())
}

fn reference(of: &Ref) -> Text {
    let (stage, own) = (label::selector(&of.selector), path(&of.path));
    text(format!("{}的{}", stage.zh, own.zh), format!("{} of {}", own.en, stage.en))
}

/// `20 个工作日`.
fn length(count: u32, counting: Counting) -> Text {
    let unit = counting.unit.name();
    text(format!("{count} {}", unit.zh), format!("{count} {}", unit.en))
}

/// How days are counted: what counts as one, whether the first does, and what becomes of a last day that is a holiday.
pub fn counting(counting: Counting) -> Text {
    let mut parts = Vec::new();
    parts.push(match counting.unit {
        Unit::Day => text("按自然日计", "calendar days"),
        Unit::WorkingDay => text("按工作日计", "working days"),
        Unit::Hour => text("按小时计，自当时起", "hours, from that very minute"),
        Unit::Year => text("按年计", "years"),
    });
    if matches!(counting.unit, Unit::Day | Unit::WorkingDay) {
        parts.push(if counting.inclusive {
            text("首日计入", "the first day counts")
        } else {
            text("首日不计", "the first day does not count")
        });
    }
    if counting.unit != Unit::WorkingDay {
        parts.push(if counting.roll {
            text("末日为非工作日的顺延至下一工作日", "a last day that is no working day gives way to the next")
        } else {
            text("末日不顺延", "the last day stays whatever day it is")
        });
    }
    if counting.generous {
        parts.push(text("计入首日才足够的为临界", "borderline if long enough only with the first day counted"));
    }
    joined(parts, "，", ", ")
}

/// The counting of a check, if it counts a period.
pub fn counting_of(check: &CheckKind) -> Option<Counting> {
    match check {
        CheckKind::Within { counting, .. }
        | CheckKind::Interval { counting, .. }
        | CheckKind::Restart { counting, .. }
        | CheckKind::Reveal { counting, .. } => Some(*counting),
        _ => None,
    }
}

fn at_least_at_most(least: Option<Text>, most: Option<Text>) -> Text {
    let least = least.map(|least| text(format!("不少于 {}", least.zh), format!("at least {}", least.en)));
    let most = most.map(|most| text(format!("不多于 {}", most.zh), format!("at most {}", most.en)));
    joined(least.into_iter().chain(most), "，", " and ")
}

fn number(n: u64) -> Text {
    text(n.to_string(), n.to_string())
}

fn part(part: Decimal) -> Text {
    let percent = part.0 / 10_000;
    text(format!("{percent}%"), format!("{percent}%"))
}

/// What a check asks.
pub fn check(check: &Check) -> Text {
    let asked = kind(&check.kind);
    match check.each {
        None => asked,
        Some(stage) => text(format!("每份{}：{}", stage.zh(), asked.zh), format!("each {}: {}", stage.en(), asked.en)),
    }
}

fn kind(kind: &CheckKind) -> Text {
    match kind {
        CheckKind::Within { stage, after, max, counting } => {
            let (stage, after, length) = (label::selector(stage), instants(after), length(*max, *counting));
            text(
                format!("{}应在{}之后 {} 内公开", stage.zh, after.zh, length.zh),
                format!("{} public within {} after {}", stage.en, length.en, after.en),
            )
        }
        CheckKind::Once { stage, once, .. } => {
            let (stage, once) = (label::selector(stage), selectors(once));
            text(format!("有{}的，应有{}", once.zh, stage.zh), format!("with {}, {} must be there", once.en, stage.en))
        }
        CheckKind::Interval { from, to, min, max, counting, .. } => {
            let (from, to) = (instants(from), instants(to));
            let of = |count: Option<u32>| count.map(|count| length(count, *counting));
            let bounds = at_least_at_most(of(*min), of(*max));
            text(
                format!("自{}至{}：{}", from.zh, to.zh, bounds.zh),
                format!("from {} to {}: {}", from.en, to.en, bounds.en),
            )
        }
        CheckKind::Order { first, then } => {
            let (first, then) = (label::selector(first), label::selector(then));
            text(format!("{}应先于{}", first.zh, then.zh), format!("{} before {}", first.en, then.en))
        }
        CheckKind::Fields { stage, members } => {
            let stage = label::selector(stage);
            let members = members.iter().map(|any| joined(any.iter().map(path), "或", " or "));
            let members = joined(members, "、", ", ");
            text(format!("{}应写明：{}", stage.zh, members.zh), format!("{} must say: {}", stage.en, members.en))
        }
        CheckKind::Restart { deadline, min, counting, .. } => {
            let (deadline, length) = (instants(deadline), length(*min, *counting));
            text(
                format!("更正后至{}不少于 {}，不足的应顺延", deadline.zh, length.zh),
                format!("at least {} from a change to {}, else that moves", length.en, deadline.en),
            )
        }
        CheckKind::Suspended { by, stages, .. } => {
            let (by, stages) = (label::selector(by), selectors(stages));
            text(format!("{}未了结前不得公开{}", by.zh, stages.zh), format!("no {} while {} is open", stages.en, by.en))
        }
        CheckKind::Reveal { max, counting, .. } => {
            let length = length(*max, *counting);
            text(
                format!("密封的内容到期后 {} 内启封", length.zh),
                format!("what is sealed is revealed within {}", length.en),
            )
        }
        CheckKind::All(branches) => joined(branches.iter().map(|branch| check(&branch.check)), "；", "; "),
        CheckKind::Count { .. } | CheckKind::Equal { .. } | CheckKind::Ratio { .. } => of_values(kind),
    }
}

fn of_values(kind: &CheckKind) -> Text {
    match kind {
        CheckKind::Count { of, min, max, ranked, .. } => {
            let (of, bounds) = (reference(of), at_least_at_most(min.map(number), max.map(number)));
            let (zh, en) = if *ranked { ("，并标明排序", ", ranked") } else { ("", "") };
            text(format!("{}：{}{zh}", of.zh, bounds.zh), format!("{}: {}{en}", of.en, bounds.en))
        }
        CheckKind::Equal { left, right } => {
            let (left, right) = (reference(left), first_given(right.iter().map(reference)));
            text(format!("{}应与{}相同", left.zh, right.zh), format!("{} equals {}", left.en, right.en))
        }
        CheckKind::Ratio { of, to, min, max, .. } => {
            let (of, to) = (reference(of), reference(to));
            let bounds = at_least_at_most(min.map(part), max.map(part));
            text(format!("{}占{}：{}", of.zh, to.zh, bounds.zh), format!("{} of {}: {}", of.en, to.en, bounds.en))
        }
        _ => Text::default(),
    }
}

/// When a variant applies; nothing where it always does.
pub fn condition(condition: &Condition) -> Option<Text> {
    let sectors = joined(condition.sectors.iter().map(|sector| text(sector.zh(), sector.en())), "、", ", ");
    let mut parts: Vec<Text> = (!condition.sectors.is_empty()).then_some(sectors).into_iter().collect();
    for (name, codes) in &condition.codes {
        let (name, codes) = (label::member(name), joined(codes.iter().map(|code| label::member(code)), "、", ", "));
        parts.push(text(format!("{}为{}", name.zh, codes.zh), format!("{} is {}", name.en, codes.en)));
    }
    if let Some(price) = &condition.price {
        let of = reference(&price.of);
        parts.push(text(format!("视{}而定", of.zh), format!("depending on {}", of.en)));
    }
    for given in &condition.given {
        let of = label::instant(&given.of.to_string());
        parts.push(text(format!("视{}而定", of.zh), format!("depending on {}", of.en)));
    }
    (!parts.is_empty()).then(|| joined(parts, "；", "; "))
}

/// The days of the event for which a variant counts.
pub fn effective(effective: Effective) -> Option<Text> {
    match (effective.from, effective.until) {
        (None, None) => None,
        (Some(from), None) => Some(text(format!("自 {from} 起"), format!("from {from} on"))),
        (None, Some(until)) => Some(text(format!("至 {until} 止"), format!("until {until}"))),
        (Some(from), Some(until)) => Some(text(format!("{from} 至 {until}"), format!("{from} to {until}"))),
    }
}

/// What breaking a variant makes of a project.
pub fn consequence(violates: bool) -> Text {
    if violates { Standing::Violated.name() } else { text("仅提示", "a warning only") }
}
