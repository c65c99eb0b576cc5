//! A ledger written straight to an exported tree, which tests may bend as no honest ledger would.
#![allow(dead_code, unused_imports, reason = "each test file uses a part")]

mod proven;

pub(crate) use proven::{add_checkpoint, consistency, cosign, witness};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use verifier::dossier::{DossierFile, EntryPart, Head, SubjectPart};
use verifier::evidence::Included;
use verifier::evidence::path::{inclusion_path, of_leaves};
use verifier::log::base64::encode_url;
use verifier::log::checkpoint::{Checkpoint, SignedCheckpoint};
use verifier::log::hash::{Hash, LeafHash, sha256};
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::log::key::PublicKey;
use verifier::log::note::{KeyKind, VerifierKey, signature_line};
use verifier::log::tile::{
    TileKind, TilePath, encode_index, entry_tiles, format_entry_bundle, format_hash_tile, parse_entry_bundle,
};
use verifier::log::tlog_proof::TlogProof;
use verifier::log::tree::Frontier;
use verifier::receipt::format_extra;
use verifier::record::code::Stage;
use verifier::record::entry::{Body, Entry, entry_hash};
use verifier::record::statement::{Jwk, Statement};
use verifier::record::subject::Subject;
use verifier::record::subject_map::{SubjectMap, SubjectState, map_key};

pub(crate) const ORIGIN: &str = "ledger.example/forged";
pub(crate) const PUBLISHER: &str = "12420100MB00000006";
pub(crate) const SUPERVISOR: &str = "11420100MB0000001C";

/// The seeds of the keys, so that a test can say whose key signs.
pub(crate) const LOG: u8 = 1;
pub(crate) const ROOT: u8 = 2;
pub(crate) const RECOVERY: u8 = 3;
pub(crate) const PUBLISHER_KEY: u8 = 10;
pub(crate) const SUPERVISOR_KEY: u8 = 11;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn jwk(seed: u8) -> Jwk {
    jwk_of(&[seed; 32])
}

pub(crate) fn jwk_of(secret: &[u8; 32]) -> Jwk {
    Jwk::new(PublicKey::parse(SigningKey::from_bytes(secret).verifying_key().as_bytes()).unwrap())
}

pub(crate) fn log_key(seed: u8) -> VerifierKey {
    let key = PublicKey::parse(key(seed).verifying_key().as_bytes()).unwrap();
    VerifierKey::new(ORIGIN, KeyKind::Ed25519, key).unwrap()
}

/// A JWT over claims as they are, signed with the key of a seed; `header` may replace the honest one.
pub(crate) fn sign(seed: u8, typ: &str, claims: &str) -> String {
    let header = format!(r#"{{"alg":"Ed25519","kid":"{}","typ":"{typ}+sd-jwt"}}"#, jwk(seed).kid_text());
    sign_under(seed, &header, claims)
}

pub(crate) fn sign_under(seed: u8, header: &str, claims: &str) -> String {
    sign_with(&[seed; 32], header, claims)
}

pub(crate) fn sign_with(secret: &[u8; 32], header: &str, claims: &str) -> String {
    let input = format!("{}.{}", encode_url(header.as_bytes()), encode_url(claims.as_bytes()));
    let signature = SigningKey::from_bytes(secret).sign(input.as_bytes()).to_bytes();
    format!("{input}.{}", encode_url(&signature))
}

/// A disclosure and its digest.
pub(crate) fn disclose(name: &str, value: &str) -> (String, String) {
    let salt = encode_url(&sha256(format!("{name}{value}").as_bytes()).0[..16]);
    let text = encode_url(format!(r#"["{salt}","{name}",{value}]"#).as_bytes());
    let digest = encode_url(&sha256(text.as_bytes()).0);
    (text, digest)
}

pub(crate) fn common(iss: &str, jti: &str, sub: &str) -> String {
    format!(r#""iss":"{iss}","aud":"{ORIGIN}","iat":1764000000,"jti":"{jti}","sub":"{sub}""#)
}

/// Claims of a notice of a project: `rest` begins with a comma.
pub(crate) fn notice(project: &str, jti: &str, stage: &str, rest: &str) -> String {
    let common = common(PUBLISHER, jti, &format!("project/{project}"));
    format!(
        r#"{{{common},"project":{{"id":"{project}"}},"sector":"land","stage":"{stage}","title":"T","region":"420100"{rest}}}"#
    )
}

pub(crate) fn grant(iss: &str, jti: &str, id: &str, seq: u64, seed: u8, role: &str) -> String {
    let common = common(iss, jti, &format!("authority/{id}"));
    let jwk = jwk(seed).format();
    format!(
        r#"{{{common},"seq":{seq},"action":"enrol","publisher":"{id}","name":"N","jwk":{jwk},"roles":["{role}"],"sectors":["land"],"regions":["4201"]}}"#
    )
}

/// A ledger under way.
pub(crate) struct Forge {
    dir: PathBuf,
    pub(crate) log_seed: u8,
    /// The key of a real ledger's log, where one is gone on from.
    log: Option<(VerifierKey, SigningKey)>,
    pub(crate) time: u64,
    pub(crate) leaves: Vec<Hash>,
    pub(crate) entries: Vec<String>,
    disclosures: Vec<Vec<String>>,
    bundle: Vec<String>,
    lines: String,
    subjects: BTreeMap<String, SubjectState>,
    touched: BTreeSet<String>,
    /// What the map holds, which need not be the truth.
    mapped: BTreeMap<String, SubjectState>,
    map: SubjectMap,
    frontier: Frontier,
    levels: BTreeMap<u8, Vec<Hash>>,
}

impl Forge {
    /// A ledger with its genesis, one publisher, one supervisor and a seal.
    pub(crate) fn new(dir: &Path) -> Self {
        Self::begun_at(dir, 1_764_547_200_000)
    }

    /// The same, whose genesis is of this time, in milliseconds since the Unix epoch.
    pub(crate) fn begun_at(dir: &Path, time: u64) -> Self {
        let mut forge = Self { time, ..Self::empty(dir) };
        let genesis = forge.genesis();
        forge.push(Some("ledger"), &genesis, None, &[]);
        let authority = grant("root", "a1", PUBLISHER, 0, PUBLISHER_KEY, "publisher");
        forge.record(&format!("authority/{PUBLISHER}"), &sign(ROOT, "authority", &authority), None, &[]);
        let authority = grant("root", "a2", SUPERVISOR, 0, SUPERVISOR_KEY, "supervisor");
        forge.record(&format!("authority/{SUPERVISOR}"), &sign(ROOT, "authority", &authority), None, &[]);
        forge.seal();
        forge
    }

    pub(crate) fn empty(dir: &Path) -> Self {
        let forge = Self {
            dir: dir.to_owned(),
            log_seed: LOG,
            log: None,
            time: 1_764_547_200_000,
            leaves: Vec::new(),
            entries: Vec::new(),
            disclosures: Vec::new(),
            bundle: Vec::new(),
            lines: String::new(),
            subjects: BTreeMap::new(),
            touched: BTreeSet::new(),
            mapped: BTreeMap::new(),
            map: SubjectMap::default(),
            frontier: Frontier::new(),
            levels: BTreeMap::new(),
        };
        forge.write("policy.txt", format!("log {}\nquorum none\n", log_key(LOG)).as_bytes());
        forge
    }

    /// The first entries of an exported ledger, up to a seal, as only who has its log's key can go on from them.
    pub(crate) fn continued(dir: &Path, tree: &Path, entries: usize, vkey: &VerifierKey, secret: &[u8; 32]) -> Self {
        let log = Some((vkey.clone(), SigningKey::from_bytes(secret)));
        let mut forge = Self { log, ..Self::empty(dir) };
        let (texts, disclosures) = exported(tree);
        for (index, text) in (0..).zip(&texts[..entries]) {
            let entry = Entry::parse(text).unwrap();
            forge.time = entry.time.0;
            if entry.seal().is_some() {
                assert_eq!(forge.seal_entry(), *text, "the map is derived from the entries");
            }
            let subject = entry.link().map(|(subject, _, _)| subject.to_owned());
            let shown: Vec<&str> = disclosures.get(&index).into_iter().flatten().map(String::as_str).collect();
            forge.push(subject.as_deref(), text, stage_of(&entry).map(Stage::code), &shown);
        }
        forge.publish_head();
        forge
    }

    pub(crate) fn genesis(&self) -> String {
        format!(
            r#"{}"kind":"genesis","subject":"ledger","seq":0,"prev_in_subject":"{}","origin":"{ORIGIN}","log_key":"{}","root_jwk":{},"recovery_jwk":{},"jurisdiction":"cn","predecessor":""}}"#,
            self.start(),
            Hash::ZERO,
            log_key(LOG),
            jwk(ROOT).format(),
            jwk(RECOVERY).format()
        )
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    fn start(&self) -> String {
        let prev = self.leaves.last().copied().unwrap_or(Hash::ZERO);
        format!(r#"{{"v":1,"index":{},"time":{},"prev":"{prev}","#, self.size(), self.time)
    }

    /// The honest next entry for a statement.
    pub(crate) fn entry(&self, subject: &str, jwt: &str) -> String {
        let state = self.subjects.get(subject).cloned().unwrap_or_default();
        format!(
            r#"{}"kind":"statement","subject":"{subject}","seq":{},"prev_in_subject":"{}","statement":"{jwt}"}}"#,
            self.start(),
            state.count,
            state.head
        )
    }

    /// Records a statement as an honest ledger would, whatever it says.
    pub(crate) fn record(&mut self, subject: &str, jwt: &str, stage: Option<&str>, disclosures: &[&str]) -> u64 {
        let entry = self.entry(subject, jwt);
        self.push(Some(subject), &entry, stage, disclosures)
    }

    /// Records a notice signed by the publisher.
    pub(crate) fn publish(&mut self, project: &str, jti: &str, stage: &str, rest: &str, disclosures: &[&str]) -> u64 {
        let jwt = sign(PUBLISHER_KEY, "notice", &notice(project, jti, stage, rest));
        self.record(&format!("project/{project}"), &jwt, Some(stage), disclosures)
    }

    /// Appends any bytes as the next entry.
    pub(crate) fn push(
        &mut self,
        subject: Option<&str>,
        entry: &str,
        stage: Option<&str>,
        disclosures: &[&str],
    ) -> u64 {
        let index = self.size();
        let leaf = entry_hash(entry);
        if let Some(subject) = subject {
            let record = self.subjects.entry(subject.to_owned()).or_default();
            record.push(leaf, stage.and_then(Stage::parse));
            self.touched.insert(subject.to_owned());
        }
        if !disclosures.is_empty() {
            let quoted: Vec<String> = disclosures.iter().map(|text| format!("\"{text}\"")).collect();
            let shown = quoted.join(",");
            writeln!(self.lines, "{{\"index\":{index},\"disclosures\":[{shown}]}}").unwrap();
        }
        self.entries.push(entry.to_owned());
        self.disclosures.push(disclosures.iter().map(|text| (*text).to_owned()).collect());
        self.leaves.push(leaf.0);
        self.levels.entry(0).or_default().push(leaf.0);
        for tile in self.frontier.push(LeafHash(leaf.0)) {
            self.levels.entry(tile.level).or_default().push(tile.hash);
        }
        self.bundle.push(entry.to_owned());
        if self.bundle.len() == 256 {
            self.flush();
        }
        self.time += 1000;
        index
    }

    /// The honest seal.
    pub(crate) fn seal_entry(&mut self) -> String {
        for subject in std::mem::take(&mut self.touched) {
            self.map.insert(map_key(&subject), self.subjects[&subject].value());
            self.mapped.insert(subject.clone(), self.subjects[&subject].clone());
        }
        let (subjects, root) = (self.map.len(), self.map.root());
        format!(r#"{}"kind":"seal","subjects":{subjects},"map_root":"{root}"}}"#, self.start())
    }

    /// Ends a batch and publishes its checkpoint.
    pub(crate) fn seal(&mut self) {
        let seal = self.seal_entry();
        self.push(None, &seal, None, &[]);
        self.publish_head();
    }

    /// Keeps what happened to a subject since the last seal out of the map.
    pub(crate) fn conceal(&mut self, subject: &str) {
        assert!(self.touched.remove(subject), "{subject} has nothing to conceal");
    }

    /// Takes a subject out of the map.
    pub(crate) fn forget(&mut self, subject: &str) {
        self.mapped.remove(subject).expect("it is in the map");
        self.map = SubjectMap::default();
        for (subject, state) in &self.mapped {
            self.map.insert(map_key(subject), state.value());
        }
    }

    /// Lets the map count only the first `count` entries of a subject.
    pub(crate) fn count_only(&mut self, subject: &str, count: u64) {
        self.conceal(subject);
        let state = self.state_after(subject, count);
        self.map.insert(map_key(subject), state.value());
        self.mapped.insert(subject.to_owned(), state);
    }

    /// Makes the next entry of a subject take the place of its last `entries`.
    pub(crate) fn rewind(&mut self, subject: &str, entries: u64) {
        let state = self.state_after(subject, self.subjects[subject].count - entries);
        self.subjects.insert(subject.to_owned(), state);
    }

    /// A subject after its first `count` entries.
    fn state_after(&self, subject: &str, count: u64) -> SubjectState {
        let mut state = SubjectState::default();
        for text in &self.entries {
            let entry = Entry::parse(text).unwrap();
            if entry.link().is_some_and(|(about, seq, _)| about == subject && seq < count) {
                state.push(entry_hash(text), stage_of(&entry));
            }
        }
        state
    }

    fn head(&self) -> SignedCheckpoint {
        SignedCheckpoint::parse(&self.note(self.size(), self.frontier.root().0)).unwrap()
    }

    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion_path(LeafIndex(index), TreeSize(size), of_leaves(&self.leaves)).unwrap()
    }

    /// The entry in the tree of the head.
    pub(crate) fn included(&self, index: u64) -> Included {
        let entry = self.entries[usize::try_from(index).unwrap()].clone();
        Included { note: self.head(), entry, inclusion: self.inclusion(index, self.size()) }
    }

    /// The receipt of an entry under the head.
    pub(crate) fn receipt(&self, index: u64) -> String {
        let Included { note: checkpoint, entry, inclusion: hashes } = self.included(index);
        let extra = format_extra(&entry, &self.disclosures[usize::try_from(index).unwrap()]);
        TlogProof { extra: Some(extra.into_bytes()), index: LeafIndex(index), hashes, checkpoint }.format()
    }

    /// What the map holds of a subject, and the proof of it.
    pub(crate) fn shown(&mut self, subject: &str) -> SubjectPart {
        let mapped = &self.mapped;
        let value = |key: Hash| {
            let other = mapped.iter().find(|(subject, _)| map_key(subject) == key);
            other.expect("it is in the map").1.value()
        };
        let map_proof = self.map.prove(&map_key(subject), value);
        let state = mapped.get(subject).cloned().unwrap_or_default();
        SubjectPart { subject: Subject::parse(subject).unwrap(), state, map_proof, entries: None }
    }

    /// The absence proof of a subject under the head, which must end in a seal.
    pub(crate) fn absence(&mut self, subject: &str) -> DossierFile {
        let Included { note, entry, inclusion } = self.included(self.size() - 1);
        let head = Head { checkpoint: note, seal: entry, seal_proof: inclusion };
        DossierFile { head, subjects: vec![self.shown(subject)] }
    }

    /// The dossier of a project under the head: as many of its newest-numbered entries as the map counts.
    pub(crate) fn dossier(&mut self, subject: &str) -> DossierFile {
        let mut file = self.absence(subject);
        let others = ["ledger".to_owned(), "rulebook/cn".to_owned(), "calendar/cn".to_owned()];
        let mut subjects = vec![subject.to_owned()];
        subjects.extend(others);
        if file.subjects[0].state.count > 0 {
            subjects.extend(self.issuers(subject).iter().map(|iss| format!("authority/{iss}")));
        }
        file.subjects = subjects.iter().map(|subject| self.with_entries(subject)).collect();
        file
    }

    /// What a light client can be given: the dossier of every project that the map has, and the receipt of the newest entry.
    pub(crate) fn handed_out(&mut self) -> Vec<(&'static str, String)> {
        let projects: Vec<String> =
            self.mapped.keys().filter(|subject| subject.starts_with("project/")).cloned().collect();
        let projects = projects.iter().filter(|subject| Subject::parse(subject).is_ok());
        let mut files: Vec<_> = projects.map(|subject| ("dossier", self.dossier(subject).format())).collect();
        files.push(("receipt", self.receipt(self.size().saturating_sub(2))));
        files
    }

    /// Whoever has signed something about a subject.
    fn issuers(&self, subject: &str) -> BTreeSet<String> {
        let signed = |text: &String| {
            let Body::Statement { subject: about, statement, .. } = Entry::parse(text).ok()?.body else {
                return None;
            };
            let iss = if about == subject { Statement::parse(statement).ok()?.iss } else { return None };
            (!iss.is_reserved()).then(|| iss.as_str().to_owned())
        };
        self.entries.iter().filter_map(signed).collect()
    }

    /// Of several entries with one number the newest is shown, as the map counts it.
    fn with_entries(&mut self, subject: &str) -> SubjectPart {
        let mut part = self.shown(subject);
        let mut entries = BTreeMap::new();
        for (index, text) in (0..).zip(&self.entries) {
            let Ok(entry) = Entry::parse(text) else { continue };
            if let Some((about, seq, _)) = entry.link()
                && about == subject
                && seq < part.state.count
            {
                entries.insert(seq, index);
            }
        }
        let shown = |index: u64| EntryPart {
            entry: self.entries[usize::try_from(index).unwrap()].clone(),
            disclosures: self.disclosures[usize::try_from(index).unwrap()].clone(),
            inclusion: self.inclusion(index, self.size()),
            recorded_by: None,
            not_before: None,
        };
        if part.state.count > 0 {
            part.entries = Some(entries.into_values().map(shown).collect());
        }
        part
    }

    pub(crate) fn note(&self, size: u64, root: Hash) -> String {
        match &self.log {
            None => signed_note(self.log_seed, size, root),
            Some((vkey, key)) => signed_by(vkey, key, size, root),
        }
    }

    pub(crate) fn publish_head(&mut self) {
        let note = self.note(self.size(), self.frontier.root().0);
        self.write(&format!("tree/checkpoints/{}", self.size()), note.as_bytes());
        self.write("tree/checkpoint", note.as_bytes());
    }

    fn flush(&mut self) {
        let number = (self.size() - 1) / 256;
        let width = self.bundle.len();
        if width == 0 {
            return;
        }
        self.write_tile(TileKind::Entries, number, width, &format_entry_bundle(&self.bundle));
        if !self.lines.is_empty() {
            self.write(&format!("tree/disclosures/{}", encode_index(number)), self.lines.as_bytes());
        }
        if width == 256 {
            self.bundle.clear();
            self.lines.clear();
        }
        for (level, hashes) in std::mem::take(&mut self.levels) {
            let number = ((self.size() >> (8 * level)) - 1) / 256;
            if !hashes.is_empty() {
                self.write_tile(TileKind::Hashes { level }, number, hashes.len(), &format_hash_tile(&hashes));
            }
            self.levels.insert(level, if hashes.len() == 256 { Vec::new() } else { hashes });
        }
    }

    fn write_tile(&self, kind: TileKind, number: u64, width: usize, bytes: &[u8]) {
        let path = TilePath::new(kind, number, u16::try_from(width).unwrap()).unwrap();
        self.write(&format!("tree/{path}"), bytes);
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes what is not written yet.
    pub(crate) fn finish(&mut self) {
        self.flush();
    }
}

fn stage_of(entry: &Entry<'_>) -> Option<Stage> {
    let Body::Statement { statement, .. } = entry.body else { return None };
    Statement::parse(statement).unwrap().notice().map(|notice| notice.stage)
}

/// The entries of an exported tree, and the disclosures beside each.
fn exported(tree: &Path) -> (Vec<String>, BTreeMap<u64, Vec<String>>) {
    let head = fs::read_to_string(tree.join("checkpoint")).unwrap();
    let size = SignedCheckpoint::parse(&head).unwrap().checkpoint.size;
    let (mut entries, mut disclosures) = (Vec::new(), BTreeMap::new());
    for (number, path) in (0..).zip(entry_tiles(size)) {
        let bundle = fs::read(tree.join(path.to_string())).unwrap();
        let texts = parse_entry_bundle(&bundle).unwrap().into_iter();
        entries.extend(texts.map(|text| String::from_utf8(text.to_vec()).unwrap()));
        let lines = fs::read_to_string(tree.join(format!("disclosures/{}", encode_index(number)))).unwrap_or_default();
        for line in lines.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let texts = line["disclosures"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
            disclosures.insert(line["index"].as_u64().unwrap(), texts.collect());
        }
    }
    (entries, disclosures)
}

pub(crate) fn signed_note(seed: u8, size: u64, root: Hash) -> String {
    signed_by(&log_key(seed), &key(seed), size, root)
}

fn signed_by(vkey: &VerifierKey, key: &SigningKey, size: u64, root: Hash) -> String {
    let root = verifier::log::hash::RootHash(root);
    let body = Checkpoint { origin: vkey.name().into(), size: TreeSize(size), root }.format();
    let line = signature_line(vkey.name(), vkey.key_id(), &key.sign(body.as_bytes()).to_bytes());
    format!("{body}\n{line}")
}
