//! Working days (工作日), as recorded calendars say.
//!
//! ```text
//! a day  =  what the last recorded calendar that names it says  |  else its weekday, in a recorded year  |  else unknown
//! ```
//!
//! A year that no calendar announces is unknown, never guessed. The days of December may stand in the next year's calendar.

use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::{Date, Weekday};

use super::instant::{Seconds, day_after};

/// The working days that a ledger's calendars announce.
#[derive(Clone, Debug, Default)]
pub struct Calendar {
    /// When each year was first announced.
    years: BTreeMap<i16, Seconds>,
    days: BTreeMap<Date, Named>,
    /// What is known of each day, for counting.
    known: BTreeMap<i16, KnownYear>,
}

/// The days of a year, the first of January first.
type KnownYear = [Option<bool>; 366];

/// A day that a calendar names.
#[derive(Clone, Copy, Debug)]
struct Named {
    working: bool,
    /// What the calendars recorded by the end of that day said, if one named it.
    in_time: Option<bool>,
}

/// A result that needs a year which no recorded calendar announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownYear(pub i16);

impl Calendar {
    /// Takes in a calendar recorded at that time; calendars come in the order in which they were recorded.
    pub fn add(&mut self, year: i16, holidays: &BTreeSet<Date>, workdays: &BTreeSet<Date>, recorded: Seconds) {
        if let Entry::Vacant(year_first_announced) = self.years.entry(year) {
            year_first_announced.insert(recorded);
            self.announce(year);
        }
        let named = holidays.iter().map(|day| (day, false)).chain(workdays.iter().map(|day| (day, true)));
        for (day, working) in named {
            let in_time = self.days.get(day).and_then(|named| named.in_time);
            let in_time = if recorded < day_after(*day) { Some(working) } else { in_time };
            self.days.insert(*day, Named { working, in_time });
            self.known.entry(day.year()).or_insert([None; 366])[place(*day)] = Some(working);
        }
    }

    /// Of an announced year, every day that is not named is known by its weekday.
    fn announce(&mut self, year: i16) {
        let known = self.known.entry(year).or_insert([None; 366]);
        for day in Date::new(year, 1, 1).into_iter().flat_map(|first| first.series(Span::new().days(1))) {
            if day.year() != year {
                break;
            }
            known[place(day)].get_or_insert(is_weekday(day));
        }
    }

    /// Whether no year is announced at all.
    pub fn is_empty(&self) -> bool {
        self.years.is_empty()
    }

    /// The years announced.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.years.keys().copied()
    }

    /// Whether people work on that day.
    ///
    /// # Errors
    /// No recorded calendar announces its year, or names it.
    pub fn is_working(&self, day: Date) -> Result<bool, UnknownYear> {
        let year = day.year();
        working(self.known.get(&year), year, place(day))
    }

    /// Whether a calendar recorded after that day says of it what those recorded before did not.
    pub fn changed_afterwards(&self, day: Date) -> bool {
        let Some(named) = self.days.get(&day) else { return false };
        let announced = self.years.get(&day.year()).is_some_and(|recorded| *recorded < day_after(day));
        let then = named.in_time.or(announced.then(|| is_weekday(day)));
        then.is_some_and(|then| then != named.working)
    }

    /// Whether [`Calendar::changed_afterwards`] is so of any day from `first` to `last`, both included.
    pub fn changed_between(&self, first: Date, last: Date) -> bool {
        first <= last && self.days.range(first..=last).any(|(day, _)| self.changed_afterwards(*day))
    }

    /// The first working day from this one on.
    ///
    /// # Errors
    /// A day on the way is unknown.
    pub fn working_from(&self, mut day: Date) -> Result<Date, UnknownYear> {
        while !self.is_working(day)? {
            day = next(day)?;
        }
        Ok(day)
    }

    /// The `count`th working day after this one, for `count` ≥ 1.
    ///
    /// # Errors
    /// A day on the way is unknown.
    pub fn working_after(&self, day: Date, count: u32) -> Result<Date, UnknownYear> {
        let (mut year, mut from, mut left) = (day.year(), place(day) + 1, count);
        if left == 0 {
            return Ok(day);
        }
        loop {
            let known = self.known.get(&year);
            for place in from..days_of(year) {
                left -= u32::from(working(known, year, place)?);
                if left == 0 {
                    return at_place(year, place).ok_or(UnknownYear(year));
                }
            }
            (year, from) = (year.checked_add(1).ok_or(UnknownYear(year))?, 0);
        }
    }

    /// How many working days there are from `first` to `last`, both included.
    ///
    /// # Errors
    /// A day on the way is unknown.
    pub fn working_between(&self, first: Date, last: Date) -> Result<i64, UnknownYear> {
        let mut count = 0;
        for year in first.year()..=last.year() {
            let from = if year == first.year() { place(first) } else { 0 };
            let end = if year == last.year() { place(last) + 1 } else { days_of(year) };
            let known = self.known.get(&year);
            for place in from..end {
                count += i64::from(working(known, year, place)?);
            }
        }
        Ok(count)
    }
}

/// Whether people work on the day at this place of a year.
fn working(known: Option<&KnownYear>, year: i16, place: usize) -> Result<bool, UnknownYear> {
    known.and_then(|known| known[place]).ok_or(UnknownYear(year))
}

/// Where a day stands in its year.
fn place(day: Date) -> usize {
    usize::try_from(day.day_of_year() - 1).unwrap_or_default()
}

fn at_place(year: i16, place: usize) -> Option<Date> {
    let day_of_year = i16::try_from(place + 1).ok()?;
    Date::new(year, 1, 1).ok()?.with().day_of_year(day_of_year).build().ok()
}

fn days_of(year: i16) -> usize {
    Date::new(year, 1, 1).map_or(0, |first| usize::try_from(first.days_in_year()).unwrap_or_default())
}

fn is_weekday(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The end of the years that can be counted is as unknown as any other.
fn next(day: Date) -> Result<Date, UnknownYear> {
    day.tomorrow().map_err(|_| UnknownYear(day.year()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn calendar() -> Calendar {
        let mut calendar = Calendar::default();
        let days = |days: &[Date]| days.iter().copied().collect::<BTreeSet<_>>();
        calendar.add(2025, &days(&[date(2025, 1, 1)]), &days(&[date(2025, 1, 26)]), 0);
        calendar.add(2026, &days(&[date(2025, 12, 31), date(2026, 1, 1)]), &days(&[]), 0);
        calendar
    }

    #[test]
    fn working_days_are_as_many_however_they_are_counted() {
        let calendar = calendar();
        let one_by_one = |mut day: Date, last| {
            let mut count = 0;
            while day <= last {
                count += i64::from(calendar.is_working(day)?);
                day = next(day)?;
            }
            Ok::<_, UnknownYear>(count)
        };
        let mut first = date(2024, 12, 28);
        while first < date(2026, 1, 12) {
            for length in 0..400 {
                let Ok(last) = first.checked_add(Span::new().days(length)) else { continue };
                assert_eq!(calendar.working_between(first, last), one_by_one(first, last), "{first} {last}");
            }
            first = first.tomorrow().unwrap();
        }
        assert_eq!(calendar.working_between(date(2025, 2, 2), date(2025, 2, 1)), Ok(0));
    }

    #[test]
    fn a_working_day_is_found_where_one_by_one_finds_it() {
        let calendar = calendar();
        let one_by_one = |mut day: Date, count| {
            for _ in 0..count {
                day = calendar.working_from(next(day)?)?;
            }
            Ok::<_, UnknownYear>(day)
        };
        let mut day = date(2024, 12, 28);
        while day < date(2027, 1, 3) {
            for count in [0, 1, 2, 5, 20, 249, 250, 300] {
                assert_eq!(calendar.working_after(day, count), one_by_one(day, count), "{day} {count}");
            }
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn the_last_calendar_that_names_a_day_decides_it() {
        let calendar = calendar();
        assert_eq!(calendar.is_working(date(2025, 1, 1)), Ok(false));
        assert_eq!(calendar.is_working(date(2025, 1, 26)), Ok(true), "a Sunday made up for");
        assert_eq!(calendar.is_working(date(2025, 1, 25)), Ok(false), "an ordinary Saturday");
        assert_eq!(calendar.is_working(date(2025, 12, 31)), Ok(false), "by the next year's calendar");
    }

    #[test]
    fn a_year_that_is_not_announced_is_unknown() {
        let calendar = calendar();
        assert_eq!(calendar.is_working(date(2027, 3, 1)), Err(UnknownYear(2027)));
        assert_eq!(calendar.working_after(date(2026, 12, 31), 1), Err(UnknownYear(2027)));
        assert_eq!(calendar.working_between(date(2024, 12, 31), date(2025, 1, 3)), Err(UnknownYear(2024)));
    }

    #[test]
    fn counts_over_holidays_and_made_up_days() {
        let calendar = calendar();
        assert_eq!(calendar.working_after(date(2025, 12, 30), 1), Ok(date(2026, 1, 2)));
        assert_eq!(calendar.working_between(date(2025, 1, 24), date(2025, 1, 27)), Ok(3));
        assert_eq!(calendar.working_from(date(2026, 1, 3)), Ok(date(2026, 1, 5)));
    }

    #[test]
    fn a_change_recorded_after_the_day_is_known_as_such() {
        let mut calendar = calendar();
        let noon = day_after(date(2026, 5, 4)) - 43_200;
        let later = |days: &[Date]| days.iter().copied().collect::<BTreeSet<_>>();
        calendar.add(2026, &later(&[date(2026, 5, 4), date(2026, 5, 5), date(2026, 5, 1)]), &BTreeSet::new(), noon);
        assert!(!calendar.changed_afterwards(date(2026, 5, 4)), "recorded on the day itself");
        assert!(!calendar.changed_afterwards(date(2026, 5, 5)));
        assert!(calendar.changed_afterwards(date(2026, 5, 1)), "a Friday, three days before");
    }

    #[test]
    fn recording_the_past_for_the_first_time_changes_nothing() {
        let mut calendar = Calendar::default();
        calendar.add(2007, &[date(2007, 1, 1)].into(), &BTreeSet::new(), day_after(date(2026, 1, 1)));
        assert!(!calendar.changed_afterwards(date(2007, 1, 1)));
    }
}
