//! Moving a tenant from one flow of its hosted apps to another, and what must not be shared by two tenants before.

use crate::central::tenants::{self, Tenant};
use crate::central::{self, datastores};
use crate::domain::{Rollout, Slug};

use super::{Tenancy, open};

/// A step from one flow to another. Back to the legacy flow it is everybody's; into the new one only who looked at the apps
/// first hands one out (`apps::Preflight`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    from: Rollout,
    to: Rollout,
}

impl Step {
    /// A step that begins nothing new; none where it would.
    pub fn plain(from: Rollout, to: Rollout) -> Option<Step> {
        (!from.begins(to)).then_some(Step { from, to })
    }

    /// A step into the new flow, after the look.
    pub(crate) fn looked_at(from: Rollout, to: Rollout) -> Step {
        Step { from, to }
    }

    /// Where it begins.
    pub fn from(self) -> Rollout {
        self.from
    }

    /// Where it leads.
    pub fn to(self) -> Rollout {
        self.to
    }
}

/// What a tenant's tokens say of its catalog, and who else has the same one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogs {
    /// The catalog of its primary datastore in this environment.
    pub own: Option<String>,
    /// Other tenants whose tokens would name the same, at most a few.
    pub shared_with: Vec<Slug>,
}

impl Tenancy {
    /// Whether a tenant's catalog is its own.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn catalogs(&self, tenant: &Tenant) -> Result<Catalogs, central::Error> {
        let env = self.0.house.env;
        let stores = datastores::of(self.central(), tenant.id).await?;
        let Some(own) = open::primary(&stores, env).and_then(|store| store.catalog.clone()) else {
            return Ok(Catalogs::default());
        };
        let mut shared_with = Vec::new();
        for other in datastores::owners(self.central(), &own).await?.into_iter().filter(|other| *other != tenant.id) {
            // a datastore of another environment may have it, and is not meant here
            let theirs = datastores::of(self.central(), other).await?;
            let theirs = open::primary(&theirs, env).and_then(|store| store.catalog.as_deref());
            if theirs.is_some_and(|theirs| theirs.eq_ignore_ascii_case(&own))
                && let Some(record) = tenants::record(self.central(), &other.to_string()).await?
            {
                shared_with.push(record.tenant.slug);
            }
        }
        Ok(Catalogs { own: Some(own), shared_with })
    }
}

#[cfg(test)]
mod tests {
    use super::Step;
    use crate::domain::Rollout::{Canary, Current, Legacy};

    #[test]
    fn only_a_step_into_the_new_flow_needs_a_look() {
        for (from, to) in [(Legacy, Canary), (Legacy, Current)] {
            assert_eq!(Step::plain(from, to), None);
        }
        for (from, to) in [(Canary, Legacy), (Current, Legacy), (Canary, Current), (Current, Canary), (Legacy, Legacy)] {
            assert_eq!(Step::plain(from, to).map(|step| (step.from(), step.to())), Some((from, to)));
        }
    }
}
