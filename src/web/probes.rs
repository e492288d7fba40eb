//! Whether it lives, whether it can serve, and how it has been doing.

use std::sync::Arc;

use poem::web::Data;
use poem::{Response, handler};
use serde_json::json;

use super::guards::Visitor;
use super::{Parts, limits};
use crate::error::{Error, Result};

/// `GET /health`: the process answers.
#[handler]
pub async fn health() -> Response {
    Response::builder().content_type("application/json").body(json!({"status": "ok"}).to_string())
}

/// `GET /ready`: the central database answers. One tenant's dead database makes nobody unready.
#[handler]
pub async fn ready(Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    limits::in_time(parts.central.ping()).await?;
    Ok(Response::builder().content_type("application/json").body(json!({"status": "ready"}).to_string()))
}

/// `GET /metrics`, on the internal listener.
#[handler]
pub async fn metrics(Data(parts): Data<&Arc<Parts>>) -> Response {
    Response::builder().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(parts.metrics.text())
}

/// Everything under `/api/` that is no operation: told to those who are signed in.
#[handler]
pub async fn no_api(Visitor(visitor): Visitor) -> Result<Response> {
    Err(if visitor.is_some() { Error::NotFound("operation of the API") } else { Error::SignedOut })
}
