//! Authority (授权): which key may say what, at which index.
//!
//! A [`Registry`] is what the ledger's own entries say about keys: the genesis, then every authority statement. It keeps
//! the history, so that the same registry answers for an entry of long ago. In force is what was recorded *before* an
//! index; what was recorded under an older key stays valid.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::code::{PublisherId, Role};
use super::entry::Genesis;
use super::notice::Notice;
use super::statement::{AuthorityChange, Content, Jwk, Scope, Statement};
use super::subject::Subject;
use crate::log::hash::Hash;
use crate::log::index::LeafIndex;
use crate::log::key::{KeyPreparer, PreparedKey, PublicKey, SignatureError};
use crate::log::note::VerifierKey;

/// How many keys get a table of multiples, 40 KiB each; those enrolled later are verified without, half again as slowly.
const MAX_TABLES: usize = 1024;

/// The keys of a ledger and what they may say, over all indexes recorded so far.
#[derive(Clone, Debug)]
pub struct Registry {
    genesis: Genesis,
    roots: Vec<Since<SigningKey>>,
    recovery: SigningKey,
    log_keys: Vec<Since<VerifierKey>>,
    publishers: BTreeMap<PublisherId, Vec<Since<Option<Grant>>>>,
    /// Who a key belongs to, for ever.
    owners: BTreeMap<[u8; 32], String>,
    /// For whoever verifies many statements: keys are prepared with a shared table.
    preparer: Option<KeyPreparer>,
    /// Keys that have a table so far.
    tables: usize,
}

/// What is so from an index on.
#[derive(Clone, Debug)]
struct Since<T> {
    from: LeafIndex,
    what: T,
}

#[derive(Clone, Debug)]
struct SigningKey {
    kid: Hash,
    key: PreparedKey,
}

/// A publisher's key and scope, as its newest authority entry says.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    signing: SigningKey,
}

/// The notice that a reveal or an erasure is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its index.
    pub index: LeafIndex,
    /// Its issuer.
    pub iss: &'a PublisherId,
    /// What it says.
    pub notice: &'a Notice,
}

/// Why a statement does not hold at its index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// For another ledger.
    #[error("`aud` is `{found}`; statements of this ledger say `{expected}`")]
    OtherLedger {
        /// This ledger's origin.
        expected: String,
        /// `aud`.
        found: String,
    },
    /// The issuer has no key at that index.
    #[error("`{iss}` has no key in force at index {index}: enrol it first")]
    NotEnrolled {
        /// The issuer.
        iss: PublisherId,
        /// The index.
        index: LeafIndex,
    },
    /// Signed with another key than the one in force.
    #[error("`kid` is not the key in force for `{iss}` at index {index}")]
    OtherKey {
        /// The issuer.
        iss: PublisherId,
        /// The index.
        index: LeafIndex,
    },
    /// The issuer may not say this.
    #[error("`{iss}` may not say this: {reason}")]
    NotAuthorised {
        /// The issuer.
        iss: PublisherId,
        /// What it lacks.
        reason: String,
    },
    /// `seq` of the statement is not the entry's.
    #[error("the statement says seq {found}, its entry is seq {expected} of the subject (replayed or reordered?)")]
    Seq {
        /// The entry's.
        expected: u64,
        /// The statement's.
        found: u64,
    },
    /// The key already belongs to somebody else.
    #[error("this key belongs to `{owner}`; a key belongs to one publisher for ever")]
    KeyTaken {
        /// Its owner.
        owner: String,
    },
    /// A reveal or erasure whose target is no earlier notice of the subject, or whose digests are not its own.
    #[error("the target: {reason}")]
    Target {
        /// What is wrong.
        reason: &'static str,
    },
    /// The signature does not verify.
    #[error("the signature of `{iss}` does not verify")]
    Signature {
        /// The issuer.
        iss: PublisherId,
    },
}

impl SigningKey {
    fn new(jwk: &Jwk, preparer: Option<&KeyPreparer>) -> Self {
        let key = preparer.map_or_else(|| PreparedKey::from(&jwk.key), |preparer| preparer.prepare(&jwk.key));
        Self { kid: jwk.kid, key }
    }
}

impl Grant {
    /// Its key.
    pub fn jwk(&self) -> Jwk {
        Jwk::new(self.signing.key.public_key().clone())
    }
}

fn in_force<T>(history: &[Since<T>], index: LeafIndex) -> Option<&T> {
    history.iter().rev().find(|since| since.from <= index).map(|since| &since.what)
}

impl Registry {
    /// The registry after the genesis.
    ///
    /// # Errors
    /// Log, root and recovery key are not three different keys.
    pub fn new(genesis: Genesis) -> Result<Self, AuthorityError> {
        Self::start(genesis, None)
    }

    /// As [`Registry::new`], for whoever verifies thousands of statements: a table of 320 KiB to start, a third less time for each.
    ///
    /// # Errors
    /// Log, root and recovery key are not three different keys.
    pub fn prepared(genesis: Genesis) -> Result<Self, AuthorityError> {
        Self::start(genesis, Some(KeyPreparer::new()))
    }

    fn start(genesis: Genesis, preparer: Option<KeyPreparer>) -> Result<Self, AuthorityError> {
        let mut owners = BTreeMap::new();
        let keys = [("log", genesis.log_key.key()), ("root", &genesis.root.key), ("recovery", &genesis.recovery.key)];
        for (owner, key) in keys {
            if let Some(owner) = owners.insert(*key.as_bytes(), owner.to_owned()) {
                return Err(AuthorityError::KeyTaken { owner });
            }
        }
        let start = LeafIndex(0);
        Ok(Self {
            roots: alloc::vec![Since { from: start, what: SigningKey::new(&genesis.root, preparer.as_ref()) }],
            recovery: SigningKey::new(&genesis.recovery, None),
            log_keys: alloc::vec![Since { from: start, what: genesis.log_key.clone() }],
            publishers: BTreeMap::new(),
            owners,
            preparer,
            tables: 2,
            genesis,
        })
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The log key that signs checkpoints ending at this seal.
    pub fn log_key(&self, seal: LeafIndex) -> &VerifierKey {
        in_force(&self.log_keys, seal).unwrap_or(&self.genesis.log_key)
    }

    /// The RFC 7638 thumbprint of the root key in force at an index.
    pub fn root_kid(&self, index: LeafIndex) -> Hash {
        in_force(&self.roots, index).map_or(self.genesis.root.kid, |root| root.kid)
    }

    /// A publisher's key and scope in force at an index.
    pub fn grant(&self, publisher: &PublisherId, index: LeafIndex) -> Option<&Grant> {
        in_force(self.publishers.get(publisher)?, index)?.as_ref()
    }

    /// The name a publisher had at an index, or had last before its revocation.
    pub fn name(&self, publisher: &PublisherId, index: LeafIndex) -> Option<&str> {
        let before = self.publishers.get(publisher)?.iter().rev().filter(|since| since.from <= index);
        before.filter_map(|since| since.what.as_ref()).map(|grant| grant.name.as_str()).next()
    }

    /// Every publisher ever enrolled, with its grant in force at an index.
    pub fn publishers(&self, index: LeafIndex) -> impl Iterator<Item = (&PublisherId, Option<&Grant>)> {
        self.publishers.iter().map(move |(id, history)| (id, in_force(history, index).and_then(Option::as_ref)))
    }

    /// Decides everything about a statement at an index but its signature, and gives the key that must have made that.
    /// `seq` is the entry's; `target` the statement that a reveal or an erasure names, if the ledger has it.
    ///
    /// # Errors
    /// The first reason why the statement does not hold.
    pub fn signer(
        &self,
        statement: &Statement,
        index: LeafIndex,
        seq: u64,
        target: Option<Target<'_>>,
    ) -> Result<&PreparedKey, AuthorityError> {
        if statement.aud != self.genesis.origin {
            return Err(AuthorityError::OtherLedger {
                expected: self.genesis.origin.clone(),
                found: statement.aud.clone(),
            });
        }
        let signing = self.signing_key(&statement.iss, index)?;
        if signing.kid != statement.kid {
            return Err(AuthorityError::OtherKey { iss: statement.iss.clone(), index });
        }
        if let Some(found) = statement.content.seq().filter(|found| *found != seq) {
            return Err(AuthorityError::Seq { expected: seq, found });
        }
        if let Some((at, digests)) = statement.target() {
            check_target(statement, index, at, digests, target)?;
        }
        self.check_authority(statement, index, target)?;
        Ok(&signing.key)
    }

    /// As [`Registry::signer`], and the signature verifies.
    ///
    /// # Errors
    /// The first reason why the statement does not hold.
    pub fn check(
        &self,
        statement: &Statement,
        jwt: &str,
        index: LeafIndex,
        seq: u64,
        target: Option<Target<'_>>,
    ) -> Result<(), AuthorityError> {
        let key = self.signer(statement, index, seq, target)?;
        statement.verify(jwt, key).map_err(|_: SignatureError| AuthorityError::Signature { iss: statement.iss.clone() })
    }

    fn signing_key(&self, iss: &PublisherId, index: LeafIndex) -> Result<&SigningKey, AuthorityError> {
        let missing = || AuthorityError::NotEnrolled { iss: iss.clone(), index };
        match iss.as_str() {
            "root" => in_force(&self.roots, index).ok_or_else(missing),
            "recovery" => Ok(&self.recovery),
            _ => self.grant(iss, index).map(|grant| &grant.signing).ok_or_else(missing),
        }
    }

    /// The key in force for an issuer at an index and its thumbprint, for verifying before an index is given.
    pub fn key(&self, iss: &PublisherId, kid: &Hash, index: LeafIndex) -> Option<&PreparedKey> {
        self.signing_key(iss, index).ok().filter(|signing| signing.kid == *kid).map(|signing| &signing.key)
    }

    fn check_authority(
        &self,
        statement: &Statement,
        index: LeafIndex,
        target: Option<Target<'_>>,
    ) -> Result<(), AuthorityError> {
        check_issuer(statement)?;
        let iss = &statement.iss;
        let refuse = |reason: &str| Err(AuthorityError::NotAuthorised { iss: iss.clone(), reason: reason.to_owned() });
        let covers = |role: Role, notice: &Notice| self.check_scope(iss, index, role, notice);
        match (&statement.content, target) {
            (Content::Authority { change: AuthorityChange::RootKey { key }, .. }, _) => {
                self.check_owner(&key.key, "root")
            }
            (Content::Authority { change: AuthorityChange::LogKey { key }, .. }, _) => {
                self.check_owner(key.key(), "log")
            }
            (Content::Authority { change, .. }, _) => self.check_publisher_change(iss, index, change),
            (Content::Rulebook { .. } | Content::Calendar { .. }, _) => Ok(()),
            (Content::Notice(notice), _) => covers(Role::Publisher, notice),
            (Content::Reveal { .. }, Some(target)) if target.iss != iss => {
                refuse("only the publisher who sealed a value reveals it")
            }
            (Content::Reveal { .. }, Some(target)) => covers(Role::Publisher, target.notice),
            (Content::Erasure { .. }, Some(_)) if iss.is_root() => Ok(()),
            (Content::Erasure { .. }, Some(target)) => covers(Role::Supervisor, target.notice),
            (Content::Reveal { .. } | Content::Erasure { .. }, None) => {
                Err(AuthorityError::Target { reason: "no such entry" })
            }
        }
    }

    fn check_scope(
        &self,
        iss: &PublisherId,
        index: LeafIndex,
        role: Role,
        notice: &Notice,
    ) -> Result<(), AuthorityError> {
        let region = notice.region.as_deref();
        let covered = self.grant(iss, index).is_some_and(|grant| grant.scope.covers(role, notice.sector, region));
        if covered {
            return Ok(());
        }
        let place = region
            .map_or_else(|| "no region (the empty prefix is needed)".to_owned(), |r| alloc::format!("region {r}"));
        Err(AuthorityError::NotAuthorised {
            iss: iss.clone(),
            reason: alloc::format!("it is no {role} for sector {} and {place}", notice.sector),
        })
    }

    /// A publisher's authority is changed by the root, or by a supervisor within its own sectors and regions for
    /// publishers that are no supervisors.
    fn check_publisher_change(
        &self,
        iss: &PublisherId,
        index: LeafIndex,
        change: &AuthorityChange,
    ) -> Result<(), AuthorityError> {
        let (publisher, scope) = match change {
            AuthorityChange::Grant { publisher, key, scope, .. } => {
                self.check_owner(&key.key, publisher.as_str())?;
                (publisher, Some(scope))
            }
            AuthorityChange::Revoke { publisher } => (publisher, None),
            AuthorityChange::LogKey { .. } | AuthorityChange::RootKey { .. } => return Ok(()),
        };
        if iss.is_root() {
            return Ok(());
        }
        let refuse = |reason: &str| Err(AuthorityError::NotAuthorised { iss: iss.clone(), reason: reason.to_string() });
        let Some(own) =
            self.grant(iss, index).map(|grant| &grant.scope).filter(|own| own.roles.contains(&Role::Supervisor))
        else {
            return refuse("authority is given by the root or a supervisor");
        };
        let current = self.grant(publisher, index).map(|grant| &grant.scope);
        let mut scopes = scope.into_iter().chain(current);
        if scopes.any(|scope| scope.roles.contains(&Role::Supervisor) || !own.contains(scope)) {
            return refuse(
                "a supervisor decides only about publishers that are no supervisors, within its own sectors and regions",
            );
        }
        Ok(())
    }

    fn check_owner(&self, key: &PublicKey, owner: &str) -> Result<(), AuthorityError> {
        match self.owners.get(key.as_bytes()) {
            Some(other) if other != owner => Err(AuthorityError::KeyTaken { owner: other.clone() }),
            _ => Ok(()),
        }
    }

    /// A key that comes into force; whoever enrols keys without end must not take the verifier's memory.
    fn take_key(&mut self, jwk: &Jwk) -> SigningKey {
        if self.tables >= MAX_TABLES {
            return SigningKey { kid: jwk.kid, key: PreparedKey::without_table(&jwk.key) };
        }
        self.tables += 1;
        SigningKey::new(jwk, self.preparer.as_ref())
    }

    /// Takes in a statement that holds at `index`; it is in force from the next index on.
    pub fn apply(&mut self, statement: &Statement, index: LeafIndex) {
        let Content::Authority { change, .. } = &statement.content else { return };
        let from = LeafIndex(index.0 + 1);
        match change {
            AuthorityChange::LogKey { key } => {
                self.owners.insert(*key.key().as_bytes(), "log".to_owned());
                self.log_keys.push(Since { from, what: key.clone() });
            }
            AuthorityChange::RootKey { key } => {
                self.owners.insert(*key.key.as_bytes(), "root".to_owned());
                let what = self.take_key(key);
                self.roots.push(Since { from, what });
            }
            AuthorityChange::Grant { publisher, name, key, scope, .. } => {
                self.owners.insert(*key.key.as_bytes(), publisher.as_str().to_owned());
                let grant = Grant { name: name.clone(), scope: scope.clone(), signing: self.take_key(key) };
                self.publishers.entry(publisher.clone()).or_default().push(Since { from, what: Some(grant) });
            }
            AuthorityChange::Revoke { publisher } => {
                self.publishers.entry(publisher.clone()).or_default().push(Since { from, what: None });
            }
        }
    }
}

/// What the reserved issuers alone may say, and what they may not, whatever the ledger holds; `aud` is the ledger's origin.
///
/// # Errors
/// [`AuthorityError::NotAuthorised`].
pub fn check_issuer(statement: &Statement) -> Result<(), AuthorityError> {
    let iss = &statement.iss;
    let reason = match &statement.content {
        Content::Authority { change: AuthorityChange::RootKey { .. }, .. } if !iss.is_recovery() => {
            "only the recovery key names the next root"
        }
        Content::Authority { change: AuthorityChange::RootKey { .. }, .. } => return Ok(()),
        _ if iss.is_recovery() => "the recovery key names the next root and signs nothing else",
        Content::Authority { change: AuthorityChange::LogKey { key }, .. }
            if !iss.is_root() || key.name() != statement.aud =>
        {
            "only the root names the next log key, whose name is the origin"
        }
        Content::Rulebook { .. } | Content::Calendar { .. } if !iss.is_root() => {
            "only the root records rulebooks and calendars"
        }
        Content::Notice(_) | Content::Reveal { .. } if iss.is_root() => "the root is no publisher",
        _ if iss.as_str() == "log" => "the log is no publisher",
        _ => return Ok(()),
    };
    Err(AuthorityError::NotAuthorised { iss: iss.clone(), reason: reason.to_owned() })
}

fn check_target(
    statement: &Statement,
    index: LeafIndex,
    at: LeafIndex,
    digests: &[Hash],
    target: Option<Target<'_>>,
) -> Result<(), AuthorityError> {
    let refuse = |reason| Err(AuthorityError::Target { reason });
    let Some(target) = target.filter(|target| target.index == at && at < index) else {
        return refuse("it must be an earlier notice");
    };
    if statement.sub != Subject::from(&target.notice.project) {
        return refuse("it must be a notice of the same project");
    }
    let own = |hash: &Hash| target.notice.digests.iter().any(|digest| digest.hash == *hash);
    let sealed = |hash: &Hash| target.notice.sealed.iter().any(|sealed| sealed.digest == *hash);
    match statement.content {
        Content::Reveal { .. } if !digests.iter().all(sealed) => {
            refuse("a reveal names digests that this notice sealed")
        }
        _ if !digests.iter().all(own) => refuse("the digests must be the notice's own"),
        _ => Ok(()),
    }
}

impl Content {
    /// `seq` where the statement says one.
    pub(crate) fn seq(&self) -> Option<u64> {
        match self {
            Self::Authority { seq, .. } | Self::Rulebook { seq, .. } | Self::Calendar { seq, .. } => Some(*seq),
            _ => None,
        }
    }
}
