//! A publisher's desk (发布端): makes signed statements from drafts, and reveals, erasures and authority from orders.
//!
//! What is made here goes through the same door as what anyone else signed: the ledger's admission.

use serde_json::{Map, Value as Json, json};
use verifier::log::base64;
use verifier::log::hash::{Hash, sha256};
use verifier::log::index::LeafIndex;
use verifier::log::vkey::VerifierKey;
use verifier::record::code::{PublisherId, Stage};
use verifier::record::disclosure::Shown;
use verifier::record::instant::parse_date;
use verifier::record::notice::{Notice, SealableField, Step};
use verifier::record::statement::{Jwk, Kind, MAX_JWT, Scope};

use crate::admission::SignedStatement;
use crate::draft::{Disclosable, Draft, DraftError, object_to_json};
use crate::signer::PrivateKey;

/// A value withheld when its notice was signed; revealing it needs this and the publisher's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// The field sealed.
    pub field: SealableField,
    /// Until when.
    pub until: String,
    /// The disclosure.
    pub disclosure: String,
}

/// What to seal: a field until a stage or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealOrder {
    /// The field.
    pub field: SealableField,
    /// A stage's code or a date.
    pub until: String,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// The draft is refused.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A field to seal is not in the draft.
    #[error("{field} is to be sealed, but the draft has no such field")]
    NothingToSeal {
        /// The field.
        field: &'static str,
    },
    /// A seal order is malformed.
    #[error(
        "`{order}` is no seal order: expected `data.reserve_price:<stage or date>` or `data.experts:<stage or date>`"
    )]
    SealOrder {
        /// What was given.
        order: String,
    },
    /// The statement would be too long.
    #[error(
        "the statement would have {found} bytes, at most {MAX_JWT} are allowed: long text belongs in `text`, which stands beside it"
    )]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// No randomness for salts.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl SealOrder {
    /// Reads `FIELD:UNTIL`; `data.` may be left out.
    ///
    /// # Errors
    /// The field cannot be sealed, or UNTIL is neither a stage nor a date.
    pub fn parse(order: &str) -> Result<Self, PublisherError> {
        let parsed = order.split_once(':').and_then(|(field, until)| {
            let field = SealableField::parse(field).or_else(|| SealableField::parse(&format!("data.{field}")))?;
            let known = Stage::parse(until).is_some() || parse_date(until).is_some();
            known.then(|| Self { field, until: until.to_owned() })
        });
        parsed.ok_or_else(|| PublisherError::SealOrder { order: order.to_owned() })
    }
}

/// Whom a statement is from and for.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// Its key.
    pub key: &'a PrivateKey,
    /// The ledger's origin.
    pub origin: &'a str,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

impl Desk<'_> {
    /// Signs a notice from a draft; what is sealed is given back and nowhere else.
    ///
    /// # Errors
    /// A reserve price in the clear without `publish_reserve`, a seal order for a missing field, a statement too long.
    pub fn notice(
        &self,
        draft: &Draft,
        seals: &[SealOrder],
        publish_reserve: bool,
    ) -> Result<(SignedStatement, Vec<Withheld>), PublisherError> {
        let sealed = |name: &str| seals.iter().find(|order| order.field.member() == name);
        if draft.discloses("reserve_price") && sealed("reserve_price").is_none() && !publish_reserve {
            return Err(DraftError::ReservePrice.into());
        }
        if let Some(order) = seals.iter().find(|order| !draft.discloses(order.field.member())) {
            return Err(PublisherError::NothingToSeal { field: order.field.code() });
        }
        let mut claims = Json::Object(draft.claims.clone());
        let (mut shown, mut withheld, mut seal_claims) = (Vec::new(), Vec::new(), Vec::new());
        for value in &draft.disclosable {
            let disclosure = disclose(&value.name, &value.value)?;
            let digest = digest_text(&disclosure);
            add_digest(&mut claims, &value.holder, &digest);
            let in_data = matches!(value.holder.as_slice(), [Step::Member(first)] if first == "data");
            match sealed(&value.name).filter(|_| in_data) {
                Some(order) => {
                    seal_claims.push(json!({ "digest": digest, "field": order.field.code(), "until": order.until }));
                    withheld.push(Withheld { field: order.field, until: order.until.clone(), disclosure });
                }
                None => shown.push(disclosure),
            }
        }
        let Json::Object(mut claims) = claims else { return Err(PublisherError::TooLong { found: 0 }) };
        if !draft.disclosable.is_empty() {
            claims.insert("_sd_alg".to_owned(), json!("sha-256"));
        }
        if !seal_claims.is_empty() {
            claims.insert("sealed".to_owned(), Json::Array(seal_claims));
        }
        let subject = format!("project/{}", draft.project);
        let jwt = self.sign(Kind::Notice, &draft.notice_id, &subject, claims)?;
        Ok((SignedStatement { jwt, disclosures: shown }, withheld))
    }

    /// Signs a reveal of sealed values of the notice at `target`.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn reveal(
        &self,
        jti: &str,
        subject: &str,
        target: LeafIndex,
        disclosures: Vec<String>,
    ) -> Result<SignedStatement, PublisherError> {
        let digests: Vec<String> = disclosures.iter().map(|disclosure| digest_text(disclosure)).collect();
        let claims = members(json!({ "target": target.0, "digests": digests }));
        Ok(SignedStatement { jwt: self.sign(Kind::Reveal, jti, subject, claims)?, disclosures })
    }

    /// Signs an erasure of disclosures of the notice at `target`.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn erasure(
        &self,
        jti: &str,
        subject: &str,
        target: LeafIndex,
        digests: &[Hash],
        ground: &str,
        reason: &str,
    ) -> Result<SignedStatement, PublisherError> {
        let digests: Vec<String> = digests.iter().map(|digest| base64::encode_url(&digest.0)).collect();
        let claims = members(json!({ "target": target.0, "digests": digests, "ground": ground, "reason": reason }));
        self.bare(Kind::Erasure, jti, subject, claims)
    }

    /// Signs an enrolment or, with `action` `rotate`, a change of a publisher's key or scope.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn grant(
        &self,
        action: &str,
        seq: u64,
        publisher: &PublisherId,
        name: &str,
        key: &Jwk,
        scope: &Scope,
    ) -> Result<SignedStatement, PublisherError> {
        let codes = |codes: Vec<&str>| Json::from(codes);
        let claims = members(json!({
            "seq": seq, "action": action, "publisher": publisher.as_str(), "name": name, "jwk": public_jwk(key),
            "roles": codes(scope.roles.iter().map(|role| role.code()).collect()),
            "sectors": codes(scope.sectors.iter().map(|sector| sector.code()).collect()),
            "regions": scope.regions,
        }));
        let subject = format!("authority/{publisher}");
        self.bare(Kind::Authority, &format!("{subject}/{seq}"), &subject, claims)
    }

    /// Signs the end of a publisher's authority.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn revoke(&self, seq: u64, publisher: &PublisherId, name: &str) -> Result<SignedStatement, PublisherError> {
        let subject = format!("authority/{publisher}");
        let claims = members(json!({ "seq": seq, "action": "revoke", "publisher": publisher.as_str(), "name": name }));
        self.bare(Kind::Authority, &format!("{subject}/{seq}"), &subject, claims)
    }

    /// Signs the next log key; `self` is the root.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn next_log_key(&self, seq: u64, key: &VerifierKey) -> Result<SignedStatement, PublisherError> {
        let claims = members(json!({ "seq": seq, "action": "rotate", "publisher": "log", "log_key": key.to_string() }));
        self.bare(Kind::Authority, &format!("ledger/{seq}"), "ledger", claims)
    }

    /// Signs the next root key; `self` is the recovery key.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn next_root(&self, seq: u64, key: &Jwk) -> Result<SignedStatement, PublisherError> {
        let claims = members(json!({ "seq": seq, "action": "rotate", "publisher": "root", "jwk": public_jwk(key) }));
        self.bare(Kind::Authority, &format!("ledger/{seq}"), "ledger", claims)
    }

    /// Signs a version of the rules; `self` is the root.
    ///
    /// # Errors
    /// The statement would be too long, or there is no randomness.
    pub fn rulebook(
        &self,
        seq: u64,
        jurisdiction: &str,
        version: &str,
        effective_from: &str,
        rules: &Json,
    ) -> Result<SignedStatement, PublisherError> {
        let disclosure = disclose("rules", rules)?;
        let claims = members(json!({
            "seq": seq, "jurisdiction": jurisdiction, "version": version, "effective_from": effective_from,
            "_sd": [digest_text(&disclosure)], "_sd_alg": "sha-256",
        }));
        let subject = format!("rulebook/{jurisdiction}");
        let jwt = self.sign(Kind::Rulebook, &format!("{subject}/{seq}"), &subject, claims)?;
        Ok(SignedStatement { jwt, disclosures: vec![disclosure] })
    }

    /// Signs a year's calendar; `self` is the root.
    ///
    /// # Errors
    /// The statement would be too long.
    pub fn calendar(
        &self,
        seq: u64,
        jurisdiction: &str,
        year: i16,
        holidays: &[String],
        workdays: &[String],
    ) -> Result<SignedStatement, PublisherError> {
        let claims = members(json!({
            "seq": seq, "jurisdiction": jurisdiction, "year": year, "holidays": holidays, "workdays": workdays,
        }));
        let subject = format!("calendar/{jurisdiction}");
        self.bare(Kind::Calendar, &format!("{subject}/{seq}"), &subject, claims)
    }

    /// A statement without disclosures.
    fn bare(
        &self,
        kind: Kind,
        jti: &str,
        subject: &str,
        claims: Map<String, Json>,
    ) -> Result<SignedStatement, PublisherError> {
        Ok(SignedStatement { jwt: self.sign(kind, jti, subject, claims)?, disclosures: Vec::new() })
    }

    fn sign(
        &self,
        kind: Kind,
        jti: &str,
        subject: &str,
        mut claims: Map<String, Json>,
    ) -> Result<String, PublisherError> {
        let common = json!({ "iss": self.iss, "aud": self.origin, "iat": self.now, "jti": jti, "sub": subject });
        claims.extend(members(common));
        let jwt = self.key.sign_statement(kind, &Json::Object(claims).to_string());
        if jwt.len() > MAX_JWT {
            return Err(PublisherError::TooLong { found: jwt.len() });
        }
        Ok(jwt)
    }
}

fn members(value: Json) -> Map<String, Json> {
    if let Json::Object(members) = value { members } else { Map::new() }
}

fn public_jwk(key: &Jwk) -> Json {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": base64::encode_url(key.key.as_bytes()) })
}

/// A disclosure of a value, with a salt of 16 random bytes.
fn disclose(name: &str, value: &Json) -> Result<String, PublisherError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(PublisherError::Randomness)?;
    let text = json!([base64::encode_url(&salt), name, value]).to_string();
    Ok(base64::encode_url(text.as_bytes()))
}

/// The digest of a disclosure as statements write it.
fn digest_text(disclosure: &str) -> String {
    base64::encode_url(&sha256(disclosure.as_bytes()).0)
}

/// Adds a digest to the `_sd` of the object at the end of the way.
fn add_digest(claims: &mut Json, holder: &[Step], digest: &str) {
    let object = holder.iter().fold(claims, |value, step| match step {
        Step::Member(name) => &mut value[name.as_str()],
        Step::Element(index) => &mut value[*index],
    });
    match object.get_mut("_sd").and_then(Json::as_array_mut) {
        Some(digests) => digests.push(digest.into()),
        None => object["_sd"] = json!([digest]),
    }
}

/// Whether a recorded notice says what a draft says, whatever salts and times: then recording it again is nothing new.
/// Values that were sealed or erased are not there to compare; their places are.
pub fn says_the_same(draft: &Draft, notice: &Notice, shown: &Shown) -> bool {
    let mut claims = Json::Object(object_to_json(&notice.claims));
    strip(&mut claims, true);
    let mut wanted = Json::Object(draft.claims.clone());
    strip(&mut wanted, true);
    if claims != wanted || notice.digests.len() != draft.disclosable.len() {
        return false;
    }
    let same = |value: &Disclosable, name: &str, found: &Json| value.name == name && value.value == *found;
    let mut left: Vec<&Disclosable> = draft.disclosable.iter().collect();
    for digest in &notice.digests {
        let disclosure = shown.values.get(&digest.hash);
        let found = disclosure.map(|disclosure| (disclosure.name.as_str(), crate::draft::to_json(&disclosure.value)));
        let here = |value: &&Disclosable| {
            value.holder == digest.holder && found.as_ref().is_none_or(|(name, found)| same(value, name, found))
        };
        match left.iter().position(here) {
            Some(at) => drop(left.swap_remove(at)),
            None => return false,
        }
    }
    true
}

/// Takes out what signing adds: digests everywhere; at the top the common claims.
fn strip(value: &mut Json, top: bool) {
    match value {
        Json::Object(object) => {
            object.remove("_sd");
            if top {
                for name in ["iss", "aud", "iat", "jti", "sub", "_sd_alg", "sealed"] {
                    object.remove(name);
                }
            }
            object.values_mut().for_each(|value| strip(value, false));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| strip(item, false)),
        _ => {}
    }
}

/// The path of a disclosed member: the way to its object, then its name.
fn field_path(holder: &[Step], name: &str) -> String {
    let way = way(holder);
    if way.is_empty() { name.to_owned() } else { format!("{way}.{name}") }
}

/// The way to an object as a person writes it, e.g. `parties[0]`.
fn way(holder: &[Step]) -> String {
    let mut path = String::new();
    for step in holder {
        match step {
            Step::Member(name) if path.is_empty() => path.push_str(name),
            Step::Member(name) => path += &format!(".{name}"),
            Step::Element(index) => path += &format!("[{index}]"),
        }
    }
    path
}

fn without_numbers(path: &str) -> String {
    path.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Every field of a notice that stands beside it as a disclosure, with its digest: shown or sealed.
fn fields<'a>(notice: &'a Notice, shown: &'a Shown) -> impl Iterator<Item = (Hash, &'a str, String)> {
    notice.digests.iter().filter_map(|digest| {
        let sealed =
            notice.sealed.iter().find(|sealed| sealed.digest == digest.hash).map(|sealed| sealed.field.member());
        let name = shown.values.get(&digest.hash).map(|shown| shown.name.as_str()).or(sealed)?;
        Some((digest.hash, name, field_path(&digest.holder, name)))
    })
}

/// Whether a field that a person names may have been erased before: a digest stands where it would, and what it is the digest
/// of is gone, and its name with it. A name that cannot be disclosed there is a misspelt one.
pub fn may_be_erased(notice: &Notice, shown: &Shown, field: &str) -> bool {
    let is_name = !field.contains(['.', '[']);
    let (holder, name) = field.rsplit_once('.').unwrap_or(("", field));
    let sealed = |digest: Hash| notice.sealed.iter().any(|sealed| sealed.digest == digest);
    let gone = notice.digests.iter().filter(|one| !shown.values.contains_key(&one.hash) && !sealed(one.hash));
    let could_be_named = gone.filter(|one| notice.check_place(one, name).is_ok());
    could_be_named.map(|one| way(&one.holder)).any(|at| is_name || at == holder || without_numbers(&at) == holder)
}

/// The paths of everything that can be erased from a notice.
pub fn disclosed_fields(notice: &Notice, shown: &Shown) -> Vec<String> {
    fields(notice, shown).map(|(_, _, path)| path).collect()
}

/// The digests of the fields that a person names: by path (`parties[0].contact`), by path for every element
/// (`parties[].contact`), or by name (`person`).
pub fn digests_of_field(notice: &Notice, shown: &Shown, field: &str) -> Vec<Hash> {
    let named =
        |(_, name, path): &(Hash, &str, String)| path == field || *name == field || without_numbers(path) == field;
    fields(notice, shown).filter(named).map(|(digest, _, _)| digest).collect()
}
