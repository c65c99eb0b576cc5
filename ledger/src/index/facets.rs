//! What the notices found are of: how many of each sector, stage, district and standing.
//!
//! Counted are the newest [`COUNTED`](super::COUNTED), as lists count: beyond, nobody counts along.

use std::collections::BTreeMap;

use sqlx::{Sqlite, Transaction};

use crate::store::{StoreError, index_of};

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
        let sql = "WITH hit AS MATERIALIZED (
                SELECT n.sector, n.stage, n.region, n.standing FROM json_each(?) j CROSS JOIN notice n ON n.idx = j.value)
            SELECT 0, sector, count(*) FROM hit GROUP BY sector UNION ALL
            SELECT 1, stage, count(*) FROM hit GROUP BY stage UNION ALL
            SELECT 2, region, count(*) FROM hit WHERE region <> '' GROUP BY region UNION ALL
            SELECT 3, standing, count(*) FROM hit WHERE standing IS NOT NULL GROUP BY standing";
        let query = sqlx::query_as::<_, (i64, String, i64)>(sql).bind(format!("{rows:?}"));
        let mut facets = Self::default();
        for (facet, code, n) in query.fetch_all(&mut **transaction).await? {
            let counts = match facet {
                0 => &mut facets.sectors,
                1 => &mut facets.stages,
                2 => &mut facets.regions,
                _ => &mut facets.standings,
            };
            counts.insert(code, index_of(n));
        }
        Ok(facets)
    }
}
