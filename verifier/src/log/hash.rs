//! SHA-256 and the two ways the tree uses it (RFC 6962 §2.1).
//!
//! ```text
//! leaf = SHA-256(0x00 || entry)      node = SHA-256(0x01 || left || right)      empty tree = SHA-256("")
//! ```

use alloc::format;
use alloc::string::String;
use core::fmt;

use ::base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::base64;

/// A SHA-256 hash; shown as standard base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

/// Why a text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not 44 characters, which is what 32 bytes take.
    #[error("a hash is 44 characters of base64, found {found}")]
    Length {
        /// How many bytes the text has.
        found: usize,
    },
    /// 44 characters, but not the canonical base64 of 32 bytes.
    #[error("a hash is the canonical base64 of 32 bytes; encode it again")]
    NotCanonical,
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Hash {
    /// 32 zero bytes: “nothing before this” in a chain of hashes.
    pub const ZERO: Self = Self([0; 32]);

    /// Parses the standard base64 of 32 bytes, without allocating.
    ///
    /// # Errors
    /// [`HashError`] for every spelling [`Display`](fmt::Display) does not write.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        if text.len() != 44 {
            return Err(HashError::Length { found: text.len() });
        }
        let mut bytes = [0; 33];
        match STANDARD.decode_slice(text, &mut bytes) {
            Ok(32) => {
                let mut hash = [0; 32];
                hash.copy_from_slice(&bytes[..32]);
                Ok(Self(hash))
            }
            _ => Err(HashError::NotCanonical),
        }
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&base64::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The hash of an entry in the tree: what stands at the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafHash(pub Hash);

/// The hash at the top of a tree: what a checkpoint commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootHash(pub Hash);

impl fmt::Display for LeafHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// SHA-256 of the parts one after another, without joining them in memory.
pub fn sha256_parts(parts: &[&[u8]]) -> Hash {
    let mut sha256 = Sha256::new();
    for part in parts {
        sha256.update(part);
    }
    Hash(sha256.finalize().into())
}

/// The leaf hash of an entry (RFC 6962 §2.1).
pub fn leaf_hash(entry: &[u8]) -> LeafHash {
    LeafHash(sha256_parts(&[&[0x00], entry]))
}

/// The hash of the node above two others (RFC 6962 §2.1).
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    // One contiguous block is hashed faster than three updates, and audits hash a node for every entry.
    let mut block = [0x01; 65];
    block[1..33].copy_from_slice(&left.0);
    block[33..].copy_from_slice(&right.0);
    sha256(&block)
}

/// The root of a tree without leaves.
pub fn empty_root() -> RootHash {
    RootHash(sha256(b""))
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(Hash::parse(text), Ok(empty_root().0));
        assert_eq!(empty_root().to_string(), text);
        assert_eq!(format!("{:?}", Hash::ZERO), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(Hash::parse(&text[..43]), Err(HashError::Length { found: 43 }));
        // The same bytes with a stray bit after the last one, and 33 bytes in as many characters.
        assert_eq!(Hash::parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV="), Err(HashError::NotCanonical));
        assert_eq!(Hash::parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA"), Err(HashError::NotCanonical));
        assert_eq!(Hash::parse("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="), Err(HashError::NotCanonical));
    }

    #[test]
    fn parts_hash_like_the_whole() {
        assert_eq!(sha256_parts(&[b"a", b"", b"bc"]), sha256(b"abc"));
        assert_eq!(leaf_hash(b"abc").0, sha256(b"\x00abc"));
        let (left, right) = (sha256(b"l"), sha256(b"r"));
        assert_eq!(node_hash(left, right), sha256_parts(&[&[1], &left.0, &right.0]));
    }
}
