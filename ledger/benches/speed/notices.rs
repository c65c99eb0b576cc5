//! The input: SD-JWTs of 2 KB as they arrive, of 50 publishers, about five to a project.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::publisher::Desk;
use ledger::{Ledger, Outcome, PrivateKey, SignedStatement};
use verifier::lifecycle::rulebook::Rulebook;
use verifier::lifecycle::shipped::{self, CalendarFile};
use verifier::log::base64::encode_url;
use verifier::log::hash::sha256;
use verifier::record::statement::Kind;

use crate::fixture::{ORIGIN, enrol, new_ledger, root};

const PUBLISHERS: usize = 50;
/// Bytes of a notice as received: JWT and disclosure.
const BYTES: usize = 2048;
/// Projects that get exactly [`OF_TEN`] notices each, spread over all entries.
const PROJECTS_OF_TEN: u64 = 100;
/// Notices of a dossier.
const OF_TEN: u64 = 10;

/// Stages and what notices of them say, so that an audit with a report has something to judge.
const STAGES: [(&str, &str); 5] = [
    (
        "announcement",
        r#"{"method":"open","documents":{"from":"2025-11-03","until":"2025-11-10"},"bid_deadline":"2025-11-25T09:30:00+08:00","scope":"示例范围","evaluation_method":"综合评估法"}"#,
    ),
    (
        "candidates",
        r#"{"publicity":{"from":"2025-11-27T18:00:00+08:00","until":"2025-12-01T18:00:00+08:00"},"candidates":[{"rank":1,"name":"甲公司"},{"rank":2,"name":"乙公司"},{"rank":3,"name":"丙公司"}]}"#,
    ),
    (
        "award",
        r#"{"decided_at":"2025-12-02","winner":{"name":"甲公司"},"price":{"amount":"1359102.00","currency":"CNY"}}"#,
    ),
    (
        "contract",
        r#"{"signed_at":"2025-12-20","supplier":{"name":"甲公司"},"value":{"amount":"1359102.00","currency":"CNY"},"planned":{"commencement":"2026-01-05","completion":"2026-12-31"}}"#,
    ),
    ("performance", r#"{"event":"payment","on":"2026-01-15","amount":{"amount":"300000.00","currency":"CNY"}}"#),
];

/// Makes the notices of a ledger, by number.
pub struct Notices {
    keys: Vec<PrivateKey>,
    projects: u64,
    /// Every so many notices one is about a project of ten.
    step: u64,
    bytes: AtomicU64,
}

impl Notices {
    pub fn new(entries: u64) -> Self {
        let keys = (0..PUBLISHERS).map(|n| PrivateKey::from_seed(&sha256(&n.to_be_bytes()).0)).collect();
        let step = (entries / (PROJECTS_OF_TEN * OF_TEN)).max(1);
        Self { keys, projects: (entries / 5).min(200_000), step, bytes: AtomicU64::new(0) }
    }

    /// A ledger that knows the publishers.
    pub async fn new_ledger(&self, dir: &Path) -> Ledger {
        let ledger = new_ledger(dir).await;
        record_law(&ledger).await;
        let keys = self.keys.iter().enumerate();
        check(&ledger.submit_many(keys.map(|(n, key)| enrol(&format!("P{n}"), key, 0)).collect()).await.unwrap());
        self.bytes.store(0, Ordering::Relaxed);
        ledger
    }

    /// The bytes of the notices made for the newest ledger.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn publisher(&self, n: u64) -> &PrivateKey {
        &self.keys[usize::try_from(n).unwrap() % PUBLISHERS]
    }

    /// The projects of ten notices.
    pub fn projects_of_ten() -> impl Iterator<Item = String> {
        (0..PROJECTS_OF_TEN).map(|n| format!("T{n}"))
    }

    fn project(&self, n: u64, hash: &[u8]) -> String {
        if n.is_multiple_of(self.step) && n / self.step < PROJECTS_OF_TEN * OF_TEN {
            return format!("T{}", n / self.step % PROJECTS_OF_TEN);
        }
        format!("E{}", u64::from_be_bytes(hash[..8].try_into().unwrap()) % self.projects)
    }

    /// Notices `first` to before `first + count`, signed on all cores.
    pub async fn sign(self: &Arc<Self>, first: u64, count: u64) -> Vec<SignedStatement> {
        let half = count / 2;
        let parts = [(first, half), (first + half, count - half)].map(|(first, count)| {
            let notices = self.clone();
            tokio::task::spawn_blocking(move || (first..first + count).map(|n| notices.sign_one(n)).collect::<Vec<_>>())
        });
        let mut signed = Vec::new();
        for part in parts {
            signed.append(&mut part.await.unwrap());
        }
        self.bytes.fetch_add(signed.iter().map(|one| one.bytes() as u64).sum(), Ordering::Relaxed);
        signed
    }

    fn sign_one(&self, n: u64) -> SignedStatement {
        let hash = sha256(&n.to_be_bytes()).0;
        let (project, publisher, salt) = (self.project(n, &hash), n % PUBLISHERS as u64, encode_url(&hash[..16]));
        let (stage, data) = STAGES[usize::from(hash[8]) % STAGES.len()];
        let sign = |disclosure: &str| {
            let digest = encode_url(&sha256(disclosure.as_bytes()).0);
            let claims = format!(
                "{{\"iss\":\"P{publisher}\",\"aud\":\"{ORIGIN}\",\"iat\":1764000000,\"jti\":\"n{n}\",\"sub\":\"project/{project}\",\
                 \"project\":{{\"id\":\"{project}\",\"name\":\"示例项目\"}},\"sector\":\"construction\",\"stage\":\"{stage}\",\
                 \"title\":\"示例项目施工招标公告\",\"region\":\"420100\",\"parties\":[{{\"role\":\"buyer\",\"name\":\"示例单位{publisher}\"}}],\
                 \"data\":{data},\"_sd\":[\"{digest}\"],\"_sd_alg\":\"sha-256\"}}"
            );
            self.publisher(n).sign_statement(Kind::Notice, &claims)
        };
        // The text is the rest, a character being three bytes, and three bytes four of base64url.
        let disclose =
            |characters: usize| encode_url(format!("[\"{salt}\",\"text\",\"{}\"]", "文".repeat(characters)).as_bytes());
        let none = disclose(0);
        let disclosure = disclose(BYTES.saturating_sub(sign(&none).len() + none.len()) / 4);
        SignedStatement { jwt: sign(&disclosure), disclosures: vec![disclosure] }
    }
}

/// Every one of them was recorded.
pub fn check(outcomes: &[Outcome]) {
    assert!(outcomes.iter().all(|one| matches!(one, Outcome::Recorded(_))), "{:?}", outcomes.first());
}

/// The law that ships for the ledger's jurisdiction.
async fn record_law(ledger: &Ledger) {
    let (root, origin) = (root(), ledger.origin());
    let desk = Desk { iss: "root", key: &root, origin: &origin, now: 1_764_000_000 };
    let text = shipped::rulebook("cn").unwrap();
    let (rulebook, file) = (Rulebook::parse(text).unwrap(), serde_json::from_str::<serde_json::Value>(text).unwrap());
    let effective_from = rulebook.effective_from.to_string();
    let mut law = vec![desk.rulebook(0, "cn", &rulebook.version, &effective_from, &file["rules"]).unwrap()];
    let calendar = CalendarFile::parse(shipped::calendar("cn").unwrap()).unwrap();
    for (seq, year) in (0..).zip(&calendar.years) {
        let [holidays, workdays] =
            [&year.holidays, &year.workdays].map(|days| days.iter().map(ToString::to_string).collect::<Vec<_>>());
        law.push(desk.calendar(seq, "cn", year.year, &holidays, &workdays).unwrap());
    }
    check(&ledger.submit_many(law).await.unwrap());
}
