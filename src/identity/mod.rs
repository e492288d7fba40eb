//! Who is calling: people with a session today, tokens and machines later.

use crate::domain::{Actor, Email, UserId};

/// A caller whose credentials were checked.
#[derive(Clone, Debug)]
pub struct Identity {
    // private to this room: only a checked session makes one
    user: UserId,
    email: Email,
    name: String,
    operator: bool,
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

    /// As the audit names this caller.
    pub fn actor(&self) -> &Actor {
        unimplemented!("WHO helper")
    }
}
