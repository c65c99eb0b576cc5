//! The server's statistics against the inspector's report of the same ledger: every cell of every table is the same, whatever way
//! the server came to it.
#![cfg(unix)]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used)]

mod program;
mod sample;
mod server;

use std::fs;
use std::path::Path;

use program::{import, lawful_ledger_with_centre, mingzhang, real_data, verify};
use sample::{Centre, events, lifecycles};
use serde_json::Value;
use server::{Server, encoded};

/// A server that writes nothing of its own accord, so that the head stays the one that was exported.
const QUIET: [&str; 2] = ["--heartbeat", "off"];

/// The statistics once every project is judged as of the newest head.
fn settled(server: &Server) -> Value {
    let size = server.size();
    let is_settled = |statistics: &Value| statistics["entries"] == size && statistics["pending"] == 0;
    server.until("/api/v1/statistics", |answer| answer.status == 200 && is_settled(&answer.json())).json()
}

/// Audits the tree with a report, and holds every cell of the server's against it: its statistics.
fn as_reported(dir: &Path, server: &Server, policy: &str) -> Value {
    let statistics = settled(server);
    let ran = verify(dir, &["audit", "tree", "--policy", policy, "--report", "report"]);
    assert!(matches!(ran.code, 0 | 3), "{ran:?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(dir.join("report/report.json")).unwrap()).unwrap();
    assert_eq!((&statistics["as_of"], &statistics["clock"]), (&report["as_of"], &report["clock"]));
    assert_eq!(statistics["entries"], report["head"]["size"]);
    assert_eq!(statistics["law"], report["law"]);
    for (name, figure) in statistics["totals"].as_object().unwrap() {
        assert_eq!(figure, &report["totals"][name], "{name} in all");
    }
    let tables = report["figures"].as_object().unwrap();
    assert_eq!(statistics["figures"].as_object().unwrap().len(), tables.len());
    for (name, table) in tables {
        let (own, rows) = (statistics["figures"][name].as_array().unwrap(), table.as_array().unwrap());
        for (at, row) in rows.iter().enumerate() {
            for (column, cell) in row.as_object().unwrap() {
                assert_eq!(own[at][column], *cell, "{column} in row {at} of {name}");
            }
        }
        assert_eq!(own, rows, "{name}");
        assert_eq!(server.get(&format!("/api/v1/statistics/{name}.json")).is(200).json(), *table, "{name}.json");
        let csv = server.get(&format!("/api/v1/statistics/{name}.csv?lang=en")).is(200);
        assert_eq!(csv.text(), fs::read_to_string(dir.join(format!("report/{name}.csv"))).unwrap(), "{name}.csv");
    }
    statistics
}

/// How many projects a list has.
fn listed(server: &Server, query: &str) -> u64 {
    server.get(&format!("/api/v1/projects?limit=100&{query}")).is(200).json()["count"].as_u64().unwrap()
}

/// That every figure counted by project is as long as its list, and that a part's figures are the row of that part.
fn lead_to_their_lists(server: &Server, statistics: &Value) {
    const BY_PROJECT: [&str; 5] = ["projects", "complete", "in_progress", "overdue", "violated"];
    const BY_STAGE: [&str; 4] = ["stages_due", "on_time", "late", "missing"];
    let rows = |table: &str| statistics["figures"][table].as_array().unwrap().clone();
    let districts = |row: &Value| Some(row["district"].as_str()?.to_owned()).filter(|code| !code.is_empty());
    let parts = rows("sectors").into_iter().map(|row| (format!("sector={}", row["sector"].as_str().unwrap()), row));
    let parts = parts.chain(
        rows("districts")
            .into_iter()
            .map(|row| (format!("region={}", districts(&row).unwrap_or("none".to_owned())), row)),
    );
    let unit = |row: &Value| encoded(row["unit"].as_str().unwrap(), |_| false);
    let parts = parts.chain(rows("units").into_iter().map(|row| (format!("unit={}", unit(&row)), row)));
    for (part, row) in parts {
        for figure in BY_PROJECT {
            assert_eq!(listed(server, &format!("figure={figure}&{part}")), row[figure], "{figure} of {part}");
        }
        for figure in BY_STAGE {
            let (n, stages) = (listed(server, &format!("figure={figure}&{part}")), row[figure].as_u64().unwrap());
            assert!(n <= stages && (n > 0) == (stages > 0), "{figure} of {part}: {n} of {stages}");
        }
        if !part.starts_with("unit") {
            let part = part.replace("region=", "district=");
            let of_part = server.get(&format!("/api/v1/statistics?{part}")).is(200).json();
            for (name, cell) in of_part["totals"].as_object().unwrap() {
                assert_eq!(*cell, row[name], "{name} of {part}");
            }
        }
    }
    for row in rows("listings") {
        for (figure, n) in row.as_object().unwrap().iter().filter(|(_, cell)| cell.is_u64()) {
            let sector = row["sector"].as_str().unwrap();
            assert_eq!(listed(server, &format!("figure=listings:{figure}&sector={sector}")), *n, "{figure} of {row}");
        }
    }
    for table in ["rules", "periods", "margins", "counts", "months"] {
        for row in rows(table) {
            let name = row["rule"].as_str().or(row["month"].as_str()).unwrap();
            for (column, n) in
                row.as_object().unwrap().iter().filter(|(column, n)| n.is_u64() && *column != "not_applicable")
            {
                let found = listed(server, &format!("figure={table}:{name}:{column}"));
                assert_eq!(found > 0, n.as_u64() > Some(0), "{column} of {name} in {table}: {n}, and {found} projects");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_of_the_sample_are_those_of_the_report_however_they_were_added_up() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let all = lifecycles("SL-");
    let mut centre = Centre::new(&dir.join("ledger")).await;
    let mut events = events(&all);
    let rest = events.split_off(events.len() * 2 / 3);
    for event in events {
        centre.record(event, &all).await;
    }
    let mut before = Value::Null;
    centre = centre
        .pause(dir, || {
            let server = Server::start(dir, &QUIET);
            before = as_reported(dir, &server, "policy.txt");
        })
        .await;
    for event in rest {
        centre.record(event, &all).await;
    }
    centre.seal().await;
    fs::remove_dir_all(dir.join("tree")).unwrap();
    centre.close(dir).await;

    let server = Server::start(dir, &QUIET);
    let whole = as_reported(dir, &server, "policy.txt");
    let figure = |statistics: &Value, name: &str| statistics["totals"][name].as_u64().unwrap();
    for name in ["complete", "late", "missing", "violated"] {
        assert!(figure(&whole, name) > 0, "{name}: {}", whole["totals"]);
    }
    assert!(figure(&before, "in_progress") > figure(&whole, "in_progress"), "some were judged again");
    lead_to_their_lists(&server, &whole);
    drop(server);
    assert_eq!(settled(&Server::start(dir, &QUIET)), whole, "a restart loses nothing");
    fs::remove_file(dir.join("ledger/index.db")).unwrap();
    assert_eq!(settled(&Server::start(dir, &QUIET)), whole, "nor does an index made anew");
}

#[test]
fn statistics_of_real_notices_are_those_of_the_report() {
    let Some(real) = real_data() else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    lawful_ledger_with_centre(dir);
    let files = ["ggzy_2026-03.jsonl", "property_exchange.jsonl", "zhengzhou_land.jsonl"];
    let files = files.map(|name| real.join(name).to_str().unwrap().to_owned());
    import(dir, "ledger", &files.each_ref().map(String::as_str)).ends(0);
    mingzhang(dir, &["export", "ledger", "tree"]).ends(0);
    let server = Server::start(dir, &QUIET);
    let statistics = as_reported(dir, &server, "ledger/policy.txt");
    let unlisted = statistics["figures"]["listings"].as_array().unwrap().iter().find(|row| row["sector"] == "land");
    assert_eq!(unlisted.unwrap()["without_result"], 94);
    assert_eq!(listed(&server, "figure=listings:without_result&sector=land"), 94);
}

#[test]
fn what_no_table_has_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    lawful_ledger_with_centre(dir.path());
    let server = Server::start(dir.path(), &QUIET);
    settled(&server);
    for (path, status, code) in [
        ("/api/v1/statistics/nothing.csv", 404, "not-found"),
        ("/api/v1/statistics/units.xml", 404, "not-found"),
        ("/api/v1/statistics/units", 404, "not-found"),
        ("/api/v1/statistics?sector=nothing", 400, "bad-request"),
        ("/api/v1/statistics?district=42", 400, "bad-request"),
        ("/api/v1/statistics?misspelt=1", 400, "bad-request"),
        ("/api/v1/statistics/units.csv?lang=fr", 400, "bad-request"),
        ("/api/v1/projects?figure=a%20b", 400, "bad-request"),
        ("/api/v1/notices?figure=late", 400, "bad-request"),
    ] {
        server.get(path).problem(status, code);
    }
    assert_eq!(listed(&server, "figure=late"), 0);
}
