//! What an erased disclosure may have left in files, and the search for it.
//!
//! | what is searched for | where it counts |
//! |---|---|
//! | the disclosure, as base64url and as text | everywhere |
//! | pieces of the base64url: SQLite may have overwritten a part of a stray copy | in the database and the index |
//! | the value, as it stood in the disclosure and, if it is a string, as what it says | everywhere but in the ledger's own small files |
//!
//! The whole disclosure is unique by its salt. Pieces and values may be rightful words of other entries: whether they are,
//! shows when the database was written anew.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use serde::de::IgnoredAny;
use verifier::log::base64;

use crate::error::LedgerError;
use crate::index::INDEX;
use crate::ledger::{DATABASE, GUARD, LOG_KEY, NEXT_LOG_KEY};

/// Bytes of a file that are searched at once.
const WINDOW: usize = 1 << 20;
/// Values shorter than this stand everywhere by chance and are not searched for by themselves.
const SHORTEST: usize = 4;
/// Of a disclosure that is longer, this many bytes are searched for: SQLite keeps so many of every row together, the salt
/// among them, and may put the rest elsewhere.
const TOGETHER: usize = 1900;
/// Bytes of a piece.
const PIECE: usize = 48;
/// The most pieces of a disclosure.
const PIECES: usize = 16;
/// Files of the ledger's directory that are made of other things than disclosures.
const OWN: [&str; 9] = [
    GUARD,
    "guard.db-wal",
    "guard.db-shm",
    LOG_KEY,
    NEXT_LOG_KEY,
    "root.key",
    "recovery.key",
    "policy.txt",
    "writer.lock",
];

/// What to search for.
#[derive(Default)]
pub(super) struct Traces {
    disclosures: BTreeSet<Vec<u8>>,
    pieces: BTreeSet<Vec<u8>>,
    values: BTreeSet<Vec<u8>>,
}

/// Where something was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// A file beside the database and the index.
    pub(super) elsewhere: Option<PathBuf>,
    /// A whole disclosure in the database or the index, or what belongs to them.
    pub(super) disclosure_in_database: bool,
    /// A piece or a value there.
    pub(super) words_in_database: bool,
}

impl Traces {
    /// What these disclosures may have left.
    pub(super) fn of(disclosures: &BTreeSet<&str>) -> Self {
        let mut traces = Self::default();
        for disclosure in disclosures {
            traces.add(disclosure);
        }
        traces
    }

    fn add(&mut self, disclosure: &str) {
        let together = |text: &[u8]| text[..text.len().min(TOGETHER)].to_vec();
        self.disclosures.insert(together(disclosure.as_bytes()));
        let step = (disclosure.len() / PIECES).max(PIECE);
        self.pieces.extend(disclosure.as_bytes().windows(PIECE).step_by(step).map(<[u8]>::to_vec));
        let Some(opened) = base64::decode_url(disclosure).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return;
        };
        self.disclosures.insert(together(opened.as_bytes()));
        for spelling in value_of(&opened).map(spellings).into_iter().flatten() {
            if spelling.len() >= SHORTEST {
                self.values.insert(spelling.into_bytes());
            }
        }
    }

    /// Searches every file below a directory, links not followed.
    pub(super) fn search(&self, dir: &Path) -> Result<Found, LedgerError> {
        let finders =
            |texts: &BTreeSet<Vec<u8>>| texts.iter().map(|text| Finder::new(text).into_owned()).collect::<Vec<_>>();
        let (disclosures, pieces, values) = (finders(&self.disclosures), finders(&self.pieces), finders(&self.values));
        let mut found = Found::default();
        for file in files(dir)? {
            let failed = |source| LedgerError::File { path: file.clone(), source };
            let name = file.strip_prefix(dir).ok().and_then(Path::to_str).unwrap_or_default();
            let of_database = [DATABASE, INDEX].into_iter().find_map(|database| name.strip_prefix(database));
            if of_database.is_some_and(|rest| matches!(rest, "" | "-wal" | "-shm")) {
                let [whole, piece, value] =
                    search_file(&file, [disclosures.as_slice(), &pieces, &values]).map_err(failed)?;
                found.disclosure_in_database |= whole;
                found.words_in_database |= piece || value;
            } else {
                let values: &[Finder<'_>] = if OWN.contains(&name) { &[] } else { &values };
                let [whole, value] = search_file(&file, [disclosures.as_slice(), values]).map_err(failed)?;
                if whole || value {
                    found.elsewhere.get_or_insert(file);
                }
            }
        }
        Ok(found)
    }
}

/// The text of the value in `[salt,name,value]`, as it stands there.
fn value_of(disclosure: &str) -> Option<&str> {
    let mut rest = disclosure.trim().strip_prefix('[')?.strip_suffix(']')?;
    for _salt_then_name in 0..2 {
        let mut items = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        items.next()?.ok()?;
        rest = rest[items.byte_offset()..].trim_start().strip_prefix(',')?;
    }
    Some(rest.trim())
}

/// A value as it stands; a string without its quotes, as it stands, as what it says, and as JSON is commonly written.
fn spellings(value: &str) -> Vec<String> {
    let Ok(said) = serde_json::from_str::<String>(value) else { return vec![value.to_owned()] };
    let unquoted = |text: &str| text.trim_matches('"').to_owned();
    let escaped = serde_json::to_string(&said).unwrap_or_default();
    vec![unquoted(value), unquoted(&escaped), said]
}

/// Every regular file below a directory.
pub(super) fn files(dir: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let failed = |source| LedgerError::File { path: dir.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            found.extend(files(&entry.path())?);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file holds one of each kind.
fn search_file<const KINDS: usize>(path: &Path, kinds: [&[Finder<'_>]; KINDS]) -> io::Result<[bool; KINDS]> {
    let longest = kinds.iter().copied().flatten().map(|finder| finder.needle().len()).max().unwrap_or(0);
    let mut file = match File::open(path) {
        Ok(file) => file,
        // Another process has removed it meanwhile: then it holds nothing.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok([false; KINDS]),
        Err(error) => return Err(error),
    };
    let (mut window, mut kept) = (vec![0; WINDOW + longest], 0);
    let mut found = [false; KINDS];
    loop {
        let read = file.read(&mut window[kept..])?;
        if read == 0 {
            return Ok(found);
        }
        let filled = kept + read;
        for (found, finders) in found.iter_mut().zip(kinds) {
            *found = *found || finders.iter().any(|finder| finder.find(&window[..filled]).is_some());
        }
        // What may be the beginning of something found with the next bytes stays.
        kept = filled.min(longest.saturating_sub(1));
        window.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disclosure(value: &str) -> String {
        base64::encode_url(format!("[ \"c2FsdHNhbHRzYWx0c2FsdA\" ,\"contact\", {value} ]").as_bytes())
    }

    fn found(name: &str, content: &[u8], value: &str) -> Found {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(&path, content).expect("a file");
        let mut found = Traces::of(&BTreeSet::from([disclosure(value).as_str()])).search(dir.path()).expect("files");
        if let Some(file) = &mut found.elsewhere {
            *file = file.strip_prefix(dir.path()).expect("below").to_owned();
        }
        found
    }

    #[test]
    fn a_value_is_found_as_it_stood_and_as_what_it_says() {
        let value = r#""\u5f20三 \"027\"""#;
        for spelling in [r#"\u5f20三 \"027\""#, r#"张三 \"027\""#, r#"张三 "027""#] {
            let content = format!("x{spelling}y");
            let expected = Found { elsewhere: Some("attachments/a".into()), ..Found::default() };
            assert_eq!(found("attachments/a", content.as_bytes(), value), expected, "{spelling}");
        }
        assert_eq!(value_of(r#"["a,]","b",{"c":[1, 2]}]"#), Some(r#"{"c":[1, 2]}"#));
        assert_eq!(spellings(r#"{"c":[1, 2]}"#), [r#"{"c":[1, 2]}"#]);
    }

    #[test]
    fn what_lies_across_two_windows_is_found() {
        let whole = disclosure("\"somebody\"");
        for before in [WINDOW - whole.len(), WINDOW - 5, WINDOW, 2 * WINDOW - 5] {
            let content = [&vec![b'-'; before][..], whole.as_bytes(), b"-"].concat();
            assert_eq!(found("any", &content, "\"somebody\"").elsewhere, Some("any".into()), "{before}");
        }
    }

    #[test]
    fn a_part_of_a_stray_copy_counts_in_the_database_and_short_words_nowhere() {
        let long = format!("\"{}\"", "long ".repeat(200));
        let whole = disclosure(&long);
        let words = Found { words_in_database: true, ..Found::default() };
        assert_eq!(found("ledger.db-wal", &whole.as_bytes()[300..600], &long), words);
        assert_eq!(found("ledger.db", &whole.as_bytes()[..1000], &long), words);
        assert_eq!(found("ledger.db", b"...027...", "\"027\""), Found::default());
        assert_eq!(found("writer.lock", b"12345", "\"1234\""), Found::default());
        let expected = Found { disclosure_in_database: true, words_in_database: true, elsewhere: None };
        assert_eq!(found("ledger.db", whole.as_bytes(), &long), expected);
    }
}
