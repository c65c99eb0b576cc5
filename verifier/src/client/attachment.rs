//! Attachments: the ledger holds their hashes only, so a file under such a hash must be the one it names.

use std::io::Read as _;
use std::prelude::rust_2024::*;

use sha2::{Digest as _, Sha256};

use super::fault::{Stop, TreeFault};
use super::source::Source;

/// The names of the attachments in a source that can list them.
pub(super) fn listed(source: &Source) -> Result<Vec<String>, Stop> {
    let hex = |name: &String| name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    Ok(source.list("attachments")?.unwrap_or_default().into_iter().filter(hex).collect())
}

/// Hashes an attachment, however long, and compares with its name.
pub(super) fn check(source: &Source, name: &str) -> Result<(), Stop> {
    let path = format!("attachments/{name}");
    let Some(mut reader) = source.open(&path)? else { return Ok(()) };
    let (mut sha256, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => sha256.update(&buffer[..read]),
            Err(error) => return Err(Stop::Failed { path, error: error.to_string() }),
        }
    }
    if is_hex_of(name, &sha256.finalize()) { Ok(()) } else { Err(TreeFault::Attachment { path }.into()) }
}

fn is_hex_of(name: &str, hash: &[u8]) -> bool {
    name.len() == 2 * hash.len()
        && hash.iter().enumerate().all(|(at, byte)| name[2 * at..].starts_with(&format!("{byte:02x}")))
}
