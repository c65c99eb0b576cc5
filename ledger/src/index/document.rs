//! What of a notice is searched: title, names, ids and the full text.
//!
//! What says who a person is (contacts, experts, members named `person`) is not: a search for people is not what disclosure is
//! for, and such values may have to be erased. What can be sealed (experts, reserve price) is among that or a number, so a
//! reveal adds nothing here.

use std::collections::BTreeSet;

use verifier::record::disclosure::{Disclosure, Shown, check_notice};
use verifier::record::entry::{Body, Entry};
use verifier::record::json::{Object, Value};
use verifier::record::notice::Notice;
use verifier::record::statement::{AuthorityChange, Content, Statement};

use super::terms::{Stream, facet};
use crate::reader::Recorded;

/// A notice as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) index: u64,
    pub(super) time: u64,
    pub(super) project: String,
    pub(super) project_name: String,
    pub(super) sector: &'static str,
    pub(super) stage: &'static str,
    pub(super) region: String,
    pub(super) publisher: String,
    pub(super) id: String,
    pub(super) title: String,
    /// A line each.
    pub(super) names: String,
    /// A line each.
    pub(super) ids: String,
    pub(super) body: String,
    pub(super) attachments: Vec<Attachment>,
}

/// A file that a notice names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    /// In lower-case hex.
    pub(super) sha256: String,
    /// In bytes, where the notice says so.
    pub(super) size: Option<i64>,
}

impl Attachment {
    /// Of an admitted notice, whose attachments have this form.
    fn of(named: &Value) -> Option<Self> {
        let named = named.as_object()?;
        let size = named.count("size").ok().and_then(|size| size.try_into().ok());
        Some(Self { sha256: named.string("sha256").ok()?.to_owned(), size })
    }
}

/// What an entry is to the index.
pub(super) enum Meaning {
    /// A notice, and its terms but for those of its project.
    Notice(Box<Document>, Stream),
    /// The notice shows less than before.
    Erasure(u64),
    /// The notice shows what it had sealed.
    Reveal(u64),
    /// A publisher is enrolled by a name, from an entry on.
    Enrolment {
        publisher: String,
        index: u64,
        name: String,
    },
    /// The rules or the calendar are others now.
    Law,
    Nothing,
}

impl Meaning {
    /// Reads an entry; one that cannot be read is nothing to the index, and `fsck` says so.
    pub(super) fn of(recorded: &Recorded) -> Self {
        let Ok(entry) = Entry::parse(&recorded.entry) else { return Self::Nothing };
        let Body::Statement { statement: jwt, .. } = entry.body else { return Self::Nothing };
        let Ok(statement) = Statement::parse(jwt) else { return Self::Nothing };
        match &statement.content {
            Content::Notice(notice) => {
                let shown = check_notice(notice, &recorded.disclosures).unwrap_or_default();
                Self::notice(Document::of(entry.index.0, entry.time.0, &statement, notice, &shown))
            }
            Content::Erasure { target, .. } => Self::Erasure(target.0),
            Content::Reveal { target, .. } => Self::Reveal(target.0),
            Content::Authority { change: AuthorityChange::Grant { publisher, name, .. }, .. } => {
                let (publisher, name) = (publisher.as_str().to_owned(), name.clone());
                Self::Enrolment { publisher, index: entry.index.0, name }
            }
            Content::Rulebook { .. } | Content::Calendar { .. } => Self::Law,
            Content::Authority { .. } => Self::Nothing,
        }
    }

    /// The project of a notice.
    pub(super) fn project(&self) -> Option<&str> {
        match self {
            Self::Notice(document, _) => Some(&document.project),
            _ => None,
        }
    }

    pub(super) fn notice(document: Document) -> Self {
        let terms = document.stream();
        Self::Notice(Box::new(document), terms)
    }
}

impl Document {
    fn of(index: u64, time: u64, statement: &Statement, notice: &Notice, shown: &Shown) -> Self {
        let mut found = Lines::default();
        let claim = |name| notice.claims.member(name);
        for part in ["project", "lot", "parties", "data"] {
            found.collect(claim(part));
        }
        for disclosed in notice.digests.iter().filter_map(|digest| shown.values.get(&digest.hash)) {
            found.collect_disclosed(disclosed);
        }
        let project = claim("project").and_then(Value::as_object);
        let name = project.and_then(|project| project.optional_string("name").ok().flatten());
        let attachments = match claim("attachments") {
            Some(Value::Array(attachments)) => attachments.iter().filter_map(Attachment::of),
            _ => [].iter().filter_map(Attachment::of),
        };
        found.ids.insert(statement.jti.clone());
        found.ids.insert(notice.project.as_str().to_owned());
        Self {
            index,
            time,
            project: notice.project.as_str().to_owned(),
            project_name: name.unwrap_or_default().to_owned(),
            sector: notice.sector.code(),
            stage: notice.stage.code(),
            region: notice.region.clone().unwrap_or_default(),
            publisher: statement.iss.as_str().to_owned(),
            id: statement.jti.clone(),
            title: notice.title.clone(),
            names: lines(found.names),
            ids: lines(found.ids),
            body: found.body,
            attachments: attachments.collect(),
        }
    }

    /// Its facets, each a term.
    pub(super) fn facets(&self, project: u64) -> BTreeSet<String> {
        let mut facets = self.project_facets();
        facets.insert(facet('j', &project.to_string()));
        facets
    }

    /// The facets that its project gets from it.
    pub(super) fn project_facets(&self) -> BTreeSet<String> {
        let prefixes = [2, 4, 6].into_iter().filter_map(|digits| self.region.get(..digits));
        let regions = prefixes.map(|prefix| facet('r', prefix));
        let rest = [facet('s', self.sector), facet('g', self.stage), facet('p', &self.publisher)];
        regions.chain(rest).collect()
    }

    /// The terms it is indexed by.
    pub(super) fn terms(&self, project: u64) -> String {
        self.finish(self.stream(), project)
    }

    /// These terms without its facets: all that can be made without knowing its project.
    pub(super) fn stream(&self) -> Stream {
        let mut stream = Stream::default();
        stream.add_title(&self.title);
        stream.add(&self.names);
        stream.add(&self.ids);
        stream.add_whole(&self.body);
        stream
    }

    /// A stream with its facets.
    pub(super) fn finish(&self, mut stream: Stream, project: u64) -> String {
        stream.add_facets(&self.facets(project).into_iter().collect::<Vec<_>>().join(" "));
        stream.finish()
    }
}

fn lines(set: BTreeSet<String>) -> String {
    set.into_iter().collect::<Vec<_>>().join("\n")
}

/// Members whose values are names, and those whose values are ids.
const NAMES: [&str; 3] = ["name", "location", "place"];
const IDS: [&str; 6] = ["id", "number", "document_number", "unified_project_code", "supervision_number", "certificate"];

#[derive(Default)]
struct Lines {
    names: BTreeSet<String>,
    ids: BTreeSet<String>,
    body: String,
}

impl Lines {
    /// Takes names and ids from a claim, at whatever depth (at most 32).
    fn collect(&mut self, value: Option<&Value>) {
        match value {
            Some(Value::Object(object)) => self.collect_members(object),
            Some(Value::Array(items)) => items.iter().for_each(|item| self.collect(Some(item))),
            _ => {}
        }
    }

    fn collect_members(&mut self, object: &Object) {
        for (name, value) in object.iter() {
            match value {
                _ if matches!(name, "person" | "experts" | "contact") => {}
                Value::String(text) if NAMES.contains(&name) => self.names.extend(one_line(text)),
                Value::String(text) if IDS.contains(&name) => self.ids.extend(one_line(text)),
                value => self.collect(Some(value)),
            }
        }
    }

    fn collect_disclosed(&mut self, disclosed: &Disclosure) {
        match (disclosed.name.as_str(), &disclosed.value) {
            ("text", Value::String(text)) => self.body.clone_from(text),
            ("bids" | "parcels" | "rejected", value) => self.collect(Some(value)),
            _ => {}
        }
    }
}

/// A name on one line: a line break within it must not part it.
fn one_line(text: &str) -> Option<String> {
    let line: String = text.lines().collect();
    (!line.trim().is_empty()).then_some(line)
}
