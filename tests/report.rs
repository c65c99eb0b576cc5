//! The inspector's report over real data: every figure that a person can count by hand, from `report.json`.
#![allow(clippy::unwrap_used)]

mod program;
#[path = "../verifier/tests/schema/mod.rs"]
mod schema;

use std::fs;
use std::path::{Path, PathBuf};

use program::{import, lawful_ledger_with_centre, mingzhang, real_data, verify};
use serde_json::Value;

/// A ledger of one file of real notices, audited with a report: the report, and the directory it is in.
fn report_of(file: &str, exit_code: i32) -> Option<(Value, tempfile::TempDir)> {
    let real = real_data()?;
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    import(dir.path(), "ledger", &[real.join(file).to_str().unwrap()]).ends(0);
    mingzhang(dir.path(), &["export", "ledger", "tree"]).ends(0);
    verify(dir.path(), &["audit", "tree", "--policy", "ledger/policy.txt", "--report", "report"]).ends(exit_code);
    Some((read_report(dir.path()), dir))
}

fn read_report(dir: &Path) -> Value {
    let report = serde_json::from_str(&fs::read_to_string(dir.join("report/report.json")).unwrap()).unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier/schema/report.schema.json");
    schema::check(&serde_json::from_str(&fs::read_to_string(schema).unwrap()).unwrap(), &report);
    report
}

/// The row of a table of figures whose first column says so.
fn row<'r>(report: &'r Value, table: &str, of: &str) -> &'r Value {
    let rows = report["figures"][table].as_array().unwrap();
    let first = if table == "listings" { "sector" } else { "rule" };
    rows.iter().find(|row| row[first] == of).unwrap_or_else(|| panic!("{of} in {table}"))
}

#[track_caller]
fn shows(row: &Value, figures: &[(&str, u64)]) {
    for (name, figure) in figures {
        println!("{} {name}: {}", row["rule"].as_str().or(row["sector"].as_str()).unwrap_or_default(), row[*name]);
        assert_eq!(row[*name], *figure, "{name} of {row}");
    }
}

fn csv(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join("report").join(name)).unwrap()
}

#[test]
fn yichang_published_its_candidates_long_enough_and_sometimes_too_many() {
    // What is imported is older than the ledger; still more than three candidates are more than three.
    let Some((report, dir)) = report_of("yichang_candidates.jsonl", 3) else { return };
    shows(row(&report, "rules", "con.candidates.period"), &[("violated", 0), ("borderline", 122), ("met", 861)]);
    shows(
        row(&report, "periods", "con.candidates.period"),
        &[("measured", 983), ("below", 0), ("exact", 378), ("end_on_day_off", 128), ("borderline", 122)],
    );
    shows(row(&report, "counts", "con.candidates.count"), &[("counted", 983), ("above", 83)]);
    assert_eq!(row(&report, "rules", "con.candidates.fields")["violated"], 0, "thin imports are warned of");
    let violations = report["lists"]["violations"]["rows"].as_array().unwrap();
    let too_many = violations.iter().filter(|row| row["rule"] == "con.candidates.count").count();
    assert_eq!(too_many, 83);
    assert_eq!(csv(dir.path(), "projects.csv").lines().count(), 984);
    assert_eq!(
        csv(dir.path(), "violations.csv").lines().count() as u64,
        1 + report["lists"]["violations"]["total"].as_u64().unwrap()
    );
}

#[test]
fn zhengzhou_listed_parcels_without_result_and_sold_parcels_it_had_not_listed() {
    let Some((report, dir)) = report_of("zhengzhou_land.jsonl", 0) else { return };
    let figures =
        [("listed", 373), ("with_result", 306), ("both", 279), ("without_result", 94), ("without_listing", 27)];
    shows(row(&report, "listings", "land"), &figures);
    assert_eq!(report["lists"]["unmatched"]["total"], 94 + 27);
    assert_eq!(csv(dir.path(), "unmatched.csv").lines().count(), 1 + 94 + 27);
}

#[test]
fn one_equity_was_disclosed_for_eight_working_days() {
    let Some((report, _dir)) = report_of("property_exchange.jsonl", 3) else { return };
    let violations = report["lists"]["violations"]["rows"].as_array().unwrap();
    let [one] = violations.as_slice() else { panic!("{violations:?}") };
    assert_eq!((&one["project"], &one["rule"]), (&"09GQ20170028".into(), &"sta.disclosure.equity".into()));
    let arithmetic = one["arithmetic"]["zh"].as_str().unwrap();
    println!("09GQ20170028: {arithmetic}");
    assert!(arithmetic.contains("= 8 个工作日") && arithmetic.contains("< 20"), "{arithmetic}");
    assert!(one["basis"]["zh"].as_str().unwrap().contains("第13"), "{one}");
    shows(row(&report, "rules", "sta.disclosure.equity"), &[("violated", 1), ("met", 1)]);
    shows(row(&report, "periods", "sta.disclosure.equity"), &[("measured", 2), ("below", 1)]);
    shows(row(&report, "rules", "sta.disclosure.asset"), &[("violated", 0), ("met", 4)]);
    shows(row(&report, "periods", "sta.disclosure.asset"), &[("measured", 4), ("exact", 4), ("below", 0)]);
}

#[test]
fn contracts_signed_in_the_minute_of_their_publication_prove_nothing() {
    let Some((report, _dir)) = report_of("ggzy_2026-03.jsonl", 3) else { return };
    let rule = row(&report, "rules", "pro.contract.public");
    shows(rule, &[("met", 0), ("violated", 0), ("undetermined", 4)]);
    assert_eq!(rule["reasons"], serde_json::json!({ "not-evidence": 4 }));
    assert_eq!(report["totals"]["not_evidence"], 4);
    let empty = report["lists"]["placeholders"]["rows"].as_array().unwrap();
    let of_nothing = empty.iter().filter(|row| row["path"] == "data.value" && row["kind"] == "placeholder").count();
    assert_eq!(of_nothing, 2, "{empty:?}");
}

/// What `projects.csv` says of a project: how it stands, rules violated, rules undetermined.
fn in_csv(csv: &str, project: &str) -> (String, u64, u64) {
    let line = csv.lines().find(|line| line.starts_with(&format!("\"{project}\","))).unwrap();
    let mut cells: Vec<&str> = line.rsplitn(9, ',').collect();
    cells.reverse();
    (cells[1].trim_matches('"').to_owned(), cells[6].parse().unwrap(), cells[7].parse().unwrap())
}

#[test]
fn the_report_says_of_every_project_what_its_dossier_says() {
    for file in ["ggzy_2026-03.jsonl", "property_exchange.jsonl"] {
        let Some((report, dir)) = report_of(file, 3) else { return };
        let projects = csv(dir.path(), "projects.csv");
        let ids = fs::read_to_string(real_data().unwrap().join(file)).unwrap();
        let ids: std::collections::BTreeSet<String> = ids
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["project"]["id"].as_str().unwrap().to_owned())
            .collect();
        for id in ids {
            let id = verifier::record::subject::ProjectId::normalise(&id).unwrap();
            mingzhang(dir.path(), &["dossier", "ledger", id.as_str(), "-o", "one.json"]).ends(0);
            let as_of = jiff::Timestamp::from_second(report["as_of"].as_i64().unwrap()).unwrap().to_string();
            let judge = ["--json", "dossier", "one.json", "--policy", "ledger/policy.txt", "--as-of", &as_of];
            let lifecycle = verify(dir.path(), &judge).json()["lifecycle"].clone();
            let rules = lifecycle["lots"][0]["rules"].as_array().unwrap();
            let count = |outcome: &str| rules.iter().filter(|rule| rule["outcome"] == outcome).count() as u64;
            let standing = match lifecycle["standing"].as_str().unwrap() {
                "in-progress" => "in progress",
                other => other,
            };
            let expected = (standing.to_owned(), count("violated"), count("undetermined"));
            assert_eq!(in_csv(&projects, id.as_str()), expected, "{id}");
        }
    }
}

/// Notices with everything that hides them, and one that would run as a formula.
const HIDDEN: &str = concat!(
    r#"{"notice_id":"1","project":{"id":"P-1","name":"=1+1"},"sector":"land","stage":"announcement","title":"武汉\u200b某地块公告","region":"420106","parties":[{"role":"seller","name":"<b>某局</b>","id":"91350100M000100Y44"}],"data":{"method":"listing"}}"#,
    "\n",
    r#"{"notice_id":"2","project":{"id":"P-1"},"sector":"land","stage":"announcement","title":"武汉某地块 公告","region":"420106"}"#,
    "\n",
    r#"{"notice_id":"3","project":{"id":"P-2","name":"WН地块"},"sector":"land","stage":"contract","title":"合同","region":"420106","data":{"method":"allocation","supervision_number":"1306262018B00730"}}"#,
    "\n",
);

fn hidden_ledger() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let file = dir.path().join("hidden.jsonl");
    fs::write(&file, HIDDEN).unwrap();
    import(dir.path(), "ledger", &["hidden.jsonl"]).ends(0);
    mingzhang(dir.path(), &["export", "ledger", "tree"]).ends(0);
    (dir, file)
}

#[test]
fn what_hides_a_notice_is_named_and_nothing_of_it_is_run() {
    let (dir, _) = hidden_ledger();
    let audit = ["audit", "tree", "--policy", "ledger/policy.txt", "--report", "report"];
    let ran = verify(dir.path(), &audit);
    assert!(matches!(ran.code, 0 | 3), "{ran:?}");
    let report = read_report(dir.path());
    let list = |name: &str| report["lists"][name]["rows"].as_array().unwrap().clone();
    let look_alikes = list("look_alikes");
    assert_eq!(look_alikes.len(), 2, "{look_alikes:?}");
    assert_eq!(look_alikes[0]["characters"], "#3 U+200B invisible");
    assert_eq!(look_alikes[1]["characters"], "#2 U+041D letter");
    assert_eq!(list("codes").len(), 2);
    let reposted = list("reposted");
    assert_eq!((reposted.len(), &reposted[0]["times"]), (1, &2.into()));
    assert_eq!(report["figures"]["districts"][0]["district"], "420106");

    let (projects, html) = (csv(dir.path(), "projects.csv"), csv(dir.path(), "report.html"));
    assert!(projects.starts_with('\u{FEFF}') && projects.contains("\"'=1+1\""), "{projects}");
    assert!(html.contains("&lt;b&gt;某局&lt;/b&gt;") && !html.contains("<b>某局"), "the unit is text, not markup");
    assert!(
        !html.contains('\u{200B}') && !html.contains("<script") && !html.contains("http:") && !html.contains("https:")
    );
}

#[test]
fn a_report_is_written_over_a_report_and_over_nothing_else() {
    let (dir, file) = hidden_ledger();
    let report = |to: &str, rest: &[&str]| {
        verify(dir.path(), &[&["audit", "tree", "--policy", "ledger/policy.txt", "--report", to], rest].concat())
    };
    let first = report("report", &[]);
    let html = csv(dir.path(), "report.html");
    assert_eq!(report("report", &[]).code, first.code);
    assert_eq!(csv(dir.path(), "report.html"), html, "the same ledger, the same report");
    fs::create_dir(dir.path().join("mine")).unwrap();
    fs::copy(&file, dir.path().join("mine/projects.csv")).unwrap();
    report("mine", &[]).ends(2);
    assert_eq!(fs::read(dir.path().join("mine/projects.csv")).unwrap(), fs::read(&file).unwrap());
    report("late", &["--as-of", "2999-01-01"]).ends(2);
    let early = report("early", &["--as-of", "2000-01-01"]).ends(0);
    assert!(early.out.contains("of 0 projects"), "{}", early.out);
}

#[test]
fn a_report_reads_every_entry_and_still_holds_the_head_against_the_one_seen_before() {
    let (dir, _) = hidden_ledger();
    let state = ["audit", "tree", "--policy", "ledger/policy.txt", "--state", "state", "--report", "report", "--json"];
    let first = verify(dir.path(), &state).json();
    fs::write(dir.path().join("more.jsonl"), HIDDEN.replace("\"notice_id\":\"", "\"notice_id\":\"again-")).unwrap();
    import(dir.path(), "ledger", &["more.jsonl"]).ends(0);
    fs::rename(dir.path().join("tree"), dir.path().join("old")).unwrap();
    mingzhang(dir.path(), &["export", "ledger", "tree"]).ends(0);
    let second = verify(dir.path(), &state).json();
    assert_eq!((&first["notices"], &second["notices"]), (&3.into(), &6.into()));
    assert_eq!(second["new_entries"], second["entries"]);
    assert_eq!(read_report(dir.path())["totals"]["notices"], 6);
    fs::remove_dir_all(dir.path().join("tree")).unwrap();
    fs::rename(dir.path().join("old"), dir.path().join("tree")).unwrap();
    let rolled_back = verify(dir.path(), &state).ends(1).json();
    assert_eq!(rolled_back["error"]["rule"], "rollback");
}
