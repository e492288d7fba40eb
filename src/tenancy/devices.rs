//! The wall screens of a tenant: given a link, listed, taken the link back.

use uuid::Uuid;

use crate::central::audit::{About, Action};
use crate::central::{Change, Error, Page, devices};
use crate::domain::{Actor, Key, TenantId};
use crate::identity::devices::{NewLink, add};

use super::Tenancy;

pub use crate::central::devices::Device;

/// The wall screens of a tenant by name; `search` is looked for in names, pages count from 1 and hold at most 200.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn list(
    tenancy: &Tenancy,
    tenant: TenantId,
    search: Option<&str>,
    number: u32,
    size: u32,
) -> Result<Page<Device>, Error> {
    devices::list(tenancy.central(), tenant, search, number, size).await
}

/// The wall screen of this id, if it is this tenant's.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn find(tenancy: &Tenancy, tenant: TenantId, id: Uuid) -> Result<Option<Device>, Error> {
    devices::in_tenant(tenancy.central(), tenant, id).await
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
        None => change.unneeded().await,
    }
}
