//! What a log asks of a witness, and what it gets (C2SP tlog-witness v1.0.0, `add-checkpoint`).
//!
//! ```text
//! POST <submission prefix>/add-checkpoint
//!
//! old 20852014\n                                     the size the witness cosigned last, as far as the log knows
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n     consistency proof from there, at most 63 hashes
//! …
//! \n
//! example.com/behind-the-sofa\n                      the signed checkpoint, as the log wrote it
//! …
//!
//! 200   — witness.example/w1 CMp+6LWBU0an…\n         signature lines, one or more
//! 409   20852014\n                                   the size it cosigned last, as text/x.tlog.size
//! ```
//!
//! Parsing checks the form; what a witness must refuse is in [`witness`](super::witness). A monitor reads
//! `<monitoring prefix>/<origin hash>/checkpoint`, the newest checkpoint the witness cosigned (tlog-witness as of July 2026).

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::{
    checkpoint::{CheckpointError, SignedCheckpoint},
    hash::{Hash, HashError, hex, sha256},
    index::{IndexError, TreeSize},
    note::{self, NoteError, NoteSignature},
};

/// The path below a witness's submission prefix.
pub const PATH: &str = "add-checkpoint";

/// The most hashes of a proof.
pub const MAX_HASHES: usize = 63;

/// The longest request, in bytes: the proof, and a note of [`note::MAX_SIGNATURES`] lines of the longest kind of signature
/// known (ML-DSA-44, 2,428 bytes).
pub const MAX_LENGTH: usize = 256 << 10;

/// The longest answer, in bytes.
pub const MAX_ANSWER: usize = 64 << 10;

/// The media type of the size a witness answers with 409.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// Why a text is no such request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// Longer than [`MAX_LENGTH`].
    #[error("a request is at most {MAX_LENGTH} bytes, found {found}")]
    TooLong {
        /// The length in bytes.
        found: usize,
    },
    /// No `old` line at the beginning.
    #[error("expected a first line beginning with old and a size")]
    NoOld,
    /// The size in it is none.
    #[error("the old line: {0}")]
    Old(#[from] IndexError),
    /// No empty line before a checkpoint.
    #[error("expected an empty line and a checkpoint after the hashes; was the request cut off?")]
    NoCheckpoint,
    /// More than [`MAX_HASHES`].
    #[error("a consistency proof has at most {MAX_HASHES} hashes")]
    TooManyHashes,
    /// Not a hash.
    #[error("hash {number} of the consistency proof, counted from 1: {error}")]
    Hash {
        /// Which one.
        number: usize,
        /// What is wrong with it.
        error: HashError,
    },
    /// Not a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// A checkpoint submitted to a witness: well-formed and nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size the witness cosigned last, as far as the log knows; 0 if it never did.
    pub old: TreeSize,
    /// The proof that the checkpoint continues it.
    pub proof: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// Parses a request of at most [`MAX_LENGTH`] bytes.
    ///
    /// # Errors
    /// [`AddCheckpointError`] for every text [`format`](Self::format) would not write.
    pub fn parse(request: &str) -> Result<Self, AddCheckpointError> {
        if request.len() > MAX_LENGTH {
            return Err(AddCheckpointError::TooLong { found: request.len() });
        }
        let rest = request.strip_prefix("old ").ok_or(AddCheckpointError::NoOld)?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or(AddCheckpointError::NoCheckpoint)?;
        let mut lines = head.split('\n');
        let old = TreeSize::parse_decimal(lines.next().unwrap_or_default())?;
        let mut proof = Vec::new();
        for (number, line) in (1..).zip(lines) {
            if number > MAX_HASHES {
                return Err(AddCheckpointError::TooManyHashes);
            }
            proof.push(Hash::parse(line).map_err(|error| AddCheckpointError::Hash { number, error })?);
        }
        Ok(Self { old, proof, checkpoint: SignedCheckpoint::parse(checkpoint)? })
    }

    /// The text of the request: the very bytes that were parsed.
    pub fn format(&self) -> String {
        let mut request = format!("old {}\n", self.old);
        for hash in &self.proof {
            request = request + &hash.to_string() + "\n";
        }
        request + "\n" + &self.checkpoint.format()
    }
}

/// Parses the signature lines of an answer of at most [`MAX_ANSWER`] bytes. Whose they are, and whether they verify, is for
/// the reader to check: lines of unknown keys are to be ignored.
///
/// # Errors
/// [`NoteError`] if there is no line, or one is malformed.
pub fn parse_cosignatures(answer: &str) -> Result<Vec<NoteSignature>, NoteError> {
    if answer.len() > MAX_ANSWER {
        return Err(NoteError::TooLong { found: answer.len() });
    }
    note::parse_signature_lines(answer)
}

/// Parses the size in a 409: a decimal and a newline.
///
/// # Errors
/// [`IndexError`] for every text [`format_size`] would not write.
pub fn parse_size(answer: &str) -> Result<TreeSize, IndexError> {
    TreeSize::parse_decimal(answer.strip_suffix('\n').ok_or(IndexError::NotDecimal)?)
}

/// The body of a 409.
pub fn format_size(size: TreeSize) -> String {
    format!("{size}\n")
}

/// The path below a witness's monitoring prefix of the newest checkpoint it cosigned for a log.
pub fn monitor_path(origin: &str) -> String {
    hex(&sha256(origin.as_bytes()).0) + "/checkpoint"
}

#[cfg(test)]
mod tests {
    use super::{super::test_signer::TestSigner, *};

    const BODY: &str = "example.com/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const HASH: &str = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=";

    fn request(old: &str, hashes: &[&str]) -> String {
        let hashes = hashes.iter().flat_map(|hash| [hash, "\n"]).collect::<String>();
        format!("{old}\n{hashes}\n{BODY}\n{}", TestSigner::log("example.com/log", 1).sign(BODY))
    }

    #[test]
    fn the_example_of_the_specification_is_read_and_written_back() {
        let text = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
            jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
            /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\nexample.com/behind-the-sofa\n20852163\n\
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
            — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
            — example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
        let parsed = AddCheckpoint::parse(text).expect("well-formed");
        assert_eq!((parsed.old, parsed.proof.len()), (TreeSize(20_852_014), 4));
        assert_eq!(parsed.checkpoint.checkpoint.size, TreeSize(20_852_163));
        assert_eq!(parsed.format(), text);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let assert_error = |text: &str, error: AddCheckpointError| assert_eq!(AddCheckpoint::parse(text), Err(error));
        assert!(AddCheckpoint::parse(&request("old 0", &[])).is_ok());
        assert_error("", AddCheckpointError::NoOld);
        for first in ["Old 0", "old\t0", "old", "0", ""] {
            assert_error(&request(first, &[HASH]), AddCheckpointError::NoOld);
        }
        for old in ["old 01", "old +1", "old  1", "old 1 ", "old -0", "old "] {
            assert_error(&request(old, &[HASH]), IndexError::NotDecimal.into());
        }
        assert_error(&request("old 18446744073709551616", &[]), IndexError::TooLarge.into());
        assert_error("old 1\n", AddCheckpointError::NoCheckpoint);
        assert_error(&request("old 1", &[]).replace('\n', "\r\n"), AddCheckpointError::NoCheckpoint);
        let short = AddCheckpointError::Hash { number: 2, error: HashError::Length { found: 43 } };
        assert_error(&request("old 1", &[HASH, &HASH[..43]]), short);
        assert!(AddCheckpoint::parse(&request("old 1", &[HASH; MAX_HASHES])).is_ok());
        assert_error(&request("old 1", &[HASH; MAX_HASHES + 1]), AddCheckpointError::TooManyHashes);
        let extended = request("old 1", &[]).replace("q2I=\n", "q2I=\nextension\n");
        assert_error(&extended, CheckpointError::Lines.into());
        let found = MAX_LENGTH + 1;
        assert_error(&" ".repeat(found), AddCheckpointError::TooLong { found });
    }

    #[test]
    fn every_truncation_is_refused_and_every_changed_byte_refused_or_kept() {
        let text = request("old 4", &[HASH, HASH]);
        for at in 0..text.len() {
            assert!(
                text.is_char_boundary(at).then(|| AddCheckpoint::parse(&text[..at])).is_none_or(|cut| cut.is_err())
            );
            for change in 1..=255 {
                let mut changed = text.as_bytes().to_vec();
                changed[at] ^= change;
                let Ok(changed) = str::from_utf8(&changed) else { continue };
                if let Ok(parsed) = AddCheckpoint::parse(changed) {
                    assert_eq!(parsed.format(), changed);
                }
            }
        }
    }

    #[test]
    fn answers_are_lines_or_a_size_and_nothing_else() {
        let line = TestSigner::witness("w1.example", 1).cosign(BODY, 7);
        let other = TestSigner::witness("w2.example", 2).cosign(BODY, 8);
        let lines = parse_cosignatures(&[line.as_str(), &other].concat()).expect("two lines");
        assert_eq!([lines[0].format(), lines[1].format()], [line.clone(), other]);
        assert_eq!(parse_cosignatures(""), Err(NoteError::NoSignatures));
        assert_eq!(parse_cosignatures(&line[..line.len() - 1]), Err(NoteError::NoFinalNewline));
        assert_eq!(parse_cosignatures(&format!("{line}\n")), Err(NoteError::Line { line: 2 }));
        assert_eq!(parse_cosignatures(&line.repeat(note::MAX_SIGNATURES + 1)), Err(NoteError::TooManySignatures));
        assert_eq!(parse_size(&format_size(TreeSize(20_852_014))), Ok(TreeSize(20_852_014)));
        for other in ["", "\n", "5", "05\n", "5\n\n", "5\r\n", " 5\n", "-5\n"] {
            assert_eq!(parse_size(other), Err(IndexError::NotDecimal), "{other:?}");
        }
    }

    #[test]
    fn a_monitor_finds_a_log_under_the_hash_of_its_origin() {
        let hash = "4d3203c8f35cdf600e475f55fede6081a703d3d322f208865fca2ec4f0e030f8";
        assert_eq!(monitor_path("example.com/log"), format!("{hash}/checkpoint"));
    }
}
