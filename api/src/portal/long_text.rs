//! Full texts as a person reads them: line by line, and tables that were flattened into lines put into rows again.
//!
//! Trading systems hand over what a page showed: a bid opening of 1,500 rows is 15,000 lines, a cell each. Where the lines of a
//! text are cells of a table, that shows: columns are parted by tabs or bars, or a credit code comes again after every so many lines.
//! Nothing is added, left out or moved.

use maud::{Markup, html};
use verifier::explain::visible::visible;

use super::Visit;

/// Rows that make a table.
const FEWEST_ROWS: usize = 4;
/// Columns of a row of lines, at most.
const MOST_COLUMNS: usize = 40;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Lines(Vec<&'t str>),
    Rows(Vec<Vec<&'t str>>),
}

/// A text in its box.
pub(super) fn show(visit: &Visit, text: &str) -> Markup {
    html! {
        div.scroll.text tabindex="0" role="group" aria-label=(visit.say("正文", "Full text")) {
            @for piece in pieces(text) {
                @match piece {
                    Piece::Lines(lines) => @for line in lines { p dir="auto" { (visible(line)) } },
                    Piece::Rows(rows) => table {
                        tbody { @for row in rows { tr { @for cell in row { td dir="auto" { (visible(cell)) } } } } }
                    },
                }
            }
        }
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut pieces, mut plain, mut at) = (Vec::new(), Vec::new(), 0);
    while at < lines.len() {
        match table_at(&lines, at) {
            Some((rows, taken)) => {
                if !plain.is_empty() {
                    pieces.push(Piece::Lines(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Rows(rows));
                at += taken;
            }
            None => {
                plain.push(lines[at]);
                at += 1;
            }
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Lines(plain));
    }
    pieces
}

/// The rows of the table that begins at a line, and how many lines they are.
fn table_at<'t>(lines: &[&'t str], at: usize) -> Option<(Vec<Vec<&'t str>>, usize)> {
    parted(&lines[at..]).or_else(|| flattened(&lines[at..]))
}

/// Lines with the same number of tabs or bars.
fn parted<'t>(lines: &[&'t str]) -> Option<(Vec<Vec<&'t str>>, usize)> {
    let is_bar = |c: char| matches!(c, '\t' | '|' | '｜');
    let count = |line: &str| line.chars().filter(|c| is_bar(*c)).count();
    let columns = count(lines[0]);
    if columns == 0 {
        return None;
    }
    let taken = lines.iter().take_while(|line| count(line) == columns).count();
    let rows = || lines[..taken].iter().map(|line| line.split(is_bar).map(str::trim).collect());
    // Bars alone are a ruler or a menu, not a table.
    let has_cells = lines[0].split(is_bar).filter(|cell| !cell.trim().is_empty()).count() > 1;
    (taken >= FEWEST_ROWS && has_cells).then(|| (rows().collect(), taken))
}

/// Lines that are cells: a credit code again and again, most often after the same number of lines. A row begins at its code, or at
/// the number before it.
fn flattened<'t>(lines: &[&'t str]) -> Option<(Vec<Vec<&'t str>>, usize)> {
    let is_number = |line: &str| !line.is_empty() && line.len() <= 6 && line.bytes().all(|b| b.is_ascii_digit());
    let before = usize::from(is_number(lines[0].trim()));
    if !is_credit_code(lines.get(before)?.trim()) {
        return None;
    }
    let mut starts = vec![0];
    let mut at = before + 1;
    while at < lines.len() && at - starts[starts.len() - 1] <= MOST_COLUMNS + before {
        if is_credit_code(lines[at].trim()) {
            let numbered = before == 1 && is_number(lines[at - 1].trim());
            starts.push(at - usize::from(numbered));
        }
        at += 1;
    }
    if starts.len() < FEWEST_ROWS {
        return None;
    }
    let widths: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let width = most_common(&widths)?;
    let end = (starts[starts.len() - 1] + width).min(lines.len());
    starts.push(end);
    Some((starts.windows(2).map(|pair| lines[pair[0]..pair[1]].to_vec()).collect(), end))
}

fn most_common(numbers: &[usize]) -> Option<usize> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).max_by_key(|same| same.len()).map(|same| same[0])
}

/// Eighteen digits and capitals (GB 32100), or the nine of an organisation code before it.
fn is_credit_code(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    plain && text.len() == 18 && text.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the pieces, a line for each line and cell.
    fn told(pieces: &[Piece<'_>]) -> Vec<String> {
        let lines = pieces.iter().flat_map(|piece| match piece {
            Piece::Lines(lines) => lines.clone(),
            Piece::Rows(rows) => rows.concat(),
        });
        lines.map(str::to_owned).collect()
    }

    #[test]
    fn a_flattened_opening_is_a_table_again_and_nothing_is_lost() {
        let row = |n: usize| format!("{n}\n91420000MA4870WY{n:02}\n公司{n}\n已解密\n1,835.{n}\n");
        let rows: String = (10..60).map(row).collect();
        let text = format!("开标一览表\n顺序\n代码\n{rows}备注\n完");
        let pieces = pieces(&text);
        assert_eq!(told(&pieces), text.lines().collect::<Vec<_>>());
        let Piece::Rows(rows) = &pieces[1] else { panic!("{pieces:?}") };
        assert_eq!((rows.len(), rows[0].len(), rows[0][2], rows[49].len()), (50, 5, "公司10", 5));
        assert_eq!(pieces.len(), 3);
    }

    #[test]
    fn bars_and_tabs_part_columns_and_other_texts_stay_lines() {
        let pieces = pieces("题\n甲\t1\n乙\t2\n丙\t3\n丁\t4\n完");
        assert_eq!(pieces.len(), 3);
        assert!(matches!(&pieces[1], Piece::Rows(rows) if rows.len() == 4 && rows[3] == ["丁", "4"]));
        for text in ["", "一\n二\n三", "发布\n｜\n单位\n｜\n｜\n｜\n｜", "\t\n\t\n\t\n\t\n"] {
            assert!(super::pieces(text).iter().all(|piece| matches!(piece, Piece::Lines(_))), "{text:?}");
        }
    }
}
