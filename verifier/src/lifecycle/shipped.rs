//! The rules and calendars this program was shipped with: facts, like any other rulebook. A ledger records its own; whether
//! those are these, a verdict says.

use alloc::vec::Vec;

use jiff::civil::Date;

use super::rulebook::{Rulebook, RulebookError};
use crate::record::instant::parse_date;
use crate::record::json::{self, Value};

/// The rulebook files, by jurisdiction.
pub const RULEBOOKS: &[(&str, &str)] = &[("cn", include_str!("../../rulebooks/cn.json"))];
/// The calendar files, by jurisdiction.
pub const CALENDARS: &[(&str, &str)] = &[("cn", include_str!("../../calendars/cn.json"))];

/// The rulebook file of a jurisdiction.
pub fn rulebook(jurisdiction: &str) -> Option<&'static str> {
    file(RULEBOOKS, jurisdiction)
}

/// The calendar file of a jurisdiction.
pub fn calendar(jurisdiction: &str) -> Option<&'static str> {
    file(CALENDARS, jurisdiction)
}

fn file(files: &[(&str, &'static str)], jurisdiction: &str) -> Option<&'static str> {
    files.iter().find(|(known, _)| *known == jurisdiction).map(|(_, text)| *text)
}

/// Whether a rulebook is the one shipped for its jurisdiction, rule by rule.
pub fn is_shipped(rulebook: &Rulebook) -> bool {
    let own = self::rulebook(&rulebook.jurisdiction).and_then(|text| Rulebook::parse(text).ok());
    own.is_some_and(|own| own.rules == rulebook.rules && own.effective_from == rulebook.effective_from)
}

/// One year's days off and days made up for, as a calendar statement says them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Year {
    /// The year announced.
    pub year: i16,
    /// Days off.
    pub holidays: Vec<Date>,
    /// Weekend days worked.
    pub workdays: Vec<Date>,
}

/// The years of a calendar file: `{"jurisdiction":"cn","years":[{"year","holidays","workdays"}]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarFile {
    /// For where.
    pub jurisdiction: alloc::string::String,
    /// The years, in order.
    pub years: Vec<Year>,
}

impl CalendarFile {
    /// Reads a calendar file.
    ///
    /// # Errors
    /// The first thing that does not fit, with its path.
    pub fn parse(text: &str) -> Result<Self, RulebookError> {
        let fail = |path: &str, problem: &str| RulebookError { path: path.into(), problem: problem.into() };
        let file = json::parse_object(text).map_err(|error| fail("the file", &error.reason))?;
        file.only(&["jurisdiction", "years"]).map_err(|error| fail("the file", &alloc::format!("{error}")))?;
        let jurisdiction =
            file.string("jurisdiction").map_err(|error| fail("jurisdiction", &alloc::format!("{error}")))?;
        if !crate::record::code::is_jurisdiction(jurisdiction) {
            return Err(fail("jurisdiction", "expected a jurisdiction, [a-z0-9-]{1,32}"));
        }
        let years = file.array("years").map_err(|error| fail("years", &alloc::format!("{error}")))?;
        let years = years.iter().enumerate().map(|(n, year)| {
            let path = |member: &str| alloc::format!("years[{n}].{member}");
            read_year(year)
                .map_err(|member| fail(&path(member), "expected {year, holidays, workdays}, days as YYYY-MM-DD"))
        });
        let years = years.collect::<Result<Vec<_>, _>>()?;
        if years.is_empty() {
            return Err(fail("years", "expected at least one year"));
        }
        Ok(Self { jurisdiction: jurisdiction.into(), years })
    }
}

/// A year, or the member that does not fit.
fn read_year(year: &Value) -> Result<Year, &'static str> {
    let object = year.as_object().ok_or("year")?;
    object.only(&["year", "holidays", "workdays"]).map_err(|_| "year")?;
    let number = object.count("year").ok().and_then(|year| i16::try_from(year).ok()).filter(|year| *year > 1900);
    let days = |name: &'static str| {
        let days = object.strings(name).map_err(|_| name)?;
        days.into_iter().map(|day| parse_date(day).ok_or(name)).collect::<Result<Vec<_>, _>>()
    };
    Ok(Year { year: number.ok_or("year")?, holidays: days("holidays")?, workdays: days("workdays")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_can_be_read_and_is_known_again() {
        for (jurisdiction, text) in RULEBOOKS {
            let rulebook = Rulebook::parse(text).unwrap();
            assert_eq!(rulebook.jurisdiction, *jurisdiction);
            assert!(is_shipped(&rulebook));
            let mut other = rulebook.clone();
            other.rules.pop();
            assert!(!is_shipped(&other));
        }
        let calendar = CalendarFile::parse(calendar("cn").unwrap()).unwrap();
        assert_eq!((calendar.years[0].year, calendar.years[19].year, calendar.years.len()), (2007, 2026, 20));
    }

    #[test]
    fn a_calendar_that_does_not_fit_is_refused_with_its_path() {
        let file = |years: &str| CalendarFile::parse(&alloc::format!(r#"{{"jurisdiction":"xx","years":[{years}]}}"#));
        let path = |years: &str| file(years).unwrap_err().path;
        assert!(file(r#"{"year":2026,"holidays":["2026-01-01"],"workdays":[]}"#).is_ok());
        assert_eq!(path(""), "years");
        assert_eq!(path(r#"{"year":"2026","holidays":[],"workdays":[]}"#), "years[0].year");
        assert_eq!(path(r#"{"year":2026,"holidays":["2026-02-30"],"workdays":[]}"#), "years[0].holidays");
        assert_eq!(path(r#"{"year":2026,"holidays":[]}"#), "years[0].workdays");
    }
}
