//! A statement (声明): what a publisher signs. An SD-JWT (RFC 9901) in compact form, without key binding.
//!
//! ```text
//! <JWT>~<disclosure>~…~            as sent; the entry holds the JWT, the disclosures travel beside it
//! JWT = b64url(header) "." b64url(claims) "." b64url(signature)
//! header = {"alg":"Ed25519","kid":"<RFC 7638 thumbprint>","typ":"notice+sd-jwt"}
//! ```
//!
//! Parsing says what a statement is, never whether it holds: that depends on the ledger before it, see
//! [`super::authority`] and [`super::replay`].

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jiff::civil::Date;

use super::code::{PublisherId, Role, Sector, is_jurisdiction, is_region_prefix};
use super::instant::parse_date;
use super::json::{self, JsonError, MemberError, Object, type_error};
use super::notice::{self, Notice, NoticeError, parse_digest};
use super::subject::{Subject, SubjectError};
use crate::log::base64;
use crate::log::hash::{Hash, sha256};
use crate::log::index::LeafIndex;
use crate::log::key::{PreparedKey, PublicKey, SignatureError};
use crate::log::note::{KeyKind, VerifierKey};

/// The longest JWT, in bytes.
pub const MAX_JWT: usize = 60_000;

/// The members every statement has.
const COMMON: &[&str] = &["iss", "aud", "iat", "jti", "sub"];

/// The kind of a statement, from its `typ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `notice+sd-jwt` (公告)
    Notice,
    /// `reveal+sd-jwt` (启封)
    Reveal,
    /// `erasure+sd-jwt` (删除)
    Erasure,
    /// `authority+sd-jwt` (授权)
    Authority,
    /// `rulebook+sd-jwt` (规则)
    Rulebook,
    /// `calendar+sd-jwt` (日历)
    Calendar,
}

/// A statement, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// RFC 7638 thumbprint of the signing key.
    pub kid: Hash,
    /// Who says it.
    pub iss: PublisherId,
    /// For which ledger: its origin.
    pub aud: String,
    /// When the issuer says it was signed, in seconds since the Unix epoch.
    pub iat: u64,
    /// Unique per issuer; for a notice its `notice_id`.
    pub jti: String,
    /// What it is about.
    pub sub: Subject,
    /// What it says.
    pub content: Content,
    signed: usize,
    signature: [u8; 64],
}

/// What a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // most statements are notices
pub enum Content {
    /// A notice about a project.
    Notice(Notice),
    /// Sealed values are shown.
    Reveal {
        /// The notice that sealed them.
        target: LeafIndex,
        /// Their digests.
        digests: Vec<Hash>,
    },
    /// Disclosures are lawfully erased.
    Erasure {
        /// The notice they belong to.
        target: LeafIndex,
        /// Their digests.
        digests: Vec<Hash>,
        /// The legal ground.
        ground: String,
        /// The reason.
        reason: String,
    },
    /// Who may say what, from now on.
    Authority {
        /// The entry's `seq`.
        seq: u64,
        /// The change.
        change: AuthorityChange,
    },
    /// A version of the rules.
    Rulebook {
        /// The entry's `seq`.
        seq: u64,
        /// For where.
        jurisdiction: String,
        /// Its name.
        version: String,
        /// From which day it counts.
        effective_from: Date,
        /// The digest of the one disclosure `rules`.
        rules: Hash,
    },
    /// Working days of one year.
    Calendar {
        /// The entry's `seq`.
        seq: u64,
        /// For where.
        jurisdiction: String,
        /// The year announced.
        year: i16,
        /// Days off, never empty.
        holidays: BTreeSet<Date>,
        /// Weekend days worked.
        workdays: BTreeSet<Date>,
    },
}

/// What an authority statement changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorityChange {
    /// A publisher's key and authority: all there is from now on.
    Grant {
        /// Whether it is the first grant or a change of key or scope, as said.
        action: GrantAction,
        /// Who.
        publisher: PublisherId,
        /// Its name.
        name: String,
        /// Its key.
        key: Jwk,
        /// What it may do.
        scope: Scope,
    },
    /// A publisher's authority ends.
    Revoke {
        /// Who.
        publisher: PublisherId,
    },
    /// The next log key.
    LogKey {
        /// Its vkey.
        key: VerifierKey,
    },
    /// The next root key.
    RootKey {
        /// The key.
        key: Jwk,
    },
}

/// `enrol` or `rotate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantAction {
    /// First grant.
    Enrol,
    /// Change of key or scope.
    Rotate,
}

/// What a publisher may do, about what, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its roles, at least one.
    pub roles: Vec<Role>,
    /// Its sectors, at least one.
    pub sectors: Vec<Sector>,
    /// Region prefixes; the empty one is everywhere.
    pub regions: Vec<String>,
}

/// An Ed25519 public key as JWK (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// The key.
    pub key: PublicKey,
    /// RFC 7638 thumbprint.
    pub kid: Hash,
}

/// Why a text is no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Longer than 60,000 bytes.
    #[error("the JWT has {found} bytes; at most {MAX_JWT} are allowed (long text belongs in disclosures)")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not `header.claims.signature` in canonical base64url, with a 64-byte signature.
    #[error("not a compact JWT: {part} is not what it must be (canonical base64url; a signature has 64 bytes)")]
    Compact {
        /// `header`, `claims` or `signature`.
        part: &'static str,
    },
    /// The header is not exactly `alg`, `kid` and `typ`.
    #[error("JOSE header: {problem}")]
    Header {
        /// What is wrong.
        problem: String,
    },
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another type.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// `sub` is no subject, or not one this kind of statement can have.
    #[error("`sub`: {problem}")]
    Subject {
        /// What is wrong.
        problem: String,
    },
    /// The notice is not as it must be.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// A JWK, a vkey or a digest is malformed.
    #[error("`{name}` is not {expected}")]
    Value {
        /// The member.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl From<SubjectError> for StatementError {
    fn from(error: SubjectError) -> Self {
        Self::Subject { problem: error.to_string() }
    }
}

impl Kind {
    /// Reads a `typ`.
    pub fn parse(typ: &str) -> Option<Self> {
        Some(match typ.strip_suffix("+sd-jwt")? {
            "notice" => Self::Notice,
            "reveal" => Self::Reveal,
            "erasure" => Self::Erasure,
            "authority" => Self::Authority,
            "rulebook" => Self::Rulebook,
            "calendar" => Self::Calendar,
            _ => return None,
        })
    }
    /// The `typ` of the header.
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Notice => "notice+sd-jwt",
            Self::Reveal => "reveal+sd-jwt",
            Self::Erasure => "erasure+sd-jwt",
            Self::Authority => "authority+sd-jwt",
            Self::Rulebook => "rulebook+sd-jwt",
            Self::Calendar => "calendar+sd-jwt",
        }
    }
}

impl Statement {
    /// Reads the JWT of a statement. Nothing is verified; see [`Statement::verify`].
    ///
    /// # Errors
    /// The first thing that is not as formats.md §1 says.
    pub fn parse(jwt: &str) -> Result<Self, StatementError> {
        if jwt.len() > MAX_JWT {
            return Err(StatementError::TooLong { found: jwt.len() });
        }
        let compact = |part| StatementError::Compact { part };
        let (signing_input, signature) = jwt.rsplit_once('.').ok_or_else(|| compact("signature"))?;
        let (header, claims) = signing_input.split_once('.').ok_or_else(|| compact("claims"))?;
        let text = |part: &'static str, encoded: &str| {
            let bytes = base64::decode_url(encoded).map_err(|_| compact(part))?;
            String::from_utf8(bytes).map_err(|_| compact(part))
        };
        let (kind, kid) = parse_header(&text("header", header)?)?;
        let signature = base64::decode_url(signature).ok().and_then(|bytes| bytes.try_into().ok());
        let signature = signature.ok_or_else(|| compact("signature"))?;
        let claims = json::parse_object(&text("claims", claims)?)?;
        let iss = claims.string("iss")?;
        let iss = PublisherId::parse(iss).ok_or_else(|| type_error("iss", "a publisher id, [A-Za-z0-9._:-]{1,64}"))?;
        let (aud, iat, jti) =
            (claims.string("aud")?.to_owned(), claims.count("iat")?, claims.string("jti")?.to_owned());
        if !(1..=200).contains(&jti.chars().count()) {
            return Err(type_error("jti", "1 to 200 characters").into());
        }
        let sub = Subject::parse(claims.string("sub")?)?;
        let content = Content::parse(kind, &sub, claims)?;
        Ok(Self { kid, iss, aud, iat, jti, sub, content, signed: signing_input.len(), signature })
    }

    /// Verifies the signature of the JWT this statement was parsed from, strictly (formats.md, first paragraph).
    ///
    /// # Errors
    /// The signature is not the key's over these bytes.
    pub fn verify(&self, jwt: &str, key: &PreparedKey) -> Result<(), SignatureError> {
        let (message, signature) = self.signed_bytes(jwt);
        key.verify(message, signature)
    }

    /// The bytes of the JWT that are signed, and the signature, for verifying many at once
    /// ([`verify_each`](crate::log::key::verify_each)).
    pub fn signed_bytes<'a>(&'a self, jwt: &'a str) -> (&'a [u8], &'a [u8]) {
        (jwt.as_bytes().get(..self.signed).unwrap_or_default(), &self.signature)
    }

    /// The kind of statement.
    pub fn kind(&self) -> Kind {
        match self.content {
            Content::Notice(_) => Kind::Notice,
            Content::Reveal { .. } => Kind::Reveal,
            Content::Erasure { .. } => Kind::Erasure,
            Content::Authority { .. } => Kind::Authority,
            Content::Rulebook { .. } => Kind::Rulebook,
            Content::Calendar { .. } => Kind::Calendar,
        }
    }

    /// The notice, if it is one.
    pub fn notice(&self) -> Option<&Notice> {
        if let Content::Notice(notice) = &self.content { Some(notice) } else { None }
    }

    /// The earlier notice a reveal or an erasure is about, and the digests it names.
    pub fn target(&self) -> Option<(LeafIndex, &[Hash])> {
        match &self.content {
            Content::Reveal { target, digests } | Content::Erasure { target, digests, .. } => Some((*target, digests)),
            _ => None,
        }
    }

    /// Splits a compact SD-JWT into its JWT and its disclosures: `<JWT>~<disclosure>~…~`.
    ///
    /// # Errors
    /// The text does not end in `~` (a key binding is not allowed), or a part is empty.
    pub fn split(compact: &str) -> Result<(&str, Vec<&str>), StatementError> {
        let error = || StatementError::Compact { part: "SD-JWT `<JWT>~<disclosure>~…~`" };
        let mut parts = compact.strip_suffix('~').ok_or_else(error)?.split('~');
        let jwt = parts.next().filter(|jwt| !jwt.is_empty()).ok_or_else(error)?;
        let disclosures: Vec<&str> = parts.collect();
        if disclosures.iter().any(|disclosure| disclosure.is_empty()) {
            return Err(error());
        }
        Ok((jwt, disclosures))
    }
}

fn parse_header(text: &str) -> Result<(Kind, Hash), StatementError> {
    let error = |problem: &str| StatementError::Header { problem: problem.to_owned() };
    let header = json::parse_object(text)?;
    header.only(&["alg", "kid", "typ"]).map_err(|e| error(&e.to_string()))?;
    let member = |name| header.string(name).map_err(|e| error(&e.to_string()));
    if member("alg")? != "Ed25519" {
        return Err(error("`alg` must be `Ed25519`"));
    }
    let kid = parse_digest(member("kid")?)
        .ok_or_else(|| error("`kid` must be an RFC 7638 thumbprint, 43 characters of base64url"))?;
    let kind =
        Kind::parse(member("typ")?).ok_or_else(|| error("`typ` must be one of the six kinds, e.g. `notice+sd-jwt`"))?;
    Ok((kind, kid))
}

impl Content {
    fn parse(kind: Kind, sub: &Subject, claims: Object) -> Result<Self, StatementError> {
        let only = |members: &[&str]| claims.only(&[COMMON, members].concat());
        let wrong_subject =
            || StatementError::Subject { problem: alloc::format!("`{sub}` does not go with {}", kind.typ()) };
        match (kind, sub) {
            (Kind::Notice, Subject::Project(_)) => {
                only(notice::MEMBERS)?;
                Ok(Self::Notice(Notice::parse(claims)?))
            }
            (Kind::Reveal, Subject::Project(_)) => {
                only(&["target", "digests"])?;
                Ok(Self::Reveal { target: LeafIndex(claims.count("target")?), digests: read_digests(&claims)? })
            }
            (Kind::Erasure, Subject::Project(_)) => {
                only(&["target", "digests", "ground", "reason"])?;
                let said = |name| claims.string(name).ok().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
                let (ground, reason) = (said("ground"), said("reason"));
                let missing = |name| type_error(name, "a string that is not empty");
                Ok(Self::Erasure {
                    target: LeafIndex(claims.count("target")?),
                    digests: read_digests(&claims)?,
                    ground: ground.ok_or_else(|| missing("ground"))?,
                    reason: reason.ok_or_else(|| missing("reason"))?,
                })
            }
            (Kind::Authority, Subject::Authority(_) | Subject::Ledger) => {
                let change = AuthorityChange::parse(sub, &claims)?;
                Ok(Self::Authority { seq: claims.count("seq")?, change })
            }
            (Kind::Rulebook, Subject::Rulebook(of)) => {
                only(&["seq", "jurisdiction", "version", "effective_from", "_sd", "_sd_alg"])?;
                parse_rulebook(of, &claims)
            }
            (Kind::Calendar, Subject::Calendar(of)) => {
                only(&["seq", "jurisdiction", "year", "holidays", "workdays"])?;
                parse_calendar(of, &claims)
            }
            _ => Err(wrong_subject()),
        }
    }
}

/// `digests` of a reveal or an erasure: at least one, none twice.
fn read_digests(claims: &Object) -> Result<Vec<Hash>, StatementError> {
    let error = StatementError::Value { name: "digests", expected: "a list of different digests, at least one" };
    let digests = claims.strings("digests")?.into_iter().map(parse_digest).collect::<Option<Vec<_>>>();
    let digests = digests.filter(|digests| (1..=super::disclosure::MAX_DISCLOSURES).contains(&digests.len()));
    let digests = digests.ok_or_else(|| error.clone())?;
    let different: BTreeSet<&Hash> = digests.iter().collect();
    if different.len() == digests.len() { Ok(digests) } else { Err(error) }
}

fn read_jurisdiction(of: &str, claims: &Object) -> Result<String, StatementError> {
    let jurisdiction = claims.string("jurisdiction")?;
    if jurisdiction != of || !is_jurisdiction(jurisdiction) {
        return Err(type_error("jurisdiction", "the jurisdiction of `sub`").into());
    }
    Ok(jurisdiction.to_owned())
}

fn parse_rulebook(of: &str, claims: &Object) -> Result<Content, StatementError> {
    if claims.has("_sd_alg") && claims.string("_sd_alg")? != "sha-256" {
        return Err(NoticeError::Algorithm.into());
    }
    let digests = claims.strings("_sd")?;
    let [digest] = digests.as_slice() else {
        return Err(StatementError::Value { name: "_sd", expected: "exactly one digest, that of `rules`" });
    };
    let rules = parse_digest(digest).ok_or(StatementError::Value { name: "_sd", expected: "a digest" })?;
    let version = claims.string("version")?.to_owned();
    if version.is_empty() {
        return Err(type_error("version", "a string that is not empty").into());
    }
    let effective_from =
        parse_date(claims.string("effective_from")?).ok_or_else(|| type_error("effective_from", "a date"))?;
    Ok(Content::Rulebook {
        seq: claims.count("seq")?,
        jurisdiction: read_jurisdiction(of, claims)?,
        version,
        effective_from,
        rules,
    })
}

fn parse_calendar(of: &str, claims: &Object) -> Result<Content, StatementError> {
    let days = |name: &'static str| {
        let strings = claims.strings(name)?;
        let days = strings.iter().map(|day| parse_date(day)).collect::<Option<BTreeSet<Date>>>();
        let days = days.filter(|days| days.len() == strings.len());
        days.ok_or_else(|| StatementError::from(type_error(name, "different dates, YYYY-MM-DD")))
    };
    let (holidays, workdays) = (days("holidays")?, days("workdays")?);
    if holidays.is_empty() {
        return Err(type_error("holidays", "at least one date").into());
    }
    if !holidays.is_disjoint(&workdays) {
        return Err(type_error("workdays", "days that are not holidays too").into());
    }
    let year = i16::try_from(claims.count("year")?).ok().filter(|year| (1..=9999).contains(year));
    let year = year.ok_or_else(|| type_error("year", "a year"))?;
    Ok(Content::Calendar {
        seq: claims.count("seq")?,
        jurisdiction: read_jurisdiction(of, claims)?,
        year,
        holidays,
        workdays,
    })
}

impl AuthorityChange {
    fn parse(sub: &Subject, claims: &Object) -> Result<Self, StatementError> {
        let only = |members: &[&str]| claims.only(&[COMMON, &["seq", "action", "publisher", "name"], members].concat());
        let (action, publisher) = (claims.string("action")?, claims.string("publisher")?);
        let name = claims.optional_string("name")?;
        if let Subject::Ledger = sub {
            return match (publisher, action) {
                ("log", "rotate" | "enrol") => {
                    only(&["log_key", "roles", "sectors", "regions"])?;
                    Scope::check_codes(claims)?;
                    Ok(Self::LogKey { key: read_log_key(claims.string("log_key")?)? })
                }
                ("root", "rotate" | "enrol") => {
                    only(&["jwk", "roles", "sectors", "regions"])?;
                    Scope::check_codes(claims)?;
                    Ok(Self::RootKey { key: Jwk::parse(claims.object("jwk")?)? })
                }
                _ => {
                    Err(type_error("publisher", "`log` or `root`, which is never revoked, in subject `ledger`").into())
                }
            };
        }
        let id = PublisherId::parse(publisher).filter(|id| *sub == Subject::Authority(id.clone()));
        let publisher = id.ok_or_else(|| type_error("publisher", "the publisher of `sub`"))?;
        let action = match action {
            "enrol" => GrantAction::Enrol,
            "rotate" => GrantAction::Rotate,
            "revoke" => {
                only(&[])?;
                return Ok(Self::Revoke { publisher });
            }
            _ => return Err(type_error("action", "enrol, rotate or revoke").into()),
        };
        only(&["jwk", "roles", "sectors", "regions"])?;
        let name =
            name.filter(|name| !name.is_empty()).ok_or_else(|| type_error("name", "a string that is not empty"))?;
        let key = Jwk::parse(claims.object("jwk")?)?;
        Ok(Self::Grant { action, publisher, name: name.to_owned(), key, scope: Scope::parse(claims)? })
    }
}

fn read_log_key(vkey: &str) -> Result<VerifierKey, StatementError> {
    let key = VerifierKey::parse(vkey).ok().filter(|key| key.kind() == KeyKind::Ed25519);
    key.ok_or(StatementError::Value { name: "log_key", expected: "the vkey of an Ed25519 log key" })
}

impl Scope {
    fn parse(claims: &Object) -> Result<Self, StatementError> {
        fn list<T: PartialEq>(
            claims: &Object,
            name: &'static str,
            expected: &'static str,
            read: impl Fn(&str) -> Option<T>,
        ) -> Result<Vec<T>, StatementError> {
            let items = claims.strings(name)?.into_iter().map(read).collect::<Option<Vec<T>>>();
            let items = items.filter(|items| (1..=1000).contains(&items.len()));
            let different = |items: &Vec<T>| (1..items.len()).all(|i| !items[..i].contains(&items[i]));
            Ok(items.filter(different).ok_or_else(|| type_error(name, expected))?)
        }
        let prefix = |text: &str| is_region_prefix(text).then(|| text.to_owned());
        Ok(Self {
            roles: list(claims, "roles", "different roles, at least one", Role::parse)?,
            sectors: list(claims, "sectors", "different sector codes, at least one", Sector::parse)?,
            regions: list(claims, "regions", "different region prefixes of 0, 2, 4 or 6 digits, at least one", prefix)?,
        })
    }

    /// The keys of the ledger itself have no scope: what is written of one must be codes and means nothing.
    fn check_codes(claims: &Object) -> Result<(), StatementError> {
        let known = |name: &'static str, is_code: fn(&str) -> bool| {
            let unknown = claims.has(name) && !claims.strings(name)?.into_iter().all(is_code);
            if unknown { Err(StatementError::from(type_error(name, "codes of this ledger"))) } else { Ok(()) }
        };
        known("roles", |code| Role::parse(code).is_some())?;
        known("sectors", |code| Sector::parse(code).is_some())?;
        known("regions", is_region_prefix)
    }

    /// Whether the scope has this role for this sector and region; no region asks for the empty prefix.
    pub fn covers(&self, role: Role, sector: Sector, region: Option<&str>) -> bool {
        self.roles.contains(&role)
            && self.sectors.contains(&sector)
            && self.regions.iter().any(|p| region.unwrap_or("").starts_with(p.as_str()))
    }

    /// Whether every sector and region of the other scope is within this one's.
    pub fn contains(&self, other: &Scope) -> bool {
        let region_within = |region: &String| self.regions.iter().any(|prefix| region.starts_with(prefix.as_str()));
        other.sectors.iter().all(|sector| self.sectors.contains(sector)) && other.regions.iter().all(region_within)
    }
}

impl Jwk {
    /// The JWK of a key.
    pub fn new(key: PublicKey) -> Self {
        let kid = sha256(thumbprint_input(&key).as_bytes());
        Self { key, kid }
    }

    /// Reads `{"kty":"OKP","crv":"Ed25519","x":"…"}`.
    ///
    /// # Errors
    /// Another member, another curve, or a key that strict verification would never accept.
    pub fn parse(object: &Object) -> Result<Self, StatementError> {
        let error = || StatementError::Value {
            name: "jwk",
            expected: "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"…\"} with a valid key",
        };
        object.only(&["kty", "crv", "x"]).map_err(|_| error())?;
        if object.string("kty")? != "OKP" || object.string("crv")? != "Ed25519" {
            return Err(error());
        }
        let bytes = base64::decode_url(object.string("x")?).map_err(|_| error())?;
        let key = PublicKey::parse(&bytes).map_err(|_| error())?;
        Ok(Self::new(key))
    }

    /// The members in the order of the genesis: `{"kty":"OKP","crv":"Ed25519","x":"…"}`.
    pub fn format(&self) -> String {
        alloc::format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{}\"}}", base64::encode_url(self.key.as_bytes()))
    }

    /// `kid` as a header writes it: b64url.
    pub fn kid_text(&self) -> String {
        base64::encode_url(&self.kid.0)
    }
}

/// RFC 7638 §3.2: the required members in lexical order, no white space.
fn thumbprint_input(key: &PublicKey) -> String {
    alloc::format!("{{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"{}\"}}", base64::encode_url(key.as_bytes()))
}
