//! `receipt`: one entry and its place in the log.

use serde_json::{Value, json};
use verifier::log::policy::Policy;
use verifier::log::policy_check::Witnessed;
use verifier::log::tlog_proof::MAX_LENGTH;
use verifier::receipt::{self, Receipt};
use verifier::record::entry::{Body, Entry};

use super::args::ReceiptArgs;
use super::clock::format_entry_time;
use super::input::{read_policy, read_text};
use super::lang::Lang;
use super::message::{Message, kind_code, kind_name};
use super::report::{Failure, Reason, Report};

const COMMAND: &str = "receipt";

/// Verifies the receipt.
pub(crate) fn run(args: &ReceiptArgs, lang: Lang) -> Report {
    verify(args, lang).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

fn verify(args: &ReceiptArgs, lang: Lang) -> Result<Report, Failure> {
    let policy = read_policy(&args.policy, lang)?;
    let text = read_text(&args.file, MAX_LENGTH, lang)?;
    let receipt =
        receipt::verify(&text, &policy).map_err(|error| Failure::found(&error, error.is_newer_format(), lang))?;
    let mut report = Report::new(COMMAND);
    tell(&receipt, &policy, lang, &mut report);
    if !receipt.meets_quorum() {
        report.reasons.push(Reason::LedgerWordOnly);
    }
    report.accepted = Message::ReceiptHolds.text(lang);
    Ok(report)
}

/// The names of the policy's witnesses that cosigned.
pub(crate) fn cosigners(policy: &Policy, witnessed: &Witnessed) -> Vec<String> {
    let timestamps = witnessed.cosigned().timestamps();
    let cosigned = policy.witnesses().iter().zip(timestamps).filter(|(_, timestamps)| !timestamps.is_empty());
    cosigned.map(|(witness, _)| witness.name.clone()).collect()
}

fn tell(receipt: &Receipt, policy: &Policy, lang: Lang, report: &mut Report) {
    // The entry was parsed when the receipt was verified; a receipt that did not parse is not here.
    let Ok(entry) = Entry::parse(&receipt.entry) else { return };
    let head = &receipt.proof.checkpoint.checkpoint;
    let names = cosigners(policy, &receipt.witnessed);
    let subject = entry.link().map(|(subject, ..)| subject);
    let kind = receipt.statement.as_ref().map_or(
        match entry.body {
            Body::Seal(_) => "seal",
            _ => "genesis",
        },
        |statement| kind_code(statement.kind()),
    );
    let time = format_entry_time(entry.time);
    report.say(Message::EntryRecorded { index: entry.index.0, origin: &head.origin, time: &time }.text(lang));
    if let Some(subject) = subject {
        report.say(Message::About { subject }.text(lang));
    }
    report.say(Message::Kind { kind: kind_name(kind, lang) }.text(lang));
    let notice = receipt.statement.as_ref().and_then(|statement| statement.notice());
    if let Some(notice) = notice {
        report.say(Message::NoticeSays { stage: notice.stage, title: &notice.title }.text(lang));
    }
    if let Some(statement) = &receipt.statement {
        report.say(Message::Issuer { iss: statement.iss.as_str() }.text(lang));
    }
    let disclosed: Vec<&str> = receipt.shown.values.values().map(|shown| shown.name.as_str()).collect();
    if !disclosed.is_empty() {
        report.say(Message::Disclosed { names: &disclosed.join(", ") }.text(lang));
    }
    report.say(Message::Head { size: head.size.0, cosigners: &names }.text(lang));
    report.fact("index", entry.index.0);
    report.fact("kind", kind);
    report.fact("subject", subject);
    report.fact("stage", notice.map(|notice| notice.stage.code()));
    report.fact("title", notice.map(|notice| notice.title.as_str()));
    report.fact("publisher", receipt.statement.as_ref().map(|statement| statement.iss.as_str()));
    report.fact("time_ms", entry.time.0);
    report.fact("disclosed", disclosed);
    report.fact("head", head_facts(&head.origin, head.size.0, &head.root.to_string(), &names));
    report.fact("quorum_met", receipt.meets_quorum());
}

/// The head as every command gives it.
pub(crate) fn head_facts(origin: &str, size: u64, root: &str, cosigners: &[String]) -> Value {
    json!({ "origin": origin, "size": size, "root": root, "cosigned_by": cosigners })
}
