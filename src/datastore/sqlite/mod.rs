//! A connection to a SQLite file: read-only, with a brake on what runs too long.

mod decode;
mod stream;

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection};
use sqlx::{Arguments, AssertSqlSafe, Column, ConnectOptions, Executor, SqlSafeStr, Statement as _, TypeInfo};

use super::pool::Fate;
use super::{Bind, Failure, Statement, Target};
use crate::frame::{self, Frame};
pub(super) use stream::{Stopper, stream};

/// How many steps of SQLite's machine lie between two looks at the brake; well under a millisecond.
const STEPS: i32 = 2000;

/// What a connection keeps of its file: 512 KiB instead of 2 MB. There is a connection for every question asked at once, the
/// system has the pages anyway, and reading them from there costs a page of the demo 5 % at most.
const CACHE: &str = "-512";

pub(super) struct Session {
    connection: SqliteConnection,
    brake: Arc<Brake>,
    limit: Duration,
    path: PathBuf,
    /// Which file lay there when it was opened.
    file: Inode,
}

/// A file itself, whatever its name: its device and number.
type Inode = (u64, u64);

/// Stops a running statement, at its deadline or at once.
#[derive(Debug, Default)]
struct Brake(Mutex<Hold>);

#[derive(Debug, Default)]
struct Hold {
    deadline: Option<Instant>,
    /// Whether what runs now is to stop.
    pulled: Arc<AtomicBool>,
}

impl Brake {
    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_go_on(&self) -> bool {
        let hold = self.hold();
        !hold.pulled.load(Ordering::Relaxed) && hold.deadline.is_none_or(|d| Instant::now() < d)
    }

    fn set(&self, deadline: Option<Instant>) {
        self.hold().deadline = deadline;
    }

    /// A rope for what runs next: those of what ran before pull nothing any more.
    fn anew(&self) -> Arc<AtomicBool> {
        let rope = Arc::<AtomicBool>::default();
        self.hold().pulled = Arc::clone(&rope);
        rope
    }
}

impl Session {
    pub(super) async fn open(target: &Target) -> Result<Session, Failure> {
        let file = target.file();
        let inode = inode(file).await.ok_or_else(|| gone(file))?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(target.statement_timeout.min(Duration::from_secs(2)))
            .pragma("query_only", "on")
            .pragma("cache_size", CACHE)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(|e| failure(&e, target.statement_timeout))?;
        let brake = Arc::new(Brake::default());
        let watched = Arc::clone(&brake);
        let mut handle = connection.lock_handle().await.map_err(|e| failure(&e, target.statement_timeout))?;
        handle.set_progress_handler(STEPS, move || watched.may_go_on());
        drop(handle);
        Ok(Session { connection, brake, limit: target.statement_timeout, path: file.to_owned(), file: inode })
    }

    /// One statement; SQLite ends it itself when reading stops, so the session can always be kept.
    pub(super) async fn run(&mut self, statement: &Statement, cap: usize) -> (Result<Frame, Failure>, Fate) {
        if inode(&self.path).await != Some(self.file) {
            // Replaced by another file of its name, or gone: what is still open here is the past.
            return (Err(gone(&self.path)), Fate::Close);
        }
        self.brake.set(Some(Instant::now() + self.limit));
        let answer = self.read(statement, cap).await;
        self.brake.set(None);
        match answer {
            Ok(frame) => (Ok(frame), Fate::Keep),
            Err(error) => {
                let failure = failure(&error, self.limit);
                let fate = if failure.is_outage() { Fate::Close } else { Fate::Keep };
                (Err(failure), fate)
            }
        }
    }

    /// Ends the running statement; the connection closes when its thread has seen that.
    pub(super) fn stop(self) {
        self.brake.hold().pulled.store(true, Ordering::Relaxed);
    }

    async fn read(&mut self, statement: &Statement, cap: usize) -> Result<Frame, sqlx::Error> {
        let prepared = (&mut self.connection).prepare(AssertSqlSafe(statement.sql.clone()).into_sql_str()).await?;
        if prepared.columns().is_empty() {
            return Err(sqlx::Error::Encode("only a query that answers with columns may run".into()));
        }
        let mut sinks: Vec<_> = prepared.columns().iter().map(|c| decode::Sink::new(c.type_info().name())).collect();
        let mut rows = prepared.query_with(arguments(&statement.binds)?).fetch(&mut self.connection);
        let (mut count, mut bytes, mut truncated) = (0, 0, false);
        while let Some(row) = rows.try_next().await? {
            if count == cap || bytes > frame::Frame::BYTES {
                truncated = true;
                break;
            }
            count += 1;
            for (i, sink) in sinks.iter_mut().enumerate() {
                bytes += sink.push(&row, i)?;
            }
        }
        drop(rows);
        let names = prepared.columns().iter().map(|c| c.name().into());
        let columns = names.zip(sinks).map(|(name, sink)| frame::Column { name, values: sink.finish() }).collect();
        Ok(Frame { columns, truncated })
    }
}

async fn inode(path: &Path) -> Option<Inode> {
    use std::os::unix::fs::MetadataExt;
    tokio::fs::metadata(path).await.ok().filter(Metadata::is_file).map(|m| (m.dev(), m.ino()))
}

fn gone(path: &Path) -> Failure {
    Failure::Unreachable(format!("there is no file {}", path.display()))
}

fn arguments(binds: &[Bind]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for bind in binds {
        match bind {
            Bind::Null => arguments.add(None::<i64>),
            Bind::Bool(b) => arguments.add(*b),
            Bind::Int(i) => arguments.add(*i),
            Bind::Float(f) => arguments.add(*f),
            Bind::Text(t) => arguments.add(t.clone()),
            Bind::Instant(t) => arguments.add(t.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
            Bind::Local(t) => arguments.add(t.format("%Y-%m-%d %H:%M:%S%.f").to_string()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn failure(error: &sqlx::Error, limit: Duration) -> Failure {
    let sqlx::Error::Database(database) = error else {
        return match error {
            sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Failure::Unreachable(error.to_string()),
            _ => Failure::Refused(error.to_string()),
        };
    };
    // Extended codes hold the primary one in their low byte.
    match database.code().and_then(|c| c.parse::<i32>().ok()).map(|c| c & 0xff) {
        Some(9) => Failure::TimedOut(limit),
        Some(5 | 6) => Failure::Busy,
        Some(10 | 11 | 14 | 23 | 26) => Failure::Unreachable(database.message().to_owned()),
        _ => Failure::Refused(database.message().to_owned()),
    }
}
