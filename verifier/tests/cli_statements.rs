//! One statement that formats.md §1 does not allow in an otherwise honest ledger, and its neighbours that it does.
#![allow(clippy::too_many_lines)] // tables of attacks
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../tests/browser.rs"]
mod browser;
mod forge;
mod program;
mod schema;

use browser::{Case, disagreements};
use forge::{
    Forge, LOG, ORIGIN, PUBLISHER, PUBLISHER_KEY, RECOVERY, ROOT, SUPERVISOR, SUPERVISOR_KEY, common, disclose, jwk,
    log_key, notice, sign, sign_under,
};
use program::{Ran, run, text};
use verifier::log::base64::encode_url;
use verifier::log::hash::sha256;

const PROJECT: &str = "project/P1";

/// Audits a forged tree; gives what a light client could be handed of it, too.
fn audited(what: &str, forgery: impl FnOnce(&mut Forge)) -> (Ran, Vec<Case>) {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forgery(&mut forge);
    forge.seal();
    forge.finish();
    let policy = std::fs::read(dir.path().join("policy.txt")).unwrap();
    let handed_out = forge.handed_out().into_iter();
    let cases = handed_out
        .map(|(kind, file)| Case { what: what.to_owned(), kind, file: file.into_bytes(), policy: policy.clone() })
        .collect();
    let (tree, policy, evidence) =
        (dir.path().join("tree"), dir.path().join("policy.txt"), dir.path().join("evidence.json"));
    let ran = run(&["audit", text(&tree), "--policy", text(&policy), "--json", "--evidence", text(&evidence)]);
    (ran, cases)
}

/// What was tried and came out otherwise than it must.
#[derive(Default)]
struct Trial {
    wrong: Vec<String>,
    /// What light clients could be handed of each.
    cases: Vec<Case>,
}

impl Trial {
    fn expect(&mut self, code: i32, what: &str, forgery: impl FnOnce(&mut Forge)) {
        let (ran, cases) = audited(what, forgery);
        self.cases.extend(cases);
        if ran.code != code {
            self.wrong.push(format!("{what}: expected {code}, found {} {}", ran.code, ran.out));
        }
    }
    fn refused(&mut self, what: &str, forgery: impl FnOnce(&mut Forge)) {
        self.expect(1, what, forgery);
    }
    fn accepted(&mut self, what: &str, forgery: impl FnOnce(&mut Forge)) {
        self.expect(0, what, forgery);
    }
    /// A notice of the publisher with these claims.
    fn claims(&mut self, code: i32, what: &str, claims: &str) {
        let jwt = sign(PUBLISHER_KEY, "notice", claims);
        self.expect(code, what, |forge| {
            forge.record(PROJECT, &jwt, Some("announcement"), &[]);
        });
    }
    /// Everything came out as it must, and the verifier of the portal's pages says of each file what the library says.
    #[track_caller]
    fn end(mut self) {
        self.wrong.extend(disagreements(&self.cases));
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

/// An honest announcement, with one text replaced.
fn altered(from: &str, to: &str) -> String {
    let claims = notice("P1", "n1", "announcement", r#","data":{}"#);
    assert!(claims.contains(from), "{from} is not in {claims}");
    claims.replacen(from, to, 1)
}

fn with_data(data: &str) -> String {
    notice("P1", "n1", "announcement", &format!(r#","data":{data}"#))
}

#[test]
fn the_claims_of_every_statement_are_what_they_must_be() {
    let mut trial = Trial::default();
    trial.claims(0, "an honest notice", &altered("\"T\"", "\"T\""));
    for (from, to) in [
        (r#""iat":1764000000"#, r#""iat":"1764000000""#),
        (r#""iat":1764000000"#, r#""iat":1764000000.0"#),
        (r#""iat":1764000000"#, r#""iat":1.764e9"#),
        (r#""iat":1764000000"#, r#""iat":-1"#),
        (r#""iat":1764000000"#, r#""iat":-0"#),
        (r#""iat":1764000000"#, r#""iat":9007199254740993"#),
        (r#""iat":1764000000"#, r#""iat":null"#),
        (r#""iat":1764000000,"#, ""),
        (r#""jti":"n1""#, r#""jti":"""#),
        (r#""jti":"n1""#, r#""jti":1"#),
        (r#""jti":"n1","#, ""),
        (r#""jti":"n1""#, r#""jti":"n1","nbf":1"#),
        (r#""jti":"n1""#, r#""jti":"\ud800""#),
        (r#""jti":"n1""#, r#""jti":"n1","jti":"n1""#),
        (r#""jti":"n1""#, r#""jti":"n1","\u006ati":"n2""#),
        (r#""iss":"#, r#""iss":"x","i":"#),
        (ORIGIN, "ledger.example/Forged"),
        (r#""sub":"project/P1""#, r#""sub":"project/P2""#),
        (r#""sub":"project/P1""#, r#""sub":"project/""#),
        (r#""project":{"id":"P1"}"#, r#""project":{"id":"P2"}"#),
        (r#""project":{"id":"P1"}"#, r#""project":"P1""#),
        (r#""project":{"id":"P1"}"#, r#""project":{"id":"P1","nam":"x"}"#),
        (r#""project":{"id":"P1"}"#, r#""project":{"id":"P1","name":1}"#),
        (r#","project":{"id":"P1"}"#, ""),
        (r#","sector":"land""#, ""),
        (r#""sector":"land""#, r#""sector":"Land""#),
        (r#""sector":"land""#, r#""sector":["land"]"#),
        (r#","stage":"announcement""#, ""),
        (r#""stage":"announcement""#, r#""stage":"announcement ""#),
        (r#","title":"T""#, ""),
        (r#""title":"T""#, r#""title":null"#),
        (r#""region":"420100""#, r#""region":"4201""#),
        (r#""region":"420100""#, r#""region":"42010０""#),
        (r#""region":"420100""#, r#""region":420100"#),
        (r#""region":"420100""#, r#""region":"""#),
        (r#""region":"420100""#, r#""region":"420100","notice_id":"n1""#),
        (r#""data":{}"#, r#""data":[]"#),
        (r#""data":{}"#, r#""data":null"#),
        (r#""data":{}"#, r#""data":{},"text":"in the clear""#),
        (r#""data":{}"#, r#""data":{},"published_at":"2026-03-17 00:32""#),
        (r#""data":{}"#, r#""data":{},"published_at":"2026-02-30""#),
        (r#""data":{}"#, r#""data":{},"amends":7"#),
        (r#""data":{}"#, r#""data":{},"lot":"1""#),
        (r#""data":{}"#, r#""data":{},"lot":{"id":"1","x":1}"#),
        (r#""data":{}"#, r#""data":{},"parties":{}"#),
        (r#""data":{}"#, r#""data":{},"parties":["x"]"#),
        (r#""data":{}"#, r#""data":{},"parties":[{"role":"buyer","name":"x","contact":"c"}]"#),
        (r#""data":{}"#, r#""data":{},"parties":[{"role":"buyer","name":"x","phone":"c"}]"#),
        (r#""data":{}"#, r#""data":{},"attachments":[{"name":"a","sha256":"00"}]"#),
        (r#""data":{}"#, r#""data":{},"attachments":[{"name":"a","size":-1,"sha256":"00"}]"#),
        (r#""data":{}"#, r#""data":{},"related":[{"project":"X","as":"twin"}]"#),
        (r#""data":{}"#, r#""data":{},"source":{"platform":"x","uri":"y"}"#),
        (r#""data":{}"#, r#""data":{},"_sd_alg":"SHA-256""#),
        (r#""data":{}"#, r#""data":{},"_sd_alg":null"#),
        (r#""data":{}"#, r#""data":{},"_sd":[]"#),
        (r#""data":{}"#, r#""data":{},"_sd":"x""#),
        (r#""data":{}"#, r#""data":{},"cnf":{}"#),
        (r#""data":{}"#, r#""data":{},"sealed":[]"#),
        (r#""data":{}"#, r#""data":{},"...":"x""#),
    ] {
        trial.claims(1, &format!("{from} → {to}"), &altered(from, to));
    }
    trial.claims(0, "a jti of 200 characters", &altered("\"n1\"", &format!("\"{}\"", "字".repeat(200))));
    trial.claims(1, "a jti of 201 characters", &altered("\"n1\"", &format!("\"{}\"", "字".repeat(201))));
    for (from, to) in [
        (r#""data":{}"#, r#""data":{},"published_at":"2026-03-17T00:32:00+08:00""#),
        (r#""data":{}"#, r#""data":{},"published_at":"2026-03-17","language":"zh","amends":"n0""#),
        (r#""data":{}"#, r#""data":{"unheard_of":{"of":[1,null,true]}}"#),
        (r#","data":{}"#, ""),
        (r#""data":{}"#, r#""data":{},"parties":[],"attachments":[],"related":[]"#),
        (r#""data":{}"#, r#""data":{},"parties":[{"role":"buyer","name":"x","id":"y"},{"name":"z"}]"#),
        (r#""data":{}"#, r#""data":{},"lot":{"id":"1","name":"one"},"source":{"platform":"x","url":"y"}"#),
        (r#""data":{}"#, r#""data":{},"related":[{"project":"X","as":"plan"}]"#),
        (r#""data":{}"#, "\"data\" : { }\r\n,\t\"_sd_alg\":\"sha-256\""),
        (r#""title":"T""#, r#""title":"\u62db\u6807 \ud83d\ude00\/\n""#),
    ] {
        trial.claims(0, &format!("{from} → {to}"), &altered(from, to));
    }
    trial.end();
}

#[test]
fn json_is_strict_to_its_depth() {
    let mut trial = Trial::default();
    // The claims are depth 1 and `data` 2.
    let nested = |n: usize| with_data(&format!("{{\"x\":{}1{}}}", "[".repeat(n), "]".repeat(n)));
    trial.claims(0, "depth 32", &nested(30));
    trial.claims(1, "depth 33", &nested(31));
    trial.claims(1, "depth 200", &nested(200));
    for (what, data) in [
        ("a fraction", r#"{"x":1.0}"#),
        ("an exponent", r#"{"x":1e3}"#),
        ("minus zero", r#"{"x":[-0]}"#),
        ("2^53 + 1", r#"{"x":9007199254740993}"#),
        ("-2^53 - 1", r#"{"x":-9007199254740993}"#),
        ("a lone surrogate", r#"{"x":"\udc00"}"#),
        ("a lone surrogate in a name", r#"{"\ud800":1}"#),
        ("a duplicate", r#"{"x":{"a":1,"a":1}}"#),
        ("a trailing comma", r#"{"x":1,}"#),
        ("a control character", "{\"x\":\"\u{1}\"}"),
        ("an array element disclosable", r#"{"x":[{"...":"aaaa"}]}"#),
        ("a person in the clear", r#"{"x":[{"person":"n"}]}"#),
        ("experts in the clear", r#"{"experts":["n"]}"#),
        ("an _sd_alg", r#"{"x":{"_sd_alg":"sha-256"}}"#),
        ("an _sd that is none", r#"{"x":{"_sd":{}}}"#),
        ("money as a number", r#"{"budget":{"amount":1,"currency":"CNY"}}"#),
        ("money as a bare number", r#"{"budget":100}"#),
        ("money with a comma", r#"{"budget":{"amount":"1,000","currency":"CNY"}}"#),
        ("money with an exponent", r#"{"budget":{"amount":"1e3","currency":"CNY"}}"#),
        ("money in a payment", r#"{"payments":[{"amount":5}]}"#),
        ("a measure as a number", r#"{"percent":5}"#),
        ("an area as a number", r#"{"parcels":[{"area":5}]}"#),
    ] {
        trial.claims(1, what, &with_data(data));
    }
    for (what, data) in [
        ("±2^53", r#"{"x":[9007199254740992,-9007199254740992,0]}"#),
        ("an experts' list elsewhere", r#"{"x":{"experts":1}}"#),
    ] {
        trial.claims(0, what, &with_data(data));
    }
    trial.end();
}

#[test]
fn a_jwt_has_one_spelling() {
    let mut trial = Trial::default();
    let claims = altered("\"T\"", "\"T\"");
    let honest = sign(PUBLISHER_KEY, "notice", &claims);
    let kid = jwk(PUBLISHER_KEY).kid_text();
    let (header, rest) = honest.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let mut cases = vec![
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}~"),
        format!(".{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}.{}", &signature[..85]),
        format!("{header}.{payload}.{signature}AA"),
    ];
    // The last character of a signature carries four bits that must be zero.
    let last = signature.chars().last().unwrap();
    let other = char::from(last as u8 + 1);
    cases.push(format!("{header}.{payload}.{}{other}", &signature[..85]));
    for header in [
        format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"notice+sd-jwt"}}"#),
        format!(r#"{{"alg":"ed25519","kid":"{kid}","typ":"notice+sd-jwt"}}"#),
        format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"reveal+sd-jwt"}}"#),
        format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"Notice+sd-jwt"}}"#),
        format!(r#"{{"alg":"Ed25519","kid":"{kid}"}}"#),
        r#"{"alg":"Ed25519","typ":"notice+sd-jwt"}"#.to_owned(),
        format!(r#"{{"alg":"Ed25519","kid":"{kid}=","typ":"notice+sd-jwt"}}"#),
        format!(r#"{{"alg":"Ed25519","kid":"{}","typ":"notice+sd-jwt"}}"#, jwk(SUPERVISOR_KEY).kid_text()),
        format!(r#"{{"alg":"Ed25519","kid":"{kid}","typ":"notice+sd-jwt","jwk":{}}}"#, jwk(PUBLISHER_KEY).format()),
        format!("\u{feff}{{\"alg\":\"Ed25519\",\"kid\":\"{kid}\",\"typ\":\"notice+sd-jwt\"}}"),
        "[]".to_owned(),
    ] {
        cases.push(sign_under(PUBLISHER_KEY, &header, &claims));
    }
    for jwt in cases {
        trial.refused(&jwt.clone(), |forge| {
            forge.record(PROJECT, &jwt, Some("announcement"), &[]);
        });
    }
    let members_in_another_order = format!("{{ \"typ\":\"notice+sd-jwt\" ,\"kid\":\"{kid}\",\"alg\":\"Ed25519\"}}");
    let jwt = sign_under(PUBLISHER_KEY, &members_in_another_order, &claims);
    trial.accepted("a header in another order", |forge| {
        forge.record(PROJECT, &jwt, Some("announcement"), &[]);
    });
    let long = |length: usize| {
        let title = |n: usize| sign(PUBLISHER_KEY, "notice", &altered("\"T\"", &format!("\"{}\"", "t".repeat(n))));
        let mut n = length * 3 / 4 - title(1).len();
        while title(n + 1).len() <= length {
            n += 1;
        }
        title(n)
    };
    assert_eq!(long(60_000).len(), 60_000);
    trial.accepted("a JWT of 60,000 bytes", |forge| {
        forge.record(PROJECT, &long(60_000), Some("announcement"), &[]);
    });
    trial.refused("a JWT of 60,001 bytes", |forge| {
        forge.record(PROJECT, &long(60_003), Some("announcement"), &[]);
    });
    trial.end();
}

#[test]
fn a_project_id_is_normalised() {
    let mut trial = Trial::default();
    let of = |id: &str| notice(id, "n1", "announcement", "");
    let mut try_id = |code: i32, id: &str| {
        let jwt = sign(PUBLISHER_KEY, "notice", &of(id));
        trial.expect(code, &format!("{id:?}"), |forge| {
            forge.record(&format!("project/{id}"), &jwt, Some("announcement"), &[]);
        });
    };
    let long = "字".repeat(128);
    for id in
        ["武政出[2025]1号(网)", "〇", "A-Z_0/9.:()[]#&+*", "\u{3400}\u{9fff}\u{20000}\u{2a6df}", &long, "/", "..", "鿫"]
    {
        try_id(0, id);
    }
    let longer = "字".repeat(129);
    for id in [
        "",
        "a",
        "A B",
        "A\u{a0}B",
        "A\u{200b}",
        "A\u{200d}B",
        "\u{feff}A",
        "A\u{ad}B",
        "Ａ",
        "１",
        "A—B",
        "A－B",
        "A‐B",
        "A−B",
        "A（B）",
        "【1】",
        "〔1〕",
        "A､",
        "WН",
        "Α",
        "é",
        "A\u{301}",
        "\u{2f800}",
        "\u{fa0e}",
        "々",
        "あ",
        "A,B",
        "A%B",
        "A@B",
        "A~B",
        "A\u{3000}",
        "ﬁ",
        "①",
        "㎡",
        "\u{212a}",
        "\u{f900}",
        "A\u{1}B",
        "A\u{7f}",
        &longer,
        "\u{3038}",
        "⼀",
        "A?B",
        "A;B",
        "A=B",
        "A'B",
        "A!B",
        "A、B",
        "号。",
        "\u{2e80}",
        "\u{fe0f}A",
        "\u{e0001}A",
        "\u{180e}A",
        "\u{115f}",
    ] {
        try_id(1, id);
    }
    trial.end();
}

fn sealed(field: &str, digest: &str, until: &str) -> String {
    format!(r#","sealed":[{{"digest":"{digest}","field":"{field}","until":"{until}"}}]"#)
}

fn publish(forge: &mut Forge, rest: &str, disclosures: &[&str]) {
    forge.publish("P1", "n1", "announcement", rest, disclosures);
}

#[test]
fn only_what_is_disclosable_is_disclosed_and_where() {
    let mut trial = Trial::default();
    let money = r#"{"amount":"1.00","currency":"CNY"}"#;
    let at = |place: &str, digest: &str| match place {
        "" => format!(r#","_sd":["{digest}"]"#),
        "parties" => format!(r#","parties":[{{"role":"buyer","_sd":["{digest}"]}}]"#),
        "data" => format!(r#","data":{{"_sd":["{digest}"]}}"#),
        "data.x" => format!(r#","data":{{"x":{{"_sd":["{digest}"]}}}}"#),
        "data.x[]" => format!(r#","data":{{"x":[0,{{"_sd":["{digest}"]}}]}}"#),
        "project" => format!(r#","project":{{"id":"P1","_sd":["{digest}"]}}"#),
        "lot" => format!(r#","lot":{{"id":"1","_sd":["{digest}"]}}"#),
        _ => unreachable!("{place}"),
    };
    let good = [
        ("", "text", "\"words\""),
        ("parties", "contact", "\"c\""),
        ("data", "experts", "[\"a\"]"),
        ("data", "reserve_price", money),
        ("data", "bids", "[]"),
        ("data", "parcels", "[]"),
        ("data", "rejected", "[]"),
        ("data", "person", "\"p\""),
        ("data.x", "person", "\"p\""),
        ("data.x[]", "person", "\"p\""),
    ];
    for (place, name, value) in good {
        let (shown, digest) = disclose(name, value);
        trial.accepted(&format!("{name} at {place}"), |forge| publish(forge, &at(place, &digest), &[&shown]));
    }
    for (place, name, value) in [
        ("", "title", "\"x\""),
        ("", "contact", "\"x\""),
        ("", "data", "{}"),
        ("", "_sd_alg", "\"sha-256\""),
        ("", "iss", "\"x\""),
        ("parties", "name", "\"x\""),
        ("parties", "text", "\"x\""),
        ("parties", "person", "\"x\""),
        ("data", "winner", "{}"),
        ("data", "text", "\"x\""),
        ("data", "price", money),
        ("data.x", "bids", "[]"),
        ("data.x", "experts", "[]"),
        ("data.x", "contact", "\"x\""),
        ("data.x[]", "reserve_price", money),
        ("lot", "name", "\"x\""),
        ("data", "_sd", "[]"),
        ("data", "...", "[]"),
        ("data", "bids", r#"[{"_sd":["a"]}]"#),
        ("data", "bids", r#"[{"...":"a"}]"#),
        ("", "text", "7"),
        ("", "text", "null"),
        ("parties", "contact", "{\"phone\":\"1\"}"),
        ("data", "reserve_price", r#"{"amount":1,"currency":"CNY"}"#),
        ("data", "reserve_price", "100"),
        ("data", "bids", r#"[{"name":"x","price":{"amount":"1e9","currency":"CNY"}}]"#),
        ("data", "bids", "[1.5]"),
        ("data", "bids", r#"[{"a":1,"a":2}]"#),
        ("data", "bids", r#"["\ud800"]"#),
    ] {
        let (shown, digest) = disclose(name, value);
        trial.refused(&format!("{name} = {value} at {place}"), |forge| publish(forge, &at(place, &digest), &[&shown]));
    }
    // Forms of a disclosure.
    for (code, json) in [
        (0, r#"["AAAAAAAAAAAAAAAAAAAAAA","text","x"]"#),
        (0, "[ \"AAAAAAAAAAAAAAAAAAAAAA\" ,\"text\",\"x\" ]"),
        (1, r#"["AAAAAAAAAAAAAAAAAAAA","text","x"]"#),
        (1, r#"["AAAAAAAAAAAAAAAAAAAAAB","text","x"]"#),
        (1, r#"["AAAAAAAAAAAAAAAAAAAAAA==","text","x"]"#),
        (1, r#"["////////////////////////","text","x"]"#),
        (1, r#"[1,"text","x"]"#),
        (1, r#"["AAAAAAAAAAAAAAAAAAAAAA","text"]"#),
        (1, r#"["AAAAAAAAAAAAAAAAAAAAAA","x"]"#),
        (1, r#"["AAAAAAAAAAAAAAAAAAAAAA","text","x",1]"#),
        (1, r#"{"salt":"AAAAAAAAAAAAAAAAAAAAAA","text":"x"}"#),
    ] {
        let shown = encode_url(json.as_bytes());
        let digest = encode_url(&sha256(shown.as_bytes()).0);
        trial.expect(code, json, |forge| publish(forge, &at("", &digest), &[&shown]));
    }
    let (shown, digest) = disclose("text", "\"words\"");
    let padded = format!("{shown}=");
    let padded_digest = encode_url(&sha256(padded.as_bytes()).0);
    trial.refused("a padded disclosure", |forge| publish(forge, &at("", &padded_digest), &[&padded]));
    trial.refused("shown twice", |forge| publish(forge, &at("", &digest), &[&shown, &shown]));
    trial.refused("withheld", |forge| publish(forge, &at("", &digest), &[]));
    trial.refused("a decoy", |forge| {
        publish(forge, &format!(r#","_sd":["{digest}","{}"]"#, encode_url(&[7; 32])), &[&shown]);
    });
    trial.refused("a digest twice", |forge| publish(forge, &format!(r#","_sd":["{digest}","{digest}"]"#), &[&shown]));
    trial.refused("a digest at two places", |forge| {
        publish(forge, &format!(r#","_sd":["{digest}"],"data":{{"_sd":["{digest}"]}}"#), &[&shown]);
    });
    for bad in [format!("{digest}="), digest[..42].to_owned(), format!("{}/", &digest[..42]), String::new()] {
        trial.refused(&format!("digest {bad}"), |forge| publish(forge, &at("", &bad), &[]));
    }
    let (other, other_digest) = disclose("text", "\"other\"");
    trial.refused("two disclosures of one member", |forge| {
        publish(forge, &format!(r#","_sd":["{digest}","{other_digest}"]"#), &[&shown, &other]);
    });
    trial.refused("of no digest", |forge| publish(forge, &at("", &digest), &[&shown, &other]));
    let (bids, bids_digest) = disclose("bids", "[]");
    trial.refused("a member present and disclosed", |forge| {
        publish(forge, &format!(r#","data":{{"bids":[],"_sd":["{bids_digest}"]}}"#), &[&bids]);
    });
    let (long, long_digest) = disclose("text", &format!("\"{}\"", "t".repeat(786_380)));
    assert!((1 << 20) - 40 < long.len() && long.len() <= 1 << 20, "{}", long.len());
    trial.accepted("a disclosure of 1 MiB", |forge| publish(forge, &at("", &long_digest), &[&long]));
    let (long, long_digest) = disclose("text", &format!("\"{}\"", "t".repeat(786_400)));
    trial.refused("a disclosure of more", |forge| publish(forge, &at("", &long_digest), &[&long]));
    let many = |n: usize| -> (Vec<String>, String) {
        let all: Vec<_> = (0..n).map(|n| disclose("person", &format!("\"{n}\""))).collect();
        let objects: Vec<_> = all.iter().map(|(_, digest)| format!(r#"{{"_sd":["{digest}"]}}"#)).collect();
        (all.into_iter().map(|one| one.0).collect(), format!(r#","data":{{"x":[{}]}}"#, objects.join(",")))
    };
    for (code, n) in [(0, 256), (1, 257)] {
        let (shown, rest) = many(n);
        let shown: Vec<&str> = shown.iter().rev().map(String::as_str).collect();
        trial.expect(code, &format!("{n} disclosures, the last first"), |forge| publish(forge, &rest, &shown));
    }
    let big: Vec<_> = (0..12).map(|n| disclose("person", &format!("\"{n}{}\"", "p".repeat(700_000)))).collect();
    for (code, n) in [(0, 8), (1, 9)] {
        let objects: Vec<_> = big[..n].iter().map(|(_, digest)| format!(r#"{{"_sd":["{digest}"]}}"#)).collect();
        let shown: Vec<&str> = big[..n].iter().map(|one| one.0.as_str()).collect();
        trial.expect(code, &format!("{n} long disclosures"), |forge| {
            publish(forge, &format!(r#","data":{{"x":[{}]}}"#, objects.join(",")), &shown);
        });
    }
    trial.end();
}

#[test]
fn what_is_sealed_is_announced_rightly() {
    let mut trial = Trial::default();
    let money = r#"{"amount":"1.00","currency":"CNY"}"#;
    let (price, price_digest) = disclose("reserve_price", money);
    let (experts, experts_digest) = disclose("experts", "[\"a\"]");
    let in_data = format!(r#","data":{{"_sd":["{price_digest}"]}}"#);
    let seal = |field: &str, until: &str| format!("{in_data}{}", sealed(field, &price_digest, until));
    for until in ["award", "2026-01-01", "contract-change"] {
        trial.accepted(until, |forge| publish(forge, &seal("data.reserve_price", until), &[]));
    }
    for until in ["", "Award", "2026-13-01", "2026-01-01T00:00:00Z", "later", "project"] {
        trial.refused(&format!("until {until}"), |forge| publish(forge, &seal("data.reserve_price", until), &[]));
    }
    for field in ["reserve_price", "data.winner", "text", "data.bids", "data.price", "data.person", ""] {
        trial.refused(&format!("field {field}"), |forge| publish(forge, &seal(field, "award"), &[]));
    }
    trial.refused("elsewhere than in data", |forge| {
        let rest =
            format!(r#","_sd":["{price_digest}"],"data":{{}}{}"#, sealed("data.reserve_price", &price_digest, "award"));
        publish(forge, &rest, &[]);
    });
    trial.refused("deeper than in data", |forge| {
        let rest = format!(
            r#","data":{{"x":{{"_sd":["{price_digest}"]}}}}{}"#,
            sealed("data.reserve_price", &price_digest, "award")
        );
        publish(forge, &rest, &[]);
    });
    trial.refused("nowhere", |forge| {
        publish(forge, &format!(r#","data":{{}}{}"#, sealed("data.reserve_price", &price_digest, "award")), &[]);
    });
    trial.refused("without data", |forge| publish(forge, &sealed("data.reserve_price", &price_digest, "award"), &[]));
    let both = format!(r#","data":{{"_sd":["{price_digest}","{experts_digest}"]}}"#);
    let two = |a: &str, b: &str| {
        format!(
            r#"{both},"sealed":[{{"digest":"{price_digest}","field":"{a}","until":"award"}},{{"until":"award","digest":"{experts_digest}","field":"{b}"}}]"#
        )
    };
    trial.accepted("two fields", |forge| publish(forge, &two("data.reserve_price", "data.experts"), &[]));
    trial.refused("one field twice", |forge| publish(forge, &two("data.experts", "data.experts"), &[]));
    trial.refused("an extra member", |forge| {
        publish(forge, &seal("data.reserve_price", "award").replace("\"until\"", "\"why\":1,\"until\""), &[]);
    });
    trial.refused("present in the clear", |forge| {
        let rest =
            seal("data.reserve_price", "award").replace("\"_sd\"", &format!("\"reserve_price\":{money},\"_sd\""));
        publish(forge, &rest, &[]);
    });
    let (again, again_digest) = disclose("reserve_price", r#"{"amount":"2.00","currency":"CNY"}"#);
    trial.refused("sealed, and shown under the same name", |forge| {
        let rest = format!(
            r#","data":{{"_sd":["{price_digest}","{again_digest}"]}}{}"#,
            sealed("data.reserve_price", &price_digest, "award")
        );
        publish(forge, &rest, &[&again]);
    });
    // Reveals.
    let rest = format!(
        "{both},\"sealed\":[{{\"digest\":\"{price_digest}\",\"field\":\"data.reserve_price\",\"until\":\"award\"}}]"
    );
    let record = |forge: &mut Forge, iss: &str, seed: u8, jti: &str, typ: &str, members: &str, shown: &[&str]| {
        let claims = format!("{{{}{members}}}", common(iss, jti, PROJECT));
        forge.record(PROJECT, &sign(seed, typ, &claims), None, shown);
    };
    let with_both = |forge: &mut Forge| publish(forge, &rest, &[&experts]);
    for (code, what, members, shown) in [
        (0, "honest", format!(r#","target":4,"digests":["{price_digest}"]"#), vec![&*price]),
        (
            1,
            "not sealed",
            format!(r#","target":4,"digests":["{price_digest}","{experts_digest}"]"#),
            vec![&*price, &experts],
        ),
        (1, "digest twice", format!(r#","target":4,"digests":["{price_digest}","{price_digest}"]"#), vec![&price]),
        (1, "no digest", r#","target":4,"digests":[]"#.to_owned(), vec![]),
        (1, "no target", format!(r#","digests":["{price_digest}"]"#), vec![&price]),
        (1, "target in words", format!(r#","target":"4","digests":["{price_digest}"]"#), vec![&price]),
        (1, "target itself", format!(r#","target":5,"digests":["{price_digest}"]"#), vec![&price]),
        (1, "target 2^53", format!(r#","target":9007199254740992,"digests":["{price_digest}"]"#), vec![&price]),
        (1, "more shown", format!(r#","target":4,"digests":["{price_digest}"]"#), vec![&price, &experts]),
        (1, "shown twice", format!(r#","target":4,"digests":["{price_digest}"]"#), vec![&price, &price]),
        (1, "a reason", format!(r#","target":4,"digests":["{price_digest}"],"reason":"x""#), vec![&price]),
        (1, "a region", format!(r#","target":4,"digests":["{price_digest}"],"region":"420100""#), vec![&price]),
    ] {
        trial.expect(code, &format!("reveal: {what}"), |forge| {
            with_both(forge);
            record(forge, PUBLISHER, PUBLISHER_KEY, "r", "reveal", &members, &shown);
        });
    }
    let why = r#","ground":"g","reason":"r""#;
    let erase = |forge: &mut Forge, jti: &str, digest: &str| {
        let members = format!(r#","target":4,"digests":["{digest}"]{why}"#);
        record(forge, SUPERVISOR, SUPERVISOR_KEY, jti, "erasure", &members, &[]);
    };
    let reveal = |forge: &mut Forge, shown: &[&str]| {
        record(
            forge,
            PUBLISHER,
            PUBLISHER_KEY,
            "r",
            "reveal",
            &format!(r#","target":4,"digests":["{price_digest}"]"#),
            shown,
        );
    };
    trial.accepted("erased while sealed", |forge| {
        with_both(forge);
        erase(forge, "e", &price_digest);
    });
    for shown in [vec![], vec![&*price]] {
        trial.accepted("erased, then revealed", |forge| {
            with_both(forge);
            erase(forge, "e", &price_digest);
            reveal(forge, &shown);
        });
        trial.accepted("revealed, then erased", |forge| {
            with_both(forge);
            reveal(forge, &shown);
            erase(forge, "e", &price_digest);
        });
    }
    trial.accepted("erased twice, still shown", |forge| {
        with_both(forge);
        erase(forge, "e1", &experts_digest);
        erase(forge, "e2", &experts_digest);
    });
    for (what, members) in [
        ("no reason", format!(r#","target":4,"digests":["{experts_digest}"],"ground":"g""#)),
        ("no ground", format!(r#","target":4,"digests":["{experts_digest}"],"reason":"r""#)),
        ("empty ground", format!(r#","target":4,"digests":["{experts_digest}"],"ground":"","reason":"r""#)),
        ("not its own", format!(r#","target":4,"digests":["{}"]{why}"#, encode_url(&[9; 32]))),
        ("a reveal as target", format!(r#","target":5,"digests":["{price_digest}"]{why}"#)),
    ] {
        trial.refused(&format!("erasure: {what}"), |forge| {
            with_both(forge);
            reveal(forge, &[&price]);
            record(forge, SUPERVISOR, SUPERVISOR_KEY, "e", "erasure", &members, &[]);
        });
    }
    trial.refused("an erasure that shows", |forge| {
        with_both(forge);
        let members = format!(r#","target":4,"digests":["{experts_digest}"]{why}"#);
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "e", "erasure", &members, &[&experts]);
    });
    trial.end();
}

fn authority(iss: &str, sub: &str, rest: &str) -> String {
    format!("{{{}{rest}}}", common(iss, "x", sub))
}

fn granted(publisher: &str, seq: u64, seed: u8, scope: &str) -> String {
    format!(
        r#","seq":{seq},"action":"enrol","publisher":"{publisher}","name":"N","jwk":{},{scope}"#,
        jwk(seed).format()
    )
}

const SCOPE: &str = r#""roles":["publisher"],"sectors":["land"],"regions":["4201"]"#;

#[test]
fn authority_says_exactly_what_it_gives() {
    let mut trial = Trial::default();
    let mut x = |code: i32, what: &str, iss: &str, seed: u8, rest: &str| {
        let jwt = sign(seed, "authority", &authority(iss, "authority/X", rest));
        trial.expect(code, what, |forge| {
            forge.record("authority/X", &jwt, None, &[]);
        });
    };
    let honest = granted("X", 0, 21, SCOPE);
    x(0, "honest", "root", ROOT, &honest);
    for (from, to) in [
        ("\"seq\":0", "\"seq\":1"),
        ("\"seq\":0,", ""),
        ("\"seq\":0", "\"seq\":\"0\""),
        ("\"enrol\"", "\"grant\""),
        ("\"enrol\"", "\"revoke\""),
        ("\"action\":\"enrol\",", ""),
        ("\"publisher\":\"X\"", "\"publisher\":\"Y\""),
        ("\"publisher\":\"X\"", "\"publisher\":\"log\""),
        (",\"name\":\"N\"", ""),
        ("\"name\":\"N\"", "\"name\":5"),
        ("[\"publisher\"]", "[\"Publisher\"]"),
        ("[\"publisher\"]", "[\"publisher\",\"root\"]"),
        ("[\"publisher\"]", "\"publisher\""),
        ("[\"land\"]", "[\"*\"]"),
        ("[\"land\"]", "[\"all\"]"),
        ("[\"4201\"]", "[\"420\"]"),
        ("[\"4201\"]", "[\"42010\"]"),
        ("[\"4201\"]", "[\"4201002\"]"),
        ("[\"4201\"]", "[\"*\"]"),
        ("[\"4201\"]", "[\"42**\"]"),
        ("[\"4201\"]", "[4201]"),
        ("\"kty\":\"OKP\"", "\"kty\":\"EC\""),
        ("\"crv\":\"Ed25519\"", "\"crv\":\"X25519\""),
        ("\"kty\":\"OKP\"", "\"kty\":\"OKP\",\"d\":\"AAAA\""),
        ("\"kty\":\"OKP\",", ""),
        ("\"regions\"", "\"until\":\"2027-01-01\",\"regions\""),
        ("\"regions\"", "\"_sd\":[],\"regions\""),
        ("\"regions\"", "\"log_key\":\"x\",\"regions\""),
    ] {
        assert!(honest.contains(from), "{from}");
        x(1, &format!("{from} → {to}"), "root", ROOT, &honest.replacen(from, to, 1));
    }
    for (what, bytes) in
        [("a low-order key", [0; 32]), ("a key that is no point", [2; 32]), ("a non-canonical key", [0xff; 32])]
    {
        let bad = honest.replace(&encode_url(jwk(21).key.as_bytes()), &encode_url(&bytes));
        x(1, what, "root", ROOT, &bad);
    }
    for (what, seed) in
        [("the root's", ROOT), ("the recovery's", RECOVERY), ("the log's", LOG), ("another's", PUBLISHER_KEY)]
    {
        x(1, &format!("{what} key"), "root", ROOT, &granted("X", 0, seed, SCOPE));
    }
    x(
        0,
        "the root, anything",
        "root",
        ROOT,
        &granted("X", 0, 21, r#""roles":["supervisor","publisher"],"sectors":["land","mining"],"regions":["","33"]"#),
    );
    for (code, scope) in [
        (0, r#""roles":["publisher"],"sectors":["land"],"regions":["420102"]"#),
        (1, r#""roles":["publisher"],"sectors":["land"],"regions":["42"]"#),
        (1, r#""roles":["publisher"],"sectors":["land"],"regions":[""]"#),
        (1, r#""roles":["publisher"],"sectors":["land"],"regions":["420102","4202"]"#),
        (1, r#""roles":["publisher"],"sectors":["land","mining"],"regions":["4201"]"#),
        (1, r#""roles":["publisher","supervisor"],"sectors":["land"],"regions":["4201"]"#),
    ] {
        x(code, &format!("a supervisor grants {scope}"), SUPERVISOR, SUPERVISOR_KEY, &granted("X", 0, 21, scope));
    }
    x(1, "root signed by another", "root", SUPERVISOR_KEY, &honest);
    x(1, "a publisher grants", PUBLISHER, PUBLISHER_KEY, &honest);
    x(1, "recovery grants", "recovery", RECOVERY, &honest);
    x(1, "the log grants", "log", LOG, &honest);
    trial.end();
}

#[test]
fn authority_is_changed_by_those_who_may() {
    let mut trial = Trial::default();
    let record = |forge: &mut Forge, iss: &str, seed: u8, jti: &str, sub: &str, rest: &str| {
        let claims = authority(iss, sub, rest).replacen("\"jti\":\"x\"", &format!("\"jti\":\"{jti}\""), 1);
        forge.record(sub, &sign(seed, "authority", &claims), None, &[]);
    };
    let revoke = |publisher: &str, seq: u64| format!(r#","seq":{seq},"action":"revoke","publisher":"{publisher}""#);
    let own = format!("authority/{PUBLISHER}");
    let of_supervisor = format!("authority/{SUPERVISOR}");
    trial.accepted("a supervisor revokes a publisher", |forge| {
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "x", &own, &revoke(PUBLISHER, 1));
    });
    trial.refused("a supervisor changes itself", |forge| {
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "x", &of_supervisor, &granted(SUPERVISOR, 1, 22, SCOPE));
    });
    trial.refused("a supervisor revokes itself", |forge| {
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "x", &of_supervisor, &revoke(SUPERVISOR, 1));
    });
    trial.refused("a supervisor takes a publisher from elsewhere", |forge| {
        let scope = r#""roles":["publisher"],"sectors":["land"],"regions":["33"]"#;
        record(forge, "root", ROOT, "x", "authority/X", &granted("X", 0, 21, scope));
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "y", "authority/X", &granted("X", 1, 21, SCOPE));
    });
    trial.refused("a supervisor revokes a publisher elsewhere", |forge| {
        let scope = r#""roles":["publisher"],"sectors":["mining"],"regions":["4201"]"#;
        record(forge, "root", ROOT, "x", "authority/X", &granted("X", 0, 21, scope));
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "y", "authority/X", &revoke("X", 1));
    });
    trial.refused("a revoked supervisor", |forge| {
        record(forge, "root", ROOT, "x", &of_supervisor, &revoke(SUPERVISOR, 1));
        record(forge, SUPERVISOR, SUPERVISOR_KEY, "y", "authority/X", &granted("X", 0, 21, SCOPE));
    });
    for member in [r#""jwk":{}"#, r#""roles":[]"#, r#""sectors":[]"#, r#""regions":[]"#] {
        trial.refused(&format!("a revocation with {member}"), |forge| {
            record(forge, "root", ROOT, "x", &own, &format!("{},{member}", revoke(PUBLISHER, 1)));
        });
    }
    trial.accepted("a revocation with a name", |forge| {
        record(forge, "root", ROOT, "x", &own, &format!(r#"{},"name":"N""#, revoke(PUBLISHER, 1)));
    });
    trial.refused("the old key after its rotation", |forge| {
        record(forge, "root", ROOT, "x", &own, &granted(PUBLISHER, 1, 30, SCOPE).replace("enrol", "rotate"));
        forge.publish("P1", "n1", "award", "", &[]);
    });
    trial.accepted("back to its own old key", |forge| {
        record(forge, "root", ROOT, "x", &own, &granted(PUBLISHER, 1, 30, SCOPE).replace("enrol", "rotate"));
        record(forge, "root", ROOT, "y", &own, &granted(PUBLISHER, 2, PUBLISHER_KEY, SCOPE).replace("enrol", "rotate"));
        forge.publish("P1", "n1", "award", "", &[]);
    });
    trial.refused("another's old key", |forge| {
        record(forge, "root", ROOT, "x", &own, &granted(PUBLISHER, 1, 30, SCOPE).replace("enrol", "rotate"));
        record(forge, "root", ROOT, "y", "authority/X", &granted("X", 0, PUBLISHER_KEY, SCOPE));
    });
    trial.refused("no sector any more", |forge| {
        record(forge, "root", ROOT, "x", &own, &granted(PUBLISHER, 1, PUBLISHER_KEY, &SCOPE.replace("land", "mining")));
        forge.publish("P1", "n1", "award", "", &[]);
    });
    for id in ["root", "recovery", "log"] {
        trial.refused(&format!("{id} as a publisher"), |forge| {
            record(forge, "root", ROOT, "x", &format!("authority/{id}"), &granted(id, 0, 21, SCOPE));
        });
    }
    let long = "x".repeat(65);
    for id in ["", "a b", "名", "a/b", "a+b", &*long] {
        trial.refused(&format!("publisher {id:?}"), |forge| {
            record(forge, "root", ROOT, "x", &format!("authority/{id}"), &granted(id, 0, 21, SCOPE));
        });
    }
    trial.accepted("a publisher's id of 64 characters", |forge| {
        let id = format!("{}._:-", "x".repeat(60));
        record(forge, "root", ROOT, "x", &format!("authority/{id}"), &granted(&id, 0, 21, SCOPE));
    });
    // Keys of the ledger itself.
    let next_log = |name: &str, more: &str| {
        let vkey = log_key(40).to_string().replacen(ORIGIN, name, 1);
        format!(r#","seq":1,"action":"rotate","publisher":"log","log_key":"{vkey}"{more}"#)
    };
    let next_root = |seed: u8| format!(r#","seq":1,"action":"rotate","publisher":"root","jwk":{}"#, jwk(seed).format());
    let both = |forge: &mut Forge| {
        let policy = format!("log {}\nlog {}\nquorum none\n", log_key(LOG), log_key(40));
        forge.write("policy.txt", policy.as_bytes());
        forge.log_seed = 40;
    };
    for more in ["", r#","name":"log""#, r#","name":"log","roles":[],"sectors":[],"regions":[]"#] {
        trial.accepted(&format!("the next log key {more}"), |forge| {
            both(forge);
            record(forge, "root", ROOT, "x", "ledger", &next_log(ORIGIN, more));
        });
    }
    trial.refused("a log key of another origin", |forge| {
        both(forge);
        record(forge, "root", ROOT, "x", "ledger", &next_log("ledger.example/other", ""));
    });
    trial.refused("a log key and a jwk", |forge| {
        both(forge);
        record(forge, "root", ROOT, "x", "ledger", &next_log(ORIGIN, &format!(r#","jwk":{}"#, jwk(41).format())));
    });
    trial.refused("a log key in another subject", |forge| {
        both(forge);
        record(forge, "root", ROOT, "x", "authority/log", &next_log(ORIGIN, "").replace("\"seq\":1", "\"seq\":0"));
    });
    trial.refused("the log revoked", |forge| {
        record(forge, "root", ROOT, "x", "ledger", &revoke("log", 1));
    });
    trial.refused("the root revoked", |forge| {
        record(forge, "recovery", RECOVERY, "x", "ledger", &revoke("root", 1));
    });
    trial.refused("the recovery key replaced", |forge| {
        let rest = next_root(50).replace("\"publisher\":\"root\"", "\"publisher\":\"recovery\"");
        record(forge, "recovery", RECOVERY, "x", "ledger", &rest);
    });
    trial.refused("the recovery key names a log key", |forge| {
        both(forge);
        record(forge, "recovery", RECOVERY, "x", "ledger", &next_log(ORIGIN, ""));
    });
    trial.refused("the root names the next root", |forge| {
        record(forge, "root", ROOT, "x", "ledger", &next_root(50));
    });
    trial.refused("a publisher in subject ledger", |forge| {
        record(forge, "root", ROOT, "x", "ledger", &granted("X", 1, 21, SCOPE));
    });
    trial.refused("a replayed root rotation", |forge| {
        record(forge, "recovery", RECOVERY, "x", "ledger", &next_root(50));
        record(forge, "recovery", RECOVERY, "y", "ledger", &next_root(51));
    });
    trial.refused("a publisher's key as the next root", |forge| {
        record(forge, "recovery", RECOVERY, "x", "ledger", &next_root(PUBLISHER_KEY));
    });
    trial.end();
}

#[test]
fn rules_and_days_are_exact() {
    let mut trial = Trial::default();
    let calendar = r#","seq":0,"jurisdiction":"cn","year":2026,"holidays":["2026-01-01"],"workdays":["2026-01-04"]"#;
    for (code, from, to) in [
        (0, "2026-01-04", "2026-01-04"),
        (0, "[\"2026-01-04\"]", "[]"),
        (0, "[\"2026-01-01\"]", "[\"2026-12-31\",\"2025-12-31\"]"),
        (1, "[\"2026-01-01\"]", "[]"),
        (1, "[\"2026-01-01\"]", "[\"2026-02-30\"]"),
        (1, "[\"2026-01-01\"]", "[\"2026-1-1\"]"),
        (1, "[\"2026-01-01\"]", "[20260101]"),
        (1, "[\"2026-01-01\"]", "{}"),
        (1, "2026,", "\"2026\","),
        (1, "\"year\":2026,", ""),
        (1, ",\"workdays\":[\"2026-01-04\"]", ""),
        (1, "\"jurisdiction\":\"cn\"", "\"jurisdiction\":\"hk\""),
        (1, "\"seq\":0", "\"seq\":1"),
        (1, "\"seq\":0", "\"seq\":0,\"name\":\"x\""),
        (1, "\"seq\":0", "\"seq\":0,\"_sd\":[]"),
    ] {
        assert!(calendar.contains(from), "{from}");
        let claims = format!("{{{}{}}}", common("root", "c", "calendar/cn"), calendar.replacen(from, to, 1));
        trial.expect(code, &format!("calendar: {from} → {to}"), |forge| {
            forge.record("calendar/cn", &sign(ROOT, "calendar", &claims), None, &[]);
        });
    }
    let (rules, digest) = disclose("rules", "[]");
    let rulebook =
        format!(r#","seq":0,"jurisdiction":"cn","version":"1","effective_from":"2026-01-01","_sd":["{digest}"]"#);
    let mut book = |code: i32, what: &str, claims: &str, shown: &[&str]| {
        let claims = format!("{{{}{claims}}}", common("root", "c", "rulebook/cn"));
        trial.expect(code, &format!("rulebook: {what}"), |forge| {
            forge.record("rulebook/cn", &sign(ROOT, "rulebook", &claims), None, shown);
        });
    };
    book(0, "honest", &rulebook, &[&rules]);
    book(0, "with the algorithm", &format!(r#"{rulebook},"_sd_alg":"sha-256""#), &[&rules]);
    for (from, to) in [
        ("\"2026-01-01\"", "\"2026-01-01T00:00:00Z\""),
        (",\"effective_from\":\"2026-01-01\"", ""),
        (",\"version\":\"1\"", ""),
        ("\"version\":\"1\"", "\"version\":1"),
        ("\"seq\":0", "\"seq\":0,\"rules\":[]"),
        ("\"seq\":0", "\"seq\":0,\"_sd_alg\":\"sha-512\""),
        ("\"jurisdiction\":\"cn\",", ""),
    ] {
        assert!(rulebook.contains(from), "{from}");
        book(1, &format!("{from} → {to}"), &rulebook.replacen(from, to, 1), &[&rules]);
    }
    book(1, "nothing shown", &rulebook, &[]);
    book(1, "shown twice", &rulebook, &[&rules, &rules]);
    let (other, other_digest) = disclose("text", "\"x\"");
    book(1, "another name", &rulebook.replace(&digest, &other_digest), &[&other]);
    book(1, "more shown", &rulebook, &[&rules, &other]);
    for sub in ["calendar/CN", "calendar/", "calendar/c_n", "calendar/c/n", "calendar"] {
        let jurisdiction = sub.split_once('/').map_or("", |(_, j)| j);
        let claims =
            format!("{{{}{}}}", common("root", "c", sub), calendar.replace("\"cn\"", &format!("\"{jurisdiction}\"")));
        trial.refused(sub, |forge| {
            forge.record(sub, &sign(ROOT, "calendar", &claims), None, &[]);
        });
    }
    trial.end();
}

#[test]
fn who_publishes_where_is_decided_entry_by_entry() {
    let mut trial = Trial::default();
    for (code, region) in [(0, r#","region":"420199""#), (1, r#","region":"420200""#), (1, "")] {
        let claims = notice("P1", "n1", "award", "").replace(r#","region":"420100""#, region);
        trial.expect(code, &format!("region {region}"), |forge| {
            forge.record(PROJECT, &sign(PUBLISHER_KEY, "notice", &claims), Some("award"), &[]);
        });
    }
    trial.accepted("no region, under the empty prefix", |forge| {
        let claims = authority("root", "authority/X", &granted("X", 0, 21, &SCOPE.replace("4201", "")));
        forge.record("authority/X", &sign(ROOT, "authority", &claims), None, &[]);
        let claims = notice("P1", "n1", "award", "").replace(r#","region":"420100""#, "").replace(PUBLISHER, "X");
        forge.record(PROJECT, &sign(21, "notice", &claims), Some("award"), &[]);
    });
    for (iss, seed) in [("root", ROOT), ("recovery", RECOVERY), ("log", LOG)] {
        let claims = notice("P1", "n1", "award", "").replace(PUBLISHER, iss);
        trial.refused(&format!("a notice by {iss}"), |forge| {
            forge.record(PROJECT, &sign(seed, "notice", &claims), Some("award"), &[]);
        });
    }
    for (kind, sub) in [
        ("notice", "ledger"),
        ("notice", "authority/X"),
        ("reveal", "ledger"),
        ("calendar", "rulebook/cn"),
        ("rulebook", "calendar/cn"),
        ("authority", "project/P1"),
        ("erasure", "ledger"),
    ] {
        let claims = notice("P1", "n1", "award", "").replacen("project/P1", sub, 1);
        trial.refused(&format!("a {kind} about {sub}"), |forge| {
            forge.record(sub, &sign(ROOT, kind, &claims), None, &[]);
        });
    }
    trial.end();
}
