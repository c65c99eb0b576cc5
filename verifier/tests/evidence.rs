//! Evidence, and receipts held against later dossiers: what an operator could do to be rid of a notice, and how it shows.
#![allow(missing_docs, clippy::unwrap_used)]

mod forge;
mod program;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use ed25519_dalek::Signer as _;
use forge::{Forge, LOG, ORIGIN, SUPERVISOR, key, log_key, signed_note};
use program::{Ran, run, text};
use serde_json::{Value, json};
use verifier::dossier::{self, DossierFile};
use verifier::evidence::contradiction::{Comparison, compare, contradict};
use verifier::evidence::path::{consistency_path, of_leaves};
use verifier::evidence::{Evidence, EvidenceError, Included, Misbehaviour, Proven};
use verifier::log::checkpoint::SignedCheckpoint;
use verifier::log::hash::sha256;
use verifier::log::index::{LeafIndex, TreeSize};
use verifier::log::key::PublicKey;
use verifier::log::note::{KeyKind, VerifierKey, signature_line};
use verifier::log::policy::Policy;
use verifier::log::policy_check::PolicyCheckError;
use verifier::log::proof::ProofError;
use verifier::receipt;
use verifier::record::entry::EntryError;
use verifier::record::subject_map::MapError;

const PROJECT: &str = "project/P1";

fn policy() -> Policy {
    Policy::parse(format!("log {}\nquorum none\n", log_key(LOG))).unwrap()
}

/// A ledger of one notice of P1 and one of P2, in a directory of its own that is gone at once: nothing is read from it.
fn ledger() -> Forge {
    let mut forge = Forge::new(tempfile::tempdir().unwrap().path());
    forge.publish("P1", "n1", "announcement", "", &[]);
    forge.publish("P2", "other", "announcement", "", &[]);
    forge.seal();
    forge
}

fn note(forge: &Forge) -> SignedCheckpoint {
    forge.included(0).note
}

/// The files of a case, and the program run on them.
struct Case {
    dir: tempfile::TempDir,
}

impl Case {
    fn new(receipt: &str, dossier: &DossierFile) -> Self {
        let case = Self { dir: tempfile::tempdir().unwrap() };
        case.write("receipt", receipt);
        case.write("dossier", &dossier.format());
        case.write("policy.txt", &format!("log {}\nquorum none\n", log_key(LOG)));
        case
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn contradict(&self, lang: &str, json: bool) -> Ran {
        let (receipt, dossier, policy) = (self.path("receipt"), self.path("dossier"), self.path("policy.txt"));
        let evidence = self.path("evidence.json");
        let mut args = vec!["contradict", text(&receipt), text(&dossier), "-p", text(&policy), "-o", text(&evidence)];
        args.extend(["--lang", lang]);
        args.extend(json.then_some("--json"));
        run(&args)
    }
}

fn check(evidence: &Path, policy: &Path) -> Value {
    let args = ["evidence", text(evidence), "--policy", text(policy)];
    let ran = run(&[&args[..], &["--json"]].concat());
    let json = ran.json("evidence");
    for (lang, accepted) in [("zh", "结论：通过。证据成立"), ("en", "Verdict: accepted. The evidence holds")]
    {
        let said = run(&[&args[..], &["--lang", lang]].concat());
        assert_eq!(said.code, ran.code);
        assert_eq!(said.out.contains(accepted), ran.code == 0, "{}", said.out);
        assert!(ran.code != 0 || said.out.contains(&log_key(LOG).to_string()), "the log key is named: {}", said.out);
    }
    json
}

/// The receipt and the dossier contradict each other, and the evidence convinces whoever has the policy.
#[track_caller]
fn contradicts(rule: &str, receipt: &str, dossier: &DossierFile) -> Value {
    let case = Case::new(receipt, dossier);
    let json = case.contradict("en", true).json("contradict");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&json!(1), &json!(rule)), "{json}");
    let evidence = case.path("evidence.json");
    assert_eq!(json["evidence"], text(&evidence));
    let said = case.contradict("zh", false);
    assert!(said.out.contains("回执与案卷不能同真") && said.out.contains("evidence-1.json"), "{}", said.out);
    let proven = check(&evidence, &case.path("policy.txt"));
    assert_eq!((&proven["exit_code"], &proven["kind"]), (&json!(0), &json!(rule)), "{proven}");
    for (name, value) in json["proves"].as_object().unwrap() {
        assert_eq!(&proven[name], value);
    }
    // With another ledger's key it proves nothing.
    case.write("other.txt", &format!("log {}\nquorum none\n", log_key(99)));
    let other = check(&evidence, &case.path("other.txt"));
    assert_eq!((&other["exit_code"], &other["error"]["rule"]), (&json!(1), &json!("checkpoint-not-signed")));
    proven
}

#[track_caller]
fn says(code: i32, rule: &str, receipt: &str, dossier: &DossierFile) {
    let case = Case::new(receipt, dossier);
    let json = case.contradict("en", true).json("contradict");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&json!(code), &json!(rule)), "{json}");
    let zh = case.contradict("zh", false);
    assert_eq!(zh.code, code);
    assert!(!(zh.out + &zh.err).is_ascii(), "it is said in Chinese");
    assert!(!case.path("evidence.json").exists());
}

/// Every truncation and every text with one byte changed is refused or proves the same.
#[track_caller]
fn mangle(text: &str) {
    let policy = policy();
    let proven = Evidence::parse(text).unwrap().check(&policy).unwrap();
    let accepted = |text: &str| Evidence::parse(text).ok().and_then(|evidence| evidence.check(&policy).ok());
    let whole = text.trim_end().len();
    thread::scope(|scope| {
        for part in 0..2 {
            let (accepted, proven) = (&accepted, &proven);
            scope.spawn(move || {
                for at in (part..text.len()).step_by(2) {
                    if text.is_char_boundary(at) {
                        assert_eq!(accepted(&text[..at]), (at >= whole).then(|| proven.clone()), "cut at {at}");
                    }
                    for bit in [1, 4, 0x20] {
                        let mut bytes = text.as_bytes().to_vec();
                        bytes[at] ^= bit;
                        let Ok(changed) = String::from_utf8(bytes) else { continue };
                        if let Some(other) = accepted(&changed) {
                            assert_eq!(&other, proven, "byte {at} ^ {bit}: {changed}");
                        }
                    }
                }
            });
        }
    });
}

#[test]
fn a_receipt_and_a_later_dossier_of_an_honest_ledger_agree() {
    let mut forge = ledger();
    let receipt = forge.receipt(4);
    for n in 0..3 {
        let case = Case::new(&receipt, &forge.dossier(PROJECT));
        let ran = case.contradict("en", false);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("The receipt and the dossier agree"), "{}", ran.out);
        assert!(case.contradict("zh", false).out.contains("回执与案卷相符"));
        assert_eq!(case.contradict("en", true).json("contradict")["verdict"], "accepted");
        assert!(!case.path("evidence.json").exists(), "nothing is written");
        forge.publish("P1", &format!("more{n}"), "award", "", &[]);
        forge.seal();
    }
    // An absence proof that counts exactly up to the entry names it as the newest.
    let mut forge = ledger();
    let receipt = forge.receipt(4);
    forge.publish("P2", "more", "award", "", &[]);
    forge.seal();
    assert_eq!(Case::new(&receipt, &forge.absence(PROJECT)).contradict("en", false).code, 0);
}

#[test]
fn a_dossier_that_cannot_tell_says_so() {
    let mut forge = ledger();
    let (older, other) = (forge.dossier(PROJECT), forge.dossier("project/P2"));
    forge.publish("P1", "n2", "award", "", &[]);
    forge.seal();
    let receipt = forge.receipt(7);
    says(2, "older-head", &receipt, &older);
    says(2, "older-head", &receipt, &other);
    says(2, "not-shown", &forge.receipt(4), &forge.dossier("project/P2"));
    says(2, "not-shown", &forge.receipt(6), &forge.dossier(PROJECT));
    says(2, "entries-not-shown", &forge.receipt(4), &forge.absence(PROJECT));
    // The head's own seal is in its dossier; so are the entries of the subjects it calls for.
    assert_eq!(Case::new(&forge.receipt(8), &forge.dossier(PROJECT)).contradict("en", false).code, 0);
    for index in [0, 1] {
        assert_eq!(Case::new(&forge.receipt(index), &forge.dossier(PROJECT)).contradict("en", false).code, 0);
    }
}

#[test]
fn what_is_false_by_itself_is_rejected_and_leaves_no_evidence() {
    let mut forge = ledger();
    let (receipt, mut dossier) = (forge.receipt(4), forge.dossier(PROJECT));
    says(1, "checkpoint-signature", &receipt.replace("\n7\n", "\n8\n"), &dossier);
    let seal = dossier.head.seal.clone();
    dossier.head.seal = seal.replace("\"v\":1", "\"v\":2");
    says(4, "newer-format", &receipt, &dossier);
    dossier.head.seal = seal;
    dossier.subjects[0].entries = Some(Vec::new());
    says(1, "count", &receipt, &dossier);
    let case = Case::new(&receipt, &dossier);
    case.write("dossier", "nonsense");
    assert_eq!(case.contradict("en", true).json("contradict")["error"]["rule"], "json");
    fs::remove_file(case.path("dossier")).unwrap();
    assert_eq!(case.contradict("en", false).code, 2);
}

#[test]
fn a_notice_left_out_of_the_map_is_proven() {
    // Never counted, though the entry is in the tree: the subject is absent.
    let mut forge = Forge::new(tempfile::tempdir().unwrap().path());
    forge.publish("P1", "n1", "announcement", "", &[]);
    forge.conceal(PROJECT);
    forge.seal();
    let proven = contradicts("omission", &forge.receipt(4), &forge.dossier(PROJECT));
    assert_eq!((&proven["subject"], &proven["seq"], &proven["count"]), (&json!(PROJECT), &json!(0), &json!(0)));
    assert_eq!(proven["entries"], json!([4, 5]));
    contradicts("omission", &forge.receipt(4), &forge.absence(PROJECT));
    // Only the second of two.
    let mut forge = ledger();
    forge.publish("P1", "n2", "award", "", &[]);
    forge.conceal(PROJECT);
    forge.seal();
    let receipt = forge.receipt(7);
    let proven = contradicts("omission", &receipt, &forge.dossier(PROJECT));
    assert_eq!((&proven["seq"], &proven["count"]), (&json!(1), &json!(1)));
    // Counted at first, and taken out of the map later: the receipt's head is an honest one.
    let mut forge = ledger();
    let receipt = forge.receipt(4);
    forge.forget(PROJECT);
    forge.publish("P2", "more", "award", "", &[]);
    forge.seal();
    contradicts("omission", &receipt, &forge.dossier(PROJECT));
    // The same under heads of one size: the receipt's head is the dossier's.
    let proven = contradicts("omission", &forge.receipt(4), &forge.absence(PROJECT));
    assert_eq!(proven["heads"].as_array().unwrap().len(), 1);
}

#[test]
fn an_entry_put_in_the_place_of_another_is_proven() {
    let mut forge = ledger();
    let receipt = forge.receipt(4);
    forge.rewind(PROJECT, 1);
    let second = forge.publish("P1", "n1-again", "announcement", "", &[]);
    forge.seal();
    let proven = contradicts("seq-twice", &receipt, &forge.dossier(PROJECT));
    assert_eq!((&proven["seq"], &proven["entries"]), (&json!(0), &json!([4, second])));
    contradicts("seq-twice", &forge.receipt(4), &forge.dossier(PROJECT));
    // Without its entries the dossier shows that there is another, but not which.
    says(1, "replaced", &receipt, &forge.absence(PROJECT));
    // With one more after it not even that.
    forge.publish("P1", "n3", "award", "", &[]);
    forge.seal();
    says(2, "entries-not-shown", &receipt, &forge.absence(PROJECT));
    contradicts("seq-twice", &receipt, &forge.dossier(PROJECT));
}

/// Two ledgers that are the same for 7 entries and then part.
fn parted(first: impl FnOnce(&mut Forge), second: impl FnOnce(&mut Forge)) -> (Forge, Forge) {
    let (mut a, mut b) = (ledger(), ledger());
    assert_eq!(a.leaves, b.leaves);
    first(&mut a);
    second(&mut b);
    (a, b)
}

#[test]
fn a_dossier_of_another_history_is_proven() {
    let notice = |forge: &mut Forge| {
        forge.publish("P1", "n2", "award", "", &[]);
        forge.seal();
    };
    let another = |forge: &mut Forge| {
        forge.publish("P2", "n2", "award", "", &[]);
        forge.seal();
    };
    // Two roots for one size.
    let (a, mut b) = parted(notice, another);
    let proven = contradicts("fork", &a.receipt(7), &b.dossier(PROJECT));
    assert_eq!((&proven["heads"][0]["size"], &proven["heads"][1]["size"]), (&json!(9), &json!(9)));
    // The later head does not count the notice, or counts another: neither its map nor its tree knows it.
    another(&mut b);
    contradicts("omission", &a.receipt(7), &b.dossier(PROJECT));
    let (a, mut b) = parted(notice, |forge| {
        forge.publish("P1", "n2b", "contract", "", &[]);
        forge.publish("P2", "n2b", "contract", "", &[]);
        forge.seal();
    });
    contradicts("seq-twice", &a.receipt(7), &b.dossier(PROJECT));
    // The dossier's head ends just where the receipt's entry stands: only the path shows the fork.
    let (a, mut b) = parted(notice, Forge::seal);
    assert_eq!(b.size(), 8);
    let proven = contradicts("fork", &a.receipt(7), &b.dossier(PROJECT));
    assert_eq!((&proven["heads"][0]["size"], &proven["heads"][1]["size"]), (&json!(8), &json!(9)));
    // It ends just before: older, but of another history.
    let later = |forge: &mut Forge| {
        forge.seal();
        notice(forge);
    };
    let (a, mut b) = parted(later, |forge| {
        forge.time += 1;
        forge.seal();
    });
    contradicts("fork", &a.receipt(8), &b.dossier(PROJECT));
    let (a, mut b) = parted(later, Forge::seal);
    says(2, "older-head", &a.receipt(8), &b.dossier(PROJECT));
}

#[test]
fn a_dossier_that_holds_the_entry_may_still_be_of_another_history() {
    let (a, mut b) = parted(
        |forge| {
            forge.publish("P2", "n2", "award", "", &[]);
            forge.seal();
        },
        |forge| {
            forge.publish("P1", "n2", "award", "", &[]);
            forge.seal();
        },
    );
    // A checkpoint that bounds the time of an entry has the receipt's size and another root.
    let bound = (note(&b), b.inclusion(4, 9));
    for n in ["n3", "n4", "n5"] {
        forge_more(&mut b, n);
    }
    let mut dossier = b.dossier(PROJECT);
    assert_eq!(Case::new(&a.receipt(4), &b.absence("project/P2")).contradict("en", false).code, 2);
    // The receipt's head ends beside an entry that the dossier shows.
    let proven = contradicts("fork", &a.receipt(4), &dossier);
    assert_eq!((&proven["heads"][0]["size"], &proven["heads"][1]["size"]), (&json!(9), &json!(15)));
    let entries = dossier.subjects[0].entries.as_mut().unwrap();
    entries[0].recorded_by = Some(bound.clone());
    let proven = contradicts("fork", &a.receipt(4), &dossier);
    assert_eq!((&proven["heads"][0]["size"], &proven["heads"][1]["size"]), (&json!(9), &json!(9)));
    let entries = dossier.subjects[0].entries.as_mut().unwrap();
    (entries[0].recorded_by, entries[4].not_before) = (None, Some(bound.0));
    let proven = contradicts("fork", &a.receipt(4), &dossier);
    assert_eq!((&proven["heads"][0]["size"], &proven["heads"][1]["size"]), (&json!(9), &json!(9)));
}

fn forge_more(forge: &mut Forge, id: &str) {
    forge.publish("P1", id, "award", "", &[]);
    forge.seal();
}

/// A receipt for every notice of P1, and the dossier, at every head of a ledger of `batches`, which after the first
/// `common` is not the ledger of another `salt`.
fn heads(common: usize, batches: usize, salt: &str) -> Vec<(Vec<(u64, String)>, DossierFile)> {
    let mut forge = ledger();
    let (mut heads, mut own) = (Vec::new(), vec![4]);
    for batch in 0..batches {
        let salt = if batch < common { "" } else { salt };
        for n in 0..batch % 3 {
            own.push(forge.publish("P1", &format!("{batch}-{n}{salt}"), "award", "", &[]));
            forge.publish("P2", &format!("{batch}-{n}{salt}"), "award", "", &[]);
        }
        forge.seal();
        let receipts = own.iter().map(|index| (*index, forge.receipt(*index))).collect();
        heads.push((receipts, forge.dossier(PROJECT)));
    }
    heads
}

#[test]
fn no_honest_ledger_is_accused_and_no_dropped_notice_goes_unproven() {
    let (policy, batches) = (policy(), 6);
    let honest = heads(0, batches, "");
    let compared = |receipt: &str, file: &DossierFile| {
        let receipt = receipt::verify(receipt, &policy).unwrap();
        match contradict(&receipt, file, &policy) {
            Some((evidence, proven)) => {
                assert_eq!(Evidence::parse(&evidence.format()), Ok(evidence.clone()));
                assert_eq!(evidence.check(&policy), Ok(proven));
                None
            }
            None => Some(compare(&receipt, file, &dossier::verify(file, &policy, |_, _| false).unwrap())),
        }
    };
    for (receipts, _) in &honest {
        for (_, file) in &honest {
            let size = file.head.checkpoint.checkpoint.size.0;
            for (index, receipt) in receipts {
                let expected = if *index < size { Comparison::Agrees } else { Comparison::OlderHead };
                assert_eq!(compared(receipt, file), Some(expected), "entry {index}, head {size}");
            }
        }
    }
    let (mut proven, mut told) = (0, 0);
    for common in 0..batches {
        let false_heads = heads(common, batches, "b");
        let parted = if common == 0 { 7 } else { honest[common - 1].1.head.checkpoint.checkpoint.size.0 };
        for (receipts, _) in &honest {
            for (_, file) in &false_heads {
                let size = file.head.checkpoint.checkpoint.size.0;
                for (index, receipt) in receipts {
                    let outcome = compared(receipt, file);
                    proven += usize::from(outcome.is_none());
                    told += usize::from(outcome.is_some());
                    if *index >= parted && *index < size {
                        assert_eq!(outcome, None, "entry {index} is in no head of the other history, such as {size}");
                    }
                }
            }
        }
    }
    assert!(proven > 100 && told > 100, "{proven} proven, {told} not");
}

/// One piece of evidence of each kind, and what it proves.
fn of_every_kind() -> Vec<(Evidence, Misbehaviour)> {
    let (mut a, mut b) = parted(|forge| forge_more(forge, "n2"), |forge| forge_more(forge, "n2b"));
    let roots = [note(&a).checkpoint.root, note(&b).checkpoint.root];
    let equal = Evidence::fork(note(&a), note(&b), |_, _| None).unwrap();
    let older = note(&a);
    forge_more(&mut b, "n3b");
    let path = |smaller: TreeSize, larger: TreeSize| consistency_path(smaller, larger, of_leaves(&b.leaves));
    let fork = Evidence::fork(note(&b), older, path).unwrap();
    let (smaller, larger) = (TreeSize(9), TreeSize(11));
    a.publish("P1", "n9", "award", "", &[]);
    let no_seal = Evidence::NoSeal { last: a.included(9) };
    let mut c = ledger();
    c.rewind(PROJECT, 1);
    c.publish("P1", "again", "award", "", &[]);
    c.conceal(PROJECT);
    c.seal();
    let seq_twice = Evidence::SeqTwice { entries: [c.included(4), c.included(7)] };
    let mut d = ledger();
    d.publish("P1", "n2", "award", "", &[]);
    d.publish("P3", "n3", "award", "", &[]);
    d.conceal(PROJECT);
    d.conceal("project/P3");
    d.seal();
    let (index, seal) = (LeafIndex(7), LeafIndex(9));
    let mut omission = |index: u64, project: &str| Evidence::Omission {
        entry: d.included(index),
        seal: d.included(9),
        shown: d.shown(project),
    };
    let subject = |text| verifier::record::subject::Subject::parse(text).unwrap();
    vec![
        (equal, Misbehaviour::TwoRoots { size: smaller, roots }),
        (fork, Misbehaviour::Fork { smaller, root: roots[0], larger, within: roots[1] }),
        (no_seal, Misbehaviour::NoSeal { size: TreeSize(10) }),
        (seq_twice, Misbehaviour::SeqTwice { subject: PROJECT.into(), seq: 0, indexes: [LeafIndex(4), LeafIndex(7)] }),
        (omission(7, PROJECT), Misbehaviour::Omission { subject: subject(PROJECT), index, seq: 1, seal, count: 1 }),
        (
            omission(8, "project/P3"),
            Misbehaviour::Omission { subject: subject("project/P3"), index: LeafIndex(8), seq: 0, seal, count: 0 },
        ),
    ]
}

#[test]
fn every_kind_of_evidence_proves_what_it_shows_and_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let (policy_path, file) = (dir.path().join("policy.txt"), dir.path().join("evidence.json"));
    fs::write(
        &policy_path,
        format!(
            "log {}
quorum none
",
            log_key(LOG)
        ),
    )
    .unwrap();
    for (evidence, misbehaviour) in of_every_kind() {
        let proven = evidence.check(&policy()).unwrap();
        assert_eq!((proven.origin(), proven.misbehaviour()), (ORIGIN, &misbehaviour));
        assert!(proven.heads().iter().all(|head| head.key == log_key(LOG)));
        assert_eq!(Evidence::parse(&evidence.format()), Ok(evidence.clone()));
        fs::write(&file, evidence.format()).unwrap();
        schema::check(&file_schema(), &serde_json::from_str(&evidence.format()).unwrap());
        let json = check(&file, &policy_path);
        assert_eq!((&json["exit_code"], &json["kind"]), (&json!(0), &json!(evidence.kind())), "{json}");
    }
}

fn file_schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/evidence-file.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn no_byte_of_evidence_can_be_changed_or_left_out() {
    for (evidence, _) in of_every_kind() {
        mangle(&(evidence.format() + "\n"));
    }
}

#[test]
fn what_the_log_signed_it_signed_whatever_witnesses_say() {
    let (evidence, misbehaviour) = of_every_kind().swap_remove(0);
    let Evidence::Fork { notes: [a, b], path } = evidence else { panic!("the first is a fork") };
    // A line of a witness that the policy knows, which does not verify.
    let public = PublicKey::parse(key(60).verifying_key().as_bytes()).unwrap();
    let witness = VerifierKey::new("w1.example", KeyKind::CosignatureV1, public).unwrap();
    let line = signature_line(witness.name(), witness.key_id(), &[7; 72]);
    let a = SignedCheckpoint::parse(&(a.format() + &line)).unwrap();
    let policy = Policy::parse(format!("log {}\nwitness w1 {witness}\nquorum w1\n", log_key(LOG))).unwrap();
    assert!(policy.check_log(&a).is_err());
    let evidence = Evidence::Fork { notes: [a, b], path };
    assert_eq!(evidence.check(&policy).unwrap().misbehaviour(), &misbehaviour);
}

#[test]
fn what_may_stand_proves_nothing() {
    let policy = policy();
    let proves = |evidence: Evidence| evidence.check(&policy).map(|proven: Proven| proven.misbehaviour().clone());
    let refused = |evidence: Evidence, error: EvidenceError| assert_eq!(proves(evidence), Err(error));
    let mut forge = ledger();
    let older = note(&forge);
    forge_more(&mut forge, "n2");
    forge_more(&mut forge, "n3");
    let newer = note(&forge);
    let leaves = forge.leaves.clone();
    let path = |smaller: TreeSize, larger: TreeSize| consistency_path(smaller, larger, of_leaves(&leaves));
    // Forks that are none.
    let fork = |path: Vec<_>| Evidence::Fork { notes: [older.clone(), newer.clone()], path };
    let good = path(TreeSize(7), TreeSize(11)).unwrap();
    let (smaller, larger) = (TreeSize(7), TreeSize(11));
    refused(fork(good.clone()), EvidenceError::Continued { smaller, larger });
    refused(fork(Vec::new()), EvidenceError::Path(ProofError::Length { found: 0 }));
    refused(fork(good[1..].to_vec()), EvidenceError::Path(ProofError::Length { found: good.len() - 1 }));
    let mut altered = good;
    altered[0] = sha256(b"another");
    assert!(matches!(proves(fork(altered)), Err(EvidenceError::Path(ProofError::Root { .. }))));
    let equal = Evidence::Fork { notes: [newer.clone(), newer.clone()], path: Vec::new() };
    refused(equal, EvidenceError::SameRoot { size: larger });
    let rollback = Evidence::Rollback { notes: [newer.clone(), older.clone()] };
    refused(rollback, EvidenceError::Rollback { seen: larger, found: smaller });
    // Notes of another key, of another log, of two logs.
    let forged = SignedCheckpoint::parse(&signed_note(99, 7, sha256(b""))).unwrap();
    let unsigned = PolicyCheckError::NotSigned { origin: ORIGIN.into() };
    refused(Evidence::fork(older.clone(), forged, |_, _| None).unwrap(), unsigned.into());
    let (neighbour, vkey) = foreign_note(7);
    let unknown = PolicyCheckError::UnknownLog { origin: "ledger.example/other".into() };
    let mixed = Evidence::fork(older.clone(), neighbour, |_, _| None).unwrap();
    refused(mixed.clone(), unknown.into());
    let both = Policy::parse(format!("log {}\nlog {vkey}\nquorum none\n", log_key(LOG))).unwrap();
    let origins = [ORIGIN.to_owned(), "ledger.example/other".to_owned()];
    assert_eq!(mixed.check(&both), Err(EvidenceError::TwoLogs { origins }));
    // A seal in its place, and an entry that is not the last.
    refused(Evidence::NoSeal { last: forge.included(10) }, EvidenceError::Sealed { size: larger });
    assert!(matches!(proves(Evidence::NoSeal { last: forge.included(9) }), Err(EvidenceError::Inclusion(_))));
    let mut newer_format = forge.included(10);
    newer_format.entry = newer_format.entry.replace("\"v\":1", "\"v\":2");
    assert!(matches!(proves(Evidence::NoSeal { last: newer_format }), Err(EvidenceError::Inclusion(_))));
    // Entries that may both stand.
    let twice = |a: Included, b: Included| Evidence::SeqTwice { entries: [a, b] };
    refused(twice(forge.included(4), forge.included(4)), EvidenceError::SameEntry { index: LeafIndex(4) });
    let place = EvidenceError::OtherPlace { subjects: [PROJECT.into(), PROJECT.into()], seqs: [0, 1] };
    refused(twice(forge.included(4), forge.included(7)), place);
    let place = EvidenceError::OtherPlace { subjects: [PROJECT.into(), "project/P2".into()], seqs: [0, 0] };
    refused(twice(forge.included(4), forge.included(5)), place);
    refused(twice(forge.included(4), forge.included(6)), EvidenceError::NoSubject { index: LeafIndex(6) });
    let mut elsewhere = forge.included(4);
    elsewhere.inclusion = forge.inclusion(5, 11);
    assert!(matches!(proves(twice(elsewhere, forge.included(4))), Err(EvidenceError::Inclusion(_))));
    // Maps that count the entry, or need not.
    let mut omission = |entry: u64, seal: u64, subject: &str| Evidence::Omission {
        entry: forge.included(entry),
        seal: forge.included(seal),
        shown: forge.shown(subject),
    };
    refused(omission(7, 10, PROJECT), EvidenceError::Counted { count: 3, seq: 1 });
    refused(omission(9, 8, PROJECT), EvidenceError::EarlierSeal { seal: LeafIndex(8), index: LeafIndex(9) });
    refused(omission(7, 9, PROJECT), EvidenceError::NotASeal { index: LeafIndex(9) });
    refused(omission(8, 10, PROJECT), EvidenceError::NoSubject { index: LeafIndex(8) });
    let other = EvidenceError::OtherSubject { expected: PROJECT.into(), found: "project/P2".into() };
    refused(omission(7, 10, "project/P2"), other);
    // The map of the newest seal is not that of the one before.
    assert!(matches!(proves(omission(7, 8, PROJECT)), Err(EvidenceError::Map(MapError::Root { .. }))));
}

/// A note of another ledger, and its key.
fn foreign_note(size: u64) -> (SignedCheckpoint, String) {
    let signer = key(50);
    let public = PublicKey::parse(signer.verifying_key().as_bytes()).unwrap();
    let vkey = VerifierKey::new("ledger.example/other", KeyKind::Ed25519, public).unwrap();
    let body = format!("ledger.example/other\n{size}\n{}\n", sha256(b"other"));
    let line = signature_line(vkey.name(), vkey.key_id(), &signer.sign(body.as_bytes()).to_bytes());
    (SignedCheckpoint::parse(&format!("{body}\n{line}")).unwrap(), vkey.to_string())
}

#[test]
fn an_entry_of_a_newer_format_cannot_be_judged() {
    // A log that ends in an entry of a newer format has not been proven to end in no seal.
    let mut forge = ledger();
    let entry = forge.seal_entry().replace("\"v\":1", "\"v\":2");
    forge.push(None, &entry, None, &[]);
    let evidence = Evidence::NoSeal { last: forge.included(7) };
    let error = evidence.check(&policy()).unwrap_err();
    assert_eq!(error, EvidenceError::Entry(EntryError::Newer { version: 2 }));
    assert!(error.is_newer_format());
    let dir = tempfile::tempdir().unwrap();
    let (file, policy) = (dir.path().join("evidence.json"), dir.path().join("policy.txt"));
    fs::write(&file, evidence.format()).unwrap();
    fs::write(&policy, format!("log {}\nquorum none\n", log_key(LOG))).unwrap();
    assert_eq!(run(&["evidence", text(&file), "--policy", text(&policy), "--json"]).json("evidence")["exit_code"], 4);
    // Bytes that are no entry at all are no seal, nor is the seal of another place.
    let mut forge = ledger();
    forge.push(None, "nonsense", None, &[]);
    assert!(Evidence::NoSeal { last: forge.included(7) }.check(&self::policy()).is_ok());
    let mut forge = ledger();
    let seal = forge.seal_entry().replace("\"index\":7", "\"index\":8");
    forge.push(None, &seal, None, &[]);
    assert!(Evidence::NoSeal { last: forge.included(7) }.check(&self::policy()).is_ok());
}

#[test]
fn evidence_is_read_strictly() {
    for (evidence, _) in of_every_kind() {
        let text = evidence.format();
        let value: Value = serde_json::from_str(&text).unwrap();
        let refused = |changed: &Value| assert!(Evidence::parse(&changed.to_string()).is_err(), "{changed}");
        for name in value.as_object().unwrap().keys() {
            let mut changed = value.clone();
            changed.as_object_mut().unwrap().remove(name);
            refused(&changed);
            changed[name] = 7.into();
            refused(&changed);
        }
        for (name, other) in [("more", json!(1)), ("format", json!("mingzhang-evidence/v2")), ("kind", json!("theft"))]
        {
            let mut changed = value.clone();
            changed[name] = other;
            refused(&changed);
        }
        for kind in ["fork", "no-seal", "seq-twice", "omission", "rollback"] {
            let mut changed = value.clone();
            changed["kind"] = kind.into();
            assert_eq!(Evidence::parse(&changed.to_string()).is_ok(), kind == evidence.kind(), "{changed}");
        }
        if let Evidence::Fork { notes: [a, b], path } = evidence
            && !path.is_empty()
        {
            let turned = Evidence::Fork { notes: [b, a], path };
            assert!(Evidence::parse(&turned.format()).is_err(), "the smaller stands first");
        }
        assert!(Evidence::parse(&format!("{text} {}", " ".repeat(8 << 20))).is_err(), "too long");
    }
}

#[test]
fn a_rollback_is_read_and_proves_nothing_to_others() {
    let mut forge = ledger();
    let older = note(&forge);
    forge_more(&mut forge, "n2");
    let rollback = Evidence::Rollback { notes: [note(&forge), older] };
    schema::check(&file_schema(), &serde_json::from_str(&rollback.format()).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (file, policy) = (dir.path().join("evidence.json"), dir.path().join("policy.txt"));
    fs::write(&file, rollback.format()).unwrap();
    fs::write(&policy, format!("log {}\nquorum none\n", log_key(LOG))).unwrap();
    let json = check(&file, &policy);
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&json!(1), &json!("rollback")));
}

fn absence(file: &DossierFile, stage: &str, more: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let (path, policy) = (dir.path().join("file"), dir.path().join("policy.txt"));
    fs::write(&path, file.format()).unwrap();
    fs::write(&policy, format!("log {}\nquorum none\n", log_key(LOG))).unwrap();
    run(&[&["absence", text(&path), "--policy", text(&policy), "--stage", stage][..], more].concat())
}

#[test]
fn a_stage_that_was_not_disclosed_is_proven_without_any_notice() {
    let mut forge = ledger();
    for n in 0..40 {
        forge.publish("P1", &format!("c{n}"), "clarification", "", &[]);
    }
    forge.seal();
    let old = ["--max-age", "5000w", "--json"];
    for file in [forge.absence(PROJECT), forge.dossier(PROJECT), forge.absence("project/P9")] {
        let json = absence(&file, "award", &old).json("absence");
        assert_eq!((&json["exit_code"], &json["reasons"]), (&json!(3), &json!(["ledger-word-only"])), "{json}");
        assert_eq!((&json["stage"], &json["notices"]), (&json!("award"), &json!(0)));
    }
    let proof = forge.absence(PROJECT).format();
    assert!(proof.len() < 4096 && !proof.contains("statement"), "{} bytes without any notice", proof.len());
    // What was disclosed is said, with how often.
    let json = absence(&forge.absence(PROJECT), "clarification", &old).json("absence");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&json!(1), &json!("disclosed")));
    assert_eq!((&json["notices"], &json["count"]), (&json!(40), &json!(41)));
    let said = absence(&forge.absence(PROJECT), "澄清答疑", &["--lang", "zh"]);
    assert!(said.code == 1 && said.out.contains("40 份"), "{}", said.out);
    let said = absence(&forge.absence(PROJECT), "clarification", &["--lang", "en"]);
    assert!(said.out.contains("the tally holds 40 notices of that stage"), "{}", said.out);
    // Its age counts as a dossier's does.
    let json = absence(&forge.absence(PROJECT), "award", &["--json"]).json("absence");
    assert_eq!(json["reasons"], json!(["stale", "ledger-word-only"]));
    let json = absence(&forge.absence(PROJECT), "award", &["--max-age", "1d", "--json"]).json("absence");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&json!(1), &json!("stale")));
}

#[test]
fn an_absence_asks_for_a_stage_of_the_project_meant() {
    let mut forge = ledger();
    let file = forge.absence(PROJECT);
    for lang in ["zh", "en"] {
        let said = absence(&file, "Award", &["--lang", lang]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("award") && said.err.contains("performance"), "the codes are listed: {}", said.err);
    }
    assert_eq!(
        absence(&file, "award", &["--project", "p2", "--json"]).json("absence")["error"]["rule"],
        "other-project"
    );
    assert_eq!(absence(&file, "award", &["--project", "p1", "--json"]).code, 3);
    let ledger = forge.absence("ledger");
    assert_eq!(absence(&ledger, "award", &["--json"]).json("absence")["error"]["rule"], "not-a-project");
    let supervisor = forge.absence(&format!("authority/{SUPERVISOR}"));
    assert_eq!(absence(&supervisor, "award", &["--json"]).json("absence")["exit_code"], 1);
    // A count that was mended is not the map's.
    let mut mended = file.clone();
    mended.subjects[0].state.tally = verifier::record::subject_map::Tally::default();
    assert_eq!(absence(&mended, "announcement", &["--json"]).json("absence")["error"]["rule"], "map-proof");
    // An own audit vouches.
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.publish("P1", "n1", "announcement", "", &[]);
    forge.seal();
    forge.finish();
    let (tree, policy, state) = (dir.path().join("tree"), dir.path().join("policy.txt"), dir.path().join("state"));
    assert_eq!(run(&["audit", text(&tree), "--policy", text(&policy), "--state", text(&state)]).code, 0);
    let ran = absence(&forge.absence(PROJECT), "award", &["--max-age", "5000w", "--audited", text(&state), "--json"]);
    assert_eq!((ran.code, &ran.json("absence")["wholeness"]), (0, &json!("own-audit")));
    let zh =
        absence(&forge.absence(PROJECT), "award", &["--max-age", "5000w", "--audited", text(&state), "--lang", "zh"]);
    assert!(zh.code == 0 && zh.out.contains("没有公示过"), "{}", zh.out);
}
