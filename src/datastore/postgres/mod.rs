//! A connection to a tenant's PostgreSQL: read-only, limited, and stoppable.

mod bind;
mod decode;
mod number;
mod plan;
mod stream;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tokio::time::timeout;

use super::pool::{Fate, Slot};
use super::{Bind, Failure, Statement, Target};
use crate::frame::{Column, Frame};
use plan::Plan;
pub(super) use stream::stream;

/// How many plans a connection remembers; sqlx keeps as many prepared statements.
const PLANS: usize = 100;

pub(super) struct Session {
    connection: PgConnection,
    /// The server's process, to cancel what it does.
    process: i32,
    options: PgConnectOptions,
    limit: Duration,
    plans: HashMap<String, Arc<Plan>>,
    /// How many cursors it has had.
    cursors: u64,
}

/// Why reading stopped.
enum Trouble {
    Sql(sqlx::Error),
    /// The statement may not run, or its values don't fit.
    Refused(String),
    /// The server's answer was not what its own description said.
    Garbled(String),
    /// A plan from before a change of the table.
    Stale,
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Trouble {
        match code(&error).as_deref() {
            // "cached plan must not change result type"
            Some("0A000") if error.to_string().contains("cached plan") => Trouble::Stale,
            _ => Trouble::Sql(error),
        }
    }
}

const SETTINGS: &str = "SELECT pg_backend_pid(), current_database()::text, \
    set_config('default_transaction_read_only', 'on', false), \
    set_config('statement_timeout', $1, false), \
    set_config('lock_timeout', $1, false), \
    set_config('idle_in_transaction_session_timeout', '10000', false), \
    CASE WHEN $2::text IS NULL THEN NULL ELSE set_config('search_path', quote_ident($2), false) END";

impl Session {
    pub(super) async fn open(target: &Target) -> Result<Session, Failure> {
        let options: PgConnectOptions = target.url.parse().map_err(|_| Failure::Refused("the address is no valid URL".into()))?;
        let options = options.application_name("loggia").disable_statement_logging();
        let limit = target.statement_timeout;
        let mut connection = options.connect().await.map_err(|e| away(&e, limit))?;
        // Set by a statement rather than at start-up: a pooler in between refuses unknown start-up settings.
        let row = sqlx::query(SETTINGS)
            .bind(limit.as_millis().to_string())
            .bind(target.schema.as_deref())
            .fetch_one(&mut connection)
            .await
            .map_err(|e| failure(&e, limit))?;
        let database: String = row.try_get(1).map_err(|e| failure(&e, limit))?;
        if let Some(catalog) = target.catalog.as_deref().filter(|c| *c != database) {
            return Err(Failure::Refused(format!("the catalog \"{catalog}\" is not this database, \"{database}\"")));
        }
        let process = row.try_get(0).map_err(|e| failure(&e, limit))?;
        Ok(Session { connection, process, options, limit, plans: HashMap::new(), cursors: 0 })
    }

    pub(super) async fn run(&mut self, statement: &Statement, cap: usize) -> (Result<Frame, Failure>, Fate) {
        match self.read(statement, cap).await {
            Ok(frame) => {
                let fate = if frame.truncated { Fate::Stop } else { Fate::Keep };
                (Ok(frame), fate)
            }
            Err(Trouble::Stale) => (Err(Failure::Unreachable("a table changed under a prepared query".into())), Fate::Close),
            Err(Trouble::Refused(why)) => (Err(Failure::Refused(why)), Fate::Keep),
            Err(Trouble::Garbled(why)) => (Err(Failure::Refused(why)), Fate::Stop),
            Err(Trouble::Sql(error)) => {
                let failure = failure(&error, self.limit);
                let fate = if failure.is_outage() || code(&error).is_none() { Fate::Close } else { Fate::Keep };
                (Err(failure), fate)
            }
        }
    }

    /// Cancels what the server is doing for this session, then closes it. The slot stays taken until that is done.
    pub(super) fn stop(self: Box<Self>, slot: Slot) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            if timeout(Duration::from_secs(5), self.cancel()).await.is_err() {
                tracing::warn!("a tenant's database could not be asked to stop a query; its own time limit will");
            }
            drop(self);
            drop(slot);
        });
    }

    async fn cancel(&self) {
        let Ok(mut control) = self.options.connect().await else { return };
        let cancelled = sqlx::query("SELECT pg_cancel_backend($1)").bind(self.process).execute(&mut control).await;
        if let Err(error) = cancelled {
            tracing::warn!(%error, "a tenant's query could not be cancelled; its own time limit will end it");
        }
        let _ = control.close().await;
    }

    async fn read(&mut self, statement: &Statement, cap: usize) -> Result<Frame, Trouble> {
        let (plan, arguments) = self.plan(statement).await?;
        let query = sqlx::query_with(AssertSqlSafe(plan.sql.clone()), arguments);
        let mut rows = query.fetch(&mut self.connection);
        let mut sinks = plan.sinks();
        let (mut count, mut bytes, mut truncated) = (0, 0, false);
        while let Some(row) = rows.try_next().await? {
            if count == 0 && !plan.describes(&row) {
                return Err(Trouble::Stale);
            }
            if count == cap || bytes > Frame::BYTES {
                truncated = true;
                break;
            }
            count += 1;
            bytes += push(&row, &mut sinks)?;
        }
        let columns = plan.columns.iter().zip(sinks);
        let columns = columns.map(|(c, sink)| Column { name: c.name.clone(), values: sink.values }).collect();
        Ok(Frame { columns, truncated })
    }

    /// The plan of a statement and its values, typed as PostgreSQL infers them, or by their own
    /// types where they don't fit (1.5 against an integer column) or nothing can be inferred (`$1 IS NULL`).
    async fn plan(&mut self, statement: &Statement) -> Result<(Arc<Plan>, PgArguments), Trouble> {
        match self.prepared(&statement.sql, &[]).await {
            Ok(plan) => {
                if let Some(arguments) = bind::inferred(&statement.binds, &plan.parameters) {
                    return Ok((plan, arguments));
                }
            }
            Err(Trouble::Sql(error)) if matches!(code(&error).as_deref(), Some("42P18" | "42P08" | "42725")) => {}
            Err(other) => return Err(other),
        }
        // Prepared statements are remembered by their text; a newline makes this one another.
        let own = format!("{}\n", statement.sql);
        let plan = self.prepared(&own, &statement.binds).await?;
        match bind::own(&statement.binds, plan.parameters.len()) {
            Some(arguments) => Ok((plan, arguments)),
            None => {
                let (wanted, given) = (plan.parameters.len(), statement.binds.len());
                Err(Trouble::Refused(format!("the statement has {wanted} parameters, {given} values were given")))
            }
        }
    }

    async fn prepared(&mut self, sql: &str, binds: &[Bind]) -> Result<Arc<Plan>, Trouble> {
        // The types given take part in the name: null and text would otherwise share a plan.
        let key = format!("{sql}{}", bind::signature(binds));
        if let Some(plan) = self.plans.get(&key) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(Plan::prepare(&mut self.connection, &key, &bind::types(binds)).await?);
        if self.plans.len() >= PLANS {
            self.plans.clear();
        }
        self.plans.insert(key, Arc::clone(&plan));
        Ok(plan)
    }
}

/// Adds a row to its columns and says how many bytes it had.
fn push(row: &PgRow, sinks: &mut [decode::Sink]) -> Result<usize, Trouble> {
    let mut bytes = 0;
    for (i, sink) in sinks.iter_mut().enumerate() {
        let value = row.try_get_raw(i)?;
        // Null has no bytes.
        let value = value.as_bytes().ok();
        bytes += value.map_or(0, <[u8]>::len);
        sink.push(value).ok_or_else(|| Trouble::Garbled(format!("the value in column {} can't be read", i + 1)))?;
    }
    Ok(bytes)
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

/// Whatever keeps a connection from opening is an outage, except a full house.
fn away(error: &sqlx::Error, limit: Duration) -> Failure {
    match failure(error, limit) {
        Failure::Busy => Failure::Busy,
        _ => Failure::Unreachable(error.to_string()),
    }
}

fn failure(error: &sqlx::Error, limit: Duration) -> Failure {
    let Some(database) = error.as_database_error() else {
        return match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Failure::Unreachable(error.to_string()),
            _ => Failure::Refused(error.to_string()),
        };
    };
    let text = database.message().to_owned();
    match database.code().as_deref() {
        // Cancelled by its time limit, or waiting for a lock as long.
        Some("57014" | "55P03") => Failure::TimedOut(limit),
        Some("53300") => Failure::Busy,
        Some("3D000") => Failure::Unreachable(text),
        Some(code) if code.starts_with("57P") || code.starts_with("08") || code.starts_with("28") => Failure::Unreachable(text),
        _ => Failure::Refused(text),
    }
}
