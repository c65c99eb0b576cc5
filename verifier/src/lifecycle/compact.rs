//! Members of a notice in few bytes, for the many notices of a whole ledger that are judged only at its end.
//!
//! ```text
//! value   0 null · 1 false · 2 true · 3 number (zigzag) · 4 string · 5 long string: its beginning, 8 bytes of its SHA-256
//!         6 array · 7 long array: its length, its first and its last elements · 8 object: count, (name, value)…
//! name    0 and the name, or 1 + its place in NAMES
//! number  LEB128
//! ```
//!
//! Nothing that a rule asks is lost: dates, amounts, codes and counts are kept; of a long text its beginning, and that it equals
//! another. This form is read again only by the same version of
//! this program, which a monitor's file names.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::log::hash::{Hash, sha256};
use crate::record::json::{Object, Value};

/// The longest string kept whole, in bytes: every instant, amount and code is shorter.
const WHOLE: usize = 40;
/// What is kept of a longer one.
const BEGINNING: usize = 24;
/// The longest array kept whole.
const MOST_ELEMENTS: usize = 64;
/// What is kept of the ends of a longer one.
const ENDS: usize = 32;

/// Writes into a buffer.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            #[allow(clippy::cast_possible_truncation)]
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        #[allow(clippy::cast_possible_truncation)]
        self.0.push(number as u8);
    }

    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// A text kept whole.
    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn hash(&mut self, hash: &Hash) {
        self.0.extend_from_slice(&hash.0);
    }

    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.0.push(0),
            Value::Bool(value) => self.0.push(1 + u8::from(*value)),
            Value::Number(number) => {
                self.0.push(3);
                self.signed(*number);
            }
            Value::String(text) => self.string(text),
            Value::Array(items) => self.array(items),
            Value::Object(object) => {
                self.0.push(8);
                self.object(object.iter());
            }
        }
    }

    /// A text, a long one shortened.
    pub(super) fn string(&mut self, text: &str) {
        let text = if text.len() > WHOLE { text.trim() } else { text };
        if text.len() <= WHOLE {
            self.0.push(4);
            return self.text(text);
        }
        self.0.push(5);
        self.text(&text[..text.floor_char_boundary(BEGINNING)]);
        self.0.extend_from_slice(&sha256(text.as_bytes()).0[..8]);
    }

    fn array(&mut self, items: &[Value]) {
        if items.len() <= MOST_ELEMENTS {
            self.0.push(6);
            self.number(items.len() as u64);
            for item in items {
                self.value(item);
            }
            return;
        }
        self.0.push(7);
        self.number(items.len() as u64);
        items[..ENDS].iter().chain(&items[items.len() - ENDS..]).for_each(|item| self.value(item));
    }

    /// Members; those of an `_sd` are only said to be there.
    pub(super) fn object<'o>(&mut self, members: impl Iterator<Item = (&'o str, &'o Value)> + Clone) {
        self.number(members.clone().count() as u64);
        for (name, value) in members {
            if let Some(at) = place_of(name) {
                self.number(at as u64 + 1);
            } else {
                self.number(0);
                self.text(name);
            }
            self.value(if name == "_sd" { &Value::Null } else { value });
        }
    }
}

/// Reads what a [`Writer`] wrote; of anything else, nothing.
#[derive(Clone, Debug)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|taken| taken[0])
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(super) fn text(&mut self) -> Option<&'b str> {
        let length = self.length()?;
        core::str::from_utf8(self.take(length)?).ok()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn hash(&mut self) -> Option<Hash> {
        self.array().map(Hash)
    }

    pub(super) fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Number(self.signed()?),
            4 => Value::String(self.text()?.to_owned()),
            5 => {
                let beginning = self.text()?;
                let hash = u64::from_be_bytes(self.array()?);
                Value::String(format!("{beginning}…#{hash:016x}"))
            }
            6 => {
                let length = self.length()?;
                Value::Array((0..length).map(|_| self.value()).collect::<Option<_>>()?)
            }
            7 => {
                let length = self.length()?;
                let mut items: Vec<Value> = (0..ENDS).map(|_| self.value()).collect::<Option<_>>()?;
                items.resize(length - ENDS, Value::Null);
                for _ in 0..ENDS {
                    items.push(self.value()?);
                }
                Value::Array(items)
            }
            8 => Value::Object(self.object()?),
            _ => return None,
        })
    }

    pub(super) fn object(&mut self) -> Option<Object> {
        let mut object = Object::default();
        for _ in 0..self.number()? {
            let name: String = match self.length()? {
                0 => self.text()?.to_owned(),
                at => (*NAMES.get(at - 1)?).to_owned(),
            };
            object.push_unique(name, self.value()?);
        }
        Some(object)
    }
}

/// The place of a name in [`NAMES`], looked for among those that begin as it does.
fn place_of(name: &str) -> Option<usize> {
    let first = usize::from(*name.as_bytes().first()?);
    let from = STARTS[first];
    NAMES[from..STARTS[first + 1]].iter().position(|known| *known == name).map(|at| from + at)
}

/// Where the names that begin with each byte, or a larger one, begin.
const STARTS: [usize; 257] = {
    let mut starts = [NAMES.len(); 257];
    let (mut at, mut byte) = (0, 0);
    while byte < 256 {
        while at < NAMES.len() && (NAMES[at].as_bytes()[0] as usize) < byte {
            at += 1;
        }
        starts[byte] = at;
        byte += 1;
    }
    starts
};

/// Names of members that notices have, in byte order; one that is not here is written out.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "_sd", "about", "accepted_on", "actual", "affects_bids", "amends", "amount", "announcement",
    "application_deadline", "appraisal", "approved_by", "area", "area_text", "as", "asset_kind", "at_most",
    "attachments", "auction_at", "authority", "bid_deadline", "bids", "bids_received", "budget", "buyer_conditions",
    "candidates", "category", "ceiling_price", "certificate", "changed", "changed_on", "commencement", "completion",
    "consortium_allowed", "contact", "currency", "data", "days", "decided_at", "decision", "decision_basis",
    "deposit", "deposits_returned_on", "disclosure", "document_number", "documents", "documents_attached", "due_on",
    "effective_on", "ended_on", "evaluation", "evaluation_method", "event", "expected_at", "experts",
    "extended_until", "extends_until", "extension", "field", "final_value", "floor_price", "from", "funding_source",
    "handover", "height_limit_text", "holder", "id", "investment", "item", "items", "known_on", "language", "listing",
    "location", "lot", "manager", "media_type", "method", "name", "new_bid_deadline", "new_value", "number",
    "objection_channel", "on", "opened_at", "opening_at", "parcels", "parties", "passed", "payments", "penalised",
    "percent", "period_text", "person", "place", "planned", "plot_ratio_text", "prequalification", "price",
    "price_text", "project", "publicity", "published_at", "qualification", "quality", "quantity", "questions_until",
    "rank", "reason", "reason_kind", "received_on", "region", "rejected", "related", "report_received_on",
    "reserve_price", "restarts_as", "restarts_period", "result", "role", "scope", "sector", "sha256", "signed_at",
    "size", "source", "stage", "starting_price", "supervision_number", "supplier", "text", "title", "to",
    "transfers_control", "unified_project_code", "unit_price", "until", "use", "value", "winner", "year", "years",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::json::parse;

    fn again(value: &Value) -> Value {
        let mut writer = Writer::default();
        writer.value(value);
        let mut reader = Reader(&writer.0);
        let read = reader.value().unwrap();
        assert!(reader.0.is_empty());
        for cut in 0..writer.0.len() {
            assert_eq!(Reader(&writer.0[..cut]).value(), None, "cut at {cut}");
        }
        read
    }

    #[test]
    fn names_are_found() {
        assert!(NAMES.is_sorted());
        assert!(NAMES.iter().enumerate().all(|(at, name)| place_of(name) == Some(at)));
        assert!(["", "0", "nam", "names", "ÿ"].iter().all(|other| place_of(other).is_none()));
    }

    #[test]
    fn what_is_short_comes_back_as_it_was() {
        let text = r#"{"a":null,"bid_deadline":[true,false,-9007199254740992,9007199254740992,0,"2026-03-17T00:32:00.123+08:00"],"data":{"x":{},"price":{"amount":"1.00"}}}"#;
        let value = parse(text).unwrap();
        assert_eq!(again(&value), value);
    }

    #[test]
    fn a_long_text_keeps_its_beginning_and_equals_only_itself() {
        let long = |tail: &str| Value::String(alloc::format!("{}{tail}", "武汉市".repeat(20)));
        let (one, other) = (again(&long("甲")), again(&long("乙")));
        assert!(one.as_str().unwrap().starts_with("武汉市武汉市武汉…#"), "{one:?}");
        assert_ne!(one, other);
        assert_eq!(again(&long(" 甲 ".trim())), one);
        assert_eq!(again(&Value::String(" ".repeat(100))), Value::String(String::new()));
    }

    #[test]
    fn a_long_array_keeps_its_length_and_its_ends() {
        let value = Value::Array((0..1000).map(Value::Number).collect());
        let read = again(&value);
        let items = read.as_array().unwrap();
        assert_eq!(items.len(), 1000);
        assert_eq!((&items[31], &items[32], &items[999]), (&Value::Number(31), &Value::Null, &Value::Number(999)));
    }
}
