//! Checkpoints (检查点): a log's signed statement of its size and root hash (tlog-checkpoint v1.0.0).
//!
//! ```text
//! example.com/ledger\n                              origin: which log this is
//! 20852163\n                                        size: how many leaves
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n    root hash of these leaves
//! \n
//! — example.com/ledger Az3grlgtzPICa5OS8n…xeMcTOAYQ8=\n
//! ```
//!
//! Extension lines are refused: nobody can audit what they say, and several witnesses refuse them as well.

use alloc::{
    format,
    string::{String, ToString as _},
};

use super::{
    hash::{Hash, HashError, RootHash, empty_root},
    index::{IndexError, TreeSize},
    note::{KeyKind, Note, NoteError, VerifierKey},
};

/// Why a text is not a checkpoint, or not signed by a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not exactly three lines.
    #[error("a checkpoint here is exactly three lines: origin, size and root hash; extension lines are refused")]
    Lines,
    /// The first line is empty or holds a control character.
    #[error("the origin, the first line of a checkpoint, must not be empty nor hold control characters")]
    Origin,
    /// The second line is not a size.
    #[error("the size, the second line of a checkpoint: {0}")]
    Size(#[from] IndexError),
    /// The third line is not a hash.
    #[error("the root hash, the third line of a checkpoint: {0}")]
    Root(#[from] HashError),
    /// Size 0 with a root that is not the empty tree's.
    #[error("a tree without leaves has the root {expected}, found {found}")]
    EmptyRoot {
        /// The root of the empty tree.
        expected: RootHash,
        /// The root in the checkpoint.
        found: RootHash,
    },
    /// The key is of a kind that does not sign checkpoints for a log.
    #[error("{name} is a witness's key; expected the log's (type 0x01)")]
    WrongKind {
        /// The key's name.
        name: String,
    },
    /// No line of this key.
    #[error("the checkpoint has no signature by {name}+{key_id:08x}")]
    NotSigned {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: u32,
    },
    /// A line of this key that does not verify.
    #[error("the signature by {name}+{key_id:08x} does not verify: the checkpoint was altered or forged")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: u32,
    },
}

/// The head of a log: how many leaves, and the hash of them all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log; equal to the name of its key.
    pub origin: String,
    /// How many leaves.
    pub size: TreeSize,
    /// The root hash of these leaves.
    pub root: RootHash,
}

impl Checkpoint {
    /// Parses the three lines, each ended by a newline.
    ///
    /// # Errors
    /// [`CheckpointError`] for every text [`format`](Self::format) would not write, and for a root of the empty tree
    /// that is not the empty tree's.
    pub fn parse(body: &str) -> Result<Self, CheckpointError> {
        let mut lines = body.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if origin.is_empty() || origin.chars().any(|character| character < ' ') {
            return Err(CheckpointError::Origin);
        }
        let (size, root) = (TreeSize::parse_decimal(size)?, RootHash(Hash::parse(root)?));
        if size == TreeSize(0) && root != empty_root() {
            return Err(CheckpointError::EmptyRoot { expected: empty_root(), found: root });
        }
        Ok(Self { origin: origin.to_string(), size, root })
    }

    /// The three lines: what log and witnesses sign.
    pub fn format(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

/// A checkpoint with its signature lines, none of them verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What the text says.
    pub checkpoint: Checkpoint,
    /// The text and its signature lines.
    pub note: Note,
}

impl SignedCheckpoint {
    /// Parses a signed note whose text is a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`] if it is not a note or its text not a checkpoint.
    pub fn parse(note: &str) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        Ok(Self { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// The very bytes that were parsed.
    pub fn format(&self) -> String {
        self.note.format()
    }

    /// The text as it was signed.
    pub fn body(&self) -> &str {
        self.note.text()
    }

    /// Checks that the log's key signed the text: at least one line is this key's, and every line of it verifies.
    ///
    /// # Errors
    /// [`CheckpointError::NotSigned`] without such a line, [`CheckpointError::BadSignature`] for one that does not
    /// verify, [`CheckpointError::WrongKind`] for a witness's key.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<(), CheckpointError> {
        if key.kind() != KeyKind::Ed25519 {
            return Err(CheckpointError::WrongKind { name: key.name().to_string() });
        }
        let mut signed = false;
        for signature in self.note.signatures_by(key) {
            if key.key().verify(self.body().as_bytes(), signature).is_err() {
                return Err(CheckpointError::BadSignature { name: key.name().to_string(), key_id: key.key_id() });
            }
            signed = true;
        }
        if signed {
            Ok(())
        } else {
            Err(CheckpointError::NotSigned { name: key.name().to_string(), key_id: key.key_id() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::test_signer::TestSigner, *};

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    fn body(origin: &str, size: &str, root: &str) -> String {
        [origin, size, root, ""].join("\n")
    }

    #[test]
    fn a_checkpoint_has_one_spelling() {
        let text = body("example.com/behind-the-sofa", "20852163", ROOT);
        let checkpoint = Checkpoint::parse(&text).expect("well-formed");
        assert_eq!((checkpoint.size, checkpoint.format()), (TreeSize(20_852_163), text.clone()));
        assert_eq!(Checkpoint::parse(&text[..text.len() - 1]), Err(CheckpointError::Lines));
        assert_eq!(Checkpoint::parse(&format!("{text}extension\n")), Err(CheckpointError::Lines));
        assert_eq!(Checkpoint::parse(&format!("{text}\n")), Err(CheckpointError::Lines));
        assert_eq!(Checkpoint::parse("origin\n1\n"), Err(CheckpointError::Lines));
        assert_eq!(Checkpoint::parse(&body("", "1", ROOT)), Err(CheckpointError::Origin));
        assert_eq!(Checkpoint::parse(&body("o\r", "1", ROOT)), Err(CheckpointError::Origin));
        assert_eq!(Checkpoint::parse(&body("o", "01", ROOT)), Err(IndexError::NotDecimal.into()));
        assert_eq!(Checkpoint::parse(&body("o", "9007199254740993", ROOT)), Err(IndexError::TooLarge.into()));
        assert_eq!(Checkpoint::parse(&body("o", "1", "")), Err(HashError::Length { found: 0 }.into()));
    }

    #[test]
    fn the_empty_tree_has_its_own_root_and_no_other() {
        let empty = body("o", "0", &empty_root().to_string());
        assert_eq!(Checkpoint::parse(&empty).expect("well-formed").root, empty_root());
        let found = RootHash(Hash::parse(ROOT).expect("a hash"));
        let error = CheckpointError::EmptyRoot { expected: empty_root(), found };
        assert_eq!(Checkpoint::parse(&body("o", "0", ROOT)), Err(error));
    }

    #[test]
    fn a_checkpoint_is_signed_by_a_key_only_if_all_its_lines_verify() {
        let text = body("example.com/log", "5", ROOT);
        let (log, other) = (TestSigner::log("example.com/log", 1), TestSigner::log("example.com/log", 2));
        let witness = TestSigner::witness("example.com/log", 1);
        let signed =
            |lines: &[String]| SignedCheckpoint::parse(&format!("{text}\n{}", lines.concat())).expect("well-formed");
        let (name, key_id) = ("example.com/log".to_string(), log.verifier_key.key_id());
        let note = signed(&[other.sign(&text), log.sign(&text)]);
        assert_eq!(note.signed_by(&log.verifier_key), Ok(()));
        assert_eq!((note.body(), SignedCheckpoint::parse(&note.format())), (text.as_str(), Ok(note.clone())));
        assert_eq!(note.signed_by(&witness.verifier_key), Err(CheckpointError::WrongKind { name: name.clone() }));
        let not_signed = CheckpointError::NotSigned { name: name.clone(), key_id };
        assert_eq!(signed(&[other.sign(&text)]).signed_by(&log.verifier_key), Err(not_signed));
        let bad = CheckpointError::BadSignature { name, key_id };
        assert_eq!(signed(&[log.sign(&text), log.sign("other")]).signed_by(&log.verifier_key), Err(bad.clone()));
        assert_eq!(signed(&[log.cosign(&text, 0)]).signed_by(&log.verifier_key), Err(bad));
    }
}
