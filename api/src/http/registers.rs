//! What everybody goes by: publishers, rulebooks, calendars, consistency of heads, and how much there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::draft::to_json;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::record::authority::Grant;
use verifier::record::code::PublisherId;
use verifier::record::disclosure::Disclosure;
use verifier::record::entry::{Body, Entry, EntryTime};
use verifier::record::statement::{Content, Statement};
use verifier::record::subject::Subject;

use super::answer::Answer;
use super::cache::Cache;
use super::entry_view::rfc3339;
use super::notices::index_in;
use super::problem::{Code, Problem};
use super::{Site, query};

/// Whoever has, or had, authority.
#[derive(Serialize, ToSchema)]
pub(crate) struct Publishers {
    publishers: Vec<PublisherView>,
}

/// A publisher or supervisor.
#[derive(Serialize, ToSchema)]
struct PublisherView {
    /// Its id.
    id: String,
    /// Its name; none once it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether its key is in force.
    in_force: bool,
    /// `publisher`, `supervisor`.
    roles: Vec<&'static str>,
    /// Sector codes.
    sectors: Vec<&'static str>,
    /// Region prefixes of GB/T 2260; the empty one is everywhere.
    regions: Vec<String>,
    /// RFC 7638 thumbprint of its key, as statements name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    /// Its public key (JWK).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    jwk: Option<Json>,
}

impl PublisherView {
    fn of(id: &PublisherId, grant: Option<&Grant>) -> Self {
        let scope = grant.map(|grant| &grant.scope);
        let jwk = grant.map(Grant::jwk);
        Self {
            id: id.as_str().to_owned(),
            name: grant.map(|grant| grant.name.clone()),
            in_force: grant.is_some(),
            roles: scope.into_iter().flat_map(|scope| &scope.roles).map(|role| role.code()).collect(),
            sectors: scope.into_iter().flat_map(|scope| &scope.sectors).map(|sector| sector.code()).collect(),
            regions: scope.map(|scope| scope.regions.clone()).unwrap_or_default(),
            kid: jwk.as_ref().map(verifier::record::statement::Jwk::kid_text),
            jwk: jwk.and_then(|jwk| serde_json::from_str(&jwk.format()).ok()),
        }
    }
}

/// Publishers and supervisors
#[utoipa::path(get, path = "/api/v1/publishers", tag = "registers",
    responses((status = 200, description = "All that were ever enrolled", body = Publishers)))]
pub(crate) async fn publishers(site: Arc<Site>) -> Result<Answer, Problem> {
    let registry = site.ledger.registry_now();
    let publishers = registry.publishers(LeafIndex(u64::MAX)).map(|(id, grant)| PublisherView::of(id, grant));
    Ok(Answer::json(Cache::Revalidate, &Publishers { publishers: publishers.collect() }))
}

/// The versions of the rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rulebooks {
    /// For where.
    jurisdiction: String,
    rulebooks: Vec<RulebookView>,
}

/// A version of the rules.
#[derive(Serialize, ToSchema)]
struct RulebookView {
    /// Its entry.
    index: u64,
    /// Its place among the versions, from 0.
    seq: u64,
    /// Its name.
    version: String,
    /// The day from which it counts.
    effective_from: String,
    /// The rules.
    #[schema(value_type = Vec<Object>)]
    rules: Json,
}

/// The calendars.
#[derive(Serialize, ToSchema)]
pub(crate) struct Calendars {
    /// For where.
    jurisdiction: String,
    calendars: Vec<CalendarView>,
}

/// A year's calendar.
#[derive(Serialize, ToSchema)]
struct CalendarView {
    /// Its entry.
    index: u64,
    /// Its place among the calendar statements, from 0.
    seq: u64,
    /// The year announced; a later statement of the same year replaces an earlier one.
    year: i16,
    /// Days off.
    holidays: Vec<String>,
    /// Weekend days worked.
    workdays: Vec<String>,
}

/// A statement as it was recorded.
pub(crate) struct Stated {
    pub(crate) index: u64,
    pub(crate) time: EntryTime,
    pub(crate) statement: Statement,
    pub(crate) disclosures: Vec<String>,
}

/// The statements of a subject, oldest first.
pub(crate) async fn statements(site: &Site, subject: &Subject) -> Result<Vec<Stated>, Problem> {
    let file = site.ledger.dossier(subject).await?;
    site.until_published(file.head.checkpoint.checkpoint.size).await?;
    let entries = file.subjects.into_iter().find(|part| part.subject == *subject).and_then(|part| part.entries);
    let read = |part: verifier::dossier::EntryPart| {
        let entry = Entry::parse(&part.entry).ok()?;
        let Body::Statement { statement, .. } = entry.body else { return None };
        let (index, time, statement) = (entry.index.0, entry.time, Statement::parse(statement).ok()?);
        Some(Stated { index, time, statement, disclosures: part.disclosures })
    };
    Ok(entries.into_iter().flatten().filter_map(read).collect())
}

pub(crate) fn jurisdiction(site: &Site) -> String {
    site.ledger.registry_now().genesis().jurisdiction.clone()
}

/// The rulebooks
#[utoipa::path(get, path = "/api/v1/rulebooks", tag = "registers",
    responses((status = 200, description = "Every version recorded, oldest first", body = Rulebooks)))]
pub(crate) async fn rulebooks(site: Arc<Site>) -> Result<Answer, Problem> {
    let jurisdiction = jurisdiction(&site);
    let mut rulebooks = Vec::new();
    for Stated { index, statement, disclosures, .. } in
        statements(&site, &Subject::Rulebook(jurisdiction.clone())).await?
    {
        let Content::Rulebook { seq, version, effective_from, .. } = statement.content else { continue };
        let rules = disclosures.first().and_then(|text| Disclosure::parse(text).ok()).map(|one| to_json(&one.value));
        let effective_from = effective_from.to_string();
        rulebooks.push(RulebookView { index, seq, version, effective_from, rules: rules.unwrap_or_default() });
    }
    Ok(Answer::json(Cache::Revalidate, &Rulebooks { jurisdiction, rulebooks }))
}

/// The calendars
#[utoipa::path(get, path = "/api/v1/calendars", tag = "registers",
    responses((status = 200, description = "Every calendar statement recorded, oldest first", body = Calendars)))]
pub(crate) async fn calendars(site: Arc<Site>) -> Result<Answer, Problem> {
    let jurisdiction = jurisdiction(&site);
    let mut calendars = Vec::new();
    for Stated { index, statement, .. } in statements(&site, &Subject::Calendar(jurisdiction.clone())).await? {
        let Content::Calendar { seq, year, holidays, workdays, .. } = statement.content else { continue };
        let days = |days: std::collections::BTreeSet<jiff::civil::Date>| days.iter().map(ToString::to_string).collect();
        calendars.push(CalendarView { index, seq, year, holidays: days(holidays), workdays: days(workdays) });
    }
    Ok(Answer::json(Cache::Revalidate, &Calendars { jurisdiction, calendars }))
}

/// A consistency proof.
#[derive(Serialize, ToSchema)]
pub(crate) struct Consistency {
    /// The older head's size.
    from: u64,
    /// The newer head's size.
    to: u64,
    /// Hashes in standard base64, in the order of RFC 6962 §2.1.2.
    proof: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    from: String,
    to: Option<String>,
}

/// The proof that a newer head continues an older one
#[utoipa::path(get, path = "/api/v1/proof/consistency", tag = "log",
    params(("from" = u64, Query, description = "The older head's size, at least 1", minimum = 1, example = 2),
        ("to" = Option<u64>, Query, description = "The newer head's size; default: the newest", minimum = 1)),
    responses((status = 200, description = "The proof", body = Consistency)))]
pub(crate) async fn consistency(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let Sizes { from, to } = query(&text)?;
    let newest = site.ledger.published().checkpoint.size;
    let size = |text: &str| index_in(text).map(|index| TreeSize(index.0));
    let (from, to) = (size(&from)?, to.as_deref().map_or(Ok(newest), size)?);
    let proof = if to > newest { None } else { site.ledger.consistency(from, to).await? };
    let Some(proof) = proof else {
        return Err(Problem::new(
            Code::NotFound,
            format!("没有这两个检查点：应有 1 ≤ from ≤ to ≤ {newest}"),
            format!("there are no two such heads: expected 1 ≤ from ≤ to ≤ {newest}"),
        ));
    };
    let proof = proof.iter().map(ToString::to_string).collect();
    Ok(Answer::json(Cache::Revalidate, &Consistency { from: from.0, to: to.0, proof }))
}

/// How much there is.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsView {
    /// The log's origin.
    origin: String,
    /// Entries, seals included.
    entries: u64,
    /// Subjects in the map.
    subjects: u64,
    /// Publishers and supervisors in force.
    publishers: u64,
    /// These, by role.
    roles: BTreeMap<&'static str, u64>,
    /// Notices by sector and stage, once they are indexed.
    #[serde(skip_serializing_if = "Option::is_none")]
    notices: Option<BTreeMap<String, BTreeMap<String, u64>>>,
    /// Projects by how they stand under the rules; `pending` are still to be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    projects: Option<BTreeMap<String, u64>>,
    /// The newest checkpoint's root, in standard base64.
    root: String,
    /// When it was sealed, RFC 3339 in Asia/Shanghai, by the ledger's clock.
    sealed_at: String,
}

/// How much there is
#[utoipa::path(get, path = "/api/v1/stats", tag = "registers",
    responses((status = 200, description = "Counts as of the newest checkpoint", body = StatsView)))]
pub(crate) async fn stats(site: Arc<Site>) -> Result<Answer, Problem> {
    let head = site.ledger.published().checkpoint;
    let last = site.ledger.entry(LeafIndex(head.size.0.saturating_sub(1))).await?;
    let sealed = last.and_then(|recorded| {
        let entry = Entry::parse(&recorded.entry).ok()?;
        Some((entry.seal()?, rfc3339(entry.time)))
    });
    let (seal, sealed_at) = sealed.ok_or_else(|| Problem::of(Code::Internal))?;
    let registry = site.ledger.registry_now();
    let in_force = || registry.publishers(LeafIndex(u64::MAX)).filter_map(|(_, grant)| grant);
    let mut roles = BTreeMap::new();
    for role in in_force().flat_map(|grant| &grant.scope.roles) {
        *roles.entry(role.code()).or_insert(0) += 1;
    }
    let (notices, projects) = indexed_counts(&site).await?;
    Ok(Answer::json(
        Cache::Revalidate,
        &StatsView {
            origin: head.origin,
            entries: head.size.0,
            subjects: seal.subjects,
            publishers: in_force().count() as u64,
            roles,
            notices,
            projects,
            root: head.root.to_string(),
            sealed_at,
        },
    ))
}

/// Notices by sector and stage, and projects by standing.
type Counts = (Option<BTreeMap<String, BTreeMap<String, u64>>>, Option<BTreeMap<String, u64>>);

/// What only the index counts; nothing while it is being made.
async fn indexed_counts(site: &Site) -> Result<Counts, Problem> {
    if site.index_ready().is_err() {
        return Ok((None, None));
    }
    let (notices, projects) = site.index.counts().await?;
    let mut by_sector: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (sector, stage, n) in notices {
        by_sector.entry(sector).or_default().insert(stage, n);
    }
    let projects = projects.into_iter().map(|(standing, n)| (standing.unwrap_or_else(|| "pending".to_owned()), n));
    Ok((Some(by_sector), Some(projects.collect())))
}
