//! What a person set for themselves on a tenant's dashboards.

use serde_json::{Map, Value};

use crate::central::audit::{About, Action};
use crate::central::{Change, Error, preferences};
use crate::domain::Key;

use super::{Tenancy, TenantScope};

/// Everything the caller set in this tenant, by dashboard.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn load(tenancy: &Tenancy, scope: &TenantScope) -> Result<Map<String, Value>, Error> {
    preferences::load(tenancy.central(), scope.tenant(), scope.identity().user()).await
}

/// Replaces what the caller set on one dashboard. Nothing is written when it is that already.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn save(tenancy: &Tenancy, scope: &TenantScope, dashboard: &Key, set: Value) -> Result<(), Error> {
    let (tenant, user) = (scope.tenant(), scope.identity().user());
    let change = Change::open(tenancy.central(), scope.identity().actor()).await?;
    // read, then written: two tabs at once must not lose one another's dashboard
    let mut all = preferences::load(&change, tenant, user).await?;
    if all.get(dashboard.as_str()) == Some(&set) {
        return change.unneeded().await;
    }
    all.insert(dashboard.to_string(), set);
    preferences::save(&change, tenant, user, all).await?;
    change.commit(Action::UpdatePreferences, About::target(dashboard).in_tenant(tenant)).await
}
