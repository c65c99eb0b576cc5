//! The vocabulary of `data`, stage by stage (notices.md): what admission insists on and a reader marks as unknown.
//!
//! A misspelt field must not vanish, so the ledger refuses a notice with a member it does not know, by name. A reader is
//! tolerant: it shows such a member as unknown, so that the vocabulary can grow.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::code::Stage;
use super::instant::Instant;
use super::json::{Object, Value};
use super::notice::is_decimal;

/// What a member must look like.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string.
    Text,
    /// `true` or `false`.
    Bool,
    /// An integer from 0.
    Count,
    /// A decimal string: measures never pass through floating point.
    Decimal,
    /// `{"amount":"1359102.00","currency":"CNY"}`
    Money,
    /// A decimal string or money.
    Amount,
    /// An RFC 3339 instant or a date.
    When,
    /// `{from, until}` of instants.
    Period,
    /// One of these codes.
    One(&'static [&'static str]),
    /// An object with at most these members.
    Object(&'static [Member]),
    /// A list of such elements.
    List(&'static Shape),
}

/// A member's name and shape.
pub type Member = (&'static str, Shape);

use Shape::{Amount, Bool, Count, Decimal, List, Money, Object as Obj, One, Period, Text, When};

const METHODS: &[&str] = &[
    "open",
    "invited",
    "negotiation",
    "consultation",
    "inquiry",
    "single-source",
    "listing",
    "auction",
    "tender",
    "agreement",
    "allocation",
];
const PARTY: &[Member] = &[("name", Text), ("id", Text)];
const PERSON: &[Member] = &[("name", Text), ("id", Text), ("person", Text)];
const PARCEL: Shape = Obj(&[
    ("number", Text),
    ("location", Text),
    ("area", Decimal),
    ("area_text", Text),
    ("use", Text),
    ("years", Count),
    ("plot_ratio_text", Text),
    ("height_limit_text", Text),
]);
const PARCELS: Shape = List(&PARCEL);
const CHANGED: Shape = List(&Obj(&[("field", Text), ("from", Text), ("to", Text)]));
const PHASES: Shape = Obj(&[("handover", When), ("commencement", When), ("completion", When)]);
const ASSET_KINDS: &[&str] = &["equity", "asset", "capital-increase", "lease"];

/// Members of every stage.
const COMMON: &[Member] = &[("category", Text), ("method", One(METHODS))];

/// The members of a stage's `data`, beside `category` and `method`.
#[allow(clippy::too_many_lines)] // a table
fn members(stage: Stage) -> &'static [Member] {
    match stage {
        Stage::Approval => &[
            ("document_number", Text),
            ("approved_by", Text),
            ("decided_at", When),
            ("investment", Money),
            ("unified_project_code", Text),
            (
                "item",
                One(&[
                    "service-guide",
                    "approval",
                    "land-requisition",
                    "design-change",
                    "construction-permit",
                    "quality-and-safety",
                ]),
            ),
        ],
        Stage::Plan => &[
            ("expected_at", When),
            ("budget", Money),
            ("disclosure", Period),
            ("transfers_control", Bool),
            ("year", Count),
            ("parcels", PARCELS),
        ],
        Stage::Announcement => &[
            ("prequalification", Bool),
            ("scope", Text),
            ("funding_source", Text),
            ("documents", Period),
            ("publicity", Period),
            ("questions_until", When),
            ("application_deadline", When),
            ("bid_deadline", When),
            ("opening_at", When),
            ("budget", Money),
            ("ceiling_price", Money),
            ("qualification", Text),
            ("consortium_allowed", Bool),
            ("evaluation_method", Text),
            ("parcels", PARCELS),
            ("listing", Period),
            ("auction_at", When),
            ("starting_price", Money),
            ("deposit", Money),
            ("asset_kind", One(ASSET_KINDS)),
            ("disclosure", Period),
            ("extension", Obj(&[("days", Count), ("at_most", Count)])),
            ("floor_price", Money),
            ("appraisal", Money),
            ("decision_basis", Text),
            ("buyer_conditions", Text),
            ("reserve_price", Money),
        ],
        Stage::Clarification | Stage::Change => &[
            ("changed", CHANGED),
            ("affects_bids", Bool),
            ("reason", Text),
            ("changed_on", When),
            ("new_bid_deadline", When),
            ("restarts_period", Bool),
            ("extends_until", When),
        ],
        Stage::Prequalification => {
            &[("passed", List(&Obj(PARTY))), ("rejected", List(&Obj(&[("name", Text), ("reason", Text)])))]
        }
        Stage::Opening => &[
            ("opened_at", When),
            ("place", Text),
            ("bids", List(&Obj(&[("name", Text), ("id", Text), ("price", Money), ("period_text", Text)]))),
        ],
        Stage::Candidates => &[
            ("report_received_on", When),
            ("publicity", Period),
            (
                "candidates",
                List(&Obj(&[
                    ("rank", Count),
                    ("name", Text),
                    ("id", Text),
                    ("price", Money),
                    ("price_text", Text),
                    ("quality", Text),
                    ("manager", Obj(&[("person", Text), ("certificate", Text)])),
                    ("period_text", Text),
                ])),
            ),
            ("evaluation", Text),
            ("objection_channel", Text),
        ],
        Stage::Award => &[
            ("decided_at", When),
            ("ended_on", When),
            ("winner", Obj(PERSON)),
            ("price", Money),
            ("bids_received", Count),
            ("items", List(&Obj(&[("name", Text), ("quantity", Decimal), ("unit_price", Money)]))),
            ("experts", List(&Text)),
            ("documents_attached", Bool),
            ("publicity", Period),
            ("parcels", PARCELS),
            ("listing", Period),
            ("auction_at", When),
            ("appraisal", Money),
            ("floor_price", Money),
            ("deposits_returned_on", When),
        ],
        Stage::Contract => &[
            ("signed_at", When),
            ("effective_on", When),
            ("supplier", Obj(PARTY)),
            ("holder", Obj(PERSON)),
            ("value", Money),
            ("period_text", Text),
            ("planned", PHASES),
            ("actual", PHASES),
            ("supervision_number", Text),
            ("approved_by", Text),
            ("parcels", PARCELS),
            ("payments", List(&Obj(&[("due_on", When), ("amount", Amount)]))),
        ],
        Stage::ContractChange => &[("changed", CHANGED), ("reason", Text), ("new_value", Money)],
        Stage::Performance => &[
            ("event", One(&["payment", "progress", "handover", "commencement", "completion"])),
            ("on", When),
            ("amount", Amount),
            ("percent", Decimal),
            ("due_on", When),
        ],
        Stage::Acceptance => &[("accepted_on", When), ("result", Text), ("final_value", Money)],
        Stage::Termination => &[
            ("reason_kind", One(&["too-few-bidders", "no-valid-bid", "cancelled", "suspended", "other"])),
            ("reason", Text),
            ("restarts_as", Text),
        ],
        Stage::Objection | Stage::Complaint => &[
            ("received_on", When),
            ("known_on", When),
            ("accepted_on", When),
            ("about", Text),
            ("answered_on", When),
            ("result", Text),
        ],
        Stage::Enforcement => {
            &[("authority", Text), ("decided_at", When), ("penalised", Obj(PARTY)), ("decision", Text)]
        }
        Stage::Request | Stage::Reply => &[
            ("received_on", When),
            ("answered_on", When),
            ("result", One(&["granted", "partly", "refused"])),
            ("extended_until", When),
        ],
    }
}

/// The longest text beside the full text that may be disclosed, in characters.
pub const MAX_TEXT: usize = 10_000;

/// The members that a stage's `data` may have, for whoever makes a form of them.
pub fn data_members(stage: Stage) -> impl Iterator<Item = &'static Member> {
    COMMON.iter().chain(members(stage))
}

/// A member of `data` that is not as the vocabulary says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    /// The stage has no such member.
    #[error("`{path}` is not known at stage {stage}{}", near.map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    Unknown {
        /// The member's path.
        path: String,
        /// The stage.
        stage: Stage,
        /// The known member whose name is nearest, if one is near.
        near: Option<&'static str>,
    },
    /// The member is of another shape.
    #[error("`{path}` must be {expected}")]
    Shape {
        /// The member's path.
        path: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A text that is longer than it needs to be.
    #[error(
        "`{path}` has {found} characters; at most {MAX_TEXT} are allowed (a long text belongs in `text`, a file in `attachments`)"
    )]
    TooLong {
        /// The member's path.
        path: String,
        /// How many characters it has.
        found: usize,
    },
}

/// What is too long in a disclosed value that is not the full text; those within the statement are bounded by its length.
pub fn check_lengths(path: &str, value: &Value) -> Vec<VocabularyError> {
    let mut errors = Vec::new();
    match value {
        // A character has at most four bytes, and most texts far fewer of either.
        Value::String(text) if text.len() > MAX_TEXT => {
            let found = text.chars().count();
            errors.extend((found > MAX_TEXT).then(|| VocabularyError::TooLong { path: path.to_owned(), found }));
        }
        Value::Array(items) => {
            let checked = items.iter().enumerate().flat_map(|(at, item)| check_lengths(&format!("{path}[{at}]"), item));
            errors.extend(checked.take(16));
        }
        Value::Object(object) => {
            let checked = object.iter().flat_map(|(name, value)| check_lengths(&format!("{path}.{name}"), value));
            errors.extend(checked.take(16));
        }
        _ => {}
    }
    errors
}

/// Everything in a notice's `data` that is not as the vocabulary says, in order. Digests of disclosures are passed over.
pub fn check_data(stage: Stage, data: &Object) -> Vec<VocabularyError> {
    let mut errors = Vec::new();
    check_object(stage, "data", data, &[COMMON, members(stage)], &mut errors);
    errors
}

/// What is wrong with a value disclosed as a member of `data`, e.g. `reserve_price` or `bids`.
pub fn check_disclosed(stage: Stage, name: &str, value: &Value) -> Vec<VocabularyError> {
    let mut errors = Vec::new();
    match members(stage).iter().find(|(known, _)| *known == name) {
        Some((_, shape)) => check(stage, &format!("data.{name}"), value, *shape, &mut errors),
        None => errors.push(VocabularyError::Unknown { path: format!("data.{name}"), stage, near: None }),
    }
    errors
}

fn check_object(stage: Stage, path: &str, object: &Object, known: &[&[Member]], errors: &mut Vec<VocabularyError>) {
    for (name, value) in object.iter().filter(|(name, _)| *name != "_sd") {
        let path = format!("{path}.{name}");
        match known.iter().flat_map(|members| members.iter()).find(|(known, _)| *known == name) {
            Some((_, shape)) => check(stage, &path, value, *shape, errors),
            None => {
                let names = known.iter().flat_map(|members| members.iter()).map(|(known, _)| *known);
                errors.push(VocabularyError::Unknown { path, stage, near: nearest(name, names) });
            }
        }
    }
}

fn check(stage: Stage, path: &str, value: &Value, shape: Shape, errors: &mut Vec<VocabularyError>) {
    let mut require = |holds: bool, expected: &'static str| {
        if !holds {
            errors.push(VocabularyError::Shape { path: path.to_owned(), expected });
        }
    };
    let text = value.as_str();
    let is_when = |text: &str| Instant::parse(text).is_some();
    match shape {
        Text => require(text.is_some(), "a string"),
        Bool => require(matches!(value, Value::Bool(_)), "true or false"),
        Count => require(value.as_number().is_some_and(|n| n >= 0), "an integer ≥ 0"),
        Decimal => require(text.is_some_and(is_decimal), "a decimal string"),
        When => require(text.is_some_and(is_when), "an RFC 3339 instant with offset or a date YYYY-MM-DD"),
        One(codes) => require(text.is_some_and(|text| codes.contains(&text)), one_of(codes)),
        Money => check_money(path, value, errors),
        Amount if text.is_some() => require(text.is_some_and(is_decimal), "a decimal string"),
        Amount => check_money(path, value, errors),
        Period => match value.as_object() {
            Some(period) => check_object(stage, path, period, &[&[("from", When), ("until", When)]], errors),
            None => require(false, "{\"from\":…,\"until\":…}"),
        },
        Obj(members) => match value.as_object() {
            Some(object) => check_object(stage, path, object, &[members], errors),
            None => require(false, "an object"),
        },
        List(shape) => match value.as_array() {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    check(stage, &format!("{path}[{index}]"), item, *shape, errors);
                }
            }
            None => require(false, "an array"),
        },
    }
}

fn check_money(path: &str, value: &Value, errors: &mut Vec<VocabularyError>) {
    let currency = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
    let money = value.as_object().is_some_and(|money| {
        money.only(&["amount", "currency"]).is_ok()
            && money.string("amount").is_ok_and(is_decimal)
            && money.string("currency").is_ok_and(currency)
    });
    if !money {
        let expected = "{\"amount\":\"1359102.00\",\"currency\":\"CNY\"}";
        errors.push(VocabularyError::Shape { path: path.to_owned(), expected });
    }
}

/// The one sentence for a list of codes.
fn one_of(codes: &'static [&'static str]) -> &'static str {
    match codes.first() {
        Some(&"open") => {
            "a method: open, invited, negotiation, consultation, inquiry, single-source, listing, auction, tender, agreement or allocation"
        }
        Some(&"equity") => "equity, asset, capital-increase or lease",
        Some(&"payment") => "payment, progress, handover, commencement or completion",
        Some(&"too-few-bidders") => "too-few-bidders, no-valid-bid, cancelled, suspended or other",
        Some(&"granted") => "granted, partly or refused",
        _ => "service-guide, approval, land-requisition, design-change, construction-permit or quality-and-safety",
    }
}

/// The known name at most two edits away from the one found.
fn nearest(found: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if found.len() > 64 {
        return None;
    }
    known.map(|name| (distance(found, name), name)).filter(|(distance, _)| *distance <= 2).min().map(|(_, name)| name)
}

/// Levenshtein distance over characters.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = core::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::json::parse_object;

    #[test]
    fn a_misspelt_member_is_named_and_the_right_one_suggested() {
        let data = parse_object(
            r#"{"bid_dealine":"2026-01-10","budget":{"amount":1,"currency":"CNY"},"documents":{"form":"2026-01-01"}}"#,
        );
        let errors = check_data(Stage::Announcement, &data.unwrap());
        assert_eq!(
            errors[0],
            VocabularyError::Unknown {
                path: "data.bid_dealine".into(),
                stage: Stage::Announcement,
                near: Some("bid_deadline")
            }
        );
        assert!(matches!(&errors[1], VocabularyError::Shape { path, .. } if path == "data.budget"));
        assert!(matches!(&errors[2], VocabularyError::Unknown { near: Some("from"), .. }));
    }

    #[test]
    fn distances() {
        assert_eq!((distance("", "ab"), distance("kitten", "sitting"), distance("工程", "工程")), (2, 3, 0));
    }
}
