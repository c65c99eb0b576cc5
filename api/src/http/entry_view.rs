//! An entry as a reader sees it: byte for byte, and its claims with the disclosed values put in their places.

use ledger::Recorded;
use ledger::draft::to_json;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;
use verifier::log::base64;
use verifier::log::index::LeafIndex;
use verifier::record::authority::Registry;
use verifier::record::disclosure::{Disclosure, check_notice};
use verifier::record::entry::{Body, Entry, EntryTime};
use verifier::record::instant::SHANGHAI;
use verifier::record::notice::{Notice, Step};
use verifier::record::statement::Statement;

/// An entry.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryView {
    /// Its index.
    index: u64,
    /// `genesis`, `seal`, `notice`, `reveal`, `erasure`, `authority`, `rulebook` or `calendar`.
    #[schema(example = "notice")]
    kind: &'static str,
    /// When the ledger recorded it, in milliseconds since the Unix epoch, by the ledger's clock.
    time: u64,
    /// The same as RFC 3339 in Asia/Shanghai.
    recorded_at: String,
    /// What it is about; a seal is about nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Its place among the entries of its subject, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// The statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<StatementView>,
    /// The entry, byte for byte as it was hashed.
    entry: String,
    /// The disclosures beside it, as they came.
    disclosures: Vec<String>,
}

/// A statement.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatementView {
    /// Who says it.
    publisher: String,
    /// By what name it was enrolled then.
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher_name: Option<String>,
    /// Its id, unique for its publisher.
    id: String,
    /// What it says; of a notice with the disclosed values in their places.
    #[schema(value_type = Object)]
    claims: Json,
    /// Values disclosed beside a statement that is no notice, by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    disclosed: Map<String, Json>,
    /// What the notice sealed: a reveal may show it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sealed: Vec<SealedView>,
    /// How many values of the notice were lawfully erased.
    #[serde(skip_serializing_if = "is_zero")]
    erased: usize,
}

/// A sealed field.
#[derive(Serialize, ToSchema)]
pub(crate) struct SealedView {
    /// The field.
    pub(crate) field: &'static str,
    /// A stage or a date.
    pub(crate) until: String,
    /// Whether a reveal has shown it, where that was looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revealed: Option<bool>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks so
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The ledger's time as RFC 3339 in Asia/Shanghai, to the millisecond.
pub(crate) fn rfc3339(time: EntryTime) -> String {
    let instant = i64::try_from(time.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let instant = instant.unwrap_or_default();
    SHANGHAI.to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S%.3f+08:00").to_string()
}

impl EntryView {
    /// Opens an entry of the ledger; nothing if it is none.
    pub(crate) fn open(index: LeafIndex, recorded: Recorded, registry: &Registry) -> Option<Self> {
        let Recorded { entry: text, disclosures } = recorded;
        let entry = Entry::parse(&text).ok()?;
        let (kind, subject, seq, statement) = match &entry.body {
            Body::Genesis(_) => ("genesis", Some("ledger".to_owned()), Some(0), None),
            Body::Seal(_) => ("seal", None, None, None),
            Body::Statement { statement: jwt, seq, .. } => {
                let statement = Statement::parse(jwt).ok()?;
                let view = StatementView::open(index, &statement, jwt, &disclosures, registry)?;
                (kind_name(&statement), Some(statement.sub.to_string()), Some(*seq), Some(view))
            }
        };
        let (time, recorded_at) = (entry.time.0, rfc3339(entry.time));
        Some(Self { index: index.0, kind, time, recorded_at, subject, seq, statement, entry: text, disclosures })
    }
}

/// `notice`, `reveal`, …: the `typ` without its suffix.
pub(crate) fn kind_name(statement: &Statement) -> &'static str {
    let typ = statement.kind().typ();
    typ.strip_suffix("+sd-jwt").unwrap_or(typ)
}

impl StatementView {
    fn open(
        index: LeafIndex,
        statement: &Statement,
        jwt: &str,
        disclosures: &[String],
        registry: &Registry,
    ) -> Option<Self> {
        let payload = base64::decode_url(jwt.split('.').nth(1)?).ok()?;
        let mut claims: Json = serde_json::from_slice(&payload).ok()?;
        let mut view = Self {
            publisher: statement.iss.as_str().to_owned(),
            publisher_name: registry.name(&statement.iss, index).map(str::to_owned),
            id: statement.jti.clone(),
            claims: Json::Null,
            disclosed: Map::new(),
            sealed: Vec::new(),
            erased: 0,
        };
        match statement.notice() {
            Some(notice) => {
                let shown = check_notice(notice, disclosures).ok()?;
                for digest in &notice.digests {
                    if let Some(disclosure) = shown.values.get(&digest.hash) {
                        put(&mut claims, &digest.holder, disclosure);
                    }
                }
                strip_digests(&mut claims);
                view.sealed = sealed(notice);
                view.erased = shown.missing.len();
            }
            None => {
                let opened = disclosures.iter().filter_map(|text| Disclosure::parse(text).ok());
                view.disclosed = opened.map(|one| (one.name, to_json(&one.value))).collect();
            }
        }
        view.claims = claims;
        Some(view)
    }
}

/// What a notice sealed.
fn sealed(notice: &Notice) -> Vec<SealedView> {
    let view = |one: &verifier::record::notice::Sealed| SealedView {
        field: one.field.code(),
        until: one.until.clone(),
        revealed: None,
    };
    notice.sealed.iter().map(view).collect()
}

/// Puts a disclosed value where its digest stands.
fn put(claims: &mut Json, holder: &[Step], disclosure: &Disclosure) {
    let place = holder.iter().try_fold(claims, |value, step| match step {
        Step::Member(name) => value.get_mut(name.as_str()),
        Step::Element(at) => value.get_mut(*at),
    });
    if let Some(Json::Object(object)) = place {
        object.insert(disclosure.name.clone(), to_json(&disclosure.value));
    }
}

/// Takes the digests out, which a person cannot read; they stand in the entry.
fn strip_digests(value: &mut Json) {
    match value {
        Json::Object(object) => {
            object.remove("_sd");
            object.remove("_sd_alg");
            object.values_mut().for_each(strip_digests);
        }
        Json::Array(items) => items.iter_mut().for_each(strip_digests),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn digests_go_at_every_depth_and_nothing_else_does() {
        let mut claims = json!({ "_sd": ["x"], "_sd_alg": "sha-256", "data": [{ "_sd": [], "kept": { "_sd": 1 } }] });
        strip_digests(&mut claims);
        assert_eq!(claims, json!({ "data": [{ "kept": {} }] }));
    }
}
