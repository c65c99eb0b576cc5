//! How things went on: in what order, after a change, during an objection, when a seal ends.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use super::Asking;
use super::lookup::{Found, said_in, used_public};
use crate::lifecycle::calendar::UnknownYear;
use crate::lifecycle::facts::{NoticeFacts, SealFacts};
use crate::lifecycle::instant::{Bounded, Grade, day_after};
use crate::lifecycle::path::{InstantRef, Path, Selector};
use crate::lifecycle::period::Counting;
use crate::lifecycle::verdict::{Arithmetic, Finding, Outcome, Reason, Used};
use crate::record::code::Stage;
use crate::record::instant::parse_date;
use crate::record::json::Value;

impl<'a> Asking<'a> {
    /// One stage is recorded before another.
    pub(super) fn order(self, first: &'a Selector, then: &'a Selector) -> Finding {
        let Some(then) = self.public(then) else { return Finding::not_applicable() };
        let Some(first) = self.public(first) else {
            // What is older than the ledger may have been preceded by what the ledger never held.
            let claimed = then.at.grade == Grade::Claimed;
            let outcome = if claimed { Outcome::Undetermined } else { Outcome::Violated };
            return Finding::new(outcome).resting_on([&then]).because_absent(first.stage);
        };
        let outcome = if first.at.late <= then.at.early && (first.notice < then.notice || first.at.late < then.at.early)
        {
            Finding::new(Outcome::Met)
        } else if first.at.early > then.at.late || first.notice > then.notice {
            Finding::new(Outcome::Violated)
        } else if first.at.grade == then.at.grade && first.notice < then.notice {
            // Of two entries of one ledger the earlier was public first.
            Finding::new(Outcome::Met)
        } else {
            Finding::undetermined(Reason::Bounds)
        };
        let arithmetic = Arithmetic::Order { first: first.clone(), then: then.clone() };
        outcome.computed(arithmetic).resting_on([&then, &first])
    }

    /// A stage exists once another is recorded.
    pub(super) fn once(self, stage: &'a Selector, once: &'a [Selector], or_related: Option<&str>) -> Finding {
        let Some(trigger) = once.iter().filter_map(|selector| self.public(selector)).min_by_key(|used| used.at.late)
        else {
            return Finding::not_applicable();
        };
        let finding = if let Some(found) = self.public(stage) {
            let mut finding = Finding::new(Outcome::Met).resting_on([&trigger]);
            finding.entries.push(found.notice);
            finding
        } else if or_related.is_some_and(|kind| self.is_related(kind)) {
            Finding { reason: Some(Reason::OtherProject), ..Finding::new(Outcome::Met) }.resting_on([&trigger])
        } else {
            let due = trigger.at.late;
            let arithmetic = Arithmetic::Due {
                from: Some(trigger.clone()),
                what: stage.to_string(),
                counting: None,
                disclosed_within: None,
                due,
            };
            let reason = or_related.map(|_| Reason::OtherProject);
            Finding { due: Some(due), reason, ..Finding::new(Outcome::Overdue) }
                .computed(arithmetic)
                .resting_on([&trigger])
        };
        Finding { stage: Some(stage.stage), ..finding }
    }

    /// Whether a notice names another project as that kind of relation.
    fn is_related(self, kind: &str) -> bool {
        let related = self.lot.notices.iter().filter_map(|notice| notice.members.member("related")?.as_array());
        let mut kinds = related.flatten().filter_map(|one| one.as_object()?.member("as")?.as_str());
        kinds.any(|known| known == kind)
    }

    /// A late change moves the deadline: one finding for each change.
    pub(super) fn restart(
        self,
        change: &'a Selector,
        deadline: &'a [InstantRef],
        moved: &'a Path,
        (min, counting, whole): (u32, Counting, bool),
        counts: Option<&'a (Path, bool)>,
    ) -> Vec<Finding> {
        let says_otherwise = |notice: &NoticeFacts| {
            counts.is_some_and(|(path, expected)| {
                let said = notice.data().and_then(|data| path.values(data).into_iter().next());
                said.is_some_and(|said| *said != Value::Bool(*expected))
            })
        };
        let changes: Vec<&NoticeFacts> = self.notices(change).filter(|notice| !says_otherwise(notice)).collect();
        let findings = changes.iter().map(|notice| {
            let public = used_public(change, notice);
            let earlier = |other: &&&NoticeFacts| other.index < notice.index;
            let before = self.lot.notices.iter().filter(earlier).rev().find_map(|notice| moved_to(notice, moved));
            let in_force = match before {
                Some(moved) => moved,
                None => match self.instant(deadline, None) {
                    Found::Given(given) => given.used,
                    Found::NoStage(_) => return Finding::not_applicable(),
                    Found::Not(finding) => return finding.at_notice(notice.index, notice.public),
                },
            };
            let to = self.lot.notices.iter().filter(|other| !earlier(other)).find_map(|notice| moved_to(notice, moved));
            self.moved(public, in_force, to, (min, counting, whole))
        });
        findings.collect()
    }

    /// Whether a change left enough time, or the deadline was moved far enough.
    fn moved(
        self,
        change: Used,
        deadline: Used,
        moved: Option<Used>,
        (min, counting, whole): (u32, Counting, bool),
    ) -> Finding {
        let calendar = self.lot.calendar;
        let earliest = match counting.earliest(change.at.late, min, calendar) {
            Ok(earliest) => earliest,
            Err(UnknownYear(year)) => {
                return Finding::undetermined(Reason::UnknownYear(year)).resting_on([&change, &deadline]);
            }
        };
        let far_enough = |to: &Used| {
            use crate::lifecycle::period::Reach;
            counting.reach(change.at.late, to.at.early, min, calendar).is_ok_and(|reach| reach != Reach::Short)
        };
        // A change after the deadline is too late to move it, and no longer a change of the period.
        let over = change.at.early > deadline.at.late;
        let outcome = if over {
            return Finding::not_applicable();
        } else if (!whole && far_enough(&deadline)) || moved.as_ref().is_some_and(far_enough) {
            Outcome::Met
        } else if moved.is_none() && self.lot.as_of.at < deadline.at.late {
            Outcome::Pending
        } else {
            Outcome::Violated
        };
        let due = (outcome == Outcome::Pending).then_some(deadline.at.late);
        let mut used = alloc::vec![change.clone(), deadline.clone()];
        used.extend(moved.clone());
        let arithmetic = Arithmetic::Restart { change, deadline, moved, min, counting, earliest };
        Finding { due, ..Finding::new(outcome) }.computed(arithmetic).resting_on(&used)
    }

    /// None of the stages becomes public while an objection is open: one finding for each.
    pub(super) fn suspended(
        self,
        by: &'a Selector,
        since: &'a Path,
        until: &'a Path,
        stages: &'a [Selector],
    ) -> Vec<Finding> {
        let threads = self.lot.threads(by.stage);
        let open = threads.iter().filter(|thread| self.lot.names(by, thread[0]));
        open.map(|thread| self.while_open(by, thread, since, until, stages)).collect()
    }

    fn while_open(
        self,
        by: &Selector,
        thread: &[&NoticeFacts],
        since: &Path,
        until: &Path,
        stages: &'a [Selector],
    ) -> Finding {
        let said = |path: &Path| {
            thread.iter().rev().find_map(|notice| {
                let at = said_in(notice, path)?;
                Some(Used { name: alloc::format!("{by}.{path}"), at, notice: notice.index })
            })
        };
        let since = said(since).unwrap_or_else(|| used_public(by, thread[0]));
        let until = said(until);
        let end = until.as_ref().map_or(self.lot.as_of.at, |until| until.at.early);
        let went_on = stages.iter().flat_map(|stage| self.notices(stage).map(move |notice| used_public(stage, notice)));
        let went_on = went_on.filter(|used| used.at.late > since.at.early && used.at.early < end);
        let went_on = went_on.min_by_key(|used| used.at.late);
        let finding = match &went_on {
            None => Finding::new(Outcome::Met),
            Some(used) if used.at.early > since.at.late && used.at.late < end => Finding::new(Outcome::Violated),
            Some(_) => Finding::undetermined(Reason::Bounds),
        };
        let mut used = alloc::vec![since.clone()];
        used.extend(until.clone());
        used.extend(went_on.clone());
        finding.computed(Arithmetic::Suspended { since, until, went_on }).resting_on(&used)
    }

    /// Every sealed value is revealed in time: one finding for each.
    pub(super) fn reveal(self, field: Option<&str>, max: u32, counting: Counting) -> Vec<Finding> {
        let seals = self.lot.seals.iter().filter(|seal| field.is_none_or(|field| field == seal.field));
        seals.map(|seal| self.revealed(seal, max, counting)).collect()
    }

    fn revealed(self, seal: &SealFacts, max: u32, counting: Counting) -> Finding {
        let Some(sealed) = self.lot.notices.iter().find(|notice| notice.index == seal.notice) else {
            return Finding::not_applicable();
        };
        if seal.erased {
            let reason = Some(Reason::Erased(seal.field.into()));
            return Finding { reason, ..Finding::new(Outcome::Met) }.at_notice(sealed.index, sealed.public);
        }
        let Some(from) = self.seal_ends(seal) else {
            let reason = Some(Reason::Sealed(seal.field.into()));
            return Finding { reason, ..Finding::new(Outcome::Pending) }.at_notice(sealed.index, sealed.public);
        };
        let to =
            seal.revealed.map(|(index, at)| Used { name: alloc::format!("{}.public", seal.field), at, notice: index });
        let due = if max == 0 { Ok(from.at.late) } else { counting.deadline(from.at.late, max, self.lot.calendar) };
        let due = match due {
            Ok(due) => due,
            Err(UnknownYear(year)) => return Finding::undetermined(Reason::UnknownYear(year)).resting_on([&from]),
        };
        let outcome = match &to {
            Some(to) if to.at.late <= due => Finding::new(Outcome::Met),
            Some(to) if to.at.early > due => Finding::new(Outcome::Violated),
            Some(_) => Finding::undetermined(Reason::Bounds),
            None if self.lot.as_of.at > due => Finding::new(Outcome::Overdue),
            None => Finding::new(Outcome::Pending),
        };
        let arithmetic = Arithmetic::Due {
            from: Some(from.clone()),
            what: seal.field.into(),
            counting: (max > 0).then_some((counting, max)),
            disclosed_within: None,
            due,
        };
        let mut used = alloc::vec![from];
        used.extend(to);
        Finding { due: Some(due), ..outcome }.computed(arithmetic).resting_on(&used)
    }

    /// When a seal ends: with the first notice of a stage, or with a day.
    fn seal_ends(self, seal: &SealFacts) -> Option<Used> {
        if let Some(day) = parse_date(&seal.until) {
            let at = Bounded::exact(day_after(day), Grade::Said);
            return Some(Used { name: seal.until.clone(), at, notice: seal.notice });
        }
        let stage = Stage::parse(&seal.until)?;
        let first = self.lot.notices.iter().find(|notice| notice.stage == stage)?;
        Some(used_public(&Selector::of(stage), first))
    }
}

impl Finding {
    /// What must have been there before is not.
    fn because_absent(self, stage: Stage) -> Self {
        Self { reason: Some(Reason::NoStage(stage)), ..self }
    }
}

/// The deadline to which a notice, a change or a clarification, moves another.
fn moved_to(notice: &NoticeFacts, moved: &Path) -> Option<Used> {
    let at = said_in(notice, moved)?;
    Some(Used { name: alloc::format!("{}.{moved}", notice.stage), at, notice: notice.index })
}
