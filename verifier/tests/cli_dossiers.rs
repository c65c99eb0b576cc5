//! Dossiers, absence proofs and receipts forged with the ledger's own keys or bent by whoever carries them.
#![allow(clippy::too_many_lines, clippy::items_after_statements)] // tables of attacks
#![allow(missing_docs, clippy::unwrap_used)]

mod forge;
mod program;
mod schema;

use forge::{
    Forge, LOG, ORIGIN, PUBLISHER, PUBLISHER_KEY, ROOT, SUPERVISOR, SUPERVISOR_KEY, common, cosign, disclose, log_key,
    notice, sign, witness,
};
use program::{run_with_input, text};
use serde_json::{Value, json};
use verifier::log::hash::Hash;

const PROJECT: &str = "project/P1";

/// The subjects that a dossier of the project shows.
fn called() -> [String; 5] {
    let authority = format!("authority/{PUBLISHER}");
    [PROJECT.to_owned(), "ledger".to_owned(), authority, "rulebook/cn".to_owned(), "calendar/cn".to_owned()]
}

/// A ledger whose project has an announcement (entry 4, with a text), a change (6) and an award (7); seals are 3, 5 and 8.
fn ledger(dir: &std::path::Path) -> Forge {
    let mut forge = Forge::new(dir);
    let (words, digest) = disclose("text", "\"words\"");
    forge.publish("P1", "n1", "announcement", &format!(r#","_sd":["{digest}"]"#), &[&words]);
    forge.seal();
    forge.publish("P1", "n2", "change", "", &[]);
    forge.publish("P1", "n3", "award", "", &[]);
    forge.seal();
    forge.write(
        "witnessed.txt",
        format!(
            "log {}\nwitness a {}\nwitness b {}\ngroup replay all a b\nquorum none\n",
            log_key(LOG),
            witness(61),
            witness(62)
        )
        .as_bytes(),
    );
    forge
}

fn honest(forge: &mut Forge) -> Value {
    forge.dossier_json(&called().each_ref().map(String::as_str))
}

/// Verifies under the policy of that name: exit code and output.
fn verify(dir: &std::path::Path, command: &str, policy: &str, text_of: &str) -> (i32, Value) {
    let policy = dir.join(policy);
    let ran = run_with_input(&[command, "-", "--policy", text(&policy), "--json"], text_of.as_bytes());
    (ran.code, ran.json(command))
}

struct Trial {
    dir: tempfile::TempDir,
    forge: Forge,
    dossier: Value,
    wrong: Vec<String>,
}

impl Trial {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut forge = ledger(dir.path());
        let dossier = honest(&mut forge);
        Self { dir, forge, dossier, wrong: Vec::new() }
    }
    fn expect_text(&mut self, code: i32, what: &str, command: &str, text: &str) {
        let (found, json) = verify(self.dir.path(), command, "policy.txt", text);
        if found != code {
            self.wrong.push(format!("{what}: expected {code}, found {found} {json}"));
        }
    }
    fn expect(&mut self, code: i32, what: &str, change: impl FnOnce(&mut Value)) {
        let mut dossier = self.dossier.clone();
        change(&mut dossier);
        self.expect_text(code, what, "dossier", &dossier.to_string());
    }
    fn refused(&mut self, what: &str, change: impl FnOnce(&mut Value)) {
        self.expect(1, what, change);
    }
    #[track_caller]
    fn end(self) {
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}

fn without(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name).unwrap();
}

#[test]
fn a_dossier_is_whole_or_refused() {
    let mut trial = Trial::new();
    trial.expect(3, "honest", |_| ());
    trial.expect(3, "subjects in another order", |d| array(&mut d["subjects"])[1..].reverse());
    let elsewhere = trial.forge.part("calendar/hk");
    let pretty = serde_json::to_string_pretty(&trial.dossier).unwrap();
    trial.expect_text(3, "white space", "dossier", &pretty);
    trial.expect(3, "an absence proof of what is there", |d| {
        array(&mut d["subjects"]).truncate(1);
        without(&mut d["subjects"][0], "entries");
    });
    trial.expect(3, "an absence proof with its neighbours", |d| without(&mut d["subjects"][0], "entries"));
    trial.expect(3, "an absence proof without its issuers", |d| {
        without(&mut d["subjects"][0], "entries");
        array(&mut d["subjects"]).remove(2);
    });
    trial.refused("an absence proof with a neighbour that nothing calls for", |d| {
        without(&mut d["subjects"][0], "entries");
        array(&mut d["subjects"]).push(elsewhere);
    });
    trial.refused("an absence proof with half its neighbours", |d| {
        without(&mut d["subjects"][0], "entries");
        array(&mut d["subjects"]).truncate(2);
    });
    for (what, change) in [
        ("no subject", (|d: &mut Value| array(&mut d["subjects"]).clear()) as fn(&mut Value)),
        ("the subject is another", |d| d["subject"] = "project/P2".into()),
        ("the subject is not first", |d| array(&mut d["subjects"]).swap(0, 1)),
        ("the project alone", |d| array(&mut d["subjects"]).truncate(1)),
        ("no ledger", |d| drop(array(&mut d["subjects"]).remove(1))),
        ("no authority", |d| drop(array(&mut d["subjects"]).remove(2))),
        ("no rulebook", |d| drop(array(&mut d["subjects"]).remove(3))),
        ("no calendar", |d| drop(array(&mut d["subjects"]).remove(4))),
        ("the ledger's entries left out", |d| without(&mut d["subjects"][1], "entries")),
        ("the first notice left out", |d| drop(array(&mut d["subjects"][0]["entries"]).remove(0))),
        ("the middle notice left out", |d| drop(array(&mut d["subjects"][0]["entries"]).remove(1))),
        ("the last notice left out", |d| drop(array(&mut d["subjects"][0]["entries"]).remove(2))),
        ("all notices left out", |d| array(&mut d["subjects"][0]["entries"]).clear()),
        ("a notice twice", |d| {
            let again = d["subjects"][0]["entries"][2].clone();
            array(&mut d["subjects"][0]["entries"]).push(again);
        }),
        ("notices in another order", |d| array(&mut d["subjects"][0]["entries"]).swap(0, 1)),
        ("a notice of another subject", |d| {
            let other = d["subjects"][2]["entries"][0].clone();
            array(&mut d["subjects"][0]["entries"]).insert(0, other);
        }),
        ("the seal as an entry", |d| {
            let seal = json!({ "entry": d["head"]["seal"], "disclosures": [], "inclusion": d["head"]["seal_proof"] });
            array(&mut d["subjects"][0]["entries"]).push(seal);
        }),
        ("the count lowered", |d| d["subjects"][0]["count"] = 2.into()),
        ("the count zero", |d| d["subjects"][0]["count"] = 0.into()),
        ("the count zero, all else gone", |d| {
            d["subjects"][0] = json!({ "id": PROJECT, "count": 0, "map_proof": d["subjects"][0]["map_proof"] });
        }),
        ("a count that is no integer", |d| d["subjects"][0]["count"] = 3.5.into()),
        ("a count in words", |d| d["subjects"][0]["count"] = "3".into()),
        ("a negative count", |d| d["subjects"][0]["count"] = (-1).into()),
        ("the tally without a stage", |d| without(&mut d["subjects"][0]["tally"], "award")),
        ("the tally with a stage more", |d| d["subjects"][0]["tally"]["contract"] = 1.into()),
        ("the tally with zero", |d| d["subjects"][0]["tally"]["contract"] = 0.into()),
        ("the tally with an unknown stage", |d| d["subjects"][0]["tally"]["Award"] = 1.into()),
        ("no tally", |d| without(&mut d["subjects"][0], "tally")),
        ("no head of the subject", |d| without(&mut d["subjects"][0], "head")),
        ("a head of zero", |d| d["subjects"][0]["head"] = Hash::ZERO.to_string().into()),
        ("no map proof", |d| without(&mut d["subjects"][0], "map_proof")),
        ("a text withheld", |d| array(&mut d["subjects"][0]["entries"][0]["disclosures"]).clear()),
        ("a text twice", |d| {
            let again = d["subjects"][0]["entries"][0]["disclosures"][0].clone();
            array(&mut d["subjects"][0]["entries"][0]["disclosures"]).push(again);
        }),
        ("a text beside another notice", |d| {
            let words = d["subjects"][0]["entries"][0]["disclosures"].clone();
            d["subjects"][0]["entries"][1]["disclosures"] = words;
        }),
        ("no disclosures member", |d| without(&mut d["subjects"][0]["entries"][1], "disclosures")),
        ("disclosures beside the genesis", |d| {
            let words = d["subjects"][0]["entries"][0]["disclosures"].clone();
            d["subjects"][1]["entries"][0]["disclosures"] = words;
        }),
        ("an inclusion proof too short", |d| drop(array(&mut d["subjects"][0]["entries"][0]["inclusion"]).pop())),
        ("an inclusion proof too long", |d| {
            array(&mut d["subjects"][0]["entries"][0]["inclusion"]).push(Hash::ZERO.to_string().into());
        }),
        ("no seal proof", |d| array(&mut d["head"]["seal_proof"]).clear()),
        ("another entry as the seal", |d| d["head"]["seal"] = d["subjects"][0]["entries"][2]["entry"].clone()),
        ("no seal", |d| without(&mut d["head"], "seal")),
        ("the format of another version", |d| d["format"] = "mingzhang-dossier/v2".into()),
        ("an unknown member", |d| d["note"] = 1.into()),
        ("an unknown member in the head", |d| d["head"]["time"] = 1.into()),
        ("an unknown member in a subject", |d| d["subjects"][0]["name"] = "x".into()),
        ("an unknown member in an entry", |d| d["subjects"][0]["entries"][0]["index"] = 4.into()),
        ("an unknown member in an absent subject", |d| d["subjects"][3]["tally"] = json!({})),
        ("entries of an absent subject", |d| d["subjects"][3]["entries"] = json!([])),
        ("entries that are null", |d| d["subjects"][0]["entries"] = Value::Null),
        ("an absent subject with the proof of another", |d| {
            d["subjects"][3]["map_proof"] = d["subjects"][4]["map_proof"].clone();
        }),
        ("the rulebook of elsewhere", |d| d["subjects"][3]["id"] = "rulebook/hk".into()),
        ("the log's signature gone", |d| {
            let note = d["head"]["checkpoint"].as_str().unwrap();
            d["head"]["checkpoint"] = note[..note.find("\n\n").unwrap() + 2].into();
        }),
    ] {
        trial.refused(what, change);
    }
    for (what, from, to) in [
        ("a member twice", "\"count\":3", "\"count\":2,\"count\":3"),
        ("a count with a fraction", "\"count\":3", "\"count\":3.0"),
        ("a count with an exponent", "\"count\":3", "\"count\":3e0"),
        ("a lone surrogate", "\"format\"", "\"\\ud800\":1,\"format\""),
        ("a byte order mark", "{\"", "\u{feff}{\""),
        ("cut off", "}]}", "}]"),
    ] {
        let text = trial.dossier.to_string();
        assert!(text.contains(from), "{from}");
        trial.expect_text(1, what, "dossier", &text.replacen(from, to, 1));
    }
    let text = trial.dossier.to_string();
    trial.expect_text(1, "something behind it", "dossier", &(text.clone() + "{}"));
    trial.expect_text(3, "a newline behind it", "dossier", &(text + "\n"));
    trial.expect_text(1, "nested too deep", "dossier", &("[".repeat(100_000) + &"]".repeat(100_000)));
    trial.expect_text(1, "nothing", "dossier", "");
    trial.end();
}

#[test]
fn the_map_shows_what_is_absent_and_nothing_else() {
    let mut trial = Trial::new();
    let absent = |trial: &mut Trial, subject: &str| trial.forge.dossier_json(&[subject]);
    for subject in
        ["project/P2", "project/P3", "project/武政出[2025]1号", "rulebook/cn", "calendar/hk", "authority/nobody"]
    {
        trial.dossier = absent(&mut trial, subject);
        trial.expect(3, subject, |_| ());
    }
    for subject in ["project/p2", "project/P 2", "project/", "project/（2）", "authority/root", "rulebook/CN", "P2", ""]
    {
        trial.dossier = absent(&mut trial, subject);
        trial.refused(subject, |_| ());
    }
    // One absence that ends at another subject, one that ends in nothing.
    let of = |trial: &mut Trial, other: bool| {
        (0..200)
            .map(|n| format!("project/A{n}"))
            .map(|subject| absent(trial, &subject))
            .find(|d| d["subjects"][0]["map_proof"].get("other_key").is_some() == other)
    };
    let member = trial.forge.part(PROJECT)["map_proof"].clone();
    for beside in [true, false] {
        let Some(dossier) = of(&mut trial, beside) else { continue };
        trial.dossier = dossier;
        trial.expect(3, "absent", |_| ());
        fn proof(d: &mut Value) -> &mut Value {
            &mut d["subjects"][0]["map_proof"]
        }
        trial.refused("a sibling less", |d| drop(array(&mut proof(d)["siblings"]).pop()));
        trial.refused("the deepest sibling gone", |d| drop(array(&mut proof(d)["siblings"]).remove(0)));
        trial.refused("a sibling more", |d| array(&mut proof(d)["siblings"]).insert(0, Hash::ZERO.to_string().into()));
        trial.refused("257 siblings", |d| proof(d)["siblings"] = vec![Hash::ZERO.to_string(); 257].into());
        trial.refused("256 siblings", |d| proof(d)["siblings"] = vec![Hash::ZERO.to_string(); 256].into());
        trial.refused("siblings the other way round", |d| array(&mut proof(d)["siblings"]).reverse());
        trial.refused("a sibling that is no hash", |d| proof(d)["siblings"][0] = "x".into());
        trial.refused("an unknown member", |d| proof(d)["index"] = 1.into());
        trial.refused("only half of the other", |d| {
            proof(d)["other_key"] = Hash::ZERO.to_string().into();
            proof(d).as_object_mut().unwrap().remove("other_value");
        });
        trial.refused("another's membership", |d| *proof(d) = member.clone());
        trial.refused("the other is itself", |d| {
            let subject = d["subject"].as_str().unwrap().to_owned();
            proof(d)["other_key"] = verifier::record::subject_map::map_key(&subject).to_string().into();
            proof(d)["other_value"] = Hash::ZERO.to_string().into();
        });
    }
    // The project's own leaf shown as "another subject", and its membership shown as an absence.
    let state = trial.forge.part(PROJECT);
    let mut own = state["map_proof"].clone();
    own["other_key"] = verifier::record::subject_map::map_key(PROJECT).to_string().into();
    own["other_value"] = Hash::ZERO.to_string().into();
    trial.dossier = trial.forge.dossier_json(&[PROJECT]);
    trial.refused("absent by its own key", |d| {
        d["subjects"][0] = json!({ "id": PROJECT, "count": 0, "map_proof": own });
    });
    trial.refused("a member with another beside it", |d| {
        without(&mut d["subjects"][0], "entries");
        d["subjects"][0]["map_proof"]["other_key"] = Hash::ZERO.to_string().into();
        d["subjects"][0]["map_proof"]["other_value"] = Hash::ZERO.to_string().into();
    });
    trial.end();
}

#[test]
fn checkpoints_that_bound_a_time_are_of_this_ledger() {
    let mut trial = Trial::new();
    let note = |size: usize| cosign(&cosign(&trial.forge.note_at(size), 61, 1_764_547_300), 62, 1_764_547_400);
    let bound = |index: usize, size: usize| json!({ "checkpoint": note(size), "inclusion": trial.forge.inclusion_texts(index, size) });
    let set = |d: &mut Value, entry: usize, member: &str, to: Value| d["subjects"][0]["entries"][entry][member] = to;
    let mut cases: Vec<(i32, &str, usize, &str, Value)> = vec![
        (3, "recorded by the next seal", 0, "recorded_by", bound(4, 6)),
        (3, "recorded by the head", 0, "recorded_by", bound(4, 9)),
        (3, "not before", 0, "not_before", note(4).into()),
        (3, "not before, of the last", 2, "not_before", note(6).into()),
        (1, "recorded by a checkpoint that ends in a notice", 0, "recorded_by", bound(4, 5)),
        (1, "recorded by a checkpoint that ends in another notice", 1, "recorded_by", bound(6, 8)),
        (1, "not before, ending in a notice", 2, "not_before", note(7).into()),
        (1, "not before covers the entry", 0, "not_before", note(6).into()),
        (1, "not before is the head", 0, "not_before", note(9).into()),
        (1, "not before is no note", 0, "not_before", "x".into()),
        (1, "not before is null", 0, "not_before", Value::Null),
        (1, "recorded by with another's inclusion", 1, "recorded_by", bound(4, 9)),
        (
            1,
            "recorded by does not cover",
            1,
            "recorded_by",
            json!({ "checkpoint": note(6), "inclusion": trial.forge.inclusion_texts(4, 6) }),
        ),
        (1, "recorded by without inclusion", 0, "recorded_by", json!({ "checkpoint": note(6) })),
        (
            1,
            "recorded by with more",
            0,
            "recorded_by",
            json!({ "checkpoint": note(6), "inclusion": trial.forge.inclusion_texts(4, 6), "time": 1 }),
        ),
        (1, "recorded by a note alone", 0, "recorded_by", note(6).into()),
        (1, "of another origin", 0, "not_before", note(4).replace(ORIGIN, "ledger.example/another").into()),
        (1, "with an extension line", 0, "not_before", note(4).replacen("\n\n", "\nextension\n\n", 1).into()),
        (3, "without cosignatures", 0, "not_before", trial.forge.note_at(4).into()),
        (3, "without the log's signature", 0, "not_before", {
            let note = note(4);
            let start = note.find("— ledger").unwrap();
            let end = start + note[start..].find('\n').unwrap() + 1;
            format!("{}{}", &note[..start], &note[end..]).into()
        }),
    ];
    let another_root = cosign(&forge::signed_note(LOG, 4, Hash::ZERO), 61, 1_764_547_300);
    cases.push((3, "of another root, which nobody can tell", 0, "not_before", another_root.clone().into()));
    for (code, what, entry, member, to) in cases {
        trial.expect(code, what, |d| set(d, entry, member, to));
    }
    let first = note_of(&trial, 4);
    trial.refused("two roots of one size", |d| {
        set(d, 0, "not_before", first.into());
        set(d, 1, "not_before", another_root.into());
    });
    let ahead = Value::from(forge::signed_note(LOG, 20, Hash::ZERO));
    let inclusion = trial.forge.inclusion_texts(4, 9);
    trial.refused("recorded after the head", |d| {
        set(d, 0, "recorded_by", json!({ "checkpoint": ahead, "inclusion": inclusion }));
    });
    trial.end();
}

fn note_of(trial: &Trial, size: usize) -> String {
    cosign(&trial.forge.note_at(size), 61, 1_764_547_300)
}

#[test]
fn times_are_those_of_the_replay_group() {
    let mut trial = Trial::new();
    let dir = trial.dir.path().to_owned();
    let check = |dossier: &Value| verify(&dir, "dossier", "witnessed.txt", &dossier.to_string());
    let note = |forge: &Forge, size: usize, times: &[(u8, u64)]| {
        times.iter().fold(forge.note_at(size), |note, &(seed, time)| cosign(&note, seed, time))
    };
    let (t, zero) = (1_764_547_300, 0);
    for (what, times, late, early) in [
        ("both", vec![(61, t), (62, t + 9)], json!(t + 9), json!(t)),
        ("one twice", vec![(61, t), (61, t + 5), (62, t + 3)], json!(t + 3), json!(t + 3)),
        ("one alone", vec![(61, t)], Value::Null, Value::Null),
        ("zero does not count", vec![(61, zero), (62, t)], Value::Null, Value::Null),
        ("zero beside a time", vec![(61, zero), (61, t), (62, t)], json!(t), json!(t)),
        ("a stranger", vec![(61, t), (99, t)], Value::Null, Value::Null),
        ("the end of time", vec![(61, u64::MAX >> 1), (62, u64::MAX >> 1)], json!(u64::MAX >> 1), json!(u64::MAX >> 1)),
    ] {
        let mut dossier = trial.dossier.clone();
        let inclusion = trial.forge.inclusion_texts(4, 6);
        dossier["subjects"][0]["entries"][0]["recorded_by"] =
            json!({ "checkpoint": note(&trial.forge, 6, &times), "inclusion": inclusion });
        dossier["subjects"][0]["entries"][0]["not_before"] = note(&trial.forge, 4, &times).into();
        dossier["head"]["checkpoint"] = note(&trial.forge, 9, &times).into();
        let (code, json) = check(&dossier);
        let expected = if late.is_null() { "ledger-word" } else { "replay-group" };
        let entry = &json["entries"][0];
        let found = (code, &json["wholeness"], &entry["public_by"], &entry["public_after"]);
        if !(code == 0 || code == 3) || found.1 != expected || *found.2 != late || *found.3 != early {
            trial.wrong.push(format!("{what}: {found:?}"));
        }
    }
    let forged = note(&trial.forge, 9, &[(61, t), (62, t)]);
    let forged_line = note(&trial.forge, 6, &[(62, t)]);
    let line = forged_line.lines().last().unwrap();
    let kept: Vec<&str> = forged.lines().filter(|kept| !kept.contains("w62")).collect();
    let mut dossier = trial.dossier.clone();
    dossier["head"]["checkpoint"] = format!("{}\n{line}\n", kept.join("\n")).into();
    assert_eq!(check(&dossier).0, 1, "a cosignature of another checkpoint");
    trial.end();
}

#[test]
fn a_seal_is_not_older_than_what_it_seals() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.publish("P1", "n1", "award", "", &[]);
    forge.time -= 60_000;
    forge.seal();
    let dossier = honest(&mut forge);
    assert_eq!(verify(dir.path(), "dossier", "policy.txt", &dossier.to_string()).1["error"]["rule"], "order");
    let dir = tempfile::tempdir().unwrap();
    let mut forge = Forge::new(dir.path());
    forge.publish("P1", "n1", "award", "", &[]);
    let prev = forge.leaves.last().unwrap().to_string();
    let seal = forge.seal_entry().replace(&prev, &Hash::ZERO.to_string());
    forge.push(None, &seal, None, &[]);
    let dossier = honest(&mut forge);
    assert_eq!(verify(dir.path(), "dossier", "policy.txt", &dossier.to_string()).1["error"]["rule"], "order");
}

#[test]
fn a_receipt_is_of_an_entry_that_can_stand_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut forge = ledger(dir.path());
    let mut wrong = Vec::new();
    let mut expect = |code: i32, what: &str, receipt: &str| {
        let found = verify(dir.path(), "receipt", "policy.txt", receipt);
        if found.0 != code {
            wrong.push(format!("{what}: expected {code}, found {found:?}"));
        }
    };
    for index in 0..9 {
        expect(0, &format!("entry {index}"), &forge.receipt(index));
    }
    let receipt = forge.receipt(4);
    for (what, from, to) in [
        ("another version", "proof@v1", "proof@v2"),
        ("no header", "c2sp.org/tlog-proof@v1\n", ""),
        ("another index", "index 4", "index 5"),
        ("a sign", "index 4", "index +4"),
        ("beyond the head", "index 4", "index 400"),
        ("beyond all numbers", "index 4", "index 99999999999999999999"),
        ("index twice", "index 4\n", "index 4\nindex 4\n"),
        ("a space behind", "index 4", "index 4 "),
        ("CRLF", "\n", "\r\n"),
        ("extra empty", "extra ", "extra  "),
        ("something behind", "\u{0}", ""),
    ] {
        let bent = if from == "\u{0}" { receipt.clone() + "\n" } else { receipt.replacen(from, to, 1) };
        expect(1, what, &bent);
    }
    let (index, entry) = (4, forge.entries[4].clone());
    for (what, extra) in [
        ("no disclosures member", json!({ "entry": entry })),
        ("no entry", json!({ "disclosures": [] })),
        ("more", json!({ "entry": entry, "disclosures": [], "time": 1 })),
        ("another entry", json!({ "entry": forge.entries[6].clone(), "disclosures": [] })),
        ("no object", json!([entry])),
        ("a foreign disclosure", json!({ "entry": entry, "disclosures": [disclose("text", "1").0] })),
        (
            "a disclosure twice",
            json!({ "entry": entry, "disclosures": [disclose("text", "\"words\"").0, disclose("text", "\"words\"").0] }),
        ),
        ("null", json!({ "entry": entry, "disclosures": null })),
    ] {
        expect(1, what, &forge.receipt_of(index, 9, &extra));
    }
    expect(
        0,
        "erased, for all a receipt knows",
        &forge.receipt_of(4, 9, &json!({ "entry": entry, "disclosures": [] })),
    );
    let last = forge.entries[7].clone();
    expect(1, "the last of a head, and no seal", &forge.receipt_of(7, 8, &json!({ "entry": last, "disclosures": [] })));
    let mut forged = |what: &str, code: i32, subject: &str, jwt: &str, change: fn(String) -> String, shown: &[&str]| {
        let entry = change(forge.entry(subject, jwt));
        let index = forge.push(Some(subject), &entry, None, shown);
        forge.seal();
        expect(code, what, &forge.receipt(index));
    };
    let same = |entry: String| entry;
    let jwt = sign(PUBLISHER_KEY, "notice", &notice("P9", "m", "award", ""));
    forged("honest", 0, "project/P9", &jwt, same, &[]);
    forged(
        "no longer seq 0, but nothing before it",
        1,
        "project/P8",
        &sign(PUBLISHER_KEY, "notice", &notice("P8", "m", "award", "")),
        |entry| entry.replace("\"seq\":0", "\"seq\":1"),
        &[],
    );
    forged("of another subject", 1, "project/P7", &jwt, same, &[]);
    let rulebook = |iss: &str| {
        let (_, digest) = disclose("rules", "[]");
        let common = common(iss, "rb", "rulebook/cn");
        format!(
            r#"{{{common},"seq":0,"jurisdiction":"cn","version":"1","effective_from":"2026-01-01","_sd":["{digest}"]}}"#
        )
    };
    let rules = disclose("rules", "[]").0;
    forged("a rulebook", 0, "rulebook/cn", &sign(ROOT, "rulebook", &rulebook("root")), same, &[&rules]);
    forged("a rulebook of another seq", 1, "rulebook/cn", &sign(ROOT, "rulebook", &rulebook("root")), same, &[&rules]);
    let elsewhere = |iss: &str| {
        rulebook(iss).replace("rulebook/cn", "rulebook/hk").replace(r#""jurisdiction":"cn""#, r#""jurisdiction":"hk""#)
    };
    forged("a rulebook without rules", 1, "rulebook/hk", &sign(ROOT, "rulebook", &elsewhere("root")), same, &[]);
    let elsewhere = elsewhere(PUBLISHER).replace("hk", "mo");
    forged(
        "a rulebook by a publisher",
        1,
        "rulebook/mo",
        &sign(PUBLISHER_KEY, "rulebook", &elsewhere),
        same,
        &[&rules],
    );
    let (price, digest) = disclose("reserve_price", "{}");
    let (words, words_digest) = disclose("text", "\"x\"");
    let about = |kind: &str, iss: &str, target: u64, digest: &str| {
        let common = common(iss, "r", PROJECT);
        let why = if kind == "erasure" { r#","ground":"g","reason":"r""# } else { "" };
        format!(r#"{{{common},"target":{target},"digests":["{digest}"]{why}}}"#)
    };
    forged(
        "a reveal",
        0,
        PROJECT,
        &sign(PUBLISHER_KEY, "reveal", &about("reveal", PUBLISHER, 4, &digest)),
        same,
        &[&price],
    );
    forged(
        "a reveal of a text",
        1,
        PROJECT,
        &sign(PUBLISHER_KEY, "reveal", &about("reveal", PUBLISHER, 4, &words_digest)),
        same,
        &[&words],
    );
    forged(
        "a reveal of the future",
        1,
        PROJECT,
        &sign(PUBLISHER_KEY, "reveal", &about("reveal", PUBLISHER, 400, &digest)),
        same,
        &[&price],
    );
    forged(
        "an erasure",
        0,
        PROJECT,
        &sign(SUPERVISOR_KEY, "erasure", &about("erasure", SUPERVISOR, 4, &words_digest)),
        same,
        &[],
    );
    forged(
        "an erasure that shows",
        1,
        PROJECT,
        &sign(SUPERVISOR_KEY, "erasure", &about("erasure", SUPERVISOR, 4, &words_digest)),
        same,
        &[&words],
    );
    forged(
        "a notice by the root",
        1,
        "project/P6",
        &sign(ROOT, "notice", &notice("P6", "m", "award", "").replace(PUBLISHER, "root")),
        same,
        &[],
    );
    let genesis = forge.entries[0].clone().replace("\"index\":0", &format!("\"index\":{}", forge.size()));
    let index = forge.push(Some("ledger"), &genesis, None, &[]);
    forge.seal();
    expect(1, "a second genesis", &forge.receipt(index));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
