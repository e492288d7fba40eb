//! `loggia tenant …`: what is done about a tenant from the server's own console.

use std::sync::Arc;

use super::build;
use super::command::Tenant;
use super::doctor;
use crate::apps::{self, Client, Preflight, Verdict};
use crate::central::Central;
use crate::central::audit::Queue;
use crate::config::Catalog;
use crate::domain::{Clock, CorrelationId, Rollout};
use crate::identity::{self, Cost, Identities, SessionRules, TokenRules};
use crate::settings::Settings;
use crate::tenancy::tenants::{Record, TenantEdit};
use crate::tenancy::{Refused, Step, Tenancy};

/// What the commands about one tenant stand on: who signs tokens, which apps there are, and the way to them.
pub(super) struct Desk {
    pub(super) tenancy: Tenancy,
    identities: Identities,
    catalog: Arc<Catalog>,
    client: Client,
}

impl Desk {
    /// Everything but the server.
    ///
    /// # Errors
    /// What is missing, for the operator.
    pub(super) async fn open(settings: &Settings, central: &Central) -> Result<Desk, String> {
        let key = super::key::settle(settings, central).await?;
        let sealer = build::sealer(&Settings { secret_key: Some(key), ..settings.clone() })?;
        let audit = Queue::start(central);
        let tokens = TokenRules { issuer: settings.issuer(), token: settings.token, keys: settings.keys.clone() };
        let folder = build::tenants_dir(settings)?;
        let catalog = tokio::task::spawn_blocking(move || Catalog::load(&folder, None)).await.map_err(|e| e.to_string())?;
        Ok(Desk {
            tenancy: Tenancy::new(central, &audit, build::house(settings, &sealer)?),
            identities: Identities::with_tokens(central, &audit, SessionRules::default(), Cost::default(), &sealer, tokens),
            catalog: Arc::new(catalog),
            client: apps::client()?,
        })
    }

    /// Whether this tenant has an app.
    pub(super) fn has_apps(&self, record: &Record) -> bool {
        !self.catalog.apps_of(&record.tenant.slug, &record.tenant.config.shown()).is_empty()
    }

    pub(super) fn preflight<'a>(&'a self, settings: &'a Settings) -> Preflight<'a> {
        Preflight {
            client: &self.client,
            tenancy: &self.tenancy,
            identities: &self.identities,
            catalog: self.catalog.clone(),
            settings,
        }
    }
}

/// Runs one of them; false when what was asked for was not done, and why stands in what is told.
///
/// # Errors
/// What is wrong and what to do about it.
pub(super) async fn run(settings: &Settings, asked: Tenant) -> Result<(String, bool), String> {
    let Tenant::Rollout { slug, to } = asked;
    let to = to.map(|word| word.parse::<Rollout>()).transpose()?;
    let central = build::central(settings, Clock::system()).await?;
    let tenancy = Tenancy::new(&central, &Queue::start(&central), build::house(settings, &build::sealer(settings)?)?);
    let record = tenancy.record(&slug).await.map_err(|refused| told(&slug, &refused))?;
    let from = record.tenant.rollout;
    let Some(to) = to else { return Ok((from.to_string(), true)) };
    if from == to {
        return Ok((format!("{slug} is on {to} already."), true));
    }
    let verdict = match Step::plain(from, to) {
        // the way back needs no key, no file and no app
        Some(step) => Verdict::Go(step, Vec::new()),
        None => {
            let desk = Desk::open(settings, &central).await?;
            desk.preflight(settings).step(&record, to).await.map_err(|e| e.to_string())?
        }
    };
    match verdict {
        Verdict::Stay(findings) => {
            Ok((format!("{}{slug} stays on {from}: see to what is bad first.", doctor::told(&findings)), false))
        }
        Verdict::Go(step, findings) => {
            let edit = TenantEdit { rollout: Some(step), ..TenantEdit::default() };
            let done = tenancy.edit(&identity::console(CorrelationId::new()), &slug, &edit).await;
            done.map_err(|refused| told(&slug, &refused))?;
            let text = format!("{slug}: {from} → {to}. Pages that are open stay as they are until they are loaded anew.");
            Ok((format!("{}{text}", doctor::told(&findings)), true))
        }
    }
}

fn told(slug: &str, refused: &Refused) -> String {
    match refused {
        Refused::NotFound(_) => {
            format!("there is no tenant {slug} in the central database (`loggia apply` brings the folders in)")
        }
        other => other.sentence().unwrap_or_else(|| other.to_string()),
    }
}
