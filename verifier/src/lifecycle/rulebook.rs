//! A rulebook (规则): what the law asks to be disclosed, and when, as data.
//!
//! ```text
//! {"format":"mingzhang-rulebook/v1","jurisdiction":"cn","version":"…","effective_from":"…","rules":[RULE,…]}
//! RULE   {"id","sector","title":{zh,en},"basis":{law,article},"status":"L|P|R","effective":{from,until},
//!         "applies":CONDITION,"severity":"violation|warning","check":CHECK}     or "branches":[{"applies",…,"check"},…]
//! CHECK  {"type":"interval","from":"announcement.listing.from","to":"announcement.listing.until",
//!         "min":10,"unit":"calendar","count":"inclusive"}
//! ```
//!
//! Nothing in this program knows a rule, a law or a country: another jurisdiction is another file. `schema/rulebook.schema.json`
//! describes it; [`read`](Rulebook::parse) refuses what does not fit, with the path and the reason. What each check asks is
//! told in [`super::engine`].

mod read;

use alloc::string::String;
use alloc::vec::Vec;

use jiff::civil::Date;

use super::path::{InstantRef, Path, Ref, Selector};
use super::period::Counting;
use crate::record::code::{Sector, Stage};

/// What a rulebook file says it is.
pub const FORMAT: &str = "mingzhang-rulebook/v1";
/// The most rules of a rulebook.
pub const MAX_RULES: usize = 1000;

/// A version of the rules of a jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulebook {
    /// For where.
    pub jurisdiction: String,
    /// Its name.
    pub version: String,
    /// From which day it counts.
    pub effective_from: Date,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id, unique in the rulebook.
    pub id: String,
    /// The sectors it is about; empty for all.
    pub sectors: Vec<Sector>,
    /// What it asks, in a few words.
    pub title: Text,
    /// Where the law says so.
    pub basis: Vec<Basis>,
    /// Its variants; the first that applies counts.
    pub branches: Vec<Branch>,
}

/// A variant of a rule: for some methods, some assets, some years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// How well the law's text is known.
    pub status: Status,
    /// Whether breaking it is a violation; else a warning.
    pub violates: bool,
    /// The days of the event for which it counts.
    pub effective: Effective,
    /// When it applies.
    pub applies: Condition,
    /// What it asks.
    pub check: Check,
}

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A place in the law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The law's name.
    pub law: Text,
    /// Article, as the law numbers it.
    pub article: String,
}

/// How well the law's text is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `L`: read in the law's full text.
    Law,
    /// `P`: read in an official or secondary page.
    Page,
    /// `R`: recalled, still to be checked by a lawyer; never more than a warning.
    Recalled,
}

/// Days, both included; open where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// The first.
    pub from: Option<Date>,
    /// The last.
    pub until: Option<Date>,
}

/// When a rule applies; empty lists ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The sectors.
    pub sectors: Vec<Sector>,
    /// Members of `data` and the codes of which each must have one: `method`, `asset_kind`, `category`.
    pub codes: Vec<(&'static str, Vec<String>)>,
    /// The range in which an amount must lie.
    pub price: Option<Price>,
    /// What else must hold.
    pub given: Vec<Given>,
}

/// A range of amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Which amount.
    pub of: Ref,
    /// Greater than this.
    pub over: Option<Decimal>,
    /// At least this.
    pub from: Option<Decimal>,
    /// At most this.
    pub up_to: Option<Decimal>,
    /// Less than this.
    pub below: Option<Decimal>,
}

/// What a notice must, or must not, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Where; a notice's `.public` is given if there is one.
    pub of: InstantRef,
    /// What.
    pub what: Expected,
}

/// What is expected of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// That it is there, or that it is not.
    Given(bool),
    /// That it is this flag.
    Flag(bool),
    /// That it is this text.
    Text(String),
}

/// An amount with six decimals, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub i128);

/// What a rule asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Made for each notice of this stage, with those that amend it.
    pub each: Option<Stage>,
    /// The question.
    pub kind: CheckKind,
}

/// The questions a rule can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckKind {
    /// A stage is recorded within a period after a trigger.
    Within {
        /// The stage.
        stage: Selector,
        /// The trigger: the first that is given.
        after: Vec<InstantRef>,
        /// At most how long after.
        max: u32,
        /// How that is counted.
        counting: Counting,
    },
    /// A stage exists once another is recorded.
    Once {
        /// The stage.
        stage: Selector,
        /// Any of these.
        once: Vec<Selector>,
        /// A related project of this kind will do.
        or_related: Option<String>,
    },
    /// A period is at least, or at most, so long.
    Interval {
        /// Its begin: the first that is given.
        from: Vec<InstantRef>,
        /// Its end: the first that is given.
        to: Vec<InstantRef>,
        /// At least.
        min: Option<u32>,
        /// At most.
        max: Option<u32>,
        /// How it is counted.
        counting: Counting,
        /// How much later an end that lies within may still become known: only after that is it overdue.
        disclosed_within: Option<(u32, Counting)>,
    },
    /// One stage is recorded before another.
    Order {
        /// The earlier one.
        first: Selector,
        /// The later one.
        then: Selector,
    },
    /// Members are given, and not placeholders.
    Fields {
        /// In the notices of this stage.
        stage: Selector,
        /// Each a list of alternatives.
        members: Vec<Vec<Path>>,
    },
    /// So many elements.
    Count {
        /// An array, or a number.
        of: Ref,
        /// At least.
        min: Option<u64>,
        /// At most.
        max: Option<u64>,
        /// Whether the elements' `rank` must be 1, 2, 3, ….
        ranked: bool,
        /// With too few, this stage makes up for it …
        otherwise: Option<Selector>,
        /// … unless one of these is recorded.
        forbids: Vec<Selector>,
    },
    /// Two values are equal.
    Equal {
        /// One.
        left: Ref,
        /// The other: the first that is given.
        right: Vec<Ref>,
    },
    /// One amount is at least, or at most, such a part of another.
    Ratio {
        /// One.
        of: Ref,
        /// The other.
        to: Ref,
        /// At least.
        min: Option<Decimal>,
        /// At most.
        max: Option<Decimal>,
        /// Unless this is given.
        unless: Option<Ref>,
    },
    /// A late change moves the deadline.
    Restart {
        /// The changes.
        change: Selector,
        /// The deadline: the first that is given.
        deadline: Vec<InstantRef>,
        /// The member of a change that moves it.
        moved: Path,
        /// How much time must be left.
        min: u32,
        /// How that is counted.
        counting: Counting,
        /// Whether any change before the deadline restarts the period, not only one in its last `min`.
        whole: bool,
        /// A change that says otherwise of this flag is passed over.
        counts: Option<(Path, bool)>,
    },
    /// Nothing goes on while an objection is open.
    Suspended {
        /// The objections.
        by: Selector,
        /// Since when each is open.
        since: Path,
        /// Until when.
        until: Path,
        /// What must wait.
        stages: Vec<Selector>,
    },
    /// A sealed value is revealed in time.
    Reveal {
        /// Only of this field.
        field: Option<String>,
        /// How long after its stage or date.
        max: u32,
        /// How that is counted.
        counting: Counting,
    },
    /// Each of these: a part may be of another status, or count for other days.
    All(Vec<Branch>),
}

/// Why something is no rulebook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rulebook, at {path}: {problem}")]
pub struct RulebookError {
    /// Where, e.g. `rules[3].check.min`.
    pub path: String,
    /// What was expected there.
    pub problem: String,
}

impl Status {
    /// Its code in a rulebook.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Law => "L",
            Self::Page => "P",
            Self::Recalled => "R",
        }
    }
}

impl Rule {
    /// Whether it is about this sector.
    pub fn covers(&self, sector: Sector) -> bool {
        self.sectors.is_empty() || self.sectors.contains(&sector)
    }
}

impl Effective {
    /// Whether a day lies within.
    pub fn holds(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Price {
    /// Whether an amount lies in the range.
    pub fn holds(&self, amount: Decimal) -> bool {
        self.over.is_none_or(|bound| amount > bound)
            && self.from.is_none_or(|bound| amount >= bound)
            && self.up_to.is_none_or(|bound| amount <= bound)
            && self.below.is_none_or(|bound| amount < bound)
    }
}

impl Decimal {
    const SCALE: i128 = 1_000_000;

    /// Reads a decimal string of at most six decimals and 24 digits before them.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        if whole.len() > 24 || fraction.len() > 6 {
            return None;
        }
        let whole: i128 = whole.parse().ok()?;
        let decimals: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let places = u32::try_from(6 - fraction.len()).ok()?;
        let value = whole * Self::SCALE + decimals * 10_i128.pow(places);
        Some(Self(if negative { -value } else { value }))
    }

    /// This part of an amount, as long as both are amounts of this world.
    pub fn part_of(self, amount: Self) -> Option<Self> {
        Some(Self(self.0.checked_mul(amount.0)? / Self::SCALE))
    }
}

impl core::fmt::Display for Decimal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (sign, value) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let scale = Self::SCALE.unsigned_abs();
        let decimals = alloc::format!("{:06}", value % scale);
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{sign}{}", value / scale),
            decimals => write!(f, "{sign}{}.{decimals}", value / scale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rulebook_fits() {
        let rulebook = Rulebook::parse(include_str!("../../rulebooks/cn.json")).unwrap();
        assert_eq!(rulebook.jurisdiction, "cn");
    }

    #[test]
    fn decimals_are_exact() {
        for (text, value) in [("0", 0), ("1.5", 1_500_000), ("-0.000001", -1), ("10000000.00", 10_000_000_000_000)] {
            assert_eq!(Decimal::parse(text), Some(Decimal(value)), "{text}");
        }
        for text in ["", ".5", "1.", "1.0000001", "1e3", "--1", "1,000", "9999999999999999999999999"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(alloc::format!("{} {}", Decimal(-1_500_000), Decimal(2_000_000)), "-1.5 2");
        assert_eq!(Decimal(900_000).part_of(Decimal(2_000_000)), Some(Decimal(1_800_000)));
    }
}
