//! The law in force (规则与日历): the rulebooks and calendars a ledger has recorded, by the days they count for.

use alloc::vec::Vec;

use jiff::civil::Date;

use super::calendar::Calendar;
use super::instant::{Seconds, day_of};
use super::rulebook::{Rulebook, RulebookError};
use crate::record::disclosure::Shown;
use crate::record::json::Value;
use crate::record::statement::{Content, Statement};

/// Rulebooks and calendars, in the order in which they were recorded.
#[derive(Clone, Debug, Default)]
pub struct Law {
    versions: Vec<Version>,
    /// Rulebooks that were recorded and cannot be read.
    faults: Vec<(u64, RulebookError)>,
    calendar: Calendar,
}

#[derive(Clone, Debug)]
struct Version {
    index: u64,
    /// The first day for which it counts.
    start: Date,
    rulebook: Rulebook,
}

impl Law {
    /// Takes in an entry, if it is a rulebook or a calendar; entries come in the order of the ledger.
    pub fn record(&mut self, index: u64, recorded: Seconds, statement: &Statement, shown: &Shown) {
        match &statement.content {
            Content::Rulebook { jurisdiction, version, effective_from, rules, .. } => {
                let Some(disclosed) = shown.values.get(rules) else { return };
                self.add(index, recorded, jurisdiction, version, *effective_from, &disclosed.value);
            }
            Content::Calendar { year, holidays, workdays, .. } => {
                self.calendar.add(*year, holidays, workdays, recorded);
            }
            _ => {}
        }
    }

    /// A version counts from the later of the day it says and the day it was recorded; only the first reaches further back.
    fn add(
        &mut self,
        index: u64,
        recorded: Seconds,
        jurisdiction: &str,
        version: &str,
        effective_from: Date,
        rules: &Value,
    ) {
        let first = self.versions.is_empty();
        let start = if first { effective_from } else { effective_from.max(day_of(recorded)) };
        match Rulebook::from_rules(jurisdiction, version, effective_from, rules) {
            Ok(rulebook) => self.versions.push(Version { index, start, rulebook }),
            Err(error) => self.faults.push((index, error)),
        }
    }

    /// A law of one rulebook and calendar that nobody recorded, for a look ahead.
    pub fn of(rulebook: Rulebook, calendar: Calendar) -> Self {
        let start = rulebook.effective_from;
        let versions = alloc::vec![Version { index: 0, start, rulebook }];
        Self { versions, faults: Vec::new(), calendar }
    }

    /// The working days.
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The rulebooks that can be read.
    pub fn rulebooks(&self) -> impl Iterator<Item = &Rulebook> {
        self.versions.iter().map(|version| &version.rulebook)
    }

    /// The rulebooks that can be read: index of the entry, and the first day for which it counts.
    pub fn versions(&self) -> impl Iterator<Item = (u64, Date, &Rulebook)> {
        self.versions.iter().map(|version| (version.index, version.start, &version.rulebook))
    }

    /// The rulebooks that cannot be read: index of the entry, and why.
    pub fn faults(&self) -> &[(u64, RulebookError)] {
        &self.faults
    }

    /// Which rulebook counts for an event of that day: of those that have begun the last to begin, of equals the later
    /// recorded.
    pub fn in_force(&self, day: Date) -> Option<usize> {
        let begun = self.versions.iter().enumerate().filter(|(_, version)| version.start <= day);
        begun.max_by_key(|(at, version)| (version.start, *at)).map(|(at, _)| at)
    }

    /// Whether there is no rulebook to judge by.
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }
}
