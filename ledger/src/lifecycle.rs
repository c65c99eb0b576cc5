//! What the rules need of a ledger, read without proofs: for whoever trusts this very file, such as the clerk who asks what
//! the rules will say. Readers elsewhere get it from a dossier, with the proof that it is all.

use std::sync::Arc;

use verifier::lifecycle::Law;
use verifier::lifecycle::facts::{Project, Times};
use verifier::lifecycle::instant::Seconds;
use verifier::record::disclosure::{Shown, parse_all};
use verifier::record::entry::{Body, Entry, EntryTime};
use verifier::record::statement::Statement;
use verifier::record::subject::{ProjectId, Subject};

use crate::error::LedgerError;
use crate::reader::{Reader, read_head};
use crate::store::{MapHead, Snapshot};

/// An entry, read: its index, when it was recorded, its statement, and what is shown beside it.
pub(crate) type Read = (u64, Seconds, Statement, Shown);

impl Reader {
    /// The rulebooks and calendars recorded.
    ///
    /// # Errors
    /// The database cannot be read, or holds an entry that cannot.
    pub async fn law(&self) -> Result<Law, LedgerError> {
        let jurisdiction = self.genesis().await?.jurisdiction;
        let mut law = Law::default();
        for subject in [Subject::Rulebook(jurisdiction.clone()), Subject::Calendar(jurisdiction)] {
            for (index, recorded, statement, shown) in self.statements_of(&subject).await? {
                law.record(index, recorded, &statement, &shown);
            }
        }
        Ok(law)
    }

    /// The facts of a project; one that the ledger does not hold has no notices.
    ///
    /// # Errors
    /// The database cannot be read, or holds an entry that cannot.
    pub async fn project(&self, id: &ProjectId) -> Result<Project, LedgerError> {
        let mut project = Project::new(id.as_str(), self.began().await?);
        for (index, recorded, statement, shown) in self.statements_of(&Subject::Project(id.clone())).await? {
            project.record(index, &statement, &shown, Times { after: None, by: None, recorded });
        }
        Ok(project)
    }

    /// When the ledger began.
    pub(crate) async fn began(&self) -> Result<Seconds, LedgerError> {
        let entry = self.readers.snapshot().await?.entry(0).await?;
        let genesis = entry.as_deref().and_then(|entry| Entry::parse(entry).ok());
        Ok(seconds(genesis.ok_or(LedgerError::Inconsistent { what: "there is no genesis" })?.time))
    }

    /// The statements of a subject, in the order of the ledger.
    pub(crate) async fn statements_of(&self, subject: &Subject) -> Result<Vec<Read>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let map = self.newest_map_head(&mut snapshot).await?;
        statements_in(&mut snapshot, &map, subject).await
    }

    /// What all readings of subjects in a snapshot share.
    pub(crate) async fn newest_map_head(&self, snapshot: &mut Snapshot) -> Result<Arc<MapHead>, LedgerError> {
        let size = read_head(snapshot).await?.checkpoint.size.0;
        self.map_head(size, snapshot).await
    }
}

/// The statements of a subject in a snapshot, in the order of the ledger.
pub(crate) async fn statements_in(
    snapshot: &mut Snapshot,
    map: &MapHead,
    subject: &Subject,
) -> Result<Vec<Read>, LedgerError> {
    let Some(held) = snapshot.subject(&subject.to_string(), map).await? else { return Ok(Vec::new()) };
    let chain = snapshot.chain(held.newest, held.state.count).await?;
    let indexes: Vec<u64> = chain.iter().map(|(index, _)| *index).collect();
    let mut texts = snapshot.disclosed_at(&indexes).await?;
    let mut statements = Vec::new();
    for (index, entry) in chain.into_iter().rev() {
        statements.extend(read(index, &entry, &texts.remove(&index).unwrap_or_default())?);
    }
    Ok(statements)
}

fn read(index: u64, entry: &str, texts: &[String]) -> Result<Option<Read>, LedgerError> {
    let unreadable = || LedgerError::Inconsistent { what: "an entry or a disclosure cannot be read" };
    let entry = Entry::parse(entry).map_err(|_| unreadable())?;
    let Body::Statement { statement, .. } = entry.body else { return Ok(None) };
    let statement = Statement::parse(statement).map_err(|_| unreadable())?;
    let values = parse_all(texts).map_err(|_| unreadable())?;
    Ok(Some((index, seconds(entry.time), statement, Shown { values, missing: Vec::new() })))
}

const fn seconds(time: EntryTime) -> Seconds {
    (time.0 / 1000).cast_signed()
}
