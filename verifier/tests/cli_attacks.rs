//! Trees forged with the ledger's own keys: what an operator, a publisher or a supervisor could try, and what must come of it.
#![allow(missing_docs, clippy::unwrap_used)]

mod forge;
mod program;
mod schema;

use std::fs;
use std::path::Path;

use forge::{
    Forge, LOG, ORIGIN, PUBLISHER, PUBLISHER_KEY, RECOVERY, ROOT, SUPERVISOR, SUPERVISOR_KEY, common, disclose, grant,
    jwk, jwk_of, log_key, notice, sign, sign_under, sign_with, signed_note,
};
use program::{Ran, copy, run, text};
use verifier::log::base64::encode;
use verifier::log::hash::{Hash, sha256};
use verifier::log::tree::root_of;
use verifier::record::entry::Entry;

/// Forges a tree in a directory of its own and audits it.
fn audited(forgery: impl FnOnce(&mut Forge)) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forgery(&mut forge);
    forge.seal();
    forge.finish();
    audit(dir.path(), &[])
}

fn audit(dir: &Path, more: &[&str]) -> Ran {
    let (tree, policy, evidence) = (dir.join("tree"), dir.join("policy.txt"), dir.join("evidence.json"));
    let args = ["audit", text(&tree), "--policy", text(&policy), "--json", "--evidence", text(&evidence)];
    run(&[&args[..], more].concat())
}

#[track_caller]
fn refused(rule: &str, forgery: impl FnOnce(&mut Forge)) {
    let ran = audited(forgery);
    assert_eq!(ran.code, 1, "{ran:?}");
    let json = ran.json("audit");
    assert_eq!(json["error"]["rule"], rule, "{json}");
}

#[track_caller]
fn accepted(forgery: impl FnOnce(&mut Forge)) {
    let ran = audited(forgery);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json("audit");
}

const PROJECT: &str = "project/P1";

#[test]
fn an_honest_ledger_of_every_width_is_accepted() {
    for entries in [0, 1, 200, 251, 252, 253, 600] {
        accepted(|forge| {
            for n in 0..entries {
                forge.publish(&format!("P{}", n % 7), &format!("n{n}"), "announcement", "", &[]);
                if n % 100 == 99 {
                    forge.seal();
                }
            }
        });
    }
}

#[test]
fn time_does_not_go_back() {
    refused("time", |forge| {
        forge.time -= 60_000;
        forge.publish("P1", "n1", "award", "", &[]);
    });
}

#[test]
fn the_chain_and_the_index_are_those_of_the_place() {
    refused("chain", |forge| {
        let jwt = sign(PUBLISHER_KEY, "notice", &notice("P1", "n1", "award", ""));
        let prev = forge.leaves.last().unwrap().to_string();
        let entry = forge
            .entry(PROJECT, &jwt)
            .replace(&format!("\"prev\":\"{prev}\""), &format!("\"prev\":\"{}\"", Hash::ZERO));
        forge.push(Some(PROJECT), &entry, Some("award"), &[]);
    });
    refused("index", |forge| {
        let jwt = sign(PUBLISHER_KEY, "notice", &notice("P1", "n1", "award", ""));
        let entry = forge.entry(PROJECT, &jwt).replace("\"index\":4", "\"index\":5");
        forge.push(Some(PROJECT), &entry, Some("award"), &[]);
    });
    refused("link", |forge| {
        forge.publish("P1", "n1", "announcement", "", &[]);
        let jwt = sign(PUBLISHER_KEY, "notice", &notice("P1", "n2", "award", ""));
        let entry = forge.entry(PROJECT, &jwt).replace("\"seq\":1", "\"seq\":2");
        forge.push(Some(PROJECT), &entry, Some("award"), &[]);
    });
    refused("foreign-statement", |forge| {
        let jwt = sign(PUBLISHER_KEY, "notice", &notice("P1", "n1", "award", ""));
        forge.record("project/P2", &jwt, Some("award"), &[]);
    });
}

#[test]
fn a_ledger_begins_with_its_one_genesis() {
    let forged = |change: fn(String) -> String| {
        let dir = tempfile::tempdir().unwrap();
        let mut forge = Forge::empty(dir.path());
        let genesis = change(forge.genesis());
        forge.push(Some("ledger"), &genesis, None, &[]);
        forge.seal();
        forge.finish();
        audit(dir.path(), &[]).json("audit")
    };
    assert_eq!(forged(|genesis| genesis)["verdict"], "accepted");
    assert_eq!(forged(|genesis| genesis.replace("forged\",\"log", "another\",\"log"))["error"]["rule"], "entry-form");
    assert_eq!(
        forged(|genesis| genesis.replace(&jwk(RECOVERY).format(), &jwk(ROOT).format()))["error"]["rule"],
        "key-taken"
    );
    assert_eq!(forged(|genesis| genesis.replace("\"v\":1", "\"v\":2"))["verdict"], "newer-format");
    let predecessor = |note: &str, genesis: String| {
        genesis.replace("\"predecessor\":\"\"", &format!("\"predecessor\":\"{}\"", encode(note.as_bytes())))
    };
    let succeeds = |origin: &str| signed_note(LOG, 1, sha256(b"")).replacen(ORIGIN, origin, 1);
    let dir = tempfile::tempdir().unwrap();
    for (note, code) in [(succeeds("ledger.example/old"), 0), (succeeds(ORIGIN), 1), ("nonsense".to_owned(), 1)] {
        let mut forge = Forge::empty(dir.path());
        let genesis = predecessor(&note, forge.genesis());
        forge.push(Some("ledger"), &genesis, None, &[]);
        forge.seal();
        forge.finish();
        assert_eq!(audit(dir.path(), &[]).code, code, "{note}");
    }
}

#[test]
fn a_statement_is_by_the_key_in_force() {
    refused("signature", |forge| {
        let header = format!(r#"{{"alg":"Ed25519","kid":"{}","typ":"notice+sd-jwt"}}"#, jwk(PUBLISHER_KEY).kid_text());
        let jwt = sign_under(99, &header, &notice("P1", "n1", "award", ""));
        forge.record(PROJECT, &jwt, Some("award"), &[]);
    });
    refused("other-key", |forge| {
        forge.record(PROJECT, &sign(99, "notice", &notice("P1", "n1", "award", "")), Some("award"), &[]);
    });
    refused("jose-header", |forge| {
        let kid = jwk(PUBLISHER_KEY).kid_text();
        let header = format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"notice+sd-jwt","crit":[]}}"#);
        let jwt = sign_under(PUBLISHER_KEY, &header, &notice("P1", "n1", "award", ""));
        forge.record(PROJECT, &jwt, Some("award"), &[]);
    });
    refused("not-enrolled", |forge| {
        let claims = notice("P1", "n1", "award", "").replace(PUBLISHER, "nobody");
        forge.record(PROJECT, &sign(PUBLISHER_KEY, "notice", &claims), Some("award"), &[]);
    });
    refused("jti-twice", |forge| {
        forge.publish("P1", "n1", "award", "", &[]);
        forge.publish("P2", "n1", "award", "", &[]);
    });
    refused("member", |forge| {
        forge.publish("P1", "n1", "award", r#","exp":1"#, &[]);
    });
}

fn change(seq: u64, action: &str, rest: &str) -> String {
    let common = common("root", &format!("c{seq}"), &format!("authority/{PUBLISHER}"));
    format!(r#"{{{common},"seq":{seq},"action":"{action}","publisher":"{PUBLISHER}"{rest}}}"#)
}

fn record_authority(forge: &mut Forge, id: &str, seed: u8, claims: &str) {
    forge.record(&format!("authority/{id}"), &sign(seed, "authority", claims), None, &[]);
}

#[test]
fn authority_ends_and_changes_from_the_next_entry_on() {
    refused("not-enrolled", |forge| {
        record_authority(forge, PUBLISHER, ROOT, &change(1, "revoke", ""));
        forge.publish("P1", "n1", "award", "", &[]);
    });
    refused("other-key", |forge| {
        record_authority(forge, PUBLISHER, ROOT, &grant("root", "r", PUBLISHER, 1, 20, "publisher"));
        forge.publish("P1", "n1", "award", "", &[]);
    });
    accepted(|forge| {
        forge.publish("P1", "n1", "award", "", &[]);
        record_authority(forge, PUBLISHER, ROOT, &change(1, "revoke", ""));
    });
    refused("key-taken", |forge| {
        record_authority(forge, PUBLISHER, ROOT, &change(1, "revoke", ""));
        record_authority(forge, "other", ROOT, &grant("root", "r", "other", 0, PUBLISHER_KEY, "publisher"));
    });
    refused("not-authorised", |forge| {
        record_authority(forge, "other", PUBLISHER_KEY, &grant(PUBLISHER, "r", "other", 0, 21, "publisher"));
    });
    refused("not-authorised", |forge| {
        record_authority(forge, "other", SUPERVISOR_KEY, &grant(SUPERVISOR, "r", "other", 0, 21, "supervisor"));
    });
    accepted(|forge| {
        record_authority(forge, "other", SUPERVISOR_KEY, &grant(SUPERVISOR, "r", "other", 0, 21, "publisher"));
    });
    refused("statement-seq", |forge| {
        record_authority(forge, PUBLISHER, ROOT, &grant("root", "r", PUBLISHER, 0, 20, "publisher"));
    });
    refused("member", |forge| {
        record_authority(forge, PUBLISHER, ROOT, &change(1, "revoke", r#","roles":["publisher"]"#));
    });
}

#[test]
fn keys_without_end_are_judged_like_the_first() {
    let enrol = |forge: &mut Forge| {
        for n in 0..1100_u64 {
            let id = format!("k{n}");
            let seed = sha256(id.as_bytes());
            let claims =
                grant("root", &id, &id, 0, 21, "publisher").replace(&jwk(21).format(), &jwk_of(&seed.0).format());
            record_authority(forge, &id, ROOT, &claims);
        }
    };
    let publish = |forge: &mut Forge, signer: &str| {
        enrol(forge);
        let claims = notice("P1", "n1", "award", "").replace(PUBLISHER, "k1099");
        let header =
            format!(r#"{{"alg":"Ed25519","kid":"{}","typ":"notice+sd-jwt"}}"#, jwk_of(&sha256(b"k1099").0).kid_text());
        forge.record(PROJECT, &sign_with(&sha256(signer.as_bytes()).0, &header, &claims), Some("award"), &[]);
    };
    accepted(|forge| publish(forge, "k1099"));
    refused("signature", |forge| publish(forge, "k1098"));
}

fn next_log_key(iss: &str, seed: u8, seq: u64) -> String {
    let common = common(iss, &format!("l{seq}"), "ledger");
    format!(r#"{{{common},"seq":{seq},"action":"rotate","publisher":"log","log_key":"{}"}}"#, log_key(seed))
}

fn next_root(iss: &str, seed: u8) -> String {
    let common = common(iss, "r1", "ledger");
    format!(r#"{{{common},"seq":1,"action":"rotate","publisher":"root","jwk":{}}}"#, jwk(seed).format())
}

fn trust_both(forge: &Forge) {
    forge.write("policy.txt", format!("log {}\nlog {}\nquorum none\n", log_key(LOG), log_key(40)).as_bytes());
}

#[test]
fn the_log_key_in_force_signs_and_no_other() {
    let rotate = |forge: &mut Forge| {
        trust_both(forge);
        forge.record("ledger", &sign(ROOT, "authority", &next_log_key("root", 40, 1)), None, &[]);
    };
    accepted(|forge| {
        rotate(forge);
        forge.log_seed = 40;
    });
    refused("log-key", rotate);
    refused("log-key", |forge| {
        trust_both(forge);
        forge.log_seed = 40;
    });
    refused("not-authorised", |forge| {
        trust_both(forge);
        forge.record("ledger", &sign(PUBLISHER_KEY, "authority", &next_log_key(PUBLISHER, 40, 1)), None, &[]);
    });
    refused("key-taken", |forge| {
        trust_both(forge);
        forge.record("ledger", &sign(ROOT, "authority", &next_log_key("root", PUBLISHER_KEY, 1)), None, &[]);
    });
}

#[test]
fn the_recovery_key_names_the_next_root_and_nobody_else_does() {
    let rotate = |forge: &mut Forge| {
        forge.record("ledger", &sign(RECOVERY, "authority", &next_root("recovery", 50)), None, &[]);
    };
    accepted(|forge| {
        rotate(forge);
        record_authority(forge, "other", 50, &grant("root", "r", "other", 0, 21, "publisher"));
    });
    refused("other-key", |forge| {
        rotate(forge);
        record_authority(forge, "other", ROOT, &grant("root", "r", "other", 0, 21, "publisher"));
    });
    refused("not-authorised", |forge| {
        forge.record("ledger", &sign(ROOT, "authority", &next_root("root", 50)), None, &[]);
    });
    refused("key-taken", |forge| {
        forge.record("ledger", &sign(RECOVERY, "authority", &next_root("recovery", RECOVERY)), None, &[]);
    });
}

#[test]
fn only_the_root_records_rules_and_days() {
    let calendar = |iss: &str| {
        let common = common(iss, "cal", "calendar/cn");
        format!(r#"{{{common},"seq":0,"jurisdiction":"cn","year":2026,"holidays":["2026-01-01"],"workdays":[]}}"#)
    };
    accepted(|forge| {
        forge.record("calendar/cn", &sign(ROOT, "calendar", &calendar("root")), None, &[]);
    });
    refused("not-authorised", |forge| {
        forge.record("calendar/cn", &sign(PUBLISHER_KEY, "calendar", &calendar(PUBLISHER)), None, &[]);
    });
    let (rules, digest) = disclose("rules", "[]");
    let common = common("root", "rb", "rulebook/cn");
    let claims = format!(
        r#"{{{common},"seq":0,"jurisdiction":"cn","version":"1","effective_from":"2026-01-01","_sd":["{digest}"]}}"#
    );
    accepted(|forge| {
        forge.record("rulebook/cn", &sign(ROOT, "rulebook", &claims), None, &[&rules]);
    });
    refused("no-rules", |forge| {
        forge.record("rulebook/cn", &sign(ROOT, "rulebook", &claims), None, &[]);
    });
}

/// A notice with a sealed reserve price and a text beside it.
fn sealed_notice(price: &str, text: &str) -> String {
    format!(
        r#","_sd":["{text}"],"data":{{"_sd":["{price}"]}},"sealed":[{{"digest":"{price}","field":"data.reserve_price","until":"award"}}]"#
    )
}

fn about(kind: &str, iss: &str, jti: &str, target: u64, digest: &str) -> String {
    let common = common(iss, jti, PROJECT);
    let why = if kind == "erasure" { r#","ground":"PIPL 47","reason":"asked for""# } else { "" };
    format!(r#"{{{common},"target":{target},"digests":["{digest}"]{why}}}"#)
}

#[test]
fn what_is_sealed_is_shown_once_and_in_time() {
    let (price, price_digest) = disclose("reserve_price", "{}");
    let (words, words_digest) = disclose("text", "\"words\"");
    let rest = sealed_notice(&price_digest, &words_digest);
    let reveal = |iss: &str, jti: &str| about("reveal", iss, jti, 4, &price_digest);
    let publish = |forge: &mut Forge| forge.publish("P1", "n1", "announcement", &rest, &[&words]);
    accepted(|forge| {
        publish(forge);
    });
    accepted(|forge| {
        publish(forge);
        forge.record(PROJECT, &sign(PUBLISHER_KEY, "reveal", &reveal(PUBLISHER, "r1")), None, &[&price]);
    });
    refused("sealed-shown", |forge| {
        forge.publish("P1", "n1", "announcement", &rest, &[&words, &price]);
    });
    refused("withheld", |forge| {
        forge.publish("P1", "n1", "announcement", &rest, &[]);
    });
    refused("withheld", |forge| {
        publish(forge);
        forge.record(PROJECT, &sign(PUBLISHER_KEY, "reveal", &reveal(PUBLISHER, "r1")), None, &[]);
    });
    refused("revealed-twice", |forge| {
        publish(forge);
        for jti in ["r1", "r2"] {
            forge.record(PROJECT, &sign(PUBLISHER_KEY, "reveal", &reveal(PUBLISHER, jti)), None, &[&price]);
        }
    });
    refused("not-authorised", |forge| {
        publish(forge);
        forge.record(PROJECT, &sign(SUPERVISOR_KEY, "reveal", &reveal(SUPERVISOR, "r1")), None, &[&price]);
    });
    refused("target", |forge| {
        publish(forge);
        let claims = about("reveal", PUBLISHER, "r1", 4, &words_digest);
        forge.record(PROJECT, &sign(PUBLISHER_KEY, "reveal", &claims), None, &[&words]);
    });
    let (other, _) = disclose("reserve_price", "{\"a\":1}");
    refused("disclosure-unasked", |forge| {
        publish(forge);
        forge.record(PROJECT, &sign(PUBLISHER_KEY, "reveal", &reveal(PUBLISHER, "r1")), None, &[&other]);
    });
}

#[test]
fn only_a_supervisor_or_the_root_erases() {
    let (words, digest) = disclose("text", "\"words\"");
    let rest = format!(r#","_sd":["{digest}"]"#);
    let erasure = |iss: &str, target: u64| about("erasure", iss, "e1", target, &digest);
    for (iss, seed) in [(SUPERVISOR, SUPERVISOR_KEY), ("root", ROOT)] {
        accepted(|forge| {
            forge.publish("P1", "n1", "announcement", &rest, &[]);
            forge.record(PROJECT, &sign(seed, "erasure", &erasure(iss, 4)), None, &[]);
        });
    }
    refused("not-authorised", |forge| {
        forge.publish("P1", "n1", "announcement", &rest, &[]);
        forge.record(PROJECT, &sign(PUBLISHER_KEY, "erasure", &erasure(PUBLISHER, 4)), None, &[]);
    });
    for target in [2, 3, 5, 6, 1000] {
        refused("target", |forge| {
            forge.publish("P1", "n1", "announcement", &rest, &[&words]);
            forge.record(PROJECT, &sign(SUPERVISOR_KEY, "erasure", &erasure(SUPERVISOR, target)), None, &[]);
        });
    }
    refused("target", |forge| {
        forge.publish("P2", "n1", "announcement", &rest, &[&words]);
        forge.record(PROJECT, &sign(SUPERVISOR_KEY, "erasure", &erasure(SUPERVISOR, 4)), None, &[]);
    });
}

#[test]
fn a_seal_is_the_map_and_the_end() {
    refused("map-root", |forge| {
        forge.publish("P1", "n1", "award", "", &[]);
        let seal = forge.seal_entry().replace("\"subjects\":4", "\"subjects\":3");
        forge.push(None, &seal, None, &[]);
    });
    refused("map-root", |forge| {
        let jwt = sign(PUBLISHER_KEY, "notice", &notice("P1", "n1", "award", ""));
        forge.record(PROJECT, &jwt, Some("announcement"), &[]);
    });
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.publish("P1", "n1", "award", "", &[]);
    forge.publish_head();
    forge.finish();
    assert_eq!(audit(dir.path(), &[]).json("audit")["error"]["rule"], "no-seal");
}

/// A ledger of 301 entries in two bundles, whose files a test then alters.
fn two_bundles(dir: &Path) -> Forge {
    let mut forge = Forge::new(dir);
    for n in 0..296 {
        let (words, digest) = disclose("text", &format!("\"{n}\""));
        forge.publish(
            &format!("P{}", n % 9),
            &format!("n{n}"),
            "announcement",
            &format!(r#","_sd":["{digest}"]"#),
            &[&words],
        );
        if n == 99 {
            forge.seal();
            forge.finish();
        }
    }
    forge.seal();
    forge.finish();
    forge
}

#[test]
fn a_file_that_does_not_belong_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let forge = two_bundles(dir.path());
    assert_eq!((forge.size(), audit(dir.path(), &[]).code), (302, 0));
    let tree = dir.path().join("tree");
    let (kept, rule_of) =
        (dir.path().join("kept"), |dir: &Path| audit(dir, &[]).json("audit")["error"]["rule"].clone());
    copy(&tree, &kept);
    let read = |path: &str| fs::read(kept.join(path)).unwrap();
    let stale = "tile/0/000.p/105";
    assert!(kept.join(stale).exists(), "the tile of the head before is still there");
    let mut altered = read(stale);
    altered[40] ^= 1;
    let late = read("disclosures/001");
    let line = late.split(|b| *b == b'\n').next().unwrap();
    let line = [line, b"\n"].concat();
    let beyond = String::from_utf8(line.clone()).unwrap().replace("\"index\":256", "\"index\":310").into_bytes();
    let line_of = |index: u64| format!("{{\"index\":{index},\"disclosures\":[\"{}\"]}}\n", disclose("text", "1").0);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (stale, altered, "tile"),
        (stale, read(stale)[..32].to_vec(), "tile"),
        ("tile/entries/000.p/105", read("tile/entries/000.p/105")[..1000].to_vec(), "tile"),
        ("tile/0/001.p/46", read("tile/0/000")[..46 * 32].to_vec(), "tile"),
        ("tile/1/000.p/1", read("tile/0/000")[..32].to_vec(), "tile"),
        ("tile/entries/001.p/46", read("tile/entries/000.p/105"), "bundle"),
        ("tile/entries/000", [&read("tile/entries/000")[..], &[0, 0]].concat(), "bundle"),
        ("disclosures/001", [&late[..], &beyond].concat(), "beyond-head"),
        ("disclosures/001", [&line[..], &late].concat(), "disclosures"),
        ("disclosures/001", late[line.len()..].to_vec(), "withheld"),
        ("disclosures/001", read("disclosures/000"), "disclosures"),
        ("disclosures/001", b"\n".to_vec(), "json"),
        ("disclosures/001", late[..late.len() - 1].to_vec(), "disclosures"),
        ("disclosures/001", vec![0xff, b'\n'], "encoding"),
        ("checkpoints/105", read("checkpoints/4"), "checkpoint-name"),
        ("checkpoints/302", signed_note(LOG, 302, Hash::ZERO).into_bytes(), "fork"),
        ("checkpoints/105", signed_note(LOG, 105, Hash::ZERO).into_bytes(), "fork"),
        ("checkpoints/105", signed_note(99, 105, Hash::ZERO).into_bytes(), "log-key"),
        ("checkpoints/400", signed_note(LOG, 400, Hash::ZERO).into_bytes(), "beyond-head"),
        (
            "checkpoints/103",
            signed_note(LOG, 103, root_of(forge.leaves[..103].iter().copied()).0).into_bytes(),
            "no-seal",
        ),
        ("checkpoints/105", vec![b'x'; (1 << 20) + 1], "too-long"),
        ("checkpoints/0", signed_note(LOG, 0, sha256(b"")).into_bytes(), "no-seal"),
        ("disclosures/002", line_of(600).into_bytes(), "beyond-head"),
        ("disclosures/x001/000", line_of(256_000).into_bytes(), "beyond-head"),
        ("checkpoint", read("checkpoint")[1..].to_vec(), "checkpoint-signature"),
        (&*format!("attachments/{}", "0".repeat(64)).leak(), b"x".to_vec(), "attachment"),
    ];
    for (path, bytes, rule) in cases {
        forge.write(&format!("tree/{path}"), &bytes);
        let found = audit(dir.path(), &[]);
        assert_eq!(found.code, 1, "{path}: {found:?}");
        let found = found.json("audit")["error"]["rule"].clone();
        let allowed =
            found == rule || (rule == "disclosures" && found == "json") || (rule == "json" && found == "disclosures");
        assert!(allowed, "{path}: {found}, expected {rule}");
        match fs::read(kept.join(path)) {
            Ok(bytes) => fs::write(tree.join(path), bytes).unwrap(),
            Err(_) => fs::remove_file(tree.join(path)).unwrap(),
        }
    }
    fs::remove_file(tree.join("tile/entries/001.p/46")).unwrap();
    assert_eq!(rule_of(dir.path()), "incomplete");
    // A log may replace a partial tile by the full one.
    fs::write(tree.join("tile/entries/001.p/46"), read("tile/entries/001.p/46")).unwrap();
    assert_eq!(audit(dir.path(), &[]).code, 0);
}

/// What an audit wrote down convinces a third party with the policy alone.
#[track_caller]
fn check_evidence(path: &Path, dir: &Path, kind: &str) -> serde_json::Value {
    let ran = run(&["evidence", text(path), "--policy", text(&dir.join("policy.txt")), "--json"]);
    let json = ran.json("evidence");
    assert_eq!((ran.code, &json["kind"]), (0, &kind.into()), "{json}");
    json
}

#[test]
fn a_fork_is_written_down_for_others() {
    let dir = tempfile::tempdir().unwrap();
    let forge = two_bundles(dir.path());
    for size in [4, 105, 302] {
        let path = format!("tree/checkpoints/{size}");
        let kept = fs::read(dir.path().join(&path)).unwrap();
        forge.write(&path, signed_note(LOG, size, sha256(b"another")).as_bytes());
        let evidence = dir.path().join(format!("fork-{size}.json"));
        let ran = audit(dir.path(), &["--evidence", text(&evidence)]);
        // clap refuses an option given twice; the plain call names its own file.
        assert_eq!(ran.code, 2);
        let (tree, policy) = (dir.path().join("tree"), dir.path().join("policy.txt"));
        let ran =
            run(&["audit", text(&tree), "--policy", text(&policy), "--evidence", text(&evidence), "--lang", "zh"]);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("账本分叉") && ran.out.contains(text(&evidence)), "{}", ran.out);
        check_evidence(&evidence, dir.path(), "fork");
        forge.write(&path, &kept);
    }
}

/// Audits a forged tree, which must be refused with evidence that convinces others; gives what that proves.
#[track_caller]
fn evident(rule: &str, kind: &str, forgery: impl FnOnce(&mut Forge)) -> serde_json::Value {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.publish("P1", "n1", "announcement", "", &[]);
    forge.publish("P2", "n1b", "announcement", "", &[]);
    forge.seal();
    forgery(&mut forge);
    forge.finish();
    let ran = audit(dir.path(), &[]);
    let json = ran.json("audit");
    let evidence = dir.path().join("evidence.json");
    assert_eq!((ran.code, &json["error"]["rule"]), (1, &rule.into()), "{json}");
    assert_eq!(json["evidence"], text(&evidence), "{json}");
    check_evidence(&evidence, dir.path(), kind)
}

#[test]
fn a_head_without_a_seal_is_written_down() {
    let proven = evident("no-seal", "no-seal", |forge| {
        forge.publish("P1", "n2", "award", "", &[]);
        forge.publish_head();
    });
    assert_eq!(proven["entries"], serde_json::json!([7]));
    // An earlier head, once published.
    let proven = evident("no-seal", "no-seal", |forge| {
        forge.publish("P1", "n2", "award", "", &[]);
        forge.publish_head();
        forge.publish("P1", "n3", "award", "", &[]);
        forge.seal();
    });
    assert_eq!((&proven["entries"], &proven["heads"][0]["size"]), (&serde_json::json!([7]), &8.into()));
}

#[test]
fn an_entry_in_the_place_of_another_is_written_down() {
    for (before, back) in [(0, 1), (3, 1), (3, 2), (3, 4)] {
        let proven = evident("link", "seq-twice", |forge| {
            for n in 0..before {
                forge.publish("P1", &format!("m{n}"), "change", "", &[]);
                forge.publish("P2", &format!("m{n}b"), "change", "", &[]);
            }
            forge.seal();
            forge.rewind(PROJECT, back);
            forge.publish("P1", "again", "award", "", &[]);
            forge.seal();
        });
        assert_eq!((&proven["subject"], &proven["seq"]), (&PROJECT.into(), &(before + 1 - back).into()), "{proven}");
    }
}

#[test]
fn a_map_that_leaves_a_subject_out_is_written_down() {
    let counts = |proven: serde_json::Value| {
        (proven["subject"].clone(), proven["seq"].as_u64().unwrap(), proven["count"].as_u64().unwrap())
    };
    let more = |forge: &mut Forge| {
        forge.publish("P1", "n2", "award", "", &[]);
        forge.publish("P1", "n3", "contract", "", &[]);
        forge.publish("P3", "n4", "award", "", &[]);
    };
    // One subject of the batch, old or new.
    let proven = evident("map-root", "omission", |forge| {
        more(forge);
        forge.conceal(PROJECT);
        forge.seal();
    });
    assert_eq!(counts(proven), (PROJECT.into(), 2, 1));
    let proven = evident("map-root", "omission", |forge| {
        more(forge);
        forge.conceal("project/P3");
        forge.seal();
        forge.seal();
    });
    assert_eq!(counts(proven), ("project/P3".into(), 0, 0));
    let proven = evident("map-root", "omission", |forge| {
        more(forge);
        forge.count_only(PROJECT, 2);
        forge.seal();
    });
    assert_eq!(counts(proven), (PROJECT.into(), 2, 2));
    // The whole batch.
    let proven = evident("map-root", "omission", |forge| {
        more(forge);
        forge.conceal(PROJECT);
        forge.conceal("project/P3");
        forge.seal();
    });
    assert!(["project/P1", "project/P3"].contains(&proven["subject"].as_str().unwrap()), "{proven}");
    // One that was counted for long.
    let proven = evident("map-root", "omission", |forge| {
        forge.forget("project/P2");
        more(forge);
        forge.seal();
    });
    assert_eq!(counts(proven), ("project/P2".into(), 0, 0));
    let proven = evident("map-root", "omission", |forge| {
        forge.forget("ledger");
        forge.seal();
    });
    assert_eq!(counts(proven), ("ledger".into(), 0, 0));
}

#[test]
fn a_lie_that_nobody_else_could_see_leaves_no_evidence() {
    let none = |rule: &str, forgery: fn(&mut Forge)| {
        let dir = tempfile::tempdir().unwrap();
        let mut forge = Forge::new(dir.path());
        forge.publish("P1", "n1", "announcement", "", &[]);
        forgery(&mut forge);
        forge.finish();
        let json = audit(dir.path(), &[]).json("audit");
        assert_eq!((&json["error"]["rule"], json.get("evidence")), (&rule.into(), None), "{json}");
        assert!(!dir.path().join("evidence.json").exists());
    };
    // A root that is no simple lie, a number of subjects, a gap in the numbers, an entry that is not of its place.
    none("map-root", |forge| {
        let seal = forge.seal_entry();
        let root = Entry::parse(&seal).unwrap().seal().unwrap().map_root.to_string();
        forge.push(None, &seal.replace(&root, &Hash::ZERO.to_string()), None, &[]);
        forge.publish_head();
    });
    none("map-root", |forge| {
        let seal = forge.seal_entry().replace("\"subjects\":4", "\"subjects\":5");
        forge.push(None, &seal, None, &[]);
        forge.publish_head();
    });
    none("link", |forge| {
        let jwt = sign(PUBLISHER_KEY, "notice", &notice("P1", "n2", "award", ""));
        let entry = forge.entry(PROJECT, &jwt).replace("\"seq\":1", "\"seq\":2");
        forge.push(Some(PROJECT), &entry, Some("award"), &[]);
        forge.seal();
    });
}

#[test]
fn the_next_audit_goes_on_where_the_last_ended() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    let state = dir.path().join("state");
    let audit = |more: &[&str]| audit(dir.path(), &[&["--state", text(&state)], more].concat());
    let (mut known, (words, digest)) = (0, disclose("text", "\"x\""));
    let rest = format!(r#","_sd":["{digest}"]"#);
    for n in 0..12 {
        forge.finish();
        let json = audit(&[]).json("audit");
        assert_eq!((&json["exit_code"], &json["entries"]), (&0.into(), &forge.size().into()), "{json}");
        assert_eq!(json["new_entries"], forge.size() - known);
        known = forge.size();
        for k in 0..57 {
            forge.publish(&format!("P{k}"), &format!("n{n}-{k}"), "announcement", &rest, &[&words]);
        }
        forge.seal();
    }
    forge.finish();
    let kept = fs::read(&state).unwrap();
    // What was audited is not read again: an old bundle may be gone.
    fs::rename(dir.path().join("tree/tile/entries/000"), dir.path().join("away")).unwrap();
    assert_eq!(audit(&[]).code, 0);
    fs::rename(dir.path().join("away"), dir.path().join("tree/tile/entries/000")).unwrap();
    // The same head again, and a damaged state.
    assert_eq!(audit(&[]).json("audit")["new_entries"], 0);
    for at in [0, 10, 30, kept.len() / 2, kept.len() - 1] {
        let mut damaged = kept.clone();
        damaged[at] ^= 1;
        fs::write(&state, damaged).unwrap();
        let ran = audit(&[]);
        assert_eq!((ran.code, &ran.json("audit")["error"]["rule"]), (2, &"state".into()));
    }
    fs::write(&state, &kept[..kept.len() - 40]).unwrap();
    assert_eq!(audit(&[]).code, 2);
}

#[test]
fn a_rollback_raises_an_alarm_that_keeps_both_notes() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.finish();
    let state = dir.path().join("state");
    let old = fs::read(dir.path().join("tree/checkpoint")).unwrap();
    forge.publish("P1", "n1", "award", "", &[]);
    forge.seal();
    forge.finish();
    assert_eq!(audit(dir.path(), &["--state", text(&state)]).code, 0);
    let (new, before) = (fs::read(dir.path().join("tree/checkpoint")).unwrap(), fs::read(&state).unwrap());
    fs::write(dir.path().join("tree/checkpoint"), &old).unwrap();
    let ran = audit(dir.path(), &["--state", text(&state)]);
    assert_eq!((ran.code, &ran.json("audit")["error"]["rule"]), (1, &"rollback".into()));
    let kept: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("evidence.json")).unwrap()).unwrap();
    assert_eq!(kept["notes"][0].as_str().unwrap().as_bytes(), new);
    assert_eq!(kept["notes"][1].as_str().unwrap().as_bytes(), old);
    assert_eq!(fs::read(&state).unwrap(), before, "the state still remembers the larger head");
    let (evidence, policy) = (dir.path().join("evidence.json"), dir.path().join("policy.txt"));
    let ran = run(&["evidence", text(&evidence), "--policy", text(&policy), "--json"]);
    assert_eq!(
        (ran.code, &ran.json("evidence")["error"]["rule"]),
        (1, &"rollback".into()),
        "it proves nothing to others"
    );
}

#[test]
fn history_rewritten_since_the_last_audit_is_a_fork() {
    for (first, again) in [(3, 5), (3, 3), (3, 600), (300, 600), (300, 20)] {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let forged = |title: &str, entries: usize| {
            let _ = fs::remove_dir_all(dir.path().join("tree"));
            let mut forge = Forge::new(dir.path());
            for n in 0..entries {
                forge.publish("P1", &format!("{title}{n}"), "award", "", &[]);
            }
            forge.seal();
            forge.finish();
            audit(dir.path(), &["--state", text(&state)])
        };
        assert_eq!(forged("a", first).code, 0);
        let ran = forged("b", again);
        assert_eq!(ran.code, 1, "{first}, {again}: {ran:?}");
        assert_eq!(ran.json("audit")["error"]["rule"], "fork", "{first}, {again}: {ran:?}");
        check_evidence(&dir.path().join("evidence.json"), dir.path(), "fork");
    }
}

/// The note that convicts bears the log's old key: a policy that lists only the new one needs the old one beside it.
#[test]
fn a_fork_under_an_old_log_key_convinces_whoever_trusts_that_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.record("ledger", &sign(ROOT, "authority", &next_log_key("root", 40, 1)), None, &[]);
    forge.log_seed = 40;
    forge.seal();
    forge.finish();
    forge.write("tree/checkpoints/4", signed_note(LOG, 4, sha256(b"another")).as_bytes());
    forge.write("policy.txt", format!("log {}\nquorum none\n", log_key(40)).as_bytes());
    let json = audit(dir.path(), &[]).json("audit");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&1.into(), &"fork".into()), "{json}");
    let said = json["error"]["message"].as_str().unwrap();
    assert!(said.contains("under your policy it proves nothing yet"), "{said}");
    let (evidence, policy) = (dir.path().join("evidence.json"), dir.path().join("policy.txt"));
    assert_eq!(run(&["evidence", text(&evidence), "--policy", text(&policy)]).code, 1);
    trust_both(&forge);
    check_evidence(&evidence, dir.path(), "fork");
}

/// The new history publishes a checkpoint where the old one had its head: the two notes are the evidence.
#[test]
fn history_rewritten_under_a_published_checkpoint_is_a_fork() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let forged = |title: &str, batches: usize| {
        let _ = fs::remove_dir_all(dir.path().join("tree"));
        let mut forge = Forge::new(dir.path());
        for n in 0..batches {
            forge.publish("P1", &format!("{title}{n}"), "award", "", &[]);
            forge.seal();
        }
        forge.finish();
        audit(dir.path(), &["--state", text(&state)])
    };
    assert_eq!(forged("a", 2).code, 0);
    let json = forged("b", 5).json("audit");
    assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&1.into(), &"fork".into()), "{json}");
    let proven = check_evidence(&dir.path().join("evidence.json"), dir.path(), "fork");
    assert_eq!(proven["heads"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_printed_cannot_steer_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    let claims = notice("P1", "n1", "award", "").replace("\"title\":\"T\"", r#""title":"\u001b[2J\u202eabc""#);
    let claims = claims.replace("\"sector\":\"land\"", r#""sector":"\u001b[31m""#);
    forge.record(PROJECT, &sign(PUBLISHER_KEY, "notice", &claims), Some("award"), &[]);
    forge.seal();
    forge.finish();
    let (tree, policy) = (dir.path().join("tree"), dir.path().join("policy.txt"));
    let ran = run(&["audit", text(&tree), "--policy", text(&policy)]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("\\u{1b}[31m") && !ran.out.contains('\u{1b}'), "{}", ran.out);
}
