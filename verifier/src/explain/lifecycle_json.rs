//! A lifecycle's verdict as JSON: what `mingzhang-verify dossier --json` prints and the API serves (`schema/dossier.schema.json`).

use alloc::vec::Vec;

use serde_json::{Value, json};

use super::lifecycle::{self, Named as _};
use crate::lifecycle::instant::Bounded;
use crate::lifecycle::law::Law;
use crate::lifecycle::rulebook::{Rulebook, Text};
use crate::lifecycle::verdict::{Finding, Lifecycle, LotVerdict, Reason, RuleOutcome, StageRow};
use crate::record::code::Stage;

/// The verdict, and the rules it is by; `shipped` says whether rules are those the verifier was shipped with.
pub fn lifecycle(verdict: &Lifecycle<'_>, law: &Law, shipped: impl Fn(&Rulebook) -> bool) -> Value {
    let standing = if law.is_empty() { "not-judged" } else { verdict.standing.code() };
    let mut object = self::law(law, shipped);
    object["as_of"] = verdict.as_of.into();
    object["standing"] = standing.into();
    object["lots"] = verdict.lots.iter().map(lot).collect::<Vec<_>>().into();
    object
}

/// The rulebooks and calendars by which something is judged.
pub fn law(law: &Law, shipped: impl Fn(&Rulebook) -> bool) -> Value {
    let rulebooks = law.versions().map(|(index, start, rulebook)| {
        json!({ "index": index, "version": rulebook.version, "effective_from": day(rulebook.effective_from),
            "counts_from": day(start), "rules": rulebook.rules.len(), "shipped": shipped(rulebook) })
    });
    let faults = law
        .faults()
        .iter()
        .map(|(index, error)| json!({ "index": index, "path": error.path, "problem": error.problem }));
    json!({
        "rulebooks": rulebooks.collect::<Vec<_>>(), "unreadable_rulebooks": faults.collect::<Vec<_>>(),
        "calendar_years": law.calendar().years().collect::<Vec<_>>(),
    })
}

fn lot(lot: &LotVerdict<'_>) -> Value {
    let next = lot.next.as_ref();
    json!({
        "id": lot.id, "state": lot.state.code(), "restarts_as": lot.restarts_as, "standing": lot.standing.code(),
        "next": next.map(|next| json!({ "due": next.due, "rule": next.rule, "stage": next.stage.map(Stage::code) })),
        "stages": lot.stages.iter().map(stage).collect::<Vec<_>>(),
        "rules": lot.outcomes.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn stage(row: &StageRow) -> Value {
    json!({
        "stage": row.stage.code(), "status": row.status.code(), "notices": row.notices, "public": row.public.map(bounded),
        "due": row.due, "rule": row.rule, "next": row.next, "sealed": row.sealed, "revealed": row.revealed, "erased": row.erased,
    })
}

fn rule(outcome: &RuleOutcome<'_>) -> Value {
    let rule = outcome.rule;
    let basis = rule.basis.iter().map(|basis| json!({ "law": text(&basis.law), "article": basis.article }));
    let decisive = outcome.decisive();
    json!({
        "id": rule.id, "title": text(&rule.title), "basis": basis.collect::<Vec<_>>(),
        "status": outcome.branch.status.code(), "outcome": outcome.outcome.code(), "outcome_name": text(&outcome.outcome.name()),
        "reason": decisive.and_then(|finding| finding.reason.as_ref()).map(Reason::code),
        "findings": outcome.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    let instants = finding.instants.iter().map(|used| {
        let mut instant = bounded(used.at);
        instant["name"] = used.name.as_str().into();
        instant["notice"] = used.notice.into();
        instant
    });
    json!({
        "outcome": finding.outcome.code(), "reason": finding.reason.as_ref().map(Reason::code),
        "explanation": finding.reason.as_ref().map(|reason| text(&lifecycle::reason(reason))),
        "arithmetic": finding.arithmetic.as_ref().map(|arithmetic| text(&lifecycle::arithmetic(arithmetic))),
        "instants": instants.collect::<Vec<_>>(), "entries": finding.entries, "due": finding.due,
        "earliest": finding.earliest,
        "stage": finding.stage.map(Stage::code),
    })
}

fn bounded(at: Bounded) -> Value {
    json!({ "early": at.early, "late": at.late, "grade": at.grade.code() })
}

fn text(text: &Text) -> Value {
    json!({ "zh": text.zh, "en": text.en })
}

fn day(day: jiff::civil::Date) -> Value {
    alloc::format!("{day}").into()
}
