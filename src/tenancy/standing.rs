use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::central::tenants::{self, Status, Tenant};
use crate::central::{Error, Table, datastores};
use crate::datastore::Datastore;
use crate::domain::{Role, TenantId, UserId};
use crate::identity::Identity;

use super::{Operator, Tenancy, open};

/// How long a membership is remembered without asking the central database again.
const FRESH: TimeDelta = TimeDelta::seconds(5);

/// What a standing is read from.
const READ: &[Table] = &[Table::Tenants, Table::Members, Table::Datastores];

/// A user (an operator or not) and the tenant they asked for, as they wrote it.
pub(super) type Asked = (UserId, bool, String);

/// What somebody is in a tenant they may open, and where its data is.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) tenant: Tenant,
    pub(super) dashboards: Vec<String>,
    pub(super) role: Role,
    pub(super) datastore: Option<Datastore>,
    pub(super) fault: Option<String>,
    pub(super) catalog: Option<String>,
    at: DateTime<Utc>,
    epoch: u64,
}

/// A tenant's primary datastore, or why it is not to be had; the catalog is known either way.
#[derive(Default)]
struct Opened {
    datastore: Option<Datastore>,
    fault: Option<String>,
    catalog: Option<String>,
}

impl Tenancy {
    /// What the caller is in the tenant of this slug or id; none when nothing, or when there is no such tenant.
    pub(super) async fn standing(&self, identity: &Identity, slug: &str) -> Result<Option<Arc<Standing>>, Error> {
        let (at, epoch) = (self.central().clock().now(), self.central().epoch(READ));
        let asked = (identity.user(), identity.runs_installation(), slug.chars().take(64).collect::<String>());
        let fresh = |known: &Arc<Standing>| known.epoch == epoch && at - known.at < FRESH;
        if let Some(known) = self.0.known.get(&asked).filter(fresh) {
            return Ok(Some(known));
        }
        Box::pin(self.looked_up(identity, asked, at, epoch)).await
    }

    /// The same, asked of the central database.
    async fn looked_up(
        &self,
        identity: &Identity,
        asked: Asked,
        at: DateTime<Utc>,
        epoch: u64,
    ) -> Result<Option<Arc<Standing>>, Error> {
        let (central, slug) = (self.central(), asked.2.as_str());
        let found = tenants::standing(central, identity.user(), &searchable(slug), id(slug)).await?;
        let operator = asked.1 && self.0.house.operators_read;
        let (tenant, role) = match found {
            Some((tenant, _)) if operator => (tenant, Role::Operator),
            Some((tenant, Some(role))) => (tenant, role),
            // a machine and a device have no membership: what they brought names the one tenant they may look at
            Some((tenant, None)) if !identity.is_person() && identity.bound_to() == Some(tenant.id) => (tenant, Role::Viewer),
            _ => return Ok(None),
        };
        let Opened { datastore, fault, catalog } = self.open(&tenant).await?;
        let standing =
            Arc::new(Standing { dashboards: tenant.config.shown(), tenant, role, datastore, fault, catalog, at, epoch });
        self.0.known.insert(asked, Arc::clone(&standing));
        Ok(Some(standing))
    }

    /// The tenant of this slug or id, whatever its state, for those who run the installation.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn named(&self, _: &Operator, tenant: &str) -> Result<Option<TenantId>, Error> {
        let found = tenants::standing(self.central(), UserId(Uuid::nil()), &searchable(tenant), id(tenant)).await?;
        Ok(found.map(|(tenant, _)| tenant.id))
    }

    async fn open(&self, tenant: &Tenant) -> Result<Opened, Error> {
        if tenant.status != Status::Active {
            return Ok(Opened::default());
        }
        let stores = datastores::of(self.central(), tenant.id).await?;
        let Some(store) = open::primary(&stores, self.0.house.env) else { return Ok(Opened::default()) };
        let catalog = store.catalog.clone();
        Ok(match open::target(store, &self.0.house.data, &self.0.house.sealer) {
            Ok(target) => Opened { datastore: Some(self.0.stores.get(&(tenant.id, store.id), &target)), fault: None, catalog },
            Err(fault) => {
                tracing::warn!(tenant = %tenant.slug, %fault, "the tenant's datastore cannot be opened");
                Opened { datastore: None, fault: Some(fault), catalog }
            }
        })
    }
}

/// PostgreSQL refuses a NUL in a text, which must not tell a strange slug from an unknown one.
pub(super) fn searchable(slug: &str) -> String {
    slug.chars().filter(|c| *c != '\0').take(64).collect()
}

/// The id, if the text is one in its usual form; else one that nobody has.
pub(super) fn id(text: &str) -> Uuid {
    if text.len() == 36 { text.parse().unwrap_or_default() } else { Uuid::nil() }
}
