//! The sum of many verdicts (汇总): the figures of an inspector's report, added up project by project.
//!
//! Nothing here knows a rule or a law: what is counted of a rule is what its check has found. Sums of parts add up to the sum of
//! the whole, so that projects can be judged on all cores, and a portal can give the same figures for one district alone.

mod figures;

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use self::figures::Names;
use self::figures::{Change, Figures, Key, less, more};
use super::chronicle::Profile;
use super::facts::{NoticeFacts, Project};
use super::instant::{Seconds, day_of};
use super::period::Unit;
use super::remark::{About, Empty, empty_members};
use super::verdict::{
    Arithmetic, Finding, Lifecycle, LotVerdict, Outcome, Reason, RuleOutcome, StageRow, StageStatus, Standing,
};
use crate::record::code::{Sector, Stage};

/// A month of Asia/Shanghai: year, and 1 to 12.
pub type Month = (i16, i8);

/// Figures of many projects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All of them.
    pub all: Group,
    /// By sector.
    pub sectors: BTreeMap<Sector, Group>,
    /// By district; those without one under nothing.
    pub districts: BTreeMap<Option<String>, Group>,
    /// By responsible unit.
    pub units: BTreeMap<Arc<str>, Group>,
    /// By rule.
    pub rules: BTreeMap<String, RuleFigures>,
    /// By month.
    pub months: BTreeMap<Month, MonthFigures>,
    /// Listings and results, by sector.
    pub listings: BTreeMap<Sector, Listings>,
    /// What was remarked.
    pub remarks: RemarkFigures,
}

/// Figures of one project: what it adds to a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFigures {
    /// Its sector.
    pub sector: Sector,
    /// Its district, if one is given.
    pub region: Option<String>,
    /// Its responsible unit.
    pub unit: Arc<str>,
    /// How it stands.
    pub group: Group,
    /// By rule.
    pub rules: BTreeMap<String, RuleFigures>,
    /// By month.
    pub months: BTreeMap<Month, MonthFigures>,
    /// Its listing and result.
    pub listings: Listings,
    /// What was remarked of it.
    pub remarks: RemarkFigures,
}

/// Figures of a group of projects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Projects.
    pub projects: u64,
    /// Lots; a project without any is one.
    pub lots: u64,
    /// Notices.
    pub notices: u64,
    /// Projects that stand so.
    pub standings: BTreeMap<Standing, u64>,
    /// Stages of lots that stand so.
    pub stages: BTreeMap<StageStatus, u64>,
    /// Rules of lots that came out so.
    pub outcomes: BTreeMap<Outcome, u64>,
}

/// Figures of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFigures {
    /// Lots by what became of it.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Lots by why.
    pub reasons: BTreeMap<String, u64>,
    /// Of periods that must have a length.
    pub periods: Periods,
    /// Of numbers of things.
    pub counts: Counts,
}

/// Periods that must be at least so long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Periods {
    /// All that were measured.
    pub measured: u64,
    /// Shorter than that.
    pub below: u64,
    /// Exactly so long.
    pub exact: u64,
    /// Whose last day is not a working day.
    pub end_on_day_off: u64,
    /// Long enough only under the more generous counting.
    pub borderline: u64,
    /// All, by how much longer than that they are: see [`MARGINS`].
    pub margins: [u64; MARGINS.len() + 1],
}

/// Where classes of margins begin: a margin is a period's length less its lawful minimum, in whole days (or working days, as the
/// period is counted; of hours in days of 24). The first class is below the first of these.
pub const MARGINS: [i64; 7] = [-7, -2, 0, 1, 3, 8, 15];

/// Numbers of things that must lie within bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that were counted.
    pub counted: u64,
    /// Too few.
    pub below: u64,
    /// Too many.
    pub above: u64,
}

/// Figures of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonthFigures {
    /// Notices that became public in it.
    pub notices: u64,
    /// Stages first disclosed in it, on time.
    pub on_time: u64,
    /// Stages first disclosed in it, late.
    pub late: u64,
    /// Stages that were due in it and are missing.
    pub missing: u64,
    /// Rules broken by events in it.
    pub violated: u64,
}

/// Listings (公告) and results (结果), by project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listings {
    /// Projects with a listing.
    pub listed: u64,
    /// Projects with a result.
    pub with_result: u64,
    /// Projects with both.
    pub both: u64,
    /// Projects with a listing that was neither decided nor ended.
    pub without_result: u64,
    /// Projects with a listing that was ended without a result.
    pub ended: u64,
    /// Projects with a result and no listing.
    pub without_listing: u64,
}

/// How often something was remarked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RemarkFigures {
    /// Members with look-alike characters.
    pub look_alikes: u64,
    /// Codes whose own check does not hold.
    pub codes: u64,
    /// Members whose value is a placeholder.
    pub placeholders: u64,
    /// Events in the very minute of the notice's own publication.
    pub not_evidence: u64,
    /// Notices posted more than once.
    pub reposted: u64,
    /// The notices that were posted again.
    pub reposts: u64,
}

/// A project's listing and result.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'p> {
    /// Its first announcement.
    pub listed: Option<&'p NoticeFacts>,
    /// Its first award.
    pub result: Option<&'p NoticeFacts>,
    /// The notice that ended it.
    pub ended: Option<&'p NoticeFacts>,
}

impl<'p> Listing<'p> {
    /// Looks them up; nothing for a project that has neither listing nor result.
    pub fn of(project: &'p Project) -> Option<Self> {
        let first = |stage: Stage| project.notices.iter().find(|notice| notice.stage == stage);
        let (listed, result, ended) = (first(Stage::Announcement), first(Stage::Award), first(Stage::Termination));
        (listed.is_some() || result.is_some()).then_some(Self { listed, result, ended })
    }

    /// Whether a listing still waits for its result.
    pub const fn is_without_result(&self) -> bool {
        self.listed.is_some() && self.result.is_none() && self.ended.is_none()
    }

    /// Whether a result had no listing.
    pub const fn is_without_listing(&self) -> bool {
        self.result.is_some() && self.listed.is_none()
    }
}

/// Notices that are one posted several times: same lot, stage and title, none of them amending another. The first of each group
/// is the original.
pub fn reposted(project: &Project) -> Vec<Vec<&NoticeFacts>> {
    let mut groups: BTreeMap<_, Vec<&NoticeFacts>> = BTreeMap::new();
    for notice in project.notices.iter().filter(|notice| !notice.members.has("amends")) {
        groups.entry((notice.lot(), notice.stage, notice.title)).or_default().push(notice);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

impl ProjectFigures {
    /// The figures of a project as far as it was public when it was judged (see [`Project::until`]).
    pub fn of(profile: &Profile, project: &Project, verdict: &Lifecycle<'_>) -> Self {
        let mut figures = Self {
            sector: profile.sector,
            region: profile.region.clone(),
            unit: Arc::clone(&profile.unit),
            group: Group::of(project.notices.len() as u64, verdict),
            rules: BTreeMap::new(),
            months: BTreeMap::new(),
            listings: Listing::of(project).map(|listing| Listings::of(&listing)).unwrap_or_default(),
            remarks: RemarkFigures::default(),
        };
        verdict.lots.iter().for_each(|lot| figures.add_lot(lot));
        for notice in &project.notices {
            figures.months.entry(month(notice.public.late)).or_default().notices += 1;
            figures.remarks.add(notice);
        }
        for group in reposted(project) {
            figures.remarks.reposted += 1;
            figures.remarks.reposts += group.len() as u64 - 1;
        }
        figures
    }

    fn add_lot(&mut self, lot: &LotVerdict<'_>) {
        lot.stages.iter().for_each(|row| self.add_stage(row));
        for outcome in &lot.outcomes {
            match self.rules.get_mut(&outcome.rule.id) {
                Some(figures) => figures.add(outcome),
                None => self.rules.entry(outcome.rule.id.clone()).or_default().add(outcome),
            }
            if outcome.outcome == Outcome::Violated
                && let Some(at) = outcome.decisive().and_then(|finding| finding.event)
            {
                self.months.entry(month(at)).or_default().violated += 1;
            }
        }
    }

    fn add_stage(&mut self, row: &StageRow) {
        let figure: fn(&mut MonthFigures) -> &mut u64 = match row.status {
            StageStatus::OnTime => |figures| &mut figures.on_time,
            StageStatus::Late => |figures| &mut figures.late,
            StageStatus::Missing => |figures| &mut figures.missing,
            StageStatus::Disclosed | StageStatus::NotYetDue => return,
        };
        let at = if row.status == StageStatus::Missing { row.due } else { row.public.map(|public| public.late) };
        if let Some(at) = at {
            *figure(self.months.entry(month(at)).or_default()) += 1;
        }
    }
}

impl Summary {
    /// Adds a project as far as it was public when it was judged (see [`Project::until`]).
    pub fn add(&mut self, profile: &Profile, project: &Project, verdict: &Lifecycle<'_>) {
        self.include(&ProjectFigures::of(profile, project, verdict));
    }

    /// Adds the figures of a project.
    pub fn include(&mut self, project: &ProjectFigures) {
        self.change(project, more);
    }

    /// Takes the figures of a project away again: what is left is as if they had never been added.
    pub fn exclude(&mut self, project: &ProjectFigures) {
        self.change(project, less);
    }

    fn change(&mut self, project: &ProjectFigures, by: Change) {
        self.all.change(&project.group, by);
        change_one(&mut self.sectors, &project.sector, &project.group, by);
        change_one(&mut self.districts, &project.region, &project.group, by);
        change_one(&mut self.units, &project.unit, &project.group, by);
        self.rules.change(&project.rules, by);
        self.months.change(&project.months, by);
        change_one(&mut self.listings, &project.sector, &project.listings, by);
        self.remarks.change(&project.remarks, by);
    }

    /// Adds the sum of other projects.
    pub fn merge(&mut self, other: &Self) {
        self.all.change(&other.all, more);
        self.sectors.change(&other.sectors, more);
        self.districts.change(&other.districts, more);
        self.units.change(&other.units, more);
        self.rules.change(&other.rules, more);
        self.months.change(&other.months, more);
        self.listings.change(&other.listings, more);
        self.remarks.change(&other.remarks, more);
    }
}

/// Changes the sums of one key; a key of which nothing is left goes.
fn change_one<K: Key, V: Figures>(sums: &mut BTreeMap<K, V>, key: &K, figures: &V, by: Change) {
    if figures.is_nothing() {
        return;
    }
    let sum = sums.entry(key.clone()).or_default();
    sum.change(figures, by);
    if sum.is_nothing() {
        sums.remove(key);
    }
}

/// The month of Asia/Shanghai in which an instant lies.
pub fn month(at: Seconds) -> Month {
    let day = day_of(at);
    (day.year(), day.month())
}

impl Group {
    fn of(notices: u64, verdict: &Lifecycle<'_>) -> Self {
        let standings = [(verdict.standing, 1)].into();
        let mut group = Self { projects: 1, lots: verdict.lots.len() as u64, notices, standings, ..Self::default() };
        for lot in &verdict.lots {
            lot.stages.iter().for_each(|row| *group.stages.entry(row.status).or_default() += 1);
            lot.outcomes.iter().for_each(|outcome| *group.outcomes.entry(outcome.outcome).or_default() += 1);
        }
        group
    }

    /// How many projects stand so.
    pub fn standing(&self, standing: Standing) -> u64 {
        self.standings.get(&standing).copied().unwrap_or_default()
    }

    /// How many stages stand so.
    pub fn stage(&self, status: StageStatus) -> u64 {
        self.stages.get(&status).copied().unwrap_or_default()
    }

    /// How many rules came out so.
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    /// Stages whose deadline is known and over: on time, late or missing. Rates of disclosure are parts of these.
    pub fn due_stages(&self) -> u64 {
        [StageStatus::OnTime, StageStatus::Late, StageStatus::Missing].iter().map(|status| self.stage(*status)).sum()
    }
}

impl RuleFigures {
    fn add(&mut self, outcome: &RuleOutcome<'_>) {
        *self.outcomes.entry(outcome.outcome).or_default() += 1;
        if let Some(reason) = outcome.decisive().and_then(|finding| finding.reason.as_ref()) {
            *self.reasons.entry(reason.code().to_owned()).or_default() += 1;
        }
        for finding in &outcome.findings {
            match &finding.arithmetic {
                Some(Arithmetic::Period { .. }) => self.periods.add(finding),
                Some(Arithmetic::Count { found, min, max, .. }) => self.counts.add(*found, *min, *max),
                _ => {}
            }
        }
    }

    /// How many lots came out so.
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }
}

impl Periods {
    fn add(&mut self, finding: &Finding) {
        let Some(Arithmetic::Period { from, to, counting, measured, min: Some(min), ends_on_working_day, .. }) =
            &finding.arithmetic
        else {
            return;
        };
        // Hours are measured in tenths, cut off: whether a period is exactly so long its ends tell.
        let (length, floor) = match counting.unit {
            Unit::Hour => (to.at.early.saturating_sub(from.at.late), i64::from(*min) * 3600),
            _ => (*measured, i64::from(*min)),
        };
        let days = if counting.unit == Unit::Hour { (length - floor).div_euclid(86_400) } else { length - floor };
        self.margins[MARGINS.partition_point(|begin| *begin <= days)] += 1;
        self.measured += 1;
        self.below += u64::from(length < floor);
        self.exact += u64::from(length == floor);
        self.end_on_day_off += u64::from(*ends_on_working_day == Some(false));
        self.borderline += u64::from(finding.reason == Some(Reason::Borderline));
    }
}

impl Counts {
    fn add(&mut self, found: u64, min: Option<u64>, max: Option<u64>) {
        self.counted += 1;
        self.below += u64::from(min.is_some_and(|min| found < min));
        self.above += u64::from(max.is_some_and(|max| found > max));
    }
}

impl Listings {
    fn of(listing: &Listing<'_>) -> Self {
        let (listed, result) = (listing.listed.is_some(), listing.result.is_some());
        Self {
            listed: listed.into(),
            with_result: result.into(),
            both: (listed && result).into(),
            without_result: listing.is_without_result().into(),
            ended: (listed && !result && listing.ended.is_some()).into(),
            without_listing: listing.is_without_listing().into(),
        }
    }
}

impl RemarkFigures {
    fn add(&mut self, notice: &NoticeFacts) {
        for remark in &notice.remarks {
            match remark.about {
                About::LookAlikes(_) => self.look_alikes += 1,
                About::CreditCode(_) | About::Supervision(_) => self.codes += 1,
            }
        }
        for (_, empty) in empty_members(notice) {
            match empty {
                Empty::Placeholder => self.placeholders += 1,
                Empty::NotEvidence => self.not_evidence += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::lifecycle::calendar::Calendar;
    use crate::lifecycle::instant::{Bounded, Grade, start_of};
    use crate::lifecycle::law::Law;
    use crate::lifecycle::rulebook::Rulebook;
    use crate::lifecycle::{AsOf, judge};
    use crate::record::json::{parse, parse_object};

    const RULES: &str = r#"[{"id":"a","sector":"land","title":{"zh":"合同","en":"contract"},
        "basis":{"law":{"zh":"法","en":"law"},"article":"1"},"status":"L",
        "check":{"type":"interval","from":"contract.signed_at","to":"contract.public","max":20,"unit":"calendar"}},
        {"id":"b","sector":"land","title":{"zh":"履约","en":"performance"},
        "basis":{"law":{"zh":"法","en":"law"},"article":"2"},"status":"L",
        "check":{"type":"interval","from":"contract.planned.handover","to":"performance.public","max":20,"unit":"calendar"}}]"#;

    fn law() -> Law {
        let rules = parse(RULES).unwrap();
        let rulebook = Rulebook::from_rules("xx", "1", date(2020, 1, 1), &rules).unwrap();
        Law::of(rulebook, Calendar::default())
    }

    fn contract(index: u64, signed: &str, public: Seconds) -> NoticeFacts {
        let data = alloc::format!(r#"{{"data":{{"signed_at":"{signed}","planned":{{"handover":"2026-03-10"}}}}}}"#);
        NoticeFacts {
            index,
            id: alloc::format!("{index}"),
            publisher: "p".into(),
            sector: Sector::Land,
            stage: Stage::Contract,
            public: Bounded::exact(public, Grade::Recorded),
            recorded: public,
            published_at: None,
            members: parse_object(&data).unwrap(),
            withheld: Vec::new(),
            title: [0; 8],
            remarks: Vec::new(),
        }
    }

    fn profile(id: &str, region: &str) -> Profile {
        let (id, region) = (id.into(), Some(region.into()));
        Profile { id, name: "n".into(), sector: Sector::Land, region, unit: "u".into() }
    }

    /// Texts in the order in which they came.
    #[derive(Default)]
    struct Kept(Vec<String>);

    impl Names for Kept {
        fn number(&mut self, text: &str) -> u64 {
            let at = self.0.iter().position(|known| known == text);
            at.unwrap_or_else(|| {
                self.0.push(text.into());
                self.0.len() - 1
            }) as u64
        }

        fn text(&self, number: u64) -> Option<&str> {
            self.0.get(usize::try_from(number).ok()?).map(String::as_str)
        }
    }

    #[test]
    fn what_is_kept_of_a_project_comes_back_and_what_is_taken_away_leaves_nothing() {
        let law = law();
        let as_of = AsOf { at: start_of(date(2026, 6, 1)), quorum: false };
        let (mut names, mut sum, mut kept) = (Kept::default(), Summary::default(), Vec::new());
        for (id, public) in [("A", date(2026, 3, 5)), ("B", date(2026, 5, 6)), ("C", date(2026, 3, 5))] {
            let mut project = Project::new(id, start_of(date(2026, 1, 1)));
            project.notices.push(contract(1, "2026-03-02", start_of(public)));
            let mut profile = profile(id, "420106");
            profile.region = profile.region.filter(|_| id != "C");
            let figures = ProjectFigures::of(&profile, &project, &judge(&project, &law, as_of));
            let bytes = figures.to_bytes(&mut names);
            assert_eq!(ProjectFigures::from_bytes(&bytes, &names).as_ref(), Some(&figures));
            for cut in 0..bytes.len() {
                assert_eq!(ProjectFigures::from_bytes(&bytes[..cut], &names), None, "cut at {cut}");
            }
            assert_eq!(ProjectFigures::from_bytes(&bytes, &Kept::default()), None, "names that nobody knows");
            sum.include(&figures);
            kept.push(figures);
        }
        let mut other = Summary::default();
        other.include(&kept[1]);
        sum.exclude(&kept[0]);
        sum.exclude(&kept[2]);
        assert_eq!(sum, other, "what is left is as if the others had never been there");
        sum.exclude(&kept[1]);
        assert_eq!(sum, Summary::default());
    }

    #[test]
    fn stages_on_time_late_and_missing_add_up_however_they_are_parted() {
        let law = law();
        let as_of = AsOf { at: start_of(date(2026, 6, 1)), quorum: false };
        let mut whole = Summary::default();
        let mut parts = Summary::default();
        for (id, region, public) in
            [("A", "420106", date(2026, 3, 5)), ("B", "420106", date(2026, 5, 6)), ("C", "420100", date(2026, 3, 5))]
        {
            let mut project = Project::new(id, start_of(date(2026, 1, 1)));
            project.notices.push(contract(1, "2026-03-02", start_of(public)));
            let verdict = judge(&project, &law, as_of);
            whole.add(&profile(id, region), &project, &verdict);
            let mut part = Summary::default();
            part.add(&profile(id, region), &project, &verdict);
            parts.merge(&part);
        }
        assert_eq!(whole, parts);
        let stage = |group: &Group| {
            [StageStatus::OnTime, StageStatus::Late, StageStatus::Missing].map(|status| group.stage(status))
        };
        assert_eq!(stage(&whole.all), [2, 1, 3]);
        assert_eq!(stage(&whole.districts[&Some("420106".into())]), [1, 1, 2]);
        assert_eq!(
            (whole.all.due_stages(), whole.all.standing(Standing::Violated), whole.all.standing(Standing::Overdue)),
            (6, 1, 2)
        );
        let month = |month| whole.months[&(2026, month)];
        assert_eq!((month(3).on_time, month(3).missing, month(5).late), (2, 3, 1));
        assert_eq!(whole.rules["a"].outcomes, [(Outcome::Met, 2), (Outcome::Violated, 1)].into());
    }
}
