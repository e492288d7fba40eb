//! The internal API: what pipelines and operators' tools change, on the listener of the private network. Its document is
//! at `/openapi.json` there.

mod address;
mod datastores;
mod guard;
mod keys;
mod oauth;
mod tenants;

use poem::endpoint::make_sync;
use poem::{EndpointExt, Response, Route};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{OpenApiService, Tags};

use super::openapi;

pub use guard::{Administration, TenantReading};

/// What operations are grouped by.
#[derive(Tags)]
enum Group {
    /// Who is calling: tokens for machine clients.
    Tokens,
    /// The tenants of the installation.
    Tenants,
    /// Where a tenant's data is.
    Datastores,
    /// The keys that sign tokens.
    Keys,
}

/// All operations.
pub type Api = (oauth::Tokens, tenants::Tenants, datastores::Datastores, keys::Keys);

/// What a body says of a value that can be taken away: nothing, that it is none, or what it is.
fn said<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

fn api() -> Api {
    (oauth::Tokens, tenants::Tenants, datastores::Datastores, keys::Keys)
}

/// The document that describes them.
pub fn document() -> String {
    let service = OpenApiService::new(api(), "Loggia, the internal API", env!("CARGO_PKG_VERSION")).description(
        "Tenants, their datastores and the signing keys, for pipelines and operators' tools on the private network. \
         Machine clients are made by an operator; they get a token from `POST /oauth/token`, or bring their certificate.",
    );
    openapi::document(&service)
}

/// Adds the internal API, and its document, to a router.
pub fn mount(route: Route) -> Route {
    let text = document();
    let show = make_sync(move |_| Response::builder().content_type("application/json").body(text.clone()));
    openapi::mount(route, api()).at("/openapi.json", poem::get(show.boxed()))
}

/// Every operation: id, verb and path with its names in braces.
pub fn operations() -> Vec<(&'static str, String, String)> {
    openapi::operations::<Api>()
}
