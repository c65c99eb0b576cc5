//! Folding (归一): every spelling that a person reads as the same text becomes the same characters, so that no notice hides
//! from a search behind a full-width letter, a space within a word or a Cyrillic `А`.
//!
//! ```text
//! each character ─▶ look-alike to what it looks like ─▶ NFKD, marks dropped ─▶ lower case ─▶ only letters and digits stay
//! ```
//!
//! What stays knows which character of the original it comes from, so that a hit can be shown in the text as it was signed.
//! This is for finding alone: nothing folded is ever shown or signed.

use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// A text without its disguises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    /// Its letters and digits, folded.
    pub(crate) chars: Vec<char>,
    /// For each of them, which character of the original it comes from, from 0.
    pub(crate) at: Vec<usize>,
}

/// Characters and what they look like (the confusables of UTS #39 that stand for Latin letters), as they are written: a
/// capital for a capital, for in small letters the likeness is another.
const LOOK_ALIKES: [(&str, &str); 4] = [
    // Cyrillic.
    ("АВСЕНІЈКМОРЅТУХЅҮԌԚԜӀ", "ABCEHIJKMOPSTYXSYGQWI"),
    ("авсенікморѕтухјһԁԛԝӏүґ", "abcehikmopstyxjhdqwlyr"),
    // Greek.
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳ", "ABEZHIKMNOPTYXCj"),
    ("αβεηικνορτυχγωϲ", "abenikvoptuxywc"),
];

/// Radicals (部首) that look like characters and that Unicode does not decompose.
const RADICALS: (&str, &str) = (
    "⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰",
    "民虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙",
);

/// Folds a text. Costs some 50 ns a character.
pub(crate) fn fold(text: &str) -> Folded {
    let mut folded = Folded::default();
    for (at, c) in text.chars().enumerate() {
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() {
                folded.push(c.to_ascii_lowercase(), at);
            }
        } else if is_plain_han(c) {
            folded.push(c, at);
        } else {
            fold_one(c, at, &mut folded);
        }
    }
    folded
}

fn fold_one(c: char, at: usize, folded: &mut Folded) {
    let parts = std::iter::once(look_alike(c))
        .nfkd()
        .filter(|part| part.general_category_group() != GeneralCategoryGroup::Mark);
    for small in parts.map(look_alike).flat_map(char::to_lowercase).filter(|small| shows(*small)) {
        folded.push(small, at);
    }
}

/// Letters and digits, without the fillers of Hangul, which count as letters and show nothing.
fn shows(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}')
}

const fn is_plain_han(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}')
}

/// What a character looks like.
fn look_alike(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    let tables = LOOK_ALIKES.iter().chain([&RADICALS]);
    let found = |(from, to): &(&str, &str)| from.chars().zip(to.chars()).find(|(from, _)| *from == c);
    match (c, tables.map(found).find_map(|found| found)) {
        (_, Some((_, to))) => to,
        ('ı', None) => 'i',
        ('ɑ', None) => 'a',
        ('ɡ', None) => 'g',
        (c, None) => c,
    }
}

impl Folded {
    fn push(&mut self, c: char, at: usize) {
        self.chars.push(c);
        self.at.push(at);
    }

    /// Where these characters stand, from `from` on.
    pub(crate) fn find(&self, wanted: &[char], from: usize) -> Option<usize> {
        let rest = self.chars.get(from..)?;
        rest.windows(wanted.len().max(1)).position(|window| window == wanted).map(|at| from + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text).chars.into_iter().collect()
    }

    /// Disguises, each with the plain word that must find it.
    const DISGUISES: [(&str, &str); 33] = [
        ("武汉市", "武 汉 市"),
        ("武汉市", "武\u{3000}汉\u{A0}市"),
        ("武汉市", "武\u{200B}汉\u{200D}市"),
        ("武汉市", "武\u{2060}汉\u{FEFF}市"),
        ("武汉市", "武\u{AD}汉\u{200E}市\u{202E}"),
        ("武汉市", "武\u{FE0F}汉\u{E0101}市"),
        ("武汉市", "武\n汉\t市"),
        ("武汉市", "武·汉・市"),
        ("武汉市", "武-汉—市"),
        ("武汉市", "武〔汉〕【市】"),
        ("武汉市", "武\u{0301}汉\u{0336}市\u{20DD}"),
        ("武汉市", "武\u{115F}汉\u{3164}市"),
        ("土地", "\u{2F1F}地"),
        ("长江", "⻓江"),
        ("立项", "\u{F9F7}项"),
        ("一期", "㊀期"),
        ("招标(2026)1号", "招标〔２０２６〕①号"),
        ("招标(2026)1号", "招标[2026]-1号"),
        ("bim", "ＢＩＭ"),
        ("bim", "B I M"),
        ("bim", "В\u{0406}М"),
        ("bim", "ΒΙΜ"),
        ("bim", "𝐁𝐈𝐌"),
        ("bim", "Ⓑⓘⓜ"),
        ("bim", "B\u{301}i\u{308}m\u{336}"),
        ("bim", "Bím"),
        ("bim", "b.i.m"),
        ("company", "сomраny"),
        ("company", "COMPΑΝΥ"),
        ("a-1", "А‐１"),
        ("a-1", "A−1"),
        ("91420100MA4KXXXX1", "９１４２０１００МА４ＫХХХХ１"),
        ("kv", "κν"),
    ];

    #[test]
    fn every_disguise_is_the_plain_word() {
        for (plain, disguise) in DISGUISES {
            assert_eq!(folded(disguise), folded(plain), "{disguise:?}");
        }
    }

    #[test]
    fn different_words_stay_different_and_nothing_is_left_of_signs() {
        assert_ne!(folded("武汉"), folded("武昌"));
        assert_ne!(folded("А1"), folded("B1"));
        assert_eq!(folded("（）——·\u{200B}　"), "");
    }

    #[test]
    fn what_is_found_stands_in_the_original() {
        let found = fold("在 武\u{200B}汉 市");
        assert_eq!(found.find(&['武', '汉'], 0), Some(1));
        assert_eq!((found.at[1], found.at[2]), (2, 4));
        assert_eq!(found.find(&['汉', '武'], 0), None);
        assert_eq!(found.find(&['武'], 9), None);
    }

    #[test]
    fn the_tables_pair_up() {
        for (from, to) in LOOK_ALIKES.iter().chain([&RADICALS]) {
            assert_eq!(from.chars().count(), to.chars().count(), "{from}");
        }
    }
}
