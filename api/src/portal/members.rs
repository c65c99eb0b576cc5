//! The members of a notice, named in both languages: money, times and periods as people write them, lists of objects as tables.

use maud::{Markup, html};
use verifier::explain::label;
use verifier::explain::visible::visible;
use verifier::lifecycle::rulebook::Text;
use verifier::record::instant::Instant;
use verifier::record::json::{Object, Value};
use verifier::record::notice::is_decimal;

use super::Visit;
use super::text::{grouped, pick, said, said_lines, time};

/// Rows of a list that are shown, and columns; the receipt has all.
const MOST_ROWS: usize = 3_000;
const MOST_COLUMNS: usize = 24;
/// Members whose values are words of the vocabulary.
const CODED: [&str; 7] = ["method", "category", "asset_kind", "event", "item", "reason_kind", "role"];
/// Members that go before others, whatever order they were signed in.
const FIRST: [&str; 13] =
    ["category", "method", "rank", "number", "field", "from", "to", "name", "role", "id", "price", "value", "amount"];
/// Names of members that rules do not speak of.
const NAMES: [(&str, &str, &str); 5] = [
    ("role", "角色", "role"),
    ("platform", "平台", "platform"),
    ("url", "网址", "address"),
    ("language", "语言", "language"),
    ("source", "来源", "source"),
];

/// The name of a member in the reader's language, and beside it in the other one.
pub(super) fn label(visit: &Visit, name: &str) -> Markup {
    let Text { zh, en } = name_of(name);
    let (own, other, language) = (visit.say(&zh, &en), visit.say(&en, &zh), visit.say("en", "zh-CN"));
    html! { (visible(own)) @if own != other { " " span.other lang=(language) { (visible(other)) } } }
}

fn name_of(name: &str) -> Text {
    let own = NAMES.iter().find(|(known, ..)| *known == name);
    own.map_or_else(|| label::member(name), |(_, zh, en)| Text { zh: (*zh).to_owned(), en: (*en).to_owned() })
}

/// The members of an object as a reader looks for them: what it is, what it says in a line, then lists.
fn ordered(object: &Object) -> Vec<(&str, &Value)> {
    let mut members: Vec<_> = object.iter().filter(|(name, _)| *name != "_sd").collect();
    members.sort_by_key(|(name, value)| (matches!(value, Value::Array(_)), place_of(name)));
    members
}

fn place_of(name: &str) -> usize {
    FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len())
}

/// The members of an object, one below the other.
pub(super) fn facts(visit: &Visit, object: &Object) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in ordered(object) {
                dt { (label(visit, name)) }
                dd { (show(visit, name, value)) }
            }
        }
    }
}

/// A value.
pub(super) fn show(visit: &Visit, name: &str, value: &Value) -> Markup {
    match value {
        Value::Null => html! { "—" },
        Value::Bool(is) => html! { (pick(visit, &label::member(if *is { "true" } else { "false" }))) },
        Value::Number(n) => html! { span.number { (n) } },
        Value::String(text) => string(visit, name, text),
        Value::Array(items) => list(visit, name, items),
        Value::Object(object) => object_value(visit, object),
    }
}

fn string(visit: &Visit, name: &str, text: &str) -> Markup {
    if CODED.contains(&name) {
        let Text { zh, en } = word(text);
        return html! { (said(visit.say(&zh, &en))) };
    }
    match Instant::parse(text) {
        Some(Instant::At(at)) => time(at.as_second()),
        Some(Instant::On(day)) => html! { time datetime=(day.to_string()) { (day.to_string()) } },
        None if text.contains('\n') => said_lines(text),
        None => said(text),
    }
}

/// A word of the vocabulary; one that is not known keeps its spelling.
pub(super) fn word(code: &str) -> Text {
    let known = WORDS.iter().find(|(known, ..)| *known == code);
    known.map_or_else(|| label::member(code), |(_, zh, en)| Text { zh: (*zh).to_owned(), en: (*en).to_owned() })
}

#[rustfmt::skip]
const WORDS: &[(&str, &str, &str)] = &[
    ("open", "公开招标", "open tender"), ("invited", "邀请招标", "invited tender"), ("negotiation", "谈判", "negotiation"),
    ("consultation", "磋商", "consultation"), ("inquiry", "询价", "inquiry"), ("single-source", "单一来源", "single source"),
    ("listing", "挂牌", "listing"), ("auction", "拍卖", "auction"), ("tender", "招标", "tender"), ("agreement", "协议", "agreement"),
    ("allocation", "划拨", "allocation"), ("housing", "房屋建筑", "housing"), ("municipal", "市政", "municipal"), ("highway", "公路", "highway"),
    ("railway", "铁路", "railway"), ("water", "水利", "water"), ("energy", "能源", "energy"), ("goods", "货物", "goods"), ("works", "工程", "works"),
    ("services", "服务", "services"), ("equity", "股权", "equity"), ("asset", "资产", "asset"), ("capital-increase", "增资", "capital increase"),
    ("lease", "租赁", "lease"), ("too-few-bidders", "投标人不足", "too few bidders"), ("no-valid-bid", "无有效投标", "no valid bid"),
    ("cancelled", "取消", "cancelled"), ("suspended", "中止", "suspended"), ("other", "其他", "other"), ("filing", "备案", "filing"),
    ("ratification", "核准", "ratification"), ("agent", "代理机构", "agent"),
];

/// Money, a period, or any object.
fn object_value(visit: &Visit, object: &Object) -> Markup {
    let text = |name: &str| object.member(name).and_then(Value::as_str);
    let names: Vec<&str> = object.iter().map(|(name, _)| name).collect();
    if let (Some(amount), ["amount"] | ["amount", "currency"] | ["currency", "amount"]) = (text("amount"), &names[..]) {
        return html! { span.number { (said(&thousands(amount))) } " " (said(text("currency").unwrap_or_default())) };
    }
    if !names.is_empty() && names.iter().all(|name| matches!(*name, "from" | "until")) {
        let end = |name: &str| html! { @match object.member(name) { Some(value) => (show(visit, name, value)), None => "…" } };
        return html! { (end("from")) " → " (end("until")) };
    }
    html! {
        ul.plain.inner {
            @for (name, value) in ordered(object) {
                li { span.other { (visible(pick(visit, &name_of(name)))) } " " (show(visit, name, value)) }
            }
        }
    }
}

/// A decimal number with its thousands apart; anything else as it is.
fn thousands(amount: &str) -> String {
    if !is_decimal(amount) {
        return amount.to_owned();
    }
    let (whole, fraction) = amount.split_once('.').map_or((amount, None), |(whole, fraction)| (whole, Some(fraction)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let whole = grouped(digits);
    fraction.map_or_else(|| format!("{sign}{whole}"), |fraction| format!("{sign}{whole}.{fraction}"))
}

/// Objects as a table, anything else as a list.
fn list(visit: &Visit, name: &str, items: &[Value]) -> Markup {
    let objects: Option<Vec<&Object>> = items.iter().map(Value::as_object).collect();
    match objects {
        Some(objects) if !objects.is_empty() => table(visit, name, &objects),
        _ if items.is_empty() => html! { "—" },
        _ => {
            html! { ul.plain { @for item in items.iter().take(MOST_ROWS) { li { (show(visit, name, item)) } } (rest(visit, items.len())) } }
        }
    }
}

/// That there are more than are shown.
fn rest(visit: &Visit, all: usize) -> Markup {
    html! { @if all > MOST_ROWS { li { (visit.say("其余见条目原文", "the rest stands in the entry")) " (" (all) ")" } } }
}

/// Objects, a row each, with the members that any of them has as columns.
fn table(visit: &Visit, name: &str, objects: &[&Object]) -> Markup {
    let mut columns: Vec<&str> = Vec::new();
    for (member, _) in objects.iter().flat_map(|object| object.iter()).filter(|(member, _)| *member != "_sd") {
        if !columns.contains(&member) && columns.len() < MOST_COLUMNS {
            columns.push(member);
        }
    }
    columns.sort_by_key(|column| place_of(column));
    let title = name_of(name);
    html! {
        div.scroll tabindex="0" role="group" aria-label=(visible(pick(visit, &title))) {
            table {
                thead { tr { th.number scope="col" { "#" } @for column in &columns { th scope="col" { (label(visit, column)) } } } }
                tbody {
                    @for (at, object) in objects.iter().take(MOST_ROWS).enumerate() {
                        tr { td.number { (at + 1) } @for column in &columns { td { @if let Some(value) = object.member(column) { (show(visit, column, value)) } } } }
                    }
                }
            }
        }
        @if objects.len() > MOST_ROWS { p.muted { (visit.say("其余见条目原文", "the rest stands in the entry")) " (" (objects.len()) ")" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_thousands_apart_and_other_texts_stay() {
        let shown = ["4860000.00", "-1234", "999", "面议", "1e6"].map(thousands);
        assert_eq!(shown, ["4,860,000.00", "-1,234", "999", "面议", "1e6"]);
    }
}
