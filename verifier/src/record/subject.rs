//! Subjects (主体): what an entry is about, and how a project's id is normalised.
//!
//! Every entry but a seal belongs to exactly one subject. A project id is normalised before it is used, so that a
//! full-width bracket or an invisible character cannot open a second account for the same project.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::code::{PublisherId, is_jurisdiction};

/// A normalised project id (项目编号), 1–128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(String);

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The ledger itself: genesis, log and root keys.
    Ledger,
    /// One project.
    Project(ProjectId),
    /// One publisher's authority.
    Authority(PublisherId),
    /// The rulebook of a jurisdiction.
    Rulebook(String),
    /// The calendar of a jurisdiction.
    Calendar(String),
}

/// Why a text is no project id or no subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Nothing is left, or more than 128 characters are.
    #[error("a project id has 1 to 128 characters, this one has {characters}")]
    Length {
        /// Characters found after normalisation.
        characters: usize,
    },
    /// A character that project ids do not have.
    #[error("U+{:04X} `{}` is not allowed in a project id (digits, A–Z, Han characters and -_./:()[]#&+* are)", *character as u32, character)]
    Character {
        /// The character.
        character: char,
    },
    /// The id is not in its normalised spelling.
    #[error("the project id is not normalised: expected `{expected}`")]
    NotNormalised {
        /// The normalised spelling.
        expected: String,
    },
    /// The text is no subject at all.
    #[error("`{found}` is no subject (ledger, project/…, authority/…, rulebook/… or calendar/…)")]
    Unknown {
        /// The text.
        found: String,
    },
}

impl ProjectId {
    /// Normalises what a person or a trading system wrote: NFKC, no white space, no format characters, one kind of
    /// bracket and dash, capital letters.
    ///
    /// # Errors
    /// What is left is empty, too long, or has a character that project ids do not have.
    pub fn normalise(text: &str) -> Result<Self, SubjectError> {
        // An id is at most 128 characters; NFKC turns no character into more than 18. A longer text is refused unread.
        if text.len() > 16_384 {
            return Err(SubjectError::Length { characters: text.len() });
        }
        let id = level(text);
        let characters = id.chars().count();
        if !(1..=128).contains(&characters) {
            return Err(SubjectError::Length { characters });
        }
        match id.chars().find(|c| !is_id_character(*c)) {
            Some(character) => Err(SubjectError::Character { character }),
            None => Ok(Self(id)),
        }
    }

    /// Reads an id that must already be normalised.
    ///
    /// # Errors
    /// As [`ProjectId::normalise`], and any other spelling than the normalised one.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        // Most ids are plain ASCII, which only needs its characters checked.
        if (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii() && is_id_character(b as char)) {
            return Ok(Self(text.to_owned()));
        }
        let id = Self::normalise(text)?;
        if id.0 == text { Ok(id) } else { Err(SubjectError::NotNormalised { expected: id.0 }) }
    }

    /// The normalised spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text in the one spelling of those that a person takes for the same: NFKC, without blanks and invisible characters, with
/// plain brackets and dashes, in capitals.
pub fn level(text: &str) -> String {
    // What is of these alone is in its normal form already.
    let plain = |c: char| c.is_ascii_graphic() || matches!(c, ' ' | '\u{4E00}'..='\u{9FFF}');
    if text.chars().all(plain) {
        return text.chars().filter(|c| *c != ' ').map(fold).collect();
    }
    let dropped = |c: &char| c.is_whitespace() || c.general_category() == GeneralCategory::Format;
    text.nfkc().filter(|c| !dropped(c)).map(fold).collect()
}

fn fold(c: char) -> char {
    match c {
        '〔' | '【' | '［' => '[',
        '〕' | '】' | '］' => ']',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c => c.to_ascii_uppercase(),
    }
}

fn is_id_character(c: char) -> bool {
    c.is_ascii_digit()
        || c.is_ascii_uppercase()
        || "-_./:()[]#&+*".contains(c)
        || matches!(c, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

impl Subject {
    /// Reads a subject in its one spelling.
    ///
    /// # Errors
    /// An unknown kind, an id that is not normalised, a reserved publisher, a malformed jurisdiction.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        let unknown = || SubjectError::Unknown { found: text.chars().take(200).collect() };
        if text == "ledger" {
            return Ok(Self::Ledger);
        }
        let (kind, rest) = text.split_once('/').ok_or_else(unknown)?;
        match kind {
            "project" => ProjectId::parse(rest).map(Self::Project),
            "authority" => {
                PublisherId::parse(rest).filter(|id| !id.is_reserved()).map(Self::Authority).ok_or_else(unknown)
            }
            "rulebook" if is_jurisdiction(rest) => Ok(Self::Rulebook(rest.to_owned())),
            "calendar" if is_jurisdiction(rest) => Ok(Self::Calendar(rest.to_owned())),
            _ => Err(unknown()),
        }
    }

    /// Whether this is a project.
    pub fn is_project(&self) -> bool {
        matches!(self, Self::Project(_))
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("ledger"),
            Self::Project(id) => write!(f, "project/{id}"),
            Self::Authority(id) => write!(f, "authority/{id}"),
            Self::Rulebook(jurisdiction) => write!(f, "rulebook/{jurisdiction}"),
            Self::Calendar(jurisdiction) => write!(f, "calendar/{jurisdiction}"),
        }
    }
}

impl From<&ProjectId> for Subject {
    fn from(id: &ProjectId) -> Self {
        Self::Project(id.clone())
    }
}

/// The subject of a project id's spelling, for claims: `project/<id>`.
pub fn project_subject(id: &ProjectId) -> String {
    format!("project/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn spellings_of_one_id_become_one() {
        for (typed, normalised) in [
            ("武政出〔2025〕1号（网）", "武政出[2025]1号(网)"),
            ("郑政经开出［2017］ 075号(网)", "郑政经开出[2017]075号(网)"),
            ("wh—2025—0002", "WH-2025-0002"),
            ("\u{200B}a\u{FEFF}\u{3000}1", "A1"),
        ] {
            let id = ProjectId::normalise(typed).unwrap();
            assert_eq!(id.as_str(), normalised);
            assert_eq!(ProjectId::parse(normalised).unwrap(), id);
            assert!(ProjectId::parse(typed).is_err());
        }
    }

    #[test]
    fn look_alikes_and_emoji_are_refused() {
        for bad in ["WН-1", "WH-1\u{FFA0}", "", "😀", "é", &"A".repeat(129), "A\u{0301}"] {
            assert!(ProjectId::normalise(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn subjects_have_one_spelling() {
        for text in ["ledger", "project/A-1", "authority/x.y", "rulebook/cn", "calendar/cn-42"] {
            assert_eq!(Subject::parse(text).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "Ledger",
            "project/",
            "project/a",
            "authority/root",
            "authority/log",
            "authority/recovery",
            "authority/",
            "authority/a/b",
            "rulebook/CN",
            "calendar/",
            "ledger/",
            "seal",
        ] {
            assert!(Subject::parse(bad).is_err(), "{bad}");
        }
    }
}
