//! CSV for spreadsheets: UTF-8 with a byte order mark, CRLF, every text quoted; nothing in it is a formula.
//!
//! A spreadsheet runs what begins with `=`, `+`, `-`, `@`, a tab or a carriage return, and a notice's title may begin with
//! anything; such a text gets an apostrophe before it (OWASP, CSV Injection).

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::table::{Cell, Row, Spec, Table};
use crate::explain::visible::visible;
use crate::lifecycle::rulebook::Text;

/// What a file begins with: the mark, and the columns in both languages.
pub fn header(spec: &Spec) -> String {
    let names: Vec<String> =
        spec.columns.iter().map(|column| quoted(&format!("{} {}", column.zh, column.en))).collect();
    format!("\u{FEFF}{}\r\n", names.join(","))
}

/// A whole table, in a language, which is picked of each text.
pub fn file(table: &Table, pick: impl Fn(&Text) -> &str) -> String {
    let mut csv = header(table.spec);
    table.rows.iter().for_each(|row| push(&mut csv, row, &pick));
    csv
}

/// Adds a row.
pub fn push(csv: &mut String, row: &Row, pick: impl Fn(&Text) -> &str) {
    for (at, cell) in row.iter().enumerate() {
        if at > 0 {
            csv.push(',');
        }
        match cell {
            Cell::Nothing => {}
            Cell::Number(number) => csv.push_str(&number.to_string()),
            cell => csv.push_str(&quoted(&cell.said(&pick))),
        }
    }
    csv.push_str("\r\n");
}

fn quoted(text: &str) -> String {
    let text = visible(text);
    let first = text.trim_start().chars().next();
    let formula = first.is_some_and(|c| "=+-@＝＋－＠".contains(c));
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_as_a_formula() {
        for (text, written) in [
            ("=1+1", "\"'=1+1\""),
            (" @SUM(A1)", "\"' @SUM(A1)\""),
            ("-1", "\"'-1\""),
            ("+1", "\"'+1\""),
            ("a\"b,c", "\"a\"\"b,c\""),
            ("\tx", "\"⟨U+0009⟩x\""),
            ("一\r\n二", "\"一⟨U+000D⟩⟨U+000A⟩二\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn an_empty_cell_is_empty() {
        let mut csv = String::new();
        push(&mut csv, &alloc::vec![Cell::Text("武汉".into()), Cell::Nothing, Cell::Number(3)], |text| &text.zh);
        assert_eq!(csv, "\"武汉\",,3\r\n");
    }
}
