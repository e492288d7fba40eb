//! The people of the installation, for operators.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use poem_openapi::types::Example;
use uuid::Uuid;

use super::me::Role;
use super::shape::Nullable;

/// A page of users.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct UserList {
    /// The users of this page.
    pub users: Vec<UserBody>,
    /// Which page this is, from 1.
    pub page: u32,
    /// How many a page holds.
    pub page_size: u32,
    /// How many there are in all.
    pub total: u64,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "User", example)]
pub struct UserBody {
    /// The id.
    pub id: Uuid,
    /// The address.
    pub email: String,
    /// The full name.
    pub full_name: Nullable<String>,
    /// Whether this person runs the installation.
    pub is_admin: bool,
    /// Whether they may sign in.
    pub is_active: bool,
    /// The tenants they are in.
    pub tenants: Vec<UserTenant>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed: send it back with a change, so that nobody else's is lost.
    pub updated_at: DateTime<Utc>,
}

/// A tenant somebody is in.
#[derive(Clone, Debug, PartialEq, Object)]
pub struct UserTenant {
    /// The tenant's id.
    pub id: Uuid,
    /// The tenant's slug.
    pub slug: String,
    /// The tenant's name.
    pub name: String,
    /// What they may do there.
    pub role: Role,
}

/// A user to be made.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example, deny_unknown_fields)]
pub struct UserNew {
    /// The address.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: String,
    /// The full name.
    #[oai(validator(max_length = 200), default)]
    pub full_name: String,
    /// The first password; without one the account is only invited, and signs in with the company's account.
    #[oai(validator(max_length = 1024), default)]
    pub password: String,
    /// Whether this person runs the installation.
    #[oai(default)]
    pub is_admin: bool,
}

/// What is to be changed of a user; what is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example, deny_unknown_fields)]
pub struct UserChange {
    /// The address.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: Option<String>,
    /// The full name.
    #[oai(validator(max_length = 200))]
    pub full_name: Option<String>,
    /// Whether this person runs the installation.
    pub is_admin: Option<bool>,
    /// Whether they may sign in.
    pub is_active: Option<bool>,
    /// `updated_at` as it was read; where somebody changed the user since, nothing is changed and the answer is 409.
    pub updated_at: Option<DateTime<Utc>>,
}

/// Access to a tenant.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example, deny_unknown_fields)]
pub struct TenantAccess {
    /// The tenant's id or slug.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub tenant_id: String,
    /// What they may do there: `viewer` or `admin`.
    #[oai(default = "viewer")]
    pub role: TenantRole,
}

/// What somebody may be made in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, poem_openapi::Enum)]
#[oai(rename_all = "lowercase")]
pub enum TenantRole {
    /// Reads.
    Viewer,
    /// Runs the tenant.
    Admin,
}

fn viewer() -> TenantRole {
    TenantRole::Viewer
}

impl From<TenantRole> for crate::domain::Role {
    fn from(role: TenantRole) -> crate::domain::Role {
        match role {
            TenantRole::Viewer => crate::domain::Role::Viewer,
            TenantRole::Admin => crate::domain::Role::Admin,
        }
    }
}

impl Example for UserBody {
    fn example() -> UserBody {
        let at = DateTime::from_timestamp(1_795_183_500, 0).unwrap_or_default();
        let tenant = UserTenant {
            id: Uuid::from_u128(0x0192_f1c4_8f3a_7c21_9a44_0e5d_2b61_77c0),
            slug: "acme-corp".to_owned(),
            name: "Acme Corp".to_owned(),
            role: Role::Viewer,
        };
        UserBody {
            id: Uuid::from_u128(0x0192_f1c4_8f3a_7c21_9a44_0e5d_2b61_77c1),
            email: "nina@acme.example".to_owned(),
            full_name: Some("Nina Novak".to_owned()).into(),
            is_admin: false,
            is_active: true,
            tenants: vec![tenant],
            created_at: at,
            updated_at: at,
        }
    }
}

impl Example for UserList {
    fn example() -> UserList {
        UserList { users: vec![UserBody::example()], page: 1, page_size: 50, total: 1 }
    }
}

impl Example for UserNew {
    fn example() -> UserNew {
        UserNew {
            email: "nina@acme.example".to_owned(),
            full_name: "Nina Novak".to_owned(),
            password: "nine green lanterns".to_owned(),
            is_admin: false,
        }
    }
}

impl Example for UserChange {
    fn example() -> UserChange {
        let full_name = Some("Nina Novak-Ito".to_owned());
        UserChange { email: None, full_name, is_admin: None, is_active: Some(true), updated_at: None }
    }
}

impl Example for TenantAccess {
    fn example() -> TenantAccess {
        TenantAccess { tenant_id: "acme-corp".to_owned(), role: TenantRole::Viewer }
    }
}
