//! Canonical base64 (RFC 4648 §4 and §5): every byte string has exactly one accepted spelling.
//!
//! Standard base64 is padded, base64url is not. Wrong padding, non-zero trailing bits, white space and characters of
//! the other alphabet are refused, because two spellings of one value would be two values to a hash.

use ::base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use alloc::{string::String, vec::Vec};

/// Why a text is not the base64 of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// Not canonical standard base64.
    #[error("expected canonical base64 with padding; encode the value again, without white space")]
    NotStandard,
    /// Not canonical base64url.
    #[error("expected canonical base64url without padding; encode the value again, without white space")]
    NotUrl,
}

/// Standard base64 with padding.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a canonical standard base64 text.
///
/// # Errors
/// [`Base64Error::NotStandard`] for every spelling [`encode`] does not write.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    STANDARD.decode(text).map_err(|_| Base64Error::NotStandard)
}

/// Base64url without padding.
pub fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of a canonical base64url text.
///
/// # Errors
/// [`Base64Error::NotUrl`] for every spelling [`encode_url`] does not write.
pub fn decode_url(text: &str) -> Result<Vec<u8>, Base64Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Base64Error::NotUrl)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back_from_both_alphabets() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..=bytes.len() {
            assert_eq!(decode(&encode(&bytes[..length])).as_deref(), Ok(&bytes[..length]));
            assert_eq!(decode_url(&encode_url(&bytes[..length])).as_deref(), Ok(&bytes[..length]));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for other in ["AA", "AA=", "AB==", "AAB=", "AA==\n", " AA==", "AA==AA==", "__8=", "A", "====", "AAAA="] {
            assert_eq!(decode(other), Err(Base64Error::NotStandard), "{other:?}");
        }
        for other in ["AA==", "AB", "AAB", "//8", "A", "AA ", "="] {
            assert_eq!(decode_url(other), Err(Base64Error::NotUrl), "{other:?}");
        }
    }
}
