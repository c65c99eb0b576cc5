//! Admission: everything about a statement that does not depend on the order of statements. It runs on whatever thread the
//! statement arrived on, while the sequencer commits.

use verifier::log::hash::Hash;
use verifier::log::index::LeafIndex;
use verifier::record::authority::{AuthorityError, Registry};
use verifier::record::disclosure;
use verifier::record::replay::{self, OwedError};
use verifier::record::statement::{Kind, Statement, StatementError};
use verifier::record::subject_map::map_key;

use crate::error::Refusal;
use crate::statement_ids::StatementId;

/// A statement as its publisher sends it: the JWT and what is disclosed beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// The JWT.
    pub jwt: String,
    /// The disclosures, in the order in which they are to be kept.
    pub disclosures: Vec<String>,
}

impl SignedStatement {
    /// Reads the compact form `<JWT>~<disclosure>~…~`.
    ///
    /// # Errors
    /// It is not that form.
    pub fn parse(compact: &str) -> Result<Self, StatementError> {
        let (jwt, disclosures) = Statement::split(compact)?;
        Ok(Self { jwt: jwt.to_owned(), disclosures: disclosures.into_iter().map(str::to_owned).collect() })
    }

    /// How many bytes it is.
    pub fn bytes(&self) -> usize {
        self.jwt.len() + self.disclosures.iter().map(String::len).sum::<usize>()
    }
}

/// A statement that may be recorded if its turn finds the ledger so.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) signed: SignedStatement,
    pub(crate) statement: Statement,
    pub(crate) subject: String,
    pub(crate) key: Hash,
    pub(crate) id: StatementId,
    /// Whether the signature was verified with the key named by `kid`. If not, that key was not in force yet.
    pub(crate) verified: bool,
    /// Digests neither shown nor sealed; of a reveal they are not known yet.
    pub(crate) missing: Vec<Hash>,
}

/// Reads a statement, opens its disclosures and verifies its signature with the newest key of its issuer.
pub(crate) fn admit(registry: &Registry, signed: SignedStatement) -> Result<Admitted, Refusal> {
    let statement = Statement::parse(&signed.jwt)?;
    let missing = match statement.kind() {
        // What a reveal may show only its target says.
        Kind::Reveal => disclosure::parse_all(&signed.disclosures).map(|_| Vec::new()).map_err(OwedError::from)?,
        _ => replay::open(&statement, None, &signed.disclosures)?.missing,
    };
    let newest = LeafIndex(u64::MAX);
    let key = registry.key(&statement.iss, &statement.kid, newest);
    if let Some(key) = key {
        let refused = |_| AuthorityError::Signature { iss: statement.iss.clone() };
        statement.verify(&signed.jwt, key).map_err(refused)?;
    }
    let (verified, subject) = (key.is_some(), statement.sub.to_string());
    let id = StatementId::of(&statement.iss, &statement.jti);
    Ok(Admitted { key: map_key(&subject), signed, statement, subject, id, verified, missing })
}
