//! The chronicle of a ledger (编年): what judging every project needs, collected while an audit folds entry after entry.
//!
//! ```text
//! ReadEntry ─▶ Excerpt          one entry alone, in parallel
//!                 │ in order
//!                 ▼
//! Chronicle:   publishers' names · Law · checkpoints' times · project ─▶ newest record ─▶ the one before ─▶ …
//!                                                                 └─▶ (Profile, Project) for `judge`
//! ```
//!
//! A record is a few hundred bytes (`compact`); all stand one after another in large chunks, each naming the one of its
//! project before it, so that a million notices of 200,000 projects fit into some 300 MB.

mod saved;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::compact::{Reader, Writer};
use super::facts::{NoticeFacts, Opened, Project, SealFacts, Times, Why, Withheld, title_hash};
use super::instant::{Bounded, Grade, Seconds};
use super::law::Law;
use super::remark::{About, Remark, remarks};
use crate::audit::{ReadBody, ReadEntry};
use crate::log::hash::Hash;
use crate::record::checked_code::CreditCodeFault;
use crate::record::code::{Sector, Stage};
use crate::record::disclosure::{Disclosure, Shown, parse_all};
use crate::record::entry::EntryTime;
use crate::record::instant::Instant;
use crate::record::json::{Object, Value};
use crate::record::look_alike::{Deceit, LookAlike};
use crate::record::notice::{Notice, SealableField};
use crate::record::statement::{AuthorityChange, Content, Kind, Statement};
use crate::record::subject::Subject;

/// Bytes of a chunk; a longer record has a chunk of its own.
const CHUNK: usize = 1 << 20;
/// What most records fit into.
const USUAL: usize = 512;
/// The most bytes of a name that are kept.
const MOST_OF_NAME: usize = 160;
/// Claims that nothing asks for: those of every statement, those read otherwise, and what only leads back to the source.
const PASSED_OVER: [&str; 12] =
    ["iss", "aud", "iat", "jti", "sub", "sealed", "_sd", "_sd_alg", "source", "language", "sector", "stage"];

const NOTICE: u8 = 0;
const REVEAL: u8 = 1;
const ERASURE: u8 = 2;

/// What is kept of one entry of a project, made without knowing the others.
#[derive(Debug)]
pub struct Excerpt {
    project: String,
    index: u64,
    recorded: Seconds,
    publisher: String,
    /// Of a notice: what it says the project is.
    profile: Option<Said>,
    record: Vec<u8>,
}

#[derive(Debug)]
struct Said {
    sector: Sector,
    name: String,
    /// Whether that is the project's name, not the notice's title.
    named: bool,
    region: Option<String>,
    unit: Option<String>,
}

/// Who and what a project is, for figures by sector, district and unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id, normalised.
    pub id: String,
    /// Its name, else the title of its first notice.
    pub name: String,
    /// The sector of its first notice.
    pub sector: Sector,
    /// The district: six digits of GB/T 2260, by the first notice that gives one.
    pub region: Option<String>,
    /// The responsible unit (责任单位): the buyer or seller that a notice names first, else the publisher of the first notice.
    pub unit: Arc<str>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Track {
    id: Box<str>,
    name: Box<str>,
    named: bool,
    #[serde(with = "saved::sector")]
    sector: Sector,
    region: Option<u32>,
    unit: u32,
    /// Whether the unit is one that a notice names.
    unit_named: bool,
    /// The newest record: its address + 1.
    last: u64,
}

/// An entry that records a rulebook or a calendar, and what is shown beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LawEntry {
    text: String,
    disclosures: Vec<String>,
}

/// What a ledger holds, as the rules will look at it.
#[derive(Debug, Default)]
pub struct Chronicle {
    genesis: Seconds,
    law: Law,
    /// What `law` is made from.
    law_entries: Vec<LawEntry>,
    /// Names of publishers, the newest recorded.
    names: BTreeMap<String, String>,
    tracks: Vec<Track>,
    places: HashMap<Box<str>, u32>,
    texts: Interner,
    chunks: Vec<Vec<u8>>,
    /// Of checkpoints whose size is the key: not public before, public by then.
    early: BTreeMap<u64, u64>,
    late: BTreeMap<u64, u64>,
}

/// Texts that occur often, each kept once.
#[derive(Debug, Default)]
struct Interner {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Interner {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // There are fewer texts than entries.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn text(&self, number: u32) -> Arc<str> {
        usize::try_from(number).ok().and_then(|at| self.texts.get(at)).map_or_else(|| "".into(), Arc::clone)
    }
}

impl Excerpt {
    /// What is kept of an entry; nothing of one that belongs to no project.
    pub fn of(entry: &ReadEntry) -> Option<Self> {
        let ReadBody::Statement(held) = &entry.body else { return None };
        // Those of a reveal were held against the target when the entry was folded, or will be.
        let revealed =
            (held.statement.kind() == Kind::Reveal).then(|| parse_all(&held.disclosures).unwrap_or_default());
        let revealed = revealed.map(|values| Shown { values, missing: Vec::new() });
        let shown = revealed.as_ref().unwrap_or(&held.shown);
        Self::of_statement(entry.index.0, seconds(entry.time), &held.statement, shown)
    }

    /// What is kept of a statement, recorded at an index and a time, and of what is shown beside it; nothing of one that belongs to
    /// no project.
    pub fn of_statement(index: u64, recorded: Seconds, statement: &Statement, shown: &Shown) -> Option<Self> {
        let Subject::Project(project) = &statement.sub else { return None };
        let mut writer = Writer(Vec::with_capacity(USUAL));
        let mut profile = None;
        match &statement.content {
            Content::Notice(notice) => {
                let opened = Opened::of(notice, shown);
                profile = Some(Said::by(notice, &opened.members));
                write_notice(&mut writer, &statement.jti, notice, &opened);
            }
            Content::Reveal { target, digests } => {
                writer.0.push(REVEAL);
                write_target(&mut writer, target.0, digests);
                writer.number(shown.values.len() as u64);
                for Disclosure { digest, name, value } in shown.values.values() {
                    writer.hash(digest);
                    writer.text(name);
                    writer.value(value);
                }
            }
            Content::Erasure { target, digests, .. } => {
                writer.0.push(ERASURE);
                write_target(&mut writer, target.0, digests);
            }
            _ => return None,
        }
        let publisher = statement.iss.to_string();
        Some(Self { project: project.as_str().to_owned(), index, recorded, publisher, profile, record: writer.0 })
    }
}

impl Said {
    fn by(notice: &Notice, members: &Object) -> Self {
        let within = |outer: &str, name: &str| members.member(outer)?.as_object()?.member(name)?.as_str();
        let parties = members.member("parties").and_then(Value::as_array).unwrap_or_default();
        let unit = parties.iter().filter_map(Value::as_object).find_map(|party| {
            let says = |name: &str| party.member(name).and_then(Value::as_str);
            says("role").filter(|role| matches!(*role, "buyer" | "seller")).and_then(|_| says("name"))
        });
        let given = within("project", "name").filter(|name| !name.trim().is_empty());
        Self {
            sector: notice.sector,
            name: shortened(given.unwrap_or(&notice.title)),
            named: given.is_some(),
            region: notice.region.clone(),
            unit: unit.map(shortened).filter(|unit| !unit.is_empty()),
        }
    }
}

impl Chronicle {
    /// Of some projects of a ledger that began then, put together without an audit.
    pub fn beginning(genesis: Seconds) -> Self {
        Self { genesis, ..Self::default() }
    }

    /// By what name a publisher is enrolled from here on.
    pub fn enrol(&mut self, publisher: &str, name: &str) {
        self.names.insert(publisher.to_owned(), name.to_owned());
    }

    /// Takes in an entry that was folded; entries come in the order of the ledger. `excerpt` is [`Excerpt::of`] it.
    pub fn record(&mut self, entry: &ReadEntry, excerpt: Option<Excerpt>) {
        match &entry.body {
            ReadBody::Genesis(_) => self.genesis = seconds(entry.time),
            ReadBody::Seal(_) => {}
            ReadBody::Statement(held) => match excerpt {
                Some(excerpt) => self.add(excerpt),
                None => {
                    self.record_law(entry.index.0, seconds(entry.time), &held.statement, &held.shown);
                    if matches!(held.statement.kind(), Kind::Rulebook | Kind::Calendar) {
                        let (text, disclosures) = (entry.text.clone(), held.disclosures.clone());
                        self.law_entries.push(LawEntry { text, disclosures });
                    }
                }
            },
        }
    }

    fn record_law(&mut self, index: u64, at: Seconds, statement: &Statement, shown: &Shown) {
        if let Content::Authority { change: AuthorityChange::Grant { publisher, name, .. }, .. } = &statement.content {
            self.names.insert(publisher.to_string(), name.clone());
        }
        self.law.record(index, at, statement, shown);
    }

    /// Takes in what is kept of an entry; those of one project come in the order of the ledger.
    pub fn add(&mut self, excerpt: Excerpt) {
        let Some(at) = self.track(&excerpt) else { return };
        let publisher = self.texts.number(&excerpt.publisher);
        let mut header = Writer::default();
        header.number(self.tracks[at].last);
        header.number(excerpt.index);
        header.signed(excerpt.recorded);
        header.number(publisher.into());
        self.tracks[at].last = self.store(&header.0, &excerpt.record) + 1;
    }

    /// The project of an excerpt, with what the excerpt says of it; nothing for a project without a notice.
    fn track(&mut self, excerpt: &Excerpt) -> Option<usize> {
        let known = self.places.get(excerpt.project.as_str()).map(|at| *at as usize);
        let Some(said) = &excerpt.profile else { return known };
        let region = said.region.as_deref().map(|region| self.texts.number(region));
        let unit = said.unit.as_deref().map(|unit| self.texts.number(unit));
        if let Some(track) = known.and_then(|at| self.tracks.get_mut(at)) {
            track.region = track.region.or(region);
            if let (false, Some(unit)) = (track.unit_named, unit) {
                (track.unit, track.unit_named) = (unit, true);
            }
            if said.named && !track.named {
                (track.name, track.named) = (said.name.as_str().into(), true);
            }
            return known;
        }
        let publisher = shortened(self.names.get(&excerpt.publisher).unwrap_or(&excerpt.publisher));
        let track = Track {
            id: excerpt.project.as_str().into(),
            name: said.name.as_str().into(),
            named: said.named,
            sector: said.sector,
            region,
            unit: unit.unwrap_or_else(|| self.texts.number(&publisher)),
            unit_named: unit.is_some(),
            last: 0,
        };
        let at = self.tracks.len();
        self.places.insert(track.id.clone(), u32::try_from(at).ok()?);
        self.tracks.push(track);
        Some(at)
    }

    /// Puts a record into the chunks: its address.
    fn store(&mut self, header: &[u8], record: &[u8]) -> u64 {
        let length = header.len() + record.len();
        if self.chunks.last().is_none_or(|chunk| chunk.capacity() - chunk.len() < length) {
            self.chunks.push(Vec::with_capacity(CHUNK.max(length)));
        }
        let number = self.chunks.len() as u64 - 1;
        let Some(chunk) = self.chunks.last_mut() else { return 0 };
        let address = number << 32 | chunk.len() as u64;
        chunk.extend_from_slice(header);
        chunk.extend_from_slice(record);
        address
    }

    /// The times that the cosignatures of the checkpoint of a size tell.
    pub fn cosigned(&mut self, size: u64, early: Option<u64>, late: Option<u64>) {
        self.early.extend(early.map(|early| (size, early)));
        self.late.extend(late.map(|late| (size, late)));
    }

    /// The rulebooks and calendars recorded.
    pub const fn law(&self) -> &Law {
        &self.law
    }

    /// How many rulebooks and calendars were recorded: when it grows, every project is to be judged again.
    pub const fn law_changes(&self) -> usize {
        self.law_entries.len()
    }

    /// A number that changes when something new is recorded of the project of a number below [`Chronicle::projects`].
    pub fn newest_of(&self, number: usize) -> Option<u64> {
        self.tracks.get(number).map(|track| track.last)
    }

    /// How many projects have a notice.
    pub const fn projects(&self) -> usize {
        self.tracks.len()
    }

    /// When the ledger began.
    pub const fn genesis(&self) -> Seconds {
        self.genesis
    }

    /// The project of a number below [`Chronicle::projects`], in the order of their first notices.
    pub fn project(&self, number: usize) -> Option<(Profile, Project)> {
        let track = self.tracks.get(number)?;
        let mut records = Vec::new();
        let mut next = track.last;
        while let Some(address) = next.checked_sub(1) {
            let mut reader = Reader(self.at(address)?);
            next = reader.number()?;
            records.push(reader);
        }
        let mut project = Project::new(&track.id, self.genesis);
        for reader in records.into_iter().rev() {
            self.replay(reader, &mut project)?;
        }
        let profile = Profile {
            id: track.id.as_ref().to_owned(),
            name: track.name.as_ref().to_owned(),
            sector: track.sector,
            region: track.region.map(|region| self.texts.text(region).as_ref().to_owned()),
            unit: self.texts.text(track.unit),
        };
        Some((profile, project))
    }

    /// The same as far as it was public at an instant; nothing if none of it was.
    pub fn project_until(&self, number: usize, at: Seconds) -> Option<(Profile, Project)> {
        let (profile, mut project) = self.project(number)?;
        project.until(at);
        (!project.notices.is_empty()).then_some((profile, project))
    }

    fn at(&self, address: u64) -> Option<&[u8]> {
        let chunk = self.chunks.get(usize::try_from(address >> 32).ok()?)?;
        chunk.get(usize::try_from(address & u64::from(u32::MAX)).ok()?..)
    }

    fn replay(&self, mut reader: Reader<'_>, project: &mut Project) -> Option<()> {
        let (index, recorded) = (reader.number()?, reader.signed()?);
        let publisher = self.texts.text(u32::try_from(reader.number()?).ok()?);
        let times = self.times(index, recorded);
        match reader.byte()? {
            NOTICE => {
                let mut facts = read_notice(&mut reader, index, recorded, &publisher)?;
                project.seals.extend(read_seals(&mut reader, index)?);
                facts.public = times.public(facts.published_at, self.genesis);
                facts.members.set("project", project_member(&facts, project));
                project.notices.push(facts);
            }
            REVEAL => {
                let (notice, digests) = read_target(&mut reader)?;
                project.reveal(index, notice, &digests, times);
                for _ in 0..reader.number()? {
                    project.show(notice, reader.hash()?, reader.text()?, reader.value()?);
                }
            }
            _ => {
                let (notice, digests) = read_target(&mut reader)?;
                project.erase(notice, &digests);
            }
        }
        Some(())
    }

    /// When the entry at an index came to be known: between the latest cosigned checkpoint that does not cover it and the
    /// earliest that does (formats.md §5).
    fn times(&self, index: u64, recorded: Seconds) -> Times {
        let after = self.early.range(..=index).next_back().map(|(_, early)| *early);
        let by = self.late.range(index.saturating_add(1)..).next().map(|(_, late)| *late);
        Times { after, by, recorded }
    }
}

const fn seconds(time: EntryTime) -> Seconds {
    (time.0 / 1000).cast_signed()
}

/// A name of at most [`MOST_OF_NAME`] bytes.
fn shortened(name: &str) -> String {
    let name = name.trim();
    if name.len() <= MOST_OF_NAME {
        return name.to_owned();
    }
    name[..name.floor_char_boundary(MOST_OF_NAME)].to_owned() + "…"
}

/// `project` again as the notice had it; its id was not kept with each.
fn project_member(facts: &NoticeFacts, project: &Project) -> Value {
    let mut member = Object::default();
    member.set("id", Value::String(project.id.clone()));
    if let Some(Value::Object(kept)) = facts.members.member("project") {
        kept.iter().for_each(|(name, value)| member.set(name, value.clone()));
    }
    Value::Object(member)
}

fn write_notice(writer: &mut Writer, id: &str, notice: &Notice, opened: &Opened<'_>) {
    writer.0.push(NOTICE);
    writer.number(Sector::ALL.iter().position(|one| *one == notice.sector).unwrap_or_default() as u64);
    writer.number(Stage::ALL.iter().position(|one| *one == notice.stage).unwrap_or_default() as u64);
    writer.string(id);
    writer.0.extend_from_slice(&title_hash(&notice.title));
    let members = opened.members.as_ref();
    let without_id = members.member("project").and_then(Value::as_object).map(|project| {
        let mut kept = Object::default();
        project.iter().filter(|(name, _)| *name != "id").for_each(|(name, value)| kept.set(name, value.clone()));
        Value::Object(kept)
    });
    let kept = members.iter().filter(|(name, _)| !PASSED_OVER.contains(name));
    let kept = kept.map(|(name, value)| match &without_id {
        Some(project) if name == "project" => (name, project),
        _ => (name, value),
    });
    writer.object(kept.chain(opened.text.then_some(("text", &Value::Bool(true)))));
    writer.number(opened.withheld.len() as u64);
    for member in &opened.withheld {
        writer.hash(&member.digest);
        writer.text(&member.place);
        writer.text(member.name.as_deref().unwrap_or_default());
        writer.0.push(u8::from(member.why == Why::Erased));
    }
    let remarks = remarks(members);
    writer.number(remarks.len() as u64);
    for remark in &remarks {
        write_remark(writer, remark);
    }
    writer.number(notice.sealed.len() as u64);
    for seal in &notice.sealed {
        writer.hash(&seal.digest);
        writer.text(seal.field.code());
        writer.text(&seal.until);
    }
}

fn read_notice(reader: &mut Reader<'_>, index: u64, recorded: Seconds, publisher: &str) -> Option<NoticeFacts> {
    let sector = *Sector::ALL.get(reader.length()?)?;
    let stage = *Stage::ALL.get(reader.length()?)?;
    let Value::String(id) = reader.value()? else { return None };
    let title = reader.array()?;
    let mut members = reader.object()?;
    members.set("sector", Value::String(sector.code().to_owned()));
    members.set("stage", Value::String(stage.code().to_owned()));
    let published_at = members.member("published_at").and_then(Value::as_str).and_then(Instant::parse);
    let mut withheld = Vec::new();
    for _ in 0..reader.number()? {
        let (digest, place, name) = (reader.hash()?, reader.text()?.to_owned(), reader.text()?);
        let name = (!name.is_empty()).then(|| name.to_owned());
        let why = if reader.byte()? == 1 { Why::Erased } else { Why::Sealed };
        withheld.push(Withheld { digest, place, name, why });
    }
    let remarks = (0..reader.number()?).map(|_| read_remark(reader)).collect::<Option<_>>()?;
    Some(NoticeFacts {
        index,
        id,
        publisher: publisher.to_owned(),
        sector,
        stage,
        public: Bounded::exact(recorded, Grade::Recorded),
        recorded,
        published_at,
        members,
        withheld,
        title,
        remarks,
    })
}

fn read_seals(reader: &mut Reader<'_>, notice: u64) -> Option<Vec<SealFacts>> {
    let mut seals = Vec::new();
    for _ in 0..reader.number()? {
        let (digest, field, until) = (reader.hash()?, SealableField::parse(reader.text()?)?, reader.text()?.to_owned());
        seals.push(SealFacts { notice, digest, field: field.code(), until, revealed: None, erased: false });
    }
    Some(seals)
}

fn write_target(writer: &mut Writer, notice: u64, digests: &[Hash]) {
    writer.number(notice);
    writer.number(digests.len() as u64);
    for digest in digests {
        writer.hash(digest);
    }
}

fn read_target(reader: &mut Reader<'_>) -> Option<(u64, Vec<Hash>)> {
    let notice = reader.number()?;
    let digests = (0..reader.number()?).map(|_| reader.hash()).collect::<Option<_>>()?;
    Some((notice, digests))
}

fn write_remark(writer: &mut Writer, remark: &Remark) {
    writer.text(&remark.path);
    writer.text(&remark.value);
    match &remark.about {
        About::LookAlikes(found) => {
            writer.0.push(0);
            writer.number(found.len() as u64);
            for one in found {
                writer.number(one.at as u64);
                writer.number(u64::from(u32::from(one.found)));
                writer.0.push(one.deceit as u8);
            }
        }
        About::CreditCode(CreditCodeFault::Letter(letter)) => {
            writer.0.push(1);
            writer.number(u64::from(u32::from(*letter)));
        }
        About::CreditCode(CreditCodeFault::Check { expected, found }) => {
            writer.0.push(2);
            writer.number(u64::from(u32::from(*expected)));
            writer.number(u64::from(u32::from(*found)));
        }
        About::Supervision(method) => {
            writer.0.push(3);
            writer.text(method);
        }
    }
}

fn read_remark(reader: &mut Reader<'_>) -> Option<Remark> {
    const DECEITS: [Deceit; 6] =
        [Deceit::Invisible, Deceit::Blank, Deceit::FullWidth, Deceit::Compatibility, Deceit::Bracket, Deceit::Letter];
    let (path, value) = (reader.text()?.to_owned(), reader.text()?.to_owned());
    let character = |reader: &mut Reader<'_>| char::from_u32(u32::try_from(reader.number()?).ok()?);
    let about = match reader.byte()? {
        0 => {
            let count = reader.number()?;
            let one = |_| {
                let (at, found) = (reader.length()?, character(reader)?);
                Some(LookAlike { at, found, deceit: *DECEITS.get(usize::from(reader.byte()?))? })
            };
            About::LookAlikes((0..count).map(one).collect::<Option<_>>()?)
        }
        1 => About::CreditCode(CreditCodeFault::Letter(character(reader)?)),
        2 => About::CreditCode(CreditCodeFault::Check { expected: character(reader)?, found: character(reader)? }),
        _ => About::Supervision(reader.text()?.to_owned()),
    };
    Some(Remark { path, value, about })
}
