//! Look-alike characters (形近字符): spellings that a person reads as another, and that a search therefore does not find.
//!
//! A notice can be published and yet be hidden: a zero-width space within the project's name, a Cyrillic `А` in the code of a
//! company, a full-width digit. They are no error of form, so nothing is refused; whoever looks at a notice is told the exact
//! code points. In an id every such character counts; in a name only what nobody types in good faith, so that full-width
//! brackets, which are ordinary punctuation of Chinese, count only where they close another kind.

use alloc::vec::Vec;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// A code or number that must be spelt in one way.
    Id,
    /// A name or title.
    Name,
}

/// In what way a character deceives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deceit {
    /// Nothing is seen of it: zero width, a direction mark, a variation selector.
    Invisible,
    /// A blank that is not the space.
    Blank,
    /// The full-width form of a letter, a digit or, in an id, a sign.
    FullWidth,
    /// A compatibility form of a Han character or letter, such as a Kangxi radical.
    Compatibility,
    /// A bracket of another kind than the one it belongs to, or, in an id, than the plain one.
    Bracket,
    /// A Cyrillic or Greek letter among Latin or Han ones.
    Letter,
}

/// A character that looks like another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// Which character of the text, from 0.
    pub at: usize,
    /// The character.
    pub found: char,
    /// In what way it deceives.
    pub deceit: Deceit,
}

impl Deceit {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invisible => "invisible",
            Self::Blank => "blank",
            Self::FullWidth => "full-width",
            Self::Compatibility => "compatibility",
            Self::Bracket => "bracket",
            Self::Letter => "letter",
        }
    }
}

/// Brackets of one shape, plain first: what opens and what closes.
const BRACKETS: [(char, char); 9] = [
    ('(', ')'),
    ('（', '）'),
    ('[', ']'),
    ('［', '］'),
    ('〔', '〕'),
    ('【', '】'),
    ('﹝', '﹞'),
    ('{', '}'),
    ('｛', '｝'),
];

/// Greek letters that look like Latin ones.
const GREEK: &str = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο";

/// The characters of a text that look like others; none for plain text, which costs one pass.
pub fn look_alikes(text: &str, spelling: Spelling) -> Vec<LookAlike> {
    if text.is_ascii()
        && !text.bytes().any(|b| b.is_ascii_control())
        && !(spelling == Spelling::Id && text.contains(' '))
    {
        return Vec::new();
    }
    let mixed = text.chars().any(|c| c.is_ascii_alphabetic() || is_han(c));
    let mut open = Vec::new();
    let mut found = Vec::new();
    for (at, c) in text.chars().enumerate() {
        let deceit = deceit(c, spelling, mixed).or_else(|| closes_another(c, &mut open).then_some(Deceit::Bracket));
        found.extend(deceit.map(|deceit| LookAlike { at, found: c, deceit }));
    }
    found
}

fn deceit(c: char, spelling: Spelling, mixed: bool) -> Option<Deceit> {
    let id = spelling == Spelling::Id;
    match c {
        ' ' => id.then_some(Deceit::Blank),
        '0'..='9' | 'A'..='Z' | 'a'..='z' | '\u{4E00}'..='\u{9FFF}' => None,
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => Some(Deceit::Invisible),
        // The fillers of Hangul show nothing.
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => Some(Deceit::Invisible),
        c if c.is_whitespace() => Some(Deceit::Blank),
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => Some(Deceit::FullWidth),
        '\u{2E80}'..='\u{2FDF}' | '\u{F900}'..='\u{FAFF}' | '\u{1D400}'..='\u{1D7FF}' | '\u{2F800}'..='\u{2FA1F}' => {
            Some(Deceit::Compatibility)
        }
        '\u{0400}'..='\u{052F}' => mixed.then_some(Deceit::Letter),
        c if GREEK.contains(c) => mixed.then_some(Deceit::Letter),
        c if id && BRACKETS.iter().any(|pair| !c.is_ascii() && (pair.0 == c || pair.1 == c)) => Some(Deceit::Bracket),
        '\u{FF01}'..='\u{FF5E}' => id.then_some(Deceit::FullWidth),
        c if matches!(c.general_category(), GeneralCategory::Format | GeneralCategory::Control) => {
            Some(Deceit::Invisible)
        }
        _ => None,
    }
}

/// Keeps account of what is open; whether `c` closes a bracket of another kind.
fn closes_another(c: char, open: &mut Vec<char>) -> bool {
    if BRACKETS.iter().any(|pair| pair.0 == c) {
        open.push(c);
        return false;
    }
    let Some(pair) = BRACKETS.iter().find(|pair| pair.1 == c) else { return false };
    open.pop().is_some_and(|opened| opened != pair.0)
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn found(text: &str, spelling: Spelling) -> Vec<(usize, char, Deceit)> {
        look_alikes(text, spelling).into_iter().map(|one| (one.at, one.found, one.deceit)).collect()
    }

    #[test]
    fn names_in_good_faith_are_left_alone() {
        for name in [
            "林同棪国际工程咨询（中国）有限公司",
            "2025年度(二期)A标段",
            "〔2025〕1号",
            "【重新招标】BIM 咨询",
            "Φ800管道",
            "Περι",
        ] {
            assert_eq!(found(name, Spelling::Name), vec![], "{name}");
        }
    }

    #[test]
    fn what_hides_a_name_is_named_by_its_place() {
        let name = |text| found(text, Spelling::Name);
        assert_eq!(name("武\u{200B}汉"), vec![(1, '\u{200B}', Deceit::Invisible)]);
        assert_eq!(name("武\u{202E}汉"), vec![(1, '\u{202E}', Deceit::Invisible)]);
        assert_eq!(name("武汉\u{A0}一期"), vec![(2, '\u{A0}', Deceit::Blank)]);
        assert_eq!(name("Ａ标段"), vec![(0, 'Ａ', Deceit::FullWidth)]);
        assert_eq!(name("\u{2F1F}地"), vec![(0, '\u{2F1F}', Deceit::Compatibility)]);
        assert_eq!(name("（2025)年"), vec![(5, ')', Deceit::Bracket)]);
        assert_eq!(name("WН公司"), vec![(1, 'Н', Deceit::Letter)]);
        assert_eq!(name("Β标段"), vec![(0, 'Β', Deceit::Letter)]);
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = |text| found(text, Spelling::Id);
        assert_eq!(id("91420100MA4KXXXXX1"), vec![]);
        assert_eq!(id("A 1"), vec![(1, ' ', Deceit::Blank)]);
        assert_eq!(id("A（1）"), vec![(1, '（', Deceit::Bracket), (3, '）', Deceit::Bracket)]);
        assert_eq!(id("A－1"), vec![(1, '－', Deceit::FullWidth)]);
    }
}
