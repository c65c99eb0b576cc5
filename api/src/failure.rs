//! Why a command did not do what was asked, and the exit code that says so.

use std::fmt;
use std::path::Path;

use ledger::SignerError;

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

    /// A file could not be read or written: exit code 2.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::operational(format_args!("{}: {error}", path.display()))
    }
}

impl From<SignerError> for Failure {
    fn from(error: SignerError) -> Self {
        Self::operational(error)
    }
}

impl From<ledger::LedgerError> for Failure {
    fn from(error: ledger::LedgerError) -> Self {
        match error {
            // What was asked is wrong, not the state of things.
            ledger::LedgerError::NotEmpty { .. }
            | ledger::LedgerError::Jurisdiction
            | ledger::LedgerError::OtherLedgersTree { .. }
            | ledger::LedgerError::Signer(SignerError::Name(_)) => Self::refused(error),
            _ => Self::operational(error),
        }
    }
}
