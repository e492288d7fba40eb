//! Who is calling: people with a session, bearers of tokens, machines, wall screens.

pub mod accounts;
mod bearer;
mod busy;
mod claims;
mod common;
mod credential;
pub mod devices;
mod keys;
mod known;
mod limit;
pub mod machines;
pub mod oidc;
pub mod password;
pub mod people;
mod reseal;
mod scopes;
mod seal;
mod session;
mod sign_in;
mod token;
mod tokens;
mod uses;

use std::net::IpAddr;

use crate::domain::{Actor, ActorKind, CorrelationId, TenantId, UserId};

pub use bearer::{Audience, Refusal, Told, ToldTenant};
pub use credential::Credential;
pub use keys::{KeyFault, Rotation};
pub use limit::Allowance;
pub use password::{Cost, Policy};
pub use reseal::reseal;
pub use scopes::{Scope, Scopes};
pub use seal::{SealFault, Sealer};
pub use session::{Identities, SessionRules};
pub use sign_in::{Caller, SignInError, SignedIn};
pub use token::{SessionId, SessionToken};
pub(crate) use tokens::Grant;
pub use tokens::{Minted, TokenRules};

/// A caller whose credentials were checked.
#[derive(Clone, Debug)]
pub struct Identity {
    // private to this room: only checked credentials make one
    user: UserId,
    label: String,
    name: String,
    operator: bool,
    credential: Credential,
    selected: Option<TenantId>,
    actor: Actor,
}

impl Identity {
    /// The user; of a machine or a device, its own id.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The address shown in the header; of a machine or a device, what it is called.
    pub fn email(&self) -> &str {
        &self.label
    }

    /// The full name, or the address when there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this person runs the installation, and came by credentials that say so: a token for one tenant does not.
    pub fn is_operator(&self) -> bool {
        self.operator && self.credential.bound_to().is_none()
    }

    /// Whether this person runs the installation, whatever credentials they came by: what they may then read in the one
    /// tenant of a token is what they could read without it.
    pub(crate) fn runs_installation(&self) -> bool {
        self.operator
    }

    /// What kind of caller this is.
    pub fn kind(&self) -> ActorKind {
        self.actor.kind()
    }

    /// By what it was known.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The session it came by, where it came by one.
    pub fn session(&self) -> Option<&SessionId> {
        match &self.credential {
            Credential::Session(id) => Some(id),
            _ => None,
        }
    }

    /// The one tenant the credentials are good for; none where membership alone decides.
    pub fn bound_to(&self) -> Option<TenantId> {
        self.credential.bound_to()
    }

    /// Whether there is an account behind it: a machine and a device have none.
    pub fn is_person(&self) -> bool {
        matches!(self.kind(), ActorKind::Person | ActorKind::Bearer)
    }

    /// The tenant last selected for the API, whether or not it may still be opened.
    pub fn selected(&self) -> Option<TenantId> {
        self.selected
    }

    /// As the audit names this caller, in this request.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The same caller, seen calling from this address.
    pub fn seen_from(mut self, address: Option<IpAddr>) -> Identity {
        let actor = &self.actor;
        self.actor = Actor::issue(actor.kind(), actor.user(), actor.label(), address, actor.correlation());
        self
    }
}

/// The one at the command line of the server itself: whoever may run it there may do everything.
pub fn console(correlation: CorrelationId) -> Actor {
    Actor::issue(ActorKind::Console, None, "console", None, correlation)
}

/// The server, by itself: start-up and reload.
pub fn system() -> Actor {
    Actor::issue(ActorKind::System, None, "system", None, CorrelationId::new())
}
