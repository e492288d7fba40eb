//! Who is calling, what they may open, and what they set for themselves.

use std::collections::BTreeMap;

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde_json::json;
use uuid::Uuid;

use super::shape::{FilterValue, Nullable};
use crate::domain;
use crate::tenancy::{TenantCard, TenantScope};

/// What somebody may do in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Runs the tenant.
    Admin,
    /// Runs the installation.
    Operator,
}

impl From<domain::Role> for Role {
    fn from(role: domain::Role) -> Role {
        match role {
            domain::Role::Viewer => Role::Viewer,
            domain::Role::Admin => Role::Admin,
            domain::Role::Operator => Role::Operator,
        }
    }
}

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct Me {
    /// The user's id.
    pub id: String,
    /// The user's address (a machine's name).
    pub email: String,
    /// The full name.
    pub name: String,
    /// Whether this person runs the installation.
    pub is_admin: bool,
    /// The tenant that this call is about; null where none is selected among several.
    pub tenant: Nullable<TenantItem>,
    /// The tenants that may be opened, by name; the first 50.
    pub tenants: Vec<TenantItem>,
}

/// A tenant that the caller may open.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Tenant", example)]
pub struct TenantItem {
    /// Its id.
    pub id: Uuid,
    /// Its short name; every address takes it in place of the id.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What the caller may do there.
    pub role: Role,
}

/// A page of tenants.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct TenantList {
    /// The tenants of this page, by name.
    pub tenants: Vec<TenantItem>,
    /// Which page this is, from 1.
    pub page: u32,
    /// How many a page holds.
    pub page_size: u32,
    /// How many there are in all.
    pub total: u64,
}

/// A local account's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct Credentials {
    /// The address.
    #[oai(validator(max_length = 254))]
    pub email: String,
    /// The password.
    #[oai(validator(max_length = 1024))]
    pub password: String,
}

/// What signing in leads to: a session (its cookie is set), or the address to sign in at.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LoginAnswer {
    /// Who signed in.
    pub user: Option<SignedIn>,
    /// Where the browser has to go to sign in with the company's account.
    pub authorization_url: Option<String>,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct SignedIn {
    /// The user's id.
    pub id: String,
    /// The user's address.
    pub email: String,
    /// The full name.
    pub name: String,
    /// Whether this person runs the installation.
    pub is_admin: bool,
}

/// What signing out leaves to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct LogoutAnswer {
    /// Where the browser has to go to end the session with the company's account as well.
    pub end_session_url: Option<String>,
}

/// Which tenant a token is wanted for.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "TokenExchange", example)]
pub struct Exchange {
    /// The tenant's id or slug.
    #[oai(validator(max_length = 64))]
    pub tenant_id: String,
}

/// The filters somebody saves for a dashboard.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(example)]
pub struct Preferences {
    /// The dashboard's name.
    #[oai(validator(max_length = 64))]
    pub dashboard: String,
    /// The value of each filter (several of a `multi` filter); a filter that is not named opens as its author made it.
    pub filters: BTreeMap<String, FilterValue>,
}

impl From<TenantCard> for TenantItem {
    fn from(card: TenantCard) -> TenantItem {
        TenantItem { id: card.id.0, slug: card.slug.to_string(), name: card.name, role: card.role.into() }
    }
}

impl From<&TenantScope> for TenantItem {
    fn from(scope: &TenantScope) -> TenantItem {
        TenantItem {
            id: scope.tenant().0,
            slug: scope.slug().to_string(),
            name: scope.name().to_owned(),
            role: scope.role().into(),
        }
    }
}

impl Example for TenantItem {
    fn example() -> TenantItem {
        let id = Uuid::from_u128(0x0192_f1c4_8f3a_7c21_9a44_0e5d_2b61_77c0);
        TenantItem { id, slug: "acme-corp".to_owned(), name: "Acme Corp".to_owned(), role: Role::Viewer }
    }
}

impl Example for Me {
    fn example() -> Me {
        Me {
            id: "0192f1c4-8f3a-7c21-9a44-0e5d2b6177c1".to_owned(),
            email: "viewer@acme.example".to_owned(),
            name: "Vera Viewer".to_owned(),
            is_admin: false,
            tenant: Some(TenantItem::example()).into(),
            tenants: vec![TenantItem::example()],
        }
    }
}

impl Example for TenantList {
    fn example() -> TenantList {
        TenantList { tenants: vec![TenantItem::example()], page: 1, page_size: 50, total: 1 }
    }
}

impl Example for Credentials {
    fn example() -> Credentials {
        Credentials { email: "viewer@acme.example".to_owned(), password: "demo".to_owned() }
    }
}

impl Example for LoginAnswer {
    fn example() -> LoginAnswer {
        let me = Me::example();
        let user = SignedIn { id: me.id, email: me.email, name: me.name, is_admin: me.is_admin };
        LoginAnswer { user: Some(user), authorization_url: None }
    }
}

impl Example for LogoutAnswer {
    fn example() -> LogoutAnswer {
        LogoutAnswer { end_session_url: Some("https://id.example/logout?client_id=loggia".to_owned()) }
    }
}

impl Example for Exchange {
    fn example() -> Exchange {
        Exchange { tenant_id: "acme-corp".to_owned() }
    }
}

impl Example for Preferences {
    fn example() -> Preferences {
        let filters = BTreeMap::from([("instance".to_owned(), FilterValue(json!(["i-5", "i-8"])))]);
        Preferences { dashboard: "default".to_owned(), filters }
    }
}
