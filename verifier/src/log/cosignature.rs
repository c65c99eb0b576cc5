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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{super::test_signer::TestSigner, *};

    const BODY: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn signed(lines: &[String]) -> SignedCheckpoint {
        SignedCheckpoint::parse(&format!("{BODY}\n{}", lines.concat())).expect("well-formed")
    }

    #[test]
    fn the_message_is_the_one_of_the_specification() {
        assert_eq!(cosigned_message(1_679_315_147, "body\n"), "cosignature/v1\ntime 1679315147\nbody\n");
    }

    #[test]
    fn every_time_a_witness_cosigned_is_told() {
        let (witness, other) = (TestSigner::witness("w", 1), TestSigner::witness("w", 2));
        let note = signed(&[witness.cosign(BODY, 7), other.cosign(BODY, 8), witness.cosign(BODY, 5)]);
        assert_eq!(cosignatures(&note, &witness.verifier_key), Ok(vec![7, 5]));
        assert_eq!(cosignatures(&note, &TestSigner::witness("x", 1).verifier_key), Ok(vec![]));
        let log = TestSigner::log("w", 1).verifier_key;
        assert_eq!(cosignatures(&note, &log), Err(CosignatureError::WrongKind { name: "w".into() }));
    }

    #[test]
    fn one_false_line_of_a_known_witness_condemns_the_note() {
        let witness = TestSigner::witness("w", 1);
        let key_id = witness.verifier_key.key_id();
        let bad = CosignatureError::BadSignature { name: "w".into(), key_id };
        for false_line in [witness.cosign("another\n", 7), witness.cosign(&format!("{BODY}more\n"), 7)] {
            let note = signed(&[witness.cosign(BODY, 7), false_line]);
            assert_eq!(cosignatures(&note, &witness.verifier_key), Err(bad.clone()));
        }
        let short = signed(&[witness.sign(BODY)]);
        assert_eq!(cosignatures(&short, &witness.verifier_key), Err(CosignatureError::Length { found: 64 }));
        let latest = signed(&[witness.cosign(BODY, i64::MAX.unsigned_abs())]);
        assert_eq!(cosignatures(&latest, &witness.verifier_key), Ok(vec![i64::MAX.unsigned_abs()]));
        let too_late = signed(&[witness.cosign(BODY, 1 << 63)]);
        assert_eq!(cosignatures(&too_late, &witness.verifier_key), Err(CosignatureError::Timestamp { found: 1 << 63 }));
    }

    #[test]
    fn a_cosignature_is_72_bytes() {
        for length in (0..100).filter(|&length| length != 72) {
            assert_eq!(Cosignature::parse(&vec![0; length]), Err(CosignatureError::Length { found: length }));
        }
        let bytes: Vec<u8> = (0..72).collect();
        assert_eq!(Cosignature::parse(&bytes).expect("72 bytes").format(), bytes);
    }
}
