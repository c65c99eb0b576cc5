//! From cases to dossiers: a ledger by a clock that is set by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder};
use ledger::{Clock, InitOptions, Ledger, Outcome, PrivateKey, SignedStatement};
use serde_json::Value;
use verifier::lifecycle::shipped::CalendarFile;
use verifier::log::hash::sha256;
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Role, Sector};
use verifier::record::entry::EntryTime;
use verifier::record::statement::Scope;
use verifier::record::subject::{ProjectId, Subject};

use super::witness::Witness;
use super::{Case, Law, Step, What, dossier_file};

const ORIGIN: &str = "ledger.example/cases";
const CENTRE: &str = "centre";

/// A clock that stands until it is set.
#[derive(Default)]
struct ManualClock(AtomicU64);

impl ManualClock {
    fn set(&self, seconds: i64) {
        self.0.store(u64::try_from(seconds).unwrap() * 1000, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> EntryTime {
        EntryTime(self.0.load(Ordering::Relaxed))
    }
}

/// What was published of a case.
struct Published<'c> {
    case: &'c Case,
    subject: Subject,
    /// For each step its entry, what stands beside it, and what it sealed.
    entries: Vec<(LeafIndex, Vec<String>, Vec<String>)>,
}

/// A ledger, its keys, and who watches it.
struct Centre {
    ledger: Ledger,
    clock: Arc<ManualClock>,
    root: PrivateKey,
    centre: PrivateKey,
}

/// Records the law and the cases' steps in the order of their times; writes every dossier, and the policy to read them by.
pub(super) async fn publish(dir: &Path, cases: &[&Case], law: Law<'_>) {
    let centre = Centre::begin(&dir.join("ledger"), cases[0].genesis, law).await;
    let mut witness = (!cases[0].cosigned.is_empty()).then(Witness::new);
    let log_key = PrivateKey::read(&dir.join("ledger").join(ledger::LOG_KEY)).unwrap().log_vkey(ORIGIN).unwrap();
    let quorum = witness.as_ref().map_or_else(|| "quorum none\n".to_owned(), Witness::quorum);
    fs::write(dir.join("policy.txt"), format!("log {log_key}\n{quorum}")).unwrap();
    let subject = |case: &Case| Subject::Project(ProjectId::normalise(&case.project).unwrap());
    let mut published: Vec<Published<'_>> =
        cases.iter().map(|case| Published { case, subject: subject(case), entries: Vec::new() }).collect();
    for (at, steps) in timeline(cases) {
        centre.clock.set(at);
        if steps.is_empty() {
            centre.ledger.seal().await.unwrap();
            let dossier = centre.ledger.dossier(&published[0].subject).await.unwrap();
            witness.as_mut().expect("only it cosigns").cosign(&dossier, at);
        } else {
            centre.take(&mut published, &steps).await;
        }
    }
    let end = cases.iter().map(|case| case.as_of).max().expect("there are cases");
    centre.clock.set(end);
    centre.ledger.seal().await.unwrap();
    for (number, one) in published.iter().enumerate() {
        let mut dossier = centre.ledger.dossier(&one.subject).await.unwrap();
        if let Some(witness) = &mut witness {
            witness.add_to(&mut dossier, end);
        }
        fs::write(dir.join(dossier_file(number)), dossier.format()).unwrap();
    }
    centre.ledger.close().await;
}

/// The steps of each time, in order, each with its case's number; none: a witness cosigns.
fn timeline<'c>(cases: &[&'c Case]) -> Vec<(i64, Vec<(usize, &'c Step)>)> {
    let mut times: BTreeMap<(i64, bool), Vec<(usize, &'c Step)>> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        for step in &case.steps {
            times.entry((step.at, false)).or_default().push((number, step));
        }
        for at in &case.cosigned {
            times.insert((*at, true), Vec::new());
        }
    }
    times.into_iter().map(|((at, _), steps)| (at, steps)).collect()
}

impl Centre {
    /// A new ledger with its law, and one publisher for everything.
    async fn begin(dir: &Path, genesis: i64, law: Law<'_>) -> Self {
        let clock = Arc::new(ManualClock::default());
        clock.set(genesis);
        let (root, centre) = (PrivateKey::from_seed(&[1; 32]), PrivateKey::from_seed(&[3; 32]));
        let options = InitOptions {
            origin: ORIGIN.to_owned(),
            jurisdiction: law.jurisdiction.to_owned(),
            guard: None,
            root: root.jwk().clone(),
            recovery: PrivateKey::from_seed(&[2; 32]).jwk().clone(),
            predecessor: String::new(),
        };
        Ledger::init_with_clock(dir, options, &*clock).await.unwrap();
        let ledger = Ledger::open_with_clock(dir, clock.clone()).await.unwrap();
        let made = Self { ledger, clock, root, centre };
        let (id, desk) = (PublisherId::parse(CENTRE).unwrap(), made.root_desk());
        let scope = Scope { roles: vec![Role::Publisher], sectors: Sector::ALL.to_vec(), regions: vec![String::new()] };
        let mut statements = vec![desk.grant("enrol", 0, &id, "交易中心", made.centre.jwk(), &scope).unwrap()];
        statements.extend(made.law(law));
        for outcome in made.ledger.submit_many(statements).await.unwrap() {
            recorded(outcome);
        }
        made
    }

    fn root_desk(&self) -> Desk<'_> {
        Desk { iss: "root", key: &self.root, origin: ORIGIN, now: self.clock.now().0 / 1000 }
    }

    fn law(&self, law: Law<'_>) -> Vec<SignedStatement> {
        let (desk, rulebook) = (self.root_desk(), serde_json::from_str::<Value>(law.rulebook).unwrap());
        let said = |name: &str| rulebook[name].as_str().unwrap();
        let rules = desk.rulebook(0, law.jurisdiction, said("version"), said("effective_from"), &rulebook["rules"]);
        let calendar = law.calendar.map(|text| CalendarFile::parse(text).unwrap());
        let years = calendar.into_iter().flat_map(|file| file.years);
        let days = |days: &[jiff::civil::Date]| days.iter().map(ToString::to_string).collect::<Vec<_>>();
        let years = (0..).zip(years).map(|(seq, year)| {
            desk.calendar(seq, law.jurisdiction, year.year, &days(&year.holidays), &days(&year.workdays)).unwrap()
        });
        std::iter::once(rules.unwrap()).chain(years).collect()
    }

    /// Takes the steps of one time, together.
    async fn take(&self, published: &mut [Published<'_>], steps: &[(usize, &Step)]) {
        let mut numbers: Vec<usize> = published.iter().map(|one| one.entries.len()).collect();
        let mut signed = Vec::new();
        for (case, step) in steps {
            numbers[*case] += 1;
            signed.push(self.sign(&published[*case], numbers[*case], step));
        }
        let statements = signed.iter().map(|one| one.statement.clone()).collect();
        let outcomes = self.ledger.submit_many(statements).await.unwrap();
        for (((case, _), one), outcome) in steps.iter().zip(signed).zip(outcomes) {
            published[*case].entries.push((recorded(outcome), one.statement.disclosures, one.sealed));
        }
    }

    /// Signs a step of a case.
    fn sign(&self, published: &Published<'_>, number: usize, step: &Step) -> Signed {
        let desk = Desk { iss: CENTRE, key: &self.centre, origin: ORIGIN, now: self.clock.now().0 / 1000 };
        let (subject, jti) = (published.subject.to_string(), format!("{}/{number}", published.case.project));
        match &step.what {
            What::Notice { draft, seals } => {
                let draft = Draft::parse(&draft.to_string()).unwrap_or_else(|error| panic!("{jti}: {error}"));
                let seals: Vec<SealOrder> = seals.iter().map(|order| SealOrder::parse(order).unwrap()).collect();
                let (statement, withheld) = desk.notice(&draft, &seals, true).unwrap();
                Signed { statement, sealed: withheld.into_iter().map(|one| one.disclosure).collect() }
            }
            What::Reveal { of } => {
                let (target, _, sealed) = published.entries[of - 1].clone();
                Signed { statement: desk.reveal(&jti, &subject, target, sealed).unwrap(), sealed: Vec::new() }
            }
            What::Erase { of } => {
                let (target, shown, sealed) = &published.entries[of - 1];
                let digests: Vec<_> = shown.iter().chain(sealed).map(|text| sha256(text.as_bytes())).collect();
                let (ground, reason) = ("个人信息保护法第四十七条", "撤回同意");
                let erasure = self.root_desk().erasure(&jti, &subject, *target, &digests, ground, reason);
                Signed { statement: erasure.unwrap(), sealed: Vec::new() }
            }
        }
    }
}

/// A step, signed, and what it withholds.
struct Signed {
    statement: SignedStatement,
    sealed: Vec<String>,
}

fn recorded(outcome: Outcome) -> LeafIndex {
    match outcome {
        Outcome::Recorded(index) => index,
        other => panic!("not recorded: {other:?}"),
    }
}
