use std::collections::HashSet;
use std::fmt;

use crate::central::audit::{About, Action};
use crate::central::datastores::{self, Options, Stored};
use crate::central::tenants::{self, Brand, Config, Status, Tenant};
use crate::central::{Change, Error, Source, meta};
use crate::domain::{Actor, Rollout, Slug, TenantId};
use url::Url;
use uuid::Uuid;

use super::declaration::{DatastoreDeclaration, Kind, SecretReference, TenantDeclaration};
use super::open::ANY;
use super::state::tombstone;
use super::{Env, Tenancy};

/// How far the folders' word goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Also remove what no folder names any more. `serve` never does.
    pub prune: bool,
    /// Also bring back tenants that were deleted by hand.
    pub restore: bool,
}

/// One thing that differs between the folders and the central database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which tenant.
    pub slug: Slug,
    /// What happens to it, in words.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.slug, self.what)
    }
}

/// A difference, and how it is put right: so that the plan and the deed cannot drift apart.
struct Step {
    difference: Difference,
    tenant: TenantId,
    deed: Deed,
}

enum Deed {
    Create(Tenant),
    Update(Tenant),
    Delete,
    AddStore(Stored),
    ChangeStore(Stored),
    DropStore(Uuid),
}

impl Tenancy {
    /// Brings the central database to what the folders say: adds and changes, never deletes. A tenant whose folder
    /// vanished is `missing` until it returns. Saying the same again changes nothing.
    ///
    /// # Errors
    /// `Conflict` on `primary` when a tenant declares two primaries for one environment; then nothing was done.
    pub async fn declare(&self, actor: &Actor, folders: &[TenantDeclaration]) -> Result<Vec<Difference>, Error> {
        self.apply(actor, folders, How::default()).await
    }

    /// As [`Tenancy::declare`], as far as `how` says.
    ///
    /// # Errors
    /// As [`Tenancy::declare`].
    pub async fn apply(&self, actor: &Actor, folders: &[TenantDeclaration], how: How) -> Result<Vec<Difference>, Error> {
        if steps(self.central(), folders, how).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut change = Change::open_alone(self.central(), actor).await?;
        let steps = steps(&change, folders, how).await?;
        if steps.is_empty() {
            // another process was quicker
            return Ok(Vec::new());
        }
        for step in &steps {
            take(&mut change, step).await?;
        }
        change.commit_noted().await?;
        Ok(steps.into_iter().map(|step| step.difference).collect())
    }

    /// What [`Tenancy::apply`] would do.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn plan(&self, folders: &[TenantDeclaration], how: How) -> Result<Vec<Difference>, Error> {
        Ok(steps(self.central(), folders, how).await?.into_iter().map(|step| step.difference).collect())
    }
}

async fn take(change: &mut Change, step: &Step) -> Result<(), Error> {
    let slug = &step.difference.slug;
    let action = match &step.deed {
        Deed::Create(tenant) => {
            meta::unset(change, &tombstone(slug)).await?;
            tenants::create(change, tenant).await?;
            Action::CreateTenant
        }
        Deed::Update(tenant) => {
            tenants::update(change, tenant).await?;
            Action::UpdateTenant
        }
        Deed::Delete => {
            tenants::delete(change, step.tenant).await?;
            Action::DeleteTenant
        }
        Deed::AddStore(store) => {
            datastores::create(change, step.tenant, store).await?;
            Action::CreateDatastore
        }
        Deed::ChangeStore(store) => {
            datastores::update(change, store).await?;
            Action::UpdateDatastore
        }
        Deed::DropStore(id) => {
            datastores::delete(change, *id).await?;
            Action::DeleteDatastore
        }
    };
    let about = About::target(slug).in_tenant(step.tenant).with("what", step.difference.what.as_str());
    change.note(action, about);
    Ok(())
}

async fn steps(from: &impl Source, folders: &[TenantDeclaration], how: How) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for folder in folders {
        match tenants::find(from, &folder.slug).await? {
            Some(row) => changed(from, row, folder, how, &mut steps).await?,
            None if !how.restore && meta::find(from, &tombstone(&folder.slug)).await?.is_some() => {}
            None => added(folder, &mut steps)?,
        }
    }
    vanished(from, folders, how, &mut steps).await?;
    Ok(steps)
}

fn added(folder: &TenantDeclaration, steps: &mut Vec<Step>) -> Result<(), Error> {
    let name = folder.name.clone().unwrap_or_else(|| folder.slug.to_string());
    let blank = Tenant {
        id: TenantId::new(),
        slug: folder.slug.clone(),
        name,
        status: Status::Active,
        rollout: Rollout::default(),
        config: Config::default(),
    };
    let tenant = wanted(blank, folder);
    let id = tenant.id;
    let what = format!("new, “{}”", tenant.name);
    steps.push(Step { difference: difference(folder, what), tenant: id, deed: Deed::Create(tenant) });
    stores(id, folder, &[], How::default(), steps)
}

async fn changed(
    from: &impl Source,
    row: Tenant,
    folder: &TenantDeclaration,
    how: How,
    steps: &mut Vec<Step>,
) -> Result<(), Error> {
    if !folder.readable {
        return Ok(());
    }
    let wanted = wanted(row.clone(), folder);
    let id = row.id;
    if wanted != row {
        let what = words(&row, &wanted);
        steps.push(Step { difference: difference(folder, what), tenant: id, deed: Deed::Update(wanted) });
    }
    let there = datastores::of(from, id).await?;
    stores(id, folder, &there, how, steps)
}

async fn vanished(from: &impl Source, folders: &[TenantDeclaration], how: How, steps: &mut Vec<Step>) -> Result<(), Error> {
    let present: HashSet<&Slug> = folders.iter().map(|folder| &folder.slug).collect();
    let mut after: Option<Slug> = None;
    loop {
        let batch = tenants::list(from, after.as_ref()).await?;
        let Some(last) = batch.last() else { return Ok(()) };
        after = Some(last.slug.clone());
        for row in batch.into_iter().filter(|row| row.config.declared && !present.contains(&row.slug)) {
            steps.extend(gone(row, how));
        }
    }
}

fn gone(row: Tenant, how: How) -> Option<Step> {
    let (what, deed) = if how.prune {
        ("removed, its folder is gone", Deed::Delete)
    } else if row.status == Status::Active {
        ("missing, its folder is gone", Deed::Update(Tenant { status: Status::Missing, ..row.clone() }))
    } else {
        return None;
    };
    Some(Step { difference: Difference { slug: row.slug, what: what.to_owned() }, tenant: row.id, deed })
}

/// The row as the folder wants it.
fn wanted(mut row: Tenant, folder: &TenantDeclaration) -> Tenant {
    if let Some(name) = &folder.name {
        row.name.clone_from(name);
    }
    if let Some(zone) = folder.zone {
        row.config.zone = Some(zone.name().to_owned());
    }
    if row.status == Status::Missing {
        row.status = Status::Active;
    }
    let Brand { accent, logo } = &mut row.config.brand;
    for (field, declared, there) in [("branding.accent", &folder.accent, accent), ("branding.logo", &folder.logo, logo)] {
        // What the file no longer sets is gone; what it never set is somebody else's.
        if declared.is_some() || row.config.owned.iter().any(|owned| owned == field) {
            there.clone_from(declared);
        }
    }
    row.config.owned = folder.owned();
    row.config.dashboards = folder.dashboards.iter().map(ToString::to_string).collect();
    row.config.apps = folder.apps.iter().map(ToString::to_string).collect();
    row.config.declared = true;
    row
}

/// What changes of a tenant, in words for a plan or the audit.
pub(super) fn words(row: &Tenant, wanted: &Tenant) -> String {
    let mut parts = Vec::new();
    match (row.status, wanted.status) {
        (before, after) if before == after => {}
        (Status::Missing, Status::Active) => parts.push("its folder is back".to_owned()),
        (before, after) => parts.push(format!("{before} → {after}")),
    }
    if row.name != wanted.name {
        parts.push(format!("name “{}” → “{}”", row.name, wanted.name));
    }
    let (before, after) = (&row.config, &wanted.config);
    if before.zone != after.zone {
        let of = |config: &Config| config.zone.clone().unwrap_or_else(|| "none".to_owned());
        parts.push(format!("zone {} → {}", of(before), of(after)));
    }
    if before.dashboards != after.dashboards {
        parts.push(format!("shared dashboards: {}", list(&after.dashboards)));
    }
    if before.assigned != after.assigned {
        parts.push(format!("assigned dashboards: {}", list(&after.assigned)));
    }
    if before.apps != after.apps {
        parts.push(format!("shared apps: {}", list(&after.apps)));
    }
    let changed = [
        ("brand changed", before.brand != after.brand),
        ("filters changed", before.filters != after.filters),
        ("visible components changed", before.components != after.components),
        ("storage changed", before.storage != after.storage),
        ("now described by its folder", before.declared != after.declared),
        ("other fields are set by its file", before.owned != after.owned),
    ];
    parts.extend(changed.into_iter().filter(|(_, changed)| *changed).map(|(what, _)| what.to_owned()));
    parts.join("; ")
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Compares datastores environment by environment, in the order they stand in the file.
fn stores(id: TenantId, folder: &TenantDeclaration, there: &[Stored], how: How, steps: &mut Vec<Step>) -> Result<(), Error> {
    if folder.datastores.is_empty() {
        return Ok(());
    }
    let mut left: Vec<&Stored> = there.iter().collect();
    let (mut less, mut more) = (Vec::new(), Vec::new());
    for declared in &folder.datastores {
        let env = env(declared);
        let mut wanted = stored(declared)?;
        let step = |what: &str, deed| Step { difference: difference(folder, store_words(&env, what)), tenant: id, deed };
        let Some(at) = left.iter().position(|row| row.env == env) else {
            more.push(step("added", Deed::AddStore(wanted)));
            continue;
        };
        let row = left.remove(at);
        wanted.id = row.id;
        if &wanted != row {
            // what stops being the primary must do so before another becomes it
            let group = if wanted.primary { &mut more } else { &mut less };
            group.push(step("changed", Deed::ChangeStore(wanted)));
        }
    }
    for row in left {
        let step = |what: &str, deed| Step { difference: difference(folder, store_words(&row.env, what)), tenant: id, deed };
        if how.prune {
            less.push(step("removed", Deed::DropStore(row.id)));
        } else if row.primary {
            let idle = Stored { primary: false, ..row.clone() };
            less.push(step("no longer in the file, not used any more", Deed::ChangeStore(idle)));
        }
    }
    steps.extend(less.into_iter().chain(more));
    Ok(())
}

fn store_words(env: &str, what: &str) -> String {
    if env == ANY { format!("datastore {what}") } else { format!("datastore for {env} {what}") }
}

fn env(declared: &DatastoreDeclaration) -> String {
    declared.env.map_or(ANY, Env::as_str).to_owned()
}

fn stored(declared: &DatastoreDeclaration) -> Result<Stored, Error> {
    let secret_ref = serde_json::to_string(&declared.url).map_err(|cause| Error::Internal(cause.to_string()))?;
    let server = match (&declared.url, declared.kind) {
        (SecretReference::Plain(text), Kind::Postgres) => Url::parse(text).ok(),
        _ => None,
    };
    Ok(Stored {
        id: Uuid::now_v7(),
        env: env(declared),
        kind: declared.kind.as_str().to_owned(),
        secret_ref,
        schema: declared.schema.clone(),
        catalog: declared.catalog.clone(),
        workspace: declared.workspace.clone(),
        primary: declared.primary,
        host: server.as_ref().and_then(|url| url.host_str().map(str::to_owned)),
        port: server.as_ref().and_then(Url::port).unwrap_or(5432),
        database: server.map(|url| url.path().trim_start_matches('/').to_owned()),
        options: Options {
            statement_timeout_ms: declared.statement_timeout.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
            max_connections: declared.max_connections,
        },
    })
}

fn difference(folder: &TenantDeclaration, what: String) -> Difference {
    Difference { slug: folder.slug.clone(), what }
}
