use crate::central::tenants::{self, Tenant, Whose};
use crate::central::{Error, Page};
use crate::domain::Slug;
use crate::identity::Identity;

use super::{Tenancy, TenantCard};

/// How many tenants a page of the list holds.
const SIZE: u32 = 50;

impl Tenancy {
    /// The active tenants the caller may open, by name. `search` is looked for in names and slugs; pages count from 1.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn mine(&self, identity: &Identity, search: Option<&str>, page: u32) -> Result<Page<TenantCard>, Error> {
        let all = identity.is_operator() && self.0.house.operators_read;
        let whose = match identity.bound_to() {
            Some(tenant) => Whose::Only(identity.user(), tenant),
            None if all => Whose::Everybodys,
            None => Whose::Mine(identity.user()),
        };
        tenants::cards(self.central(), whose, search, page, SIZE).await
    }

    /// Every tenant whatever its state, those behind `after`, at most a thousand: for the operator's own pages and commands.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn every(&self, after: Option<&Slug>) -> Result<Vec<Tenant>, Error> {
        tenants::list(self.central(), after).await
    }
}
