//! A tenant's datastores as operators run them. Names that end up in SQL are checked here once more, secrets are sealed
//! before they are stored, and none of them ever comes back out.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::central::audit::{About, Action};
use crate::central::datastores::{self, Record, Stored};
use crate::central::tenants;
use crate::central::{self, Change, Source};
use crate::datastore::Datastore;
use crate::domain::{Actor, TenantId};

use super::address::AddressView;
use super::declaration::SecretReference;
use super::draft::{DatastoreDraft, Place};
use super::open::{self, ANY};
use super::tenants::file_of;
use super::{Refused, Tenancy};

/// A datastore as operators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct DatastoreView {
    /// Its row.
    pub record: Record,
    /// What may be told of its address.
    pub address: AddressView,
    /// The role it is read as, where its address says that openly.
    pub user: Option<String>,
}

impl Tenancy {
    /// The datastores of the tenant of this slug or id.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or the central database's.
    pub async fn datastores(&self, tenant: &str) -> Result<(tenants::Record, Vec<DatastoreView>), Refused> {
        let (owner, records) = found(self.central(), tenant).await?;
        let views = records.into_iter().map(|record| self.view(record)).collect::<Result<_, _>>()?;
        Ok((owner, views))
    }

    /// Gives a tenant a datastore. The first of its environment is its primary unless said otherwise.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn add_datastore(&self, actor: &Actor, tenant: &str, draft: &DatastoreDraft) -> Result<DatastoreView, Refused> {
        let (change, owner, others) = self.open_for(actor, tenant).await?;
        let store = self.checked(actor, &owner, draft, None, &others)?;
        datastores::create(&change, owner.tenant.id, &store).await.map_err(|error| taken(error, &store.env))?;
        let at = change.at();
        change.commit(Action::CreateDatastore, about(&owner, &store)).await?;
        self.view(Record { store, tenant: owner.tenant.id, created_at: at, updated_at: at })
    }

    /// Changes a datastore; what the draft does not say stays. Nothing is written where nothing changes.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn edit_datastore(
        &self,
        actor: &Actor,
        tenant: &str,
        id: Uuid,
        draft: &DatastoreDraft,
    ) -> Result<DatastoreView, Refused> {
        let (change, owner, records) = self.open_for(actor, tenant).await?;
        let (mine, others): (Vec<Record>, Vec<Record>) = records.into_iter().partition(|record| record.store.id == id);
        let Some(before) = mine.into_iter().next() else { return Err(Refused::NotFound("datastore")) };
        if draft.seen.is_some_and(|seen| seen != before.updated_at) {
            return Err(Refused::Stale);
        }
        let store = self.checked(actor, &owner, draft, Some(&before.store), &others)?;
        if store == before.store {
            change.unneeded().await?;
            return self.view(before);
        }
        datastores::update(&change, &store).await.map_err(|error| taken(error, &store.env))?;
        let updated_at = change.at();
        change.commit(Action::UpdateDatastore, about(&owner, &store)).await?;
        self.view(Record { store, updated_at, ..before })
    }

    /// Forgets a datastore; the database itself is not touched.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn remove_datastore(&self, actor: &Actor, tenant: &str, id: Uuid) -> Result<(), Refused> {
        let (change, owner, records) = self.open_for(actor, tenant).await?;
        let record = records.into_iter().find(|record| record.store.id == id);
        let store = record.ok_or(Refused::NotFound("datastore"))?.store;
        datastores::delete(&change, id).await?;
        change.commit(Action::DeleteDatastore, about(&owner, &store)).await?;
        self.0.stores.retain(|key| *key != (owner.tenant.id, id));
        Ok(())
    }

    /// Whether a datastore can be reached, and how long that took; else why not, in words without its address.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or the central database's.
    pub async fn try_datastore(&self, tenant: &str, id: Uuid) -> Result<Result<Duration, String>, Refused> {
        let record = found(self.central(), tenant).await?.1.into_iter().find(|record| record.store.id == id);
        let store = record.ok_or(Refused::NotFound("datastore"))?.store;
        let target = match open::target(&store, &self.0.house.data, &self.0.house.sealer) {
            Ok(target) => target,
            Err(why) => return Ok(Err(why)),
        };
        let (trial, began) = (Datastore::new(target), Instant::now());
        let answer = trial.ping().await;
        trial.close();
        Ok(answer.map(|()| began.elapsed()).map_err(|failure| failure.to_string()))
    }

    /// A change of a tenant's datastores, and those it has, unless its file owns them.
    async fn open_for(&self, actor: &Actor, tenant: &str) -> Result<(Change, tenants::Record, Vec<Record>), Refused> {
        let change = Change::open(self.central(), actor).await?;
        let (owner, records) = found(&change, tenant).await?;
        if owner.tenant.config.owned.iter().any(|owned| owned == "datastores") {
            return Err(Refused::Owned { field: "datastores".to_owned(), file: file_of(&owner.tenant.slug) });
        }
        Ok((change, owner, records))
    }

    fn checked(
        &self,
        actor: &Actor,
        owner: &tenants::Record,
        draft: &DatastoreDraft,
        before: Option<&Stored>,
        others: &[Record],
    ) -> Result<Stored, Refused> {
        let house = &self.0.house;
        let place = Place { sealer: &house.sealer, data: &house.data, central: self.central().file() };
        let mut store = draft.parse(before, place).map_err(|faults| {
            self.suspicious(actor, owner, &faults);
            Refused::Faults(faults)
        })?;
        let rival = others.iter().any(|other| other.store.primary && other.store.env == store.env);
        store.primary = match (draft.is_primary, before) {
            (Some(said), _) => said,
            (None, Some(before)) if before.env == store.env => before.primary,
            (None, _) => !rival,
        };
        if store.primary && rival {
            return Err(taken(central::Error::Conflict { field: "primary" }, &store.env));
        }
        Ok(store)
    }

    /// A name that cannot stand in SQL may be an attack: who sent it stands in the log and in the audit.
    fn suspicious(&self, actor: &Actor, owner: &tenants::Record, faults: &[crate::error::FieldFault]) {
        let named: Vec<&str> = faults
            .iter()
            .map(|fault| fault.field.as_str())
            .filter(|field| matches!(*field, "uc_catalog" | "uc_workspace" | "host" | "schema" | "url" | "database"))
            .collect();
        if named.is_empty() {
            return;
        }
        let fields = named.join(", ");
        tracing::warn!(
            tenant = %owner.tenant.slug,
            sub = actor.label(),
            fields,
            correlation_id = %actor.correlation(),
            "names that cannot stand in a query were refused"
        );
        let about = About::target(&owner.tenant.slug).in_tenant(owner.tenant.id).with("why", "datastore").with("fields", fields);
        self.audit().push(actor, Action::Denied, about);
    }

    fn view(&self, record: Record) -> Result<DatastoreView, Refused> {
        let kept = SecretReference::stored(&record.store.secret_ref).map_err(central::Error::Internal)?;
        let user = kept.user(&self.0.house.sealer);
        Ok(DatastoreView { address: kept.view(), user, record })
    }
}

async fn found(from: &impl Source, tenant: &str) -> Result<(tenants::Record, Vec<Record>), Refused> {
    datastores::of_named(from, tenant).await?.ok_or(Refused::NotFound("tenant"))
}

/// The environment in words.
fn env_words(env: &str) -> &str {
    if env == ANY { "every environment" } else { env }
}

fn taken(error: central::Error, env: &str) -> Refused {
    match error {
        central::Error::Conflict { .. } => {
            let why =
                format!("The tenant has a primary datastore for {} already: make that one secondary first.", env_words(env));
            Refused::Taken { field: "is_primary", why }
        }
        other => other.into(),
    }
}

fn about(owner: &tenants::Record, store: &Stored) -> About {
    let tenant: TenantId = owner.tenant.id;
    let about = About::target(&owner.tenant.slug).in_tenant(tenant);
    about.with("datastore", store.id.to_string()).with("env", store.env.as_str()).with("kind", store.kind.as_str())
}
