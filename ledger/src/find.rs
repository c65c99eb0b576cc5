//! Finding entries: by index, by a notice's id, by what a person types for a project.

use verifier::log::index::LeafIndex;
use verifier::record::authority::Registry;
use verifier::record::code::PublisherId;
use verifier::record::entry::Genesis;
use verifier::record::subject::ProjectId;
use verifier::record::subject_map::SubjectState;
use verifier::record::vocabulary::distance;

use crate::error::LedgerError;
use crate::reader::{Reader, Recorded, read_head};
use crate::state::{read_genesis, read_statement};
use crate::statement_ids::{StatementId, StatementIds};

/// Which statements a ledger has, held in memory for whoever asks about many. About 40 bytes an entry.
pub struct Finder {
    reader: Reader,
    ids: StatementIds,
}

impl Finder {
    /// The statement of an issuer with this id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn find(&self, iss: &PublisherId, jti: &str) -> Result<Option<LeafIndex>, LedgerError> {
        for index in self.ids.find(StatementId::of(iss, jti)) {
            let recorded = self.reader.entry(LeafIndex(index)).await?;
            let statement = recorded.as_ref().and_then(|recorded| read_statement(&recorded.entry));
            if statement.is_some_and(|statement| statement.iss == *iss && statement.jti == jti) {
                return Ok(Some(LeafIndex(index)));
            }
        }
        Ok(None)
    }
}

/// Near ids suggested for one that is not there.
const SUGGESTIONS: usize = 5;

impl Reader {
    /// Whose ledger this is.
    ///
    /// # Errors
    /// The database cannot be read, or entry 0 is no genesis.
    pub async fn genesis(&self) -> Result<Genesis, LedgerError> {
        read_genesis(&mut self.readers.snapshot().await?).await
    }

    /// Who may say what, as of now.
    ///
    /// # Errors
    /// The database cannot be read, or a precedent is no statement.
    pub async fn registry(&self) -> Result<Registry, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let genesis = read_genesis(&mut snapshot).await?;
        let inconsistent = |what| LedgerError::Inconsistent { what };
        let mut registry =
            Registry::new(genesis).map_err(|_| inconsistent("log, root and recovery key are not three keys"))?;
        for (index, text) in snapshot.precedents().await? {
            let text = text.ok_or(inconsistent("a precedent is no entry"))?;
            let statement = read_statement(&text).ok_or(inconsistent("a precedent is no statement"))?;
            registry.apply(&statement, LeafIndex(index));
        }
        Ok(registry)
    }

    /// An entry and what is disclosed beside it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn entry(&self, index: LeafIndex) -> Result<Option<Recorded>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let Some(entry) = snapshot.entry(index.0).await? else { return Ok(None) };
        let disclosures = snapshot.disclosures(index.0).await?.into_iter().map(|(_, text)| text).collect();
        Ok(Some(Recorded { entry, disclosures }))
    }

    /// Which statements the ledger has now. Reads 8 bytes of every entry.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn finder(&self) -> Result<Finder, LedgerError> {
        let ids = StatementIds::resume(&self.readers.snapshot().await?.statement_ids().await?);
        Ok(Finder { reader: self.clone(), ids })
    }

    /// The statements with this id, of whichever publisher. Reads 8 bytes of every entry.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn find_notice(&self, jti: &str) -> Result<Vec<(LeafIndex, PublisherId)>, LedgerError> {
        let registry = self.registry().await?;
        let publishers: Vec<PublisherId> = registry.publishers(LeafIndex(u64::MAX)).map(|(id, _)| id.clone()).collect();
        self.find_any(&publishers, jti).await
    }

    async fn find_any(&self, issuers: &[PublisherId], jti: &str) -> Result<Vec<(LeafIndex, PublisherId)>, LedgerError> {
        let wanted: Vec<StatementId> = issuers.iter().map(|iss| StatementId::of(iss, jti)).collect();
        let mut snapshot = self.readers.snapshot().await?;
        let ids = snapshot.statement_ids().await?;
        let mut found = Vec::new();
        for (index, id) in (0_u64..).zip(ids.chunks_exact(8)) {
            if !wanted.iter().any(|wanted| wanted.is(id)) {
                continue;
            }
            let Some(statement) = snapshot.entry(index).await?.as_deref().and_then(read_statement) else { continue };
            if statement.jti == jti && issuers.contains(&statement.iss) {
                found.push((LeafIndex(index), statement.iss));
            }
        }
        Ok(found)
    }

    /// What the map holds for a subject; nothing if the ledger has no entry of it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn subject_state(&self, subject: &str) -> Result<Option<SubjectState>, LedgerError> {
        let mut snapshot = self.readers.snapshot().await?;
        let size = read_head(&mut snapshot).await?.checkpoint.size.0;
        let map = self.map_head(size, &mut snapshot).await?;
        Ok(snapshot.subject(subject, &map).await?.map(|held| held.state))
    }

    /// Project ids near one that is not there: those that contain it, then those a few edits away.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn near(&self, id: &ProjectId) -> Result<Vec<String>, LedgerError> {
        let names = self.readers.snapshot().await?.subject_names().await?;
        let wanted = id.as_str();
        let rank = |name: &str| {
            let contains = name.contains(wanted) || (name.len() > 3 && wanted.contains(name));
            let edits = if contains { 0 } else { distance(name, wanted) };
            (edits <= 2 + wanted.chars().count() / 8).then_some(edits)
        };
        let projects = names.iter().filter_map(|(_, name)| name.strip_prefix("project/"));
        let mut near: Vec<(usize, &str)> = projects.filter_map(|name| Some((rank(name)?, name))).collect();
        near.sort_unstable();
        Ok(near.into_iter().take(SUGGESTIONS).map(|(_, name)| name.to_owned()).collect())
    }
}
