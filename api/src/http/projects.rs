//! Projects: the timeline a person reads, the dossier and the absence proof a machine verifies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::time::timeout;
use utoipa::ToSchema;
use verifier::dossier::{Dossier, DossierFile, Recorded};
use verifier::explain::{lifecycle as words, lifecycle_json};
use verifier::lifecycle::AsOf;
use verifier::lifecycle::rulebook::Text;
use verifier::lifecycle::shipped::is_shipped;
use verifier::lifecycle::verdict::LotVerdict;
use verifier::log::index::LeafIndex;
use verifier::record::code::Stage;
use verifier::record::entry::EntryTime;
use verifier::record::statement::Content;
use verifier::record::subject::{ProjectId, Subject};

use super::answer::{Answer, JSON};
use super::cache::Cache;
use super::entry_view::{SealedView, kind_name, rfc3339};
use super::parameters::StageCode;
use super::problem::{Code, Problem};
use super::{Site, query};

/// A project's timeline.
#[derive(Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// The project's id, normalised.
    project: String,
    /// Entries of the ledger at the head this is as of.
    size: u64,
    /// When that head was sealed, RFC 3339 in Asia/Shanghai, by the ledger's clock.
    as_of: String,
    /// Notices per stage.
    tally: BTreeMap<&'static str, u64>,
    /// What the rules recorded in this ledger say of it as of then, and what is due: as `mingzhang-verify dossier --json`
    /// gives it under `lifecycle`. It is the ledger's reading; the dossier lets anyone judge for himself.
    #[schema(value_type = Object)]
    lifecycle: Json,
    /// What is due next in each lot, the earliest first; what is overdue stands in `lifecycle`.
    next: Vec<NextDue>,
    /// Its entries, oldest first.
    entries: Vec<TimelineEntry>,
}

/// What is due next in a lot.
#[derive(Serialize, ToSchema)]
struct NextDue {
    /// The lot; none for a project without lots.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
    /// The last lawful instant, in seconds since the Unix epoch.
    due: i64,
    /// The same as RFC 3339 in Asia/Shanghai.
    due_at: String,
    /// The rule that says so.
    rule: String,
    /// What the rule asks for.
    title: BothLanguages,
    /// Where the law says so.
    basis: BothLanguages,
    /// The stage to be disclosed, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
struct BothLanguages {
    zh: String,
    en: String,
}

impl From<Text> for BothLanguages {
    fn from(Text { zh, en }: Text) -> Self {
        Self { zh, en }
    }
}

impl NextDue {
    fn of(lot: &LotVerdict<'_>) -> Option<Self> {
        let next = lot.next.as_ref()?;
        let rule = lot.outcomes.iter().map(|outcome| outcome.rule).find(|rule| rule.id == next.rule)?;
        let ms = u64::try_from(next.due).unwrap_or(0).saturating_mul(1000);
        Some(Self {
            lot: lot.id.clone(),
            due: next.due,
            due_at: rfc3339(EntryTime(ms)),
            rule: next.rule.clone(),
            title: rule.title.clone().into(),
            basis: words::basis(&rule.basis).into(),
            stage: next.stage.map(Stage::code),
        })
    }
}

/// An entry of a timeline.
#[derive(Serialize, ToSchema)]
struct TimelineEntry {
    /// Its index.
    index: u64,
    /// Its place among the project's, from 0.
    seq: u64,
    /// `notice`, `reveal` or `erasure`.
    kind: &'static str,
    /// Milliseconds since the Unix epoch, by the ledger's clock.
    time: u64,
    /// The same as RFC 3339 in Asia/Shanghai.
    recorded_at: String,
    /// Who says it.
    publisher: String,
    /// By what name it was enrolled then.
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher_name: Option<String>,
    /// The statement's id, unique for its publisher.
    id: String,
    /// The stage's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    /// The notice's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The entry that a reveal or an erasure is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<u64>,
    /// What the notice sealed, and whether it was revealed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sealed: Vec<SealedView>,
    /// How many of its values were lawfully erased.
    erased: usize,
}

impl Timeline {
    fn of(dossier: &Dossier, project: &ProjectId) -> Self {
        let law = dossier.law();
        let at = i64::try_from(dossier.sealed_at.0 / 1000).unwrap_or(i64::MAX);
        let verdict = dossier.judge(&law, AsOf { at, quorum: false });
        let mut next: Vec<NextDue> = verdict.lots.iter().filter_map(NextDue::of).collect();
        next.sort_by_key(|next| next.due);
        let entries = dossier.own_entries().filter_map(|(index, recorded)| TimelineEntry::of(dossier, index, recorded));
        Self {
            project: project.as_str().to_owned(),
            size: dossier.head.checkpoint.size.0,
            as_of: rfc3339(dossier.sealed_at),
            tally: dossier.state.tally.iter().map(|(stage, n)| (stage.code(), n)).collect(),
            lifecycle: lifecycle_json::lifecycle(&verdict, &law, is_shipped),
            next,
            entries: entries.collect(),
        }
    }
}

impl TimelineEntry {
    fn of(dossier: &Dossier, index: LeafIndex, recorded: &Recorded) -> Option<Self> {
        let statement = recorded.statement.as_ref()?;
        let notice = statement.notice();
        let registry = dossier.registry.as_ref();
        let sealed = recorded.sealed().iter().map(|one| SealedView {
            field: one.field.code(),
            until: one.until.clone(),
            revealed: Some(dossier.disclosures.is_revealed(index, one.digest)),
        });
        let missing = recorded.shown.missing.iter();
        Some(Self {
            index: index.0,
            seq: recorded.seq,
            kind: kind_name(statement),
            time: recorded.time.0,
            recorded_at: rfc3339(recorded.time),
            publisher: statement.iss.as_str().to_owned(),
            publisher_name: registry.and_then(|registry| registry.name(&statement.iss, index)).map(str::to_owned),
            id: statement.jti.clone(),
            stage: notice.map(|notice| notice.stage.code()),
            title: notice.map(|notice| notice.title.clone()),
            target: match &statement.content {
                Content::Reveal { target, .. } | Content::Erasure { target, .. } => Some(target.0),
                _ => None,
            },
            sealed: sealed.collect(),
            erased: missing.filter(|digest| dossier.disclosures.is_erased(index, **digest)).count(),
        })
    }
}

/// A project's timeline, verdict, and what is due
///
/// `{project}` is the id as a person types it, percent-encoded (`/` as `%2F`, or as it is); it is normalised here.
#[utoipa::path(get, path = "/api/v1/projects/{project}", tag = "projects",
    params(("project" = String, Path, description = "The project's id", example = "P-1")),
    responses((status = 200, description = "Its entries, oldest first, and how it stands under the rules as of the head", body = Timeline)))]
#[allow(dead_code)] // served by `project`
pub(crate) fn timeline() {}

/// A project's dossier
///
/// Everything about the project with proofs that it is everything, for `mingzhang-verify dossier`. Of a project the ledger does
/// not hold, the proof that it is absent.
#[utoipa::path(get, path = "/api/v1/projects/{project}/dossier", tag = "projects",
    params(("project" = String, Path, description = "The project's id", example = "P-1")),
    responses((status = 200, description = "`mingzhang-dossier/v1`", body = Object)))]
#[allow(dead_code)] // served by `project`
pub(crate) fn dossier() {}

/// The proof that a project's stage was not disclosed
///
/// A dossier without entries: what the map holds for the project. Where a stage is asked for that was disclosed, there is no
/// such proof: 409.
#[utoipa::path(get, path = "/api/v1/projects/{project}/absence", tag = "projects",
    params(("project" = String, Path, description = "The project's id", example = "P-1"),
        ("stage" = Option<StageCode>, Query, description = "The stage that must be absent", example = "performance")),
    responses((status = 200, description = "`mingzhang-dossier/v1` without entries", body = Object)))]
#[allow(dead_code)] // served by `project`
pub(crate) fn absence() {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AbsenceQuery {
    stage: Option<String>,
}

/// Whatever is asked of a project. An id may hold slashes, so that the rest of the path is read here: what stands last tells.
pub(crate) async fn project(tail: warp::path::Tail, text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let (id, asked) = match tail.as_str().rsplit_once('/') {
        Some((id, last @ ("dossier" | "absence"))) => (id, last),
        _ => (tail.as_str(), ""),
    };
    let id = project_id(id)?;
    if asked == "absence" {
        return answer_absence(&site, &id, query(&text)?).await;
    }
    if asked == "dossier" {
        let file = cosigned(&site, &Subject::Project(id.clone()), Wanted::Entries).await?;
        return Ok(file_answer(&file, &id, "dossier"));
    }
    let (_, dossier) = open(&site, &id).await?;
    Ok(Answer::json(Cache::Revalidate, &Timeline::of(&dossier, &id)))
}

/// A project's dossier as a file, and opened.
pub(crate) async fn open(site: &Site, id: &ProjectId) -> Result<(DossierFile, Dossier), Problem> {
    let file = cosigned(site, &Subject::Project(id.clone()), Wanted::Entries).await?;
    if file.subjects[0].state.count == 0 {
        return Err(unknown(site, id).await);
    }
    let dossier = tokio::task::block_in_place(|| crate::reading::open_own(&file)).map_err(|failure| {
        tracing::error!(error = failure.message, "the ledger's own dossier does not verify");
        Problem::of(Code::Internal)
    })?;
    Ok((file, dossier))
}

/// How long the head of a dossier is waited for, and how many are tried.
const COSIGNED: (Duration, usize) = (Duration::from_secs(5), 5);

/// A dossier whose head may leave, and has its quorum where witnesses are asked. One whose head was passed over by a newer one
/// is made again. What still lacks its quorum goes as it is: its reader is told so by the verifier.
async fn cosigned(site: &Site, subject: &Subject, wanted: Wanted) -> Result<DossierFile, Problem> {
    let mut file = make(site, subject, wanted).await?;
    let Some(cosigning) = &site.cosigning else { return Ok(file) };
    for _ in 0..COSIGNED.1 {
        let size = file.head.checkpoint.checkpoint.size;
        let Ok(note) = timeout(COSIGNED.0, cosigning.until_published(size)).await else { break };
        let note = note?;
        if note.checkpoint.size == size {
            file.head.checkpoint = note;
            break;
        }
        file = make(site, subject, wanted).await?;
    }
    Ok(file)
}

/// What is wanted of a project: its entries, or only the proof of what there is.
#[derive(Clone, Copy)]
enum Wanted {
    Entries,
    Absence,
}

async fn make(site: &Site, subject: &Subject, wanted: Wanted) -> Result<DossierFile, Problem> {
    let file = match wanted {
        Wanted::Entries => site.ledger.dossier(subject).await?,
        Wanted::Absence => site.ledger.absence(subject).await?,
    };
    site.until_published(file.head.checkpoint.checkpoint.size).await?;
    Ok(file)
}

/// The id in a path, as a person types it.
pub(crate) fn project_id(encoded: &str) -> Result<ProjectId, Problem> {
    let typed = percent_decode_str(encoded).decode_utf8().map_err(|_| {
        Problem::new(Code::BadRequest, "项目编号应为百分号编码的 UTF-8", "a project id is percent-encoded UTF-8")
    })?;
    // What can be no id is no project's.
    ProjectId::normalise(&typed).map_err(|error| Problem::say(Code::UnknownProject, &error))
}

async fn answer_absence(site: &Site, id: &ProjectId, wanted: AbsenceQuery) -> Result<Answer, Problem> {
    let stage = wanted.stage.filter(|code| !code.is_empty()).map(|code| stage(&code)).transpose()?;
    let subject = Subject::Project(id.clone());
    let file = cosigned(site, &subject, Wanted::Absence).await?;
    let tally = &file.subjects[0].state.tally;
    let disclosed = stage.and_then(|stage| tally.iter().find(|(found, _)| *found == stage));
    match disclosed {
        None => Ok(file_answer(&file, id, "absence")),
        Some((stage, n)) => Err(Problem::new(
            Code::StageDisclosed,
            format!("{id} 的“{}”环节已有 {n} 份公告，没有缺失可证", stage.zh()),
            format!("{id} has {n} notices of stage `{}`: nothing is absent", stage.code()),
        )),
    }
}

fn stage(code: &str) -> Result<Stage, Problem> {
    Stage::parse(code).ok_or_else(|| {
        let known = Stage::ALL.iter().map(|stage| stage.code()).collect::<Vec<_>>().join(", ");
        Problem::new(
            Code::BadRequest,
            format!("`{code}` 不是环节代码；可用：{known}"),
            format!("`{code}` is no stage; known are: {known}"),
        )
    })
}

fn file_answer(file: &DossierFile, id: &ProjectId, kind: &str) -> Answer {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = id.as_str().chars().map(plain).collect();
    Answer::new(JSON, Cache::Revalidate, file.format())
        .with_header(http::header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}.{kind}.json\""))
}

/// That there is no such project, with ids near it where somebody else is not looking just now.
async fn unknown(site: &Site, id: &ProjectId) -> Problem {
    let near = match site.scans.try_acquire() {
        Ok(_turn) => site.ledger.near(id).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    Problem::new(Code::UnknownProject, format!("账本中没有项目 {id}"), format!("the ledger has no entry of {id}"))
        .near(near)
}
