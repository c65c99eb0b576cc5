//! What appending costs, as ratios to what this machine can do at most. `APPEND_ENTRIES` says how many notices (20,000 if it
//! is not set); the figures are for 1,000,000.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::sync::Arc;
use std::time::{Duration, Instant};

use fixture::{ORIGIN, enrol, new_ledger};
use ledger::{Ledger, Outcome, PrivateKey, SignedStatement};
use verifier::log::base64::encode_url;
use verifier::log::hash::sha256;
use verifier::record::statement::Kind;

const PUBLISHERS: usize = 50;
/// Bytes of a notice as received: JWT and disclosure.
const BYTES: usize = 2048;

fn publisher(n: usize) -> PrivateKey {
    PrivateKey::from_seed(&sha256(&n.to_be_bytes()).0)
}

/// A notice of [`BYTES`] bytes about one of `projects` projects.
fn notice(n: u64, projects: u64, keys: &[PrivateKey]) -> SignedStatement {
    let hash = sha256(&n.to_be_bytes()).0;
    let project = u64::from_be_bytes(hash[..8].try_into().unwrap()) % projects;
    let publisher = usize::try_from(n % PUBLISHERS as u64).unwrap();
    let salt = encode_url(&hash[..16]);
    let disclosure =
        encode_url(format!("[\"{salt}\",\"text\",\"{}\"]", "公共资源交易公告全文。".repeat(15)).as_bytes());
    let digest = encode_url(&sha256(disclosure.as_bytes()).0);
    let filler = |length: usize| "工".repeat(length / 3);
    let claims = |fill: usize| {
        format!(
            "{{\"iss\":\"P{publisher}\",\"aud\":\"{ORIGIN}\",\"iat\":1764000000,\"jti\":\"n{n}\",\"sub\":\"project/E{project}\",\
             \"project\":{{\"id\":\"E{project}\",\"name\":\"示例项目\"}},\"sector\":\"construction\",\"stage\":\"announcement\",\
             \"title\":\"示例公告{}\",\"region\":\"420100\",\"_sd\":[\"{digest}\"],\"_sd_alg\":\"sha-256\"}}",
            filler(fill)
        )
    };
    let bare = keys[publisher].sign_statement(Kind::Notice, &claims(0)).len() + disclosure.len() + 2;
    let jwt = keys[publisher].sign_statement(Kind::Notice, &claims((BYTES - bare) * 3 / 4));
    SignedStatement { jwt, disclosures: vec![disclosure] }
}

/// Strict verifications a second of the same bytes and keys, on all cores.
fn raw_limit(notices: &[SignedStatement], keys: &[PrivateKey]) -> f64 {
    let cores = std::thread::available_parallelism().unwrap().get();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for part in notices.chunks(notices.len().div_ceil(cores)) {
            scope.spawn(move || {
                for one in part {
                    let (message, signature) = one.jwt.rsplit_once('.').unwrap();
                    let signature = verifier::log::base64::decode_url(signature).unwrap();
                    let publisher = publisher_of(one);
                    keys[publisher].jwk().key.verify(message.as_bytes(), &signature).unwrap();
                }
            });
        }
    });
    notices.len() as f64 / started.elapsed().as_secs_f64()
}

fn publisher_of(one: &SignedStatement) -> usize {
    // The claims begin with {"iss":"P…": 8 bytes that 16 base64url characters hold.
    let claims = one.jwt.split('.').nth(1).unwrap();
    let start = verifier::log::base64::decode_url(&claims[..16]).unwrap();
    let digits: String = start[9..].iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
    digits.parse().unwrap()
}

async fn append(ledger: &Arc<Ledger>, notices: Vec<SignedStatement>) -> Duration {
    let started = Instant::now();
    let mut running: tokio::task::JoinSet<Vec<Outcome>> = tokio::task::JoinSet::new();
    let mut notices = notices.into_iter();
    loop {
        let part: Vec<_> = notices.by_ref().take(4096).collect();
        if part.is_empty() || running.len() == 3 {
            match running.join_next().await {
                Some(outcomes) => check(&outcomes.unwrap()),
                None => break,
            }
        }
        if !part.is_empty() {
            let ledger = ledger.clone();
            running.spawn(async move { ledger.submit_many(part).await.unwrap() });
        }
    }
    started.elapsed()
}

fn check(outcomes: &[Outcome]) {
    assert!(outcomes.iter().all(|one| matches!(one, Outcome::Recorded(_))), "{:?}", outcomes.first());
}

/// `outstanding` clients, each waiting for its notice before it sends the next.
async fn singly(ledger: &Arc<Ledger>, notices: Vec<SignedStatement>, outstanding: usize) -> f64 {
    let count = notices.len();
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    let mut parts: Vec<Vec<SignedStatement>> = (0..outstanding).map(|_| Vec::new()).collect();
    for (n, one) in notices.into_iter().enumerate() {
        parts[n % outstanding].push(one);
    }
    for part in parts {
        let ledger = ledger.clone();
        clients.spawn(async move {
            for one in part {
                assert!(matches!(ledger.submit(one).await.unwrap(), Outcome::Recorded(_)));
            }
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap();
    }
    count as f64 / started.elapsed().as_secs_f64()
}

fn main() {
    let entries: u64 = std::env::var("APPEND_ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(entries));
}

async fn run(entries: u64) {
    let projects = (entries / 5).min(200_000);
    let keys: Arc<Vec<PrivateKey>> = Arc::new((0..PUBLISHERS).map(publisher).collect());
    let dir = tempfile::tempdir_in(std::env::var("APPEND_DIR").unwrap_or_else(|_| "/tmp".to_owned())).unwrap();
    let ledger = Arc::new(new_ledger(dir.path()).await);
    let enrolments = keys.iter().enumerate().map(|(n, key)| enrol(&format!("P{n}"), key, 0)).collect();
    check(&ledger.submit_many(enrolments).await.unwrap());
    let mut ratios = Vec::new();
    let (mut done, part) = (0, 20_000.min(entries));
    while done < entries {
        let notices = sign(done, part, projects, &keys).await;
        let raw = raw_limit(&notices, &keys);
        let rate = part as f64 / append(&ledger, notices).await.as_secs_f64();
        ratios.push(rate / raw);
        done += part;
        println!("append at {done:>9}: {rate:>7.0}/s, raw limit {raw:>7.0}/s, ratio {:.2}", rate / raw);
    }
    ratios.sort_by(f64::total_cmp);
    println!("append against the raw limit: median {:.2} (at least 0.5)", ratios[ratios.len() / 2]);
    let singles = singly(&ledger, sign(done, 6400, projects, &keys).await, 64).await;
    let alone = singly(&ledger, sign(done + 6400, 200, projects, &keys).await, 1).await;
    println!("single appends: {singles:.0}/s with 64 outstanding, {alone:.0}/s with 1");
    Arc::into_inner(ledger).unwrap().close().await;
    let size = std::fs::metadata(dir.path().join("ledger.db")).unwrap().len();
    println!(
        "ledger.db: {:.2} of the notices' own bytes (at most 1.35)",
        size as f64 / (BYTES as u64 * (done + 6600)) as f64
    );
    for _ in 0..3 {
        let started = Instant::now();
        let ledger = Ledger::open(dir.path()).await.unwrap();
        println!("open at {} entries: {:.2} s", done + 6600, started.elapsed().as_secs_f64());
        ledger.close().await;
    }
}

async fn sign(first: u64, count: u64, projects: u64, keys: &Arc<Vec<PrivateKey>>) -> Vec<SignedStatement> {
    let half = count / 2;
    let [a, b] = [(first, half), (first + half, count - half)].map(|(first, count)| {
        let keys = keys.clone();
        tokio::task::spawn_blocking(move || {
            (first..first + count).map(|n| notice(n, projects, &keys)).collect::<Vec<_>>()
        })
    });
    let mut notices = a.await.unwrap();
    notices.extend(b.await.unwrap());
    notices
}
