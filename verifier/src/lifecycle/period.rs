//! Periods of the law (期间): how long, and how it is counted.
//!
//! ```text
//! unit    calendar | working | hour | year
//! count   exclusive: the first day is not counted   inclusive: it is (state-asset disclosure)
//! roll    none | next-working-day, when the last day is a holiday
//! ```
//!
//! A period that is long enough only under the more generous counting — without rolling, or, where the rule says so, with its
//! first day — is borderline.

use jiff::civil::Date;

use super::calendar::{Calendar, UnknownYear};
use super::instant::{DAY, Seconds, day_after, day_ending, day_of, start_of};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Calendar days (日).
    Day,
    /// Working days (工作日).
    WorkingDay,
    /// Hours (小时).
    Hour,
    /// Calendar years (年).
    Year,
}

/// How periods are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// What is counted.
    pub unit: Unit,
    /// Whether the first day counts.
    pub inclusive: bool,
    /// Whether a last day that is a holiday gives way to the next working day.
    pub roll: bool,
    /// Whether counting the first day as well makes a period borderline instead of too short.
    pub generous: bool,
}

/// How far a period reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// As far as it must.
    Long,
    /// As far as it must only under the more generous counting.
    Borderline,
    /// Not far enough.
    Short,
}

impl Unit {
    /// Its code in a rulebook.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Day => "calendar",
            Self::WorkingDay => "working",
            Self::Hour => "hour",
            Self::Year => "year",
        }
    }

    /// Reads a code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Day, Self::WorkingDay, Self::Hour, Self::Year].into_iter().find(|unit| unit.code() == code)
    }
}

impl Counting {
    /// The last day of a period of that many days or years that begins at `from`; of hours, the day of the last.
    fn last_day(self, from: Seconds, count: u32, calendar: &Calendar) -> Result<Date, UnknownYear> {
        let first = day_of(from);
        let days = i64::from(count) - i64::from(self.inclusive && count > 0);
        let plus = |span: jiff::Span| first.checked_add(span).map_err(|_| UnknownYear(first.year()));
        match self.unit {
            Unit::Day => plus(jiff::Span::new().days(days)),
            Unit::Year => plus(jiff::Span::new().years(i64::from(count))),
            Unit::Hour => Ok(day_ending(from.saturating_add(i64::from(count) * 3600))),
            Unit::WorkingDay if self.inclusive => {
                let first = calendar.working_from(first)?;
                calendar.working_after(first, count.saturating_sub(1))
            }
            Unit::WorkingDay => calendar.working_after(first, count),
        }
    }

    /// The last instant of a period of at most `count` that begins at `from`.
    ///
    /// # Errors
    /// The year of a day that must be known is not announced.
    pub fn deadline(self, from: Seconds, count: u32, calendar: &Calendar) -> Result<Seconds, UnknownYear> {
        let last = self.last_day(from, count, calendar)?;
        let rolled = if self.roll { calendar.working_from(last)? } else { last };
        if self.unit == Unit::Hour && rolled == last {
            return Ok(from.saturating_add(i64::from(count) * 3600));
        }
        Ok(day_after(rolled))
    }

    /// The first instant at which a period of at least `count` that begins at `from` is long enough.
    ///
    /// # Errors
    /// The year of a day that must be known is not announced.
    pub fn earliest(self, from: Seconds, count: u32, calendar: &Calendar) -> Result<Seconds, UnknownYear> {
        let last = self.last_day(from, count, calendar)?;
        let rolled = if self.roll { calendar.working_from(last)? } else { last };
        match self.unit {
            Unit::Hour if rolled == last => Ok(from.saturating_add(i64::from(count) * 3600)),
            _ => Ok(start_of(rolled).saturating_add(1)),
        }
    }

    /// Whether a period from `from` to `to` is at least `count` long.
    ///
    /// # Errors
    /// The year of a day that must be known is not announced.
    pub fn reach(self, from: Seconds, to: Seconds, count: u32, calendar: &Calendar) -> Result<Reach, UnknownYear> {
        let generous = Self { inclusive: self.inclusive || self.generous, roll: false, ..self };
        if !generous.reaches(from, to, count, calendar)? {
            return Ok(Reach::Short);
        }
        let strict = if generous == self { true } else { self.reaches(from, to, count, calendar)? };
        Ok(if strict { Reach::Long } else { Reach::Borderline })
    }

    fn reaches(self, from: Seconds, to: Seconds, count: u32, calendar: &Calendar) -> Result<bool, UnknownYear> {
        if self.unit == Unit::Hour && !self.roll {
            return Ok(to.saturating_sub(from) >= i64::from(count) * 3600);
        }
        if self.unit == Unit::Hour && to.saturating_sub(from) < i64::from(count) * 3600 {
            return Ok(false);
        }
        let last = self.last_day(from, count, calendar)?;
        let needed = if self.roll { calendar.working_from(last)? } else { last };
        Ok(day_ending(to) >= needed)
    }

    /// How long a period from `from` to `to` is: tenths of hours, or days, working days or years counted this way.
    ///
    /// # Errors
    /// The year of a day that must be known is not announced.
    pub fn measure(self, from: Seconds, to: Seconds, calendar: &Calendar) -> Result<i64, UnknownYear> {
        let (first, last) = (day_of(from), day_ending(to));
        let extra = i64::from(self.inclusive);
        match self.unit {
            Unit::Hour => Ok(to.saturating_sub(from).saturating_mul(10).div_euclid(3600)),
            Unit::Day => Ok(days_between(first, last) + extra),
            Unit::Year => Ok(i64::from(last.year()) - i64::from(first.year())),
            Unit::WorkingDay if last < first => Ok(0),
            Unit::WorkingDay => {
                let counted = calendar.working_between(first, last)?;
                Ok(counted - i64::from(!self.inclusive && calendar.is_working(first)?))
            }
        }
    }
}

/// Days from one day to another.
fn days_between(first: Date, last: Date) -> i64 {
    start_of(last).saturating_sub(start_of(first)).div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;

    fn calendar() -> Calendar {
        let mut calendar = Calendar::default();
        let holidays: BTreeSet<Date> = [date(2026, 1, 1), date(2026, 1, 2)].into();
        calendar.add(2026, &holidays, &[date(2026, 1, 4)].into(), 0);
        calendar
    }

    const fn counting(unit: Unit, inclusive: bool, roll: bool) -> Counting {
        Counting { unit, inclusive, roll, generous: false }
    }

    fn at(day: Date, hour: i64) -> Seconds {
        start_of(day) + hour * 3600
    }

    #[test]
    fn the_first_day_counts_only_when_inclusive() {
        let (from, calendar) = (at(date(2026, 3, 2), 9), calendar());
        let days = counting(Unit::Day, false, false);
        let reach = |counting: Counting, day| counting.reach(from, at(day, 10), 20, &calendar);
        assert_eq!(reach(days, date(2026, 3, 22)), Ok(Reach::Long));
        assert_eq!(reach(days, date(2026, 3, 21)), Ok(Reach::Short));
        assert_eq!(reach(Counting { generous: true, ..days }, date(2026, 3, 21)), Ok(Reach::Borderline));
        assert_eq!(reach(counting(Unit::Day, true, false), date(2026, 3, 21)), Ok(Reach::Long));
        assert_eq!(days.measure(from, at(date(2026, 3, 21), 10), &calendar), Ok(19));
    }

    #[test]
    fn a_day_that_ends_at_midnight_is_not_the_next() {
        let (from, calendar) = (at(date(2026, 3, 2), 0), calendar());
        let days = counting(Unit::Day, false, false);
        assert_eq!(days.reach(from, day_after(date(2026, 3, 6)), 5, &calendar), Ok(Reach::Short));
        assert_eq!(days.reach(from, day_after(date(2026, 3, 7)), 5, &calendar), Ok(Reach::Long));
    }

    #[test]
    fn hours_that_end_on_a_holiday_reach_the_next_working_day_or_are_borderline() {
        let (calendar, hours) = (calendar(), counting(Unit::Hour, false, true));
        let friday = at(date(2026, 3, 6), 18);
        let reach = |to| hours.reach(friday, to, 72, &calendar);
        assert_eq!(reach(at(date(2026, 3, 9), 17)), Ok(Reach::Short));
        assert_eq!(reach(at(date(2026, 3, 9), 18)), Ok(Reach::Long), "72 h later is a Monday");
        let thursday = at(date(2026, 3, 5), 18);
        let reach = |to| hours.reach(thursday, to, 72, &calendar);
        assert_eq!(reach(at(date(2026, 3, 8), 18)), Ok(Reach::Borderline), "72 h later is a Sunday");
        assert_eq!(reach(at(date(2026, 3, 9), 9)), Ok(Reach::Long));
    }

    #[test]
    fn working_days_inclusive_and_exclusive() {
        let calendar = calendar();
        let (monday, friday) = (at(date(2026, 3, 2), 0), day_after(date(2026, 3, 13)));
        let inclusive = counting(Unit::WorkingDay, true, false);
        assert_eq!(inclusive.measure(monday, friday, &calendar), Ok(10));
        assert_eq!(inclusive.reach(monday, friday, 10, &calendar), Ok(Reach::Long));
        let exclusive = counting(Unit::WorkingDay, false, false);
        assert_eq!(exclusive.measure(monday, friday, &calendar), Ok(9));
        assert_eq!(exclusive.deadline(monday, 2, &calendar), Ok(day_after(date(2026, 3, 4))));
        assert_eq!(inclusive.deadline(monday, 2, &calendar), Ok(day_after(date(2026, 3, 3))));
        assert_eq!(exclusive.deadline(at(date(2025, 12, 31), 9), 1, &calendar), Ok(day_after(date(2026, 1, 4))));
        assert_eq!(exclusive.deadline(at(date(2026, 12, 31), 9), 1, &calendar), Err(UnknownYear(2027)));
    }

    #[test]
    fn a_deadline_on_a_holiday_rolls_where_the_rule_says_so() {
        let calendar = calendar();
        let thursday = at(date(2026, 3, 5), 9);
        assert_eq!(counting(Unit::Day, false, true).deadline(thursday, 3, &calendar), Ok(day_after(date(2026, 3, 9))));
        assert_eq!(counting(Unit::Day, false, false).deadline(thursday, 3, &calendar), Ok(day_after(date(2026, 3, 8))));
        assert_eq!(counting(Unit::Hour, false, true).deadline(thursday, 24, &calendar), Ok(thursday + DAY));
    }

    #[test]
    fn what_is_the_earliest_lawful_end_reaches() {
        let calendar = calendar();
        for unit in [Unit::Day, Unit::WorkingDay, Unit::Hour] {
            for (inclusive, roll) in [(false, false), (true, false), (false, true)] {
                let counting = counting(unit, inclusive, roll);
                for hour in [0, 9, 23] {
                    let from = at(date(2026, 3, 5), hour);
                    let end = counting.earliest(from, 5, &calendar).unwrap();
                    assert_eq!(counting.reach(from, end, 5, &calendar), Ok(Reach::Long), "{counting:?} {hour}");
                    assert_ne!(counting.reach(from, end - DAY, 5, &calendar), Ok(Reach::Long), "{counting:?} {hour}");
                }
            }
        }
    }
}
