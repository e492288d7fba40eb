//! Every error, drawn once: as a page, inside a panel, or as problem+json, by what was asked for.

use http::{HeaderValue, StatusCode, header};
use poem::error::{MethodNotAllowedError, NotFoundError, ResponseError};
use poem::{Request, Response};
use serde_json::json;

use super::Parts;
use super::trail::Trail;
use super::{cookie, hosted, openapi};
use crate::error::Error;

/// What kind of answer the caller can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A document in a browser.
    Page,
    /// A document inside a frame, of a hosted app.
    Framed,
    /// A part of a page, by htmx.
    Fragment,
    /// JSON.
    Api,
}

impl Asked {
    /// By the decoded path (so that `%61pi` is `api`), then by who asks.
    pub fn of(request: &Request) -> Asked {
        let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
        if path == "/api" || path.starts_with("/api/") || path == "/openapi.json" {
            Asked::Api
        } else if path.starts_with(crate::apps::DASH) {
            if hosted::is_document(request) { Asked::Framed } else { Asked::Api }
        } else if request.header("hx-request").is_some() {
            Asked::Fragment
        } else {
            Asked::Page
        }
    }
}

/// What was asked, kept for the drawing of an error after the request itself is gone.
#[derive(Clone, Debug)]
pub struct Question {
    /// What kind of answer is wanted.
    pub asked: Asked,
    /// The path and query, for "sign in and come back".
    pub address: String,
    /// The session's token, to name the visitor's own tenants; none where other credentials were brought.
    pub token: Option<String>,
    /// Whether credentials came in a header: then no page to sign in helps.
    pub has_credentials: bool,
    /// Whether coming back makes sense: only a GET can be repeated.
    pub repeatable: bool,
    /// Who may show the answer in a frame, where that is anybody.
    pub framed_by: Option<String>,
    /// Whether its connection carries one request after the other.
    pub in_turn: bool,
}

impl Question {
    /// What `request` asks.
    pub fn of(request: &Request, parts: &Parts) -> Question {
        let https = parts.settings.is_https();
        let framed_by = hosted::is_asked(request).then(|| hosted::shown_at(request, parts).framed_by);
        let has_credentials = request.headers().contains_key(header::AUTHORIZATION);
        Question {
            asked: Asked::of(request),
            address: request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            token: cookie::token(request, https).filter(|_| !has_credentials),
            has_credentials,
            repeatable: matches!(*request.method(), http::Method::GET | http::Method::HEAD),
            framed_by,
            in_turn: request.version() <= http::Version::HTTP_11,
        }
    }
}

impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        Error::status(self)
    }
}

/// The library's own refusals in our words.
pub fn ours(error: poem::Error) -> Error {
    if error.is::<Error>() {
        return error.downcast::<Error>().unwrap_or_else(|e| Error::Internal(anyhow::anyhow!("{e}")));
    }
    if let Some(error) = openapi::translate(&error) {
        return error;
    }
    if error.is::<NotFoundError>() {
        return Error::NotFound("page");
    }
    if error.is::<MethodNotAllowedError>() {
        return Error::Method;
    }
    match error.status() {
        StatusCode::NOT_FOUND => Error::NotFound("page"),
        StatusCode::METHOD_NOT_ALLOWED => Error::Method,
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge("The request is too large"),
        status if status.is_client_error() => Error::Malformed("The request cannot be read"),
        _ => Error::Internal(anyhow::anyhow!("{error}")),
    }
}

/// Writes the cause to the log where there is one that operators need.
pub fn log(error: &Error, trail: &Trail) {
    let correlation_id = trail.correlation.to_string();
    match error {
        Error::Internal(_) => tracing::error!(correlation_id, "{error}"),
        Error::Unavailable { .. } | Error::App { .. } => tracing::warn!(correlation_id, "{error}"),
        _ => tracing::debug!(correlation_id, "{error}"),
    }
}

/// RFC 9457.
pub fn problem(error: &Error, trail: &Trail) -> Response {
    let mut body = json!({
        "type": "about:blank",
        "title": error.title(),
        "status": error.status().as_u16(),
        "detail": error.detail(),
        "correlation_id": trail.correlation.to_string(),
    });
    if let Error::App { what, .. } = error {
        body["error"] = json!(what.word());
    }
    if !error.faults().is_empty() {
        body["faults"] = json!(error.faults());
    }
    Response::builder().status(error.status()).content_type("application/problem+json").body(body.to_string())
}

/// Which verbs there are, where the one that came is none of them.
pub fn allow(error: &Error, verbs: Option<String>, response: &mut Response) {
    let verbs = verbs.filter(|_| matches!(error, Error::Method));
    if let Some(verbs) = verbs.and_then(|verbs| HeaderValue::from_str(&verbs).ok()) {
        response.headers_mut().insert(header::ALLOW, verbs);
    }
}

/// Headers that belong to an error whatever its form.
pub fn mark(error: &Error, asked: &Question, response: &mut Response) {
    // what was too large is not read to its end: nothing else can follow it on this connection
    if asked.in_turn && response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(wait) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    if matches!(error, Error::SignedOut | Error::WrongPassword) && response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"loggia\""));
    }
}
