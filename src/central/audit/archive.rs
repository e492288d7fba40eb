use std::io::{BufRead, Write};

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::entity::audit_log::{Column, Entity, Model};
use super::super::{Central, Error};
use super::chain::hash_of;
use super::verify::walk;
use super::{About, Action, Broken, Entry, Head};
use crate::domain::Actor;

/// What was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// How many rows.
    pub rows: u64,
    /// The last of them.
    pub last: Head,
    /// The SHA-256 of the file, in hex; the checkpoint row names it too.
    pub sha256: String,
}

/// Why nothing was taken out.
#[derive(Debug, thiserror::Error)]
pub enum NotArchived {
    /// A broken chain is evidence: it is kept as it is.
    #[error("the chain is broken at row {}: {}; nothing was archived", .0.id, .0.why)]
    Broken(Broken),
    /// The file could not be written.
    #[error("the archive cannot be written: {0}")]
    File(#[from] std::io::Error),
    /// The database did not do it.
    #[error(transparent)]
    Central(#[from] Error),
}

impl From<sea_orm::DbErr> for NotArchived {
    fn from(cause: sea_orm::DbErr) -> NotArchived {
        NotArchived::Central(cause.into())
    }
}

/// Writes the rows from before `before` to `file`, one a line, then takes them out of the database and leaves a checkpoint:
/// a row that says which rows went and what their last hash was. All or nothing; `None` when no row is that old.
/// `finish` is called between writing and taking out: there the file is made to last.
///
/// # Errors
/// See [`NotArchived`]. The role must own the table: the database refuses everybody else.
pub async fn archive<F: Write>(
    central: &Central,
    actor: &Actor,
    before: DateTime<Utc>,
    name: &str,
    mut file: F,
    finish: impl FnOnce(F) -> std::io::Result<()>,
) -> Result<Option<Archived>, NotArchived> {
    let mut writing = central.write_alone().await?;
    if let Some(broken) = walk(writing.tx()).await?.broken {
        return Err(NotArchived::Broken(broken));
    }
    let Some(through) = last_before(writing.tx(), before).await? else { return Ok(None) };
    let archived = write(writing.tx(), through, &mut file).await?;
    finish(file)?;
    let about = About::target(format!("through row {}", archived.last.id))
        .with("through", archived.last.id)
        .with("hash", archived.last.hash.as_str())
        .with("rows", archived.rows)
        .with("file", name)
        .with("sha256", archived.sha256.as_str());
    // first the checkpoint, so that it hangs on the chain as it is; then the rows
    writing.add(&[Entry::new(actor, central.clock().now(), Action::ArchiveAudit, about)]).await?;
    take_out(writing.tx(), through, central.is_sqlite()).await?;
    writing.commit(Vec::new()).await?;
    Ok(Some(archived))
}

/// The last row of those at the chain's beginning that are older than `before`.
async fn last_before(tx: &DatabaseTransaction, before: DateTime<Utc>) -> Result<Option<i64>, Error> {
    let younger = Entity::find().filter(Column::At.gte(before)).order_by_asc(Column::Id).one(tx).await?;
    let mut older = Entity::find().order_by_desc(Column::Id);
    if let Some(younger) = younger {
        older = older.filter(Column::Id.lt(younger.id));
    }
    Ok(older.one(tx).await?.map(|row| row.id))
}

async fn write(tx: &DatabaseTransaction, through: i64, file: &mut impl Write) -> Result<Archived, NotArchived> {
    let (mut rows, mut digest, mut last) = (0, Sha256::new(), Head { id: i64::MIN, hash: String::new() });
    loop {
        let batch = Entity::find()
            .filter(Column::Id.gt(last.id))
            .filter(Column::Id.lte(through))
            .order_by_asc(Column::Id)
            .limit(1_000)
            .all(tx)
            .await?;
        let Some(end) = batch.last() else { break };
        last = Head { id: end.id, hash: end.hash.clone() };
        rows += batch.len() as u64;
        for row in &batch {
            let line = line(row);
            digest.update(line.as_bytes());
            file.write_all(line.as_bytes())?;
        }
    }
    file.flush()?;
    Ok(Archived { rows, last, sha256: hex::encode(digest.finalize()) })
}

/// The triggers refuse to take a row out, so they are lifted inside the transaction and are back before it ends.
async fn take_out(tx: &DatabaseTransaction, through: i64, sqlite: bool) -> Result<(), Error> {
    let delete = format!("DELETE FROM audit_logs WHERE id <= {through};");
    let all = if sqlite {
        format!("DROP TRIGGER audit_logs_no_delete; {delete} {SQLITE_FENCE}")
    } else {
        format!(
            "ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_no_change; {delete} ALTER TABLE audit_logs ENABLE TRIGGER audit_logs_no_change;"
        )
    };
    tx.execute_unprepared(&all).await?;
    Ok(())
}

/// As the migration made it.
const SQLITE_FENCE: &str = "CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs
BEGIN
    SELECT RAISE(ABORT, 'audit_logs is append-only');
END;";

const HASH: &str = "{\"hash\":\"";
const PREV: &str = "\",\"prev_hash\":\"";
const ROW: &str = "\",\"row\":";

/// A row as a line of JSON. What was hashed stands in it letter by letter.
fn line(row: &Model) -> String {
    format!("{HASH}{}{PREV}{}{ROW}{}}}\n", row.hash, row.prev_hash, row.canonical)
}

/// Reads an archive again and tells its last row, or the first line that does not fit.
///
/// # Errors
/// Which line, and what is wrong with it.
pub fn check_archive(file: impl BufRead) -> Result<Head, String> {
    let mut last: Option<Head> = None;
    for (index, line) in file.lines().enumerate() {
        let told = |why: &str| format!("line {}: {why}", index + 1);
        let line = line.map_err(|e| told(&e.to_string()))?;
        let (hash, prev, row) = taken_apart(&line).ok_or_else(|| told("it is no row of an audit archive"))?;
        let parsed: Value = serde_json::from_str(row).map_err(|_| told("its row is no JSON"))?;
        let id = parsed["id"].as_i64().ok_or_else(|| told("its row has no number"))?;
        if hash_of(prev, row) != hash {
            return Err(told("its hash does not match its text"));
        }
        if last.as_ref().is_some_and(|last| last.id + 1 != id || last.hash != prev) {
            return Err(told("it is not chained to the line before it"));
        }
        last = Some(Head { id, hash: hash.to_owned() });
    }
    last.ok_or_else(|| "it is empty".to_owned())
}

fn taken_apart(line: &str) -> Option<(&str, &str, &str)> {
    let rest = line.strip_prefix(HASH)?;
    let (hash, rest) = rest.split_once(PREV)?;
    let (prev, rest) = rest.split_once(ROW)?;
    Some((hash, prev, rest.strip_suffix('}')?))
}
