//! The commands that change the central database from the server's own console.

use std::io::{IsTerminal, Read, Write};

use super::build;
use super::command::User;
use crate::central;
use crate::config::Catalog;
use crate::domain::{Clock, CorrelationId, Email, Role, Slug};
use crate::identity;
use crate::settings::Settings;
use crate::tenancy::TenantDeclaration;

/// `loggia migrate`: the central database to the current version, and what was done.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn migrate(settings: &Settings) -> Result<String, String> {
    std::fs::create_dir_all(&settings.data_dir).map_err(|e| format!("{}: {e}", settings.data_dir.display()))?;
    let owner = settings.migrate_database_url.as_ref().unwrap_or(&settings.database_url);
    let applied = central::migrate::run(owner.reveal()).await.map_err(|e| format!("the central database: {e}"))?;
    Ok(if applied.is_empty() { "The central database is at the current version.".to_owned() } else { applied.iter().map(|name| format!("applied {name}\n")).collect() })
}
