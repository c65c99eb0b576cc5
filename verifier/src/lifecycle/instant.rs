//! Instants as the law's questions need them: bounded, and graded by who vouches for them.
//!
//! ```text
//! witnessed   between two cosignatures          the clocks of witnesses
//! recorded    the entry's time                  the ledger's clock
//! claimed     `published_at`                    the publisher's word, only before the ledger's genesis
//! said        a date or instant in the notice   what the publisher answers for
//! ```

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::record::instant::{Instant, SHANGHAI};

/// Seconds since the Unix epoch.
pub type Seconds = i64;

/// Seconds of a day.
pub const DAY: Seconds = 86_400;

/// Who vouches for an instant; the weaker, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Said in a notice by its publisher.
    Said,
    /// Bounded by cosignatures.
    Witnessed,
    /// By the ledger's clock.
    Recorded,
    /// By the publisher's word about a time before the ledger began.
    Claimed,
}

/// An instant that lies somewhere from `early` to `late`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// Not before.
    pub early: Seconds,
    /// Not after.
    pub late: Seconds,
    /// Who vouches for it.
    pub grade: Grade,
}

impl Grade {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Said => "said",
            Self::Witnessed => "witnessed",
            Self::Recorded => "recorded",
            Self::Claimed => "claimed",
        }
    }
}

impl Bounded {
    /// An instant known exactly.
    pub const fn exact(at: Seconds, grade: Grade) -> Self {
        Self { early: at, late: at, grade }
    }

    /// What a notice says: an instant, or somewhere within a day.
    pub fn said(instant: Instant) -> Self {
        match instant {
            Instant::At(at) => Self::exact(at.as_second(), Grade::Said),
            Instant::On(day) => Self { early: start_of(day), late: day_after(day) - 1, grade: Grade::Said },
        }
    }

    /// When an entry became public: as witnessed, else as recorded; before the ledger's genesis as its publisher claims.
    pub fn public(
        after: Option<u64>,
        by: Option<u64>,
        recorded: Seconds,
        published_at: Option<Instant>,
        genesis: Seconds,
    ) -> Self {
        if let Some(claimed) = published_at.map(Self::said).filter(|claimed| claimed.late < genesis) {
            return Self { grade: Grade::Claimed, ..claimed };
        }
        let seconds = |bound: Option<u64>| bound.and_then(|bound| Seconds::try_from(bound).ok());
        let grade = if after.is_some() && by.is_some() { Grade::Witnessed } else { Grade::Recorded };
        let (early, late) = (seconds(after).unwrap_or(recorded), seconds(by).unwrap_or(recorded));
        Self { early: early.min(late), late: late.max(early), grade }
    }

    /// The later of two instants, whichever that is.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        let grade = if other.late > self.late { other.grade } else { self.grade };
        Self { early: self.early.max(other.early), late: self.late.max(other.late), grade }
    }
}

/// The first second of a day of Asia/Shanghai.
pub fn start_of(day: Date) -> Seconds {
    SHANGHAI.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).map_or(Seconds::MAX, Timestamp::as_second)
}

/// The first second after a day of Asia/Shanghai: its end, 24:00.
pub fn day_after(day: Date) -> Seconds {
    start_of(day).saturating_add(DAY)
}

/// The day of Asia/Shanghai in which a second lies. Beyond the years that can be counted, the nearest day.
pub fn day_of(at: Seconds) -> Date {
    let clamped = at.clamp(Timestamp::MIN.as_second() + DAY, Timestamp::MAX.as_second() - DAY);
    let timestamp = Timestamp::from_second(clamped).unwrap_or(Timestamp::UNIX_EPOCH);
    Offset::to_datetime(SHANGHAI, timestamp).date()
}

/// The day that has ended or is under way at an instant: 00:00 still belongs to the day before.
pub fn day_ending(at: Seconds) -> Date {
    day_of(at.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_are_those_of_shanghai() {
        let midnight = start_of(date(2026, 3, 17));
        assert_eq!(midnight, 1_773_676_800);
        assert_eq!((day_of(midnight - 1), day_of(midnight)), (date(2026, 3, 16), date(2026, 3, 17)));
        assert_eq!(day_ending(midnight), date(2026, 3, 16));
        assert_eq!(day_of(Seconds::MAX).year(), 9999);
        assert_eq!(day_of(Seconds::MIN).year(), -9999);
    }

    #[test]
    fn a_claim_counts_only_before_the_genesis() {
        let genesis = start_of(date(2026, 1, 1));
        let claimed = Instant::parse("2025-06-13T18:00:00+08:00");
        let public = |claimed| Bounded::public(None, None, genesis + 5, claimed, genesis);
        assert_eq!(public(claimed).grade, Grade::Claimed);
        assert_eq!(public(Instant::parse("2026-02-01")), Bounded::exact(genesis + 5, Grade::Recorded));
        assert_eq!(public(None), Bounded::exact(genesis + 5, Grade::Recorded));
    }

    #[test]
    fn one_bound_alone_is_not_witnessed() {
        let public = |after, by| Bounded::public(after, by, 50, None, 0);
        assert_eq!(public(Some(40), Some(60)), Bounded { early: 40, late: 60, grade: Grade::Witnessed });
        assert_eq!(public(Some(40), None), Bounded { early: 40, late: 50, grade: Grade::Recorded });
        assert_eq!(public(None, Some(60)), Bounded { early: 50, late: 60, grade: Grade::Recorded });
        assert_eq!(public(Some(70), None), Bounded { early: 50, late: 70, grade: Grade::Recorded });
    }
}
