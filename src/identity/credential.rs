use uuid::Uuid;

use super::{Scopes, SessionId};
use crate::domain::{Key, Role, TenantId};

/// By what a caller was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The cookie of a signed-in person.
    Session(SessionId),
    /// One of our own tokens, exchanged for one tenant.
    Tenant {
        /// The only tenant it is good for.
        tenant: TenantId,
        /// The most its bearer may do there.
        role: Role,
        /// The token's own id.
        jti: String,
    },
    /// An access token of the identity provider.
    Provider {
        /// The token's own id, or its hash where it has none.
        jti: String,
    },
    /// The token of a machine client.
    Machine {
        /// What it may do.
        scopes: Scopes,
        /// The token's own id.
        jti: String,
    },
    /// The link of a wall screen.
    Device {
        /// The device.
        device: Uuid,
        /// The only tenant it shows.
        tenant: TenantId,
        /// The only dashboards it shows.
        dashboards: Vec<Key>,
    },
}

impl Credential {
    /// The one tenant it is good for; none where membership alone decides.
    pub fn bound_to(&self) -> Option<TenantId> {
        match self {
            Credential::Tenant { tenant, .. } | Credential::Device { tenant, .. } => Some(*tenant),
            Credential::Session(_) | Credential::Provider { .. } | Credential::Machine { .. } => None,
        }
    }

    /// A text that tells it from every other, safe to write down: nobody can become the caller by it.
    pub fn name(&self) -> String {
        match self {
            Credential::Session(id) => id.to_string(),
            Credential::Tenant { jti, .. } | Credential::Provider { jti } | Credential::Machine { jti, .. } => {
                format!("token {jti}")
            }
            Credential::Device { device, .. } => format!("device {device}"),
        }
    }
}
