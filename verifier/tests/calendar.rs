//! The shipped calendar, day by day against an independent source: the package `chinesecalendar`, installed for the test.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use verifier::lifecycle::calendar::Calendar;
use verifier::lifecycle::shipped::{self, CalendarFile};

/// Prints every day from 2007 to 2026 with 1 for a working day.
const DAYS: &str = "
import chinese_calendar, datetime
day = datetime.date(2007, 1, 1)
while day.year < 2027:
    print(day.isoformat(), int(chinese_calendar.is_workday(day)))
    day += datetime.timedelta(days=1)
";

/// Runs a command in a directory; what it printed, or what hindered it.
fn run(dir: &Path, program: &str, args: &[&str]) -> Result<String, String> {
    let output =
        Command::new(program).args(args).current_dir(dir).output().map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{program} {args:?}: {}", text(&output.stderr)))
    }
}

/// A Python with the package: made in the directory.
fn install(dir: &Path) -> Result<(), String> {
    run(dir, "python3", &["-m", "venv", "venv"])?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "chinesecalendar>=1.11"];
    run(dir, "venv/bin/python", &quiet).map(drop)
}

#[test]
fn all_days_from_2007_to_2026_are_those_of_an_independent_source() {
    let dir = tempfile::tempdir().unwrap();
    if let Err(hindered) = install(dir.path()) {
        eprintln!("SKIPPED: chinesecalendar cannot be installed: {}", hindered.lines().next().unwrap_or_default());
        return;
    }
    let days = run(&dir.path().canonicalize().unwrap(), "venv/bin/python", &["-c", DAYS]).unwrap();
    let mut calendar = Calendar::default();
    for year in CalendarFile::parse(shipped::calendar("cn").unwrap()).unwrap().years {
        calendar.add(year.year, &year.holidays.into_iter().collect(), &year.workdays.into_iter().collect(), 0);
    }
    let mut compared = 0;
    for line in days.lines() {
        let (day, working) = line.split_once(' ').unwrap();
        assert_eq!(calendar.is_working(day.parse().unwrap()), Ok(working == "1"), "{day}");
        compared += 1;
    }
    assert_eq!(compared, 7305);
    println!("{compared} days 2007–2026 are those of chinesecalendar");
}
