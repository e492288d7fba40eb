//! What somebody may do in a tenant.

use std::fmt;
use std::str::FromStr;

/// A person's standing in one tenant, weakest first. `Operator` is never stored as a membership:
/// it is what an operator of the installation has in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May look.
    Viewer,
    /// May also change this tenant's own things, and sees the faults of its files.
    Admin,
    /// Runs the installation.
    Operator,
}

impl Role {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Admin => "admin",
            Role::Operator => "operator",
        }
    }

    /// Whether the faults of this tenant's files are this person's business.
    pub fn is_author(self) -> bool {
        self >= Role::Admin
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    /// `viewer` or `admin`; `operator` is not something a membership can hold.
    fn from_str(word: &str) -> Result<Role, String> {
        match word {
            "viewer" => Ok(Role::Viewer),
            "admin" => Ok(Role::Admin),
            other => Err(format!("“{other}” is not a role; use viewer or admin")),
        }
    }
}
