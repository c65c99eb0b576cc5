//! What the notices found are of: how many of each sector, stage, district and standing.
//!
//! Counted are the newest [`COUNTED`](super::COUNTED), as lists count: beyond, nobody counts along.

use std::collections::BTreeMap;

use sqlx::{Sqlite, Transaction};

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
}

impl Facets {
    /// What the notices in these rows are of.
    pub(super) async fn count(transaction: &mut Transaction<'_, Sqlite>, rows: &[i64]) -> Result<Self, StoreError> {
        let sql = "SELECT n.sector, n.stage, n.region, n.standing
            FROM json_each(?) j CROSS JOIN notice n ON n.idx = j.value";
        let query = sqlx::query_as::<_, (String, String, String, Option<String>)>(sql).bind(format!("{rows:?}"));
        let mut facets = Self::default();
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
}
