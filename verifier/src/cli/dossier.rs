//! `dossier`: everything about one subject, or the proof that there is nothing.

mod lifecycle;
mod open;
mod timeline;

use verifier::dossier::Dossier;
use verifier::explain::lifecycle::moment;
use verifier::lifecycle::AsOf;
use verifier::log::policy::Policy;
use verifier::record::subject::Subject;

pub(super) use self::open::{open, tally_facts, tell_head};
use super::args::DossierArgs;
use super::lang::Lang;
use super::message::Message;
use super::report::{Failure, Report};

const COMMAND: &str = "dossier";

/// Verifies the dossier or absence proof.
pub(crate) fn run(args: &DossierArgs, lang: Lang) -> Report {
    verify(args, lang).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

fn verify(args: &DossierArgs, lang: Lang) -> Result<Report, Failure> {
    let (policy, dossier) = open(&args.about, lang)?;
    let as_of = as_of(args, &dossier, &policy, lang)?;
    let mut report = Report::new(COMMAND);
    tell_head(&dossier, &policy, args.about.max_age, lang, &mut report);
    tell_subject(&dossier, lang, &mut report);
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
    report.fact("subject", subject.clone());
    report.fact("kind", if dossier.shows_entries && count > 0 { "dossier" } else { "absence" });
    report.fact("count", count);
    report.fact("tally", tally_facts(&dossier.state.tally));
    timeline::tell(dossier, lang, report);
}
