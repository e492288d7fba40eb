//! `loggia audit …`: whether the record is whole, and taking its old part out to a file.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};

use super::command::Audit;
use crate::central::Central;
use crate::central::audit::{self, Head};
use crate::domain::{Clock, CorrelationId};
use crate::identity;
use crate::settings::Settings;

/// Carries out the command; false when the record is not whole.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn run(settings: &Settings, asked: Audit) -> Result<(String, bool), String> {
    match asked {
        Audit::Verify { seen, archive } => verify(settings, seen.as_deref(), archive.as_deref()).await,
        Audit::Archive { before, to } => archive(settings, &before, to).await.map(|told| (told, true)),
    }
}

async fn verify(settings: &Settings, seen: Option<&str>, file: Option<&Path>) -> Result<(String, bool), String> {
    let seen = seen.map(head).transpose()?;
    let central = connect(settings.database_url.reveal()).await?;
    let verdict = audit::verify(&central).await.map_err(|e| e.to_string())?;
    if let Some(broken) = verdict.broken {
        return Ok((format!("The audit is broken at row {}: {}.", broken.id, broken.why), false));
    }
    if let Some(seen) = &seen
        && let Some(told) = missed(&central, seen, verdict.archived.as_ref()).await?
    {
        return Ok((told, false));
    }
    let mut told = format!("{} rows, chained without a break.", verdict.rows);
    if let Some(archived) = &verdict.archived {
        told.push_str(&format!(
            "\nThe rows up to {} were archived; the last of them is {}:{}",
            archived.id, archived.id, archived.hash
        ));
    }
    if let Some(path) = file {
        let last = check_file(path)?;
        told.push_str(&format!("\n{} is whole; its last row is {}:{}", path.display(), last.id, last.hash));
        let fits = verdict.archived.as_ref() == Some(&last) || hash_at(&central, last.id).await?.as_deref() == Some(&last.hash);
        if !fits && verdict.archived.as_ref().is_some_and(|archived| archived.id <= last.id) {
            return Ok((
                format!("{told}\nIt is no archive of this database: the chain does not go on from its last row."),
                false,
            ));
        }
    }
    if let Some(head) = verdict.head {
        told.push_str(&format!(
            "\nThe last row is {}:{}\nKeep that elsewhere: `loggia audit verify --seen {}:{}` later tells whether rows were cut off the end.",
            head.id, head.hash, head.id, head.hash
        ));
    }
    Ok((told, true))
}

/// What was seen once and is not there any more.
async fn missed(central: &Central, seen: &Head, archived: Option<&Head>) -> Result<Option<String>, String> {
    if archived.is_some_and(|archived| seen.id < archived.id || seen == archived) {
        return Ok(None);
    }
    Ok(match hash_at(central, seen.id).await? {
        Some(hash) if hash == seen.hash => None,
        Some(_) => Some(format!("Row {} is another one than the one that was seen: the record was written anew.", seen.id)),
        None => Some(format!("Row {} was seen once and is gone: rows were cut off the end.", seen.id)),
    })
}

async fn hash_at(central: &Central, id: i64) -> Result<Option<String>, String> {
    audit::hash_at(central, id).await.map_err(|e| e.to_string())
}

fn check_file(path: &Path) -> Result<Head, String> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    audit::check_archive(BufReader::new(file)).map_err(|fault| format!("{}: {fault}", path.display()))
}

async fn archive(settings: &Settings, before: &str, to: Option<PathBuf>) -> Result<String, String> {
    let before = moment(before)?;
    let path = to.unwrap_or_else(|| PathBuf::from(format!("audit-before-{}.ndjson", before.format("%Y-%m-%d"))));
    // The role that serves can only add; the owner's is the one that may take out.
    let owner = settings.migrate_database_url.as_ref().unwrap_or(&settings.database_url);
    let central = connect(owner.reveal()).await?;
    let told = |e: std::io::Error| format!("{} cannot be written: {e}", path.display());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(told)?;
    let actor = identity::console(CorrelationId::new());
    let finish = |file: BufWriter<File>| file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all();
    let name = path.display().to_string();
    let done = audit::archive(&central, &actor, before, &name, BufWriter::new(file), finish).await;
    match done {
        Ok(Some(archived)) => Ok(format!(
            "{} rows, up to row {}, are in {name} and no longer in the database. Its SHA-256 is {}; the audit notes it.",
            archived.rows, archived.last.id, archived.sha256
        )),
        Ok(None) => {
            remove(&path);
            Ok(format!("No row is from before {}: nothing was archived.", before.format("%Y-%m-%d %H:%M UTC")))
        }
        // Whether the database did it is not known for certain: then the file is all there is of the rows.
        Err(fault @ audit::NotArchived::Central(_)) => Err(format!(
            "{fault}; {name} is kept, look with `loggia audit verify --archive {name}`. The role must own the audit: set \
             LOGGIA_MIGRATE_DATABASE_URL to the owner's address"
        )),
        Err(fault) => {
            remove(&path);
            Err(fault.to_string())
        }
    }
}

/// A file that holds nothing, or what is still in the database.
fn remove(path: &Path) {
    if let Err(fault) = std::fs::remove_file(path) {
        tracing::warn!(%fault, "the unfinished archive could not be removed");
    }
}

async fn connect(url: &str) -> Result<Central, String> {
    Central::connect(url, Clock::system()).await.map_err(|e| format!("the central database: {e}"))
}

/// `2026-01-31` (its first moment, UTC) or a moment as RFC 3339.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let moment = DateTime::parse_from_rfc3339(text)
        .map_err(|_| format!("“{text}” is not a day like 2026-01-31 nor a moment like 2026-01-31T12:00:00Z"))?;
    Ok(moment.with_timezone(&Utc))
}

fn head(text: &str) -> Result<Head, String> {
    let wrong = || format!("“{text}” is not a row as `loggia audit verify` prints it: NUMBER:HASH");
    let (id, hash) = text.split_once(':').ok_or_else(wrong)?;
    let hash_is_one = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    Ok(Head { id: id.parse().ok().filter(|_| hash_is_one).ok_or_else(wrong)?, hash: hash.to_lowercase() })
}
