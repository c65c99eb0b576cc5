//! Whoever owns the database changes it: the self-check names the very row. `tamper.rs` tries a ledger whose map was merged.
#![allow(missing_docs, clippy::unwrap_used)]

mod fixture;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fixture::{ORIGIN, enrol, erasure, new_ledger, notice, publisher, root};
use ledger::draft::Draft;
use ledger::publisher::{Desk, SealOrder};
use ledger::{Finding, Ledger, Outcome, SignedStatement, fsck};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};
use verifier::log::index::LeafIndex;
use verifier::record::code::PublisherId;

async fn record(ledger: &Ledger, statement: SignedStatement) -> LeafIndex {
    match ledger.submit(statement).await.unwrap() {
        Outcome::Recorded(index) => index,
        other => panic!("{other:?}"),
    }
}

/// A small ledger in which every table but `subject` has rows: full tiles, a publisher's key rotated, a value sealed
/// and revealed, one erased.
async fn build(dir: &Path) {
    let ledger = new_ledger(dir).await;
    let old = publisher(10);
    record(&ledger, enrol("P", &old, 0)).await;
    for round in 0..4 {
        let one = |n| notice("P", &old, &format!("B-{}", n % 70), &format!("b{round}-{n}"), "a text");
        let outcomes = ledger.submit_many((0..70).map(one).collect()).await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Recorded(_))), "{:?}", outcomes.first());
    }
    let root = root();
    let by_root = Desk { iss: "root", key: &root, origin: ORIGIN, now: 1_764_000_000 };
    let scope = ledger.grant(&PublisherId::parse("P").unwrap()).unwrap().scope;
    let key = publisher(11);
    let rotation = by_root.grant("rotate", 1, &PublisherId::parse("P").unwrap(), "P", key.jwk(), &scope).unwrap();
    record(&ledger, rotation).await;
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
    record(&ledger, by_root.rulebook(0, "cn", "1", "2026-01-01", &serde_json::json!([])).unwrap()).await;
    ledger.seal().await.unwrap();
    record(&ledger, notice("P", &key, "B-2", "last", "more")).await;
    ledger.close().await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["ledger.db", "guard.db"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

async fn open(dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(dir.join("ledger.db")).foreign_keys(false);
    options.pragma("ignore_check_constraints", "ON").pragma("synchronous", "OFF").connect().await.unwrap()
}

async fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?.rows_affected())
}

async fn texts(connection: &mut SqliteConnection, sql: &str) -> Vec<Vec<String>> {
    let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (0..row.len()).map(|n| row.get::<String, _>(n)).collect()).collect()
}

/// A change of the database behind the ledger's back, and the finding it must lead to.
struct Attack {
    name: String,
    sql: String,
    table: String,
    /// The row, where there is only one that can be named.
    row: Option<String>,
}

/// A table as `sqlite_schema` lists it.
struct Table {
    name: String,
    /// Name and type.
    columns: Vec<(String, String)>,
    key: String,
    rows: i64,
}

impl Table {
    async fn all(connection: &mut SqliteConnection) -> Vec<Self> {
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                     AND name NOT IN ('_sqlx_migrations', 'cosignature')";
        let mut tables = Vec::new();
        for name in texts(connection, names).await.into_iter().flatten() {
            let query = format!("SELECT name, type, cast(pk AS TEXT) FROM pragma_table_info('{name}')");
            let columns = texts(connection, &query).await;
            let key = columns.iter().find(|column| column[2] == "1").unwrap()[0].clone();
            let columns = columns.iter().map(|column| (column[0].clone(), column[1].clone())).collect();
            let count = AssertSqlSafe(format!("SELECT count(*) FROM {name}"));
            let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut *connection).await.unwrap();
            assert!(rows > 0 || name == "subject", "{name} is empty: nothing is tried");
            tables.push(Self { name, columns, key, rows });
        }
        tables
    }

    /// The key of the row at an offset, as SQL.
    async fn key_at(&self, connection: &mut SqliteConnection, at: i64) -> String {
        let Self { name, key, .. } = self;
        let query = format!("SELECT quote({key}) FROM {name} ORDER BY {key} LIMIT 1 OFFSET {at}");
        texts(connection, &query).await.remove(0).remove(0)
    }

    /// Whether exchanging two rows' values of a column changes anything.
    async fn differ(&self, connection: &mut SqliteConnection, column: &str, row: &str, other: &str) -> bool {
        let Self { name, key, .. } = self;
        let value = |row| format!("(SELECT {column} FROM {name} WHERE {key} = {row})");
        let query = format!("SELECT cast({} IS NOT {} AS TEXT)", value(row), value(other));
        let only_column = self.columns.len() == 1;
        !only_column && texts(connection, &query).await[0][0] == "1"
    }

    async fn attacks(&self, connection: &mut SqliteConnection) -> Vec<Attack> {
        let mut attacks = Vec::new();
        for at in BTreeSet::from([0, self.rows / 2, self.rows - 1]).into_iter().filter(|at| (0..self.rows).contains(at))
        {
            let row = self.key_at(connection, at).await;
            let other = self.key_at(connection, (at + 1) % self.rows).await;
            for (column, kind) in &self.columns {
                attacks.push(self.change(column, kind, &row));
                if self.differ(connection, column, &row, &other).await {
                    attacks.push(self.swap(column, &row, &other));
                }
            }
            attacks.push(self.duplicate(&row));
            let (name, key) = (&self.name, &self.key);
            let sql = format!("DELETE FROM {name} WHERE {key} = {row}");
            attacks.push(Attack { name: format!("{name}: {row} deleted"), sql, table: name.clone(), row: None });
        }
        attacks
    }

    fn change(&self, column: &str, kind: &str, row: &str) -> Attack {
        let new = match kind {
            "INTEGER" => format!("coalesce({column}, 0) + 1000000007"),
            "TEXT" => format!("substr({column}, 1, length({column}) - 2) || '!' || substr({column}, -1)"),
            _ => {
                let last = format!("CASE substr({column}, -1) WHEN x'a5' THEN x'5a' ELSE x'a5' END");
                format!("CAST(substr({column}, 1, length({column}) - 1) || {last} AS BLOB)")
            }
        };
        let (name, key) = (&self.name, &self.key);
        let sql = format!("UPDATE {name} SET {column} = {new} WHERE {key} = {row}");
        let named = (column != key).then(|| row.to_lowercase());
        Attack { name: format!("{name}.{column} of {row} changed"), sql, table: name.clone(), row: named }
    }

    /// Exchanges two rows' values. One gives way for a moment, since values may have to be unique.
    fn swap(&self, column: &str, row: &str, other: &str) -> Attack {
        let (name, key) = (&self.name, &self.key);
        let mut sql = format!("CREATE TEMP TABLE held AS SELECT {column} AS v FROM {name} WHERE {key} = {row};");
        if column == key {
            let away = if row.starts_with('X') { "x'00'" } else { "-7" };
            sql += &format!("UPDATE {name} SET {key} = {away} WHERE {key} = {row};");
            sql += &format!("UPDATE {name} SET {key} = {row} WHERE {key} = {other};");
            sql += &format!("UPDATE {name} SET {key} = {other} WHERE {key} = {away};");
        } else {
            let away = if column == "prev" { "x'00'" } else { "NULL" };
            let other_value = format!("(SELECT {column} FROM {name} WHERE {key} = {other})");
            sql += &format!("INSERT INTO held SELECT {other_value};");
            if away != "NULL" {
                sql += &format!("UPDATE {name} SET {column} = {away} WHERE {key} = {other};");
            }
            let held = |rowid: u8| format!("(SELECT v FROM held WHERE rowid = {rowid})");
            sql += &format!("UPDATE {name} SET {column} = {} WHERE {key} = {row};", held(2));
            sql += &format!("UPDATE {name} SET {column} = {} WHERE {key} = {other};", held(1));
        }
        Attack { name: format!("{name}.{column} of {row} and {other} swapped"), sql, table: name.clone(), row: None }
    }

    fn duplicate(&self, row: &str) -> Attack {
        let (name, key) = (&self.name, &self.key);
        let value = |(column, kind): &(String, String)| match (column == key, kind.as_str(), column.as_str()) {
            (true, "INTEGER", _) => format!("{key} + 1000000007"),
            (true, _, _) => format!("CAST(substr({key}, 1, length({key}) - 1) || x'5a' AS BLOB)"),
            // The one UNIQUE column beside the keys.
            (false, _, "prev") => "randomblob(32)".to_owned(),
            _ => column.clone(),
        };
        let values: Vec<String> = self.columns.iter().map(value).collect();
        let sql = format!("INSERT INTO {name} SELECT {} FROM {name} WHERE {key} = {row}", values.join(", "));
        Attack { name: format!("{name}: {row} duplicated"), sql, table: name.clone(), row: None }
    }
}

/// What the self-check finds after an attack on a copy of a ledger; nothing if the attack changed nothing.
async fn attack(whole: &Path, victim: &Path, triggers: &[Vec<String>], attack: &Attack) -> Option<Vec<Finding>> {
    copy(whole, victim);
    let on_data = !attack.sql.starts_with("DROP") && !attack.sql.starts_with("CREATE TABLE");
    let mut connection = open(victim).await;
    if on_data {
        for trigger in triggers {
            execute(&mut connection, &format!("DROP TRIGGER {}", trigger[0])).await.unwrap();
        }
    }
    let before: i64 = total_changes(&mut connection).await;
    execute(&mut connection, &attack.sql).await.unwrap_or_else(|error| panic!("{}: {error}", attack.name));
    let changed = total_changes(&mut connection).await - before;
    if on_data {
        for trigger in triggers {
            execute(&mut connection, &trigger[1]).await.unwrap();
        }
    }
    connection.close().await.unwrap();
    let findings =
        fsck(victim, &mut |_, _| ()).await.unwrap_or_else(|error| panic!("{}: {error}", attack.name)).findings;
    fs::remove_dir_all(victim).unwrap();
    (changed > 0 || !on_data).then_some(findings)
}

async fn total_changes(connection: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("SELECT total_changes()").fetch_one(connection).await.unwrap()
}

/// Why what was found is not what was done.
fn complaint(attack: &Attack, findings: &[Finding]) -> Option<String> {
    let [found] = findings else { return Some(format!("{}: {} findings", attack.name, findings.len())) };
    let same_row = attack.row.as_ref().is_none_or(|row| *row == found.row.to_lowercase());
    let named = found.table == attack.table && same_row && found.expected != found.found;
    (!named).then(|| format!("{}: {found:?}", attack.name))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_every_column_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let whole = dir.path().join("whole");
    build(&whole).await;
    let clean = fsck(&whole, &mut |_, _| ()).await.unwrap();
    assert_eq!(clean.findings, [], "what the ledger wrote is what follows from its entries");
    assert!(clean.entries > 300, "there are full tiles and a level above them");
    let mut connection = open(&whole).await;
    let triggers = texts(&mut connection, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").await;
    let mut attacks = Vec::new();
    for table in Table::all(&mut connection).await {
        attacks.extend(table.attacks(&mut connection).await);
    }
    let on_schema = |name: String, sql: String| Attack { name, sql, table: "sqlite_schema".to_owned(), row: None };
    for trigger in &triggers {
        attacks.push(on_schema(format!("trigger {} dropped", trigger[0]), format!("DROP TRIGGER {}", trigger[0])));
    }
    attacks.push(on_schema("a table added".to_owned(), "CREATE TABLE extra (x INTEGER) STRICT".to_owned()));
    attacks.push(on_schema(
        "a column added".to_owned(),
        "DROP TRIGGER entry_is_never_updated; ALTER TABLE entry ADD COLUMN x TEXT".to_owned(),
    ));
    // Changes that leave an entry well-formed: only the hashes tell, and of the last entry only the signed root.
    for index in [1, 100, clean.entries - 1] {
        let sql = format!("UPDATE entry SET entry = replace(entry, '\"time\":1', '\"time\":9') WHERE idx = {index}");
        let name = format!("another time in entry {index}");
        attacks.push(Attack { name, sql, table: "entry".to_owned(), row: Some(index.to_string()) });
    }
    connection.close().await.unwrap();
    let (mut complaints, mut tried) = (Vec::new(), 0);
    let mut running = tokio::task::JoinSet::new();
    let mut attacks = attacks.into_iter().enumerate();
    loop {
        if let Some((number, one)) = attacks.next() {
            let (whole, victim, triggers) = (whole.clone(), dir.path().join(number.to_string()), triggers.clone());
            let runtime = tokio::runtime::Handle::current();
            running.spawn_blocking(move || (runtime.block_on(attack(&whole, &victim, &triggers, &one)), one));
            if running.len() < 4 {
                continue;
            }
        }
        let Some(done) = running.join_next().await else { break };
        if let (Some(findings), one) = done.unwrap() {
            tried += 1;
            complaints.extend(complaint(&one, &findings));
        }
    }
    assert!(tried > 150, "{tried}");
    assert_eq!(complaints, Vec::<String>::new(), "of {tried} attacks these were not found or not named");
}

#[tokio::test]
async fn a_damaged_file_is_a_finding() {
    let dir = tempfile::tempdir().unwrap();
    new_ledger(dir.path()).await.close().await;
    let path = dir.path().join("ledger.db");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[16_384 * 2..end - 16_384].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let report = fsck(dir.path(), &mut |_, _| ()).await.unwrap();
    assert_eq!(report.findings.len(), 1, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_being_written_is_checked_beside_its_writer() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = new_ledger(dir.path()).await;
    let key = publisher(10);
    record(&ledger, enrol("P", &key, 0)).await;
    let writing = async {
        for n in 0..60 {
            record(&ledger, notice("P", &key, &format!("X{n}"), &format!("n{n}"), "text")).await;
        }
    };
    let checking = async {
        for _ in 0..6 {
            let (mut told, mut whole) = (0, 0);
            let report = fsck(dir.path(), &mut |done, of| (told, whole) = (done, of)).await.unwrap();
            assert_eq!(report.findings, []);
            assert_eq!((told, whole), (report.entries, report.entries));
        }
    };
    tokio::join!(writing, checking);
    ledger.close().await;
}
