use std::sync::Arc;

use http::header::SET_COOKIE;
use poem::Request;
use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::payload::{Json, Response};

use super::Tag;
use super::bodies::{Credentials, LoginAnswer, LogoutAnswer, SignedIn};
use crate::error::{Error, FieldFault, Result};
use crate::identity::{Caller, Identity, SignInError};
use crate::web::guards::Person;
use crate::web::openapi::{Body, By};
use crate::web::pages::{login, oidc};
use crate::web::trail::Trail;
use crate::web::{Parts, around, cookie, limits};

pub struct SignIn;

#[OpenApi(prefix_path = "/api/v1/auth", tag = "Tag::SignIn")]
impl SignIn {
    /// Sign in
    ///
    /// With the address and password of a local account: the answer sets the session's cookie. Without a body, where
    /// people sign in with their company's account: the answer says where the browser has to go. An unknown address, a
    /// wrong password and a closed account get the same 401.
    #[oai(
        path = "/login",
        method = "post",
        operation_id = "login",
        response_header(name = "Set-Cookie", ty = "Option<String>", description = "The session.")
    )]
    async fn login(
        &self,
        parts: Data<&Arc<Parts>>,
        request: &Request,
        credentials: Body<Option<Credentials>>,
    ) -> Result<Response<Json<LoginAnswer>>> {
        let trail = Trail::of(request);
        parts.rates.count_caller(&limits::network(trail.address))?;
        let Some(credentials) = credentials.0 else { return elsewhere(&parts, request).await };
        if !parts.settings.local_accounts {
            let message = "passwords are not kept here: send no body, and go where the answer says".to_owned();
            return Err(Error::Invalid(vec![FieldFault { field: "password".to_owned(), message }]));
        }
        let known = cookie::plain(request, cookie::KNOWN);
        let caller = Caller {
            address: trail.address,
            correlation: trail.correlation,
            user_agent: request.header("user-agent"),
            known: known.as_deref(),
        };
        let outcome = parts.identities.sign_in_from(&credentials.email, &credentials.password, caller).await;
        parts.metrics.signed_in(login::outcome_word(&outcome));
        let signed_in = outcome.map_err(refused)?;
        // Whatever session the browser came with ends here: a new one cannot have been planted.
        if let Some(old) = cookie::token(request, parts.settings.is_https()) {
            parts.identities.forget(&old, trail.correlation).await.map_err(Error::unavailable)?;
        }
        let user = SignedIn::from(&signed_in.identity);
        let answer = Response::new(Json(LoginAnswer { user: Some(user), authorization_url: None }));
        Ok(with_cookies(answer, |response| {
            cookie::give(response, signed_in.token.as_str(), &parts.settings);
            if let Some(mark) = &signed_in.known {
                cookie::remember(response, cookie::KNOWN, mark, &parts.settings);
            }
        }))
    }

    /// Sign out
    ///
    /// Ends the session. Where it began with the company's account, the answer says where the browser has to go to end
    /// that session too. A token ends by itself: with one this is 403.
    #[oai(
        path = "/logout",
        method = "post",
        operation_id = "logout",
        response_header(name = "Set-Cookie", ty = "Option<String>", description = "The session, taken away.")
    )]
    async fn logout(
        &self,
        person: By<Person>,
        parts: Data<&Arc<Parts>>,
        request: &Request,
    ) -> Result<Response<Json<LogoutAnswer>>> {
        let Person(identity) = person.0;
        if identity.session().is_none() {
            return Err(Error::Forbidden);
        }
        let end_session_url = ended(&parts, request, &identity).await?;
        let answer = Response::new(Json(LogoutAnswer { end_session_url })).header("clear-site-data", "\"cache\"");
        Ok(with_cookies(answer, |response| {
            cookie::take(response, &parts.settings);
            cookie::remember(response, around::LAST, "", &parts.settings);
        }))
    }
}

/// Ends the session; where the browser has to go to end the provider's as well, if there is one.
async fn ended(parts: &Parts, request: &Request, identity: &Identity) -> Result<Option<String>> {
    let back = format!("{}/login", around::origin(parts, request));
    Ok(limits::in_time(parts.identities.farewell(identity, &back)).await?.map(String::from))
}

/// Where the browser signs in with the company's account.
async fn elsewhere(parts: &Parts, request: &Request) -> Result<Response<Json<LoginAnswer>>> {
    if parts.identities.provider().is_some() {
        let (url, remembering) = oidc::start(parts, request, "/").await.map_err(Error::unavailable)?;
        let answer = Response::new(Json(LoginAnswer { user: None, authorization_url: Some(url) }));
        return Ok(with_cookies(answer, |page| *page = remembering));
    }
    let missing = |field: &str| FieldFault { field: field.to_owned(), message: "is required".to_owned() };
    Err(Error::Invalid(vec![missing("email"), missing("password")]))
}

fn refused(why: SignInError) -> Error {
    match why {
        SignInError::Wrong => Error::WrongPassword,
        SignInError::Limited { retry_after } | SignInError::Busy { retry_after } => Error::TooMany(retry_after),
        SignInError::Unavailable(cause) => Error::unavailable(cause),
    }
}

/// The answer with the cookies that `bake` puts on a page.
fn with_cookies<T>(answer: Response<T>, bake: impl FnOnce(&mut poem::Response)) -> Response<T> {
    let mut page = poem::Response::default();
    bake(&mut page);
    page.headers().get_all(SET_COOKIE).iter().fold(answer, |answer, cookie| answer.header(SET_COOKIE, cookie.clone()))
}

impl From<&Identity> for SignedIn {
    fn from(identity: &Identity) -> SignedIn {
        SignedIn {
            id: identity.user().to_string(),
            email: identity.email().to_owned(),
            name: identity.name().to_owned(),
            is_admin: identity.is_operator(),
        }
    }
}
