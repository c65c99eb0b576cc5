//! The lifecycle (全流程): whether the law's disclosures were made, and in time.
//!
//! ```text
//! rulebooks, calendars ─▶ Law ─┐
//! notices ─▶ Project ──────────┼─▶ judge ─▶ Lifecycle: lot by lot, rule by rule, each with its arithmetic and its article
//! as of an instant ────────────┘
//! ```
//!
//! For a whole ledger an audit collects every project's notices in a [`chronicle`] and adds up the verdicts in a [`summary`].
//!
//! What is asked is data: see [`rulebook`]. Whether the notices are unaltered and whole is another question, answered before
//! this one by [`dossier`](crate::dossier) or [`audit`](crate::audit); nobody has to trust the ledger's opinion on either.

pub mod calendar;
pub mod chronicle;
mod compact;
pub mod engine;
pub mod facts;
pub mod instant;
pub mod law;
pub mod path;
pub mod period;
pub mod remark;
pub mod rulebook;
pub mod shipped;
pub mod summary;
pub mod verdict;

pub use engine::{AsOf, judge};
pub use law::Law;
