//! Caching: what may be kept by whom, the validators that say whether it changed, and what this process keeps itself.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache as Kept;
use verifier::log::base64;
use verifier::log::hash::sha256;

/// How long an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cache {
    /// For ever: the address names the content.
    Immutable,
    /// Until it is asked for again with its `ETag`.
    Revalidate,
    /// Not at all: it is about this moment.
    Never,
}

impl Cache {
    /// `Cache-Control`.
    pub(crate) fn control(self) -> &'static str {
        match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
            Self::Never => "no-store",
        }
    }
}

/// Bytes with their strong validator, computed once it is needed.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) bytes: Bytes,
    tag: Arc<OnceLock<String>>,
}

impl<T: Into<Bytes>> From<T> for Stored {
    fn from(bytes: T) -> Self {
        Self { bytes: bytes.into(), tag: Arc::default() }
    }
}

impl Stored {
    /// The validator without its quotes: 16 bytes of the SHA-256.
    pub(crate) fn tag(&self) -> &str {
        self.tag.get_or_init(|| base64::encode_url(&sha256(&self.bytes).0[..16]))
    }
}

/// Whether `If-None-Match` names a validator or its variant for another encoding of the same bytes.
pub(crate) fn none_match(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|one| {
        let one = one.strip_prefix("W/").unwrap_or(one);
        let opaque = one.strip_prefix('"').and_then(|one| one.strip_suffix('"'));
        one == "*" || opaque.is_some_and(|found| found == tag || super::encoding::is_variant(found, tag))
    })
}

/// Answers kept in memory, up to a number of bytes: tiles under their path, notices under their index and the generation of
/// what erasures, reveals and authority statements can change.
pub(crate) struct Memory {
    kept: Kept<Key, Stored, Bytewise>,
}

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A tile or bundle.
    Tile(verifier::log::tile::TilePath),
    /// A notice: generation and index.
    Notice(u64, u64),
}

#[derive(Clone)]
struct Bytewise;

impl Weighter<Key, Stored> for Bytewise {
    fn weight(&self, _: &Key, stored: &Stored) -> u64 {
        stored.bytes.len() as u64 + 160
    }
}

impl Memory {
    /// Keeps up to so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let items = usize::try_from(bytes / 4096).unwrap_or(1024).max(16);
        Self { kept: Kept::with_weighter(items, bytes, Bytewise) }
    }

    /// What is kept.
    pub(crate) fn find(&self, key: &Key) -> Option<Stored> {
        self.kept.get(key)
    }

    /// Keeps it.
    pub(crate) fn keep(&self, key: Key, stored: &Stored) {
        self.kept.insert(key, stored.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validator_matches_itself_its_variants_and_nothing_else() {
        let stored = Stored::from("body");
        let tag = stored.tag();
        for header in [format!("\"{tag}\""), format!("W/\"{tag}\""), format!("\"x\", \"{tag}-br\""), "*".to_owned()] {
            assert!(none_match(&header, tag), "{header}");
        }
        for header in [String::new(), tag.to_owned(), "\"\"".to_owned(), format!("\"{tag}x\""), format!("\"{tag}-\"")] {
            assert!(!none_match(&header, tag), "{header}");
        }
    }
}
