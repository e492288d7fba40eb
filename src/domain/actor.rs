//! Who did it: the name that stands in the audit row.

use std::net::IpAddr;

use super::{CorrelationId, UserId};

/// What kind of caller acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A signed-in person.
    Person,
    /// A person behind a token: one of ours that is good for one tenant, or the identity provider's.
    Bearer,
    /// A program with credentials of its own.
    Machine,
    /// A wall screen that was given a link.
    Device,
    /// Somebody at the command line of the server itself.
    Console,
    /// The server, by itself (start-up, reload).
    System,
    /// Nobody known: a sign-in that failed, a stranger turned away.
    Nobody,
}

impl ActorKind {
    /// The word stored in the audit row.
    pub fn as_str(self) -> &'static str {
        match self {
            ActorKind::Person => "person",
            ActorKind::Bearer => "bearer",
            ActorKind::Machine => "machine",
            ActorKind::Device => "device",
            ActorKind::Console => "console",
            ActorKind::System => "system",
            ActorKind::Nobody => "nobody",
        }
    }
}

/// The one who acts, as the audit will name them. Only the proofs of `identity` and `tenancy`
/// hand one out (`Actor::issue` is called nowhere else; the architecture test looks).
#[derive(Clone, Debug)]
pub struct Actor {
    kind: ActorKind,
    user: Option<UserId>,
    label: String,
    address: Option<IpAddr>,
    correlation: CorrelationId,
}

impl Actor {
    pub(crate) fn issue(
        kind: ActorKind,
        user: Option<UserId>,
        label: impl Into<String>,
        address: Option<IpAddr>,
        correlation: CorrelationId,
    ) -> Actor {
        Actor { kind, user, label: label.into(), address, correlation }
    }

    /// What kind of caller this is.
    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    /// The user (or machine, or device), where there is one.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// How the audit names the caller: an e-mail address, a machine's or a device's name, `console`, `system`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Where the call came from.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The request it belongs to.
    pub fn correlation(&self) -> CorrelationId {
        self.correlation
    }
}
