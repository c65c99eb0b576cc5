//! Instants and dates as publishers write them: RFC 3339 with offset, or a plain date of Asia/Shanghai.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// An instant as a publisher said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instant {
    /// RFC 3339 with an offset.
    At(Timestamp),
    /// A plain date: a day of Asia/Shanghai.
    On(Date),
}

/// Asia/Shanghai has had one offset, +08:00, since 1991; no recorded notice is older.
pub const SHANGHAI: Offset = Offset::constant(8);

impl Instant {
    /// Reads an RFC 3339 instant (seconds required, `Z` or `±hh:mm`) or a `YYYY-MM-DD` date.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 10 {
            return parse_date(text).map(Instant::On);
        }
        let (date, time) = text.split_once('T')?;
        parse_date(date)?;
        let zone = if time.ends_with('Z') { time.len() - 1 } else { time.len().checked_sub(6)? };
        let (clock, zone) = (time.get(..zone)?, time.get(zone..)?);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let zone_is_good = zone == "Z" || (matches!(zone.as_bytes()[0], b'+' | b'-') && is_shape(&zone[1..], "dd:dd"));
        let fraction_is_good = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|b| b.is_ascii_digit());
        if !(is_shape(clock, "dd:dd:dd") && fraction_is_good && zone_is_good) {
            return None;
        }
        text.parse().ok().map(Instant::At)
    }
}

/// Reads a `YYYY-MM-DD` date that exists.
pub fn parse_date(text: &str) -> Option<Date> {
    if is_shape(text, "dddd-dd-dd") { text.parse().ok() } else { None }
}

/// `d` in the shape stands for a digit, anything else for itself.
fn is_shape(text: &str, shape: &str) -> bool {
    let fits = |(b, s): (u8, u8)| if s == b'd' { b.is_ascii_digit() } else { b == s };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_instants_and_dates_and_nothing_else() {
        for good in ["2026-03-17", "2026-03-17T00:32:00+08:00", "2026-03-17T00:32:00Z", "2026-03-17T00:32:00.5Z"] {
            assert!(Instant::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-02-30",
            "2026-3-17",
            "2026-03-17T00:32+08:00",
            "2026-03-17T00:32:00",
            "2026-03-17 00:32:00Z",
            "2026-03-17T00:32:00+08",
            "2026-03-17T25:00:00Z",
            "二〇二六年",
            "2026-03-17Té:00:00Z",
            "T",
        ] {
            assert!(Instant::parse(bad).is_none(), "{bad}");
        }
    }
}
