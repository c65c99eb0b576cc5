//! Excerpts: the hits of a search shown in the text as it was signed.
//!
//! An excerpt is a list of pieces, each marked or not, and never markup: whatever a notice says stays text.

use super::fold::{Folded, fold};
use super::terms::Words;

/// Characters shown before the first hit, and in all.
const BEFORE: usize = 24;
const LENGTH: usize = 120;
/// Characters of a text that are looked at for an excerpt; a hit beyond is found, but not shown.
const LOOKED_AT: usize = 200_000;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text, as it was signed.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// A whole text with the hits marked.
pub(super) fn whole(text: &str, words: &Words) -> Vec<Piece> {
    let folded = fold(text);
    let chars: Vec<char> = text.chars().collect();
    cut(&chars, 0, chars.len(), &ranges(&folded, words))
}

/// The surroundings of the first hit; none if there is no hit.
pub(super) fn around(text: &str, words: &Words) -> Option<Vec<Piece>> {
    let chars: Vec<char> = text.chars().take(LOOKED_AT).collect();
    let folded = fold(&chars.iter().collect::<String>());
    let ranges = ranges(&folded, words);
    let begin = ranges.first()?.0.saturating_sub(BEFORE);
    let end = (begin + LENGTH).min(chars.len());
    let mut pieces = cut(&chars, begin, end, &ranges);
    if begin > 0 {
        pieces.insert(0, Piece { text: "…".to_owned(), hit: false });
    }
    if end < chars.len() {
        pieces.push(Piece { text: "…".to_owned(), hit: false });
    }
    Some(pieces)
}

/// The line of several with the first hit.
pub(super) fn line(lines: &str, words: &Words) -> Option<Vec<Piece>> {
    lines.lines().find_map(|line| around(line, words))
}

/// Where the words stand in the original: from which character to before which, in order and apart.
fn ranges(folded: &Folded, words: &Words) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for word in &words.0 {
        let mut from = 0;
        while let Some(at) = folded.find(word, from) {
            from = at + word.len();
            found.push((folded.at[at], folded.at[from - 1] + 1));
        }
    }
    found.sort_unstable();
    let mut apart: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (begin, end) in found {
        match apart.last_mut() {
            Some(last) if begin <= last.1 => last.1 = last.1.max(end),
            _ => apart.push((begin, end)),
        }
    }
    apart
}

fn cut(chars: &[char], begin: usize, end: usize, ranges: &[(usize, usize)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut push = |from: usize, to: usize, hit: bool| {
        if from < to {
            pieces.push(Piece { text: chars[from..to].iter().collect(), hit });
        }
    };
    let mut at = begin;
    for (from, to) in ranges.iter().filter(|(from, to)| *to > begin && *from < end) {
        let (from, to) = ((*from).max(begin), (*to).min(end));
        push(at, from, false);
        push(from, to, true);
        at = to;
    }
    push(at, end, false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(pieces: Option<Vec<Piece>>) -> Option<String> {
        let mark = |piece: Piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text };
        pieces.map(|pieces| pieces.into_iter().map(mark).collect())
    }

    fn words(typed: &str) -> Words {
        Words::parse(typed).expect("words")
    }

    #[test]
    fn hits_are_marked_in_the_text_as_it_was_signed() {
        let whole = |text, typed| marked(Some(whole(text, &words(typed)))).expect("pieces");
        assert_eq!(whole("武 汉\u{200B}市道路", "武汉市"), "[武 汉\u{200B}市]道路");
        assert_eq!(whole("武汉武汉", "武汉"), "[武汉武汉]");
        assert_eq!(whole("<b>ＢＩＭ</b>", "bim"), "<b>[ＢＩＭ]</b>");
        assert_eq!(whole("武汉市", "武汉 汉市"), "[武汉市]");
        assert_eq!(whole("道路", "桥梁"), "道路");
    }

    #[test]
    fn an_excerpt_surrounds_the_first_hit() {
        let text = format!("{}道路{}", "前".repeat(100), "后".repeat(200));
        let expected = format!("…{}[道路]{}…", "前".repeat(BEFORE), "后".repeat(LENGTH - BEFORE - 2));
        assert_eq!(marked(around(&text, &words("道路"))), Some(expected));
        assert_eq!(marked(around("无", &words("道路"))), None);
        assert_eq!(marked(line("甲\n道路乙", &words("道路"))), Some("[道路]乙".to_owned()));
    }
}
