//! The keys that verify our tokens, for everybody.

use std::sync::Arc;

use poem::web::Data;
use poem::{Response, handler};

use super::{Parts, limits};
use crate::error::Result;

/// `GET /.well-known/jwks.json`: a minute at most may lie between a key's publication and a verifier's hearing of it.
#[handler]
pub async fn show(Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    let keys = limits::in_time(parts.identities.published_keys()).await?;
    let response = Response::builder().content_type("application/json").header("cache-control", "public, max-age=60");
    Ok(response.body(keys))
}
