//! One monitor for one state: a file beside it that only one process can hold, and no process that is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use verifier::client::kept::beside;

use super::super::lang::Lang;
use super::super::message::Message;
use super::super::report::Failure;

/// The right to use a state; given back when the process ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, without waiting.
    ///
    /// # Errors
    /// Another process has it, or the file cannot be made.
    pub(super) fn take(state: &Path, lang: Lang) -> Result<Self, Failure> {
        let path = beside(state, "lock");
        let shown = path.display().to_string();
        let unwritable = |error: std::io::Error| {
            let message = Message::StateUnwritable { path: &shown, error: &error.to_string() };
            Failure::unchecked("state", message.text(lang))
        };
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let path = state.display().to_string();
                Err(Failure::unchecked("state", Message::Busy { path: &path }.text(lang)))
            }
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }
}
