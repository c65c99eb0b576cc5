//! The engine (裁决引擎): every rule held against a project, as of an instant.
//!
//! ```text
//! project ─▶ its lots ─▶ each rule of the sector ─▶ the variant that applies ─▶ its check ─▶ findings ─▶ outcome
//! ```
//!
//! A notice without a lot counts for every lot. An outcome is *met* if it holds for every choice of its instants within their
//! bounds, *violated* if for none. The rulebook in force on the day of the event counts. Of several notices of a stage, `.public`
//! is the first's, a path that of the newest recorded before the check's later instant; `amends` hides nothing.

mod content;
mod course;
pub(super) mod lookup;
mod periods;
mod scope;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::calendar::Calendar;
use super::facts::{NoticeFacts, Project, SealFacts, Why};
use super::instant::{Seconds, day_of};
use super::law::Law;
use super::rulebook::{Branch, Check, CheckKind, Rule};
use super::verdict::{
    Finding, Lifecycle, LotState, LotVerdict, Next, Outcome, Reason, RuleOutcome, StageRow, StageStatus, Standing,
};
use crate::record::code::Stage;

/// As of when a verdict is, and under what policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// What became public later does not count.
    pub at: Seconds,
    /// Whether the policy has a quorum: then an outcome that rests on the ledger's or the publisher's word alone is
    /// undetermined.
    pub quorum: bool,
}

/// Holds the rules against a project.
pub fn judge<'r>(project: &Project, law: &'r Law, as_of: AsOf) -> Lifecycle<'r> {
    let notices: Vec<&NoticeFacts> = project.notices.iter().filter(|notice| notice.public.early <= as_of.at).collect();
    let ids: BTreeSet<&str> = notices.iter().filter_map(|notice| notice.lot()).collect();
    let ids: Vec<Option<&str>> = if ids.is_empty() { alloc::vec![None] } else { ids.into_iter().map(Some).collect() };
    let lots: Vec<LotVerdict<'r>> =
        ids.into_iter().map(|id| Lot::new(id, &notices, project, law.calendar(), as_of).verdict(law)).collect();
    let standing = lots.iter().map(|lot| lot.standing).max().unwrap_or(Standing::InProgress);
    let all_complete = lots.iter().all(|lot| lot.standing == Standing::Complete);
    let standing = if standing == Standing::Complete && !all_complete { Standing::InProgress } else { standing };
    Lifecycle { as_of: as_of.at, standing, lots }
}

/// A lot, as the checks look at it.
struct Lot<'a> {
    id: Option<&'a str>,
    /// Its notices, in the order of the ledger.
    notices: Vec<&'a NoticeFacts>,
    seals: Vec<&'a SealFacts>,
    calendar: &'a Calendar,
    genesis: Seconds,
    as_of: AsOf,
}

/// A check being made: in a lot, and perhaps for one notice and those that amend it.
#[derive(Clone, Copy)]
struct Asking<'a> {
    lot: &'a Lot<'a>,
    thread: Option<(Stage, &'a [&'a NoticeFacts])>,
    branch: &'a Branch,
}

impl<'a> Lot<'a> {
    fn new(
        id: Option<&'a str>,
        all: &[&'a NoticeFacts],
        project: &'a Project,
        calendar: &'a Calendar,
        as_of: AsOf,
    ) -> Self {
        let own = |notice: &&&NoticeFacts| notice.lot().is_none_or(|lot| Some(lot) == id);
        let notices: Vec<&NoticeFacts> = all.iter().filter(own).copied().collect();
        let seals =
            project.seals.iter().filter(|seal| notices.iter().any(|notice| notice.index == seal.notice)).collect();
        Self { id, notices, seals, calendar, genesis: project.genesis, as_of }
    }

    fn verdict<'r>(&self, law: &'r Law) -> LotVerdict<'r> {
        let outcomes = self.outcomes(law);
        let stages = self.stages(&outcomes);
        let (state, restarts_as) = self.state();
        let gravest =
            outcomes.iter().map(|outcome| outcome.outcome).filter(|outcome| *outcome >= Outcome::Overdue).max();
        let pending = outcomes.iter().any(|outcome| outcome.findings.iter().any(|f| f.outcome == Outcome::Pending));
        let standing = match gravest {
            Some(Outcome::Violated) => Standing::Violated,
            Some(_) => Standing::Overdue,
            None if state.is_closed() && !pending => Standing::Complete,
            None => Standing::InProgress,
        };
        let next = next_due(&outcomes);
        LotVerdict { id: self.id.map(ToOwned::to_owned), state, restarts_as, standing, stages, next, outcomes }
    }

    /// What became of every rule that asks something here, each version of the rulebook for the days it is in force.
    fn outcomes<'r>(&self, law: &'r Law) -> Vec<RuleOutcome<'r>> {
        let Some(sector) = self.notices.first().map(|notice| notice.sector) else { return Vec::new() };
        let mut outcomes = Vec::new();
        for (version, rulebook) in law.rulebooks().enumerate() {
            for rule in rulebook.rules.iter().filter(|rule| rule.covers(sector)) {
                let in_force = |at: Seconds| law.in_force(day_of(at)) == Some(version);
                outcomes.extend(self.outcome(rule, &in_force));
            }
        }
        outcomes
    }

    /// The variant of a rule that applies, and what its check finds; nothing if it asks nothing here.
    fn outcome<'r>(&self, rule: &'r Rule, in_force: &dyn Fn(Seconds) -> bool) -> Option<RuleOutcome<'r>> {
        let mut unknown = None;
        for branch in &rule.branches {
            let counts = |finding: &Finding| finding.event.is_some_and(in_force);
            let findings: Vec<Finding> =
                Asking { lot: self, thread: None, branch }.answers().into_iter().filter(counts).collect();
            let Some(outcome) = findings.iter().map(|finding| finding.outcome).max() else { continue };
            let found = RuleOutcome { rule, branch, outcome, findings };
            let scope = |finding: &Finding| matches!(finding.reason, Some(Reason::Scope(_)));
            if found.findings.iter().all(scope) {
                unknown = unknown.or(Some(found));
            } else {
                return Some(found);
            }
        }
        unknown
    }

    /// How far the lot has come, and the project in which it goes on.
    fn state(&self) -> (LotState, Option<String>) {
        let has = |stage: Stage| self.notices.iter().any(|notice| notice.stage == stage);
        if let Some(end) = self.termination() {
            let says = |member: &str| end.data().and_then(|data| data.member(member)?.as_str());
            if let Some(project) = says("restarts_as") {
                return (LotState::Restarted, Some(project.to_owned()));
            }
            return match says("reason_kind") {
                Some("suspended") => (LotState::Suspended, None),
                Some("too-few-bidders" | "no-valid-bid") => (LotState::Failed, None),
                _ => (LotState::Terminated, None),
            };
        }
        let far = [
            (Stage::Acceptance, LotState::Accepted),
            (Stage::Performance, LotState::Performed),
            (Stage::Contract, LotState::Contracted),
            (Stage::Award, LotState::Awarded),
            (Stage::Candidates, LotState::Candidates),
            (Stage::Opening, LotState::Opened),
            (Stage::Prequalification, LotState::Prequalified),
            (Stage::Announcement, LotState::Announced),
            (Stage::Plan, LotState::Planned),
            (Stage::Approval, LotState::Planned),
            (Stage::Reply, LotState::Accepted),
        ];
        (far.into_iter().find(|(stage, _)| has(*stage)).map_or(LotState::Other, |(_, state)| state), None)
    }

    /// The notice that ended the lot: the newest termination, unless the lot went on after it.
    fn termination(&self) -> Option<&'a NoticeFacts> {
        let goes_on = |stage: Stage| {
            matches!(
                stage,
                Stage::Announcement
                    | Stage::Opening
                    | Stage::Candidates
                    | Stage::Award
                    | Stage::Contract
                    | Stage::Performance
                    | Stage::Acceptance
            )
        };
        let last =
            self.notices.iter().rev().find(|notice| goes_on(notice.stage) || notice.stage == Stage::Termination)?;
        (last.stage == Stage::Termination).then_some(*last)
    }

    /// Every stage that is disclosed or asked for, in lawful order.
    fn stages(&self, outcomes: &[RuleOutcome<'_>]) -> Vec<StageRow> {
        let rows = Stage::ALL.iter().map(|stage| self.stage(*stage, outcomes));
        rows.flatten().collect()
    }

    fn stage(&self, stage: Stage, outcomes: &[RuleOutcome<'_>]) -> Option<StageRow> {
        let own: Vec<&NoticeFacts> = self.notices.iter().filter(|notice| notice.stage == stage).copied().collect();
        let asked = outcomes.iter().flat_map(|outcome| outcome.findings.iter().map(move |finding| (outcome, finding)));
        let asked: Vec<_> = asked.filter(|(_, finding)| finding.stage == Some(stage)).collect();
        let pending = asked.iter().filter(|(_, finding)| finding.outcome == Outcome::Pending);
        let next = pending.filter_map(|(_, finding)| finding.due).min();
        // Of a stage that is disclosed, what is still to come says nothing about what is there.
        let counts = |status: &StageStatus| own.is_empty() || *status != StageStatus::NotYetDue;
        let deciding = asked
            .iter()
            .filter_map(|(outcome, finding)| Some((status(finding.outcome).filter(counts)?, outcome, finding)));
        let deciding = deciding.max_by_key(|(status, _, finding)| (*status, core::cmp::Reverse(finding.due)));
        if own.is_empty() && deciding.is_none() {
            return None;
        }
        let is_own = |seal: &&&SealFacts| own.iter().any(|notice| notice.index == seal.notice);
        let is_opened =
            |seal: &SealFacts, by_then| seal.revealed.is_some_and(|(_, at)| (at.early <= self.as_of.at) == by_then);
        let withheld = |why| own.iter().any(|notice| notice.withheld.iter().any(|member| member.why == why));
        Some(StageRow {
            stage,
            status: deciding.as_ref().map_or(StageStatus::Disclosed, |(status, ..)| *status),
            public: own.first().map(|notice| notice.public),
            due: deciding.as_ref().and_then(|(_, _, finding)| finding.due),
            rule: deciding.as_ref().map(|(_, outcome, _)| outcome.rule.id.clone()),
            next,
            sealed: withheld(Why::Sealed) || self.seals.iter().filter(is_own).any(|seal| is_opened(seal, false)),
            revealed: self.seals.iter().filter(is_own).any(|seal| is_opened(seal, true)),
            erased: withheld(Why::Erased),
            notices: own.iter().map(|notice| notice.index).collect(),
        })
    }
}

/// What an answer about a stage says of it.
const fn status(outcome: Outcome) -> Option<StageStatus> {
    match outcome {
        Outcome::Met => Some(StageStatus::OnTime),
        Outcome::Pending => Some(StageStatus::NotYetDue),
        Outcome::Violated => Some(StageStatus::Late),
        Outcome::Overdue => Some(StageStatus::Missing),
        Outcome::Warning | Outcome::Undetermined | Outcome::NotApplicable => None,
    }
}

fn next_due(outcomes: &[RuleOutcome<'_>]) -> Option<Next> {
    let pending = outcomes.iter().flat_map(|outcome| {
        let pending = outcome.findings.iter().filter(|finding| finding.outcome == Outcome::Pending);
        pending.filter_map(move |finding| Some((finding.due?, outcome, finding)))
    });
    let (due, outcome, finding) = pending.min_by_key(|(due, ..)| *due)?;
    Some(Next { due, rule: outcome.rule.id.clone(), stage: finding.stage })
}

impl<'a> Asking<'a> {
    /// What the branch finds, on the days for which it counts, if it applies.
    fn answers(self) -> Vec<Finding> {
        let applies = self.lot.applies(&self.branch.applies);
        if applies == Ok(false) {
            return Vec::new();
        }
        let counts = |finding: &Finding| finding.event.is_some_and(|at| self.branch.effective.holds(day_of(at)));
        let findings = self.ask(&self.branch.check).into_iter().filter(counts);
        match applies {
            Ok(_) => findings.map(|finding| finding.settle(self.branch, self.lot.as_of.quorum)).collect(),
            Err(member) => findings.take(1).map(|finding| finding.out_of(member.clone())).collect(),
        }
    }

    /// Asks a check: one finding, or one for each part or each notice.
    fn ask(self, check: &'a Check) -> Vec<Finding> {
        let Some(stage) = check.each.filter(|_| self.thread.is_none()) else { return self.answer(&check.kind) };
        let threads = self.lot.threads(stage);
        threads.iter().flat_map(|thread| self.in_thread(stage, thread, check)).collect()
    }

    fn in_thread(self, stage: Stage, thread: &[&NoticeFacts], check: &Check) -> Vec<Finding> {
        Asking { lot: self.lot, thread: Some((stage, thread)), branch: self.branch }.answer(&check.kind)
    }

    fn answer(self, kind: &'a CheckKind) -> Vec<Finding> {
        match kind {
            CheckKind::Within { stage, after, max, counting } => {
                alloc::vec![self.within(stage, after, *max, *counting)]
            }
            CheckKind::Once { stage, once, or_related } => {
                alloc::vec![self.once(stage, once, or_related.as_deref())]
            }
            CheckKind::Interval { from, to, min, max, counting, disclosed_within } => {
                alloc::vec![self.interval(from, to, (*min, *max, *counting), *disclosed_within)]
            }
            CheckKind::Order { first, then } => alloc::vec![self.order(first, then)],
            CheckKind::Fields { stage, members } => alloc::vec![self.fields(stage, members)],
            CheckKind::Count { of, min, max, ranked, otherwise, forbids } => {
                alloc::vec![self.count(of, (*min, *max), *ranked, otherwise.as_ref(), forbids)]
            }
            CheckKind::Equal { left, right } => alloc::vec![self.equal(left, right)],
            CheckKind::Ratio { of, to, min, max, unless } => {
                alloc::vec![self.ratio(of, to, (*min, *max), unless.as_ref())]
            }
            CheckKind::Restart { change, deadline, moved, min, counting, whole, counts } => {
                self.restart(change, deadline, moved, (*min, *counting, *whole), counts.as_ref())
            }
            CheckKind::Suspended { by, since, until, stages } => self.suspended(by, since, until, stages),
            CheckKind::Reveal { field, max, counting } => self.reveal(field.as_deref(), *max, *counting),
            CheckKind::All(parts) => parts.iter().flat_map(|branch| Asking { branch, ..self }.answers()).collect(),
        }
    }
}
