//! Verifier keys: a public key with the name and the number its signature lines carry (signed-note, “Verifier keys”).
//!
//! ```text
//! example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
//! └─ name ──────┘ └─ id ─┘ └─ base64(type || public key) ─────────────┘
//! id = SHA-256(name || "\n" || type || public key)[:4]
//! ```

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{
    base64::{self, Base64Error},
    hash::sha256_parts,
    key::{KeyError, PublicKey},
};

/// What a key signs, which is part of what identifies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// 0x01: the text of a note; what a log uses.
    Ed25519,
    /// 0x04: a checkpoint with the time it was seen (tlog-cosignature); what a witness (见证人) uses.
    CosignatureV1,
}

impl KeyKind {
    /// The signature type identifier byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::CosignatureV1),
            _ => None,
        }
    }
}

/// Why a text is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not three parts, or an id that is not 8 lower-case hex digits, or nothing in the last part.
    #[error("expected a verifier key as <name>+<8 lower-case hex digits>+<base64>; copy it again whole")]
    Malformed,
    /// A name that may not stand in a signature line.
    #[error("the key name must not be empty nor hold white space, '+' or control characters")]
    Name,
    /// The key material is not base64.
    #[error("the key material after the second '+': {0}")]
    Base64(#[from] Base64Error),
    /// A type this implementation cannot verify.
    #[error("signature type 0x{found:02x} is not supported here; expected 0x01 (Ed25519) or 0x04 (cosignature/v1)")]
    UnknownType {
        /// The type byte.
        found: u8,
    },
    /// Not a sound public key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The id does not belong to this name, type and key.
    #[error("the key id is {found:08x} but name, type and key give {expected:08x}; copy the verifier key again whole")]
    KeyId {
        /// The id in the text.
        found: u32,
        /// The id computed.
        expected: u32,
    },
}

/// A named public key (验证密钥): the name and id of its signature lines, what it signs, and the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    kind: KeyKind,
    key: PublicKey,
}

impl VerifierKey {
    /// Names a key; the id follows from name, kind and key.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`] if the name may not stand in a signature line.
    pub fn new(name: impl Into<String>, kind: KeyKind, key: PublicKey) -> Result<Self, VerifierKeyError> {
        let name = name.into();
        if !is_key_name(&name) {
            return Err(VerifierKeyError::Name);
        }
        let digest = sha256_parts(&[name.as_bytes(), b"\n", &[kind.byte()], key.as_bytes()]);
        let [a, b, c, d, ..] = digest.0;
        Ok(Self { name, key_id: u32::from_be_bytes([a, b, c, d]), kind, key })
    }

    /// Parses the text form.
    ///
    /// # Errors
    /// [`VerifierKeyError`] for every spelling [`Display`](fmt::Display) does not write; among them
    /// [`UnknownType`](VerifierKeyError::UnknownType) for a key of a kind that is sound but not supported here.
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let (name, rest) = text.split_once('+').ok_or(VerifierKeyError::Malformed)?;
        let (key_id, material) = rest.split_once('+').ok_or(VerifierKeyError::Malformed)?;
        let found = parse_key_id(key_id).ok_or(VerifierKeyError::Malformed)?;
        let material = base64::decode(material)?;
        let (&kind, key) = material.split_first().ok_or(VerifierKeyError::Malformed)?;
        let kind = KeyKind::from_byte(kind).ok_or(VerifierKeyError::UnknownType { found: kind })?;
        let parsed = Self::new(name, kind, PublicKey::parse(key)?)?;
        if parsed.key_id != found {
            return Err(VerifierKeyError::KeyId { found, expected: parsed.key_id });
        }
        Ok(parsed)
    }

    /// The name in its signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number in its signature lines.
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// What it signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key.
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = Vec::with_capacity(33);
        material.push(self.kind.byte());
        material.extend_from_slice(self.key.as_bytes());
        write!(formatter, "{}+{:08x}+{}", self.name, self.key_id, base64::encode(&material))
    }
}

/// Whether a name may stand in a signature line: not empty, no Unicode space, no plus, no control character.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|character| character.is_whitespace() || character == '+' || character < ' ')
}

fn parse_key_id(text: &str) -> Option<u32> {
    let lower_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() == 8 && lower_hex { u32::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    const FOO: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn a_key_has_one_spelling() {
        let key = VerifierKey::parse(FOO).expect("the example of the specification");
        assert_eq!((key.name(), key.key_id(), key.kind()), ("example.com/foo", 0x530d_903a, KeyKind::Ed25519));
        assert_eq!(key.to_string(), FOO);
        assert_eq!(VerifierKey::new("example.com/foo", KeyKind::Ed25519, key.key().clone()), Ok(key));
    }

    #[test]
    fn every_changed_byte_and_every_truncation_is_refused() {
        for at in 0..FOO.len() {
            assert!(VerifierKey::parse(&FOO[..at]).is_err(), "cut at {at}");
            for byte in 0..128 {
                let mut changed = FOO.as_bytes().to_vec();
                changed[at] = byte;
                let changed = String::from_utf8(changed).expect("ASCII");
                assert!(changed == FOO || VerifierKey::parse(&changed).is_err(), "{changed:?}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(VerifierKey::parse("foo"), Err(VerifierKeyError::Malformed));
        assert_eq!(VerifierKey::parse(&FOO.replace("530d903a", "530D903A")), Err(VerifierKeyError::Malformed));
        assert_eq!(VerifierKey::parse("foo+00000000+"), Err(VerifierKeyError::Malformed));
        assert_eq!(VerifierKey::parse("foo+00000000+Bg=="), Err(VerifierKeyError::UnknownType { found: 6 }));
        assert_eq!(VerifierKey::parse("foo+00000000+AQ=="), Err(KeyError::Length { found: 0 }.into()));
        assert_eq!(
            VerifierKey::parse(&FOO.replace("530d903a", "530d903b")),
            Err(VerifierKeyError::KeyId { found: 0x530d_903b, expected: 0x530d_903a })
        );
        for name in ["", " ", "a b", "a\u{3000}b", "a\u{85}", "a\u{1}", "a\n", "a+b"] {
            let key = VerifierKey::parse(FOO).expect("the example of the specification").key().clone();
            assert_eq!(VerifierKey::new(name, KeyKind::Ed25519, key), Err(VerifierKeyError::Name), "{name:?}");
        }
        let zero = format!("foo+00000000+{}", base64::encode(&[&[1][..], &[0; 32]].concat()));
        assert_eq!(VerifierKey::parse(&zero), Err(KeyError::LowOrder.into()));
    }
}
