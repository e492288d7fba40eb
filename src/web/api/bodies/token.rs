//! Tokens: what is given, and what is told of one.

use poem_openapi::Object;
use poem_openapi::types::Example;

use crate::identity::Told;

/// A token for one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct Token {
    /// The token: send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: String,
    /// For how many seconds it is good.
    pub expires_in: i64,
}

/// The token that is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct IntrospectionAsked {
    /// The token.
    #[oai(validator(min_length = 1, max_length = 16000))]
    pub token: String,
}

/// What is told of a token: `active` alone where it is not good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Introspection {
    /// Whether it is good.
    pub active: bool,
    /// Who made it.
    pub iss: Option<String>,
    /// For whom: `loggia:api`, `loggia:internal` or `dash:{app}`.
    pub aud: Option<String>,
    /// The id of its bearer.
    pub sub: Option<String>,
    /// The bearer's address.
    pub email: Option<String>,
    /// The machine client's name.
    pub client_id: Option<String>,
    /// What a machine client's own token allows.
    pub scope: Option<String>,
    /// What the bearer may do in the tenant now.
    pub role: Option<String>,
    /// The tenant's id.
    pub tenant_id: Option<String>,
    /// The tenant's slug.
    pub tenant: Option<String>,
    /// The environment: `dev`, `stage` or `prod`.
    pub env: Option<String>,
    /// The Unity Catalog of the tenant's data.
    pub uc_catalog: Option<String>,
    /// When it was made, in epoch seconds.
    pub iat: Option<i64>,
    /// From when it is good.
    pub nbf: Option<i64>,
    /// Until when.
    pub exp: Option<i64>,
    /// Its own id.
    pub jti: Option<String>,
}

impl Introspection {
    /// Of a token that is not good, whatever the reason.
    pub fn inactive() -> Introspection {
        Introspection::default()
    }
}

impl From<Told> for Introspection {
    fn from(told: Told) -> Introspection {
        let tenant = told.tenant.as_ref();
        Introspection {
            active: true,
            iss: Some(told.iss),
            aud: Some(told.aud),
            sub: Some(told.sub.to_string()),
            email: told.email,
            client_id: told.client_id,
            scope: told.scope,
            role: tenant.map(|tenant| tenant.role.as_str().to_owned()),
            tenant_id: tenant.map(|tenant| tenant.tenant_id.to_string()),
            tenant: tenant.map(|tenant| tenant.tenant.clone()),
            env: tenant.and_then(|tenant| tenant.env.clone()),
            uc_catalog: tenant.and_then(|tenant| tenant.uc_catalog.clone()),
            iat: Some(told.iat),
            nbf: Some(told.nbf),
            exp: Some(told.exp),
            jti: Some(told.jti),
        }
    }
}

impl Example for Token {
    fn example() -> Token {
        Token { access_token: "eyJhbGciOiJSUzI1NiIs…".to_owned(), token_type: "Bearer".to_owned(), expires_in: 1200 }
    }
}

impl Example for IntrospectionAsked {
    fn example() -> IntrospectionAsked {
        IntrospectionAsked { token: "eyJhbGciOiJSUzI1NiIs…".to_owned() }
    }
}

impl Example for Introspection {
    fn example() -> Introspection {
        Introspection {
            active: true,
            aud: Some("loggia:api".to_owned()),
            email: Some("viewer@acme.example".to_owned()),
            role: Some("viewer".to_owned()),
            tenant: Some("acme-corp".to_owned()),
            exp: Some(1_795_184_700),
            ..Introspection::default()
        }
    }
}
