//! What a change changes, for a person to read: field by field, and text by text.
//!
//! A change says what it changes (`data.changed`); a notice that amends another one is held against it, member by member.

use std::collections::BTreeMap;

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};
use verifier::explain::label;
use verifier::explain::visible::visible;
use verifier::record::json::{Object, Value};

use super::Visit;
use super::text::{columns, pick, said};

/// Characters of a text that are compared; longer ones are compared line by line.
const BY_CHARACTER: usize = 2_000;
/// Bytes of a text that are compared at all.
const COMPARED: usize = 1 << 20;
/// How long a comparison may take: then what is left is shown as replaced.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(40);
/// Lines around a change that are shown.
const AROUND: usize = 1;
/// Changes of one notice that are shown.
const MOST: usize = 200;

/// A field before and after.
pub(super) struct Changed {
    pub(super) field: Markup,
    pub(super) from: String,
    pub(super) to: String,
}

/// What a notice says it changes.
pub(super) fn announced(members: &Object) -> Vec<Changed> {
    let changed = members.member("data").and_then(Value::as_object).and_then(|data| data.member("changed")?.as_array());
    let text = |object: &Object, name: &str| object.member(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let one = |value: &Value| {
        let object = value.as_object()?;
        Some(Changed { field: said(&text(object, "field")), from: text(object, "from"), to: text(object, "to") })
    };
    changed.into_iter().flatten().filter_map(one).take(MOST).collect()
}

/// What differs between a notice's members and those of the one it amends.
pub(super) fn between(visit: &Visit, before: &Object, after: &Object) -> Vec<Changed> {
    let (before, after) = (flat(before), flat(after));
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let one = |path: &String| {
        let (from, to) = (before.get(path), after.get(path));
        let of = |value: Option<&String>| value.cloned().unwrap_or_default();
        (from != to).then(|| Changed { field: html! { (pick(visit, &label::path(path))) }, from: of(from), to: of(to) })
    };
    paths.into_iter().filter_map(one).take(MOST).collect()
}

/// The members that a reader sees, each scalar under its path.
fn flat(members: &Object) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let shown = ["title", "region", "lot", "parties", "data", "attachments", "related"];
    for (name, value) in members.iter().filter(|(name, _)| shown.contains(name)) {
        walk(&mut found, name.to_owned(), value);
    }
    found
}

fn walk(found: &mut BTreeMap<String, String>, path: String, value: &Value) {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| !matches!(*name, "_sd" | "changed"))
            .for_each(|(name, value)| walk(found, format!("{path}.{name}"), value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(found, format!("{path}[{at}]"), item));
        }
        Value::String(text) => drop(found.insert(path, text.clone())),
        Value::Number(n) => drop(found.insert(path, n.to_string())),
        Value::Bool(is) => drop(found.insert(path, is.to_string())),
        Value::Null => {}
    }
}

/// Fields before and after, side by side, with what differs marked.
pub(super) fn table(visit: &Visit, changes: &[Changed]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(visit.say("变更对照", "What changed")) {
            table.changes {
                (columns(visit, &[("项目", "Field"), ("变更前", "Before"), ("变更后", "After")]))
                tbody { @for one in changes { (row(one)) } }
            }
        }
    }
}

fn row(one: &Changed) -> Markup {
    let (from, to) = (visible(&one.from), visible(&one.to));
    let small = from.len() + to.len() <= BY_CHARACTER;
    html! {
        tr {
            th scope="row" { (one.field) }
            @if small {
                @let diff = TextDiff::configure().timeout(PATIENCE).diff_chars(from.as_str(), to.as_str());
                td { bdi { @for change in diff.iter_all_changes() { @match change.tag() { ChangeTag::Equal => (change.value()), ChangeTag::Delete => del { (change.value()) }, ChangeTag::Insert => {} } } } }
                td { bdi { @for change in diff.iter_all_changes() { @match change.tag() { ChangeTag::Equal => (change.value()), ChangeTag::Insert => ins { (change.value()) }, ChangeTag::Delete => {} } } } }
            } @else {
                td { bdi { del { (from) } } }
                td { bdi { ins { (to) } } }
            }
        }
    }
}

/// Two texts, line by line: what left, what came, and a line around it.
pub(super) fn texts(visit: &Visit, before: &str, after: &str) -> Markup {
    if before == after || before.len() + after.len() > COMPARED {
        return html! {};
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    html! {
        div.scroll.texts tabindex="0" role="group" aria-label=(visit.say("正文对照", "The text, before and after")) {
            @for group in diff.grouped_ops(AROUND).iter().take(MOST) {
                @for op in group {
                    @for change in diff.iter_changes(op) {
                        @let line = visible(change.value().trim_end_matches(['\r', '\n']));
                        @match change.tag() {
                            ChangeTag::Equal => p dir="auto" { (line) },
                            ChangeTag::Delete => p dir="auto" { del { (line) } },
                            ChangeTag::Insert => p dir="auto" { ins { (line) } },
                        }
                    }
                }
                hr;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use verifier::record::json::parse_object;

    use super::*;

    #[test]
    fn members_are_compared_one_by_one_and_digests_are_none() {
        let before = parse_object(
            r#"{"title":"甲","data":{"_sd":["x"],"budget":{"amount":"1.00"},"bids":[{"name":"a"}]},"iat":1}"#,
        );
        let flat = flat(&before.unwrap());
        let names: Vec<&str> = flat.keys().map(String::as_str).collect();
        assert_eq!(names, ["data.bids[0].name", "data.budget.amount", "title"]);
    }

    #[test]
    fn what_differs_is_marked_and_nothing_is_markup() {
        let one =
            Changed { field: html! {}, from: "路灯杆182基<b>".to_owned(), to: "路灯杆206基<b>".to_owned() };
        let row = row(&one).into_string();
        assert!(row.contains("路灯杆<del>18</del>2") || row.contains("<del>"), "{row}");
        assert!(row.contains("&lt;b&gt;") && !row.contains("<b>"), "{row}");
    }
}
