//! Who is calling: people with a session today, tokens and machines later.

pub mod accounts;
mod busy;
mod limit;
pub mod password;
pub mod people;
mod session;
mod sign_in;
mod token;

use std::net::IpAddr;

use crate::domain::{Actor, ActorKind, CorrelationId, Email, TenantId, UserId};

pub use password::{Cost, Policy};
pub use session::{Identities, SessionRules};
pub use sign_in::{SignInError, SignedIn};
pub use token::{SessionId, SessionToken};

/// A caller whose credentials were checked.
#[derive(Clone, Debug)]
pub struct Identity {
    // private to this room: only a checked session makes one
    user: UserId,
    email: Email,
    name: String,
    operator: bool,
    session: SessionId,
    selected: Option<TenantId>,
    actor: Actor,
}

impl Identity {
    /// The user.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The address shown in the header.
    pub fn email(&self) -> &Email {
        &self.email
    }

    /// The full name, or the address when there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this person runs the installation.
    pub fn is_operator(&self) -> bool {
        self.operator
    }

    /// The session it came by; safe to write down, the token cannot be told from it.
    pub fn session_id(&self) -> &SessionId {
        &self.session
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
        self.actor = Actor::issue(ActorKind::Person, Some(self.user), self.email.as_str(), address, self.actor.correlation());
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
