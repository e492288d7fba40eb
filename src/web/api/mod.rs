//! The public API: the same things as the pages, as JSON, for a session or a bearer token.
//!
//! An operation is a line in `routes::PUBLIC_API`, an `async fn` here and a type in `bodies`; the document at
//! `/openapi.json` and the page `/docs` are made from these.

mod bodies;
mod custom;
mod dashboards;
mod document;
mod look;
mod me;
mod panels;
mod preferences;
mod reports;
mod sign_in;
mod tenants;
mod tokens;
mod users;

use poem::Route;
use poem_openapi::{OpenApiService, Tags};

pub use document::document;

use crate::tenancy::Operator;
use crate::web::guards::{ActiveTenant, Exchanging, Person};
use crate::web::openapi::{self, Guard, Scheme};

/// What the operations are about, in the order they are told.
#[derive(Tags)]
enum Tag {
    /// Signing in and out, who is calling, and tokens for one tenant.
    #[oai(rename = "Sign-in")]
    SignIn,
    /// The tenants the caller may open. Every other call is about one of them: a token's own, else the one last selected,
    /// else the only one.
    Tenants,
    /// What dashboards there are, and what stands on them.
    Dashboards,
    /// What a panel shows, as values.
    Panels,
    /// A panel with everything a reader has to know beside it, and its rows as a file.
    Reports,
    /// What somebody set for themselves.
    Preferences,
    /// The people of the installation. For operators.
    Users,
}

/// All operations.
type All = (
    sign_in::SignIn,
    me::Callers,
    tokens::Tokens,
    tenants::Tenants,
    dashboards::Dashboards,
    panels::Panels,
    custom::Custom,
    reports::Reports,
    preferences::PreferencesApi,
    users::Users,
);

fn all() -> All {
    (
        sign_in::SignIn,
        me::Callers,
        tokens::Tokens,
        tenants::Tenants,
        dashboards::Dashboards,
        panels::Panels,
        custom::Custom,
        reports::Reports,
        preferences::PreferencesApi,
        users::Users,
    )
}

/// Adds the operations to a router.
pub fn mount(route: Route) -> Route {
    openapi::mount(route, all())
}

/// Every operation: its id, verb and path.
pub fn operations() -> Vec<(&'static str, String, String)> {
    openapi::operations::<All>()
}

fn service() -> OpenApiService<All, ()> {
    OpenApiService::new(all(), "Loggia", env!("CARGO_PKG_VERSION")).description(ABOUT)
}

const ABOUT: &str = "Dashboards, their data and their reports, for one tenant at a time. Every operation but signing in takes \
the session's cookie or `Authorization: Bearer` with a token for one tenant (`POST /api/token/exchange`). Errors are \
`application/problem+json`; the reference in them, `correlation_id`, finds the request in the log.";

impl Guard for Person {
    const SCHEMES: &'static [Scheme] = &[Scheme::Session, Scheme::Bearer];
}

impl Guard for ActiveTenant {
    const SCHEMES: &'static [Scheme] = &[Scheme::Session, Scheme::Bearer];
}

impl Guard for Exchanging {
    const SCHEMES: &'static [Scheme] = &[Scheme::Session, Scheme::Bearer];
}

impl Guard for Operator {
    const SCHEMES: &'static [Scheme] = &[Scheme::Session, Scheme::Bearer];
}
