//! `evidence`: what a file proves against a ledger, from the file and the policy alone.

mod keep;

use serde_json::{Map, Value, json};
use verifier::evidence::file::MAX_EVIDENCE;
use verifier::evidence::{Evidence, Misbehaviour, Proven};

pub(super) use self::keep::told;
use super::args::EvidenceArgs;
use super::input::{read_policy, read_text};
use super::lang::Lang;
use super::message::{Explain as _, InLanguage as _, Message};
use super::report::{Failure, Report};

const COMMAND: &str = "evidence";

/// Checks the evidence.
pub(crate) fn run(args: &EvidenceArgs, lang: Lang) -> Report {
    check(args, lang).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

fn check(args: &EvidenceArgs, lang: Lang) -> Result<Report, Failure> {
    let policy = read_policy(&args.policy, lang)?;
    let text = read_text(&args.file, MAX_EVIDENCE, lang)?;
    let evidence = Evidence::parse(&text).map_err(|error| Failure::found(&error, false, lang))?;
    let proven = evidence.check(&policy).map_err(|error| {
        let mut failure = Failure::found(&error, error.is_newer_format(), lang);
        failure.message = Message::ProvesNothing { why: &failure.message }.text(lang);
        failure
    })?;
    let mut report = Report::new(COMMAND);
    tell_proven(&proven, lang, &mut report);
    report.facts = proven_facts(&proven);
    report.accepted = Message::EvidenceHolds { what: &proven.misbehaviour().text(lang) }.text(lang);
    Ok(report)
}

/// Says against whom, and which heads its key signed.
pub(super) fn tell_proven(proven: &Proven, lang: Lang, report: &mut Report) {
    report.say(Message::EvidenceKind { code: proven.misbehaviour().rule() }.text(lang));
    report.say(Message::Against { origin: proven.origin() }.text(lang));
    for head in proven.heads() {
        let (root, key) = (head.root.to_string(), head.key.to_string());
        report.say(Message::SignedHead { size: head.size.0, root: &root, key: &key }.text(lang));
    }
}

/// What is proven, as facts; every kind has the same members, null or empty where they say nothing.
pub(super) fn proven_facts(proven: &Proven) -> Map<String, Value> {
    let misbehaviour = proven.misbehaviour();
    let (subject, seq, count, entries) = match misbehaviour {
        Misbehaviour::TwoRoots { .. } | Misbehaviour::Fork { .. } => (None, None, None, Vec::new()),
        Misbehaviour::NoSeal { size } => (None, None, None, vec![size.0 - 1]),
        Misbehaviour::SeqTwice { subject, seq, indexes: [a, b] } => {
            (Some(subject.clone()), Some(*seq), None, vec![a.0, b.0])
        }
        Misbehaviour::Omission { subject, index, seq, seal, count } => {
            (Some(subject.to_string()), Some(*seq), Some(*count), vec![index.0, seal.0])
        }
    };
    let heads = proven.heads().iter();
    let heads =
        heads.map(|head| json!({ "size": head.size.0, "root": head.root.to_string(), "key": head.key.to_string() }));
    let mut facts = Map::new();
    facts.insert("kind".into(), misbehaviour.rule().into());
    facts.insert("origin".into(), proven.origin().into());
    facts.insert("heads".into(), heads.collect());
    facts.insert("subject".into(), subject.into());
    facts.insert("seq".into(), seq.into());
    facts.insert("count".into(), count.into());
    facts.insert("entries".into(), entries.into());
    facts
}
