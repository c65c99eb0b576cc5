//! A draft (稿件): what a trading system hands over, before anybody signed it.
//!
//! One JSON object with the members of notices.md. Reading a draft normalises its project ids, refuses what the vocabulary
//! does not know, and sorts what will be signed from what will stand beside it as disclosures.

use serde_json::{Map, Value as Json, json};
use verifier::record::code::{Sector, Stage};
use verifier::record::json::{self, JsonError, Object, Value};
use verifier::record::notice::Step;
use verifier::record::subject::{ProjectId, SubjectError};
use verifier::record::vocabulary::{self, VocabularyError};

/// The longest draft read, in bytes: more than its disclosures may be together.
pub const MAX_DRAFT: usize = 12 << 20;
/// Beyond this many bytes, members that may be disclosures become disclosures.
const LONG: usize = 8 * 1024;
/// Members of `data` that become disclosures when they are long.
const LONG_DATA: &[&str] = &["bids", "parcels", "rejected"];
/// Members of a draft.
const MEMBERS: &[&str] = &[
    "notice_id",
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
];

/// A draft, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Becomes the statement's `jti`.
    pub notice_id: String,
    /// The project, normalised.
    pub project: ProjectId,
    /// The sector.
    pub sector: Sector,
    /// The stage.
    pub stage: Stage,
    /// Claims that stand in the statement, without `_sd`.
    pub claims: Map<String, Json>,
    /// Values that stand beside it.
    pub disclosable: Vec<Disclosable>,
}

/// A value that stands beside the statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Disclosable {
    /// The way to the object it belongs to.
    pub holder: Vec<Step>,
    /// Its name there.
    pub name: String,
    /// The value.
    pub value: Json,
}

/// Why a draft is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Too long.
    #[error("a draft has at most {MAX_DRAFT} bytes, this one has {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another type.
    #[error(transparent)]
    Member(#[from] json::MemberError),
    /// The project id is not usable.
    #[error("project id: {0}")]
    Project(#[from] SubjectError),
    /// A code the vocabulary does not list.
    #[error("`{found}` is no {what}; known are: {known}")]
    Code {
        /// `sector` or `stage`.
        what: &'static str,
        /// What was found.
        found: String,
        /// The codes.
        known: String,
    },
    /// `data` is not as the vocabulary says.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Vocabulary(Vec<VocabularyError>),
    /// A `reserve_price` in the clear.
    #[error(
        "`data.reserve_price` is a reserve price in the clear: seal it (`--seal data.reserve_price:award --sealed-out FILE`) or say `--publish-reserve`"
    )]
    ReservePrice,
}

impl Draft {
    /// Reads one draft.
    ///
    /// # Errors
    /// Everything notices.md says of drafts; the vocabulary's errors all at once.
    pub fn parse(text: &str) -> Result<Self, DraftError> {
        if text.len() > MAX_DRAFT {
            return Err(DraftError::TooLong { found: text.len() });
        }
        let draft = json::parse_object(text)?;
        draft.only(MEMBERS)?;
        let notice_id = draft.string("notice_id")?.to_owned();
        if !(1..=200).contains(&notice_id.chars().count()) {
            return Err(json::type_error("notice_id", "1 to 200 characters").into());
        }
        let project = ProjectId::normalise(draft.object("project")?.string("id")?)?;
        let sector = draft.string("sector")?;
        let sector =
            Sector::parse(sector).ok_or_else(|| unknown("sector", sector, Sector::ALL.iter().map(|s| s.code())))?;
        let stage = draft.string("stage")?;
        let stage = Stage::parse(stage).ok_or_else(|| unknown("stage", stage, Stage::ALL.iter().map(|s| s.code())))?;
        if draft.string("title")?.trim().is_empty() {
            return Err(json::type_error("title", "a string that is not empty").into());
        }
        check_vocabulary(stage, &draft)?;
        let (claims, disclosable) = sort(&draft, &project)?;
        Ok(Self { notice_id, project, sector, stage, claims, disclosable })
    }

    /// Whether a value disclosed in `data` has this name.
    pub fn discloses(&self, name: &str) -> bool {
        let in_data = |d: &&Disclosable| matches!(d.holder.as_slice(), [Step::Member(first)] if first == "data");
        self.disclosable.iter().filter(in_data).any(|d| d.name == name)
    }
}

fn unknown<'a>(what: &'static str, found: &str, known: impl Iterator<Item = &'a str>) -> DraftError {
    DraftError::Code { what, found: found.to_owned(), known: known.collect::<Vec<_>>().join(", ") }
}

fn check_vocabulary(stage: Stage, draft: &Object) -> Result<(), DraftError> {
    let Some(data) = draft.member("data") else { return Ok(()) };
    let data = data.as_object().ok_or_else(|| json::type_error("data", "an object"))?;
    if data.has("_sd") {
        return Err(json::type_error("data", "plain members; disclosures are made when it is signed").into());
    }
    let errors = vocabulary::check_data(stage, data);
    if errors.is_empty() { Ok(()) } else { Err(DraftError::Vocabulary(errors)) }
}

/// Sorts a draft into claims and disclosable values.
fn sort(draft: &Object, project: &ProjectId) -> Result<(Map<String, Json>, Vec<Disclosable>), DraftError> {
    let mut claims = Map::new();
    let mut disclosable = Vec::new();
    for (name, value) in draft.iter().filter(|(name, _)| *name != "notice_id") {
        let mut value = to_json(value);
        let at = |name: &str| vec![Step::Member(name.to_owned())];
        match name {
            "text" => {
                if !value.is_string() {
                    return Err(json::type_error("text", "a string").into());
                }
                disclosable.push(Disclosable { holder: Vec::new(), name: "text".to_owned(), value });
                continue;
            }
            "project" => value["id"] = project.as_str().into(),
            "related" => normalise_related(&mut value)?,
            "parties" => take_contacts(&mut value, &mut disclosable),
            "data" => take_data(&mut value, at("data"), &mut disclosable),
            _ => {}
        }
        claims.insert(name.to_owned(), value);
    }
    Ok((claims, disclosable))
}

fn normalise_related(related: &mut Json) -> Result<(), DraftError> {
    for item in related.as_array_mut().into_iter().flatten() {
        if let Some(id) = item.get("project").and_then(Json::as_str) {
            let id = ProjectId::normalise(id)?;
            item["project"] = id.as_str().into();
        }
    }
    Ok(())
}

fn take_contacts(parties: &mut Json, disclosable: &mut Vec<Disclosable>) {
    for (index, party) in parties.as_array_mut().into_iter().flatten().enumerate() {
        if let Some(value) = party.as_object_mut().and_then(|party| party.remove("contact")) {
            let holder = vec![Step::Member("parties".to_owned()), Step::Element(index)];
            disclosable.push(Disclosable { holder, name: "contact".to_owned(), value });
        }
    }
}

/// Takes out of `data` what must be a disclosure, what is long and may be one, and every `person` below.
fn take_data(data: &mut Json, holder: Vec<Step>, disclosable: &mut Vec<Disclosable>) {
    if let Some(object) = data.as_object_mut() {
        for name in ["experts", "reserve_price"].iter().chain(LONG_DATA) {
            let long = |value: &Json| !LONG_DATA.contains(name) || value.to_string().len() > LONG;
            if object.get(*name).is_some_and(long) {
                let value = object.remove(*name).unwrap_or_default();
                disclosable.push(Disclosable { holder: holder.clone(), name: (*name).to_owned(), value });
            }
        }
    }
    take_persons(data, &mut holder.clone(), disclosable);
}

fn take_persons(value: &mut Json, holder: &mut Vec<Step>, disclosable: &mut Vec<Disclosable>) {
    if let Some(object) = value.as_object_mut() {
        if let Some(value) = object.remove("person") {
            disclosable.push(Disclosable { holder: holder.clone(), name: "person".to_owned(), value });
        }
        for (name, value) in object.iter_mut() {
            holder.push(Step::Member(name.clone()));
            take_persons(value, holder, disclosable);
            holder.pop();
        }
    }
    for (index, item) in value.as_array_mut().into_iter().flatten().enumerate() {
        holder.push(Step::Element(index));
        take_persons(item, holder, disclosable);
        holder.pop();
    }
}

/// A strictly read value, for writing.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Number(n) => json!(n),
        Value::String(text) => json!(text),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Object(object) => Json::Object(object_to_json(object)),
    }
}

/// A strictly read object, for writing.
pub fn object_to_json(object: &Object) -> Map<String, Json> {
    object.iter().map(|(name, value)| (name.to_owned(), to_json(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(data: &str) -> String {
        format!(
            "{{\"notice_id\":\"n\",\"project\":{{\"id\":\"wh－1\"}},\"sector\":\"land\",\"stage\":\"award\",\"title\":\"t\",\"data\":{data}}}"
        )
    }

    #[test]
    fn persons_and_experts_never_stay_in_the_claims() {
        let draft = Draft::parse(&draft(r#"{"winner":{"name":"甲","person":"乙"},"experts":["丙"]}"#)).unwrap();
        assert_eq!(draft.project.as_str(), "WH-1");
        let names: Vec<&str> = draft.disclosable.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["experts", "person"]);
        let claims = serde_json::to_string(&draft.claims).unwrap();
        assert!(!claims.contains('乙') && !claims.contains('丙'), "{claims}");
    }

    #[test]
    fn what_is_refused_says_why() {
        assert!(matches!(Draft::parse(&draft(r#"{"prize":1}"#)), Err(DraftError::Vocabulary(_))));
        assert!(matches!(Draft::parse("{}"), Err(DraftError::Member(_))));
        let unknown = draft("{}").replace("\"title\"", "\"tilte\":\"t\",\"title\"");
        assert!(
            matches!(Draft::parse(&unknown), Err(DraftError::Member(json::MemberError::Unknown { name })) if name == "tilte")
        );
        assert!(matches!(
            Draft::parse(&draft("{}").replace("land", "sea")),
            Err(DraftError::Code { what: "sector", .. })
        ));
    }
}
