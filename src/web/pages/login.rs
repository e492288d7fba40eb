//! The sign-in page.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::Chrome;
use crate::demo;
use crate::error::{Error, Result};
use crate::identity::{Caller, SignInError};
use crate::panel::Address;
use crate::web::guards::{Sent, Visitor};
use crate::web::trail::Trail;
use crate::web::{Parts, around, cookie, limits};

/// One account of the demo.
#[derive(Clone, Debug)]
pub struct DemoAccount {
    /// Its e-mail address.
    pub email: String,
    /// What it may see, in a few words.
    pub sees: String,
    /// The sign-in page with this address filled in.
    pub href: String,
}

/// The accounts of the demo, all with one password.
#[derive(Clone, Debug)]
pub struct DemoAccounts {
    /// The password.
    pub password: String,
    /// The accounts.
    pub accounts: Vec<DemoAccount>,
}

/// The way to the company's own sign-in.
#[derive(Clone, Debug)]
pub struct ProviderLink {
    /// What the provider is called.
    pub label: String,
    /// Where it begins.
    pub href: String,
}

/// The sign-in page, also drawn again when the answer was no.
#[derive(Clone, Debug, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The address typed before, or given by a link.
    pub email: String,
    /// Where to go afterwards: a path of our own.
    pub next: String,
    /// Why it did not work.
    pub error: Option<String>,
    /// The company's own sign-in, where there is one.
    pub provider: Option<ProviderLink>,
    /// Whether passwords are kept here: else there is no form.
    pub local: bool,
    /// The demo's accounts, in the demo.
    pub demo: Option<DemoAccounts>,
}

/// `GET /login`: who is signed in already is led on.
#[handler]
pub async fn show(
    Visitor(visitor): Visitor,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    if visitor.is_some() {
        return Ok(around::see_other(around::own_path(&asked.next)));
    }
    around::page(&draw(parts, request, &asked.email, &asked.next, None))
}

/// `POST /login`: the same answer for an unknown address, a wrong password and an inactive account.
#[handler]
pub async fn submit(mut sent: Sent<Answer>, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let answer = sent.take();
    let trail = Trail::of(request);
    parts.rates.count_caller(&limits::network(trail.address))?;
    if !parts.settings.local_accounts {
        let words = "Passwords are not kept here. Sign in with your company's account.";
        return refuse(parts, request, &answer, http::StatusCode::UNPROCESSABLE_ENTITY, words, None);
    }
    let known = cookie::plain(request, cookie::KNOWN);
    let caller = Caller {
        address: trail.address,
        correlation: trail.correlation,
        user_agent: request.header("user-agent"),
        known: known.as_deref(),
    };
    let outcome = parts.identities.sign_in_from(&answer.email, &answer.password, caller).await;
    parts.metrics.signed_in(outcome_word(&outcome));
    match outcome {
        Ok(signed_in) => {
            // Whatever session the browser came with ends here: a new one cannot have been planted.
            if let Some(old) = cookie::token(request, parts.settings.is_https()) {
                parts.identities.forget(&old, trail.correlation).await.map_err(Error::unavailable)?;
            }
            let mut response = around::see_other(around::own_path(&answer.next));
            cookie::welcome(&mut response, &signed_in, &parts.settings);
            Ok(response)
        }
        Err(SignInError::Wrong) => refuse(
            parts,
            request,
            &answer,
            http::StatusCode::UNPROCESSABLE_ENTITY,
            "That address and password do not match an account.",
            None,
        ),
        Err(SignInError::Limited { retry_after } | SignInError::Busy { retry_after }) => {
            let words = format!("Too many tries. Wait {} s and try again.", retry_after.as_secs().max(1));
            refuse(parts, request, &answer, http::StatusCode::TOO_MANY_REQUESTS, &words, Some(retry_after.as_secs().max(1)))
        }
        Err(SignInError::Unavailable(cause)) => Err(Error::unavailable(cause)),
    }
}

/// What the address of the sign-in page may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
    email: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    email: String,
    password: String,
    next: String,
}

/// The word under which a sign-in is counted.
pub fn outcome_word<T>(outcome: &std::result::Result<T, SignInError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(SignInError::Wrong) => "wrong",
        Err(SignInError::Limited { .. } | SignInError::Busy { .. }) => "limited",
        Err(SignInError::Unavailable(_)) => "unavailable",
    }
}

fn refuse(
    parts: &Parts,
    request: &Request,
    answer: &Answer,
    status: http::StatusCode,
    words: &str,
    wait: Option<u64>,
) -> Result<Response> {
    let mut response = around::page(&draw(parts, request, &answer.email, &answer.next, Some(words.to_owned())))?;
    response.set_status(status);
    if let Some(wait) = wait {
        response.headers_mut().insert(http::header::RETRY_AFTER, wait.into());
    }
    Ok(response)
}

/// The page again after the provider's answer was no; what was typed into the form, nobody typed.
///
/// # Errors
/// A template failed.
pub fn again(parts: &Parts, request: &Request, status: http::StatusCode, words: &str) -> Result<Response> {
    let wait = (status == http::StatusCode::SERVICE_UNAVAILABLE).then_some(10);
    refuse(parts, request, &Answer::default(), status, words, wait)
}

fn draw(parts: &Parts, request: &Request, email: &str, next: &str, error: Option<String>) -> LoginPage {
    let address = |email: Option<&str>| {
        Address { path: "/login".to_owned(), query: Vec::new() }
            .with("next", Some(next).filter(|n| !n.is_empty()))
            .with("email", email)
    };
    let account = |account: &demo::Account| DemoAccount {
        email: account.email.to_owned(),
        sees: account.sees(),
        href: address(Some(account.email)).href(),
    };
    LoginPage {
        chrome: around::bare("Sign in", around::theme(request), None, address(None)),
        email: email.to_owned(),
        next: next.to_owned(),
        error,
        provider: parts.identities.provider().map(|provider| ProviderLink {
            label: provider.label().to_owned(),
            href: Address { path: "/login/oidc".to_owned(), query: Vec::new() }
                .with("next", Some(next).filter(|n| !n.is_empty()))
                .href(),
        }),
        local: parts.settings.local_accounts,
        demo: (parts.settings.demo && parts.settings.local_accounts).then(|| DemoAccounts {
            password: demo::PASSWORD.to_owned(),
            accounts: demo::ACCOUNTS.iter().map(account).collect(),
        }),
    }
}
