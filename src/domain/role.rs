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

/// Who sees something inside a tenant: those of one role, and of every stronger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisibleTo(Role);

impl Default for VisibleTo {
    /// Everybody who may look.
    fn default() -> VisibleTo {
        VisibleTo(Role::Viewer)
    }
}

impl VisibleTo {
    /// The roles named, and the stronger ones; none when nobody is named.
    pub fn roles(named: impl IntoIterator<Item = Role>) -> Option<VisibleTo> {
        named.into_iter().min().map(VisibleTo)
    }

    /// Whether somebody of this role sees it.
    pub fn includes(self, role: Role) -> bool {
        role >= self.0
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

#[cfg(test)]
mod tests {
    use super::{Role, VisibleTo};

    #[test]
    fn whoever_is_stronger_sees_it_too() {
        let admins = VisibleTo::roles([Role::Operator, Role::Admin]).unwrap();
        assert_eq!([Role::Viewer, Role::Admin, Role::Operator].map(|role| admins.includes(role)), [false, true, true]);
        assert!(VisibleTo::default().includes(Role::Viewer));
        assert_eq!(VisibleTo::roles([]), None);
    }
}
