//! Statistics: the figures of an inspector's report, kept up to date; cell by cell what `mingzhang-verify audit --report` computes
//! from the same ledger by its own clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::index::{Figures, Part};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;
use verifier::explain::lifecycle_json;
use verifier::inspection::{csv, totals};
use verifier::lifecycle::shipped::is_shipped;
use verifier::record::code::Sector;
use verifier::record::entry::EntryTime;

use super::answer::Answer;
use super::cache::Cache;
use super::entry_view::rfc3339;
use super::parameters::{SectorCode, bad, district, sector};
use super::problem::{Code, Problem};
use super::{Site, query};
use crate::language::Language;

/// `text/csv`.
pub(crate) const CSV: &str = "text/csv; charset=utf-8";

/// Figures, as of a head.
#[derive(Serialize, ToSchema)]
pub(crate) struct Statistics {
    /// Entries of the head.
    entries: u64,
    /// When it was sealed, in seconds since the Unix epoch: deadlines that passed before are overdue.
    as_of: i64,
    /// The same, RFC 3339 in Asia/Shanghai.
    as_of_text: String,
    /// Whose clock that is: `ledger`.
    clock: &'static str,
    /// Projects that are still to be judged again: while there are any, their figures are those of an earlier head.
    pending: u64,
    /// The part that was asked for: a sector's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    sector: Option<&'static str>,
    /// The part that was asked for: a district.
    #[serde(skip_serializing_if = "Option::is_none")]
    district: Option<String>,
    /// The rulebooks and calendars recorded.
    #[schema(value_type = Object)]
    law: Json,
    /// Sums over all projects, as in `report.json`.
    #[schema(value_type = Object)]
    totals: Json,
    /// The rows of each table, as in `report.json`.
    #[schema(value_type = Object)]
    figures: BTreeMap<&'static str, Json>,
}

/// Which figures are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WantedFigures {
    sector: String,
    district: String,
    lang: String,
}

impl WantedFigures {
    /// The part.
    pub(crate) fn part(&self) -> Result<Part, Problem> {
        Ok(Part { sector: sector(&self.sector)?, district: district(&self.district)? })
    }

    fn language(&self) -> Result<Language, Problem> {
        match self.lang.as_str() {
            "" | "zh" => Ok(Language::Zh),
            "en" => Ok(Language::En),
            _ => Err(bad("lang", "应为 zh 或 en", "zh or en is expected")),
        }
    }
}

impl Site {
    /// The figures of a part.
    pub(crate) async fn figures(&self, part: &Part) -> Result<Figures, Problem> {
        self.index_ready()?;
        let figures = self.index.figures(part).await?;
        figures.ok_or_else(|| Problem::of(Code::IndexBuilding).retry_after(2))
    }
}

/// Statistics
///
/// Disclosure by sector, district and responsible unit, by rule and by month, periods against their lawful minimum, listings and
/// results: of all projects, or of one sector or district. Each number is the length of a list: `/api/v1/projects?figure=…`.
#[utoipa::path(get, path = "/api/v1/statistics", tag = "registers",
    params(("sector" = Option<SectorCode>, Query, description = "Of projects of this sector alone", example = "land"),
        ("district" = Option<String>, Query, description = "Of projects of this district alone: six digits of GB/T 2260, or `none`", pattern = "^([0-9]{6}|none)?$", example = "420106")),
    responses((status = 200, description = "Every table", body = Statistics)))]
pub(crate) async fn statistics(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted: WantedFigures = query(&text)?;
    if !wanted.lang.is_empty() {
        return Err(bad("lang", "此处没有该参数", "there is no such parameter here"));
    }
    let part = wanted.part()?;
    let figures = site.figures(&part).await?;
    let as_of_ms = u64::try_from(figures.as_of).unwrap_or(0).saturating_mul(1000);
    let statistics = Statistics {
        entries: figures.size,
        as_of: figures.as_of,
        as_of_text: rfc3339(EntryTime(as_of_ms)),
        clock: "ledger",
        pending: figures.pending,
        sector: part.sector.map(Sector::code),
        district: part.district,
        law: lifecycle_json::law(&figures.law, is_shipped),
        totals: totals(&figures.summary).into(),
        figures: figures.tables.iter().map(|table| (table.spec.key, table.json_rows())).collect(),
    };
    Ok(Answer::json(Cache::Revalidate, &statistics))
}

/// One table of the statistics
///
/// As CSV (UTF-8 with a byte order mark, for spreadsheets) or JSON.
#[utoipa::path(get, path = "/api/v1/statistics/{table}", tag = "registers",
    params(("table" = String, Path, description = "`sectors`, `districts`, `units`, `rules`, `periods`, `margins`, `counts`, `months` or `listings`, then `.csv` or `.json`", example = "districts.csv"),
        ("sector" = Option<SectorCode>, Query, description = "Of projects of this sector alone"),
        ("district" = Option<String>, Query, description = "Of projects of this district alone: six digits of GB/T 2260, or `none`", pattern = "^([0-9]{6}|none)?$"),
        ("lang" = Option<String>, Query, description = "The language of texts in a CSV: `zh` (default) or `en`", pattern = "^(zh|en)?$")),
    responses((status = 200, description = "The table", content((String = "text/csv; charset=utf-8"), (Vec<Object> = "application/json")))))]
pub(crate) async fn table(file: String, text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted: WantedFigures = query(&text)?;
    let language = wanted.language()?;
    let none = || {
        Problem::new(
            Code::NotFound,
            "没有这张统计表".to_owned(),
            "there is no such table: see /api/v1/statistics".to_owned(),
        )
    };
    let (key, form) = file.rsplit_once('.').ok_or_else(none)?;
    let part = wanted.part()?;
    let figures = site.figures(&part).await?;
    let table = figures.tables.iter().find(|table| table.spec.key == key).ok_or_else(none)?;
    match form {
        "json" => Ok(Answer::json(Cache::Revalidate, &table.json_rows())),
        "csv" => {
            let text = csv::file(table, |text| language.pick(&text.zh, &text.en));
            let name = format!("attachment; filename=\"{key}.csv\"");
            Ok(Answer::new(CSV, Cache::Revalidate, text).with_header(http::header::CONTENT_DISPOSITION, &name))
        }
        _ => Err(none()),
    }
}
