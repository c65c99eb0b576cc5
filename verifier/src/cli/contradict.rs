//! `contradict`: a receipt against a later dossier, and evidence if not both can be true.

use serde_json::{Value, json};
use verifier::client::evidence::keep;
use verifier::dossier::{self, Dossier, DossierFile, MAX_DOSSIER};
use verifier::evidence::Proven;
use verifier::evidence::contradiction::{self, Comparison};
use verifier::log::checkpoint::Checkpoint;
use verifier::log::tlog_proof::MAX_LENGTH;
use verifier::receipt::{self, Receipt};
use verifier::record::entry::Entry;

use super::args::ContradictArgs;
use super::evidence::{self, proven_facts, tell_proven};
use super::input::{read_policy, read_text};
use super::lang::Lang;
use super::message::{Explain as _, InLanguage as _, Message};
use super::report::{Failure, Report};

const COMMAND: &str = "contradict";

/// Holds the receipt against the dossier.
pub(crate) fn run(args: &ContradictArgs, lang: Lang) -> Report {
    hold(args, lang).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

fn hold(args: &ContradictArgs, lang: Lang) -> Result<Report, Failure> {
    let policy = read_policy(&args.policy, lang)?;
    let receipt = read_text(&args.receipt, MAX_LENGTH, lang)?;
    let receipt = receipt::verify(&receipt, &policy).map_err(|error| {
        let failure = Failure::found(&error, error.is_newer_format(), lang);
        reworded(failure, |why| Message::TheReceipt { why }.text(lang))
    })?;
    let of_dossier = |failure| reworded(failure, |why| Message::TheDossier { why }.text(lang));
    let text = read_text(&args.dossier, MAX_DOSSIER, lang)?;
    let file = DossierFile::parse(&text).map_err(|error| of_dossier(Failure::found(&error, false, lang)))?;
    drop(text);
    let mut report = Report::new(COMMAND);
    tell_both(&receipt, &file, lang, &mut report);
    if let Some((found, proven)) = contradiction::contradict(&receipt, &file, &policy) {
        let kept = keep(&args.output, Some(&found), &policy);
        report.failure = Some(evidence::told(kept, contradiction_of(&proven, lang), lang));
        tell_proven(&proven, lang, &mut report);
        report.fact("proves", Value::Object(proven_facts(&proven)));
        return Ok(report);
    }
    let dossier = dossier::verify(&file, &policy, |_, _| false)
        .map_err(|error| of_dossier(Failure::found(&error, error.is_newer_format(), lang)))?;
    report.failure = disagreement(&receipt, &file, &dossier, lang);
    report.accepted = Message::Agree { index: receipt.proof.index.0 }.text(lang);
    Ok(report)
}

/// Says of which of the two files a failure speaks.
fn reworded(mut failure: Failure, words: impl FnOnce(&str) -> String) -> Failure {
    failure.message = words(&failure.message);
    failure
}

/// What the two files say of themselves; the dossier is not verified yet.
fn tell_both(receipt: &Receipt, file: &DossierFile, lang: Lang, report: &mut Report) {
    let (index, own) = (receipt.proof.index.0, &receipt.proof.checkpoint.checkpoint);
    let entry = Entry::parse(&receipt.entry).ok();
    let link = entry.as_ref().and_then(Entry::link).map(|(subject, seq, _)| (subject, seq));
    report.say(Message::ReceiptSays { index, link, size: own.size.0, root: &own.root.to_string() }.text(lang));
    let (first, head) = (&file.subjects[0], &file.head.checkpoint.checkpoint);
    let (subject, count) = (first.subject.to_string(), first.state.count);
    let root = head.root.to_string();
    report.say(Message::DossierSays { subject: &subject, count, size: head.size.0, root: &root }.text(lang));
    let facts =
        |head: &Checkpoint| json!({ "origin": head.origin, "size": head.size.0, "root": head.root.to_string() });
    let (about, seq) = (link.map(|(subject, _)| subject), link.map(|(_, seq)| seq));
    report.fact("receipt", json!({ "index": index, "subject": about, "seq": seq, "head": facts(own) }));
    report.fact("dossier", json!({ "subject": subject, "count": count, "head": facts(head) }));
}

fn contradiction_of(proven: &Proven, lang: Lang) -> Failure {
    let found = proven.misbehaviour();
    let message = Message::Contradiction { what: &found.text(lang) }.text(lang);
    Failure::rejected(found.rule(), found.entry(), message)
}

/// Why a receipt and a dossier that do not contradict each other do not agree either.
fn disagreement(receipt: &Receipt, file: &DossierFile, dossier: &Dossier, lang: Lang) -> Option<Failure> {
    let (index, size) = (receipt.proof.index.0, dossier.head.checkpoint.size.0);
    let unchecked = |rule, message: Message<'_>| Some(Failure::unchecked(rule, message.text(lang)));
    match contradiction::compare(receipt, file, dossier) {
        Comparison::Agrees => None,
        Comparison::OlderHead => unchecked("older-head", Message::OlderHead { index, size }),
        Comparison::NotShown => {
            unchecked("not-shown", Message::EntryNotShown { index, subject: &dossier.subject.to_string() })
        }
        Comparison::EntriesNotShown => {
            unchecked("entries-not-shown", Message::EntriesNotShown { index, count: dossier.state.count })
        }
        Comparison::Replaced => {
            Some(Failure::rejected("replaced", Some(index), Message::Replaced { index }.text(lang)))
        }
    }
}
