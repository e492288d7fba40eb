//! The parts, built in their order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::serve::until;
use crate::apps::{Apps, EVERY, each};
use crate::central::audit::{ChainWatch, Queue};
use crate::central::{self, Central};
use crate::config::{Catalog, Live};
use crate::custom_panels;
use crate::demo;
use crate::domain::{Clock, Email, Role};
use crate::identity::accounts::{self, NewAccount};
use crate::identity::oidc::Provider;
use crate::identity::{self, Allowance, Cost, Identities, Policy, Sealer, SessionRules, TokenRules};
use crate::observe::Metrics;
use crate::panel::{Endpoints, Reach};
use crate::query::Cache;
use crate::settings::{self, Secret, Settings};
use crate::tenancy::{House, Tenancy, members};
use crate::web::{Parts, Rates};

/// Brings the central database to this version and names what was applied.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn migrate(settings: &Settings) -> Result<Vec<String>, String> {
    central::make_private_folder(&settings.data_dir)
        .map_err(|e| format!("the data folder {} cannot be made: {e}", settings.data_dir.display()))?;
    let owner = settings.migrate_database_url.as_ref().unwrap_or(&settings.database_url);
    let applied = central::migrate::run(owner.reveal()).await.map_err(|e| format!("the central database: {e}"))?;
    if settings.migrate_database_url.is_some() {
        let granted = central::migrate::grant(owner.reveal(), settings.database_url.reveal()).await;
        granted.map_err(|e| format!("the central database: {e}"))?;
    }
    Ok(applied)
}

/// The central database at this version, connected.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn central(settings: &Settings, clock: Clock) -> Result<Central, String> {
    migrate(settings).await?;
    Central::connect(settings.database_url.reveal(), clock).await.map_err(|e| format!("the central database: {e}"))
}

/// What seals and opens stored secrets: the key that is set, and the one before.
///
/// # Errors
/// When the system refuses the key.
pub fn sealer(settings: &Settings) -> Result<Sealer, String> {
    let Some(key) = &settings.secret_key else { return Ok(Sealer::keyless()) };
    Sealer::new(key.reveal(), settings.previous_secret_key.as_ref().map(Secret::reveal)).map_err(|e| e.to_string())
}

/// How often one network may try to sign in.
fn attempts(rates: &settings::Rates) -> Allowance {
    let every = TimeDelta::milliseconds(60_000 / i64::from(rates.sign_in_per_minute.get()).min(60_000));
    Allowance { every, burst: i32::try_from(rates.sign_in_burst.get()).unwrap_or(i32::MAX) }
}

/// What the settings say about all tenants.
///
/// # Errors
/// Never in practice: both know the same words.
pub fn house(settings: &Settings, sealer: &Sealer) -> Result<House, String> {
    Ok(House {
        env: settings.env.as_str().parse()?,
        operators_read: settings.operators_read_tenants,
        data: settings.data_dir.clone(),
        sealer: sealer.clone(),
    })
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

/// What custom panels ask: this program's endpoints, and the servers that the settings name.
pub fn endpoints(settings: &Settings) -> Endpoints {
    let reach = Reach { hosts: settings.endpoint_hosts.clone(), private: settings.endpoint_private };
    Endpoints::new(custom_panels::registry(), reach)
}

/// Everything the server is made of, and the tasks that keep it going.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn parts(
    mut settings: Settings,
    clock: Clock,
    endpoints: Endpoints,
    stopped: &watch::Receiver<bool>,
) -> Result<(Arc<Parts>, Vec<JoinHandle<()>>), String> {
    let central = central(&settings, clock.clone()).await?;
    settings.secret_key = Some(super::key::settle(&settings, &central).await?);
    let sealer = sealer(&settings)?;
    let audit = Queue::start(&central);
    let metrics = Arc::new(Metrics::new());
    let delta = |length: Duration| TimeDelta::from_std(length).unwrap_or(TimeDelta::days(7));
    let sessions = SessionRules {
        idle: delta(settings.session_idle),
        max: delta(settings.session_max),
        attempts: attempts(&settings.rates),
    };
    let tokens = TokenRules { issuer: settings.issuer(), token: settings.token, keys: settings.keys.clone() };
    let provider = settings.oidc.as_ref().map(|rules| Provider::new(rules, &clock)).transpose()?;
    let identities =
        Identities::with_tokens(&central, &audit, sessions, Cost::default(), &sealer, tokens).with_provider(provider);
    let tenancy = Tenancy::new(&central, &audit, house(&settings, &sealer)?);
    let mut tasks = vec![central::remembered::watch(&central)];
    let catalog = Arc::new(load(tenants_dir(&settings)?).await?);
    if settings.demo {
        let mut prepared = demo::prepare(&settings.data_dir, &clock).await.map_err(|e| format!("the demo's data: {e}"))?;
        prepared.watch(metrics.clone());
        tasks.push(tokio::spawn(demo::keep_arriving(prepared, clock.clone(), stopped.clone())));
    }
    declare(&tenancy, &catalog.now()).await?;
    if settings.demo {
        admit(&tenancy).await?;
    }
    metrics.reloaded(faults(&catalog.now()));
    let cache = Cache::new(settings.cache_bytes, clock.clone());
    let endpoints = endpoints.signing(&tenancy, &identities);
    let apps = Apps::new(&central)?;
    let rates = Rates::new(&settings.rates);
    let parts = Arc::new(Parts {
        settings,
        clock,
        metrics,
        central,
        audit,
        chain: ChainWatch::default(),
        sealer,
        identities,
        tenancy,
        catalog,
        cache,
        endpoints,
        apps,
        rates,
    });
    tasks.push(tokio::spawn(follow_files(parts.clone())));
    tasks.push(tokio::spawn(watch_apps(parts.clone())));
    Ok((parts, tasks.into_iter().map(|task| ended_by(task, stopped.clone())).collect()))
}

/// A task that ends when the server stops.
fn ended_by(task: JoinHandle<()>, stopped: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stop = task.abort_handle();
        tokio::select! {
            _ = task => {}
            () = until(stopped) => stop.abort(),
        }
    })
}

/// The demo's accounts, members of whatever tenants of those slugs exist.
async fn admit(tenancy: &Tenancy) -> Result<(), String> {
    let (actor, central) = (identity::system(), tenancy.central());
    let told = |e: &dyn std::fmt::Display| format!("the demo's accounts: {e}");
    for account in demo::ACCOUNTS {
        let email: Email = account.email.parse()?;
        let new = NewAccount {
            email: email.clone(),
            name: Some(account.name.to_owned()),
            password: demo::PASSWORD.to_owned(),
            operator: account.operator,
        };
        accounts::ensure(central, &actor, new, Policy::Demo, Cost::default()).await.map_err(|e| told(&e))?;
        for slug in account.tenants {
            match members::assign(tenancy, &actor, &slug.parse()?, &email, Role::Viewer).await {
                Ok(()) | Err(central::Error::NotFound(_)) => {}
                Err(error) => return Err(told(&error)),
            }
        }
    }
    Ok(())
}

async fn load(folder: PathBuf) -> Result<Live, String> {
    tokio::task::spawn_blocking(move || {
        let catalog = Catalog::load(&folder, None);
        Live::new(folder, catalog)
    })
    .await
    .map_err(|e| format!("the tenants folder cannot be read: {e}"))
}

/// Brings the tenants' files into the central database: adds and changes, never deletes.
async fn declare(tenancy: &Tenancy, catalog: &Catalog) -> Result<(), String> {
    let told = tenancy.declare(&identity::system(), &super::desk::declarations(catalog)).await;
    for difference in told.map_err(|e| format!("the tenants cannot be brought into the central database: {e}"))? {
        tracing::info!(tenant = difference.slug.as_str(), "{}", difference.what);
    }
    Ok(())
}

fn faults(catalog: &Catalog) -> usize {
    catalog.all_faults().iter().filter(|fault| !fault.warning).count()
}

/// Asks the upstreams of the apps now and then whether they are there.
async fn watch_apps(parts: Arc<Parts>) {
    loop {
        let apps = parts.catalog.now().apps();
        if parts.settings.serves_apps() && !apps.is_empty() {
            parts.apps.probes().ask(parts.apps.client(), &apps, &parts.clock).await;
            for (app, upstream) in apps.iter().flat_map(|one| each(&one.app)) {
                let up = parts.apps.probes().of(upstream).is_some_and(|health| health.fault.is_none());
                let flow = if app.legacy.as_ref() == Some(upstream) { "legacy" } else { "current" };
                parts.metrics.app_found(app.key.as_str(), flow, up);
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// After each reload of the files, the tenants' own may have changed too.
async fn follow_files(parts: Arc<Parts>) {
    let watched = parts.catalog.clone();
    watched
        .watch(move |catalog| {
            let parts = parts.clone();
            async move {
                parts.metrics.reloaded(faults(&catalog));
                if let Err(fault) = declare(&parts.tenancy, &catalog).await {
                    tracing::error!("{fault}");
                }
            }
        })
        .await;
}
