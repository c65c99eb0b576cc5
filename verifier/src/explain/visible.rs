//! Texts of notices, in which what cannot be seen is shown.

use alloc::format;
use alloc::string::String;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The text, with control and format characters (zero width, direction marks) replaced by their code points: nothing in a
/// notice can hide or turn around what a report says.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, ' '..='~' | '\u{4E00}'..='\u{9FFF}') || !is_unseen(c) {
            shown.push(c);
        } else {
            shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        }
    }
    shown
}

fn is_unseen(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    matches!(c.general_category(), Control | Format | LineSeparator | ParagraphSeparator)
}
