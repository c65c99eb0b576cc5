//! The schema is what the migrations make: every table, index and trigger, by its own text.

use crate::error::LedgerError;
use crate::store::{Snapshot, fresh_schema};

use super::Stop;

/// Compares `sqlite_schema` with that of a database made just now, and lets SQLite check its own file.
pub(super) async fn check(snapshot: &mut Snapshot) -> Result<(), Stop> {
    let expected = fresh_schema().await.map_err(LedgerError::from)?;
    let found = snapshot.schema().await?;
    for (name, sql) in &expected {
        match found.get(name) {
            Some(other) if other == sql => {}
            Some(other) => return Err(Stop::found("sqlite_schema", name, "sql", sql, other)),
            None => return Err(Stop::found("sqlite_schema", name, "name", sql, "nothing")),
        }
    }
    if let Some((name, sql)) = found.iter().find(|(name, _)| !expected.contains_key(*name)) {
        return Err(Stop::found("sqlite_schema", name, "name", "nothing", sql));
    }
    let integrity = snapshot.integrity().await?;
    if integrity != "ok" {
        return Err(Stop::found("sqlite_schema", "integrity_check", "result", "ok", integrity));
    }
    Ok(())
}
