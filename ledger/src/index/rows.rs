//! What a batch adds to the tables of the index, written together: a statement of its own for each row would cost more than the
//! row.

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, Sqlite, Transaction};

use super::document::{Attachment, Document};
use super::project::Project;
use super::terms::Stream;
use crate::store::{Insert, StoreError, row_id};

const NOTICE: Insert = Insert {
    into: "INSERT INTO notice (idx, project, time, sector, stage, region, publisher, id, title)",
    columns: 9,
    tail: "",
};
const NOTICE_TEXT: Insert = Insert { into: "INSERT INTO notice_text", columns: 4, tail: "" };
const ATTACHMENT: Insert = Insert { into: "INSERT OR IGNORE INTO attachment", columns: 3, tail: "" };
const PROJECT: Insert = Insert {
    into: "INSERT INTO project (first, id, name, sector, region, newest, notices, words, facets, judged)",
    columns: 10,
    tail: " ON CONFLICT DO UPDATE SET name = excluded.name, region = excluded.region, newest = excluded.newest, \
           notices = excluded.notices, words = excluded.words, facets = excluded.facets, judged = excluded.judged",
};
const GONE_PROJECT_TERMS: Insert =
    Insert { into: "INSERT INTO project_terms (project_terms, rowid, terms)", columns: 3, tail: "" };
const PROJECT_TERMS: Insert = Insert { into: "INSERT INTO project_terms (rowid, terms)", columns: 2, tail: "" };
/// In the place of the instant as of which a project was judged: it must be judged again.
const NOT_JUDGED: i64 = -1;

/// Rows of a batch.
#[derive(Default)]
pub(super) struct Rows {
    notices: Vec<Notice>,
    texts: Vec<(i64, [String; 3])>,
    attachments: Vec<(i64, Attachment)>,
    terms: Vec<(i64, String)>,
    projects: Vec<Project>,
    /// What projects were found by before, and are found by now.
    gone: Vec<(i64, String)>,
    found_by: Vec<(i64, String)>,
}

/// A row of `notice`: index, project and time; sector and stage; region, publisher, id and title.
type Notice = ([i64; 3], [&'static str; 2], [String; 4]);

impl Rows {
    /// Adds a notice.
    pub(super) fn add(&mut self, document: Document, project: u64, stream: Stream) {
        let index = row_id(document.index);
        self.terms.push((index, document.finish(stream, project)));
        let Document { time, sector, stage, region, publisher, id, title, names, ids, body, attachments, .. } =
            document;
        self.notices.push(([index, row_id(project), row_id(time)], [sector, stage], [region, publisher, id, title]));
        self.texts.push((index, [names, ids, body]));
        self.attachments.extend(attachments.into_iter().map(|attachment| (index, attachment)));
    }

    /// Adds a project to which all its notices of the batch were added.
    pub(super) fn add_project(&mut self, mut project: Project) {
        let (first, terms) = (row_id(project.first), project.terms());
        let before = project.before.take();
        if before.as_ref() != Some(&terms) {
            self.gone.extend(before.map(|before| (first, before)));
            self.found_by.push((first, terms));
        }
        self.projects.push(project);
    }

    /// Writes them.
    pub(super) async fn write(self, to: &mut Transaction<'_, Sqlite>) -> Result<(), StoreError> {
        NOTICE.rows(to, self.notices, bind_notice).await?;
        NOTICE_TEXT.rows(to, self.texts, bind_text).await?;
        ATTACHMENT.rows(to, self.attachments, bind_attachment).await?;
        // One by one: after a statement of many rows FTS5 leaves copies of terms in its pages that an erasure does not reach.
        for (index, terms) in &self.terms {
            insert_terms(to, *index, terms).await?;
        }
        PROJECT.rows(to, self.projects, bind_project).await?;
        GONE_PROJECT_TERMS.rows(to, self.gone, bind_gone).await?;
        PROJECT_TERMS.rows(to, self.found_by, bind_terms).await
    }
}

/// Gives the full-text index the terms of a notice.
pub(super) async fn insert_terms(to: &mut Transaction<'_, Sqlite>, index: i64, terms: &str) -> Result<(), StoreError> {
    let query = sqlx::query("INSERT INTO notice_terms(rowid, terms) VALUES (?, ?)");
    query.bind(index).bind(terms).execute(&mut **to).await?;
    Ok(())
}

type Bound = Result<(), BoxDynError>;

fn bind_notice(to: &mut SqliteArguments, (numbers, codes, texts): Notice) -> Bound {
    numbers.into_iter().try_for_each(|number| to.add(number))?;
    codes.into_iter().try_for_each(|code| to.add(code))?;
    texts.into_iter().try_for_each(|text| to.add(text))
}

fn bind_text(to: &mut SqliteArguments, (index, texts): (i64, [String; 3])) -> Bound {
    to.add(index)?;
    texts.into_iter().try_for_each(|text| to.add(text))
}

fn bind_attachment(to: &mut SqliteArguments, (index, attachment): (i64, Attachment)) -> Bound {
    to.add(attachment.sha256)?;
    to.add(index)?;
    to.add(attachment.size)
}

fn bind_terms(to: &mut SqliteArguments, (row, terms): (i64, String)) -> Bound {
    to.add(row)?;
    to.add(terms)
}

fn bind_gone(to: &mut SqliteArguments, (row, terms): (i64, String)) -> Bound {
    to.add("delete")?;
    bind_terms(to, (row, terms))
}

fn bind_project(to: &mut SqliteArguments, project: Project) -> Bound {
    let facets = project.facets();
    to.add(row_id(project.first))?;
    [project.id, project.name, project.sector, project.region].into_iter().try_for_each(|text| to.add(text))?;
    to.add(row_id(project.newest))?;
    to.add(project.notices)?;
    to.add(project.words.join("\n"))?;
    to.add(facets)?;
    to.add(NOT_JUDGED)
}
