//! The parts, built in their order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::serve::until;
use crate::central::{self, Central};
use crate::config::{Catalog, Live};
use crate::demo;
use crate::domain::{Clock, CorrelationId};
use crate::identity::{self, Identities, SessionRules};
use crate::observe::Metrics;
use crate::query::Cache;
use crate::settings::Settings;
use crate::tenancy::{Rules, Tenancy};
use crate::web::{Parts, Rates};

/// Counters of callers that have gone quiet are forgotten this often.
const QUIET: Duration = Duration::from_secs(60);

/// The central database at this version, connected.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn central(settings: &Settings) -> Result<Central, String> {
    std::fs::create_dir_all(&settings.data_dir).map_err(|e| format!("the data folder {} cannot be made: {e}", settings.data_dir.display()))?;
    let owner = settings.migrate_database_url.as_ref().unwrap_or(&settings.database_url);
    central::migrate::run(owner.reveal()).await.map_err(|e| format!("the central database: {e}"))?;
    Central::connect(settings.database_url.reveal()).await.map_err(|e| format!("the central database: {e}"))
}

/// Where the tenants' files are; in the demo they are unpacked where there are none.
pub fn tenants_dir(settings: &Settings) -> Result<PathBuf, String> {
    let named = settings.tenants_dir.clone();
    let here = PathBuf::from("tenants");
    match named {
        Some(folder) => Ok(folder),
        None if here.is_dir() || !settings.demo => Ok(here),
        None => {
            let folder = settings.data_dir.join("tenants");
            demo::unpack(&folder).map_err(|e| format!("the demo's files cannot be written to {}: {e}", folder.display()))?;
            Ok(folder)
        }
    }
}

/// Everything the server is made of, and the tasks that keep it going.
pub async fn parts(settings: Settings, clock: Clock, stopped: watch::Receiver<bool>) -> Result<(Arc<Parts>, Vec<JoinHandle<()>>), String> {
    let central = central(&settings).await?;
    let metrics = Arc::new(Metrics::new());
    let sessions = SessionRules { idle: settings.session_idle, max: settings.session_max };
    let identities = Identities::new(central.clone(), clock.clone(), sessions, settings.rate_limit);
    let rules = Rules { env: settings.env.as_str().to_owned(), operators_read: settings.operators_read_tenants, data_dir: settings.data_dir.clone() };
    let tenancy = Tenancy::new(central.clone(), clock.clone(), rules);
    let mut tasks = Vec::new();
    if settings.demo {
        let arriving = demo::prepare(&settings.data_dir, &clock).await.map_err(|e| format!("the demo's data: {e:#}"))?;
        tasks.push(tokio::spawn(demo::keep_arriving(arriving, clock.clone(), stopped.clone())));
    }
    let folder = tenants_dir(&settings)?;
    let live = Arc::new(load(folder).await?);
    let catalog = live.current();
    declare(&tenancy, &catalog).await?;
    if settings.demo {
        demo::accounts(&identities, &tenancy, &identity::system()).await.map_err(|e| format!("the demo's accounts: {e:#}"))?;
    }
    metrics.reloaded(catalog.all_faults().iter().filter(|f| !f.warning).count());
    let cache = Arc::new(Cache::new(settings.cache_bytes, clock.clone()));
    let rates = Rates::new(settings.rate_limit);
    let parts = Arc::new(Parts { settings, clock, metrics, central, identities, tenancy, catalog: live, cache, rates });
    tasks.extend(keepers(&parts, stopped));
    Ok((parts, tasks))
}

async fn load(folder: PathBuf) -> Result<Live, String> {
    tokio::task::spawn_blocking(move || Live::load(folder)).await.map_err(|e| format!("the tenants folder cannot be read: {e}"))
}

/// Brings the tenants' files into the central database: adds and changes, never deletes.
async fn declare(tenancy: &Tenancy, catalog: &Catalog, prune: bool) -> Result<(), String> {
    let actor = identity::system();
    tenancy.declare(&actor, &super::desk::declarations(catalog), prune).await.map(|_| ()).map_err(|e| format!("the tenants cannot be brought into the central database: {e}"))
}

/// Tasks that run until the server stops.
fn keepers(parts: &Arc<Parts>, stopped: watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    let live = {
        let parts = parts.clone();
        let stop = until(stopped.clone());
        tokio::spawn(async move {
            let changed = parts.clone();
            let watching = parts.catalog.clone().watch(move |catalog| {
                let parts = changed.clone();
                async move { follow(&parts, &catalog).await }
            });
            tokio::select! {
                () = watching => {}
                () = stop => {}
            }
        })
    };
    let quiet = {
        let parts = parts.clone();
        let stop = until(stopped);
        tokio::spawn(async move {
            let forget = async {
                loop {
                    tokio::time::sleep(QUIET).await;
                    parts.rates.forget_quiet();
                }
            };
            tokio::select! {
                () = forget => {}
                () = stop => {}
            }
        })
    };
    vec![live, quiet]
}

/// After a reload: the tenants' own files may have changed too.
async fn follow(parts: &Parts, catalog: &Catalog) {
    let faults = catalog.all_faults().iter().filter(|f| !f.warning).count();
    parts.metrics.reloaded(faults);
    if let Err(fault) = declare(&parts.tenancy, catalog).await {
        tracing::error!("{fault}");
    }
}
