//! `dossier`: everything about one subject, or the proof that there is nothing.

mod open;
mod timeline;

use verifier::dossier::Dossier;
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
    let mut report = Report::new(COMMAND);
    tell_head(&dossier, &policy, args.about.max_age, lang, &mut report);
    tell_subject(&dossier, lang, &mut report);
    Ok(report)
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
