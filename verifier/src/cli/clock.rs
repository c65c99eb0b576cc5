//! Instants for a person, in Asia/Shanghai, and durations as a person types them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use verifier::lifecycle::instant::day_after;
use verifier::record::entry::EntryTime;
use verifier::record::instant::{Instant, SHANGHAI};

/// The age in seconds from which on a head is stale, if nobody says otherwise (formats.md §5): 7 days.
pub(crate) const DEFAULT_MAX_AGE: u64 = 7 * 86_400;

/// Seconds since the Unix epoch by this computer's clock; 0 if that stands before it.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `2025-12-01 13:20:19 +08:00`. What lies beyond the calendar is given in seconds.
pub(crate) fn format_seconds(seconds: u64) -> String {
    let instant = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match instant {
        Some(instant) => format!("{} +08:00", SHANGHAI.to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S")),
        None => format!("@{seconds}"),
    }
}

/// As [`format_seconds`], for the ledger's own clock, whose milliseconds are cut off.
pub(crate) fn format_entry_time(time: EntryTime) -> String {
    format_seconds(time.0 / 1000)
}

/// Reads an RFC 3339 instant, or a day, whose end is meant: seconds.
///
/// # Errors
/// Anything else.
pub(crate) fn parse_as_of(text: &str) -> Result<i64, String> {
    match Instant::parse(text) {
        Some(Instant::At(at)) => Ok(at.as_second()),
        Some(Instant::On(day)) => Ok(day_after(day)),
        None => Err("expected a day or an RFC 3339 instant: 2026-03-17, 2026-03-17T00:32:00+08:00".to_owned()),
    }
}

/// Reads `90s`, `30m`, `12h`, `7d` or `2w`: seconds.
///
/// # Errors
/// Anything else, or more than 100 years.
pub(crate) fn parse_duration(text: &str) -> Result<u64, String> {
    let wrong = || "expected a number and a unit, s, m, h, d or w: 90s, 30m, 12h, 7d, 2w".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).filter(|seconds| *seconds <= 36_525 * 86_400).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("90s"), Ok(90));
        assert_eq!(parse_duration("7d"), Ok(604_800));
        assert_eq!(parse_duration("2w"), Ok(1_209_600));
        for bad in ["", "d", "7", "-1d", "+1d", "1.5h", "7 d", "7days", "99999999999999999999d", "9999w", "七d", "7天"]
        {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_are_shown_in_beijing_time() {
        assert_eq!(format_seconds(1_764_547_625), "2025-12-01 08:07:05 +08:00");
        assert_eq!(format_entry_time(EntryTime(1_764_547_625_999)), "2025-12-01 08:07:05 +08:00");
        assert_eq!(format_seconds(u64::MAX), "@18446744073709551615");
    }
}
