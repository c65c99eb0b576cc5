//! The lifecycle of a dossier's project: whether what the law asks was disclosed, and in time.

use verifier::dossier::Dossier;
use verifier::explain::lifecycle::{self as words, Named as _};
use verifier::explain::lifecycle_json;
use verifier::lifecycle::rulebook::Text;
use verifier::lifecycle::shipped::is_shipped;
use verifier::lifecycle::verdict::{Finding, LotVerdict, Outcome, RuleOutcome, StageRow, StageStatus};
use verifier::lifecycle::{AsOf, Law};

use super::super::lang::Lang;
use super::super::message::{Message, pick, stage_name};
use super::super::report::{Reason, Report};

/// Widths of the table's columns but the last, in which Chinese characters count twice.
const COLUMNS: [usize; 3] = [18, 12, 18];

/// Says the verdict lot by lot, and gives it as a fact.
pub(super) fn tell(dossier: &Dossier, as_of: AsOf, lang: Lang, report: &mut Report) {
    if !(dossier.subject.is_project() && dossier.shows_entries && dossier.state.count > 0) {
        return;
    }
    let law = dossier.law();
    let verdict = dossier.judge(&law, as_of);
    report.fact("lifecycle", lifecycle_json::lifecycle(&verdict, &law, is_shipped));
    tell_law(&law, as_of, lang, report);
    if law.is_empty() {
        return;
    }
    for lot in &verdict.lots {
        tell_lot(lot, lang, report);
    }
    report.say(String::new());
    let standing = verdict.standing.name();
    report.accepted += &Message::Standing { standing: pick(&standing, lang) }.text(lang);
    let has = |outcome| verdict.lots.iter().flat_map(|lot| &lot.outcomes).any(|found| found.outcome == outcome);
    let reasons = [(Outcome::Violated, Reason::Violated), (Outcome::Overdue, Reason::Overdue)];
    report.reasons.extend(reasons.into_iter().filter(|(outcome, _)| has(*outcome)).map(|(_, reason)| reason));
}

fn tell_law(law: &Law, as_of: AsOf, lang: Lang, report: &mut Report) {
    let at = words::moment(as_of.at);
    let versions: Vec<(&str, bool)> =
        law.versions().map(|(_, _, rulebook)| (rulebook.version.as_str(), is_shipped(rulebook))).collect();
    report.say(Message::Lifecycle { as_of: &at, versions: &versions }.text(lang));
    for (index, error) in law.faults() {
        report.say(Message::UnreadableRulebook { index: *index, error: &error.to_string() }.text(lang));
    }
}

fn tell_lot(lot: &LotVerdict<'_>, lang: Lang, report: &mut Report) {
    report.say(String::new());
    let (state, standing) = (lot.state.name(), lot.standing.name());
    report.say(
        Message::Lot {
            id: lot.id.as_deref(),
            state: pick(&state, lang),
            standing: pick(&standing, lang),
            restarts_as: lot.restarts_as.as_deref(),
        }
        .text(lang),
    );
    report.say(table_line(Message::StageColumns.text(lang).split('|').map(str::to_owned)));
    lot.stages.iter().for_each(|row| report.say(stage_line(row, lang)));
    if let Some(next) = &lot.next {
        let stage = next.stage.map(|stage| stage_name(stage, lang));
        report.say(Message::NextDue { due: &words::moment(next.due), rule: &next.rule, stage }.text(lang));
    }
    let count = |outcome| lot.outcomes.iter().filter(|found| found.outcome == outcome).count();
    let (met, pending) = (count(Outcome::Met), count(Outcome::Pending));
    report.say(Message::RulesMet { met, pending, all: lot.outcomes.len() }.text(lang));
    let mut told: Vec<&RuleOutcome<'_>> = lot.outcomes.iter().filter(|found| is_told(found.outcome)).collect();
    told.sort_by_key(|found| std::cmp::Reverse(found.outcome));
    for found in told {
        tell_rule(found, lang, report);
    }
}

const fn is_told(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Violated | Outcome::Overdue | Outcome::Undetermined | Outcome::Warning)
}

/// A rule that is not simply met: what it asks, where the law says so, and every finding with its arithmetic.
fn tell_rule(found: &RuleOutcome<'_>, lang: Lang, report: &mut Report) {
    let (outcome, basis) = (found.outcome.name(), words::basis(&found.rule.basis));
    report.say(Message::RuleOutcome { outcome: pick(&outcome, lang), title: pick(&found.rule.title, lang) }.text(lang));
    report.say(Message::RuleBasis { rule: &found.rule.id, basis: pick(&basis, lang) }.text(lang));
    let mut said = Vec::new();
    for finding in found.findings.iter().filter(|finding| is_told(finding.outcome)) {
        let text = finding_text(finding, lang);
        if !said.contains(&text) {
            report.say(format!("      {text}"));
            said.push(text);
        }
    }
}

/// The arithmetic, the reason, and the entries it rests on.
fn finding_text(finding: &Finding, lang: Lang) -> String {
    let said = |text: &Text| pick(text, lang).to_owned();
    let arithmetic = finding.arithmetic.as_ref().map(|arithmetic| said(&words::arithmetic(arithmetic)));
    let reason = finding.reason.as_ref().map(|reason| said(&words::reason(reason)));
    let parts: Vec<String> = arithmetic.into_iter().chain(reason).collect();
    Message::Finding { text: &parts.join(if lang == Lang::Zh { "；" } else { "; " }), entries: &finding.entries }
        .text(lang)
}

fn stage_line(row: &StageRow, lang: Lang) -> String {
    let status = row.status.name();
    let public = row.public.map(words::when).unwrap_or_default();
    table_line(
        [stage_name(row.stage, lang).to_owned(), pick(&status, lang).to_owned(), public, remarks(row, lang)]
            .into_iter(),
    )
}

/// When the stage is or was due, how many notices it has, and what of it is not shown.
fn remarks(row: &StageRow, lang: Lang) -> String {
    let said = |message: Message<'_>| message.text(lang);
    let latest = row.due.map(|due| said(Message::Latest { due: &words::moment(due) }));
    let next = row.next.filter(|_| row.status != StageStatus::NotYetDue);
    let next = next.map(|due| said(Message::NextLatest { due: &words::moment(due) }));
    let marks = [
        (row.notices.is_empty() && row.status == StageStatus::OnTime, Message::MarkElsewhere),
        (row.notices.len() > 1, Message::MarkNotices { count: row.notices.len() }),
        (row.sealed, Message::MarkSealed),
        (row.revealed, Message::MarkRevealed),
        (row.erased, Message::MarkErased),
    ];
    let marks = marks.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| said(mark));
    let remarks: Vec<String> = latest.into_iter().chain(next).chain(marks).collect();
    remarks.join(if lang == Lang::Zh { "，" } else { ", " })
}

/// A line of the table, its columns below one another.
fn table_line(cells: impl Iterator<Item = String>) -> String {
    let line: Vec<String> =
        cells.enumerate().map(|(at, cell)| padded(&cell, COLUMNS.get(at).copied().unwrap_or(0))).collect();
    format!("    {}", line.join(" ").trim_end())
}

/// Text filled up to a width in which Chinese characters count twice.
fn padded(text: &str, width: usize) -> String {
    let own: usize = text.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(own)))
}
