//! Files named on the command line, read whole and within limits; `-` is standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use verifier::log::policy::{MAX_LENGTH, Policy};

use super::lang::Lang;
use super::message::{InLanguage as _, Message};
use super::report::Failure;

/// Reads a text of at most `limit` bytes.
///
/// # Errors
/// The file is missing, unreadable or not UTF-8 (could not be checked); or longer than anything valid (`too_long`).
pub(crate) fn read_text(path: &Path, limit: usize, lang: Lang) -> Result<String, Failure> {
    let unreadable = |error: io::Error| {
        let message = Message::Unreadable { path: &path.display().to_string(), error: &error.to_string() };
        Failure::unchecked("unreadable", message.text(lang))
    };
    let bytes = read_limited(path, limit + 1).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(Failure::rejected("too-long", None, Message::TooLong { limit }.text(lang)));
    }
    String::from_utf8(bytes).map_err(|_| Failure::rejected("encoding", None, Message::NotUtf8.text(lang)))
}

/// Reads and parses a trust policy.
///
/// # Errors
/// The file is missing, unreadable or no policy: without one nothing can be checked.
pub(crate) fn read_policy(path: &Path, lang: Lang) -> Result<Policy, Failure> {
    let shown = path.display().to_string();
    let bytes = read_limited(path, MAX_LENGTH + 1).map_err(|error| {
        let message = Message::Unreadable { path: &shown, error: &error.to_string() };
        Failure::unchecked("unreadable", message.text(lang))
    })?;
    Policy::parse(bytes).map_err(|error| {
        let message = Message::BadPolicy { path: &shown, error: &error.text(lang) };
        Failure::unchecked("policy", message.text(lang))
    })
}

fn read_limited(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        return read_all(io::stdin().lock(), limit);
    }
    read_all(File::open(path)?, limit)
}

fn read_all(reader: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
