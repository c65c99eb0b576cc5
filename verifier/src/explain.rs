//! What the library finds, explained: a stable code of the rule that is broken, the entry it is about, and the message in
//! Chinese. The English message is each error's own `Display`.

mod audit;
mod dossier;
mod evidence;
pub mod label;
pub mod lifecycle;
pub mod lifecycle_json;
mod log;
mod phrase;
pub mod place;
mod record;
pub mod remark;
pub mod rule;
pub mod visible;

use alloc::string::String;
use core::fmt::Display;

/// What was found, for a reader.
pub trait Explain: Display {
    /// A stable code of the rule that is broken.
    fn rule(&self) -> &'static str;
    /// The entry it is about, if one.
    fn entry(&self) -> Option<u64> {
        None
    }
    /// The message in Chinese.
    fn zh(&self) -> String;
}
