//! Tables as every form of the figures writes them: CSV, JSON and HTML differ only in how a cell is put.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use crate::explain::lifecycle::moment;
use crate::lifecycle::instant::Seconds;
use crate::lifecycle::rulebook::Text;

/// A column: its name in JSON, and in both languages.
#[derive(Debug)]
pub struct Column {
    /// Its member in JSON.
    pub key: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
}

/// What a table is about.
#[derive(Debug)]
pub struct Spec {
    /// Its member in `report.json` and, with `.csv`, its file.
    pub key: &'static str,
    /// Its Chinese title.
    pub zh: &'static str,
    /// Its English title.
    pub en: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A table, or the first rows of one.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it is about.
    pub spec: &'static Spec,
    /// Its rows.
    pub rows: Vec<Row>,
    /// How many rows there are in all.
    pub total: u64,
}

/// A row: a cell for each column.
pub type Row = Vec<Cell>;

/// One value.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Nothing is known or applies.
    Nothing,
    /// As it is.
    Text(String),
    /// A number of things.
    Number(u64),
    /// So many of so many.
    Share(u64, u64),
    /// A code with its name.
    Named(String, Text),
    /// A text in both languages.
    Words(Text),
    /// An instant.
    Moment(Seconds),
    /// Indices of entries of the ledger.
    Entries(Vec<u64>),
    /// Numbers by code and name.
    Counts(Vec<(String, Text, u64)>),
}

/// What has a code and a name.
pub fn named(code: &str, zh: &str, en: &str) -> Cell {
    Cell::Named(code.to_owned(), Text { zh: zh.to_owned(), en: en.to_owned() })
}

/// A text, if there is one.
pub fn optional(text: Option<&str>) -> Cell {
    text.map_or(Cell::Nothing, |text| Cell::Text(text.to_owned()))
}

impl Cell {
    /// For a person who reads one language, which is picked of each text.
    pub fn said(&self, pick: impl Fn(&Text) -> &str) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Share(_, 0) => String::new(),
            Self::Share(part, of) => percent(*part, *of),
            Self::Named(_, text) | Self::Words(text) => pick(text).to_owned(),
            Self::Moment(at) => moment(*at),
            Self::Entries(entries) => entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Self::Counts(counts) => {
                let each = counts.iter().map(|(_, name, count)| format!("{} {count}", pick(name)));
                let between = Text { zh: "；".to_owned(), en: "; ".to_owned() };
                each.collect::<Vec<_>>().join(pick(&between))
            }
        }
    }

    /// For a program. A share is a ratio of four decimals.
    pub fn json(&self) -> Value {
        match self {
            Self::Nothing | Self::Share(_, 0) => Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Share(part, of) => ratio(*part, *of).into(),
            Self::Named(code, _) => code.as_str().into(),
            Self::Words(text) => json!({ "zh": text.zh, "en": text.en }),
            Self::Moment(at) => (*at).into(),
            Self::Entries(entries) => entries.as_slice().into(),
            Self::Counts(counts) => {
                counts.iter().map(|(code, _, count)| (code.clone(), (*count).into())).collect::<Map<_, _>>().into()
            }
        }
    }

    /// Whether it says nothing.
    pub const fn is_nought(&self) -> bool {
        matches!(self, Self::Nothing | Self::Number(0) | Self::Share(0, _))
    }

    /// Whether it is set to the right.
    pub const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Share(..))
    }
}

/// `97.3 %`; nothing rounds up to the whole.
pub fn percent(part: u64, of: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(of.max(1));
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[allow(clippy::cast_precision_loss)] // four digits, or few more
fn ratio(part: u64, of: u64) -> f64 {
    (u128::from(part) * 10_000 / u128::from(of.max(1))) as f64 / 10_000.0
}

impl Table {
    /// A table of which every row is here.
    pub fn new(spec: &'static Spec, rows: Vec<Row>) -> Self {
        let total = rows.len() as u64;
        Self { spec, rows, total }
    }

    /// The rows as objects.
    pub fn json_rows(&self) -> Value {
        let object = |row: &Row| -> Value {
            let members = self.spec.columns.iter().zip(row).map(|(column, cell)| (column.key.to_owned(), cell.json()));
            members.collect::<Map<_, _>>().into()
        };
        self.rows.iter().map(object).collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up() {
        assert_eq!(percent(999_999, 1_000_000), "99.9%");
        assert_eq!(percent(1, 1), "100.0%");
        assert_eq!(Cell::Share(0, 0).json(), Value::Null);
        assert_eq!(Cell::Share(1, 3).json(), json!(0.3333));
    }
}
