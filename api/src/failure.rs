//! Why a command did not do what was asked, and the exit code that says so.

use std::fmt;
use std::path::Path;

use ledger::draft::DraftError;
use ledger::publisher::PublisherError;
use ledger::witness::WitnessError;
use ledger::{LedgerError, Refusal, SignerError};
use verifier::record::subject::SubjectError;

use crate::explain::Say as _;
use crate::language::{Language, current};

/// What went wrong, for the person who has to act, and the exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    /// 1 refused, 2 could not be done.
    pub(crate) code: u8,
    /// Expected, found, what to do.
    pub(crate) message: String,
}

impl Failure {
    /// What was asked is refused: exit code 1.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// What was asked could not be done: exit code 2.
    pub(crate) fn operational(message: impl fmt::Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// What was asked is refused, said in both languages: exit code 1.
    pub(crate) fn said(zh: impl fmt::Display, en: impl fmt::Display) -> Self {
        match current() {
            Language::Zh => Self::refused(zh),
            Language::En => Self::refused(en),
        }
    }

    /// A file could not be read or written: exit code 2.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::operational(format_args!("{}: {error}", path.display()))
    }
}

/// Errors of the ledger become failures in the user's language; what was asked is at fault (1), or the state of things (2).
macro_rules! from {
    ($($error:ty => $code:expr;)+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                let code: fn(&$error) -> u8 = $code;
                Self { code: code(&error), message: error.say(current()) }
            }
        })+
    };
}

from! {
    SubjectError => |_| 1;
    Refusal => |_| 1;
    DraftError => |_| 1;
    PublisherError => |error| if matches!(error, PublisherError::Randomness(_)) { 2 } else { 1 };
    SignerError => |error| if matches!(error, SignerError::Name(_)) { 1 } else { 2 };
    WitnessError => |error| match error {
        WitnessError::Other { .. } | WitnessError::Signer(SignerError::Name(_)) => 1,
        _ => 2,
    };
    LedgerError => |error| match error {
        LedgerError::NotEmpty { .. } | LedgerError::Jurisdiction | LedgerError::OtherLedgersTree { .. } => 1,
        LedgerError::Signer(SignerError::Name(_)) => 1,
        _ => 2,
    };
}
