//! Rules are data: rulebooks fit their schema, the reader refuses what does not, and no law stands in the program.
#![allow(missing_docs, clippy::unwrap_used)]

mod schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use verifier::lifecycle::rulebook::Rulebook;
use verifier::lifecycle::shipped::{CALENDARS, RULEBOOKS};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(here(path)).unwrap()).unwrap()
}

/// What ships, and another jurisdiction's.
fn rulebooks() -> Vec<Value> {
    let mut all: Vec<Value> = RULEBOOKS.iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    all.push(read("../tests/rulebooks/eu.json"));
    all
}

#[test]
fn rulebooks_and_calendars_fit_their_schemas() {
    for rulebook in rulebooks() {
        schema::check(&read("schema/rulebook.schema.json"), &rulebook);
        Rulebook::parse(&rulebook.to_string()).unwrap();
    }
    for (_, calendar) in CALENDARS {
        schema::check(&read("schema/calendar.schema.json"), &serde_json::from_str(calendar).unwrap());
    }
}

/// Every way to a value of a rulebook, as JSON pointers.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            (0..).zip(items).for_each(|(n, value): (usize, _)| pointers(value, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let schema = read("schema/rulebook.schema.json");
    for rulebook in rulebooks() {
        // A rule of each form is enough: the first that has its set of members.
        let (mut forms, mut looser) = (BTreeSet::new(), Vec::new());
        for rule in rulebook["rules"].as_array().unwrap() {
            let mut ways = Vec::new();
            pointers(rule, "", &mut ways);
            let form: BTreeSet<String> =
                ways.iter().map(|way| way.chars().filter(|c| !c.is_ascii_digit()).collect()).collect();
            if !forms.insert(form) {
                continue;
            }
            for way in ways.iter().filter(|way| !way.is_empty()) {
                for other in [json!(null), json!(-1), json!("?"), json!(""), json!([]), json!({}), json!({ "x": 1 })] {
                    let mut broken = rule.clone();
                    *broken.pointer_mut(way).unwrap() = other.clone();
                    let mut whole = rulebook.clone();
                    whole["rules"] = json!([broken]);
                    let by_schema = schema::fits(&schema, &whole);
                    let by_reader = Rulebook::parse(&whole.to_string());
                    if let (Err(problem), Ok(_)) = (by_schema, by_reader) {
                        looser.push(format!("{way} = {other} in {}: {problem}", rule["id"]));
                    }
                }
            }
        }
        assert!(looser.is_empty(), "the reader takes {}:\n{}", looser.len(), looser.join("\n"));
    }
}

#[test]
fn what_the_reader_refuses_by_form_the_schema_refuses() {
    let schema = read("schema/rulebook.schema.json");
    let rule = json!({ "id": "x.y", "sector": "land", "title": { "zh": "甲", "en": "a" }, "basis": { "law": "法", "article": "1" },
        "status": "L", "check": { "type": "interval", "from": "announcement.listing.from", "to": "announcement.listing.until",
        "min": 10, "unit": "calendar", "count": "inclusive" } });
    let whole = |rule: Value| {
        json!({ "format": "mingzhang-rulebook/v1", "jurisdiction": "xx", "version": "1",
        "effective_from": "2000-01-01", "rules": [rule] })
    };
    schema::check(&schema, &whole(rule.clone()));
    for (way, other) in [
        ("/id", json!("X Y")),
        ("/sector", json!("sea")),
        ("/sector", json!(["land", "all"])),
        ("/title", json!("甲")),
        ("/title/en", json!("")),
        ("/basis", json!([])),
        ("/basis/article", json!(1)),
        ("/status", json!("X")),
        ("/check/type", json!("guess")),
        ("/check/from", json!("anouncement.listing.from")),
        ("/check/from", json!("announcement")),
        ("/check/from", json!([])),
        ("/check/min", json!(-1)),
        ("/check/min", json!("10")),
        ("/check/min", json!({ "count": 10, "unit": "day" })),
        ("/check/unit", json!("day")),
        ("/check/count", json!("both")),
        ("/check", json!({ "type": "interval", "from": "plan.public", "to": "award.public" })),
        ("/check", json!({ "type": "all", "checks": [] })),
        (
            "/check",
            json!({ "type": "restart", "each": "change", "change": "change", "deadline": "plan.public", "moved": "x", "min": 1 }),
        ),
    ] {
        let mut broken = rule.clone();
        *broken.pointer_mut(way).unwrap() = other.clone();
        let broken = whole(broken);
        assert!(Rulebook::parse(&broken.to_string()).is_err(), "the reader takes {way} = {other}");
        assert!(schema::fits(&schema, &broken).is_err(), "the schema takes {way} = {other}");
    }
}

/// The program's own text, file by file.
fn sources() -> Vec<(PathBuf, String)> {
    let (mut folders, mut found) = (vec![here("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push((path.clone(), fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(found.len() > 50);
    found
}

/// A law's names: as the rulebook writes it, without what stands in brackets, without the state.
fn names(law: &Value) -> Vec<String> {
    let texts: Vec<&str> = match law {
        Value::String(name) => vec![name],
        both => ["zh", "en"].iter().map(|language| both[language].as_str().unwrap()).collect(),
    };
    texts
        .into_iter()
        .flat_map(|name| {
            let short = name.split(['（', '(']).next().unwrap().trim();
            [name, short, short.trim_start_matches("中华人民共和国")].map(str::to_owned)
        })
        .collect()
}

#[test]
fn no_rule_and_no_law_stands_in_the_program() {
    let mut laws = BTreeSet::new();
    let mut families = BTreeSet::new();
    for rulebook in rulebooks() {
        for rule in rulebook["rules"].as_array().unwrap() {
            families.insert(rule["id"].as_str().unwrap().split('.').next().unwrap().to_owned());
            let basis = &rule["basis"];
            let all = basis.as_array().cloned().unwrap_or_else(|| vec![basis.clone()]);
            laws.extend(all.iter().flat_map(|one| names(&one["law"])));
        }
    }
    assert!(laws.len() > 40 && families.contains("con"), "{laws:?} {families:?}");
    // A rule's id, and how Chinese names a law and its articles.
    let ids = families.iter().map(|family| format!(r"\b{family}\.[a-z]")).collect::<Vec<_>>().join("|");
    let (ids, law) =
        (regex_lite::Regex::new(&ids).unwrap(), regex_lite::Regex::new("条例|《|法第|号令|国办发").unwrap());
    for (path, text) in sources() {
        let named = laws.iter().find(|name| text.contains(name.as_str()));
        assert_eq!(named, None, "a law in {}", path.display());
        for pattern in [&ids, &law] {
            assert_eq!(pattern.find(&text).map(|found| found.as_str()), None, "in {}", path.display());
        }
    }
}
