//! Admission: everything about a statement that does not depend on the order of statements. It runs on whatever thread the
//! statement arrived on, while the sequencer commits.

use verifier::lifecycle::rulebook::Rulebook;
use verifier::log::hash::Hash;
use verifier::log::index::LeafIndex;
use verifier::log::key::{PreparedKey, verify_each};
use verifier::record::authority::{AuthorityError, Registry};
use verifier::record::disclosure::{self, Shown};
use verifier::record::notice::{Notice, Step};
use verifier::record::replay::{self, OwedError};
use verifier::record::statement::{Content, Kind, Statement, StatementError};
use verifier::record::subject_map::map_key;
use verifier::record::vocabulary;

use crate::batch::places;
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
    /// Where each of its disclosures stands: see [`places`].
    pub(crate) places: Vec<Option<usize>>,
    pub(crate) statement: Statement,
    pub(crate) subject: String,
    pub(crate) key: Hash,
    pub(crate) id: StatementId,
    /// Whether the signature was verified with the key named by `kid`. If not, that key was not in force yet.
    pub(crate) verified: bool,
    /// Digests neither shown nor sealed; of a reveal they are not known yet.
    pub(crate) missing: Vec<Hash>,
}

/// Admits statements: reads each, opens its disclosures and verifies its signature with the newest key of its issuer.
pub(crate) fn admit(registry: &Registry, statements: Vec<SignedStatement>) -> Vec<Result<Admitted, Refusal>> {
    let mut admitted: Vec<_> = statements.into_iter().map(|signed| read(registry, signed)).collect();
    let with_key = admitted.iter().flatten().filter_map(|one| Some((one, key_of(registry, &one.statement)?)));
    let jobs: Vec<_> = with_key
        .map(|(one, key)| {
            let (message, signature) = one.statement.signed_bytes(&one.signed.jwt);
            (key, message, signature)
        })
        .collect();
    let mut answers = verify_each(&jobs).into_iter();
    for slot in &mut admitted {
        let Ok(one) = slot else { continue };
        if one.verified && answers.next() != Some(Ok(())) {
            *slot = Err(AuthorityError::Signature { iss: one.statement.iss.clone() }.into());
        }
    }
    admitted
}

fn key_of<'r>(registry: &'r Registry, statement: &Statement) -> Option<&'r PreparedKey> {
    registry.key(&statement.iss, &statement.kid, LeafIndex(u64::MAX))
}

fn read(registry: &Registry, signed: SignedStatement) -> Result<Admitted, Refusal> {
    let statement = Statement::parse(&signed.jwt)?;
    let missing = match statement.kind() {
        // What a reveal may show only its target says.
        Kind::Reveal => disclosure::parse_all(&signed.disclosures).map(|_| Vec::new()).map_err(OwedError::from)?,
        _ => {
            let shown = replay::open(&statement, None, &signed.disclosures)?;
            statement.notice().map_or(Ok(()), |notice| check_vocabulary(notice, &shown))?;
            check_rulebook(&statement, &shown)?;
            shown.missing
        }
    };
    let (verified, subject) = (key_of(registry, &statement).is_some(), statement.sub.to_string());
    let (key, id) = (map_key(&subject), StatementId::of(&statement.iss, &statement.jti));
    let places = places(&statement, &signed.disclosures);
    Ok(Admitted { signed, places, statement, subject, key, id, verified, missing })
}

/// A misspelt member of `data` must not vanish into a notice: the ledger takes only what the vocabulary lists. What stands
/// beside the statement, the full text aside, is no longer than a reader can be shown.
fn check_vocabulary(notice: &Notice, shown: &Shown) -> Result<(), Refusal> {
    let mut errors = notice.data().map_or_else(Vec::new, |data| vocabulary::check_data(notice.stage, data));
    for digest in notice.digests.iter().filter(|digest| is_data(&digest.holder)) {
        if let Some(value) = shown.values.get(&digest.hash).filter(|value| value.name != "person") {
            errors.extend(vocabulary::check_disclosed(notice.stage, &value.name, &value.value));
        }
    }
    for digest in &notice.digests {
        if let Some(value) = shown.values.get(&digest.hash).filter(|value| value.name != "text") {
            errors.extend(vocabulary::check_lengths(&format!("{}.{}", digest.place(), value.name), &value.value));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Refusal::Vocabulary(errors)) }
}

/// Rules that no verifier can read would leave every project without a verdict.
fn check_rulebook(statement: &Statement, shown: &Shown) -> Result<(), Refusal> {
    let Content::Rulebook { jurisdiction, version, effective_from, rules, .. } = &statement.content else {
        return Ok(());
    };
    if let Some(disclosed) = shown.values.get(rules) {
        Rulebook::from_rules(jurisdiction, version, *effective_from, &disclosed.value)?;
    }
    Ok(())
}

fn is_data(holder: &[Step]) -> bool {
    matches!(holder, [Step::Member(name)] if name == "data")
}
