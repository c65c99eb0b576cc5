//! Disclosures (披露项): values that stand beside a statement, so that they can be sealed, erased or simply be long.
//!
//! A disclosure is the b64url of the JSON array `[salt, name, value]`; its digest, the b64url SHA-256 of that text, stands
//! in the `_sd` of the object it belongs to (RFC 9901 §4.2). Only object members are disclosable here: no `...`, no
//! decoys, nothing nested. [`check_notice`] and [`check_reveal`] hold what is shown against what is owed.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::json::{self, JsonError, MemberError, Value, type_error};
use super::notice::{Digest, Notice, SealableField, Step, check_decimals};
use crate::log::base64;
use crate::log::hash::{Hash, sha256};

/// The longest disclosure, in bytes of its b64url form.
pub const MAX_DISCLOSURE: usize = 1 << 20;
/// The most disclosures beside one statement.
pub const MAX_DISCLOSURES: usize = 256;
/// The longest that the disclosures of one statement may be together, in bytes.
pub const MAX_DISCLOSURES_TOGETHER: usize = 8 << 20;

/// A disclosure, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// SHA-256 of the b64url text.
    pub digest: Hash,
    /// The last member of the path it belongs to.
    pub name: String,
    /// The value disclosed.
    pub value: Value,
}

/// Why a disclosure is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// One is longer than 1 MiB, there are more than 256, or together they are longer than 8 MiB.
    #[error("too much is disclosed: at most 256 disclosures of at most 1 MiB, together at most 8 MiB")]
    TooLarge,
    /// Not canonical base64url, or not UTF-8.
    #[error("a disclosure is not canonical base64url of UTF-8 text")]
    Encoding,
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Not `[salt, name, value]` with a salt of at least 16 bytes.
    #[error("a disclosure must be [salt, name, value] with a base64url salt of at least 16 bytes")]
    Shape,
    /// `_sd` or `...` inside a disclosed value.
    #[error("the disclosed value of `{name}` holds `_sd` or `...`, which disclosures must not")]
    Nested {
        /// The disclosed member.
        name: String,
    },
    /// A disclosure that no digest of the statement asks for.
    #[error("disclosure `{name}` ({digest}) belongs to no digest of its statement")]
    Unasked {
        /// Its digest.
        digest: Hash,
        /// The member it discloses.
        name: String,
    },
    /// The same digest is disclosed twice.
    #[error("disclosure {digest} is shown twice")]
    Twice {
        /// The digest.
        digest: Hash,
    },
    /// The member may not be disclosed at that place.
    #[error("`{name}` is not disclosable at {place}")]
    Place {
        /// The member.
        name: String,
        /// Where its digest stands.
        place: String,
    },
    /// The object already has a member of that name.
    #[error("`{name}` at {place} is both disclosed and present")]
    Present {
        /// The member.
        name: String,
        /// Where its digest stands.
        place: String,
    },
    /// A sealed value is shown beside its notice; only its reveal may show it.
    #[error("the sealed `{field}` is shown beside its notice, before any reveal")]
    SealedShown {
        /// The sealed field.
        field: String,
    },
    /// A reveal shows a field that nobody can have sealed.
    #[error("the reveal shows `{name}`; only data.reserve_price and data.experts can be sealed")]
    NeverSealed {
        /// The member disclosed.
        name: String,
    },
    /// A disclosed value is not what its member must be.
    #[error("the disclosed value: {0}")]
    Value(#[from] MemberError),
    /// A reveal shows another field than the one sealed.
    #[error("the reveal shows `{found}` where `{expected}` was sealed")]
    OtherField {
        /// The field announced when sealing.
        expected: String,
        /// The member disclosed.
        found: String,
    },
}

impl Disclosure {
    /// Opens one disclosure.
    ///
    /// # Errors
    /// Too long, not canonical, or not `[salt, name, value]`.
    pub fn parse(text: &str) -> Result<Self, DisclosureError> {
        if text.len() > MAX_DISCLOSURE {
            return Err(DisclosureError::TooLarge);
        }
        let bytes = base64::decode_url(text).map_err(|_| DisclosureError::Encoding)?;
        let opened = core::str::from_utf8(&bytes).map_err(|_| DisclosureError::Encoding)?;
        let Value::Array(mut items) = json::parse(opened)? else { return Err(DisclosureError::Shape) };
        let (Some(value), Some(Value::String(name)), Some(Value::String(salt)), None) =
            (items.pop(), items.pop(), items.pop(), items.pop())
        else {
            return Err(DisclosureError::Shape);
        };
        if base64::decode_url(&salt).map_or(0, |salt| salt.len()) < 16 {
            return Err(DisclosureError::Shape);
        }
        if name == "_sd" || name == "..." || holds_digests(&value) {
            return Err(DisclosureError::Nested { name });
        }
        Ok(Self { digest: sha256(text.as_bytes()), name, value })
    }
}

/// Opens every disclosure of one statement.
///
/// # Errors
/// The first that is malformed or shown twice; too many or too long.
pub fn parse_all<S: AsRef<str>>(texts: &[S]) -> Result<BTreeMap<Hash, Disclosure>, DisclosureError> {
    let together: usize = texts.iter().map(|text| text.as_ref().len()).sum();
    if texts.len() > MAX_DISCLOSURES || together > MAX_DISCLOSURES_TOGETHER {
        return Err(DisclosureError::TooLarge);
    }
    let mut opened = BTreeMap::new();
    for text in texts {
        let disclosure = Disclosure::parse(text.as_ref())?;
        let digest = disclosure.digest;
        if opened.insert(digest, disclosure).is_some() {
            return Err(DisclosureError::Twice { digest });
        }
    }
    Ok(opened)
}

/// What stands beside a statement: the values shown, and the digests that owe one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The disclosures shown, by digest.
    pub values: BTreeMap<Hash, Disclosure>,
    /// Digests neither shown nor sealed: each must be covered by an erasure.
    pub missing: Vec<Hash>,
}

/// Holds the disclosures beside a notice against its digests: each belongs to one, at a place where its name is
/// disclosable, and none is sealed.
///
/// # Errors
/// The first disclosure that does not belong.
pub fn check_notice<S: AsRef<str>>(notice: &Notice, texts: &[S]) -> Result<Shown, DisclosureError> {
    let mut rest = parse_all(texts)?;
    let mut shown = Shown::default();
    let mut names = Vec::new();
    for digest in &notice.digests {
        let sealed = notice.sealed.iter().find(|sealed| sealed.digest == digest.hash);
        match (rest.remove(&digest.hash), sealed) {
            (Some(_), Some(sealed)) => {
                return Err(DisclosureError::SealedShown { field: sealed.field.code().to_owned() });
            }
            (Some(disclosure), None) => {
                notice.check_place(digest, &disclosure.name)?;
                check_value(&disclosure)?;
                once(&mut names, digest, &disclosure.name)?;
                shown.values.insert(digest.hash, disclosure);
            }
            // What is sealed will be a member of that name, so nothing else may be.
            (None, Some(sealed)) => once(&mut names, digest, sealed.field.member())?,
            (None, None) => shown.missing.push(digest.hash),
        }
    }
    no_rest(rest)?;
    Ok(shown)
}

/// One object discloses one member of a name.
fn once<'n>(names: &mut Vec<(&'n [Step], String)>, digest: &'n Digest, name: &str) -> Result<(), DisclosureError> {
    let name = (digest.holder.as_slice(), name.to_owned());
    if names.contains(&name) {
        return Err(DisclosureError::Present { name: name.1, place: digest.place() });
    }
    names.push(name);
    Ok(())
}

/// Text and contacts are strings, and money is no number, beside the statement as within it.
fn check_value(disclosure: &Disclosure) -> Result<(), MemberError> {
    let Disclosure { name, value, .. } = disclosure;
    match name.as_str() {
        "text" | "contact" if value.as_str().is_none() => Err(type_error(name, "a string")),
        _ => check_decimals(name, value),
    }
}

/// Holds the disclosures beside a reveal against the digests it reveals and the fields under which they were sealed.
///
/// # Errors
/// A disclosure of no digest of the reveal, or of another field than the one sealed.
pub fn check_reveal<S: AsRef<str>>(target: &Notice, digests: &[Hash], texts: &[S]) -> Result<Shown, DisclosureError> {
    let shown = check_reveal_alone(digests, texts)?;
    for (digest, disclosure) in &shown.values {
        if let Some(sealed) = target.sealed.iter().find(|sealed| sealed.digest == *digest)
            && disclosure.name != sealed.field.member()
        {
            let expected = sealed.field.code().to_owned();
            return Err(DisclosureError::OtherField { expected, found: disclosure.name.clone() });
        }
        if let Some(place) = target.digests.iter().find(|d| d.hash == *digest) {
            target.check_place(place, &disclosure.name)?;
        }
    }
    Ok(shown)
}

/// As [`check_reveal`], for whoever has not the target: every disclosure is of a digest revealed and of a field that can be
/// sealed.
///
/// # Errors
/// A disclosure of no digest of the reveal, or of a field that nobody can have sealed.
pub fn check_reveal_alone<S: AsRef<str>>(digests: &[Hash], texts: &[S]) -> Result<Shown, DisclosureError> {
    let mut rest = parse_all(texts)?;
    let mut shown = Shown::default();
    for digest in digests {
        let Some(disclosure) = rest.remove(digest) else {
            shown.missing.push(*digest);
            continue;
        };
        if !SealableField::ALL.iter().any(|field| field.member() == disclosure.name) {
            return Err(DisclosureError::NeverSealed { name: disclosure.name });
        }
        check_value(&disclosure)?;
        shown.values.insert(*digest, disclosure);
    }
    no_rest(rest)?;
    Ok(shown)
}

/// Refuses any disclosure that is left over.
///
/// # Errors
/// [`DisclosureError::Unasked`].
pub fn no_rest(rest: BTreeMap<Hash, Disclosure>) -> Result<(), DisclosureError> {
    match rest.into_iter().next() {
        Some((digest, disclosure)) => Err(DisclosureError::Unasked { digest, name: disclosure.name }),
        None => Ok(()),
    }
}

/// Whether `_sd` or `...` stands anywhere in the value. Depth is bounded by the reader.
fn holds_digests(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_digests),
        Value::Object(object) => {
            object.iter().any(|(name, value)| name == "_sd" || name == "..." || holds_digests(value))
        }
        _ => false,
    }
}
