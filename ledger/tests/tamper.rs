//! Whoever owns the database changes it, row by row and column by column: the self-check names every change.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixture;

use std::fs;
use std::path::Path;

use fixture::{ORIGIN, enrol, erasure, new_ledger, notice, publisher, root};
use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder};
use ledger::{Ledger, Outcome, SignedStatement, fsck};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use verifier::log::index::LeafIndex;

/// Subjects that make the writer bring its map's tables up to date, so that they have rows.
const SUBJECTS: u32 = 16_500;

async fn record(ledger: &Ledger, statement: SignedStatement) -> LeafIndex {
    match ledger.submit(statement).await.unwrap() {
        Outcome::Recorded(index) => index,
        other => panic!("{other:?}"),
    }
}

/// A ledger in which every table has rows: many subjects, a key rotated, a value sealed and revealed, a contact erased.
async fn build(dir: &Path) {
    let ledger = new_ledger(dir).await;
    let key = publisher(10);
    record(&ledger, enrol("P", &key, 0)).await;
    let bulk = (0..SUBJECTS).map(|n| notice("P", &key, &format!("B-{n}"), &format!("b{n}"), "a text")).collect();
    let outcomes = ledger.submit_many(bulk).await.unwrap();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Recorded(_))), "{:?}", outcomes.first());
    let desk = Desk { iss: "P", key: &key, origin: ORIGIN, now: 1_764_000_000 };
    let draft = r#"{"notice_id":"s","project":{"id":"S"},"sector":"land","stage":"announcement","title":"t","text":"long",
        "parties":[{"role":"seller","name":"n","contact":"c"}],"data":{"reserve_price":{"amount":"1.00","currency":"CNY"}}}"#;
    let order = SealOrder::parse("reserve_price:award").unwrap();
    let (statement, withheld) = desk.notice(&Draft::parse(draft).unwrap(), &[order], false).unwrap();
    let sealed = record(&ledger, statement).await;
    let disclosures = withheld.into_iter().map(|one| one.disclosure).collect();
    record(&ledger, desk.reveal("r", "project/S", sealed, disclosures).unwrap()).await;
    let text = notice("P", &key, "E", "e", "to be erased");
    let disclosures = text.disclosures.clone();
    let target = record(&ledger, text).await;
    ledger.erase(erasure("E", target, &disclosures, "erase")).await.unwrap();
    record(&ledger, notice("P", &key, "B-1", "again", "more")).await;
    let root = root();
    let by_root = Desk { iss: "root", key: &root, origin: ORIGIN, now: 1_764_000_000 };
    record(&ledger, by_root.rulebook(0, "cn", "1", "2026-01-01", &serde_json::json!([])).unwrap()).await;
    ledger.close().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

async fn open(dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.join("ledger.db")).foreign_keys(false);
    options.pragma("ignore_check_constraints", "ON").pragma("synchronous", "OFF").connect().await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await?.rows_affected())
}

async fn texts(connection: &mut SqliteConnection, sql: &str) -> Vec<Vec<String>> {
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (0..row.len()).map(|n| row.get::<String, _>(n)).collect()).collect()
}

/// The ways to change one column of one row of a table.
fn changes(table: &str, column: &str, kind: &str, key: &str, at: &str) -> Vec<(&'static str, String)> {
    let row = format!("(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {at})");
    let new = match kind {
        "INTEGER" => format!("coalesce({column}, 0) + 1000000007"),
        "TEXT" => format!("substr({column}, 1, length({column}) - 2) || '!' || substr({column}, -1)"),
        _ => {
            let last = format!("CASE substr({column}, -1) WHEN x'a5' THEN x'5a' ELSE x'a5' END");
            format!("CAST(substr({column}, 1, length({column}) - 1) || {last} AS BLOB)")
        }
    };
    let other = format!(
        "(SELECT {column} FROM {table} WHERE {column} IS NOT (SELECT {column} FROM {table} WHERE {key} = {row}) ORDER BY {key} DESC LIMIT 1)"
    );
    let mut changes = vec![("changed", format!("UPDATE {table} SET {column} = {new} WHERE {key} = {row}"))];
    if column != key {
        changes.push((
            "replaced by another row's",
            format!("UPDATE {table} SET {column} = {other} WHERE {key} = {row} AND {other} IS NOT NULL"),
        ));
    }
    changes
}

/// Two rows with different values of a column, the values exchanged: every value stays one that the ledger wrote.
fn swap(table: &str, column: &str, kind: &str, key: &str) -> String {
    let one = format!("(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET (SELECT count(*) / 3 FROM {table}))");
    let value_of = |row: &str| format!("(SELECT {column} FROM {table} WHERE {key} = {row})");
    let other =
        format!("(SELECT {key} FROM {table} WHERE {column} IS NOT {} ORDER BY {key} DESC LIMIT 1)", value_of(&one));
    // A value that no row has, in whose place nothing clashes while the two are exchanged.
    let aside = match kind {
        "INTEGER" => "-7".to_owned(),
        "TEXT" => "'aside'".to_owned(),
        _ => "randomblob(33)".to_owned(),
    };
    let set = |value: &str, row: &str| {
        format!("UPDATE {table} SET {column} = {value} WHERE {key} = {row} AND (SELECT other FROM pair) IS NOT NULL;")
    };
    let keep = format!(
        "CREATE TEMP TABLE pair AS SELECT {one} AS one, {other} AS other, {} AS a, {} AS b;",
        value_of(&one),
        value_of(&other)
    );
    let (one, other) = ("(SELECT one FROM pair)", "(SELECT other FROM pair)");
    if column == key {
        let steps = [set(&aside, one), set(one, other), set(other, &aside)];
        return keep + &steps.concat();
    }
    let steps = [set(&aside, one), set("(SELECT a FROM pair)", other), set("(SELECT b FROM pair)", one)];
    keep + &steps.concat()
}

/// The least and the greatest integers, where a sum or a product overflows.
const EXTREMES: [i64; 3] = [i64::MIN, -1, i64::MAX];

fn note((name, found): (String, Option<bool>), missed: &mut Vec<String>, tried: &mut usize) {
    *tried += usize::from(found.is_some());
    missed.extend((found == Some(false)).then_some(name));
}

/// Changes a copy of a ledger behind its back and checks it: whether that was found; nothing if nothing was changed.
async fn attack(whole: &Path, victim: &Path, triggers: &[Vec<String>], sql: &str) -> Option<bool> {
    copy(whole, victim);
    let on_data = !["DROP", "CREATE TABLE", "CREATE INDEX", "ALTER"].iter().any(|word| sql.starts_with(word));
    let mut connection = open(victim).await;
    if on_data {
        for trigger in triggers {
            execute(&mut connection, &format!("DROP TRIGGER {}", trigger[0])).await.unwrap();
        }
    }
    let changed = match execute(&mut connection, sql).await {
        Ok(changed) => changed,
        // The schema itself does not let this one in.
        Err(error) if error.to_string().contains("UNIQUE") => 0,
        Err(error) => panic!("{error}: {sql}"),
    };
    if on_data {
        for trigger in triggers {
            execute(&mut connection, &trigger[1]).await.unwrap();
        }
    }
    connection.close().await.unwrap();
    // What cannot even be read is no clean bill either.
    let checked = fsck(victim, &mut |_, _| ()).await;
    // A connection that is being closed may remove its own files meanwhile.
    let _ = fs::remove_dir_all(victim);
    (changed > 0 || !on_data).then(|| checked.is_err() || checked.is_ok_and(|report| !report.findings.is_empty()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_every_column_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    build(&whole).await;
    let clean = fsck(&whole, &mut |_, _| ()).await.unwrap();
    assert_eq!(clean.findings, [], "what the ledger wrote is what follows from its entries");
    let mut connection = open(&whole).await;
    let tables = texts(&mut connection, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ('_sqlx_migrations', 'cosignature')").await;
    let triggers = texts(&mut connection, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").await;
    let mut attacks: Vec<(String, String)> = Vec::new();
    for table in tables.iter().map(|row| &row[0]) {
        let columns =
            texts(&mut connection, &format!("SELECT name, type, cast(pk AS TEXT) FROM pragma_table_info('{table}')"))
                .await;
        let key = &columns.iter().find(|column| column[2] == "1").unwrap()[0];
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert!(count > 0, "{table} is empty: nothing is tried");
        let at = (count / 3).to_string();
        for column in &columns {
            for (how, sql) in changes(table, &column[0], &column[1], key, &at) {
                attacks.push((format!("{table}.{} {how}", column[0]), sql));
            }
            if count > 1 && columns.len() > 1 {
                attacks.push((format!("{table}.{} swapped", column[0]), swap(table, &column[0], &column[1], key)));
            }
            for extreme in EXTREMES.iter().filter(|_| column[1] == "INTEGER") {
                let row = format!("(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {at})");
                let set = format!(
                    "UPDATE {table} SET {0} = {extreme} WHERE {key} = {row} AND {0} IS NOT {extreme}",
                    column[0]
                );
                attacks.push((format!("{table}.{} is {extreme}", column[0]), set));
            }
            attacks.push((
                format!("{table}.{} renamed", column[0]),
                format!("ALTER TABLE {table} RENAME COLUMN {0} TO {0}_renamed", column[0]),
            ));
        }
        let row = format!("(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {at})");
        attacks.push((format!("{table}: a row deleted"), format!("DELETE FROM {table} WHERE {key} = {row}")));
        attacks.push((
            format!("{table}: the last row deleted"),
            format!("DELETE FROM {table} WHERE {key} = (SELECT max({key}) FROM {table})"),
        ));
        let values: Vec<String> = columns
            .iter()
            .map(|column| match (column[0] == *key, column[1].as_str(), column[0].as_str()) {
                (true, "INTEGER", _) => format!("{key} + 1000000007"),
                (true, _, _) => format!("CAST(substr({key}, 1, length({key}) - 1) || x'5a' AS BLOB)"),
                // The one UNIQUE column beside the keys.
                (false, _, "prev") => "randomblob(32)".to_owned(),
                _ => column[0].clone(),
            })
            .collect();
        attacks.push((
            format!("{table}: a row duplicated"),
            format!("INSERT INTO {table} SELECT {} FROM {table} WHERE {key} = {row}", values.join(", ")),
        ));
    }
    for (name, sql) in
        &triggers.iter().map(|row| (row[0].clone(), format!("DROP TRIGGER {}", row[0]))).collect::<Vec<_>>()
    {
        attacks.push((format!("trigger {name} dropped"), sql.clone()));
    }
    for table in tables.iter().map(|row| &row[0]) {
        attacks.push((format!("{table} renamed"), format!("ALTER TABLE {table} RENAME TO {table}_renamed")));
        attacks.push((format!("{table} dropped"), format!("DROP TABLE {table}")));
        attacks
            .push((format!("{table} widened"), format!("ALTER TABLE {table} ADD COLUMN more TEXT DEFAULT 'hidden'")));
    }
    attacks.push(("an index added".to_owned(), "CREATE INDEX more ON entry (prev_idx)".to_owned()));
    attacks.push(("a table added".to_owned(), "CREATE TABLE extra (x INTEGER) STRICT".to_owned()));
    connection.close().await.unwrap();
    let (mut missed, mut tried) = (Vec::new(), 0);
    let mut running = tokio::task::JoinSet::new();
    for (number, (name, sql)) in attacks.into_iter().enumerate() {
        let (whole, victim, triggers) = (whole.clone(), dir.path().join(number.to_string()), triggers.clone());
        let runtime = tokio::runtime::Handle::current();
        running.spawn_blocking(move || (name, runtime.block_on(attack(&whole, &victim, &triggers, &sql))));
        if running.len() == 4 {
            note(running.join_next().await.unwrap().unwrap(), &mut missed, &mut tried);
        }
    }
    while let Some(done) = running.join_next().await {
        note(done.unwrap(), &mut missed, &mut tried);
    }
    assert!(tried > 150, "{tried}");
    assert_eq!(missed, Vec::<String>::new(), "of {tried} attacks these were not found");
}

#[tokio::test]
async fn a_guard_of_another_history_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(&dir.path().join("one")).await;
    ledger.seal().await.unwrap();
    ledger.close().await;
    let other = new_ledger(&dir.path().join("two")).await;
    other.close().await;
    fs::copy(dir.path().join("two/guard.db"), dir.path().join("one/guard.db")).unwrap();
    let report = fsck(&dir.path().join("one"), &mut |_, _| ()).await.unwrap();
    assert_eq!(report.findings.first().map(|finding| finding.table.as_str()), Some("guard"));
}
