//! After an erasure the bytes are gone from every file, and every proof still holds.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::path::Path;

use fixture::{ORIGIN, audit, enrol, new_ledger, publisher, root};
use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder};
use ledger::{Ledger, Outcome, Scrubbed, SignedStatement};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use verifier::log::base64::decode_url;
use verifier::log::hash::{Hash, sha256};
use verifier::log::index::LeafIndex;
use verifier::log::policy::Policy;
use verifier::record::subject::Subject;

const NOW: u64 = 1_764_000_000;
const CONTACT: &str = "Zhang San 027-13800001";
const TEXT: &str = "the long text of the notice";
const PRICE: &str = "73910264.55";

async fn record(ledger: &Ledger, statement: SignedStatement) -> LeafIndex {
    match ledger.submit(statement).await.unwrap() {
        Outcome::Recorded(index) => index,
        other => panic!("{other:?}"),
    }
}

/// What was recorded of the project of the tests.
struct Story {
    ledger: Ledger,
    notice: LeafIndex,
    reveal: LeafIndex,
    contact: String,
    text: String,
    price: String,
}

/// A notice with a contact, a text and a sealed reserve price, and its reveal, each in a batch of its own.
async fn story(dir: &Path) -> Story {
    let (ledger, key) = (new_ledger(dir).await, publisher(10));
    record(&ledger, enrol("P", &key, 0)).await;
    let desk = Desk { iss: "P", key: &key, origin: ORIGIN, now: NOW };
    let draft = format!(
        r#"{{"notice_id":"n","project":{{"id":"X"}},"sector":"land","stage":"announcement","title":"t","text":"{TEXT}",
        "parties":[{{"role":"seller","name":"n","contact":"{CONTACT}"}}],
        "data":{{"reserve_price":{{"amount":"{PRICE}","currency":"CNY"}}}}}}"#
    );
    let orders = [SealOrder::parse("reserve_price:award").unwrap()];
    let (signed, withheld) = desk.notice(&Draft::parse(&draft).unwrap(), &orders, false).unwrap();
    let shown = signed.disclosures.clone();
    let with = |words: &str| shown.iter().find(|one| holds(&decode_url(one).unwrap(), words.as_bytes())).unwrap();
    let (contact, text, price) = (with(CONTACT).clone(), with(TEXT).clone(), withheld[0].disclosure.clone());
    let notice = record(&ledger, signed).await;
    let reveal = desk.reveal("r", "project/X", notice, vec![price.clone()]).unwrap();
    let reveal = record(&ledger, reveal).await;
    Story { ledger, notice, reveal, contact, text, price }
}

fn erasure(jti: &str, notice: LeafIndex, disclosures: &[&String]) -> SignedStatement {
    let digests: Vec<Hash> = disclosures.iter().map(|one| sha256(one.as_bytes())).collect();
    let key = root();
    let desk = Desk { iss: "root", key: &key, origin: ORIGIN, now: NOW };
    desk.erasure(jti, "project/X", notice, &digests, "PIPL art. 47", "withdrawn consent").unwrap()
}

fn holds(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

/// The files below a directory that hold these bytes.
fn holders(dir: &Path, words: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, words));
        } else if holds(&fs::read(&path).unwrap(), words) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

fn assert_gone(dir: &Path, value: &str, disclosure: &str) {
    for words in [value.as_bytes(), disclosure.as_bytes(), &decode_url(disclosure).unwrap()] {
        assert_eq!(holders(dir, words), Vec::<String>::new(), "{}", String::from_utf8_lossy(words));
    }
}

/// Receipts of all entries and the dossier are accepted under the log's own key.
async fn assert_proofs_hold(ledger: &Ledger) {
    let genesis = ledger.entries(LeafIndex(0)).await.unwrap().remove(0).entry;
    let audited = audit(ledger).await;
    let genesis = verifier::record::entry::Entry::parse(&genesis).unwrap();
    let verifier::record::entry::Body::Genesis(genesis) = genesis.body else { panic!("no genesis") };
    let policy = Policy::parse(format!("log {}\nquorum none\n", genesis.log_key)).unwrap();
    for index in (0..audited.size().0).map(LeafIndex) {
        let receipt = ledger.receipt(index).await.unwrap().unwrap();
        verifier::receipt::verify(&receipt, &policy).unwrap();
    }
    let dossier = ledger.dossier(&Subject::parse("project/X").unwrap()).await.unwrap();
    verifier::dossier::verify(&dossier, &policy, |_, _| false).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_erasure_no_file_holds_the_value_or_its_disclosure_and_proofs_hold() {
    let dir = tempfile::tempdir().unwrap();
    let story = story(dir.path()).await;
    let ledger = &story.ledger;
    assert!(!holders(dir.path(), story.contact.as_bytes()).is_empty(), "it is there before");
    let (outcome, scrubbed) = ledger.erase(erasure("e", story.notice, &[&story.contact])).await.unwrap();
    assert!(matches!(outcome, Outcome::Recorded(_)), "{outcome:?}");
    assert_eq!(scrubbed, Scrubbed::Clean);
    assert_gone(dir.path(), CONTACT, &story.contact);
    let beside = ledger.entries(story.notice).await.unwrap().remove(0).disclosures;
    assert_eq!(beside, std::slice::from_ref(&story.text), "what was not erased stays");
    assert_proofs_hold(ledger).await;
    story.ledger.close().await;
    assert_gone(dir.path(), CONTACT, &story.contact);
    assert_eq!(ledger::fsck(dir.path(), &mut |_, _| ()).await.unwrap().findings, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revealed_value_that_is_erased_leaves_its_reveal() {
    let dir = tempfile::tempdir().unwrap();
    let story = story(dir.path()).await;
    let ledger = &story.ledger;
    assert_eq!(ledger.entries(story.reveal).await.unwrap()[0].disclosures, std::slice::from_ref(&story.price));
    let (_, scrubbed) = ledger.erase(erasure("e", story.notice, &[&story.price])).await.unwrap();
    assert_eq!(scrubbed, Scrubbed::Clean);
    assert_eq!(ledger.entries(story.reveal).await.unwrap()[0].disclosures, Vec::<String>::new());
    assert_gone(dir.path(), PRICE, &story.price);
    assert_proofs_hold(ledger).await;
    story.ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_holds_the_bytes_until_it_ends_and_the_same_call_finishes() {
    let dir = tempfile::tempdir().unwrap();
    let story = story(dir.path()).await;
    let options = SqliteConnectOptions::new().filename(dir.path().join("ledger.db")).read_only(true);
    let mut reader = options.connect().await.unwrap();
    sqlx::query("BEGIN").execute(&mut reader).await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM disclosure").fetch_one(&mut reader).await.unwrap();
    let statement = erasure("e", story.notice, &[&story.contact]);
    let (outcome, scrubbed) = story.ledger.erase(statement.clone()).await.unwrap();
    let Outcome::Recorded(index) = outcome else { panic!("{outcome:?}") };
    assert_eq!(scrubbed, Scrubbed::HeldByReader);
    reader.close().await.unwrap();
    let again = story.ledger.erase(statement).await.unwrap();
    assert_eq!(again, (Outcome::Existing(index), Scrubbed::Clean));
    assert_gone(dir.path(), CONTACT, &story.contact);
    assert_proofs_hold(&story.ledger).await;
    story.ledger.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_stand_rightly_elsewhere_do_not_prevent_it() {
    let dir = tempfile::tempdir().unwrap();
    let story = story(dir.path()).await;
    let key = publisher(10);
    let desk = Desk { iss: "P", key: &key, origin: ORIGIN, now: NOW };
    let draft =
        format!(r#"{{"notice_id":"m","project":{{"id":"Y"}},"sector":"land","stage":"plan","title":"{CONTACT}"}}"#);
    let (signed, _) = desk.notice(&Draft::parse(&draft).unwrap(), &[], false).unwrap();
    let jwt = signed.jwt.clone();
    record(&story.ledger, signed).await;
    let (_, scrubbed) = story.ledger.erase(erasure("e", story.notice, &[&story.contact])).await.unwrap();
    assert_eq!(scrubbed, Scrubbed::Clean);
    for words in [story.contact.as_bytes(), &decode_url(&story.contact).unwrap()] {
        assert_eq!(holders(dir.path(), words), Vec::<String>::new());
    }
    assert_eq!(holders(dir.path(), jwt.as_bytes()).len(), 1, "the other notice stays");
    assert_proofs_hold(&story.ledger).await;
    story.ledger.close().await;
}
