//! Remarks on a notice (提示): what is no breach of a rule and yet worth a person's eye.
//!
//! Look-alike characters in names and ids, codes whose own check does not hold, and values that say nothing.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::engine::lookup::{EVENTS, is_placeholder};
use super::facts::NoticeFacts;
use crate::record::checked_code::{CreditCodeFault, credit_code_fault, supervision_disagrees};
use crate::record::instant::Instant;
use crate::record::json::{Object, Value};
use crate::record::look_alike::{LookAlike, Spelling, look_alikes};

/// The most remarks kept of one notice, and the most characters of one remark.
const MOST: usize = 16;
/// The most characters of a value that are repeated.
const MOST_OF_VALUE: usize = 60;

/// Something to be told about one member of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The member, e.g. `parties[0].id`.
    pub path: String,
    /// Its value, or the beginning of it.
    pub value: String,
    /// What about it.
    pub about: About,
}

/// What is remarked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Characters that look like others.
    LookAlikes(Vec<LookAlike>),
    /// A unified social credit code that is wrong (统一社会信用代码).
    CreditCode(CreditCodeFault),
    /// A supervision number (电子监管号) whose letter and the method of supply, given here, disagree.
    Supervision(String),
}

/// Why a value says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Empty {
    /// Empty, a bare unit, "see the documents", an amount of nothing.
    Placeholder,
    /// An event in the very minute of the notice's own publication.
    NotEvidence,
}

impl Empty {
    /// Its stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::NotEvidence => "not-evidence",
        }
    }
}

/// What is to be told of a notice, given all its members; at most 16 remarks.
pub fn remarks(members: &Object) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (name, value) in members.iter() {
        match (name, value) {
            ("title", Value::String(title)) => spelling(&mut remarks, name, title, Spelling::Name),
            // A project's id has one spelling already.
            ("project", Value::Object(project)) => {
                let own = project.member("name").and_then(Value::as_str).unwrap_or_default();
                spelling(&mut remarks, "project.name", own, Spelling::Name);
            }
            ("lot" | "parties" | "data", value) => walk(&mut remarks, name, name, value),
            _ => {}
        }
    }
    let data = members.member("data").and_then(Value::as_object);
    remarks.extend(data.and_then(supervision));
    remarks.truncate(MOST);
    remarks
}

fn supervision(data: &Object) -> Option<Remark> {
    let says = |member: &str| data.member(member).and_then(Value::as_str);
    let (number, method) = (says("supervision_number")?, says("method")?);
    let about = About::Supervision(method.to_owned());
    supervision_disagrees(number, method).then(|| Remark {
        path: "data.supervision_number".to_owned(),
        value: beginning(number),
        about,
    })
}

fn walk(remarks: &mut Vec<Remark>, path: &str, name: &str, value: &Value) {
    if remarks.len() >= MOST {
        return;
    }
    match value {
        Value::Object(object) => object.iter().filter(|(name, _)| *name != "_sd").for_each(|(name, value)| {
            if matches!(value, Value::Object(_) | Value::Array(_)) || spelling_of(name).is_some() {
                walk(remarks, &format!("{path}.{name}"), name, value);
            }
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            if matches!(item, Value::Object(_) | Value::Array(_)) {
                walk(remarks, &format!("{path}[{at}]"), name, item);
            }
        }),
        Value::String(text) => {
            let Some(kind) = spelling_of(name) else { return };
            spelling(remarks, path, text, kind);
            if let ("id", Some(fault)) = (name, credit_code_fault(text)) {
                remarks.push(Remark { path: path.to_owned(), value: beginning(text), about: About::CreditCode(fault) });
            }
        }
        _ => {}
    }
}

/// Members that name or number something.
fn spelling_of(name: &str) -> Option<Spelling> {
    match name {
        "id" | "supervision_number" | "unified_project_code" | "certificate" => Some(Spelling::Id),
        "name" | "number" | "document_number" | "person" => Some(Spelling::Name),
        _ => None,
    }
}

fn spelling(remarks: &mut Vec<Remark>, path: &str, text: &str, spelling: Spelling) {
    let mut found = look_alikes(text, spelling);
    if !found.is_empty() {
        found.truncate(MOST);
        remarks.push(Remark { path: path.to_owned(), value: beginning(text), about: About::LookAlikes(found) });
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(MOST_OF_VALUE).collect()
}

/// The members of a notice's `data` that say nothing, each with why.
pub fn empty_members(notice: &NoticeFacts) -> Vec<(String, Empty)> {
    let mut found = Vec::new();
    if let Some(data) = notice.data() {
        of_object(notice, "data", data, &mut found);
    }
    found
}

fn of_object(notice: &NoticeFacts, path: &str, object: &Object, found: &mut Vec<(String, Empty)>) {
    for (name, value) in object.iter().filter(|(name, _)| *name != "_sd") {
        of_value(notice, &format!("{path}.{name}"), name, value, found);
    }
}

fn of_value(notice: &NoticeFacts, path: &str, name: &str, value: &Value, found: &mut Vec<(String, Empty)>) {
    match value {
        Value::String(_) if is_placeholder(value) => found.push((path.to_string(), Empty::Placeholder)),
        Value::String(text) if EVENTS.contains(&name) && is_own_minute(notice, text) => {
            found.push((path.to_string(), Empty::NotEvidence));
        }
        Value::Object(money) if money.has("amount") => {
            found.extend(is_placeholder(value).then(|| (path.to_string(), Empty::Placeholder)));
        }
        Value::Object(object) => of_object(notice, path, object, found),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(at, item)| of_value(notice, &format!("{path}[{at}]"), name, item, found));
        }
        _ => {}
    }
}

fn is_own_minute(notice: &NoticeFacts, text: &str) -> bool {
    let minute = |instant: Option<Instant>| match instant {
        Some(Instant::At(at)) => Some(at.as_second().div_euclid(60)),
        _ => None,
    };
    let published = minute(notice.published_at);
    published.is_some() && minute(Instant::parse(text)) == published
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::json::parse_object;

    #[test]
    fn names_ids_and_codes_are_looked_at_where_they_stand() {
        let members = parse_object(
            "{\"title\":\"武\u{200B}汉\",\"project\":{\"id\":\"A\",\"name\":\"（一)\"},\"lot\":{\"id\":\"Ａ\"},\
             \"parties\":[{\"role\":\"buyer\",\"id\":\"91350100M000100Y44\"}],\
             \"data\":{\"method\":\"allocation\",\"supervision_number\":\"1306262018B00730\",\
             \"candidates\":[{\"name\":\"甲\"},{\"name\":\"WН\"}],\"scope\":\"Ａ\"}}",
        )
        .unwrap();
        let told: Vec<(String, bool)> =
            remarks(&members).into_iter().map(|one| (one.path, matches!(one.about, About::LookAlikes(_)))).collect();
        let expected = [
            ("title", true),
            ("project.name", true),
            ("lot.id", true),
            ("parties[0].id", false),
            ("data.candidates[1].name", true),
            ("data.supervision_number", false),
        ];
        assert_eq!(told, expected.map(|(path, look_alike)| (path.to_owned(), look_alike)));
    }
}
