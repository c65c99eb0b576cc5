//! The verifier of the portal's pages on the vectors of others, and on mangled files: it says what `mingzhang-verify` says.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../tests/browser.rs"]
mod browser;
mod program;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use browser::{Case, ask, disagreements, judge};
use program::{files, run, text, vectors};
use serde_json::{Value, json};
use verifier::log::base64;
use verifier::log::key::{PreparedKey, PublicKey};
use verifier::record::disclosure::check_notice;
use verifier::record::json as strict;
use verifier::record::statement::{Jwk, Statement};
use verifier::record::subject::ProjectId;

fn case(kind: &'static str, file: &Path, policy: &Path) -> Case {
    let (file, policy, what) = (fs::read(file).unwrap(), fs::read(policy).unwrap(), file.display().to_string());
    Case { what, kind, file, policy }
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

/// Every dossier and receipt of the ledger vectors, with the policy it is for.
fn ledger_files(vectors: &Path) -> Vec<(&'static str, PathBuf, PathBuf)> {
    let mut found = Vec::new();
    for (kind, folder) in [("dossier", "bad-dossiers"), ("receipt", "bad-receipts")] {
        found
            .extend(files(&vectors.join(folder)).into_iter().map(|file| (kind, file, vectors.join("good/policy.txt"))));
    }
    for policy in ["good/policy.txt", "good/policy-witnessed.txt"] {
        for name in ["project", "absent-project", "no-performance-yet"] {
            let file = vectors.join(format!("good/{name}.dossier.json"));
            found.push(("dossier", file, vectors.join(policy)));
        }
        found.push(("receipt", vectors.join("good/n-1.tlog-proof"), vectors.join(policy)));
    }
    found
}

#[test]
fn the_page_names_the_first_broken_rule_that_the_program_names() {
    let Some(vectors) = vectors() else { return };
    let files = ledger_files(&vectors);
    let cases: Vec<Case> = files.iter().map(|(kind, file, policy)| case(kind, file, policy)).collect();
    let Some(answers) = judge(&cases) else { return };
    for ((kind, file, policy), answer) in files.iter().zip(answers) {
        let told = run(&[kind, text(file), "--policy", text(policy), "--json"]).json(kind);
        let (rule, entry) = (&told["error"]["rule"], &told["error"]["entry"]);
        assert_eq!((&answer["rule"], &answer["entry"]), (rule, entry), "{}: {answer}", file.display());
        assert_eq!(answer["verdict"] == "holds", told["exit_code"] != 1, "{}: {answer}", file.display());
        assert_eq!(answer["verdict"] == "holds", file.parent().unwrap().ends_with("good"), "{}", file.display());
    }
    assert_eq!(disagreements(&cases), [] as [String; 0]);
}

/// The file cut off after every so many bytes, and with a bit flipped in as many places.
fn mangled(whole: &Case, places: usize) -> Vec<Case> {
    let length = whole.file.len();
    let at = |n: usize| n * length / places + n % 7;
    let altered = |what: String, file: Vec<u8>| Case { what, kind: whole.kind, file, policy: whole.policy.clone() };
    let cut = (0..places)
        .map(|n| altered(format!("{} cut at {}", whole.what, at(n)), whole.file[..at(n).min(length)].to_vec()));
    let flipped = (0..places).map(|n| {
        let (mut file, at) = (whole.file.clone(), at(n).min(length - 1));
        file[at] ^= [1, 2, 0x20, 0x80][n % 4];
        altered(format!("{} flipped at {at}", whole.what), file)
    });
    cut.chain(flipped).collect()
}

#[test]
fn mangled_files_are_refused_for_the_same_reason() {
    let Some(vectors) = vectors() else { return };
    let policy = vectors.join("good/policy-witnessed.txt");
    let dossier = case("dossier", &vectors.join("good/project.dossier.json"), &policy);
    let absence = case("dossier", &vectors.join("good/absent-project.dossier.json"), &policy);
    let receipt = case("receipt", &vectors.join("good/n-1.tlog-proof"), &policy);
    let mut cases: Vec<Case> =
        [mangled(&dossier, 250), mangled(&absence, 100), mangled(&receipt, 100)].into_iter().flatten().collect();
    // A policy that is mangled is none, or another's.
    for at in (0..dossier.policy.len()).step_by(5) {
        let mut policy = dossier.policy.clone();
        policy[at] ^= 1;
        cases.push(Case {
            what: format!("policy flipped at {at}"),
            kind: "dossier",
            file: absence.file.clone(),
            policy,
        });
    }
    assert_eq!(disagreements(&cases), [] as [String; 0]);
}

fn others(name: &str) -> Option<PathBuf> {
    Some(vectors()?.join("..").join(name))
}

#[test]
fn signatures_are_verified_strictly() {
    const REFUSED: [&str; 5] =
        ["low_order_A", "low_order_R", "low_order_residue", "non_canonical_A", "non_canonical_R"];
    let Some(path) = others("ed25519vectors.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let question = |case: &Value| json!({ "case": "signature", "key": case["key"], "message": case["msg"], "signature": case["sig"] });
    let Some(answers) = ask(&cases.iter().map(question).collect::<Vec<_>>()) else { return };
    for (case, answer) in cases.iter().zip(&answers) {
        let mut flags = case["flags"].as_array().into_iter().flatten();
        let expected = !flags.any(|flag| REFUSED.iter().any(|refused| flag == refused));
        assert_eq!(answer["holds"], expected, "case {}", case["number"]);
    }
    let accepted = answers.iter().filter(|answer| answer["holds"] == true).count();
    assert_eq!((cases.len(), accepted), (914, 43));
}

#[test]
fn proofs_hold_exactly_where_the_vectors_say_so() {
    for (kind, count) in [("inclusion", 98), ("consistency", 98)] {
        let Some(folder) = others(&format!("merkle/testdata/{kind}")) else { return };
        let paths = files_under(&folder);
        let cases: Vec<Value> =
            paths.iter().map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect();
        let question = |case: &Value| {
            let mut question = case.clone();
            question["case"] = kind.into();
            question
        };
        let Some(answers) = ask(&cases.iter().map(question).collect::<Vec<_>>()) else { return };
        for ((path, case), answer) in paths.iter().zip(&cases).zip(&answers) {
            assert_eq!(answer["holds"], case["wantErr"] != true, "{}", path.display());
        }
        assert_eq!(cases.len(), count);
    }
}

#[test]
fn json_is_read_as_strictly() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let (fits, too_deep) = (nested(32), nested(33));
    let texts: Vec<&[u8]> = vec![
        b"1",
        b"0",
        b"-1",
        b"-0",
        b"01",
        b"1.0",
        b"1e3",
        b"1E3",
        b"+1",
        b".5",
        b"1.",
        b"9007199254740992",
        b"9007199254740993",
        b"-9007199254740992",
        b"-9007199254740993",
        b"18446744073709551616",
        b"123456789012345678901234567890",
        b"\"\"",
        b"\"a\\u0041\\n\\/\"",
        b"\"\\ud83d\\ude00\"",
        b"\"\\ud83d\"",
        b"\"\\ude00\"",
        b"\"\\ud83dx\"",
        b"\"\\ud83d\\n\"",
        b"\"\\x\"",
        b"\"\\u12g4\"",
        b"\"\n\"",
        b"\"\x7f\"",
        b"\"\\u0000\"",
        b"\"\xff\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf0\x9f\x98\x80\"",
        b"\xef\xbb\xbf1",
        b"",
        b" ",
        b" 1 ",
        b"\t\r\n1",
        b"\x0b1",
        b"\xc2\xa01",
        b"1 2",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"{}",
        b"{\"a\":1}",
        b"{\"a\":1,}",
        b"{\"a\":1,\"a\":1}",
        b"{\"a\":1,\"\\u0061\":1}",
        b"{\"a\" :1 , \"b\": [ ] }",
        b"{a:1}",
        b"{\"a\"}",
        b"{\"a\":}",
        b"{1:1}",
        b"{\"__proto__\":1}",
        b"{\"constructor\":1,\"__proto__\":{}}",
        b"true",
        b"false",
        b"null",
        b"nul",
        b"trueish",
        b"NaN",
        b"Infinity",
        b"[true,false,null]",
        b"'a'",
        b"\"a",
        b"/**/1",
        fits.as_bytes(),
        too_deep.as_bytes(),
    ];
    let question = |text: &&[u8]| json!({ "case": "json", "file": base64::encode(text) });
    let Some(answers) = ask(&texts.iter().map(question).collect::<Vec<_>>()) else { return };
    for (text, answer) in texts.iter().zip(answers) {
        let expected = str::from_utf8(text).is_ok_and(|text| strict::parse(text).is_ok());
        assert_eq!(answer["holds"], expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn project_ids_have_the_same_one_spelling() {
    let long = "字".repeat(129);
    let typed = [
        "武政出〔2025〕1号（网）",
        "ａｂｃ-１２３",
        "a b\u{3000}c\u{200b}",
        "【x】",
        "A–B—C−D",
        "",
        " ",
        "😀",
        "é",
        "ß",
        "ﬃ",
        "①",
        "〇〇七",
        "\u{20000}",
        "A\u{202e}B",
        "Ω",
        "x\u{00ad}y",
        "㎡",
        "%2F",
        "a/b",
        &long,
    ];
    let question = |typed: &&str| json!({ "case": "project", "id": typed });
    let Some(answers) = ask(&typed.iter().map(question).collect::<Vec<_>>()) else { return };
    for (typed, answer) in typed.iter().zip(answers) {
        let expected = ProjectId::normalise(typed).ok().map(|id| id.as_str().to_owned());
        assert_eq!(answer["id"], json!(expected), "{typed}");
    }
}

/// The drafts of the sample that ships with the program.
fn sample() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/sample");
    let texts = ["facts.jsonl", "lifecycles.jsonl"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    texts.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_the_console_signs_is_a_notice_that_owes_nothing() {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let jwk = Jwk::new(PublicKey::parse(secret.verifying_key().as_bytes()).unwrap());
    let x = base64::encode_url(jwk.key.as_bytes());
    let private = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "d": base64::encode_url(secret.as_bytes()) });
    let drafts = sample();
    let question = |draft: &Value| {
        let seals =
            if draft["data"]["reserve_price"].is_null() { json!({}) } else { json!({ "data.reserve_price": "award" }) };
        json!({
            "case": "sign", "draft": draft, "jwk": private, "kid": jwk.kid_text(), "iss": "centre",
            "origin": "ledger.example/wuhan", "seals": seals,
        })
    };
    let Some(answers) = ask(&drafts.iter().map(question).collect::<Vec<_>>()) else { return };
    let mut shown = 0;
    for (draft, answer) in drafts.iter().zip(&answers) {
        let (jwt, disclosures) = Statement::split(answer["compact"].as_str().unwrap()).unwrap();
        let statement = Statement::parse(jwt).unwrap_or_else(|error| panic!("{error}: {draft}"));
        statement.verify(jwt, &PreparedKey::from(&jwk.key)).unwrap();
        assert_eq!(draft["notice_id"], statement.jti);
        let notice = statement.notice().unwrap();
        let beside = check_notice(notice, &disclosures).unwrap_or_else(|error| panic!("{error}: {draft}"));
        assert_eq!(beside.missing, []);
        assert_eq!(notice.sealed.len(), answer["withheld"].as_array().unwrap().len());
        shown += beside.values.len();
    }
    assert!(drafts.len() > 100 && shown > 100, "{} drafts, {shown} disclosures", drafts.len());
}
