//! The program on the ledger vectors, written by an independent implementation: exit codes, texts, JSON.
#![allow(missing_docs, clippy::unwrap_used)]

mod program;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use program::{copy, files, run, run_with_input, text, vectors};
use serde_json::{Value, json};
use verifier::record::code::Stage;
use verifier::record::subject::ProjectId;
use verifier::record::subject_map::map_key;

const POLICIES: [&str; 2] = ["policy.txt", "policy-witnessed.txt"];

/// The bad trees that hold evidence, and its kind.
const EVIDENT: [(&str, &str); 5] = [
    ("dropped-from-map", "omission"),
    ("forked-old-checkpoint", "fork"),
    ("old-checkpoint-without-a-seal", "no-seal"),
    ("seq-repeated", "seq-twice"),
    ("subject-forked", "seq-twice"),
];

fn expected(vectors: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(vectors.join("good/expected.json")).unwrap()).unwrap()
}

#[test]
fn the_good_tree_is_accepted_under_both_policies_and_is_as_expected() {
    let Some(vectors) = vectors() else { return };
    let (good, expected) = (vectors.join("good"), expected(&vectors));
    for policy in POLICIES {
        let ran =
            run(&["audit", text(&good.join("tree")), "--policy", text(&good.join(policy)), "--json", "--lang", "zh"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let json = ran.json("audit");
        assert_eq!(json["head"]["root"], expected["root"]);
        assert_eq!(json["entries"], expected["size"]);
        assert_eq!(json["subjects"], expected["subjects"]);
        assert_eq!(json["checkpoints"], expected["sizes"].as_array().unwrap().len());
    }
}

#[test]
fn every_bad_tree_is_rejected() {
    let Some(vectors) = vectors() else { return };
    let temporary = tempfile::tempdir().unwrap();
    for tree in files(&vectors.join("bad-trees")) {
        let evidence = temporary.path().join("evidence.json");
        let (source, policy) = (tree.join("tree"), tree.join("policy.txt"));
        let args = ["audit", text(&source), "--policy", text(&policy), "--json", "--evidence", text(&evidence)];
        let ran = run(&args);
        assert_eq!(ran.code, 1, "{}: {ran:?}", tree.display());
        let json = ran.json("audit");
        let forked = tree.ends_with("forked-old-checkpoint");
        assert_eq!(json["error"]["rule"] == "fork", forked, "{json}");
        // What others can check is written down, and convinces them.
        let name = tree.file_name().unwrap().to_str().unwrap();
        let evident = EVIDENT.iter().find(|(tree, _)| *tree == name);
        assert_eq!(evidence.exists(), evident.is_some(), "{name}");
        if let Some((_, kind)) = evident {
            let json = run(&["evidence", text(&evidence), "--policy", text(&policy), "--json"]).json("evidence");
            assert_eq!((&json["exit_code"], &json["kind"]), (&json!(0), &json!(kind)), "{name}: {json}");
            fs::remove_file(&evidence).unwrap();
        }
    }
}

#[test]
fn every_bad_dossier_and_receipt_is_rejected() {
    let Some(vectors) = vectors() else { return };
    let policy = vectors.join("good/policy.txt");
    for (command, folder) in [("dossier", "bad-dossiers"), ("receipt", "bad-receipts")] {
        for file in files(&vectors.join(folder)) {
            let ran = run(&[command, text(&file), "--policy", text(&policy), "--json"]);
            assert_eq!(ran.code, 1, "{}: {ran:?}", file.display());
            ran.json(command);
            let zh = run(&[command, text(&file), "--policy", text(&policy), "--lang", "zh"]);
            assert_eq!(zh.code, 1);
            assert!(zh.out.starts_with("结论：不予认可"), "{}", zh.out);
        }
    }
}

#[test]
fn good_dossiers_are_intact_and_say_what_is_missing() {
    let Some(vectors) = vectors() else { return };
    let (good, expected) = (vectors.join("good"), expected(&vectors));
    for name in ["project", "absent-project", "no-performance-yet"] {
        for policy in POLICIES {
            let file = good.join(format!("{name}.dossier.json"));
            let path = good.join(policy);
            let args = ["dossier", text(&file), "--policy", text(&path), "--json"];
            let json = run(&args).json("dossier");
            let reasons = if policy == "policy.txt" { json!(["stale", "ledger-word-only"]) } else { json!(["stale"]) };
            assert_eq!((&json["exit_code"], &json["reasons"]), (&json!(3), &reasons));
            // A head that is young enough leaves only what the policy asks for.
            let json = run(&[&args[..], &["--max-age", "5000w"]].concat()).json("dossier");
            let code = if policy == "policy.txt" { 3 } else { 0 };
            assert_eq!(json["exit_code"], code);
            let json = run(&[&args[..], &["--max-age", "1d"]].concat()).json("dossier");
            assert_eq!((&json["exit_code"], &json["error"]["rule"]), (&json!(1), &json!("stale")));
            if name == "project" {
                assert_eq!(json["count"], expected["project_count"]);
                assert_eq!(json["tally"], expected["project_tally"]);
            }
            if name == "absent-project" {
                assert_eq!((&json["count"], &json["kind"]), (&json!(0), &json!("absence")));
            }
        }
    }
}

#[test]
fn times_seals_and_erasures_are_as_expected() {
    let Some(vectors) = vectors() else { return };
    let (good, expected) = (vectors.join("good"), expected(&vectors));
    let policy = good.join("policy-witnessed.txt");
    let file = good.join("project.dossier.json");
    let json = run(&["dossier", text(&file), "--policy", text(&policy), "--json"]).json("dossier");
    let entry = json["entries"].as_array().unwrap().iter().find(|entry| entry["index"] == 7).unwrap();
    assert_eq!(entry["public_after"], expected["n-1"]["public_after"]);
    assert_eq!(entry["public_by"], expected["n-1"]["public_by"]);
    assert_eq!(entry["time_grade"], "witnessed");
    let statuses: Vec<_> =
        entry["disclosures"].as_array().unwrap().iter().map(|shown| (&shown["name"], &shown["status"])).collect();
    assert!(statuses.contains(&(&json!("contact"), &json!("erased"))), "{statuses:?}");
    assert!(statuses.contains(&(&json!("reserve_price"), &json!("revealed"))), "{statuses:?}");
    assert!(statuses.contains(&(&json!("text"), &json!("shown"))), "{statuses:?}");
}

#[test]
fn the_map_and_the_ids_are_as_expected() {
    let Some(vectors) = vectors() else { return };
    let expected = expected(&vectors);
    let hex = |hash: verifier::log::hash::Hash| hash.0.map(|b| format!("{b:02x}")).concat();
    let text = fs::read_to_string(vectors.join("good/project.dossier.json")).unwrap();
    let file = verifier::dossier::DossierFile::parse(&text).unwrap();
    let first = &file.subjects[0];
    assert_eq!(hex(map_key(&first.subject.to_string())), expected["project_key"]);
    assert_eq!(hex(first.state.value()), expected["project_value"]);
    assert_eq!(first.state.tally.of(Stage::Award), 1);
    let seal = verifier::record::entry::Entry::parse(&file.head.seal).unwrap().seal().unwrap();
    assert_eq!(seal.map_root.to_string(), expected["map_root"]);
    assert_eq!(seal.subjects, expected["subjects"]);
    for (typed, id) in expected["normalised"].as_object().unwrap() {
        assert_eq!(ProjectId::normalise(typed).unwrap().as_str(), id);
    }
    for refused in expected["refused_ids"].as_array().unwrap() {
        let typed = refused.as_str().unwrap().split(" (").next().unwrap();
        assert!(ProjectId::normalise(typed).is_err(), "{typed}");
    }
}

#[test]
fn a_project_typed_by_a_person_is_normalised_and_compared() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let (file, policy) = (good.join("project.dossier.json"), good.join("policy.txt"));
    let asked = |project: &str| {
        run(&["dossier", text(&file), "--policy", text(&policy), "--project", project, "--json"]).json("dossier")
    };
    assert_eq!(asked("武政出〔2025〕1号（网）")["exit_code"], 3);
    assert_eq!(asked("武政出〔2025〕2号（网）")["error"]["rule"], "other-project");
    assert_eq!(asked("武政出〔2025〕2号（网）")["exit_code"], 1);
    assert_eq!(asked("😀")["exit_code"], 2);
}

#[test]
fn a_receipt_is_accepted_and_the_quorum_is_said() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    for (policy, code) in [("policy.txt", 0), ("policy-witnessed.txt", 3)] {
        let ran = run(&["receipt", text(&good.join("n-1.tlog-proof")), "--policy", text(&good.join(policy)), "--json"]);
        let json = ran.json("receipt");
        assert_eq!((ran.code, &json["index"], &json["quorum_met"]), (code, &json!(7), &json!(code == 0)));
    }
}

#[test]
fn standard_input_is_read() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let receipt = fs::read(good.join("n-1.tlog-proof")).unwrap();
    assert_eq!(run_with_input(&["receipt", "-", "--policy", text(&good.join("policy.txt"))], &receipt).code, 0);
    assert_eq!(run_with_input(&["receipt", "-", "--policy", text(&good.join("policy.txt"))], &receipt[1..]).code, 1);
}

#[test]
fn what_cannot_be_checked_exits_2() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let (receipt, tree, policy) = (good.join("n-1.tlog-proof"), good.join("tree"), good.join("policy.txt"));
    let (receipt, tree, policy) = (text(&receipt), text(&tree), text(&policy));
    let temporary = tempfile::tempdir().unwrap();
    let broken = temporary.path().join("broken");
    fs::write(&broken, "nonsense\n").unwrap();
    let cases: &[&[&str]] = &[
        &["receipt", "/nowhere", "--policy", policy],
        &["receipt", receipt, "--policy", "/nowhere"],
        &["receipt", receipt, "--policy", text(&broken)],
        &["receipt", receipt],
        &["dossier", "/nowhere", "--policy", policy],
        &["dossier", receipt, "--policy", policy, "--max-age", "soon"],
        &["dossier", receipt, "--policy", policy, "--audited", "/nowhere"],
        &["dossier", receipt, "--policy", policy, "--audited", text(&broken)],
        &["audit", "/nowhere", "--policy", policy],
        &["audit", "http://127.0.0.1:9/", "--policy", policy],
        &["audit", tree, "--policy", policy, "--state", text(&broken)],
        &["audit", tree, "--policy", policy, "--lang", "fr"],
        &["unknown"],
        &[],
    ];
    for case in cases {
        let ran = run(case);
        assert_eq!(ran.code, 2, "{case:?}: {ran:?}");
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{case:?}: {ran:?}");
    }
    assert_eq!(run(&["--help"]).code, 0);
    assert_eq!(run(&["--version"]).code, 0);
    assert!(run(&["--help", "--lang", "zh"]).out.contains("重放整个账本"));
}

#[test]
fn a_newer_entry_is_neither_intact_nor_altered() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let text_of = fs::read_to_string(good.join("project.dossier.json")).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let newer = temporary.path().join("newer.json");
    fs::write(&newer, text_of.replacen(r#"\"v\":1"#, r#"\"v\":2"#, 2)).unwrap();
    let ran = run(&["dossier", text(&newer), "--policy", text(&good.join("policy.txt")), "--json"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(ran.json("dossier")["verdict"], "newer-format");
}

#[test]
fn the_text_of_a_dossier_is_what_a_person_should_read() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let (file, policy) = (good.join("project.dossier.json"), good.join("policy-witnessed.txt"));
    for (lang, shown) in [("zh", include_str!("texts/dossier.zh.txt")), ("en", include_str!("texts/dossier.en.txt"))] {
        let ran = run(&["dossier", text(&file), "--policy", text(&policy), "--max-age", "5000w", "--lang", lang]);
        assert_eq!(ran.out, shown, "{}", ran.out);
    }
    let stale = run(&["dossier", text(&file), "--policy", text(&policy), "--lang", "en"]);
    assert!(stale.out.starts_with("STALE: "), "stale is said first: {}", stale.out);
}

#[test]
fn every_file_of_the_tree_is_held_to_account() {
    let Some(vectors) = vectors() else { return };
    let good = vectors.join("good");
    let temporary = tempfile::tempdir().unwrap();
    // Under this policy the cosignatures count, too.
    let (policy, evidence) = (good.join("policy-witnessed.txt"), temporary.path().join("evidence.json"));
    let audit =
        |tree: &Path| run(&["audit", text(tree), "--policy", text(&policy), "--json", "--evidence", text(&evidence)]);
    let mut paths = Vec::new();
    collect(&good.join("tree"), Path::new(""), &mut paths);
    assert!(paths.len() > 8);
    for path in &paths {
        let whole = fs::read(good.join("tree").join(path)).unwrap();
        let middle = whole.len() / 2;
        let mut flipped = whole.clone();
        flipped[middle] ^= 1;
        let changes: [(&str, Option<Vec<u8>>); 6] = [
            ("removed", None),
            ("emptied", Some(Vec::new())),
            ("cut short", Some(whole[..whole.len() - 1].to_vec())),
            ("cut in the middle", Some(whole[..middle].to_vec())),
            ("lengthened", Some([&whole[..], &whole[..1]].concat())),
            ("altered", Some(flipped)),
        ];
        for (what, bytes) in changes {
            // Nobody owes the checkpoints of old sizes.
            if what == "removed" && path.starts_with("checkpoints") {
                continue;
            }
            let tree = temporary.path().join("tree");
            copy(&good.join("tree"), &tree);
            match bytes {
                Some(bytes) => fs::write(tree.join(path), bytes).unwrap(),
                None => fs::remove_file(tree.join(path)).unwrap(),
            }
            let ran = audit(&tree);
            assert_eq!(ran.code, 1, "{} {what}: {ran:?}", path.display());
            ran.json("audit");
            fs::remove_dir_all(&tree).unwrap();
        }
    }
}

fn collect(root: &Path, under: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root.join(under)).unwrap() {
        let entry = entry.unwrap();
        let path = under.join(entry.file_name());
        if entry.path().is_dir() {
            collect(root, &path, paths);
        } else {
            paths.push(path);
        }
    }
}
