//! A notice (公告): the claims a publisher makes about one stage of one project.
//!
//! A reader is strict about the envelope (an unknown member is refused) and tolerant inside `data`, so that the
//! vocabulary of stages can grow; what may be disclosable, sealed or plain is fixed.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::code::{Sector, Stage, is_region};
use super::disclosure::DisclosureError;
use super::instant::{Instant, parse_date};
use super::json::{MemberError, Object, Value, type_error};
use super::subject::{ProjectId, SubjectError};
use crate::log::base64;
use crate::log::hash::Hash;

/// Claims of a notice beside those of every statement.
pub const MEMBERS: &[&str] = &[
    "project",
    "lot",
    "sector",
    "stage",
    "title",
    "region",
    "language",
    "published_at",
    "amends",
    "parties",
    "data",
    "text",
    "attachments",
    "source",
    "related",
    "sealed",
    "_sd",
    "_sd_alg",
];

/// Members of `data` that may stand beside the JWT; `person` may anywhere under `data`.
pub const DISCLOSABLE_DATA: &[&str] = &["experts", "reserve_price", "bids", "parcels", "rejected", "person"];

/// Members of `data` that are measures wherever they stand: decimal strings.
const MEASURES: &[&str] = &["area", "percent"];

/// Members of `data` that are money wherever they stand: never a number, which would lose what it cannot represent.
const MONEY: &[&str] = &[
    "budget",
    "ceiling_price",
    "starting_price",
    "deposit",
    "floor_price",
    "appraisal",
    "reserve_price",
    "price",
    "unit_price",
    "value",
    "new_value",
    "final_value",
    "investment",
];

/// One step from the claims to the object that holds a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Member(String),
    /// An element of an array.
    Element(usize),
}

/// A digest in an `_sd`, and where that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The digest of a disclosure.
    pub hash: Hash,
    /// The way from the claims to the object that holds it; empty for the claims themselves.
    pub holder: Vec<Step>,
}

/// A member that may be sealed (密封) until later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealableField {
    /// `data.reserve_price` (底价)
    ReservePrice,
    /// `data.experts` (评审专家)
    Experts,
}

/// A value sealed until a stage or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The digest whose disclosure is withheld.
    pub digest: Hash,
    /// The field announced.
    pub field: SealableField,
    /// A stage's code or a date.
    pub until: String,
}

/// A notice's claims, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The project, normalised.
    pub project: ProjectId,
    /// The sector (类别).
    pub sector: Sector,
    /// The stage (环节).
    pub stage: Stage,
    /// The title (标题).
    pub title: String,
    /// Six digits of GB/T 2260, if given.
    pub region: Option<String>,
    /// Every digest, in the order of the claims.
    pub digests: Vec<Digest>,
    /// What is sealed.
    pub sealed: Vec<Sealed>,
    /// All claims as signed.
    pub claims: Object,
}

/// Why claims are no notice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// A member is missing, unknown or of another type.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// The project id is not valid or not normalised.
    #[error(transparent)]
    Project(#[from] SubjectError),
    /// A code that the vocabulary does not list.
    #[error("`{found}` is no {what}")]
    Code {
        /// `sector` or `stage`.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// A member that must always be a disclosure stands in the statement itself.
    #[error("`{path}` stands in the statement; it must be a disclosure, so that it can be erased")]
    NotDisclosable {
        /// Where.
        path: String,
    },
    /// `_sd` where there must be none, or a malformed one.
    #[error("`_sd` at {path}: {problem}")]
    Digests {
        /// Where.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A digest occurs twice.
    #[error("digest {digest} occurs twice")]
    DigestTwice {
        /// The digest.
        digest: Hash,
    },
    /// A `sealed` claim that does not hold.
    #[error("`sealed`: {problem}")]
    Sealed {
        /// What is wrong.
        problem: &'static str,
    },
    /// `_sd_alg` is not `sha-256`.
    #[error("`_sd_alg` must be absent or `sha-256`")]
    Algorithm,
    /// `sub` is not the subject of `project.id`.
    #[error("`sub` is `{found}`, expected `{expected}`")]
    Subject {
        /// The subject of `project.id`.
        expected: String,
        /// `sub`.
        found: String,
    },
}

impl SealableField {
    /// Every field that may be sealed.
    pub const ALL: [Self; 2] = [Self::ReservePrice, Self::Experts];
    /// The path as the `sealed` claim writes it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ReservePrice => "data.reserve_price",
            Self::Experts => "data.experts",
        }
    }
    /// The member's name in `data`.
    pub const fn member(self) -> &'static str {
        match self {
            Self::ReservePrice => "reserve_price",
            Self::Experts => "experts",
        }
    }
    /// Reads the path of a `sealed` claim.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.code() == code)
    }
}

impl Digest {
    /// Where the digest's object stands, for a person: `data.candidates[0].manager`.
    pub fn place(&self) -> String {
        path_of(&self.holder)
    }

    /// The name that a disclosure must have at a place where only one is allowed (formats.md §1).
    pub fn only_name(&self) -> Option<&'static str> {
        match self.holder.as_slice() {
            [] => Some("text"),
            [Step::Member(first), Step::Element(_)] if first == "parties" => Some("contact"),
            [Step::Member(_)] => None,
            _ => Some("person"),
        }
    }
}

fn path_of(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member(name) if path.is_empty() => path.push_str(name),
            Step::Member(name) => path += &format!(".{name}"),
            Step::Element(index) => path += &format!("[{index}]"),
        }
    }
    if path.is_empty() { "the statement".to_owned() } else { path }
}

impl Notice {
    /// Reads a notice from the claims of its statement; `claims` holds at most the members of every statement and
    /// [`MEMBERS`].
    ///
    /// # Errors
    /// The first member that is not as formats.md §1 and notices.md say.
    pub fn parse(claims: Object) -> Result<Self, NoticeError> {
        let project = read_project(&claims)?;
        let code = |what, found: &str| NoticeError::Code { what, found: found.to_owned() };
        let sector = claims.string("sector")?;
        let sector = Sector::parse(sector).ok_or_else(|| code("sector", sector))?;
        let stage = claims.string("stage")?;
        let stage = Stage::parse(stage).ok_or_else(|| code("stage", stage))?;
        let title = claims.string("title")?.to_owned();
        if title.is_empty() {
            return Err(type_error("title", "a string that is not empty").into());
        }
        let region = claims.optional_string("region")?.map(ToOwned::to_owned);
        if region.as_deref().is_some_and(|region| !is_region(region)) {
            return Err(type_error("region", "six digits of GB/T 2260").into());
        }
        check_envelope(&claims)?;
        let mut digests = Vec::new();
        collect_digests(&claims, &mut digests)?;
        let sealed = read_sealed(&claims, &digests)?;
        Ok(Self { project, sector, stage, title, region, digests, sealed, claims })
    }

    /// `data`, if the notice has some.
    pub fn data(&self) -> Option<&Object> {
        self.claims.member("data").and_then(Value::as_object)
    }

    /// The object that holds a digest.
    fn holder(&self, digest: &Digest) -> Option<&Object> {
        let mut steps = digest.holder.iter();
        let Some(Step::Member(first)) = steps.next() else { return Some(&self.claims) };
        let start = self.claims.member(first)?;
        steps
            .try_fold(start, |value, step| match step {
                Step::Member(name) => value.as_object()?.member(name),
                Step::Element(index) => value.as_array()?.get(*index),
            })?
            .as_object()
    }

    /// Whether a member of that name may be disclosed where the digest stands, and is not present there.
    ///
    /// # Errors
    /// [`DisclosureError::Place`] or [`DisclosureError::Present`].
    pub fn check_place(&self, digest: &Digest, name: &str) -> Result<(), DisclosureError> {
        let allowed = match digest.holder.as_slice() {
            [] => name == "text",
            [Step::Member(first), Step::Element(_)] if first == "parties" => name == "contact",
            [Step::Member(_)] => DISCLOSABLE_DATA.contains(&name),
            _ => name == "person",
        };
        if !allowed {
            return Err(DisclosureError::Place { name: name.to_owned(), place: digest.place() });
        }
        if self.holder(digest).is_some_and(|object| object.has(name)) {
            return Err(DisclosureError::Present { name: name.to_owned(), place: digest.place() });
        }
        Ok(())
    }
}

fn read_project(claims: &Object) -> Result<ProjectId, NoticeError> {
    let project = claims.object("project")?;
    project.only(&["id", "name"])?;
    project.optional_string("name")?;
    let id = ProjectId::parse(project.string("id")?)?;
    let (found, expected) = (claims.string("sub")?, super::subject::project_subject(&id));
    if found != expected {
        return Err(NoticeError::Subject { expected, found: found.to_owned() });
    }
    Ok(id)
}

/// The optional members around `data`, each of its type.
fn check_envelope(claims: &Object) -> Result<(), NoticeError> {
    if claims.has("text") {
        return Err(NoticeError::NotDisclosable { path: "text".to_owned() });
    }
    claims.optional_string("language")?;
    claims.optional_string("amends")?;
    if claims.optional_string("published_at")?.is_some_and(|at| Instant::parse(at).is_none()) {
        return Err(type_error("published_at", "an RFC 3339 instant or a date").into());
    }
    if let Some(value) = claims.member("_sd_alg")
        && value.as_str() != Some("sha-256")
    {
        return Err(NoticeError::Algorithm);
    }
    if claims.has("lot") {
        let lot = claims.object("lot")?;
        lot.only(&["id", "name"])?;
        lot.string("id")?;
        lot.optional_string("name")?;
    }
    if claims.has("source") {
        let source = claims.object("source")?;
        source.only(&["platform", "url"])?;
        source.optional_string("platform")?;
        source.optional_string("url")?;
    }
    for party in objects(claims, "parties")? {
        party.only(&["role", "name", "id", "contact", "_sd"])?;
        if party.has("contact") {
            return Err(NoticeError::NotDisclosable { path: "parties[].contact".to_owned() });
        }
        party.optional_string("role")?;
        party.optional_string("name")?;
        party.optional_string("id")?;
    }
    for attachment in objects(claims, "attachments")? {
        attachment.only(&["name", "media_type", "size", "sha256"])?;
        attachment.string("name")?;
        attachment.optional_string("media_type")?;
        if attachment.has("size") {
            attachment.count("size")?;
        }
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let sha256 = attachment.string("sha256")?;
        if sha256.len() != 64 || !sha256.bytes().all(hex) {
            return Err(type_error("sha256", "64 lower-case hex digits").into());
        }
    }
    for related in objects(claims, "related")? {
        related.only(&["project", "as"])?;
        ProjectId::parse(related.string("project")?)?;
        if !matches!(related.string("as")?, "plan" | "retender" | "split" | "merged" | "contract-of") {
            return Err(type_error("as", "plan, retender, split, merged or contract-of").into());
        }
    }
    if claims.has("data") {
        check_data(claims.object("data")?)?;
    }
    Ok(())
}

/// The elements of an optional array of objects.
fn objects<'a>(claims: &'a Object, name: &str) -> Result<Vec<&'a Object>, MemberError> {
    if !claims.has(name) {
        return Ok(Vec::new());
    }
    let items = claims.array(name)?.iter().map(Value::as_object).collect::<Option<Vec<_>>>();
    items.ok_or_else(|| type_error(name, "an array of objects"))
}

/// Inside `data` anything may grow, but experts and persons are always disclosures and money is a decimal string.
fn check_data(data: &Object) -> Result<(), NoticeError> {
    if data.has("experts") {
        return Err(NoticeError::NotDisclosable { path: "data.experts".to_owned() });
    }
    data.iter().try_for_each(|(name, value)| check_inside(name, value))
}

fn check_inside(name: &str, value: &Value) -> Result<(), NoticeError> {
    if name == "person" {
        return Err(NoticeError::NotDisclosable { path: "person under data".to_owned() });
    }
    check_decimal(name, value)?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_inside("", item)),
        Value::Object(object) if name != "_sd" => object.iter().try_for_each(|(name, value)| check_inside(name, value)),
        _ => Ok(()),
    }
}

/// Money and measures are decimal strings, at any depth of a value.
pub(crate) fn check_decimals(name: &str, value: &Value) -> Result<(), MemberError> {
    check_decimal(name, value)?;
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check_decimals("", item)),
        Value::Object(object) => object.iter().try_for_each(|(name, value)| check_decimals(name, value)),
        _ => Ok(()),
    }
}

fn check_decimal(name: &str, value: &Value) -> Result<(), MemberError> {
    let number = matches!(value, Value::Number(_));
    if (name == "amount" && !is_amount(value)) || (number && MEASURES.contains(&name)) {
        return Err(type_error(name, "a decimal string"));
    }
    if number && MONEY.contains(&name) {
        return Err(type_error(name, "money: {\"amount\":\"1359102.00\",\"currency\":\"CNY\"}"));
    }
    Ok(())
}

fn is_amount(value: &Value) -> bool {
    match value {
        Value::String(text) => is_decimal(text),
        Value::Object(money) => money.member("amount").is_some(),
        _ => false,
    }
}

/// Whether this is a decimal string: digits, optionally a sign before and a fraction after.
pub fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

/// Walks the claims and collects every digest; `_sd` may stand in the claims, in a party, and anywhere in `data`.
fn collect_digests(claims: &Object, digests: &mut Vec<Digest>) -> Result<(), NoticeError> {
    read_digests(claims, &[], digests)?;
    if let Some(Value::Array(parties)) = claims.member("parties") {
        let mut steps = alloc::vec![Step::Member("parties".to_owned())];
        for (index, party) in parties.iter().enumerate() {
            steps.push(Step::Element(index));
            if let Value::Object(party) = party {
                read_digests(party, &steps, digests)?;
            }
            steps.pop();
        }
    }
    if let Some(data) = claims.member("data") {
        walk(data, &mut alloc::vec![Step::Member("data".to_owned())], digests)?;
    }
    let mut hashes: Vec<Hash> = digests.iter().map(|digest| digest.hash).collect();
    hashes.sort_unstable();
    match hashes.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(NoticeError::DigestTwice { digest: pair[0] }),
        None => Ok(()),
    }
}

fn walk(value: &Value, steps: &mut Vec<Step>, digests: &mut Vec<Digest>) -> Result<(), NoticeError> {
    match value {
        Value::Object(object) => {
            read_digests(object, steps, digests)?;
            for (name, value) in object.iter().filter(|(name, _)| *name != "_sd") {
                steps.push(Step::Member(name.to_owned()));
                walk(value, steps, digests)?;
                steps.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                steps.push(Step::Element(index));
                walk(item, steps, digests)?;
                steps.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

/// Reads the `_sd` of one object, if it has one.
fn read_digests(object: &Object, steps: &[Step], digests: &mut Vec<Digest>) -> Result<(), NoticeError> {
    let error = |problem| NoticeError::Digests { path: path_of(steps), problem };
    if object.has("...") {
        return Err(error("array elements are not disclosable, `...` must not occur"));
    }
    if !steps.is_empty() && object.has("_sd_alg") {
        return Err(error("`_sd_alg` stands only beside the claims"));
    }
    let Some(sd) = object.member("_sd") else { return Ok(()) };
    let items = sd.as_array().filter(|items| !items.is_empty()).ok_or_else(|| error("must be an array of digests"))?;
    if items.len() + digests.len() > super::disclosure::MAX_DISCLOSURES {
        return Err(error("more than 256 digests"));
    }
    for item in items {
        let hash =
            item.as_str().and_then(parse_digest).ok_or_else(|| error("a digest is 43 characters of base64url"))?;
        digests.push(Digest { hash, holder: steps.to_vec() });
    }
    Ok(())
}

/// Reads a digest as statements write it: 43 characters of canonical base64url.
pub fn parse_digest(text: &str) -> Option<Hash> {
    let bytes = if text.len() == 43 { base64::decode_url(text).ok()? } else { return None };
    bytes.try_into().ok().map(Hash)
}

fn read_sealed(claims: &Object, digests: &[Digest]) -> Result<Vec<Sealed>, NoticeError> {
    let error = |problem| NoticeError::Sealed { problem };
    let mut sealed: Vec<Sealed> = Vec::new();
    let items = objects(claims, "sealed")?;
    if claims.has("sealed") && items.is_empty() {
        return Err(error("an empty list says nothing; leave it out"));
    }
    for item in items {
        item.only(&["digest", "field", "until"])?;
        let field = SealableField::parse(item.string("field")?)
            .ok_or_else(|| error("only data.reserve_price and data.experts can be sealed"))?;
        let digest =
            parse_digest(item.string("digest")?).ok_or_else(|| error("a digest is 43 characters of base64url"))?;
        let until = item.string("until")?;
        if Stage::parse(until).is_none() && parse_date(until).is_none() {
            return Err(error("`until` must be a stage or a date"));
        }
        if sealed.iter().any(|earlier| earlier.field == field || earlier.digest == digest) {
            return Err(error("a field and a digest are sealed once"));
        }
        let in_data = |d: &&Digest| matches!(d.holder.as_slice(), [Step::Member(name)] if name == "data");
        if !digests.iter().filter(in_data).any(|d| d.hash == digest) {
            return Err(error("the digest must stand in the `_sd` of `data`"));
        }
        if claims.object("data")?.has(field.member()) {
            return Err(error("the sealed field is present in the clear"));
        }
        sealed.push(Sealed { digest, field, until: until.to_owned() });
    }
    Ok(sealed)
}
