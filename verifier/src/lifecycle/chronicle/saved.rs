//! A chronicle between two runs of a program, as plain data: what can be made again from the rest is left out.
//!
//! It is its owner's own memory: whoever can write it can lie to whoever reads it again.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CHUNK, Chronicle, Interner, LawEntry, Track};
use crate::audit::ReadEntry;
use crate::lifecycle::instant::Seconds;
use crate::log::index::LeafIndex;

#[derive(Serialize, Deserialize)]
struct Saved<'a> {
    genesis: Seconds,
    law: Cow<'a, [LawEntry]>,
    names: Cow<'a, BTreeMap<String, String>>,
    tracks: Cow<'a, [Track]>,
    texts: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    chunks: Vec<Bytes<'a>>,
    early: Cow<'a, BTreeMap<u64, u64>>,
    late: Cow<'a, BTreeMap<u64, u64>>,
}

/// Bytes in one piece, where a slice would be written one byte after the other.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = &'de [u8];
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("bytes")
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(Borrowed).map(Bytes)
    }
}

impl Serialize for Chronicle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let saved = Saved {
            genesis: self.genesis,
            law: Cow::Borrowed(&self.law_entries),
            names: Cow::Borrowed(&self.names),
            tracks: Cow::Borrowed(&self.tracks),
            texts: self.texts.texts.iter().map(|text| Cow::Borrowed(text.as_ref())).collect(),
            chunks: self.chunks.iter().map(|chunk| Bytes(chunk)).collect(),
            early: Cow::Borrowed(&self.early),
            late: Cow::Borrowed(&self.late),
        };
        saved.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Chronicle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Saved::deserialize(deserializer)?;
        let mut chronicle = Self { genesis: saved.genesis, ..Self::default() };
        for LawEntry { text, disclosures } in saved.law.into_owned() {
            let entry = ReadEntry::read(LeafIndex(0), text.as_bytes(), &disclosures);
            chronicle.record(&entry.map_err(D::Error::custom)?, None);
        }
        chronicle.names = saved.names.into_owned();
        for (at, track) in (0..).zip(saved.tracks.iter()) {
            chronicle.places.insert(track.id.clone(), at);
        }
        chronicle.tracks = saved.tracks.into_owned();
        chronicle.texts = Interner::default();
        for text in saved.texts {
            chronicle.texts.number(&text);
        }
        chronicle.chunks = saved.chunks.into_iter().map(|Bytes(bytes)| with_room(bytes)).collect();
        (chronicle.early, chronicle.late) = (saved.early.into_owned(), saved.late.into_owned());
        Ok(chronicle)
    }
}

/// A chunk that later records are added to.
fn with_room(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = bytes.to_owned();
    chunk.reserve_exact(CHUNK.saturating_sub(bytes.len()));
    chunk
}

/// A sector by its code.
pub(super) mod sector {
    use alloc::string::String;

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::record::code::Sector;

    #[allow(clippy::trivially_copy_pass_by_ref)] // what serde asks for
    pub(in super::super) fn serialize<S: Serializer>(sector: &Sector, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(sector.code())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sector, D::Error> {
        let code = String::deserialize(deserializer)?;
        Sector::parse(&code).ok_or_else(|| D::Error::custom("no sector"))
    }
}
