//! One look at a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use verifier::client::evidence::{default_path, keep};
use verifier::client::kept::beside;
use verifier::client::{Source, Stop, TreeFault, read_signed_head};
use verifier::dossier::time_group;
use verifier::explain::Explain as _;
use verifier::lifecycle::AsOf;
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::policy::{Policy, PolicyCheckError, Witnessed};

use super::super::args::MonitorArgs;
use super::super::clock::{DEFAULT_MAX_AGE, format_seconds, now};
use super::super::evidence::told as told_kept;
use super::super::lang::Lang;
use super::super::message::{Clock, Message};
use super::super::receipt::cosigners;
use super::super::report::Failure;
use super::alert::{Condition, Kind};
use super::fault::{condemned, discontinuity, wrong};
use super::memory::Memory;
use super::overdue::{self, Judged, Key};
use super::trail::{Audited, Trail};
use super::views::{self, Seen, Views};

/// How long what seems to be withheld is waited for before it is said: it may only just be on its way.
const SECOND_TRY: Duration = Duration::from_secs(2);

/// What looks.
pub(super) struct Watch {
    source: Source,
    shown: String,
    policy: Policy,
    /// The file of the audit.
    audit: PathBuf,
    evidence: PathBuf,
    max_age: u64,
    /// Witnesses and their monitoring prefixes.
    monitors: Vec<(String, String)>,
    lang: Lang,
    quiet: bool,
    trail: Option<Trail>,
    /// What was false under which head: it stays so.
    fault: Option<(String, Condition)>,
    judged: Judged,
}

/// What a look has found.
#[derive(Default)]
pub(super) struct Look {
    pub(super) origin: String,
    /// The head shown.
    pub(super) head: Option<SignedCheckpoint>,
    pub(super) cosigners: Vec<String>,
    /// Entries that are new since what was seen.
    pub(super) new: u64,
    pub(super) witnesses: Vec<Seen>,
    /// Everything that is wrong, the gravest first.
    pub(super) found: Vec<Condition>,
    /// Whether everything was looked at, so that what was not found has ended.
    pub(super) complete: bool,
    /// Why something could not be looked at.
    pub(super) unchecked: Option<Failure>,
    /// To be remembered once all is told: the head that was audited, its time in seconds and whether that is the witnesses', what is
    /// overdue, what witnesses have shown beyond it.
    pub(super) audited: Option<SignedCheckpoint>,
    pub(super) time: Option<(u64, bool)>,
    pub(super) overdue: Option<BTreeSet<Key>>,
    pub(super) views: Option<BTreeMap<String, String>>,
    /// Old bundles that seem to be kept back.
    pub(super) suspects: Option<BTreeSet<u64>>,
}

/// Why an audit did not come to its end.
enum Stopped {
    /// Something is wrong.
    Wrong(Box<Condition>),
    /// Something could not be read.
    Unread(Failure),
}

impl Watch {
    pub(super) fn new(args: &MonitorArgs, source: Source, policy: Policy, lang: Lang, quiet: bool) -> Self {
        let named = |name: &str| args.witness_monitor.iter().find(|(known, _)| known == name);
        let monitors = policy.witnesses().iter().filter_map(|witness| {
            let url = named(&witness.name).map(|(_, url)| url).or(witness.url.as_ref())?;
            Some((witness.name.clone(), url.clone()))
        });
        Self {
            monitors: monitors.collect(),
            source,
            shown: args.source.clone(),
            policy,
            audit: beside(&args.state, "audit"),
            evidence: args.evidence.clone().unwrap_or_else(|| default_path(Some(&args.state))),
            max_age: args.max_age.unwrap_or(DEFAULT_MAX_AGE),
            lang,
            quiet,
            trail: None,
            fault: None,
            judged: Judged::default(),
        }
    }

    pub(super) const fn lang(&self) -> Lang {
        self.lang
    }

    /// What is looked at, as it was named.
    pub(super) fn source(&self) -> &str {
        &self.shown
    }

    /// Judges all again at the next look: what was found could not be told.
    pub(super) fn forget_judged(&mut self) {
        self.judged = Judged::default();
    }

    /// Looks at everything.
    ///
    /// # Errors
    /// The state is another ledger's.
    pub(super) fn look(&mut self, memory: &Memory) -> Result<Look, Failure> {
        let mut look = Look { origin: memory.origin().unwrap_or_default().to_owned(), ..Look::default() };
        match read_signed_head(&self.source, &self.policy) {
            Ok((head, witnessed)) => {
                self.check_origin(&head, memory)?;
                look.origin.clone_from(&head.checkpoint.origin);
                look.head = Some(head.clone());
                self.look_at(head, witnessed, memory, &mut look);
            }
            Err(Stop::Found(fault @ TreeFault::Missing { .. })) => {
                let why = Message::NoCheckpoint.text(self.lang);
                look.unchecked = Some(Failure::unchecked(fault.rule(), why));
            }
            Err(Stop::Found(fault)) => look.found.push(wrong(&fault, self.lang)),
            Err(Stop::Failed { path, error }) => look.unchecked = Some(self.unread(&path, &error)),
        }
        self.check_age(memory, &mut look);
        look.found.sort_by_key(|condition| condition.kind);
        Ok(look)
    }

    fn check_origin(&self, head: &SignedCheckpoint, memory: &Memory) -> Result<(), Failure> {
        let (expected, path) = (&head.checkpoint.origin, self.audit.with_extension("").display().to_string());
        match memory.origin() {
            Some(found) if found != expected => {
                let message = Message::StateOfOther { path: &path, found, expected }.text(self.lang);
                Err(Failure::unchecked("state", message))
            }
            _ => Ok(()),
        }
    }

    fn look_at(&mut self, head: SignedCheckpoint, witnessed: Witnessed, memory: &Memory, look: &mut Look) {
        let Audited { head, witnessed } = match self.audit(head, witnessed, memory) {
            Ok(audited) => audited,
            Err(Stopped::Wrong(condition)) => return look.found.push(*condition),
            Err(Stopped::Unread(failure)) => return look.unchecked = Some(failure),
        };
        let Some(trail) = &mut self.trail else { return };
        trail.save(&head, false, self.lang);
        let before = memory.seen().map_or(0, |seen| seen.checkpoint.size.0);
        look.new = head.checkpoint.size.0.saturating_sub(before);
        look.cosigners = cosigners(&self.policy, &witnessed);
        self.check_quorum(&witnessed, look);
        let time = self.time_of(&witnessed);
        look.time = Some(time);
        self.ask_witnesses(&head, memory, look);
        self.judge(time.0, memory, look);
        self.look_again(memory, look);
        look.head = Some(head.clone());
        look.audited = Some(head);
        look.complete = look.unchecked.is_none();
    }

    /// Audits up to the head, which must continue what was seen.
    fn audit(&mut self, head: SignedCheckpoint, witnessed: Witnessed, memory: &Memory) -> Result<Audited, Stopped> {
        let note = head.format();
        match self.fault.take() {
            Some((under, condition)) if under == note => {
                self.fault = Some((under, condition.clone()));
                return Err(Stopped::Wrong(condition.into()));
            }
            _ => {}
        }
        let seen = memory.seen();
        for last in [false, true] {
            let stopped = match self.follow(head.clone(), witnessed.clone(), seen.as_ref()) {
                Ok(audited) => return Ok(audited),
                Err(stopped) => stopped,
            };
            let Stopped::Wrong(condition) = &stopped else { return Err(stopped) };
            // This audit is over; the next begins where the last good one was written down.
            self.trail.take().into_iter().for_each(Trail::condemn);
            self.judged = Judged::default();
            if condition.kind != Kind::Withheld {
                self.fault = Some((note, condition.as_ref().clone()));
                return Err(stopped);
            }
            if last || memory.is_told(condition) {
                return Err(stopped);
            }
            thread::sleep(SECOND_TRY);
        }
        unreachable!("the second try is the last")
    }

    fn follow(
        &mut self,
        head: SignedCheckpoint,
        witnessed: Witnessed,
        seen: Option<&SignedCheckpoint>,
    ) -> Result<Audited, Stopped> {
        let origin = &head.checkpoint.origin;
        let mut trail = match self.trail.take() {
            Some(trail) => trail,
            None => Trail::open(&self.source, &self.policy, origin, &self.audit, self.lang),
        };
        if let Some(seen) = seen
            && let Err(discontinued) = trail.follower.check_continues(seen, &head)
        {
            self.trail = Some(trail);
            return Err(Stopped::Wrong(discontinuity(discontinued, &head, self.lang).into()));
        }
        let followed = trail.follow(head, witnessed, seen, self.quiet, self.lang).map_err(|halted| match halted.stop {
            Stop::Failed { path, error } => Stopped::Unread(self.unread(&path, &error)),
            Stop::Found(fault) => Stopped::Wrong(condemned(fault, &mut trail, seen, &halted.head, self.lang).into()),
        });
        self.trail = Some(trail);
        followed
    }

    fn unread(&self, path: &str, error: &str) -> Failure {
        Failure::unchecked("source", Message::Network { path, error }.text(self.lang))
    }

    fn check_quorum(&self, witnessed: &Witnessed, look: &mut Look) {
        if witnessed.cosigned().satisfies_quorum() {
            return;
        }
        let error =
            PolicyCheckError::Quorum { cosigned: look.cosigners.len(), witnesses: self.policy.witnesses().len() };
        look.found.push(Condition::new(Kind::QuorumLost, "", Failure::found(&error, false, self.lang)));
    }

    /// The time of the head that was audited: the witnesses', or that of its newest entry by the ledger's own clock.
    fn time_of(&self, witnessed: &Witnessed) -> (u64, bool) {
        let by_witnesses = witnessed.cosigned().early(time_group(&self.policy));
        let by_ledger = self.trail.as_ref().map_or(0, |trail| trail.follower.audit().time().0 / 1000);
        (by_witnesses.unwrap_or(by_ledger), by_witnesses.is_some())
    }

    /// A head may be old, and a server that does not answer may have fallen silent.
    fn check_age(&self, memory: &Memory, look: &mut Look) {
        let Some((time, by_witnesses)) = look.time.or(memory.time()) else { return };
        let (age, limit) = (now().saturating_sub(time), self.max_age);
        if age <= limit {
            return;
        }
        let clock = if by_witnesses { Clock::Witnesses } else { Clock::Ledger };
        let message = Message::Stale { age, limit, time: &format_seconds(time), clock }.text(self.lang);
        look.found.push(Condition::new(Kind::Stale, "", Failure::rejected("stale", None, message)));
    }

    fn ask_witnesses(&self, head: &SignedCheckpoint, memory: &Memory, look: &mut Look) {
        let Some(trail) = &self.trail else { return };
        let (asked, witnesses) = views::ask(&self.monitors, &look.origin, &self.policy, self.lang);
        let known = memory.views().map(|(name, note)| (name.to_owned(), note));
        let all: Vec<_> = known.chain(asked).collect();
        let (max_age, lang) = (self.max_age, self.lang);
        let mut views =
            Views { follower: &trail.follower, head, max_age, lang, found: Vec::new(), kept: BTreeMap::new() };
        views.check(&all);
        look.found.append(&mut views.found);
        look.views = Some(views.kept);
        look.witnesses = witnesses;
    }

    fn judge(&mut self, time: u64, memory: &Memory, look: &mut Look) {
        let Some(trail) = &self.trail else { return };
        if trail.chronicle().law().is_empty() {
            return;
        }
        let as_of = AsOf { at: time.cast_signed(), quorum: !self.policy.quorum_is_none() };
        let found = self.judged.judge(trail.chronicle(), as_of, memory.told_overdue());
        if memory.has_judged() {
            look.found.extend(found.new.into_iter().map(|overdue| overdue.condition(self.lang)));
        } else if !found.all.is_empty() {
            look.found.push(overdue::before(&found, self.lang));
        }
        look.overdue = Some(found.all);
    }

    /// Reads an old bundle again, another one at each look. What is kept back may have been erased by an entry that no head covers
    /// yet: it is said when it is so for the second time.
    fn look_again(&self, memory: &Memory, look: &mut Look) {
        let Some(follower) = self.trail.as_ref().map(|trail| &trail.follower) else { return };
        let next = memory.looks().checked_rem(follower.bundles());
        let mut suspects = BTreeSet::new();
        for bundle in memory.suspects().iter().copied().chain(next).collect::<BTreeSet<_>>() {
            match follower.look_again(bundle) {
                Ok(()) => {}
                Err(Stop::Failed { path, error }) => {
                    look.unchecked = Some(self.unread(&path, &error));
                    suspects.extend(memory.suspects().contains(&bundle).then_some(bundle));
                }
                Err(Stop::Found(fault)) => {
                    let condition = wrong(&fault, self.lang);
                    suspects.insert(bundle);
                    if condition.kind != Kind::Withheld || memory.suspects().contains(&bundle) {
                        look.found.push(condition);
                    }
                }
            }
        }
        look.suspects = Some(suspects);
    }

    /// Writes down the evidence of a condition that is to be told, unless it was written before; gives the file.
    pub(super) fn keep_evidence(&self, condition: &mut Condition, written: Option<String>) -> Option<String> {
        if condition.proof.is_none() && !condition.provable {
            return None;
        }
        if let Some(path) = written {
            let said = Message::EvidenceKept { path: &path }.text(self.lang);
            condition.failure.message = format!("{} {said}", condition.failure.message);
            condition.failure.evidence = Some(path);
            return None;
        }
        let kept = keep(&self.evidence, condition.proof.as_ref(), &self.policy);
        condition.failure = told_kept(kept, condition.failure.clone(), self.lang);
        condition.failure.evidence.clone()
    }
}
