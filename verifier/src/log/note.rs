//! Signed notes: a text and the lines of those who signed it (signed-note v1.0.0).
//!
//! ```text
//! This is an example message.\n                        text, any number of lines
//! \n
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1T…neyaQM=\n  one line a signature: base64(key id || signature)
//! ```
//!
//! A parsed note is well-formed and nothing more: the text means nothing until a trusted key's line has been verified,
//! which [`checkpoint`](super::checkpoint), [`cosignature`](super::cosignature) and [`policy`](super::policy) do. Lines
//! of unknown keys must be well-formed too, and are then ignored.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::base64::{self, Base64Error};
use super::vkey::is_key_name;
pub use super::vkey::{KeyKind, VerifierKey, VerifierKeyError};

/// The longest note, in bytes.
pub const MAX_LENGTH: usize = 1 << 20;

/// The most signature lines of a note.
pub const MAX_SIGNATURES: usize = 64;

/// Why a text is not a signed note. Lines are counted from the first signature line, as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_LENGTH`].
    #[error("a note is at most {MAX_LENGTH} bytes, found {found}")]
    TooLong {
        /// The length in bytes.
        found: usize,
    },
    /// A control character other than newline.
    #[error("a note must not contain control characters but newline, found U+{found:04X}")]
    ControlCharacter {
        /// The character.
        found: u32,
    },
    /// No empty line between text and signatures.
    #[error("expected a text, an empty line and signature lines; is the file cut off?")]
    NoSignatures,
    /// The last line does not end.
    #[error("expected a newline at the end; is the file cut off?")]
    NoFinalNewline,
    /// More than [`MAX_SIGNATURES`].
    #[error("a note has at most {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
    /// Not `— <name> <base64>`.
    #[error("signature line {line} is not an em dash, a key name and base64, with single spaces between")]
    Line {
        /// Which signature line, from 1.
        line: usize,
    },
    /// A name that is not one.
    #[error("signature line {line}: the key name must not be empty nor hold white space or '+'")]
    Name {
        /// Which signature line, from 1.
        line: usize,
    },
    /// Not canonical base64.
    #[error("signature line {line}: {error}")]
    Base64 {
        /// Which signature line, from 1.
        line: usize,
        /// What is wrong with it.
        error: Base64Error,
    },
    /// No room for a key id and a signature.
    #[error("signature line {line}: expected a key id of 4 bytes and a signature, found {found} bytes")]
    TooShort {
        /// Which signature line, from 1.
        line: usize,
        /// How many bytes the base64 stands for.
        found: usize,
    },
}

/// One signature line: who says to have signed, and the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's number.
    pub key_id: u32,
    /// What the key made of the text; its form depends on the kind of key.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    fn parse(text: &str, line: usize) -> Result<Self, NoteError> {
        let (name, encoded) =
            text.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Line { line })?;
        if !is_key_name(name) {
            return Err(NoteError::Name { line });
        }
        let bytes = base64::decode(encoded).map_err(|error| NoteError::Base64 { line, error })?;
        match bytes.split_first_chunk() {
            Some((key_id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.to_string(), key_id: u32::from_be_bytes(*key_id), signature: signature.to_vec() })
            }
            _ => Err(NoteError::TooShort { line, found: bytes.len() }),
        }
    }

    /// The line, with its newline.
    pub fn format(&self) -> String {
        signature_line(&self.name, self.key_id, &self.signature)
    }
}

/// A well-formed signed note (签名文本).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Parses a note of at most [`MAX_LENGTH`] bytes and [`MAX_SIGNATURES`] signature lines.
    ///
    /// # Errors
    /// [`NoteError`] for every text [`format`](Self::format) would not write.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_LENGTH {
            return Err(NoteError::TooLong { found: note.len() });
        }
        if let Some(found) = note.chars().find(|&character| character < ' ' && character != '\n') {
            return Err(NoteError::ControlCharacter { found: found.into() });
        }
        // The last empty line separates, since the text may hold empty lines and the signature lines are never empty.
        let end = note.rfind("\n\n").ok_or(NoteError::NoSignatures)? + 1;
        let signatures = parse_signature_lines(&note[end + 1..])?;
        Ok(Self { text: note[..end].to_string(), signatures })
    }

    /// What was signed, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in order, known keys or not.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The lines that carry this key's name and id.
    pub fn signatures_by<'n>(&'n self, key: &'n VerifierKey) -> impl Iterator<Item = &'n [u8]> {
        self.signatures
            .iter()
            .filter(|line| line.name == key.name() && line.key_id == key.key_id())
            .map(|line| line.signature.as_slice())
    }

    /// The very bytes that were parsed.
    pub fn format(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for line in &self.signatures {
            note.push_str(&line.format());
        }
        note
    }
}

/// Parses signature lines, each with its newline: at least one, at most [`MAX_SIGNATURES`].
pub(super) fn parse_signature_lines(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    if lines.is_empty() {
        return Err(NoteError::NoSignatures);
    }
    let lines = lines.strip_suffix('\n').ok_or(NoteError::NoFinalNewline)?;
    let mut signatures = Vec::new();
    for (number, line) in (1..).zip(lines.split('\n')) {
        if number > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(NoteSignature::parse(line, number)?);
    }
    Ok(signatures)
}

/// A signature line with its newline.
pub fn signature_line(name: &str, key_id: u32, signature: &[u8]) -> String {
    let bytes = [&key_id.to_be_bytes()[..], signature].concat();
    format!("— {name} {}\n", base64::encode(&bytes))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlT\
        gK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written_back() {
        let note = Note::parse(NOTE).expect("well-formed");
        let key = VerifierKey::parse(FOO).expect("a key");
        assert_eq!(note.text(), "This is an example message.\n");
        assert_eq!(note.format(), NOTE);
        let signature = note.signatures_by(&key).next().expect("a line of that key");
        assert_eq!(key.key().verify(note.text().as_bytes(), signature), Ok(()));
    }

    #[test]
    fn the_text_may_hold_empty_lines_and_what_looks_like_signatures() {
        let text = "\n\n— a AAAAAAE=\n\ntext\n";
        let note = [text, "\n", &signature_line("b", 1, b"x"), &signature_line("c", 2, &[0; 5000])].concat();
        let parsed = Note::parse(&note).expect("well-formed");
        assert_eq!((parsed.text(), parsed.format().as_str()), (text, note.as_str()));
        let signature = NoteSignature { name: "b".into(), key_id: 1, signature: vec![b'x'] };
        assert_eq!((parsed.signatures().len(), &parsed.signatures()[0]), (2, &signature));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with_line = |line: &str| Note::parse(&["text\n\n", line].concat());
        assert_eq!(Note::parse(""), Err(NoteError::NoSignatures));
        assert_eq!(Note::parse("text\n"), Err(NoteError::NoSignatures));
        assert_eq!(with_line(""), Err(NoteError::NoSignatures));
        assert_eq!(with_line("\n"), Err(NoteError::NoSignatures));
        assert_eq!(with_line("— a AAAAAAE="), Err(NoteError::NoFinalNewline));
        for line in ["text\n", "—\u{a0}a AAAAAAE=\n", "- a AAAAAAE=\n", "— a\n", " — a AAAAAAE=\n"] {
            assert_eq!(with_line(line), Err(NoteError::Line { line: 1 }), "{line:?}");
        }
        for line in ["—  AAAAAAE=\n", "— a+b AAAAAAE=\n", "— a\u{2003}b AAAAAAE=\n"] {
            assert_eq!(with_line(line), Err(NoteError::Name { line: 1 }), "{line:?}");
        }
        for line in ["— a  AAAAAAE=\n", "— a AAAAAAE\n", "— a AAAAAAF=\n", "— a AAAAAAE= \n", "— a b AAAAAAE=\n"]
        {
            assert_eq!(
                with_line(line),
                Err(NoteError::Base64 { line: 1, error: Base64Error::NotStandard }),
                "{line:?}"
            );
        }
        assert_eq!(with_line("— a AAAAAAE=\n— a AAAAAA==\n"), Err(NoteError::TooShort { line: 2, found: 4 }));
        assert_eq!(Note::parse("te\txt\n\n— a AAAAAAE=\n"), Err(NoteError::ControlCharacter { found: 9 }));
        assert_eq!(Note::parse("text\r\n\n— a AAAAAAE=\n"), Err(NoteError::ControlCharacter { found: 13 }));
    }

    #[test]
    fn limits_hold_to_the_line_and_to_the_byte() {
        let lines = |count| ["text\n\n", &"— a AAAAAAE=\n".repeat(count)].concat();
        assert!(Note::parse(&lines(MAX_SIGNATURES)).is_ok());
        assert_eq!(Note::parse(&lines(MAX_SIGNATURES + 1)), Err(NoteError::TooManySignatures));
        let long = |length| ["t".repeat(length - lines(1).len()), lines(1)].concat();
        assert!(Note::parse(&long(MAX_LENGTH)).is_ok());
        assert_eq!(Note::parse(&long(MAX_LENGTH + 1)), Err(NoteError::TooLong { found: MAX_LENGTH + 1 }));
    }

    #[test]
    fn every_note_that_is_read_at_all_is_written_back_as_it_was() {
        for at in 0..NOTE.len() {
            for byte in [b'\n', b' ', b'+', b'=', b'A', 0xe2, 0x94, 0, 0xff] {
                let mut changed = NOTE.as_bytes().to_vec();
                changed[at] = byte;
                if let Ok(Ok(note)) = str::from_utf8(&changed).map(Note::parse) {
                    assert_eq!(note.format().as_bytes(), changed);
                }
            }
        }
    }
}
