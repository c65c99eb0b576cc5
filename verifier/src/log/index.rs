//! Positions in a log: which leaf, and how many of them.

use core::fmt;

/// The largest position or size: 2^53, beyond which JSON numbers lose digits.
pub const MAX: u64 = 1 << 53;

/// The place of an entry in the log, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafIndex(pub u64);

/// The number of leaves of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeSize(pub u64);

/// Why a text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Empty, a sign, a leading zero, or anything that is not an ASCII digit.
    #[error("expected a decimal number of ASCII digits without sign or leading zero")]
    NotDecimal,
    /// More than 2^53.
    #[error("expected a number of at most 2^53 = 9007199254740992")]
    TooLarge,
}

impl LeafIndex {
    /// Parses a decimal without sign or leading zero, at most 2^53.
    ///
    /// # Errors
    /// [`IndexError`] for every other spelling.
    pub fn parse_decimal(text: &str) -> Result<Self, IndexError> {
        parse_decimal(text).map(Self)
    }
}

impl TreeSize {
    /// Parses a decimal without sign or leading zero, at most 2^53.
    ///
    /// # Errors
    /// [`IndexError`] for every other spelling.
    pub fn parse_decimal(text: &str) -> Result<Self, IndexError> {
        parse_decimal(text).map(Self)
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

fn parse_decimal(text: &str) -> Result<u64, IndexError> {
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if text.is_empty() || leading_zero || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(IndexError::NotDecimal);
    }
    // Only digits are left, so the one thing that can go wrong is overflow.
    text.parse().ok().filter(|&number| number <= MAX).ok_or(IndexError::TooLarge)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for number in [0, 1, 10, 255, MAX] {
            assert_eq!(TreeSize::parse_decimal(&number.to_string()), Ok(TreeSize(number)));
            assert_eq!(LeafIndex::parse_decimal(&LeafIndex(number).to_string()), Ok(LeafIndex(number)));
        }
        for other in ["", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x1", "１", "1_000"] {
            assert_eq!(TreeSize::parse_decimal(other), Err(IndexError::NotDecimal), "{other:?}");
        }
        for other in ["9007199254740993", "18446744073709551616", "99999999999999999999999999"] {
            assert_eq!(LeafIndex::parse_decimal(other), Err(IndexError::TooLarge), "{other:?}");
        }
    }
}
