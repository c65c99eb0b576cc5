//! Proofs that something is in a log, complete in one file (C2SP tlog-proof).
//!
//! ```text
//! c2sp.org/tlog-proof@v1\n
//! extra YWdlLXYxLjIuMS1kYXJ3aW4t…\n                  optional; proves nothing by itself
//! index 73894\n                                      where the entry stands
//! gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n    inclusion proof, from the leaf's sibling upwards
//! …
//! \n
//! example.com/ledger\n                               the signed checkpoint, as the log wrote it
//! …
//! ```
//!
//! Parsing checks the form. What the entry is, whether the checkpoint satisfies a policy and whether the hashes lead to
//! its root is for the reader to check.

use alloc::{
    string::{String, ToString as _},
    vec::Vec,
};

use super::{
    base64::{self, Base64Error},
    checkpoint::{CheckpointError, SignedCheckpoint},
    hash::{Hash, HashError},
    index::{IndexError, LeafIndex},
    note,
};

/// The first line.
pub const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most bytes of extra data: an entry of 65,535 bytes and disclosures of 8 MiB as JSON, with room for its quoting.
pub const MAX_EXTRA: usize = 9 << 20;

/// The most hashes: one for every level of a tree of 2^64 leaves.
pub const MAX_HASHES: usize = 64;

/// The longest proof, in bytes: extra data as base64, the hashes, and the checkpoint.
pub const MAX_LENGTH: usize = MAX_EXTRA / 3 * 4 + 4096 + note::MAX_LENGTH;

/// Why a text is not a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Longer than [`MAX_LENGTH`].
    #[error("a proof is at most {MAX_LENGTH} bytes, found {found}")]
    TooLong {
        /// The length in bytes.
        found: usize,
    },
    /// Not a proof of this version.
    #[error("expected the first line {HEADER}; this is no proof, or one of another version")]
    Header,
    /// No empty line before a checkpoint.
    #[error("expected an empty line and a checkpoint after the hashes; is the file cut off?")]
    NoCheckpoint,
    /// An `extra` line without data.
    #[error("the extra line must hold data or be left out")]
    EmptyExtra,
    /// More than [`MAX_EXTRA`].
    #[error("extra data is at most {MAX_EXTRA} bytes, found {found}")]
    ExtraTooLong {
        /// The length in bytes.
        found: usize,
    },
    /// Extra data that is not base64.
    #[error("the extra line: {0}")]
    Extra(#[from] Base64Error),
    /// No `index` line where it should stand.
    #[error("expected a line beginning with index")]
    NoIndex,
    /// Not a number.
    #[error("the index line: {0}")]
    Index(#[from] IndexError),
    /// More than [`MAX_HASHES`].
    #[error("an inclusion proof has at most {MAX_HASHES} hashes")]
    TooManyHashes,
    /// Not a hash.
    #[error("hash {number} of the inclusion proof, counted from 1: {error}")]
    Hash {
        /// Which hash, from 1.
        number: usize,
        /// What is wrong with it.
        error: HashError,
    },
    /// Not a signed checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

/// A proof (回执的底层格式) that an entry stands in a log, as it is written in a `.tlog-proof` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Whatever the application needs to rebuild the entry; never empty, never to be believed by itself.
    pub extra: Option<Vec<u8>>,
    /// Where the entry stands.
    pub index: LeafIndex,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The checkpoint whose root the proof leads to.
    pub checkpoint: SignedCheckpoint,
}

impl TlogProof {
    /// Parses a proof of at most [`MAX_LENGTH`] bytes.
    ///
    /// # Errors
    /// [`TlogProofError`] for every text [`format`](Self::format) would not write.
    pub fn parse(proof: &str) -> Result<Self, TlogProofError> {
        if proof.len() > MAX_LENGTH {
            return Err(TlogProofError::TooLong { found: proof.len() });
        }
        let (head, checkpoint) = proof.split_once("\n\n").ok_or(TlogProofError::NoCheckpoint)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(TlogProofError::Header);
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| &line["extra ".len()..]);
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(TlogProofError::NoIndex)?;
        let mut hashes = Vec::new();
        for (number, line) in (1..).zip(lines) {
            if number > MAX_HASHES {
                return Err(TlogProofError::TooManyHashes);
            }
            hashes.push(Hash::parse(line).map_err(|error| TlogProofError::Hash { number, error })?);
        }
        Ok(Self {
            extra: extra.map(parse_extra).transpose()?,
            index: LeafIndex::parse_decimal(index)?,
            hashes,
            checkpoint: SignedCheckpoint::parse(checkpoint)?,
        })
    }

    /// The text of the proof: the very bytes that were parsed. Empty extra data is left out.
    pub fn format(&self) -> String {
        let checkpoint = self.checkpoint.format();
        let extra = self.extra.as_deref().filter(|extra| !extra.is_empty()).map(base64::encode);
        let length = 64 + extra.as_ref().map_or(0, String::len) + 45 * self.hashes.len() + checkpoint.len();
        let mut proof = String::with_capacity(length);
        let mut lines = |parts: &[&str]| parts.iter().for_each(|part| proof.push_str(part));
        lines(&[HEADER, "\n"]);
        if let Some(extra) = extra {
            lines(&["extra ", &extra, "\n"]);
        }
        lines(&["index ", &self.index.to_string(), "\n"]);
        for hash in &self.hashes {
            lines(&[&hash.to_string(), "\n"]);
        }
        lines(&["\n", &checkpoint]);
        proof
    }
}

fn parse_extra(text: &str) -> Result<Vec<u8>, TlogProofError> {
    if text.is_empty() {
        return Err(TlogProofError::EmptyExtra);
    }
    let extra = base64::decode(text)?;
    if extra.len() > MAX_EXTRA {
        return Err(TlogProofError::ExtraTooLong { found: extra.len() });
    }
    Ok(extra)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{super::test_signer::TestSigner, *};

    const BODY: &str = "example.com/log\n5\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    fn checkpoint() -> String {
        format!("{BODY}\n{}", TestSigner::log("example.com/log", 1).sign(BODY))
    }

    fn proof(extra: &str, index: &str, hashes: &[&str]) -> String {
        let hashes = hashes.iter().flat_map(|hash| [hash, "\n"]).collect::<String>();
        format!("{HEADER}\n{extra}{index}{hashes}\n{}", checkpoint())
    }

    const HASH: &str = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=";

    #[test]
    fn a_proof_has_one_spelling() {
        let with_extra = proof("extra AQI=\n", "index 73894\n", &[HASH, HASH]);
        let parsed = TlogProof::parse(&with_extra).expect("well-formed");
        assert_eq!(
            (parsed.extra.as_deref(), parsed.index, parsed.hashes.len()),
            (Some(&[1, 2][..]), LeafIndex(73_894), 2)
        );
        assert_eq!(parsed.format(), with_extra);
        let bare = proof("", "index 0\n", &[]);
        let parsed = TlogProof::parse(&bare).expect("well-formed");
        assert_eq!((&parsed.extra, parsed.format()), (&None, bare.clone()));
        assert_eq!(TlogProof { extra: Some(vec![]), ..parsed }.format(), bare);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let assert_error = |proof: &str, error: TlogProofError| assert_eq!(TlogProof::parse(proof), Err(error));
        let good = proof("", "index 1\n", &[HASH]);
        assert_error("", TlogProofError::NoCheckpoint);
        assert_error(&good.replace("@v1", "@v2"), TlogProofError::Header);
        assert_error(&good.replace('\n', "\r\n"), TlogProofError::NoCheckpoint);
        assert_error(&proof("extra \n", "index 1\n", &[]), TlogProofError::EmptyExtra);
        assert_error(&proof("extra AQI\n", "index 1\n", &[]), Base64Error::NotStandard.into());
        for (extra, index) in
            [("extra\n", "index 1\n"), ("", "Index 1\n"), ("", "index\n"), ("", ""), ("index 1\n", "extra AQI=\n")]
        {
            let expected = if extra == "index 1\n" {
                TlogProofError::Hash { number: 1, error: HashError::Length { found: 10 } }
            } else {
                TlogProofError::NoIndex
            };
            assert_error(&proof(extra, index, &[]), expected);
        }
        assert_error(&proof("", "index 01\n", &[]), IndexError::NotDecimal.into());
        assert_error(&proof("", "index  1\n", &[]), IndexError::NotDecimal.into());
        let short = TlogProofError::Hash { number: 2, error: HashError::Length { found: 43 } };
        assert_error(&proof("", "index 1\n", &[HASH, &HASH[..43]]), short);
        assert!(TlogProof::parse(&proof("", "index 1\n", &[HASH; MAX_HASHES])).is_ok());
        assert_error(&proof("", "index 1\n", &[HASH; MAX_HASHES + 1]), TlogProofError::TooManyHashes);
        assert_error(&good.replace("\n5\n", "\n05\n"), CheckpointError::Size(IndexError::NotDecimal).into());
    }

    #[test]
    fn the_largest_receipt_fits_and_nothing_much_larger() {
        let extra = |length: usize| format!("extra {}\n", base64::encode(&vec![b'"'; length]));
        // An entry whose every byte is quoted, 8 MiB of disclosures in 256 strings.
        let largest = 2 * 65_535 + (8 << 20) + 256 * 3 + 64;
        assert!(TlogProof::parse(&proof(&extra(largest), "index 1\n", &[HASH; 53])).is_ok());
        let found = MAX_EXTRA + 1;
        let error = TlogProofError::ExtraTooLong { found };
        assert_eq!(TlogProof::parse(&proof(&extra(found), "index 1\n", &[])), Err(error));
        let found = MAX_LENGTH + 1;
        assert_eq!(TlogProof::parse(&" ".repeat(found)), Err(TlogProofError::TooLong { found }));
    }

    #[test]
    fn every_truncation_is_refused_and_every_changed_byte_refused_or_kept() {
        let text = proof("extra AQI=\n", "index 4\n", &[HASH, HASH]);
        for at in 0..text.len() {
            assert!(text.is_char_boundary(at).then(|| TlogProof::parse(&text[..at])).is_none_or(|cut| cut.is_err()));
            for change in 1..=255 {
                let mut changed = text.as_bytes().to_vec();
                changed[at] ^= change;
                let Ok(changed) = str::from_utf8(&changed) else { continue };
                if let Ok(parsed) = TlogProof::parse(changed) {
                    // Another index, hash or root is for the reader to refuse; another spelling of the same is not.
                    assert_eq!(parsed.format(), changed);
                }
            }
        }
    }
}
