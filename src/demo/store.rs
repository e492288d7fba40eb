//! One demo database: made whole or not at all, written in one transaction at a time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteExecutor};

use super::Error;

/// Raised whenever the tables change; a file of another version is made anew.
const VERSION: &str = "1";

/// Rows that are handed to SQLite at once.
const CHUNK: usize = 2_000;

/// A database inside a transaction.
pub(super) struct Writer {
    connection: SqliteConnection,
    path: PathBuf,
}

/// A value of a row, as JSON.
pub(super) type Value = serde_json::Value;

/// Opens the file, and makes it with `fill` unless it exists in this version.
pub(super) async fn make(path: &Path, fill: impl AsyncFnOnce(&mut Writer) -> Result<(), Error>) -> Result<Writer, Error> {
    if path.exists() {
        let mut db = Writer::open(path).await?;
        let version = db.remembered("version").await.ok().flatten();
        if version.as_deref() == Some(VERSION) {
            return Ok(db);
        }
        db.close().await?;
        remove(path)?;
    }
    let mut db = Writer::open(path).await?;
    let filled = async |db: &mut Writer| {
        db.run("CREATE TABLE loggia_demo (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID").await?;
        fill(db).await?;
        db.remember("version", VERSION).await
    };
    db.change(filled).await?;
    db.run("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    // What filling it took (pages, and the heap of its thread) goes with the connection.
    db.close().await?;
    Writer::open(path).await
}

fn remove(path: &Path) -> Result<(), Error> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(Error::File { path: name.into(), cause }),
            _ => {}
        }
    }
    Ok(())
}

impl Writer {
    /// Writes with `work` in one transaction.
    pub(super) async fn change(&mut self, work: impl AsyncFnOnce(&mut Writer) -> Result<(), Error>) -> Result<(), Error> {
        self.run("BEGIN IMMEDIATE").await?;
        let done = work(self).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        done.and(self.run(end).await)
    }

    async fn open(path: &Path) -> Result<Writer, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10))
            .disable_statement_logging();
        let opened = options.connect().await;
        let connection = opened.map_err(|cause| Error::Database { path: path.to_owned(), cause })?;
        Ok(Writer { connection, path: path.to_owned() })
    }

    async fn close(self) -> Result<(), Error> {
        let Writer { connection, path } = self;
        connection.close().await.map_err(|cause| Error::Database { path, cause })
    }

    fn fault(&self) -> impl FnOnce(sqlx::Error) -> Error + use<> {
        let path = self.path.clone();
        move |cause| Error::Database { path, cause }
    }

    /// The connection, for questions.
    pub(super) fn ask(&mut self) -> impl SqliteExecutor<'_> {
        &mut self.connection
    }

    /// Runs statements without values.
    pub(super) async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        let fault = self.fault();
        sqlx::raw_sql(sql).execute(&mut self.connection).await.map(drop).map_err(fault)
    }

    /// Runs one statement with text values `?1`, `?2`, …; tells how many rows it changed.
    pub(super) async fn run_with(&mut self, sql: &'static str, values: &[&str]) -> Result<u64, Error> {
        let fault = self.fault();
        let query = values.iter().fold(sqlx::query(sql), |query, value| query.bind(*value));
        query.execute(&mut self.connection).await.map(|done| done.rows_affected()).map_err(fault)
    }

    /// Tells a question's fault as one of this file.
    pub(super) fn told<T>(&self, asked: Result<T, sqlx::Error>) -> Result<T, Error> {
        asked.map_err(self.fault())
    }

    /// Inserts rows into `table`, many at once: SQLite takes them apart itself, which costs a fraction of a statement for each.
    pub(super) async fn insert(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: impl Iterator<Item = Result<Vec<Value>, Error>>,
    ) -> Result<(), Error> {
        let picks: Vec<String> = (0..columns.len()).map(|i| format!("value ->> {i}")).collect();
        let sql = format!("INSERT INTO {table} ({}) SELECT {} FROM json_each(?1)", columns.join(", "), picks.join(", "));
        let mut chunk = Vec::with_capacity(CHUNK);
        for row in rows {
            chunk.push(Value::Array(row?));
            if chunk.len() == CHUNK {
                self.insert_chunk(&sql, &mut chunk).await?;
            }
        }
        self.insert_chunk(&sql, &mut chunk).await
    }

    async fn insert_chunk(&mut self, sql: &str, chunk: &mut Vec<Value>) -> Result<(), Error> {
        let json = Value::Array(std::mem::take(chunk)).to_string();
        let fault = self.fault();
        let query = sqlx::query(AssertSqlSafe(sql.to_owned())).bind(json);
        query.execute(&mut self.connection).await.map(drop).map_err(fault)
    }

    /// Remembers `value` under `name` in this file.
    pub(super) async fn remember(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let sql = "INSERT INTO loggia_demo VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.run_with(sql, &[name, value]).await.map(drop)
    }

    /// What was remembered under `name`.
    pub(super) async fn remembered(&mut self, name: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT value FROM loggia_demo WHERE name = ?1";
        let found = sqlx::query_scalar(sql).bind(name).fetch_optional(&mut self.connection).await;
        found.map_err(self.fault())
    }

    /// The instant remembered under `name`, or `otherwise`.
    pub(super) async fn instant(&mut self, name: &str, otherwise: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
        Ok(self.remembered(name).await?.and_then(|text| instant(&text)).unwrap_or(otherwise))
    }
}

/// How the demo writes an instant: `2026-11-21 14:05:07`, UTC.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads what [`stamp`] wrote.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(|at| at.and_utc())
}
