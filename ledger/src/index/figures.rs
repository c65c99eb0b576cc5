//! Statistics: the figures of every project as it was last judged, added up.
//!
//! ```text
//! judged ─▶ ProjectFigures ─┬─▶ project_figures, figure      in the file, with the standing, as one transaction
//!                           └─▶ cells: (sector, district) ─▶ Summary      in memory: the old taken away, the new added
//! ```
//!
//! The sums are read from the file when it is opened, and again after anything failed; so they are what the file holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use futures_util::TryStreamExt as _;
use sqlx::{Row as _, Sqlite, Transaction};
use verifier::inspection::figures::{month_name, of_counts, of_listings, of_margins, of_month, of_periods};
use verifier::inspection::{Table, tables};
use verifier::lifecycle::Law;
use verifier::lifecycle::instant::Seconds;
use verifier::lifecycle::summary::{Names, ProjectFigures, Summary};
use verifier::lifecycle::verdict::{Outcome, StageStatus};
use verifier::record::code::Sector;

use super::Index;
use super::schema::failed;
use crate::error::LedgerError;
use crate::store::{StoreError, row_id};

/// Sums of filters that are kept until the next change.
const KEPT: usize = 64;

/// Of which projects the figures are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Of this sector.
    pub sector: Option<Sector>,
    /// Of this district, six digits of GB/T 2260; an empty one is of those without.
    pub district: Option<String>,
}

/// The figures of a ledger.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The sums.
    pub summary: Arc<Summary>,
    /// Their tables.
    pub tables: Arc<Vec<Table>>,
    /// The rules they are of.
    pub law: Arc<Law>,
    /// Entries of the head as of which they are.
    pub size: u64,
    /// When that was sealed, by the ledger's clock.
    pub as_of: Seconds,
    /// Projects of which what changed since is still to be judged: while there are any, figures are of different heads.
    pub pending: u64,
}

/// What a part comes to, until something changes.
#[derive(Clone, Debug)]
struct Kept {
    summary: Arc<Summary>,
    tables: Arc<Vec<Table>>,
    law: Arc<Law>,
}

/// The sums in memory.
#[derive(Debug, Default)]
pub(super) struct Sums {
    cells: BTreeMap<(Sector, Option<String>), Summary>,
    kept: BTreeMap<Part, Kept>,
    /// How often they have changed.
    changes: u64,
}

impl Sums {
    fn cell(&mut self, figures: &ProjectFigures) -> &mut Summary {
        self.cells.entry((figures.sector, figures.region.clone())).or_default()
    }

    fn change(&mut self, (before, now): &Change) {
        if let Some(before) = before {
            self.cell(before).exclude(before);
        }
        if let Some(now) = now {
            self.cell(now).include(now);
        }
    }

    fn of(&self, part: &Part) -> Summary {
        let mut sum = Summary::default();
        for ((sector, district), cell) in &self.cells {
            let is_of = part.sector.is_none_or(|wanted| wanted == *sector)
                && part.district.as_deref().is_none_or(|wanted| wanted == district.as_deref().unwrap_or_default());
            if is_of {
                sum.merge(cell);
            }
        }
        sum
    }

    /// What is kept of a part under these rules.
    fn kept(&self, part: &Part, law: &Arc<Law>) -> Option<Kept> {
        self.kept.get(part).filter(|kept| Arc::ptr_eq(&kept.law, law)).cloned()
    }

    fn keep(&mut self, part: &Part, kept: Kept) {
        if self.kept.len() >= KEPT {
            self.kept.clear();
        }
        self.kept.insert(part.clone(), kept);
    }
}

/// What a project added before, and what it adds now.
pub(super) type Change = (Option<ProjectFigures>, Option<ProjectFigures>);

/// Texts that figures name, with their numbers in the file.
#[derive(Debug, Default)]
pub(super) struct Interned {
    numbers: HashMap<Arc<str>, u64>,
    texts: Vec<Arc<str>>,
    /// How many of them the file has.
    written: usize,
}

impl Interned {
    fn push(&mut self, text: &str) -> u64 {
        let (number, text): (u64, Arc<str>) = (self.texts.len() as u64, text.into());
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// Writes those that the file does not have.
    async fn write(&mut self, transaction: &mut Transaction<'_, Sqlite>) -> Result<(), StoreError> {
        for (number, text) in self.texts.iter().enumerate().skip(self.written) {
            let query = sqlx::query("INSERT INTO name VALUES (?, ?)").bind(row_id(number as u64)).bind(text.as_ref());
            query.execute(&mut **transaction).await?;
        }
        self.written = self.texts.len();
        Ok(())
    }
}

impl Names for Interned {
    fn number(&mut self, text: &str) -> u64 {
        self.numbers.get(text).copied().unwrap_or_else(|| self.push(text))
    }

    fn text(&self, number: u64) -> Option<&str> {
        self.texts.get(usize::try_from(number).ok()?).map(AsRef::as_ref)
    }
}

impl Index {
    /// The figures of all projects, or of a part of them; nothing while they are being read.
    ///
    /// # Errors
    /// The index or the ledger cannot be read.
    pub async fn figures(&self, part: &Part) -> Result<Option<Figures>, LedgerError> {
        let size = self.progress.borrow().indexed;
        let Some(as_of) = self.sealed_at(size).await? else { return Ok(None) };
        let law = self.law().await?;
        let pending = self.pending(as_of).await?;
        let Some(Kept { summary, tables, law }) = self.sum(part, law) else { return Ok(None) };
        Ok(Some(Figures { summary, tables, law, size, as_of, pending }))
    }

    /// The sum of a part and its tables, which are made outside the lock.
    fn sum(&self, part: &Part, law: Arc<Law>) -> Option<Kept> {
        let lock = || self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let (summary, changes) = {
            let sums = lock();
            let sums = sums.as_ref()?;
            if let Some(kept) = sums.kept(part, &law) {
                return Some(kept);
            }
            (sums.of(part), sums.changes)
        };
        let tables = Arc::new(tables(&summary, &law));
        let kept = Kept { summary: Arc::new(summary), tables, law };
        if let Some(sums) = lock().as_mut().filter(|sums| sums.changes == changes) {
            sums.keep(part, kept.clone());
        }
        Some(kept)
    }

    /// Reads the sums from the file, unless that was done.
    pub(super) async fn load_figures(&self) -> Result<(), LedgerError> {
        let mut names = self.names.lock().await;
        if names.is_some() {
            return Ok(());
        }
        let mut interned = Interned::default();
        let query = sqlx::query_scalar("SELECT text FROM name ORDER BY number");
        let texts: Vec<String> = query.fetch_all(&self.pool).await.map_err(failed)?;
        for text in &texts {
            interned.push(text);
        }
        interned.written = texts.len();
        let mut sums = Sums::default();
        let mut rows = sqlx::query("SELECT bytes FROM project_figures").fetch(&self.pool);
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let figures = ProjectFigures::from_bytes(row.try_get(0).map_err(failed)?, &interned);
            sums.change(&(None, Some(figures.ok_or(LedgerError::Inconsistent { what: "figures cannot be read" })?)));
        }
        drop(rows);
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) = Some(sums);
        *names = Some(interned);
        Ok(())
    }

    /// Adds to the sums what was committed.
    pub(super) fn add_figures(&self, changes: &[Change]) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sums) = sums.as_mut().filter(|_| !changes.is_empty()) {
            for change in changes {
                sums.change(change);
            }
            sums.kept.clear();
            sums.changes += 1;
        }
    }

    /// Forgets the sums: they are read from the file again.
    pub(super) fn forget_figures(&self) {
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Puts the figures of a project in the place of those it had: what changed, if anything did.
pub(super) async fn write(
    transaction: &mut Transaction<'_, Sqlite>,
    names: &mut Interned,
    project: i64,
    now: Option<ProjectFigures>,
) -> Result<Option<Change>, StoreError> {
    let query = sqlx::query_scalar("SELECT bytes FROM project_figures WHERE project = ?").bind(project);
    let bytes: Option<Vec<u8>> = query.fetch_optional(&mut **transaction).await?;
    let before = bytes.and_then(|bytes| ProjectFigures::from_bytes(&bytes, names));
    if before == now {
        return Ok(None);
    }
    let lists = |figures: Option<&ProjectFigures>| figures.map(lists_of).unwrap_or_default();
    let (old, new) = (lists(before.as_ref()), lists(now.as_ref()));
    for (sql, lists) in [
        ("DELETE FROM figure WHERE name = ? AND project = ?", old.difference(&new)),
        ("INSERT INTO figure VALUES (?, ?)", new.difference(&old)),
    ] {
        for list in lists {
            let query = sqlx::query(sql).bind(row_id(names.number(list))).bind(project);
            query.execute(&mut **transaction).await?;
        }
    }
    let query = match &now {
        Some(now) => {
            let sql = "INSERT INTO project_figures VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes";
            sqlx::query(sql).bind(project).bind(now.to_bytes(names))
        }
        None => sqlx::query("DELETE FROM project_figures WHERE project = ?").bind(project),
    };
    query.execute(&mut **transaction).await?;
    names.write(transaction).await?;
    Ok(Some((before, now)))
}

/// The numbers of lists; nothing if one of them has no project.
pub(super) async fn numbers_of(
    transaction: &mut Transaction<'_, Sqlite>,
    lists: &[String],
) -> Result<Option<Vec<i64>>, StoreError> {
    let mut numbers = Vec::with_capacity(lists.len());
    for list in lists {
        let query = sqlx::query_scalar("SELECT number FROM name WHERE text = ?").bind(list);
        let Some(number) = query.fetch_optional(&mut **transaction).await? else { return Ok(None) };
        numbers.push(number);
    }
    Ok(Some(numbers))
}

/// The list of all projects of a sector, by their first notices.
pub fn list_of_sector(sector: Sector) -> String {
    format!("sector:{}", sector.code())
}

/// The list of all projects of a district; of an empty one, of those without.
pub fn list_of_district(district: &str) -> String {
    format!("district:{district}")
}

/// The list of all projects of a responsible unit.
pub fn list_of_unit(unit: &str) -> String {
    format!("unit:{unit}")
}

/// The lists that a project stands in: those of its sector, district and unit, and one for each figure of the tables it counts in,
/// named `column` or `table:row:column`.
fn lists_of(figures: &ProjectFigures) -> BTreeSet<String> {
    let group = &figures.group;
    let mut lists = BTreeSet::from([
        list_of_sector(figures.sector),
        list_of_district(figures.region.as_deref().unwrap_or_default()),
        list_of_unit(&figures.unit),
    ]);
    let mut put = |list: String, n: u64| {
        if n > 0 {
            lists.insert(list);
        }
    };
    group.standings.iter().for_each(|(standing, n)| put(standing.code().replace('-', "_"), *n));
    put("stages_due".to_owned(), group.due_stages());
    put("on_time".to_owned(), group.stage(StageStatus::OnTime));
    put("late".to_owned(), group.stage(StageStatus::Late));
    put("missing".to_owned(), group.stage(StageStatus::Missing));
    for (rule, of_rule) in &figures.rules {
        let asked = of_rule.outcomes.iter().filter(|(outcome, _)| **outcome != Outcome::NotApplicable);
        asked.for_each(|(outcome, n)| put(format!("rules:{rule}:{}", outcome.code()), *n));
        put(format!("rules:{rule}:borderline"), of_rule.reasons.get("borderline").copied().unwrap_or_default());
        let (periods, counts) = (&of_rule.periods, &of_rule.counts);
        of_periods(periods).for_each(|(column, n)| put(format!("periods:{rule}:{column}"), n));
        of_margins(periods).for_each(|(column, n)| put(format!("margins:{rule}:{column}"), n));
        of_counts(counts).for_each(|(column, n)| put(format!("counts:{rule}:{column}"), n));
    }
    for (month, of_it) in &figures.months {
        let name = month_name(*month);
        of_month(of_it).for_each(|(column, n)| put(format!("months:{name}:{column}"), n));
    }
    of_listings(&figures.listings).for_each(|(column, n)| put(format!("listings:{column}"), n));
    lists
}
