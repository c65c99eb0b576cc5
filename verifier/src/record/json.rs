//! Strict JSON: the only JSON this project reads from outside.
//!
//! UTF-8; no duplicate member; no lone surrogate; numbers are integers within ±2^53 without sign-zero, fraction or
//! exponent; depth at most 32, a scalar being 0. The tokenizer is `serde_json`; what it is lenient about is refused here.
//! A value is read, never written back: what was signed is kept as the bytes it arrived in.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The greatest magnitude of a number: 2^53.
pub const MAX_NUMBER: i64 = 1 << 53;
/// The greatest nesting depth; a scalar has depth 0.
pub const MAX_DEPTH: usize = 32;

/// A JSON value as the strict reader gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer within ±2^53.
    Number(i64),
    /// A string without lone surrogates.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, its members in the order they arrived in, none twice.
    Object(Object),
}

/// The members of a JSON object, in the order they arrived in, none twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Value)>);

/// Why a text is not strict JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not strict JSON: {reason} (expected UTF-8 JSON with integers only, no duplicate member, depth ≤ 32)")]
pub struct JsonError {
    /// What the reader met, with line and column.
    pub reason: String,
}

/// Why a member is not what its place asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The member must be there and is not.
    #[error("member `{name}` is missing")]
    Missing {
        /// The member's name.
        name: String,
    },
    /// The member is of another type, or outside its range.
    #[error("member `{name}` must be {expected}")]
    Type {
        /// The member's name.
        name: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The member is not one this format knows.
    #[error("member `{name}` is not known here")]
    Unknown {
        /// The member's name.
        name: String,
    },
}

/// Reads one JSON text strictly.
///
/// # Errors
/// Whatever the module's first paragraph forbids, and bytes after the value.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let fail = |error: serde_json::Error| JsonError { reason: error.to_string() };
    let value = Seed { depth: 0 }.deserialize(&mut reader).map_err(fail)?;
    reader.end().map_err(fail)?;
    Ok(value)
}

/// Reads one JSON text that must be an object.
///
/// # Errors
/// As [`parse`], and any value that is not an object.
pub fn parse_object(text: &str) -> Result<Object, JsonError> {
    match parse(text)? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError { reason: "expected an object".to_owned() }),
    }
}

impl Value {
    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }
    /// The integer, if it is one.
    pub fn as_number(&self) -> Option<i64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }
    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(items) = self { Some(items) } else { None }
    }
    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Object> {
        if let Value::Object(object) = self { Some(object) } else { None }
    }
}

impl Object {
    /// The members in the order they arrived in.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
    /// The named member, if it is there. Linear in the number of members.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }
    /// The named member, to be changed in place.
    pub fn member_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(n, _)| n == name).map(|(_, value)| value)
    }
    /// Gives the named member a value, at the end if it was not there.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.member_mut(name) {
            Some(member) => *member = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
    /// Adds a member that is known not to be there yet.
    pub(crate) fn push_unique(&mut self, name: String, value: Value) {
        self.0.push((name, value));
    }
    /// Whether the named member is there.
    pub fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }
    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Refuses every member whose name is not listed.
    ///
    /// # Errors
    /// [`MemberError::Unknown`] names the first such member.
    pub fn only(&self, known: &[&str]) -> Result<(), MemberError> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(MemberError::Unknown { name: name.clone() }),
            None => Ok(()),
        }
    }
    /// The named member, which must be there.
    ///
    /// # Errors
    /// [`MemberError::Missing`].
    pub fn required(&self, name: &str) -> Result<&Value, MemberError> {
        self.member(name).ok_or_else(|| MemberError::Missing { name: name.to_owned() })
    }
    /// The named member, which must be a string.
    ///
    /// # Errors
    /// Missing, or not a string.
    pub fn string(&self, name: &str) -> Result<&str, MemberError> {
        self.required(name)?.as_str().ok_or_else(|| type_error(name, "a string"))
    }
    /// The named member, a string if it is there at all.
    ///
    /// # Errors
    /// Present and not a string.
    pub fn optional_string(&self, name: &str) -> Result<Option<&str>, MemberError> {
        match self.member(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| type_error(name, "a string")),
        }
    }
    /// The named member, which must be an integer ≥ 0.
    ///
    /// # Errors
    /// Missing, not an integer, or negative.
    pub fn count(&self, name: &str) -> Result<u64, MemberError> {
        let number = self.required(name)?.as_number().and_then(|n| u64::try_from(n).ok());
        number.ok_or_else(|| type_error(name, "an integer from 0 to 2^53"))
    }
    /// The named member, which must be an array.
    ///
    /// # Errors
    /// Missing, or not an array.
    pub fn array(&self, name: &str) -> Result<&[Value], MemberError> {
        self.required(name)?.as_array().ok_or_else(|| type_error(name, "an array"))
    }
    /// The named member, which must be an array of strings.
    ///
    /// # Errors
    /// Missing, not an array, or an element that is not a string.
    pub fn strings(&self, name: &str) -> Result<Vec<&str>, MemberError> {
        let items = self.array(name)?.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        items.ok_or_else(|| type_error(name, "an array of strings"))
    }
    /// The named member, which must be an object.
    ///
    /// # Errors
    /// Missing, or not an object.
    pub fn object(&self, name: &str) -> Result<&Object, MemberError> {
        self.required(name)?.as_object().ok_or_else(|| type_error(name, "an object"))
    }
}

/// A [`MemberError::Type`] for the named member.
pub fn type_error(name: &str, expected: &'static str) -> MemberError {
    MemberError::Type { name: name.to_owned(), expected }
}

#[derive(Clone, Copy)]
struct Seed {
    depth: usize,
}

impl Seed {
    fn deeper<E: serde::de::Error>(self) -> Result<Seed, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested deeper than 32"));
        }
        Ok(Seed { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strict JSON")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if !(-MAX_NUMBER..=MAX_NUMBER).contains(&value) {
            return Err(E::custom("a number beyond ±2^53"));
        }
        Ok(Value::Number(value))
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map_or_else(|_| Err(E::custom("a number beyond ±2^53")), |v| self.visit_i64(v))
    }
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number that is not a plain integer"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(deeper)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut members: Vec<(String, Value)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(deeper)?;
            members.push((name, value));
        }
        match first_duplicate(&members) {
            Some(name) => Err(A::Error::custom(alloc::format!("duplicate member `{name}`"))),
            None => Ok(Value::Object(Object(members))),
        }
    }
}

/// Small objects are compared pair by pair; large ones are sorted, so that no input costs quadratic time.
fn first_duplicate(members: &[(String, Value)]) -> Option<&str> {
    if members.len() <= 16 {
        let seen_before = |i: usize| members[..i].iter().any(|(name, _)| *name == members[i].0);
        return (1..members.len()).find(|&i| seen_before(i)).map(|i| members[i].0.as_str());
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn refuses_what_json_readers_are_lenient_about() {
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(&deep(32)).is_ok());
        for text in [
            "1.0",
            "1e2",
            "-0",
            "9007199254740993",
            "-9007199254740993",
            "{\"a\":1,\"a\":2}",
            "\"\\ud800\"",
            "[1,]",
            "",
            "1 2",
            "\u{feff}1",
            "NaN",
            "01",
            "{\"a\":1,\"\\u0061\":2}",
            &deep(33),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("9007199254740992"), Ok(Value::Number(MAX_NUMBER)));
    }

    #[test]
    fn a_large_object_with_a_duplicate_is_refused() {
        let mut members: Vec<String> = (0..100).map(|i| format!("\"m{i}\":{i}")).collect();
        assert!(parse(&format!("{{{}}}", members.join(","))).is_ok());
        members.push("\"m7\":0".to_owned());
        assert!(parse(&format!("{{{}}}", members.join(","))).is_err());
    }
}
