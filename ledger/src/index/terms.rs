//! What the full-text index holds of a notice, and the questions put to it.
//!
//! FTS5 keeps a stream of terms that are made here, so that a word of any length is found wherever it stands:
//!
//! ```text
//! w…   grams of everything that is searched: at each place two characters, three where all are Latin letters or digits;
//!      a longer word is a phrase of them
//! s…   which single characters, and pairs of Latin letters or digits, occur: for words as short as that
//! l…   which eight Latin letters or digits in a row occur: the short grams of a long number are all common, these are not
//! t… u… k…  the same of the title alone, so that hits there can be found first without looking at the others
//! f…   facets: sector, stage, region prefixes, publisher, project
//! z    a border that no phrase crosses
//! ```
//!
//! A term is a letter and then letters and digits, so that no question can say more to FTS5 than it should.

use std::collections::BTreeSet;

use super::fold::fold;

/// The length of the pieces of long numbers, and how far apart they are looked for: each overlaps the next by half.
const LONG: usize = 8;
const STRIDE: usize = 4;

/// The letters that terms of one place begin with.
#[derive(Clone, Copy)]
struct Letters {
    gram: char,
    single: char,
    long: char,
}

/// Anywhere, and in the title.
const ANYWHERE: Letters = Letters { gram: 'w', single: 's', long: 'l' };
const TITLE: Letters = Letters { gram: 't', single: 'u', long: 'k' };

/// The longest question, in characters.
const MAX_QUESTION: usize = 200;

/// Why a question cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// It is too long.
    #[error("at most {MAX_QUESTION} characters can be looked for at once")]
    TooLong,
}

/// What a person looks for: words, all of which must occur. Where there is no letter, digit or Han character to look for,
/// nothing is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(pub(super) Vec<Vec<char>>);

impl Words {
    /// Reads what a person typed: words stand apart by white space.
    ///
    /// # Errors
    /// It is too long.
    pub fn parse(typed: &str) -> Result<Self, WordsError> {
        if typed.chars().take(MAX_QUESTION + 1).count() > MAX_QUESTION {
            return Err(WordsError::TooLong);
        }
        let mut words: Vec<Vec<char>> = typed.split_whitespace().map(|word| fold(word).chars).collect();
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        words.dedup();
        Ok(Self(words))
    }

    /// What finds nothing.
    pub const fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// The question for hits anywhere.
    pub(super) fn anywhere(&self) -> String {
        self.expression(ANYWHERE)
    }

    /// The question for hits in the title.
    pub(super) fn in_title(&self) -> String {
        self.expression(TITLE)
    }

    fn expression(&self, letters: Letters) -> String {
        self.0.iter().map(|word| question(word, letters)).collect::<Vec<_>>().join(" AND ")
    }
}

/// The question for a word: its pieces where it is a long number, else a phrase of its grams.
fn question(word: &[char], Letters { gram, single, long }: Letters) -> String {
    if word.len() < LONG || !word.iter().all(|c| is_narrow(*c)) {
        return phrase(word, gram, single);
    }
    let pieces = word.windows(LONG).step_by(STRIDE).chain([&word[word.len() - LONG..]]);
    let pieces: BTreeSet<String> =
        pieces.map(|piece| format!("\"{long}{}\"", piece.iter().collect::<String>())).collect();
    pieces.into_iter().collect::<Vec<_>>().join(" AND ")
}

/// A word as a phrase of its grams.
fn phrase(word: &[char], gram: char, single: char) -> String {
    let text = |chars: &[char]| chars.iter().collect::<String>();
    if word.len() == 1 || (word.len() == 2 && word.iter().all(|c| is_narrow(*c))) {
        return format!("\"{single}{}\"", text(word));
    }
    let mut terms = Vec::new();
    for at in 0..word.len() {
        let here = gram_at(word, at);
        terms.push(format!("{gram}{}", text(here)));
        if at + here.len() == word.len() {
            // Two Latin letters or digits at the end may be the beginning of a gram of three.
            let open = here.len() == 2 && here.iter().all(|c| is_narrow(*c));
            return format!("\"{}\"{}", terms.join(" "), if open { " *" } else { "" });
        }
    }
    unreachable!("the last gram reaches the end of the word")
}

/// Latin letters and digits are so few that two of them tell little.
const fn is_narrow(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// The gram that begins at a place.
fn gram_at(chars: &[char], at: usize) -> &[char] {
    let rest = &chars[at..];
    let length = if rest.len() >= 3 && rest[..3].iter().all(|c| is_narrow(*c)) { 3 } else { rest.len().min(2) };
    &rest[..length]
}

/// The stream of terms of one thing that is found.
#[derive(Default)]
pub(super) struct Stream(String);

impl Stream {
    /// Adds the lines of a text that is searched.
    pub(super) fn add(&mut self, lines: &str) {
        self.add_as(&lines.lines().collect::<Vec<_>>(), ANYWHERE);
    }

    /// Adds the title.
    pub(super) fn add_title(&mut self, title: &str) {
        self.add_as(&[title], TITLE);
        self.add_as(&[title], ANYWHERE);
    }

    /// Adds a whole text, in which a line break parts nothing.
    pub(super) fn add_whole(&mut self, text: &str) {
        self.add_as(&[text], ANYWHERE);
    }

    fn add_as(&mut self, texts: &[&str], letters: Letters) {
        let (mut singles, mut pieces) = (BTreeSet::new(), BTreeSet::new());
        for text in texts {
            let line = fold(text).chars;
            self.add_line(&line, letters.gram, &mut singles);
            let runs = line.chunk_by(|a, b| is_narrow(*a) == is_narrow(*b)).filter(|run| is_narrow(run[0]));
            pieces.extend(runs.flat_map(|run| run.windows(LONG)).map(|piece| piece.iter().collect::<String>()));
        }
        self.add_singles(&singles, letters.single);
        for piece in &pieces {
            self.0.push(letters.long);
            self.0.push_str(piece);
            self.0.push(' ');
        }
    }

    fn add_line(&mut self, line: &[char], gram: char, singles: &mut BTreeSet<[char; 2]>) {
        for at in 0..line.len() {
            self.0.push(gram);
            self.0.extend(gram_at(line, at));
            self.0.push(' ');
            singles.insert([line[at], ' ']);
            if let [first, second, ..] = line[at..]
                && is_narrow(first)
                && is_narrow(second)
            {
                singles.insert([first, second]);
            }
        }
        self.0.push_str("z ");
    }

    fn add_singles(&mut self, singles: &BTreeSet<[char; 2]>, letter: char) {
        for [first, second] in singles {
            self.0.push(letter);
            self.0.push(*first);
            self.0.push(*second);
            self.0.push(' ');
        }
    }

    /// Adds terms that are made already.
    pub(super) fn add_facets(&mut self, facets: &str) {
        self.0.push_str(facets);
    }

    /// The stream, terms parted by spaces.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A facet: a letter for its kind and what it is, in letters and digits.
pub(super) fn facet(kind: char, value: &str) -> String {
    let plain = value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    // What is not plain is written in hex behind a mark of its own, so that no two values are one term.
    if plain { format!("f{kind}p{value}") } else { format!("f{kind}x{}", crate::hex(value.as_bytes())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(typed: &str) -> String {
        Words::parse(typed).map_or_else(|error| format!("{error:?}"), |words| words.anywhere())
    }

    #[test]
    fn words_of_every_length_are_phrases_of_grams() {
        for (typed, asked) in [
            ("武", "\"s武\""),
            ("武汉", "\"w武汉\""),
            ("武汉市", "\"w武汉 w汉市\""),
            ("b", "\"sb\""),
            ("BI", "\"sbi\""),
            ("BIM", "\"wbim\""),
            ("2026", "\"w202 w026\""),
            ("标12", "\"w标1 w12\" *"),
            ("12标", "\"w12 w2标\""),
            ("A标", "\"wa标\""),
            ("鄂2026号", "\"w鄂2 w202 w026 w26 w6号\""),
            ("12345678", "\"l12345678\""),
            ("1234-567890", "\"l12345678\" AND \"l34567890\""),
            ("123456789ABCD", "\"l12345678\" AND \"l56789abc\" AND \"l6789abcd\""),
            ("武汉 道路 武汉", "\"w武汉\" AND \"w道路\""),
            ("\" OR w*", "\"sor\" AND \"sw\""),
            ("（）", ""),
        ] {
            assert_eq!(question(typed), asked, "{typed}");
        }
        assert_eq!(question(&"武".repeat(201)), "TooLong");
    }

    #[test]
    fn a_stream_has_a_gram_at_every_place_and_a_border_after_every_line() {
        let mut stream = Stream::default();
        stream.add("A标\n12");
        assert_eq!(stream.finish(), "wa标 w标 z w12 w2 z s1  s12 s2  sa  s标  ");
        let mut stream = Stream::default();
        stream.add("123456789");
        stream.add_title("标12345678");
        let stream = stream.finish();
        assert!(stream.contains(" l12345678 l23456789 ") && stream.contains(" k12345678 "), "{stream}");
    }

    #[test]
    fn facets_of_two_values_are_two_terms() {
        assert_eq!(facet('s', "land"), "fspland");
        assert_ne!(facet('p', "A1"), facet('p', "a1"));
        assert!(facet('p', "a.b:c").bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
