//! Cosignatures (共签): a witness says when it saw a checkpoint as the newest of its log (tlog-cosignature v1.0.1, Ed25519).
//!
//! ```text
//! signature line:  base64(key id || u64be(timestamp) || Ed25519 signature)
//! what is signed:  cosignature/v1\n
//!                  time 1679315147\n
//!                  <the three lines of the checkpoint>
//! ```

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::{
    checkpoint::SignedCheckpoint,
    note::{KeyKind, VerifierKey},
};

/// Why a cosignature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// Not a timestamp and a signature.
    #[error("a cosignature is 72 bytes after the key id, found {found}")]
    Length {
        /// How many bytes were given.
        found: usize,
    },
    /// Beyond 2^63 − 1.
    #[error("a cosignature's timestamp is at most 2^63 - 1 seconds, found {found}")]
    Timestamp {
        /// The timestamp.
        found: u64,
    },
    /// The key is of a kind that does not cosign.
    #[error("{name} is not a witness's key; expected type 0x04")]
    WrongKind {
        /// The key's name.
        name: String,
    },
    /// A line of a known witness that does not verify.
    #[error("the cosignature by {name}+{key_id:08x} does not verify: the checkpoint was altered or forged")]
    BadSignature {
        /// The witness's name.
        name: String,
        /// The witness's key id.
        key_id: u32,
    },
}

/// What stands in a witness's signature line after the key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosignature {
    /// When the witness saw the checkpoint, in seconds since the Unix epoch.
    pub timestamp: u64,
    /// Over [`cosigned_message`].
    pub signature: [u8; 64],
}

impl Cosignature {
    /// Parses the 72 bytes after the key id.
    ///
    /// # Errors
    /// [`CosignatureError::Length`] or [`CosignatureError::Timestamp`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CosignatureError> {
        let length = CosignatureError::Length { found: bytes.len() };
        let Some((timestamp, signature)) = bytes.split_first_chunk() else { return Err(length) };
        let signature = signature.try_into().map_err(|_| length)?;
        let timestamp = u64::from_be_bytes(*timestamp);
        if timestamp > i64::MAX.unsigned_abs() {
            return Err(CosignatureError::Timestamp { found: timestamp });
        }
        Ok(Self { timestamp, signature })
    }

    /// The 72 bytes after the key id.
    pub fn format(&self) -> Vec<u8> {
        [&self.timestamp.to_be_bytes()[..], &self.signature].concat()
    }
}

/// What a witness signs: the time (in seconds since the Unix epoch) and the text of the checkpoint.
pub fn cosigned_message(timestamp: u64, checkpoint_body: &str) -> String {
    format!("cosignature/v1\ntime {timestamp}\n{checkpoint_body}")
}

/// The timestamps at which this witness cosigned the checkpoint, in the order of its lines; empty if it did not.
///
/// # Errors
/// [`CosignatureError`] if a line carries the witness's name and id but is malformed or does not verify: such a note is
/// to be rejected as a whole.
pub fn cosignatures(note: &SignedCheckpoint, key: &VerifierKey) -> Result<Vec<u64>, CosignatureError> {
    if key.kind() != KeyKind::CosignatureV1 {
        return Err(CosignatureError::WrongKind { name: key.name().to_string() });
    }
    let mut timestamps = Vec::new();
    for line in note.note.signatures_by(key) {
        let Cosignature { timestamp, signature } = Cosignature::parse(line)?;
        let message = cosigned_message(timestamp, note.body());
        if key.key().verify(message.as_bytes(), &signature).is_err() {
            return Err(CosignatureError::BadSignature { name: key.name().to_string(), key_id: key.key_id() });
        }
        timestamps.push(timestamp);
    }
    Ok(timestamps)
}
