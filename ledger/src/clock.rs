//! The only clock of this crate.

use std::time::{SystemTime, UNIX_EPOCH};

use verifier::record::entry::EntryTime;

/// Where time comes from; tests set it by hand.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> EntryTime;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> EntryTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        EntryTime(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The time of a new entry: the clock's, but never before the newest entry's, even if the clock was set back.
pub(crate) fn ledger_time(clock: &dyn Clock, newest: EntryTime) -> EntryTime {
    clock.now().max(newest)
}
