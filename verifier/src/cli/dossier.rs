//! `dossier`: everything about one subject, or the proof that there is nothing.

mod lifecycle;
mod timeline;

use std::path::Path;

use serde_json::{Map, Value};
use verifier::dossier::{self, Dossier, DossierFile, MAX_DOSSIER, Wholeness};
use verifier::explain::lifecycle::moment;
use verifier::lifecycle::AsOf;
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::record::subject::{ProjectId, Subject, project_subject};

use super::args::DossierArgs;
use super::clock::{self, format_seconds};
use super::evidence;
use super::input::{read_policy, read_text};
use super::lang::Lang;
use super::message::{Clock, InLanguage as _, Message};
use super::receipt::{cosigners, head_facts};
use super::report::{Failure, Reason, Report};
use super::state::State;

const COMMAND: &str = "dossier";
/// How old a head may be before it is called stale, unless said otherwise.
const DEFAULT_MAX_AGE: u64 = 7 * 86_400;

/// Verifies the dossier or absence proof.
pub(crate) fn run(args: &DossierArgs, lang: Lang) -> Report {
    verify(args, lang).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

fn verify(args: &DossierArgs, lang: Lang) -> Result<Report, Failure> {
    let policy = read_policy(&args.policy, lang)?;
    let asked = args.project.as_deref().map(|project| normalise(project, lang)).transpose()?;
    let audited = args.audited.as_deref().map(|path| State::read(path, lang)).transpose()?;
    let text = read_text(&args.file, MAX_DOSSIER, lang)?;
    let file = DossierFile::parse(&text).map_err(|error| Failure::found(&error, false, lang))?;
    drop(text);
    let mut contradicted = false;
    let dossier = dossier::verify(&file, &policy, |size, root| {
        let known = audited.as_ref().and_then(|state| state.root_at(&file.head.checkpoint.checkpoint.origin, size));
        contradicted = known.is_some_and(|known| known != root);
        known == Some(root)
    });
    let dossier = dossier.map_err(|error| Failure::found(&error, error.is_newer_format(), lang))?;
    check_audited(args.audited.as_deref(), audited.as_ref(), contradicted, &dossier, lang)?;
    if let Some(expected) = asked.filter(|asked| *asked != dossier.subject.to_string()) {
        let found = dossier.subject.to_string();
        let message = Message::OtherProject { expected: &expected, found: &found }.text(lang);
        return Err(Failure::rejected("other-project", None, message));
    }
    let mut report = Report::new(COMMAND);
    let as_of = as_of(args, &dossier, &policy, lang)?;
    tell(&dossier, &policy, args.max_age, lang, &mut report);
    lifecycle::tell(&dossier, as_of, lang, &mut report);
    Ok(report)
}

/// As of when the lifecycle is judged: the head's time, or an earlier one that was asked for.
fn as_of(args: &DossierArgs, dossier: &Dossier, policy: &Policy, lang: Lang) -> Result<AsOf, Failure> {
    let head = dossier.head_time(policy).unwrap_or(dossier.sealed_at.0 / 1000).cast_signed();
    let at = args.as_of.unwrap_or(head);
    if at > head {
        let (asked, head) = (moment(at), moment(head));
        return Err(Failure::unchecked("as-of", Message::AsOfTooLate { asked: &asked, head: &head }.text(lang)));
    }
    Ok(AsOf { at, quorum: !policy.quorum_is_none() })
}

fn normalise(typed: &str, lang: Lang) -> Result<String, Failure> {
    let id = ProjectId::normalise(typed).map_err(|error| {
        Failure::unchecked("project-id", Message::BadProject { typed, error: &error.text(lang) }.text(lang))
    })?;
    Ok(project_subject(&id))
}

/// Two heads of one size with different roots, one of which the reader has audited: a fork, written down.
fn check_audited(
    path: Option<&Path>,
    state: Option<&State>,
    contradicted: bool,
    dossier: &Dossier,
    lang: Lang,
) -> Result<(), Failure> {
    let (true, Some(path), Some(state)) = (contradicted, path, state) else { return Ok(()) };
    let note = dossier.head.format();
    let kept = evidence::keep_fork(&evidence::default_path(Some(path)), &note, state.head(), &state.leaves());
    let size = dossier.head.checkpoint.size.0;
    Err(Failure::rejected("fork", None, evidence::told(kept, Message::DossierFork { size }.text(lang), lang)))
}

fn tell(dossier: &Dossier, policy: &Policy, max_age: Option<u64>, lang: Lang, report: &mut Report) {
    let head = &dossier.head.checkpoint;
    let (time, whose) = match dossier.head_time(policy) {
        Some(time) => (time, Clock::Witnesses),
        None => (dossier.sealed_at.0 / 1000, Clock::Ledger),
    };
    let age = clock::now().saturating_sub(time);
    let limit = max_age.unwrap_or(DEFAULT_MAX_AGE);
    let shown = format_seconds(time);
    if age > limit {
        report.reasons.push(Reason::Stale);
        let message = Message::Stale { age, limit, time: &shown, clock: whose }.text(lang);
        report.warning = Some(message.clone());
        if max_age.is_some() {
            report.failure = Some(Failure::rejected("stale", None, message));
        }
    }
    if dossier.wholeness == Wholeness::LedgerWord {
        report.reasons.push(Reason::LedgerWordOnly);
    }
    let names = cosigners(policy, &dossier.witnessed);
    let root_kid = dossier
        .registry
        .as_ref()
        .map(|registry| verifier::log::base64::encode_url(&registry.root_kid(LeafIndex(head.size.0 - 1)).0));
    report.say(Message::AsOf { time: &shown, clock: whose, size: head.size.0 }.text(lang));
    report.say(Message::Ledger { origin: &head.origin, root_kid: root_kid.as_deref() }.text(lang));
    report.say(Message::Whole { wholeness: dossier.wholeness }.text(lang));
    tell_subject(dossier, lang, report);
    let mut facts = head_facts(&head.origin, head.size.0, &head.root.to_string(), &names);
    facts["time"] = time.into();
    facts["clock"] = whose.code().into();
    facts["root_kid"] = root_kid.into();
    report.fact("head", facts);
    report.fact("wholeness", wholeness_code(dossier.wholeness));
}

const fn wholeness_code(wholeness: Wholeness) -> &'static str {
    match wholeness {
        Wholeness::ReplayGroup => "replay-group",
        Wholeness::OwnAudit => "own-audit",
        Wholeness::LedgerWord => "ledger-word",
    }
}

fn tell_subject(dossier: &Dossier, lang: Lang, report: &mut Report) {
    let subject = dossier.subject.to_string();
    let shown = match &dossier.subject {
        Subject::Project(id) => id.as_str(),
        _ => &subject,
    };
    let count = dossier.state.count;
    let tally: Vec<_> = dossier.state.tally.iter().collect();
    let (line, accepted) = if count == 0 {
        (Message::Absent { subject: shown }, Message::AbsenceHolds)
    } else if dossier.shows_entries {
        (Message::Present { subject: shown, count, tally: &tally }, Message::DossierHolds { count })
    } else {
        (Message::NotShown { subject: shown, count, tally: &tally }, Message::CountHolds)
    };
    report.say(line.text(lang));
    report.accepted = accepted.text(lang);
    let counts: Map<String, Value> = tally.iter().map(|(stage, n)| (stage.code().to_owned(), (*n).into())).collect();
    report.fact("subject", subject.clone());
    report.fact("kind", if dossier.shows_entries && count > 0 { "dossier" } else { "absence" });
    report.fact("count", count);
    report.fact("tally", counts);
    timeline::tell(dossier, lang, report);
}
