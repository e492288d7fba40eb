use crate::domain::{Actor, Role};
use crate::identity::Identity;

use super::TenantScope;

/// Proof that this caller may change this tenant.
#[derive(Clone, Debug)]
pub struct TenantAdmin(TenantScope);

impl TenantAdmin {
    /// The proof, if the scope's role is enough.
    pub fn prove(scope: &TenantScope) -> Option<TenantAdmin> {
        (scope.role() >= Role::Admin).then(|| TenantAdmin(scope.clone()))
    }

    /// The tenant it may change.
    pub fn scope(&self) -> &TenantScope {
        &self.0
    }

    /// As the audit names this caller.
    pub fn actor(&self) -> &Actor {
        self.0.identity().actor()
    }
}

/// Proof that this caller may change the installation.
#[derive(Clone, Debug)]
pub struct Operator(Identity);

impl Operator {
    /// The proof, if this person is an operator.
    pub fn prove(identity: &Identity) -> Option<Operator> {
        identity.is_operator().then(|| Operator(identity.clone()))
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.0
    }

    /// As the audit names this caller.
    pub fn actor(&self) -> &Actor {
        self.0.actor()
    }
}
