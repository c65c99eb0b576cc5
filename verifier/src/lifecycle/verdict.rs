//! The verdict on a lifecycle (裁决): what became of each rule, lot by lot, and on what it rests.

use alloc::string::String;
use alloc::vec::Vec;

use super::instant::{Bounded, Grade, Seconds};
use super::period::Counting;
use super::rulebook::{Branch, Decimal, Rule, Status};
use crate::record::code::Stage;

/// What became of a rule, from the lightest to the gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It asks nothing here, or not yet.
    NotApplicable,
    /// It holds, wherever within their bounds the instants lie.
    Met,
    /// What it asks for is not there yet, and its time has not run out.
    Pending,
    /// It holds, or nearly, or may not be counted as broken: see the reason.
    Warning,
    /// It cannot be told: see the reason.
    Undetermined,
    /// What it asks for is not there, and its time has run out at the head's time.
    Overdue,
    /// It is broken, wherever within their bounds the instants lie.
    Violated,
}

/// Why an outcome is not simply met or violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Long enough, or equal, only under the more generous counting, or by the first of several notices.
    Borderline,
    /// Said only in the full text.
    NotAsData,
    /// The notice was imported and is older than the ledger.
    Imported,
    /// The rule's text is recalled and not yet checked.
    Unconfirmed,
    /// The rule is not one whose breach is a violation.
    Advisory,
    /// A calendar recorded after the days it is about changed one of them.
    CalendarChanged,
    /// It holds or not, depending on where within its bounds an instant lies.
    Bounds,
    /// It holds, but an instant is only of this grade where the policy has a quorum.
    Grade(Grade),
    /// No recorded calendar announces this year.
    UnknownYear(i16),
    /// An event that equals the notice's own publication to the minute.
    NotEvidence(String),
    /// A member that no notice gives.
    NotGiven(String),
    /// A member that is sealed.
    Sealed(String),
    /// A member that was lawfully erased.
    Erased(String),
    /// A member whose value is a placeholder.
    Placeholder(String),
    /// No notice of this stage, which another presupposes.
    NoStage(Stage),
    /// Whether the rule applies depends on a member that no notice gives.
    Scope(String),
    /// The lot was terminated.
    Terminated,
    /// It may be recorded under another project.
    OtherProject,
}

/// An instant that an outcome rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// As the rulebook names it: `contract.signed_at`, `contract.public`.
    pub name: String,
    /// When.
    pub at: Bounded,
    /// The notice it comes from.
    pub notice: u64,
}

/// How an outcome was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// A period against its bounds.
    Period {
        /// From here.
        from: Used,
        /// To there.
        to: Used,
        /// How it is counted.
        counting: Counting,
        /// What was counted: days, working days, years, or tenths of hours.
        measured: i64,
        /// At least.
        min: Option<u32>,
        /// At most.
        max: Option<u32>,
        /// Whether its last day is a working day, where that is known.
        ends_on_working_day: Option<bool>,
        /// The last lawful instant, for a period that may be too long.
        deadline: Option<Seconds>,
    },
    /// Something that is not there, and its deadline.
    Due {
        /// Counted from here; nothing where the law asks for it outright.
        from: Option<Used>,
        /// What: a stage, or a member.
        what: String,
        /// How the period is counted.
        counting: Option<(Counting, u32)>,
        /// How much later what lies within the period may still become known.
        disclosed_within: Option<(Counting, u32)>,
        /// The last lawful instant.
        due: Seconds,
    },
    /// Two instants in order.
    Order {
        /// The one that must be earlier.
        first: Used,
        /// The one that must be later.
        then: Used,
    },
    /// Members that are missing or placeholders.
    Fields {
        /// How many were asked for.
        asked: usize,
        /// Those that are not given.
        missing: Vec<String>,
        /// Those whose value says nothing.
        placeholders: Vec<String>,
    },
    /// How many there are.
    Count {
        /// Of what.
        of: String,
        /// How many.
        found: u64,
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
        /// Whether their ranks are 1, 2, 3, …, where that is asked.
        ranked: Option<bool>,
    },
    /// Two values.
    Equal {
        /// Where the one stands.
        left: String,
        /// Its value.
        left_value: String,
        /// Where the other stands.
        right: String,
        /// Its value.
        right_value: String,
    },
    /// One amount as part of another.
    Ratio {
        /// Where it stands.
        of: String,
        /// The amount.
        amount: Decimal,
        /// Where the other stands.
        to: String,
        /// The other.
        whole: Decimal,
        /// At least this part.
        min: Option<Decimal>,
        /// At most this part.
        max: Option<Decimal>,
    },
    /// A change and the deadline it found.
    Restart {
        /// The change.
        change: Used,
        /// The deadline in force.
        deadline: Used,
        /// The deadline it was moved to.
        moved: Option<Used>,
        /// How much time must be left.
        min: u32,
        /// How that is counted.
        counting: Counting,
        /// The earliest lawful deadline after the change.
        earliest: Seconds,
    },
    /// An objection and what went on while it was open.
    Suspended {
        /// Since when it was open.
        since: Used,
        /// Until when; nothing if it still is.
        until: Option<Used>,
        /// What went on.
        went_on: Option<Used>,
    },
}

/// One question asked and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The answer.
    pub outcome: Outcome,
    /// Why it is not simply met or violated.
    pub reason: Option<Reason>,
    /// How it was computed.
    pub arithmetic: Option<Arithmetic>,
    /// The instants it rests on.
    pub instants: Vec<Used>,
    /// The entries it rests on.
    pub entries: Vec<u64>,
    /// When it is or was due.
    pub due: Option<Seconds>,
    /// The earliest lawful end of a period that must be long enough.
    pub earliest: Option<Seconds>,
    /// The stage that was asked for, if the question was whether and when it is disclosed.
    pub stage: Option<Stage>,
    /// The day of the event, which decides the rulebook and the variant that count.
    pub(super) event: Option<Seconds>,
}

/// What became of a rule in a lot.
#[derive(Clone, Debug)]
pub struct RuleOutcome<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The variant that counted.
    pub branch: &'r Branch,
    /// The gravest of its findings.
    pub outcome: Outcome,
    /// Its findings: one, or one for each part or each notice.
    pub findings: Vec<Finding>,
}

/// How far a lot has come; every closed state is reached by a recorded notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LotState {
    /// A plan or an approval is public.
    Planned,
    /// It is announced.
    Announced,
    /// The bidders are qualified.
    Prequalified,
    /// The bids are opened.
    Opened,
    /// The candidates are public.
    Candidates,
    /// It is awarded.
    Awarded,
    /// A contract is public.
    Contracted,
    /// Its performance is public.
    Performed,
    /// It is accepted.
    Accepted,
    /// It is suspended.
    Suspended,
    /// It failed: too few bidders, or none valid.
    Failed,
    /// It was cancelled or ended otherwise.
    Terminated,
    /// It failed or ended, and goes on as another project.
    Restarted,
    /// Only requests, objections or enforcement are known.
    Other,
}

/// The sum of a lot or a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Closed, and every rule is met or asks nothing.
    Complete,
    /// Not closed, or something is still due.
    InProgress,
    /// Something is required, absent, and its deadline has passed.
    Overdue,
    /// A rule is broken.
    Violated,
}

/// What became of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageStatus {
    /// Disclosed within its deadline.
    OnTime,
    /// Disclosed; no rule sets a deadline, or it cannot be told.
    Disclosed,
    /// Not disclosed, and not yet due.
    NotYetDue,
    /// Disclosed after its deadline.
    Late,
    /// Required, and not disclosed by its deadline.
    Missing,
}

/// A stage of a lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRow {
    /// The stage.
    pub stage: Stage,
    /// What became of it.
    pub status: StageStatus,
    /// Its notices.
    pub notices: Vec<u64>,
    /// When it first became public.
    pub public: Option<Bounded>,
    /// When it is or was due.
    pub due: Option<Seconds>,
    /// The rule that says so.
    pub rule: Option<String>,
    /// When its next notice is due, if one is still to come.
    pub next: Option<Seconds>,
    /// Whether something in it is sealed.
    pub sealed: bool,
    /// Whether something in it was sealed and is revealed.
    pub revealed: bool,
    /// Whether something in it was lawfully erased.
    pub erased: bool,
}

/// What is due next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// When.
    pub due: Seconds,
    /// By which rule.
    pub rule: String,
    /// Which stage, if it is one.
    pub stage: Option<Stage>,
}

/// The verdict on a lot (标段).
#[derive(Clone, Debug)]
pub struct LotVerdict<'r> {
    /// The lot's id; nothing for a project without lots.
    pub id: Option<String>,
    /// How far it has come.
    pub state: LotState,
    /// The project in which it goes on, if it was restarted.
    pub restarts_as: Option<String>,
    /// The sum.
    pub standing: Standing,
    /// Its stages, in lawful order.
    pub stages: Vec<StageRow>,
    /// What is due next.
    pub next: Option<Next>,
    /// What became of each rule that asks something here.
    pub outcomes: Vec<RuleOutcome<'r>>,
}

/// The verdict on a project's lifecycle.
#[derive(Clone, Debug)]
pub struct Lifecycle<'r> {
    /// As of when.
    pub as_of: Seconds,
    /// The sum over its lots.
    pub standing: Standing,
    /// Its lots.
    pub lots: Vec<LotVerdict<'r>>,
}

macro_rules! codes {
    ($name:ident, $($variant:ident $code:literal),+ $(,)?) => {
        impl $name {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The one of this code.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

codes!(Outcome, NotApplicable "not-applicable", Met "met", Pending "pending", Warning "warning",
    Undetermined "undetermined", Overdue "overdue", Violated "violated");
codes!(LotState, Planned "planned", Announced "announced", Prequalified "prequalified", Opened "opened",
    Candidates "candidates", Awarded "awarded", Contracted "contracted", Performed "performed", Accepted "accepted",
    Suspended "suspended", Failed "failed", Terminated "terminated", Restarted "restarted", Other "other");
codes!(Standing, Complete "complete", InProgress "in-progress", Overdue "overdue", Violated "violated");
codes!(StageStatus, OnTime "on-time", Disclosed "disclosed", NotYetDue "not-yet-due", Late "late", Missing "missing");

impl Reason {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Borderline => "borderline",
            Self::NotAsData => "not-as-data",
            Self::Imported => "imported",
            Self::Unconfirmed => "unconfirmed",
            Self::Advisory => "advisory",
            Self::CalendarChanged => "calendar-changed",
            Self::Bounds => "bounds",
            Self::Grade(grade) => grade.code(),
            Self::UnknownYear(_) => "unknown-year",
            Self::NotEvidence(_) => "not-evidence",
            Self::NotGiven(_) => "not-given",
            Self::Sealed(_) => "sealed",
            Self::Erased(_) => "erased",
            Self::Placeholder(_) => "placeholder",
            Self::NoStage(_) => "no-stage",
            Self::Scope(_) => "scope",
            Self::Terminated => "terminated",
            Self::OtherProject => "other-project",
        }
    }
}

impl LotState {
    /// Whether nothing more is to come.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Accepted | Self::Failed | Self::Terminated | Self::Restarted)
    }
}

impl Finding {
    /// An answer that rests on nothing yet.
    pub(super) const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            reason: None,
            arithmetic: None,
            instants: Vec::new(),
            entries: Vec::new(),
            due: None,
            earliest: None,
            stage: None,
            event: None,
        }
    }

    pub(super) const fn not_applicable() -> Self {
        Self::new(Outcome::NotApplicable)
    }

    pub(super) fn undetermined(reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::new(Outcome::Undetermined) }
    }

    pub(super) fn warning(reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::new(Outcome::Warning) }
    }

    /// Rests on these instants and their notices, the first of which is the event.
    pub(super) fn resting_on<'a>(mut self, instants: impl IntoIterator<Item = &'a Used>) -> Self {
        self.instants.extend(instants.into_iter().cloned());
        self.entries.extend(self.instants.iter().map(|used| used.notice));
        self.entries.sort_unstable();
        self.entries.dedup();
        self.event = self.event.or(self.instants.first().map(|used| used.at.late));
        self
    }

    pub(super) fn at_notice(mut self, notice: u64, public: Bounded) -> Self {
        self.entries.push(notice);
        self.event = self.event.or(Some(public.late));
        self
    }

    pub(super) fn computed(mut self, arithmetic: Arithmetic) -> Self {
        self.arithmetic = Some(arithmetic);
        self
    }

    /// Whether it is asked at all depends on a member that no notice gives.
    pub(super) fn out_of(self, member: String) -> Self {
        let (entries, event) = (self.entries, self.event);
        Self { entries, event, ..Self::undetermined(Reason::Scope(member)) }
    }

    /// What the rule's standing and the policy make of the answer.
    pub(super) fn settle(mut self, branch: &Branch, quorum: bool) -> Self {
        let unvouched = self.instants.iter().map(|used| used.at.grade).filter(|grade| *grade >= Grade::Recorded).max();
        match (self.outcome, unvouched) {
            (Outcome::Met, Some(grade)) if quorum => {
                (self.outcome, self.reason) = (Outcome::Undetermined, Some(Reason::Grade(grade)));
            }
            (Outcome::Violated | Outcome::Overdue, _) if branch.status == Status::Recalled => {
                (self.outcome, self.reason) = (Outcome::Warning, Some(Reason::Unconfirmed));
            }
            (Outcome::Violated | Outcome::Overdue, _) if !branch.violates => {
                (self.outcome, self.reason) = (Outcome::Warning, Some(self.reason.unwrap_or(Reason::Advisory)));
            }
            _ => {}
        }
        self
    }
}

impl RuleOutcome<'_> {
    /// The finding that decides.
    pub fn decisive(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.outcome == self.outcome)
    }
}
