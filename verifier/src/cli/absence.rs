//! `absence`: a stage of a project was not disclosed, as of the head's time.

use verifier::record::code::Stage;
use verifier::record::subject::Subject;

use super::args::AbsenceArgs;
use super::dossier::{open, tally_facts, tell_head};
use super::lang::Lang;
use super::message::Message;
use super::report::{Failure, Report};

const COMMAND: &str = "absence";

/// Verifies the absence proof or dossier and asks its tally for the stage.
pub(crate) fn run(args: &AbsenceArgs, lang: Lang) -> Report {
    verify(args, lang).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

fn verify(args: &AbsenceArgs, lang: Lang) -> Result<Report, Failure> {
    let stage = parse_stage(&args.stage, lang)?;
    let (policy, dossier) = open(&args.about, lang)?;
    let subject = dossier.subject.to_string();
    let Subject::Project(project) = &dossier.subject else {
        let message = Message::NotAProject { subject: &subject }.text(lang);
        return Err(Failure::rejected("not-a-project", None, message));
    };
    let mut report = Report::new(COMMAND);
    let (time, clock) = tell_head(&dossier, &policy, args.about.max_age, lang, &mut report);
    let (project, state) = (project.as_str(), &dossier.state);
    let tally: Vec<_> = state.tally.iter().collect();
    report.say(match state.count {
        0 => Message::Absent { subject: project }.text(lang),
        count => Message::Present { subject: project, count, tally: &tally }.text(lang),
    });
    let count = state.tally.of(stage);
    report.say(Message::StageCount { stage, count }.text(lang));
    report.accepted = Message::StageAbsent { stage, project, time: &time, clock }.text(lang);
    if count > 0 {
        // Whatever came later, it cannot be undisclosed any more: this outweighs the head's age.
        let message = Message::StageDisclosed { stage, project, count }.text(lang);
        report.failure = Some(Failure::rejected("disclosed", None, message));
    }
    report.fact("subject", subject);
    report.fact("stage", stage.code());
    report.fact("notices", count);
    report.fact("count", state.count);
    report.fact("tally", tally_facts(&state.tally));
    Ok(report)
}

/// A stage by its code or its Chinese name.
fn parse_stage(typed: &str, lang: Lang) -> Result<Stage, Failure> {
    Stage::named(typed).ok_or_else(|| Failure::unchecked("stage", Message::UnknownStage { typed }.text(lang)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_named_by_its_code_or_in_chinese() {
        for stage in Stage::ALL {
            assert_eq!(parse_stage(stage.code(), Lang::En), Ok(*stage));
            assert_eq!(parse_stage(stage.zh(), Lang::Zh), Ok(*stage));
        }
        for lang in [Lang::Zh, Lang::En] {
            let message = parse_stage("Award", lang).unwrap_err().message;
            assert!(Stage::ALL.iter().all(|stage| message.contains(stage.code())), "{message}");
        }
    }
}
