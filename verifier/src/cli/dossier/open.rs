//! Opening a dossier or an absence proof: verified, about the project asked for, held against an audit of one's own; and
//! what is said of its head.

use std::path::Path;

use serde_json::{Map, Value};
use verifier::client::State;
use verifier::client::evidence::{default_path, keep};
use verifier::dossier::{self, Dossier, DossierFile, MAX_DOSSIER, Wholeness};
use verifier::evidence::Evidence;
use verifier::evidence::path::{consistency_path, of_leaves};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::record::subject::{ProjectId, project_subject};
use verifier::record::subject_map::Tally;

use super::super::args::SubjectFileArgs;
use super::super::audit::state_failure;
use super::super::clock::{self, format_seconds};
use super::super::evidence;
use super::super::input::{read_policy, read_text};
use super::super::lang::Lang;
use super::super::message::{Clock, InLanguage as _, Message};
use super::super::receipt::{cosigners, head_facts};
use super::super::report::{Failure, Reason, Report};

/// Reads and verifies the file.
///
/// # Errors
/// What cannot be read, the first rule broken, another project than asked for, a fork against the own audit.
pub(crate) fn open(args: &SubjectFileArgs, lang: Lang) -> Result<(Policy, Dossier), Failure> {
    let policy = read_policy(&args.policy, lang)?;
    let asked = args.project.as_deref().map(|project| normalise(project, lang)).transpose()?;
    let read = |path| State::read(path).map_err(|error| state_failure(path, &error, lang));
    let audited = args.audited.as_deref().map(read).transpose()?;
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
    if let (true, Some(path), Some(state)) = (contradicted, &args.audited, &audited) {
        return Err(fork(&dossier, &policy, path, state, lang));
    }
    if let Some(expected) = asked.filter(|asked| *asked != dossier.subject.to_string()) {
        let found = dossier.subject.to_string();
        let message = Message::OtherProject { expected: &expected, found: &found }.text(lang);
        return Err(Failure::rejected("other-project", None, message));
    }
    Ok((policy, dossier))
}

fn normalise(typed: &str, lang: Lang) -> Result<String, Failure> {
    let id = ProjectId::normalise(typed).map_err(|error| {
        Failure::unchecked("project-id", Message::BadProject { typed, error: &error.text(lang) }.text(lang))
    })?;
    Ok(project_subject(&id))
}

/// The dossier's head and the one audited cannot both be of one tree: written down.
fn fork(dossier: &Dossier, policy: &Policy, path: &Path, state: &State, lang: Lang) -> Failure {
    let audited = SignedCheckpoint::parse(state.head()).ok();
    let leaves = state.leaves();
    let found = audited.and_then(|audited| {
        Evidence::fork(dossier.head.clone(), audited, |smaller, size| {
            consistency_path(smaller, size, of_leaves(&leaves))
        })
    });
    let kept = keep(&default_path(Some(path)), found.as_ref(), policy);
    let size = dossier.head.checkpoint.size.0;
    let failure = Failure::rejected("fork", None, Message::DossierFork { size }.text(lang));
    evidence::told(kept, failure, lang)
}

/// Says as of when, of which ledger and on whose word; an old head is said first. Gives the time and whose clock it is by.
pub(crate) fn tell_head(
    dossier: &Dossier,
    policy: &Policy,
    max_age: Option<u64>,
    lang: Lang,
    report: &mut Report,
) -> (String, Clock) {
    let head = &dossier.head.checkpoint;
    let (time, whose) = match dossier.head_time(policy) {
        Some(time) => (time, Clock::Witnesses),
        None => (dossier.sealed_at.0 / 1000, Clock::Ledger),
    };
    let age = clock::now().saturating_sub(time);
    let limit = max_age.unwrap_or(clock::DEFAULT_MAX_AGE);
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
    let mut facts = head_facts(&head.origin, head.size.0, &head.root.to_string(), &names);
    facts["time"] = time.into();
    facts["clock"] = whose.code().into();
    facts["root_kid"] = root_kid.into();
    report.fact("head", facts);
    report.fact("wholeness", wholeness_code(dossier.wholeness));
    (shown, whose)
}

/// Notices per stage, as facts.
pub(crate) fn tally_facts(tally: &Tally) -> Map<String, Value> {
    tally.iter().map(|(stage, n)| (stage.code().to_owned(), n.into())).collect()
}

const fn wholeness_code(wholeness: Wholeness) -> &'static str {
    match wholeness {
        Wholeness::ReplayGroup => "replay-group",
        Wholeness::OwnAudit => "own-audit",
        Wholeness::LedgerWord => "ledger-word",
    }
}
