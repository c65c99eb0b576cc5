//! Checks a JSON value against the part of JSON Schema 2020-12 that the shipped schemas use. An unknown keyword is an error,
//! so that no rule of a schema goes unchecked.
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use regex_lite::Regex;
use serde_json::Value;

/// Panics at the first rule that the value breaks.
pub(crate) fn check(schema: &Value, value: &Value) {
    if let Err(problem) = fits(schema, value) {
        panic!("{problem}: {value}");
    }
}

/// The first rule that the value breaks.
pub(crate) fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    matches(schema, schema, value, "$")
}

fn matches(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let fail = |what: &str| Err(format!("{path}: {what}"));
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        match keyword.as_str() {
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").expect("a definition of this file");
                matches(root, &root["$defs"][name], value, path)?;
            }
            "const" if rule != value => return fail("another constant"),
            "enum" if !rule.as_array().unwrap().contains(value) => return fail("not in the list"),
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !types.iter().any(|name| is_type(name.as_str().unwrap(), value)) {
                    return fail("another type");
                }
            }
            "minimum" if value.as_i64().is_some_and(|n| n < rule.as_i64().unwrap()) => return fail("too small"),
            "const" | "enum" | "minimum" | "$schema" | "$id" | "title" | "description" | "$defs" | "then" => {}
            "maximum" if value.as_i64().is_some_and(|n| n > rule.as_i64().unwrap()) => return fail("too great"),
            "minLength" if value.as_str().is_some_and(|text| text.chars().count() < size(rule)) => {
                return fail("too short");
            }
            "maxLength" if value.as_str().is_some_and(|text| text.chars().count() > size(rule)) => {
                return fail("too long");
            }
            "minItems" if value.as_array().is_some_and(|items| items.len() < size(rule)) => return fail("too few"),
            "maxItems" if value.as_array().is_some_and(|items| items.len() > size(rule)) => return fail("too many"),
            "minProperties" if value.as_object().is_some_and(|members| members.len() < size(rule)) => {
                return fail("too few");
            }
            "maximum" | "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" => {}
            "uniqueItems" => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if items.iter().enumerate().any(|(at, item)| items[..at].contains(item)) {
                    return fail("an element twice");
                }
            }
            "pattern" => {
                // A pattern is about strings only.
                if value.as_str().is_some_and(|text| !fits_pattern(rule.as_str().unwrap(), text)) {
                    return fail("does not fit the pattern");
                }
            }
            "oneOf" => {
                let fitting = rule.as_array().unwrap().iter().filter(|rule| matches(root, rule, value, path).is_ok());
                if fitting.count() != 1 {
                    return fail("none of the alternatives, or several");
                }
            }
            "anyOf" => {
                let any = rule.as_array().unwrap().iter().any(|rule| matches(root, rule, value, path).is_ok());
                if !any {
                    return fail("none of the alternatives");
                }
            }
            "if" => {
                if matches(root, rule, value, path).is_ok() {
                    matches(root, &schema["then"], value, path)?;
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return fail(&format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        matches(root, rule, value, &format!("{path}.{name}"))?;
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (name, value) in value.as_object().into_iter().flatten() {
                    if known.is_some_and(|known| known.contains_key(name)) {
                        continue;
                    }
                    if *rule == Value::Bool(false) {
                        return fail(&format!("unknown member {name}"));
                    }
                    matches(root, rule, value, &format!("{path}.{name}"))?;
                }
            }
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    matches(root, rule, item, &format!("{path}[{at}]"))?;
                }
            }
            other => panic!("the schema uses {other}, which this check does not know"),
        }
    }
    Ok(())
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

/// Whether a text fits a pattern; each is compiled once.
fn fits_pattern(pattern: &str, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap();
    compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
}

fn size(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().unwrap()).unwrap()
}
