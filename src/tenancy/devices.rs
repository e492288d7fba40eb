//! The wall screens of a tenant: given a link, listed, taken the link back.

use uuid::Uuid;

use crate::central::audit::{About, Action};
use crate::central::{Change, Error, devices};
use crate::domain::{Actor, Key, TenantId};
use crate::identity::devices::{NewLink, add};

use super::Tenancy;

pub use crate::central::devices::Device;

/// The wall screens of a tenant by name, at most a thousand.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn of(tenancy: &Tenancy, tenant: TenantId) -> Result<Vec<Device>, Error> {
    devices::of(tenancy.central(), tenant).await
}

/// Gives a new wall screen its link: it shows these dashboards of this tenant and nothing else.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn create(
    tenancy: &Tenancy,
    actor: &Actor,
    tenant: TenantId,
    name: String,
    dashboards: Vec<Key>,
) -> Result<NewLink, Error> {
    let change = Change::open(tenancy.central(), actor).await?;
    let shown: Vec<String> = dashboards.iter().map(Key::to_string).collect();
    let link = add(&change, tenant, name, dashboards, actor).await?;
    let about = About::target(&link.device.name).in_tenant(tenant).with("dashboards", shown);
    change.commit(Action::CreateDevice, about).await?;
    Ok(link)
}

/// Takes the link of a tenant's wall screen back: it shows nothing from now on. Nothing is written when there is no such screen.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn revoke(tenancy: &Tenancy, actor: &Actor, tenant: TenantId, id: Uuid) -> Result<(), Error> {
    let change = Change::open(tenancy.central(), actor).await?;
    match devices::revoke(&change, tenant, id).await? {
        Some(device) => change.commit(Action::DeleteDevice, About::target(device.name).in_tenant(tenant)).await,
        None => Ok(()),
    }
}
