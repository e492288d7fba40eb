//! Who belongs to a tenant, and as what.

use crate::central::audit::{About, Action};
use crate::central::members;
use crate::central::{Change, Error, Page, Source, roster, tenants, users};
use crate::domain::{Actor, Email, Role, Slug, TenantId, UserId};

use super::Tenancy;

pub use crate::central::members::{Member, Origin};
pub use crate::central::roster::{Account, Membership, Search, Sort};

/// The members of a tenant by address, at most a thousand.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn of(tenancy: &Tenancy, tenant: TenantId) -> Result<Vec<Member>, Error> {
    members::of(tenancy.central(), tenant).await
}

/// Makes somebody a member, or changes what they are. Nothing is written when they are that already.
///
/// # Errors
/// `NotFound` when there is no such tenant or account.
pub async fn assign(tenancy: &Tenancy, actor: &Actor, tenant: &Slug, email: &Email, role: Role) -> Result<(), Error> {
    let (of, who) = pair(tenancy.central(), tenant, email).await?;
    let held = members::role_of(tenancy.central(), who, of).await?;
    give(tenancy, actor, of, (who, email), held, role).await
}

/// Ends a membership; the tenant is closed to them at once.
///
/// # Errors
/// `NotFound` when there is no such tenant, account or membership.
pub async fn remove(tenancy: &Tenancy, actor: &Actor, tenant: &Slug, email: &Email) -> Result<(), Error> {
    let (of, who) = pair(tenancy.central(), tenant, email).await?;
    take(tenancy, actor, of, (who, email)).await
}

/// The tenants somebody is a member of, whatever their state, by name, at most a thousand.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn memberships(tenancy: &Tenancy, user: UserId) -> Result<Vec<Membership>, Error> {
    roster::memberships(tenancy.central(), user).await
}

/// The members of a tenant that match, a page of them, each with their role.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn list(tenancy: &Tenancy, tenant: TenantId, search: Search) -> Result<Page<Account>, Error> {
    roster::list(tenancy.central(), &Search { tenant: Some(tenant), ..search }).await
}

/// Makes this user a member, or changes what they are. Nothing is written when they are that already.
///
/// # Errors
/// `NotFound` when there is no such account.
pub async fn grant(tenancy: &Tenancy, actor: &Actor, user: UserId, tenant: TenantId, role: Role) -> Result<(), Error> {
    let (email, held) = standing(tenancy.central(), user, tenant).await?;
    give(tenancy, actor, tenant, (user, &email), held, role).await
}

/// Ends this user's membership; the tenant is closed to them at once.
///
/// # Errors
/// `NotFound` when there is no such account or membership.
pub async fn withdraw(tenancy: &Tenancy, actor: &Actor, user: UserId, tenant: TenantId) -> Result<(), Error> {
    let (email, _) = standing(tenancy.central(), user, tenant).await?;
    take(tenancy, actor, tenant, (user, &email)).await
}

async fn give(
    tenancy: &Tenancy,
    actor: &Actor,
    tenant: TenantId,
    (user, email): (UserId, &Email),
    held: Option<Role>,
    role: Role,
) -> Result<(), Error> {
    if held == Some(role) {
        return Ok(());
    }
    let change = Change::open(tenancy.central(), actor).await?;
    members::assign(&change, user, tenant, role, Origin::Manual).await?;
    let about = About::target(email).in_tenant(tenant).with("role", role.as_str());
    change.commit(Action::AssignTenant, about).await
}

async fn take(tenancy: &Tenancy, actor: &Actor, tenant: TenantId, (user, email): (UserId, &Email)) -> Result<(), Error> {
    let change = Change::open(tenancy.central(), actor).await?;
    members::remove(&change, user, tenant).await?;
    change.commit(Action::UnassignTenant, About::target(email).in_tenant(tenant)).await
}

async fn standing(from: &impl Source, user: UserId, tenant: TenantId) -> Result<(Email, Option<Role>), Error> {
    members::standing(from, user, tenant).await?.ok_or_else(|| Error::NotFound("the account".to_owned()))
}

async fn pair(from: &impl Source, tenant: &Slug, email: &Email) -> Result<(TenantId, UserId), Error> {
    let of = tenants::find(from, tenant).await?.ok_or_else(|| Error::NotFound(format!("tenant {tenant}")))?;
    let who = users::find_by_email(from, email).await?.ok_or_else(|| Error::NotFound(format!("account {email}")))?;
    Ok((of.id, who.id))
}
