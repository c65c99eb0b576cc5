//! `audit`: the replay of a whole ledger, from a directory or over http(s).
//!
//! ```text
//! policy + checkpoint ─▶ head ─▶ (state: is it the continuation of the last?) ─▶ pipeline ─▶ settle ─▶ state, summary
//!                                    │ no                                          │ what no honest log signs
//!                                    └──────────────▶ evidence ◀───────────────────┘
//! --report: every entry is read, into a chronicle too ─▶ inspection
//! ```

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use indicatif::ProgressBar;
use serde_json::json;
use verifier::audit::Audit;
use verifier::client::evidence::{default_path, keep};
use verifier::client::{
    CONTINUATIONS, Discontinued, Follower, Source, State, StateError, Stop, TreeFault, Unfinished, read_head,
};
use verifier::dossier::time_group;
use verifier::evidence::Evidence;
use verifier::explain::lifecycle::moment;
use verifier::lifecycle::AsOf;
use verifier::lifecycle::chronicle::Chronicle;
use verifier::lifecycle::summary::Summary;
use verifier::lifecycle::verdict::{Outcome, Standing};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::policy::Policy;
use verifier::log::policy_check::Witnessed;

use super::args::AuditArgs;
use super::evidence::told as told_kept;
use super::input::read_policy;
use super::inspection::{self, Inspection};
use super::lang::Lang;
use super::message::Message;
use super::progress;
use super::receipt::{cosigners, head_facts};
use super::report::{Failure, Reason, Report};

const COMMAND: &str = "audit";
/// How often is written down how far a long audit has come.
const WRITE_EVERY: Duration = Duration::from_mins(1);

/// Audits the source.
pub(super) fn run(args: &AuditArgs, lang: Lang, json: bool) -> Report {
    audit(args, lang, json).unwrap_or_else(|failure| Report::failed(COMMAND, failure))
}

/// An audit under way.
struct Run {
    follower: Follower,
    /// What a report is made from, if one is asked for.
    chronicle: Option<Chronicle>,
    /// Where is written how far it has come, if it can go on from there.
    unfinished: Option<PathBuf>,
    /// The head audited last time, or one that an audit was on its way to.
    seen: Option<SignedCheckpoint>,
    evidence: PathBuf,
    lang: Lang,
    quiet: bool,
}

fn audit(args: &AuditArgs, lang: Lang, json: bool) -> Result<Report, Failure> {
    let start = Instant::now();
    let policy = read_policy(&args.policy, lang)?;
    let no_source = || Failure::unchecked("source", Message::NoSource { source: &args.source }.text(lang));
    let source = Source::new(&args.source).ok_or_else(no_source)?;
    let (head, witnessed) = read_head(&source, &policy).map_err(|stop| told(&stop, lang))?;
    if let Some(out) = &args.report {
        inspection::check_directory(out).map_err(|error| unwritable(out, &error, lang))?;
    }
    let mut run = Run::start(args, source, policy, &head, lang, json)?;
    let before = run.audit().size().0;
    let (head, witnessed) = run.follow(head, witnessed)?;
    let mut report = Report::new(COMMAND);
    let new = run.audit().size().0 - before;
    let names = cosigners(run.follower.policy(), &witnessed);
    run.tell(&head, &names, new, start, &mut report);
    if let (Some(out), Some(chronicle)) = (&args.report, run.chronicle.take()) {
        let (as_of, by_witnesses) = run.as_of(args, &witnessed)?;
        let inspection =
            Inspection { chronicle: &chronicle, as_of, witnessed: by_witnesses, head: &head, cosigners: &names, lang };
        let progress = run.progress(chronicle.projects() as u64, 0);
        let summary = inspection.write(out, &progress).map_err(|error| unwritable(out, &error, lang))?;
        progress.finish_and_clear();
        tell_inspection(&inspection, &summary, out, &mut report);
    }
    if let Some(path) = &args.state {
        let shown = path.display().to_string();
        run.follower.state(&head).write(path).map_err(|error| {
            let message = Message::StateUnwritable { path: &shown, error: &error.to_string() };
            Failure::unchecked("state", message.text(lang))
        })?;
        drop(fs::remove_file(Unfinished::beside(path)));
        report.say(Message::StateKept { path: &shown }.text(lang));
    }
    report.accepted = Message::AuditHolds.text(lang);
    Ok(report)
}

fn unwritable(out: &Path, error: &io::Error, lang: Lang) -> Failure {
    let path = &out.display().to_string();
    let message = match error.kind() {
        io::ErrorKind::DirectoryNotEmpty => Message::ReportElsewhere { path }.text(lang),
        _ => Message::ReportUnwritable { path, error: &error.to_string() }.text(lang),
    };
    Failure::unchecked("report", message)
}

fn tell_inspection(inspection: &Inspection<'_>, summary: &Summary, out: &Path, report: &mut Report) {
    let (all, lang, path) = (&summary.all, inspection.lang, out.display().to_string());
    let [complete, violated, overdue] =
        [Standing::Complete, Standing::Violated, Standing::Overdue].map(|standing| all.standing(standing));
    let judged = !inspection.chronicle.law().is_empty();
    let as_of = &moment(inspection.as_of.at);
    let told = Message::Judged { projects: all.projects, complete, violated, overdue, as_of };
    report.say(if judged { told } else { Message::NotJudged }.text(lang));
    report.say(Message::ReportKept { path: &path }.text(lang));
    report.fact(
        "report",
        json!({ "path": path, "as_of": inspection.as_of.at, "judged": judged, "projects": all.projects, "complete": complete,
            "violated": violated, "overdue": overdue }),
    );
    let reasons = [(Outcome::Violated, Reason::Violated), (Outcome::Overdue, Reason::Overdue)];
    report
        .reasons
        .extend(reasons.into_iter().filter(|(outcome, _)| all.outcome(*outcome) > 0).map(|(_, reason)| reason));
}

impl Run {
    /// A new audit, or one that goes on where the state was taken, if there is one.
    fn start(
        args: &AuditArgs,
        source: Source,
        policy: Policy,
        head: &SignedCheckpoint,
        lang: Lang,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let evidence = args.evidence.clone().unwrap_or_else(|| default_path(args.state.as_deref()));
        let origin = &head.checkpoint.origin;
        let state = args.state.as_deref().filter(|path| path.exists());
        let (follower, seen) = match state {
            Some(path) => {
                let (follower, seen) = resume(source, policy, origin, path, lang)?;
                (follower, Some(seen))
            }
            None => (Follower::new(source, policy, origin), None),
        };
        let unfinished = args.state.as_deref().filter(|_| args.report.is_none()).map(Unfinished::beside);
        let mut run = Self { follower, chronicle: None, unfinished, seen, evidence, lang, quiet };
        run.go_on(origin);
        if args.report.is_some() {
            // A report needs every entry: what was seen before is only held against what is read now.
            run.check_continues(head)?;
            (run.follower, run.chronicle) = (run.follower.begin_anew(origin), Some(Chronicle::default()));
        }
        Ok(run)
    }

    /// Goes on from where an audit was broken off, if that is beyond the state and continues it; the head it was on its way to was
    /// seen.
    fn go_on(&mut self, origin: &str) {
        let Some(unfinished) = self.unfinished.as_deref().and_then(Unfinished::read) else { return };
        let continues = self.seen.as_ref().is_none_or(|seen| {
            unfinished.root_at(seen.checkpoint.size).is_some_and(|root| root == seen.checkpoint.root)
        });
        if continues && unfinished.origin() == origin {
            let (source, policy) = (self.follower.source().clone(), self.follower.policy().clone());
            if let Ok((follower, head)) = Follower::go_on(source, policy, unfinished) {
                (self.follower, self.seen) = (follower, Some(head));
            }
        }
    }

    fn audit(&self) -> &Audit {
        self.follower.audit()
    }

    fn policy(&self) -> &Policy {
        self.follower.policy()
    }

    /// As of when the projects are judged: the head's time, or an earlier one that was asked for; and whether the head's time is
    /// the witnesses'.
    fn as_of(&self, args: &AuditArgs, witnessed: &Witnessed) -> Result<(AsOf, bool), Failure> {
        let by_witnesses = witnessed.cosigned().early(time_group(self.policy()));
        let head = by_witnesses.unwrap_or(self.audit().time().0 / 1000).cast_signed();
        let at = args.as_of.unwrap_or(head);
        if at > head {
            let (asked, head) = (moment(at), moment(head));
            return Err(Failure::unchecked(
                "as-of",
                Message::AsOfTooLate { asked: &asked, head: &head }.text(self.lang),
            ));
        }
        Ok((AsOf { at, quorum: !self.policy().quorum_is_none() }, by_witnesses.is_some()))
    }

    /// Audits up to the head; goes on to a newer one if that may explain what is missing.
    fn follow(
        &mut self,
        mut head: SignedCheckpoint,
        mut witnessed: Witnessed,
    ) -> Result<(SignedCheckpoint, Witnessed), Failure> {
        for left in (0..CONTINUATIONS).rev() {
            self.check_continues(&head)?;
            self.fold_to(&head).and_then(|()| self.check_seen()).map_err(|stop| self.explain(stop, &head))?;
            let Err(owed) = self.audit().settle() else { return Ok((head, witnessed)) };
            match self.follower.newer_head(&head, read_head).filter(|_| left > 0) {
                Some(newer) => (head, witnessed) = newer,
                None => return Err(self.explain(owed.into(), &head)),
            }
        }
        Ok((head, witnessed))
    }

    /// The head must not be smaller than what was audited before, nor another of the same size.
    fn check_continues(&self, head: &SignedCheckpoint) -> Result<(), Failure> {
        let Some(seen) = &self.seen else { return Ok(()) };
        match self.follower.check_continues(seen, head) {
            Ok(()) => Ok(()),
            Err(Discontinued::Fork { fault, evidence }) => Err(self.kept(evidence.as_deref(), self.failed(&fault))),
            Err(Discontinued::Rollback { seen, found, evidence }) => {
                let message = Message::Rollback { seen: seen.0, found: found.0 }.text(self.lang);
                Err(self.kept(Some(&evidence), Failure::rejected("rollback", None, message)))
            }
        }
    }

    /// The head seen before is one that the entries read lead to.
    fn check_seen(&self) -> Result<(), Stop> {
        match &self.seen {
            Some(seen) => self.follower.check_seen(seen),
            None => Ok(()),
        }
    }

    fn fold_to(&mut self, head: &SignedCheckpoint) -> Result<(), Stop> {
        let progress = self.progress(head.checkpoint.size.0, self.audit().size().0);
        let mut written = Instant::now();
        let folded = loop {
            let folded = self.follower.fold_some(head, self.chronicle.as_mut(), &mut |_| progress.inc(1));
            if let Ok(Some(_)) = folded {
                break Ok(());
            }
            let failed = matches!(folded, Err(Stop::Failed { .. }));
            if failed || (folded.is_ok() && written.elapsed() >= WRITE_EVERY) {
                self.write_unfinished(head);
                written = Instant::now();
            }
            if let Err(stop) = folded {
                break Err(stop);
            }
        };
        progress.finish_and_clear();
        folded
    }

    /// Writes down how far the audit has come. If that cannot be done, it begins again where the state was taken.
    fn write_unfinished(&self, head: &SignedCheckpoint) {
        if let Some(path) = self.unfinished.as_ref().filter(|_| self.audit().size().0 > 0) {
            drop(self.follower.unfinished(head).write(path));
        }
    }

    fn progress(&self, length: u64, position: u64) -> ProgressBar {
        progress::bar(self.quiet, length, position)
    }

    /// What stopped the audit, written down if others can check it.
    fn explain(&mut self, stop: Stop, head: &SignedCheckpoint) -> Failure {
        let Stop::Found(fault) = stop else { return told(&stop, self.lang) };
        if let Some(fork) = self.follower.fork(&fault, self.seen.as_ref(), head) {
            let mut failure = self.failed(&fault);
            failure.rule = "fork";
            return self.kept(Some(&fork), failure);
        }
        if let Some(path) = &self.unfinished {
            // It may hold what is false, or owed, and may be mended.
            drop(fs::remove_file(path));
        }
        match fault.unproven() {
            TreeFault::Entry(error) => {
                let evidence = self.follower.prove_fault(&error, head);
                let failure = self.failed(&error.into());
                if evidence.is_some() { self.kept(evidence.as_ref(), failure) } else { failure }
            }
            fault => self.failed(&fault),
        }
    }

    fn failed(&self, fault: &TreeFault) -> Failure {
        Failure::found(fault, fault.is_newer_format(), self.lang)
    }

    /// The failure, once its evidence is written down.
    fn kept(&self, evidence: Option<&Evidence>, failure: Failure) -> Failure {
        told_kept(keep(&self.evidence, evidence, self.policy()), failure, self.lang)
    }

    fn tell(&self, head: &SignedCheckpoint, names: &[String], new: u64, start: Instant, report: &mut Report) {
        let (audit, lang) = (self.audit(), self.lang);
        let (totals, entries, subjects) = (audit.totals(), audit.size().0, audit.subjects());
        let elapsed = start.elapsed().as_secs_f64();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let rate = (new as f64 / elapsed.max(0.001)) as u64;
        let root = head.checkpoint.root.to_string();
        let seconds = format!("{elapsed:.1}");
        report.say(Message::Audited { entries, new, seconds: &seconds, rate }.text(lang));
        let (projects, notices, seals) = (totals.projects, totals.notices, totals.seals);
        report.say(Message::Counted { projects, notices, subjects, seals }.text(lang));
        if totals.reveals + totals.erasures > 0 {
            report.say(Message::Corrections { reveals: totals.reveals, erasures: totals.erasures }.text(lang));
        }
        let checkpoints = self.follower.checkpoints() as u64;
        report.say(Message::Checkpoints { count: checkpoints }.text(lang));
        report.say(Message::HeadRoot { size: entries, root: &root, cosigners: names }.text(lang));
        for (name, count) in [
            ("entries", entries),
            ("new_entries", new),
            ("projects", projects),
            ("notices", notices),
            ("subjects", subjects as u64),
            ("seals", seals),
            ("reveals", totals.reveals),
            ("erasures", totals.erasures),
            ("checkpoints", checkpoints),
        ] {
            report.fact(name, count);
        }
        report.fact("head", head_facts(&head.checkpoint.origin, entries, &root, names));
        report.fact("elapsed_ms", u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
    }
}

fn told(stop: &Stop, lang: Lang) -> Failure {
    match stop {
        Stop::Found(fault) => Failure::found(fault, false, lang),
        Stop::Failed { path, error } => Failure::unchecked("source", Message::Network { path, error }.text(lang)),
    }
}

/// Goes on where a state was taken, if it is of this ledger.
fn resume(
    source: Source,
    policy: Policy,
    origin: &str,
    path: &Path,
    lang: Lang,
) -> Result<(Follower, SignedCheckpoint), Failure> {
    let failed = |error| state_failure(path, &error, lang);
    let state = State::read(path).map_err(failed)?;
    if state.snapshot.origin() != origin {
        let shown = path.display().to_string();
        let message = Message::StateOfOther { path: &shown, found: state.snapshot.origin(), expected: origin };
        return Err(Failure::unchecked("state", message.text(lang)));
    }
    Follower::resume(source, policy, state).map_err(failed)
}

/// The failure of a state that cannot be gone on from.
pub(super) fn state_failure(path: &Path, error: &StateError, lang: Lang) -> Failure {
    let (path, why) = (path.display().to_string(), error.to_string());
    match error {
        StateError::Unreadable(_) => {
            Failure::unchecked("unreadable", Message::Unreadable { path: &path, error: &why }.text(lang))
        }
        _ => Failure::unchecked("state", Message::StateDamaged { path: &path, error: &why }.text(lang)),
    }
}
