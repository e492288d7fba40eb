//! The tenants as operators run them: made, looked up, changed, switched off.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::central::audit::{About, Action};
use crate::central::tenants::{self, Brand, Config, Status, Tenant};
use crate::central::{self, Change, Page, meta};
use crate::domain::{Actor, Rollout, Slug, TenantId};
use crate::error::FieldFault;

use super::check::{self, Faults};
use super::declare::words;
use super::state::tombstone;
use super::{Refused, Step, Tenancy};

pub use crate::central::tenants::{Listing, Record, Sort};

/// What somebody wrote of a new tenant.
#[derive(Clone, Debug, Default)]
pub struct NewTenant {
    /// Its short name, for ever.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// `active` unless said; `draft` or `suspended`.
    pub status: Option<String>,
    /// What else is known from the start.
    pub rest: TenantEdit,
}

/// What somebody wants changed of a tenant. What is not set stays; an empty text takes away.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct TenantEdit {
    pub name: Option<String>,
    pub timezone: Option<String>,
    /// `active` or `suspended`.
    pub status: Option<String>,
    pub accent: Option<String>,
    pub logo: Option<String>,
    /// The shared dashboards it is given beside those its file names: the whole list.
    pub dashboards: Option<Vec<String>>,
    /// What filters are set to for who has saved nothing: the whole map, by the filter's id.
    pub filters: Option<BTreeMap<String, Vec<String>>>,
    /// The panels it sees: the whole list, or (inner none) all of them.
    pub components: Option<Option<Vec<String>>>,
    pub processed: Option<String>,
    pub uploads: Option<String>,
    /// The step to another flow of its hosted apps; refused as stale when it is on another than the step begins at.
    pub rollout: Option<Step>,
    /// When it was changed last, as the one who edits saw it; refused as stale when that is no longer so.
    pub seen: Option<DateTime<Utc>>,
}

/// The file that may own fields of a tenant, relative to the tenants folder.
pub(super) fn file_of(slug: &Slug) -> String {
    format!("{slug}/tenant.yaml")
}

impl Tenancy {
    /// The tenant of this slug or id, in whatever state.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or the central database's.
    pub async fn record(&self, name: &str) -> Result<Record, Refused> {
        tenants::record(self.central(), name).await?.ok_or(Refused::NotFound("tenant"))
    }

    /// One page of all tenants, in whatever state.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn records(&self, listing: Listing<'_>) -> Result<Page<Record>, central::Error> {
        tenants::records(self.central(), listing).await
    }

    /// Makes a tenant. It has no datastore yet, and sees the dashboards it is given.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn create(&self, actor: &Actor, new: NewTenant) -> Result<Record, Refused> {
        let tenant = parsed(&new)?;
        let change = Change::open(self.central(), actor).await?;
        meta::unset(&change, &tombstone(&tenant.slug)).await?;
        tenants::create(&change, &tenant).await.map_err(|error| match error {
            central::Error::Conflict { .. } => {
                Refused::Taken { field: "slug", why: format!("There is a tenant “{}” already.", tenant.slug) }
            }
            other => other.into(),
        })?;
        let at = change.at();
        let about = About::target(&tenant.slug).in_tenant(tenant.id).with("what", format!("new, “{}”", tenant.name));
        change.commit(Action::CreateTenant, about).await?;
        Ok(Record { tenant, created_at: at, updated_at: at })
    }

    /// Every fault of a change, without making it.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or the central database's.
    pub async fn faults(&self, name: &str, edit: &TenantEdit) -> Result<Vec<FieldFault>, Refused> {
        let mut faults = Faults::default();
        edited(&self.record(name).await?.tenant, edit, &mut faults);
        Ok(faults.0)
    }

    /// Changes a tenant; what is no longer active is closed to its members at once. Nothing is written where nothing changes.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn edit(&self, actor: &Actor, name: &str, edit: &TenantEdit) -> Result<Record, Refused> {
        let mut change = Change::open(self.central(), actor).await?;
        let before = tenants::record(&change, name).await?.ok_or(Refused::NotFound("tenant"))?;
        let elsewhere = |step: Step| step.from() != before.tenant.rollout;
        if edit.seen.is_some_and(|seen| seen != before.updated_at) || edit.rollout.is_some_and(elsewhere) {
            return Err(Refused::Stale);
        }
        let mut faults = Faults::default();
        let tenant = edited(&before.tenant, edit, &mut faults);
        if !faults.0.is_empty() {
            return Err(Refused::Faults(faults.0));
        }
        allowed(&before.tenant, &tenant)?;
        if tenant == before.tenant {
            change.unneeded().await?;
            return Ok(before);
        }
        tenants::update(&change, &tenant).await?;
        let updated_at = change.at();
        let about = || About::target(&tenant.slug).in_tenant(tenant.id);
        if tenant.rollout != before.tenant.rollout {
            let (from, to) = (before.tenant.rollout.as_str(), tenant.rollout.as_str());
            change.note(Action::RolloutChanged, about().with("from", from).with("to", to));
        }
        let what = words(&before.tenant, &tenant);
        if !what.is_empty() {
            change.note(Action::UpdateTenant, about().with("what", what));
        }
        change.commit_noted().await?;
        if tenant.status != Status::Active {
            self.0.stores.retain(|(owner, _)| *owner != tenant.id);
        }
        Ok(Record { tenant, updated_at, ..before })
    }

    /// Forgets the tenant of this slug or id, as [`Tenancy::delete`] does.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or the central database's.
    pub async fn forget(&self, actor: &Actor, name: &str) -> Result<(), Refused> {
        self.bury(actor, name).await?.ok_or(Refused::NotFound("tenant"))
    }
}

fn parsed(new: &NewTenant) -> Result<Tenant, Refused> {
    let mut faults = Faults::default();
    let slug = faults.take("slug", new.slug.parse::<Slug>());
    let name = faults.take("name", check::name(&new.name));
    let status = match new.status.as_deref() {
        None | Some("active") => Status::Active,
        Some("suspended") => Status::Suspended,
        Some("draft") => Status::Draft,
        Some(_) => {
            faults.tell("status", "a new tenant is active, suspended or draft");
            Status::Draft
        }
    };
    let (Some(slug), Some(name)) = (slug, name) else { return Err(Refused::Faults(faults.0)) };
    let rollout = Rollout::default();
    let blank = Tenant { id: TenantId::new(), slug, name, status, rollout, config: Config::default() };
    let rest = TenantEdit { name: None, status: None, ..new.rest.clone() };
    let tenant = edited(&blank, &rest, &mut faults);
    if faults.0.is_empty() { Ok(tenant) } else { Err(Refused::Faults(faults.0)) }
}

/// The tenant as `edit` wants it.
fn edited(before: &Tenant, edit: &TenantEdit, faults: &mut Faults) -> Tenant {
    let mut tenant = before.clone();
    if let Some(text) = &edit.name {
        tenant.name = faults.take("name", check::name(text)).unwrap_or_default();
    }
    if let Some(word) = &edit.status {
        match word.as_str() {
            "active" => tenant.status = Status::Active,
            "suspended" => tenant.status = Status::Suspended,
            // What a form sends back as it was.
            word if word == before.status.as_str() => {}
            _ => faults.tell("status", "a tenant is set to active or suspended"),
        }
    }
    if let Some(step) = edit.rollout {
        tenant.rollout = step.to();
    }
    let config = &mut tenant.config;
    let mut set =
        |field: &str, written: &Option<String>, read: fn(&str) -> Result<Option<String>, String>, to: &mut Option<String>| {
            if let Some(text) = written {
                *to = faults.take(field, read(text)).flatten();
            }
        };
    set("timezone", &edit.timezone, check::zone, &mut config.zone);
    let Brand { accent, logo } = &mut config.brand;
    set("branding.accent", &edit.accent, check::colour, accent);
    set("branding.logo", &edit.logo, check::picture, logo);
    let (id, slug) = (before.id, before.slug.as_str());
    for (field, written, to) in [
        ("storage.processed", &edit.processed, &mut config.storage.processed),
        ("storage.uploads", &edit.uploads, &mut config.storage.uploads),
    ] {
        if let Some(text) = written {
            *to = faults.take(field, check::folder(text, id, slug)).flatten();
        }
    }
    if let Some(list) = &edit.dashboards {
        config.assigned = faults.take("dashboards", check::keys(list)).unwrap_or_default();
    }
    if let Some(list) = &edit.components {
        let read = list.as_ref().map(|list| check::keys(list)).transpose();
        config.components = faults.take("visible_components", read).flatten();
    }
    if let Some(filters) = &edit.filters {
        config.filters = faults.take("filters", filled(filters)).unwrap_or_default();
    }
    tenant
}

fn filled(filters: &BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<String>>, String> {
    check::keys(&filters.keys().cloned().collect::<Vec<_>>())?;
    let too_long = |value: &String| value.chars().count() > 200 || value.chars().any(char::is_control);
    match filters.iter().find(|(_, values)| values.len() > 100 || values.iter().any(too_long)) {
        Some((id, _)) => Err(format!("“{id}” has more than 100 values, or one longer than 200 characters")),
        None => Ok(filters.clone()),
    }
}

/// Whether this may be changed here: not what the tenant's file sets, and not the state of what is underway.
fn allowed(before: &Tenant, after: &Tenant) -> Result<(), Refused> {
    let owns = |field: &str| before.config.owned.iter().any(|owned| owned == field);
    let changed = [
        ("name", before.name != after.name),
        ("timezone", before.config.zone != after.config.zone),
        ("branding.accent", before.config.brand.accent != after.config.brand.accent),
        ("branding.logo", before.config.brand.logo != after.config.brand.logo),
    ];
    if let Some((field, _)) = changed.into_iter().find(|(field, changed)| *changed && owns(field)) {
        return Err(Refused::Owned { field: field.to_owned(), file: file_of(&before.slug) });
    }
    if before.status == after.status {
        return Ok(());
    }
    match before.status {
        Status::Active | Status::Suspended | Status::Draft => Ok(()),
        Status::Missing => Err(Refused::NotNow(format!(
            "The folder of “{}” is gone from the tenants folder: bring it back, or forget the tenant with `loggia apply`.",
            before.slug
        ))),
        Status::Provisioning => Err(Refused::NotNow("It is being provisioned: wait until that is done.".to_owned())),
        Status::Failed => Err(Refused::NotNow("Its provisioning failed: roll it back, or run it again.".to_owned())),
        Status::Deleting => Err(Refused::NotNow("It is being deleted.".to_owned())),
    }
}
