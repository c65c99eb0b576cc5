//! Rows as they stand, for the self-check: no meaning, every column.

use std::collections::BTreeMap;
use std::fmt;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, TypeInfo as _, ValueRef as _,
};

use super::{Snapshot, StoreError, disclosure_id, index_of, row_id};

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// A row, its key first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<Cell>);

/// The most bytes or characters of a value that are shown.
const SHOWN: usize = 48;

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", text.chars().take(200).collect::<String>()),
            Self::Blob(bytes) => {
                let shown = &bytes[..bytes.len().min(SHOWN)];
                let more = if bytes.len() > SHOWN { format!("… {} bytes", bytes.len()) } else { String::new() };
                write!(f, "x'{}'{more}", crate::hex(shown))
            }
        }
    }
}

impl Cell {
    /// Two values that differ, from where they differ on if they are long.
    pub(crate) fn difference(expected: &Self, found: &Self) -> (String, String) {
        let (Self::Blob(one), Self::Blob(other)) = (expected, found) else {
            return (expected.to_string(), found.to_string());
        };
        if one.len().max(other.len()) <= SHOWN {
            return (expected.to_string(), found.to_string());
        }
        let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        let from = |bytes: &[u8]| {
            let shown = crate::hex(&bytes[same..bytes.len().min(same + SHOWN)]);
            format!("x'{shown}' at byte {same} of {}", bytes.len())
        };
        (from(one), from(other))
    }
}

/// `sqlite_schema`: name and text of every table, index and trigger but sqlx's and SQLite's own.
pub(crate) type Schema = BTreeMap<String, String>;

/// The schema of a database made just now.
pub(crate) async fn fresh_schema() -> Result<Schema, StoreError> {
    let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await?;
    sqlx::migrate!("../migrations").run(&mut connection).await?;
    let schema = read_schema(&mut connection).await?;
    connection.close().await?;
    Ok(schema)
}

async fn read_schema(connection: &mut SqliteConnection) -> Result<Schema, StoreError> {
    let query = "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema \
                 WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '_sqlx_migrations'";
    let rows = sqlx::query(query).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

impl Snapshot {
    /// See [`Schema`].
    pub(crate) async fn schema(&mut self) -> Result<Schema, StoreError> {
        read_schema(self.connection()).await
    }

    /// What SQLite says of its own file: `ok`, or what is wrong.
    pub(crate) async fn integrity(&mut self) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(self.connection()).await?)
    }

    /// How many rows a table has.
    pub(crate) async fn rows_of(&mut self, table: &'static str) -> Result<u64, StoreError> {
        let query = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(query).fetch_one(self.connection()).await?;
        Ok(index_of(rows))
    }

    /// The rows of `entry` from `first` to before `end`: index, index of the subject's previous entry, entry.
    pub(crate) async fn entry_rows(
        &mut self,
        first: u64,
        end: u64,
    ) -> Result<Vec<(u64, Option<u64>, Vec<u8>)>, StoreError> {
        let query = sqlx::query("SELECT idx, prev_idx, entry FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx");
        let rows = query.bind(row_id(first)).bind(row_id(end)).fetch_all(self.connection()).await?;
        let read = |row: &SqliteRow| {
            let prev: Option<i64> = row.try_get(1)?;
            Ok((index_of(row.try_get(0)?), prev.map(index_of), row.try_get(2)?))
        };
        rows.iter().map(read).collect()
    }

    /// The rows of `disclosure` beside the entries from `first` to before `end`; bytes that are no text are replaced.
    pub(crate) async fn disclosure_rows(&mut self, first: u64, end: u64) -> Result<Vec<(i64, String)>, StoreError> {
        let query = sqlx::query("SELECT id, disclosure FROM disclosure WHERE id >= ? AND id < ? ORDER BY id");
        let query = query.bind(disclosure_id(first, 0)).bind(disclosure_id(end, 0));
        let rows = query.fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, text(row, 1)?))).collect()
    }

    /// The first row of `disclosure` beside no entry of a ledger of this size.
    pub(crate) async fn disclosure_beyond(&mut self, size: u64) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar("SELECT min(id) FROM disclosure WHERE id >= ?").bind(disclosure_id(size, 0));
        Ok(query.fetch_one(self.connection()).await?)
    }

    /// The first row of `checkpoint` above a size: size, `prev` and `note`; bytes that are no text are replaced.
    pub(crate) async fn checkpoint_row(&mut self, above: u64) -> Result<Option<(u64, Vec<u8>, String)>, StoreError> {
        let query = sqlx::query("SELECT size, prev, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1");
        let row = query.bind(row_id(above)).fetch_optional(self.connection()).await?;
        row.map(|row| Ok((index_of(row.try_get(0)?), row.try_get(1)?, text(&row, 2)?))).transpose()
    }

    /// The rows of a table after a key, at most `limit`, in the order of their keys, which is the first column.
    pub(crate) async fn table_rows(
        &mut self,
        table: &'static str,
        columns: &[&'static str],
        after: Option<&Cell>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let (key, all) = (columns[0], columns.join(", "));
        let bound = if after.is_some() { format!("WHERE {key} > ?") } else { String::new() };
        let text = format!("SELECT {all} FROM {table} {bound} ORDER BY {key} LIMIT {limit}");
        let mut query = sqlx::query(AssertSqlSafe(text));
        query = match after {
            Some(Cell::Integer(key)) => query.bind(*key),
            Some(Cell::Blob(key)) => query.bind(key.clone()),
            Some(Cell::Text(key)) => query.bind(key.clone()),
            Some(Cell::Null) | None => query,
        };
        let rows = query.fetch_all(self.connection()).await?;
        rows.iter().map(|row| read_row(row, columns.len())).collect()
    }
}

fn text(row: &SqliteRow, column: usize) -> Result<String, StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn read_row(row: &SqliteRow, columns: usize) -> Result<Row, StoreError> {
    let mut cells = Vec::with_capacity(columns);
    for column in 0..columns {
        let value = row.try_get_raw(column)?;
        let kind = value.type_info();
        cells.push(match (value.is_null(), kind.name()) {
            (true, _) => Cell::Null,
            (_, "INTEGER") => Cell::Integer(row.try_get(column)?),
            (_, "TEXT") => Cell::Text(text(row, column)?),
            _ => Cell::Blob(row.try_get_unchecked(column)?),
        });
    }
    Ok(Row(cells))
}
