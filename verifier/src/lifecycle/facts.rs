//! What is known about a project: its notices, as the rules look at them.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::instant::{Bounded, Grade, Seconds};
use super::remark::{self, Remark};
use crate::log::hash::{Hash, sha256};
use crate::record::code::{Sector, Stage};
use crate::record::disclosure::Shown;
use crate::record::instant::Instant;
use crate::record::json::{Object, Value};
use crate::record::notice::{Digest, Notice, Sealed, Step};
use crate::record::statement::{Content, Statement};
use crate::record::subject::level;

/// A project, as far as the ledger knows it.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Its id, normalised.
    pub id: String,
    /// When the ledger began: what the law asked for before that, it cannot hold.
    pub genesis: Seconds,
    /// Its notices, in the order of the ledger.
    pub notices: Vec<NoticeFacts>,
    /// What its notices sealed.
    pub seals: Vec<SealFacts>,
}

/// A notice.
#[derive(Clone, Debug)]
pub struct NoticeFacts {
    /// Its index in the ledger.
    pub index: u64,
    /// Its `notice_id`.
    pub id: String,
    /// Who published it.
    pub publisher: String,
    /// Its sector.
    pub sector: Sector,
    /// Its stage.
    pub stage: Stage,
    /// When it became public.
    pub public: Bounded,
    /// When the ledger recorded it.
    pub recorded: Seconds,
    /// When its publisher says it was published.
    pub published_at: Option<Instant>,
    /// Its members, what is disclosed beside it included; `text` is only said to be there.
    pub members: Object,
    /// Members that are there for those who have the disclosure: sealed, or lawfully erased.
    pub withheld: Vec<Withheld>,
    /// What its title, folded, hashes to: notices that are one posted again agree in it.
    pub title: TitleHash,
    /// What a person should be told of its spelling and its codes.
    pub remarks: Vec<Remark>,
}

/// The first 8 bytes of the SHA-256 of a title in which spelling is levelled: NFKC, no blanks and invisible characters, plain
/// brackets and dashes, capitals.
pub type TitleHash = [u8; 8];

/// When an entry came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Not public before, by cosignatures, in seconds since the Unix epoch.
    pub after: Option<u64>,
    /// Public by then, by cosignatures.
    pub by: Option<u64>,
    /// When the ledger recorded it.
    pub recorded: Seconds,
}

/// A member that is announced by its digest alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Its digest.
    pub digest: Hash,
    /// The path of the object it belongs to, e.g. `data`; empty for the notice itself.
    pub place: String,
    /// Its name, where that is known.
    pub name: Option<String>,
    /// Why it is not shown.
    pub why: Why,
}

/// Why a member is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is sealed until later (密封).
    Sealed,
    /// It was lawfully erased (依法删除).
    Erased,
}

/// A value that a notice sealed.
#[derive(Clone, Debug)]
pub struct SealFacts {
    /// The notice.
    pub notice: u64,
    /// The digest.
    pub digest: Hash,
    /// The field, e.g. `data.reserve_price`.
    pub field: &'static str,
    /// A stage's code or a date.
    pub until: String,
    /// The entry that revealed it, and when that became public.
    pub revealed: Option<(u64, Bounded)>,
    /// Whether it was lawfully erased.
    pub erased: bool,
}

impl Times {
    /// When a notice became public.
    pub(super) fn public(self, published_at: Option<Instant>, genesis: Seconds) -> Bounded {
        Bounded::public(self.after, self.by, self.recorded, published_at, genesis)
    }
}

impl Project {
    /// A project of which nothing is known yet.
    pub fn new(id: &str, genesis: Seconds) -> Self {
        Self { id: id.to_owned(), genesis, ..Self::default() }
    }

    /// Takes in the project's next entry and what is shown beside it; entries come in the order of the ledger.
    pub fn record(&mut self, index: u64, statement: &Statement, shown: &Shown, times: Times) {
        match &statement.content {
            Content::Notice(notice) => {
                self.seals.extend(notice.sealed.iter().map(|sealed| SealFacts::new(index, sealed)));
                let mut facts = NoticeFacts::read(index, statement, notice, shown, times.recorded);
                facts.public = times.public(facts.published_at, self.genesis);
                self.notices.push(facts);
            }
            Content::Reveal { target, digests } => {
                self.reveal(index, target.0, digests, times);
                for disclosed in shown.values.values() {
                    self.show(target.0, disclosed.digest, &disclosed.name, disclosed.value.clone());
                }
            }
            Content::Erasure { target, digests, .. } => self.erase(target.0, digests),
            _ => {}
        }
    }

    /// The entry at `index` reveals digests that a notice sealed.
    pub(super) fn reveal(&mut self, index: u64, notice: u64, digests: &[Hash], times: Times) {
        let public = times.public(None, self.genesis);
        for seal in self.seals.iter_mut().filter(|seal| seal.notice == notice && digests.contains(&seal.digest)) {
            seal.revealed = Some((index, public));
        }
    }

    /// Digests of a notice are erased.
    pub(super) fn erase(&mut self, notice: u64, digests: &[Hash]) {
        for seal in self.seals.iter_mut().filter(|seal| seal.notice == notice && digests.contains(&seal.digest)) {
            seal.erased = true;
        }
        let withheld = self.notice_mut(notice).map(|notice| &mut notice.withheld).into_iter().flatten();
        withheld.filter(|member| digests.contains(&member.digest)).for_each(|member| member.why = Why::Erased);
    }

    /// Forgets what became public after an instant.
    pub fn until(&mut self, at: Seconds) {
        self.notices.retain(|notice| notice.public.early <= at);
        let known = |index: u64| self.notices.iter().any(|notice| notice.index == index);
        self.seals.retain(|seal| known(seal.notice));
    }

    fn notice_mut(&mut self, index: u64) -> Option<&mut NoticeFacts> {
        self.notices.iter_mut().find(|notice| notice.index == index)
    }

    /// A sealed member of `data` is shown now.
    pub(super) fn show(&mut self, notice: u64, digest: Hash, name: &str, value: Value) {
        let Some(notice) = self.notice_mut(notice) else { return };
        notice.withheld.retain(|member| member.digest != digest);
        put(&mut notice.members, &[Step::Member("data".to_owned())], name, value);
    }
}

impl SealFacts {
    pub(super) fn new(notice: u64, sealed: &Sealed) -> Self {
        let (digest, field, until) = (sealed.digest, sealed.field.code(), sealed.until.clone());
        Self { notice, digest, field, until, revealed: None, erased: false }
    }
}

/// A notice's members with what is disclosed beside it.
pub(super) struct Opened<'n> {
    /// The members; the claims themselves where nothing but the text is disclosed.
    pub(super) members: Cow<'n, Object>,
    /// Whether its full text is shown, which is only said to be there.
    pub(super) text: bool,
    /// What is not shown.
    pub(super) withheld: Vec<Withheld>,
}

impl<'n> Opened<'n> {
    /// Puts what is shown beside a notice into its place.
    pub(super) fn of(notice: &'n Notice, shown: &Shown) -> Self {
        let mut opened = Self { members: Cow::Borrowed(&notice.claims), text: false, withheld: Vec::new() };
        for digest in &notice.digests {
            match shown.values.get(&digest.hash) {
                Some(disclosed) if disclosed.name == "text" => opened.text = true,
                Some(disclosed) => {
                    put(opened.members.to_mut(), &digest.holder, &disclosed.name, disclosed.value.clone());
                }
                None => opened.withheld.push(Withheld::by(notice, digest)),
            }
        }
        opened
    }
}

impl Withheld {
    fn by(notice: &Notice, digest: &Digest) -> Self {
        let sealed = notice.sealed.iter().find(|sealed| sealed.digest == digest.hash);
        // What is neither shown nor sealed is covered by an erasure, else nothing of this would be looked at.
        let why = if sealed.is_some() { Why::Sealed } else { Why::Erased };
        let place = if digest.holder.is_empty() { String::new() } else { digest.place() };
        let name = sealed.map(|sealed| sealed.field.member()).or(digest.only_name()).map(ToOwned::to_owned);
        Self { digest: digest.hash, place, name, why }
    }
}

impl NoticeFacts {
    /// Reads the facts of a notice and what is shown beside it; as of when it was recorded, which is as yet all that is known
    /// of when it became public.
    pub(super) fn read(index: u64, statement: &Statement, notice: &Notice, shown: &Shown, recorded: Seconds) -> Self {
        let Opened { members, text, withheld } = Opened::of(notice, shown);
        let mut members = members.into_owned();
        if text {
            members.set("text", Value::Bool(true));
        }
        let published_at = notice.claims.member("published_at").and_then(Value::as_str).and_then(Instant::parse);
        Self {
            index,
            id: statement.jti.clone(),
            publisher: statement.iss.to_string(),
            sector: notice.sector,
            stage: notice.stage,
            public: Bounded::exact(recorded, Grade::Recorded),
            recorded,
            published_at,
            title: title_hash(&notice.title),
            remarks: remark::remarks(&members),
            members,
            withheld,
        }
    }

    /// `data`, with what is disclosed.
    pub fn data(&self) -> Option<&Object> {
        self.members.member("data").and_then(Value::as_object)
    }

    /// The lot, if the notice is about one.
    pub fn lot(&self) -> Option<&str> {
        self.members.member("lot")?.as_object()?.member("id")?.as_str()
    }

    /// A member that is a string.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.members.member(name)?.as_str()
    }

    /// Whether the notice has a full text, shown or not.
    pub fn has_text(&self) -> bool {
        self.members.has("text") || self.withheld.iter().any(|member| member.name.as_deref() == Some("text"))
    }

    /// Why a member at a path may be missing from what is shown; nothing if the notice simply lacks it.
    pub fn withheld(&self, path: &str) -> Option<Why> {
        let (place, name) = path.rsplit_once('.').unwrap_or(("", path));
        let same = |member: &&Withheld| {
            generic(&member.place) == generic(place) && member.name.as_deref().is_none_or(|known| known == name)
        };
        self.withheld.iter().find(same).map(|member| member.why)
    }
}

/// See [`TitleHash`].
pub(super) fn title_hash(title: &str) -> TitleHash {
    let mut hash = TitleHash::default();
    hash.copy_from_slice(&sha256(level(title).as_bytes()).0[..8]);
    hash
}

/// A path with every `[…]` as `[]`: the first element's place is as good as any.
fn generic(path: &str) -> String {
    let mut generic = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = inside && c != ']';
        if !inside {
            generic.push(c);
        }
        inside = inside || c == '[';
    }
    generic
}

/// Sets a member of the object that the steps lead to, if they lead to one.
fn put(members: &mut Object, holder: &[Step], name: &str, value: Value) {
    let Some((first, rest)) = holder.split_first() else { return members.set(name, value) };
    let Step::Member(first) = first else { return };
    let Some(mut at) = members.member_mut(first) else { return };
    for step in rest {
        let inner = match (step, at) {
            (Step::Member(name), Value::Object(object)) => object.member_mut(name),
            (Step::Element(index), Value::Array(items)) => items.get_mut(*index),
            _ => None,
        };
        let Some(inner) = inner else { return };
        at = inner;
    }
    if let Value::Object(object) = at {
        object.set(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_elements_are_one_place() {
        assert_eq!(generic("data.candidates[12].manager"), "data.candidates[].manager");
        assert_eq!(generic("parties[role=buyer]"), "parties[]");
        assert_eq!(generic("data"), "data");
    }
}
