//! Checks a JSON value against the part of JSON Schema 2020-12 that the shipped schemas use. An unknown keyword is an error,
//! so that no rule of a schema goes unchecked.
#![allow(dead_code, reason = "each test file uses a part")]

use serde_json::Value;

/// Panics at the first rule that the value breaks.
pub(crate) fn check(schema: &Value, value: &Value) {
    if let Err(problem) = matches(schema, schema, value, "$") {
        panic!("{problem}: {value}");
    }
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
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                if !fits(rule.as_str().unwrap(), text) {
                    return fail("does not fit the pattern");
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

/// The three patterns that the schemas use.
fn fits(pattern: &str, text: &str) -> bool {
    let url = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    match pattern {
        "^[a-z0-9-]+$" => {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        }
        "^[A-Za-z0-9+/]{43}=$" => verifier::log::hash::Hash::parse(text).is_ok(),
        "^[A-Za-z0-9_-]{43}$" => text.len() == 43 && text.bytes().all(url),
        other => panic!("unknown pattern {other}"),
    }
}
