//! The lifecycle of a dossier's project: whether what the law asks was disclosed, and in time.

use verifier::dossier::Dossier;
use verifier::explain::lifecycle::{self as words, Named as _};
use verifier::explain::lifecycle_json;
use verifier::lifecycle::rulebook::Text;
use verifier::lifecycle::shipped::is_shipped;
use verifier::lifecycle::verdict::{Finding, LotVerdict, Outcome, RuleOutcome, StageRow};
use verifier::lifecycle::{AsOf, Law};

use super::super::lang::Lang;
use super::super::message::{Message, pick, stage_name};
use super::super::report::{Reason, Report};

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
    lot.stages.iter().for_each(|row| report.say(stage_line(row, lang)));
    if let Some(next) = &lot.next {
        let stage = next.stage.map(|stage| stage_name(stage, lang));
        report.say(Message::NextDue { due: &words::moment(next.due), rule: &next.rule, stage }.text(lang));
    }
    let met = lot.outcomes.iter().filter(|outcome| outcome.outcome == Outcome::Met).count();
    let mut told: Vec<&RuleOutcome<'_>> = lot.outcomes.iter().filter(|found| is_told(found.outcome)).collect();
    told.sort_by_key(|found| std::cmp::Reverse(found.outcome));
    report.say(Message::RulesMet { met, all: lot.outcomes.len() }.text(lang));
    told.iter().for_each(|found| tell_rule(found, lang, report));
}

const fn is_told(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Violated | Outcome::Overdue | Outcome::Undetermined | Outcome::Warning)
}

fn tell_rule(found: &RuleOutcome<'_>, lang: Lang, report: &mut Report) {
    let (outcome, basis) = (found.outcome.name(), words::basis(&found.rule.basis));
    report.say(
        Message::RuleOutcome {
            outcome: pick(&outcome, lang),
            rule: &found.rule.id,
            title: pick(&found.rule.title, lang),
            basis: pick(&basis, lang),
        }
        .text(lang),
    );
    let grave = found.findings.iter().filter(|finding| is_told(finding.outcome));
    grave.for_each(|finding| report.say(format!("      {}", finding_text(finding, lang))));
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
    let mut marks = Vec::new();
    if row.sealed {
        marks.push(Message::MarkSealed.text(lang));
    }
    if row.erased {
        marks.push(Message::MarkErased.text(lang));
    }
    let public = row.public.map(words::when).unwrap_or_default();
    let due = row.due.map(|due| Message::Latest { due: &words::moment(due) }.text(lang)).unwrap_or_default();
    let line = [
        padded(stage_name(row.stage, lang), 20),
        padded(pick(&status, lang), 14),
        padded(&public, 20),
        due,
        marks.join(" "),
    ];
    format!("    {}", line.join("  ").trim_end())
}

/// Text filled up to a width in which Chinese characters count twice.
fn padded(text: &str, width: usize) -> String {
    let own: usize = text.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(own)))
}
