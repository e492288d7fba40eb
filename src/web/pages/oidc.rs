//! Signing in with the company's account: out to the provider, back from it, and its word that a session ended.

use std::sync::Arc;

use http::StatusCode;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::login;
use crate::error::{Error, Result};
use crate::identity::oidc::{Answer, OidcError, Provider};
use crate::web::guards::{Sent, Visitor};
use crate::web::trail::Trail;
use crate::web::{Parts, around, cookie, limits};

/// Longer addresses are not carried through the provider: a cookie has to hold them.
const LONGEST_NEXT: usize = 1024;

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
}

/// What the provider sends when a session ended there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Told {
    logout_token: String,
}

fn provider(parts: &Parts) -> Result<&Provider> {
    parts.identities.provider().ok_or(Error::NotFound("page"))
}

/// `GET /login/oidc`: leads to the provider, and remembers in a cookie what its answer must fit.
#[handler]
pub async fn begin(
    Visitor(visitor): Visitor,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let provider = provider(parts)?;
    let next = around::own_path(&asked.next);
    if visitor.is_some() {
        return Ok(around::see_other(next));
    }
    match start(parts, request, next).await {
        Ok((url, response)) => Ok(around::leading_to(response, &url)),
        Err(fault) => refuse(parts, request, provider, &fault),
    }
}

/// Where to send a browser, and an answer that already holds the cookie with which its return is known.
///
/// # Errors
/// `Unreachable` when the provider is silent; `Stale` when there is none.
pub async fn start(parts: &Parts, request: &Request, next: &str) -> std::result::Result<(String, Response), OidcError> {
    let provider = parts.identities.provider().ok_or(OidcError::Stale)?;
    let next = if next.len() > LONGEST_NEXT { "/" } else { next };
    let redirect = format!("{}/login/callback", around::origin(parts, request));
    let begun = parts.identities.begin_with(provider, &redirect, next).await?;
    let mut response = Response::default();
    cookie::keep_errand(&mut response, begun.slot, &begun.memory, &parts.settings);
    Ok((begun.url.to_string(), response))
}

/// `GET /login/callback`: the provider's answer.
#[handler]
pub async fn finish(Data(parts): Data<&Arc<Parts>>, Query(answer): Query<Answer>, request: &Request) -> Result<Response> {
    let provider = provider(parts)?;
    let trail = Trail::of(request);
    parts.rates.count_caller(&limits::network(trail.address))?;
    let memory = cookie::errand(request, answer.slot(), parts.settings.is_https());
    let agent = request.header("user-agent");
    let arrived = parts.identities.arrive(provider, memory.as_deref(), &answer, trail.address, trail.correlation, agent).await;
    parts.metrics.signed_in(outcome_word(&arrived));
    let mut response = match arrived {
        Ok(arrived) => {
            // Whatever session the browser came with ends here: a new one cannot have been planted.
            if let Some(old) = cookie::token(request, parts.settings.is_https()) {
                parts.identities.forget(&old, trail.correlation).await.map_err(Error::unavailable)?;
            }
            let mut response = around::see_other(around::own_path(&arrived.next));
            cookie::welcome(&mut response, &arrived.signed_in, &parts.settings);
            response
        }
        Err(fault) => refuse(parts, request, provider, &fault)?,
    };
    cookie::drop_errand(&mut response, answer.slot(), &parts.settings);
    Ok(response)
}

/// `POST /logout/backchannel`: the provider tells that sessions ended there (OpenID Connect Back-Channel Logout 1.0).
#[handler]
pub async fn told(mut sent: Sent<Told>, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let provider = provider(parts)?;
    let trail = Trail::of(request);
    parts.rates.count_caller(&limits::network(trail.address))?;
    match parts.identities.hear_logout(provider, &sent.take().logout_token, trail.correlation).await {
        Ok(()) => Ok(Response::builder().status(StatusCode::OK).finish()),
        Err(OidcError::Unavailable(cause)) => Err(Error::unavailable(cause)),
        Err(fault) => {
            tracing::warn!(correlation_id = trail.correlation.to_string(), "{fault}");
            let body = r#"{"error":"invalid_request","error_description":"the logout token was not accepted"}"#;
            Ok(Response::builder().status(StatusCode::BAD_REQUEST).content_type("application/json").body(body))
        }
    }
}

fn outcome_word<T>(outcome: &std::result::Result<T, OidcError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(OidcError::Unavailable(_) | OidcError::Unreachable(_)) => "unavailable",
        Err(_) => "wrong",
    }
}

/// The sign-in page again, with what happened and what to do, in the words of the one who wanted in.
fn refuse(parts: &Parts, request: &Request, provider: &Provider, fault: &OidcError) -> Result<Response> {
    let label = provider.label();
    let (status, words) = match fault {
        OidcError::Unavailable(cause) => return Err(Error::unavailable(cause)),
        OidcError::Stale => (
            StatusCode::BAD_REQUEST,
            "That sign-in was begun in another browser, or it took too long. Please start again.".to_owned(),
        ),
        OidcError::Declined(_) => {
            (StatusCode::BAD_REQUEST, format!("{label} did not sign you in. Please try again, or use another account there."))
        }
        OidcError::Unverified(_) => (
            StatusCode::BAD_REQUEST,
            format!(
                "What came back from {label} could not be verified, so nobody was signed in. Please start again; if it stays, tell your operator this reference: {}",
                Trail::of(request).correlation
            ),
        ),
        OidcError::Unreachable(_) => {
            tracing::warn!(correlation_id = Trail::of(request).correlation.to_string(), "{fault}");
            (StatusCode::SERVICE_UNAVAILABLE, format!("{label} does not answer right now. Please try again in a minute."))
        }
        OidcError::NoAddress(_) => (
            StatusCode::FORBIDDEN,
            format!("{label} has not verified an e-mail address of yours. Have it verified there, then sign in again."),
        ),
        OidcError::Taken(email) => (
            StatusCode::FORBIDDEN,
            format!("Somebody already has an account with the address {email} here. Ask your operator whether it is yours."),
        ),
        OidcError::Inactive(_) => {
            (StatusCode::FORBIDDEN, "Your account is switched off here. Ask your operator about it.".to_owned())
        }
    };
    login::again(parts, request, status, &words)
}
