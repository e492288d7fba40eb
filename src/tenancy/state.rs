use crate::central::audit::{About, Action};
use crate::central::tenants::{self, Status, Tenant};
use crate::central::{Change, Error, meta};
use crate::domain::{Actor, Rollout, Slug};

use super::Tenancy;

/// Under this key stands that a tenant was deleted by hand: its folder alone does not bring it back.
pub(super) fn tombstone(slug: &Slug) -> String {
    format!("deleted_tenant:{slug}")
}

impl Tenancy {
    /// Puts a tenant into another state; what is no longer active is closed to its members at once.
    ///
    /// # Errors
    /// `NotFound` when there is no such tenant.
    pub async fn set_status(&self, actor: &Actor, slug: &Slug, status: Status) -> Result<(), Error> {
        let change = Change::open(self.central(), actor).await?;
        let mut tenant = load(&change, slug).await?;
        tenant.status = status;
        tenants::update(&change, &tenant).await?;
        let about = About::target(slug).in_tenant(tenant.id).with("status", status.as_str());
        change.commit(Action::UpdateTenant, about).await?;
        if status != Status::Active {
            self.0.stores.retain(|(owner, _)| *owner != tenant.id);
        }
        Ok(())
    }

    /// Moves a tenant to another flow of its hosted apps; pages that are open stay on theirs until they are loaded anew.
    /// Nothing is written where nothing changes.
    ///
    /// # Errors
    /// `NotFound` when there is no such tenant.
    pub async fn set_rollout(&self, actor: &Actor, slug: &Slug, rollout: Rollout) -> Result<(), Error> {
        let change = Change::open(self.central(), actor).await?;
        let mut tenant = load(&change, slug).await?;
        let before = std::mem::replace(&mut tenant.rollout, rollout);
        if before == rollout {
            return change.unneeded().await;
        }
        tenants::update(&change, &tenant).await?;
        let about = About::target(slug).in_tenant(tenant.id).with("from", before.as_str()).with("to", rollout.as_str());
        change.commit(Action::RolloutChanged, about).await
    }

    /// Forgets a tenant. Its own database and its folder are not touched; the folder does not bring it back by itself.
    ///
    /// # Errors
    /// `NotFound` when there is no such tenant.
    pub async fn delete(&self, actor: &Actor, slug: &Slug) -> Result<(), Error> {
        let known = self.bury(actor, slug.as_str()).await?;
        known.ok_or_else(|| Error::NotFound(format!("tenant {slug}")))
    }

    /// Forgets the tenant of this slug or id; none when there is none.
    pub(super) async fn bury(&self, actor: &Actor, name: &str) -> Result<Option<()>, Error> {
        let change = Change::open(self.central(), actor).await?;
        let Some((id, slug)) = tenants::delete_named(&change, name).await? else { return Ok(None) };
        meta::set(&change, &tombstone(&slug), &change.at().to_rfc3339()).await?;
        change.commit(Action::DeleteTenant, About::target(&slug).in_tenant(id)).await?;
        self.0.stores.retain(|(owner, _)| *owner != id);
        Ok(Some(()))
    }
}

async fn load(change: &Change, slug: &Slug) -> Result<Tenant, Error> {
    tenants::find(change, slug).await?.ok_or_else(|| Error::NotFound(format!("tenant {slug}")))
}
