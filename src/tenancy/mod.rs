//! Whose data: a tenant, and the proof that this caller may read it.

mod address;
mod check;
pub mod datastores;
mod declaration;
mod declare;
pub mod devices;
mod draft;
mod lists;
pub mod members;
mod open;
pub mod preferences;
mod proof;
mod refused;
mod rollout;
mod scope;
mod standing;
mod state;
pub mod tenants;
mod tokens;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use moka::sync::Cache;
use uuid::Uuid;

use crate::central::Central;
use crate::central::audit::Queue;
use crate::datastore::Datastores;
use crate::domain::TenantId;
use crate::identity::Sealer;

pub use crate::central::tenants::{Brand, Status, Storage, TenantCard};
pub use address::AddressView;
pub use declaration::{DatastoreDeclaration, Env, Kind, SecretReference, TenantDeclaration};
pub use declare::{Difference, How};
pub use draft::DatastoreDraft;
pub use proof::{Operator, TenantAdmin};
pub use refused::Refused;
pub use rollout::{Catalogs, Step};
pub use scope::{Denied, STORAGE_PROCESSED, STORAGE_UPLOADS, TenantScope};
pub use tokens::{Exchanged, NotExchanged};

use standing::{Asked, Standing};

/// Knows the tenants: who may open which, and where their data is. Cheap to clone.
#[derive(Clone)]
pub struct Tenancy(Arc<Inner>);

struct Inner {
    central: Central,
    audit: Queue,
    house: House,
    stores: Datastores<(TenantId, Uuid)>,
    known: Cache<Asked, Arc<Standing>>,
}

/// What the installation's settings say about all tenants.
#[derive(Clone, Debug)]
pub struct House {
    /// Which of a tenant's datastores is meant.
    pub env: Env,
    /// Whether operators may read every tenant, or only those they are members of.
    pub operators_read: bool,
    /// Where relative SQLite files are.
    pub data: PathBuf,
    /// What opens the addresses that are stored sealed.
    pub sealer: Sealer,
}

impl fmt::Debug for Tenancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenancy").field("house", &self.0.house).finish_non_exhaustive()
    }
}

impl Tenancy {
    /// Ready to be asked.
    pub fn new(central: &Central, audit: &Queue, house: House) -> Tenancy {
        Tenancy(Arc::new(Inner {
            central: central.clone(),
            audit: audit.clone(),
            house,
            stores: Datastores::default(),
            known: Cache::new(20_000),
        }))
    }

    /// The central database.
    pub fn central(&self) -> &Central {
        &self.0.central
    }

    /// Where views, exports and denials are noted.
    pub fn audit(&self) -> &Queue {
        &self.0.audit
    }

    /// Closes every tenant's connections, at the end of the process.
    pub fn close(&self) {
        self.0.stores.close();
    }
}
