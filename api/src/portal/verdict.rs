//! The verdict on a lot: what became of each rule, where the law says so, and the arithmetic.

use std::cmp::Reverse;

use maud::{Markup, html};
use verifier::explain::lifecycle as words;
use verifier::lifecycle::verdict::{Finding, LotVerdict, Outcome, RuleOutcome, StageRow, StageStatus};

use super::Visit;
use super::text::{badge, bounded, deadline, named, outcome_class, pick, stage_class};

/// Findings of a rule that are listed.
const MOST_FINDINGS: usize = 50;

/// What is said of a notice where it is named: a link with its title.
pub(super) type Naming<'a> = &'a dyn Fn(u64) -> Markup;

/// The rules of a lot, the gravest first; those that are simply met stand folded behind them.
pub(super) fn rules(visit: &Visit, lot: &LotVerdict<'_>) -> Markup {
    let (mut told, met): (Vec<_>, Vec<_>) = lot
        .outcomes
        .iter()
        .filter(|one| one.outcome != Outcome::NotApplicable)
        .partition(|one| one.outcome != Outcome::Met);
    told.sort_by_key(|one| Reverse(one.outcome));
    let none = told.is_empty() && met.is_empty();
    html! {
        @if none { p.muted { (visit.say("没有适用的规则。", "No rule asks anything here.")) } }
        @for one in told { (rule(visit, one)) }
        @if !met.is_empty() {
            details {
                summary { (visit.say("符合的规则", "Rules that are met")) " (" (met.len()) ")" }
                @for one in met { (rule(visit, one)) }
            }
        }
    }
}

fn rule(visit: &Visit, found: &RuleOutcome<'_>) -> Markup {
    let mut said = Vec::new();
    for finding in found.findings.iter().filter(|finding| finding.outcome != Outcome::NotApplicable) {
        let text = finding_text(visit, finding);
        if !said.iter().any(|(known, _): &(Markup, _)| known.0 == text.0) {
            said.push((text, finding));
        }
    }
    said.sort_by_key(|(_, finding)| Reverse(finding.outcome));
    html! {
        article.rule {
            h4 { (badge(outcome_class(found.outcome), &named(visit, &found.outcome))) " " (pick(visit, &found.rule.title)) }
            p.about { (visit.say("依据：", "by ")) (pick(visit, &words::basis(&found.rule.basis))) " · " code { (found.rule.id) } }
            ul.plain { @for (text, _) in said.iter().take(MOST_FINDINGS) { li { (text) } } }
            @if said.len() > MOST_FINDINGS { p.muted { "+ " (said.len() - MOST_FINDINGS) } }
        }
    }
}

/// The arithmetic, the reason, and the entries it rests on.
fn finding_text(visit: &Visit, finding: &Finding) -> Markup {
    let arithmetic = finding.arithmetic.as_ref().map(words::arithmetic);
    let reason = finding.reason.as_ref().map(words::reason);
    let entries: Vec<u64> = finding.entries.iter().copied().take(20).collect();
    html! {
        @if let Some(arithmetic) = &arithmetic { (pick(visit, arithmetic)) }
        @if arithmetic.is_some() && reason.is_some() { (visit.say("；", "; ")) }
        @if let Some(reason) = &reason { (pick(visit, reason)) }
        @if !entries.is_empty() {
            span.about { " "
                @for index in entries { a href=(visit.notice(index)) { "#" (index) } " " }
            }
        }
    }
}

/// The stages of a lot in lawful order, each with what was disclosed and what is due.
pub(super) fn stages(visit: &Visit, lot: &LotVerdict<'_>, notice: Naming<'_>) -> Markup {
    html! {
        ol.stages {
            @for row in &lot.stages {
                li.(stage_class(row.status)) {
                    p.head { strong { (visit.say(row.stage.zh(), row.stage.en())) } " " (badge(stage_class(row.status), &named(visit, &row.status))) }
                    @if let Some(public) = row.public { p { (visit.say("公开于", "public")) " " (bounded(visit, public)) } }
                    (due(visit, lot, row))
                    @if !row.notices.is_empty() { ul.plain { @for index in row.notices.iter().take(50) { li { (notice(*index)) } } } }
                    @let marks = marks(visit, row);
                    @if !marks.is_empty() { p.about { (marks.join(visit.say("，", ", "))) } }
                }
            }
        }
    }
}

fn due(visit: &Visit, lot: &LotVerdict<'_>, row: &StageRow) -> Markup {
    let rule = row.rule.as_ref().and_then(|id| lot.outcomes.iter().find(|one| one.rule.id == *id)).map(|one| one.rule);
    let next = row.next.filter(|_| row.status != StageStatus::NotYetDue);
    html! {
        @if let Some(due) = row.due {
            p { (visit.say("最迟", "by")) " " (deadline(due))
                @if let Some(rule) = rule { span.about { " · " (pick(visit, &rule.title)) (visit.say("（", " (")) (pick(visit, &words::basis(&rule.basis))) (visit.say("）", ")")) } }
            }
        }
        @if let Some(next) = next { p { (visit.say("下一份最迟", "the next by")) " " (deadline(next)) } }
    }
}

/// What of a stage is not shown, or stands elsewhere.
fn marks<'v>(visit: &'v Visit, row: &StageRow) -> Vec<&'v str> {
    let marks = [
        (row.notices.is_empty() && row.status == StageStatus::OnTime, "见关联项目", "see the related project"),
        (row.sealed, "有内容密封", "sealed in part"),
        (row.revealed, "密封内容已启封", "its seal is opened"),
        (row.erased, "有内容依法删除", "lawfully erased in part"),
    ];
    marks.into_iter().filter(|(holds, ..)| *holds).map(|(_, zh, en)| visit.say(zh, en)).collect()
}
