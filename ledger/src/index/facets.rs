//! What the notices found are of: how many of each sector, stage, district and standing.
//!
//! Counted are the newest [`COUNTED`](super::COUNTED), as lists count: beyond, nobody counts along.

use std::collections::BTreeMap;

use sqlx::{Sqlite, Transaction};

use super::notices::{NOTICES, NoticeFilter, newest};
use super::schema::failed;
use super::terms::Words;
use super::{COUNTED, Index};
use crate::error::LedgerError;
use crate::store::StoreError;

/// How many of the notices found are of what, by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By sector.
    pub sectors: BTreeMap<String, u64>,
    /// By stage.
    pub stages: BTreeMap<String, u64>,
    /// By region; those that give none are not among them.
    pub regions: BTreeMap<String, u64>,
    /// By how their project stands; those not judged yet are not among them.
    pub standings: BTreeMap<String, u64>,
    /// Whether there may be more than were counted.
    pub more: bool,
}

impl Index {
    /// What the newest notices found are of, by facet.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn facets(&self, filter: &NoticeFilter) -> Result<Facets, LedgerError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        let Some(question) = filter.question(&mut transaction, self.looked_at).await? else {
            return Ok(Facets::default());
        };
        let expression = question.expression(filter.shared.words.as_ref().map(Words::anywhere));
        let (mut rows, stopped) = newest(&mut transaction, &NOTICES, expression, &question).await?;
        let counted = usize::try_from(COUNTED).expect("a thousand");
        let more = rows.len() > counted || stopped.is_some();
        rows.truncate(counted);
        Ok(Facets { more, ..count(&mut transaction, &rows).await? })
    }
}

async fn count(transaction: &mut Transaction<'_, Sqlite>, rows: &[i64]) -> Result<Facets, StoreError> {
    let sql = "SELECT n.sector, n.stage, n.region, n.standing
        FROM json_each(?) j CROSS JOIN notice n ON n.idx = j.value";
    let query = sqlx::query_as::<_, (String, String, String, Option<String>)>(sql).bind(format!("{rows:?}"));
    let mut facets = Facets::default();
    for (sector, stage, region, standing) in query.fetch_all(&mut **transaction).await? {
        *facets.sectors.entry(sector).or_default() += 1;
        *facets.stages.entry(stage).or_default() += 1;
        if !region.is_empty() {
            *facets.regions.entry(region).or_default() += 1;
        }
        if let Some(standing) = standing {
            *facets.standings.entry(standing).or_default() += 1;
        }
    }
    Ok(facets)
}
