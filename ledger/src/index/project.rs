//! A project while a batch of notices is added to it.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, Transaction};

use super::document::{Document, Meaning};
use super::terms::Stream;
use crate::store::{StoreError, index_of};

/// Lines by which a project is found: one with very many titles is found by the first of them.
const MAX_LINES: usize = 200;

/// A project while a batch adds to it.
pub(super) struct Project {
    pub(super) first: u64,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sector: String,
    pub(super) region: String,
    pub(super) newest: u64,
    pub(super) notices: i64,
    pub(super) words: Vec<String>,
    facets: BTreeSet<String>,
    /// The terms it was indexed by before.
    pub(super) before: Option<String>,
}

impl Project {
    /// Those of these notices' projects that were indexed before, by id.
    pub(super) async fn open_all(
        transaction: &mut Transaction<'_, Sqlite>,
        meanings: &[Meaning],
    ) -> Result<BTreeMap<String, Self>, StoreError> {
        let ids: BTreeSet<&str> = meanings.iter().filter_map(Meaning::project).collect();
        let ids = serde_json::to_string(&ids).expect("strings have a JSON");
        let sql = "SELECT id, first, name, sector, region, newest, notices, words, facets
            FROM project WHERE id IN (SELECT value FROM json_each(?))";
        let rows = sqlx::query(sql).bind(ids).fetch_all(&mut **transaction).await?;
        rows.iter().map(Self::read).map(|read| read.map(|project| (project.id.clone(), project))).collect()
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let (words, facets): (String, String) = (row.try_get(7)?, row.try_get(8)?);
        let mut project = Self {
            id: row.try_get(0)?,
            first: index_of(row.try_get(1)?),
            name: row.try_get(2)?,
            sector: row.try_get(3)?,
            region: row.try_get(4)?,
            newest: index_of(row.try_get(5)?),
            notices: row.try_get(6)?,
            words: words.lines().map(str::to_owned).collect(),
            facets: facets.split(' ').map(str::to_owned).collect(),
            before: None,
        };
        project.before = Some(project.terms());
        Ok(project)
    }

    pub(super) fn new(document: &Document) -> Self {
        Self {
            first: document.index,
            id: document.project.clone(),
            name: String::new(),
            sector: document.sector.to_owned(),
            region: String::new(),
            newest: document.index,
            notices: 0,
            words: vec![document.project.clone()],
            facets: BTreeSet::new(),
            before: None,
        }
    }

    pub(super) fn add(&mut self, document: &Document) {
        (self.newest, self.notices) = (document.index, self.notices + 1);
        if !document.project_name.is_empty() {
            self.name.clone_from(&document.project_name);
        }
        if self.region.is_empty() {
            self.region.clone_from(&document.region);
        }
        for text in [&document.project_name, &document.title] {
            let line: String = text.lines().collect();
            if !line.is_empty() && self.words.len() < MAX_LINES && !self.words.contains(&line) {
                self.words.push(line);
            }
        }
        self.facets.extend(document.project_facets());
    }

    pub(super) fn facets(&self) -> String {
        self.facets.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn terms(&self) -> String {
        let mut stream = Stream::default();
        stream.add(&self.words.join("\n"));
        stream.add_facets(&self.facets());
        stream.finish()
    }
}
