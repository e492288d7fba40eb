//! The page for everything that went wrong: what happened, what to do, and the id to ask about it.

use askama::Template;
use poem::Response;

use super::{Chrome, Link, Theme};
use crate::error::Error;
use crate::identity::Identity;
use crate::panel::Address;
use crate::web::catch::{self, Asked, Question};
use crate::web::headers::Frames;
use crate::web::trail::Trail;
use crate::web::{Parts, around};

/// A button out of here.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its words.
    pub words: String,
    /// Where it leads.
    pub href: String,
}

/// What happened, in the visitor's words.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The status, 400 to 599.
    pub status: u16,
    /// The heading: "Not one of your tenants".
    pub title: String,
    /// One sentence more.
    pub happened: String,
    /// What to do about it; may be empty.
    pub advice: String,
    /// My own tenants, where the answer is that another is not mine.
    pub tenants: Vec<Link>,
    /// Where to go from here; the first is the usual one.
    pub ways: Vec<Way>,
    /// The id that stands in the log as well.
    pub correlation: String,
}

/// Inside a panel: what happened, small.
#[derive(Debug, Template)]
#[template(path = "partials/refused.html")]
struct Refused<'a> {
    title: &'a str,
    happened: String,
    sign_in: Option<String>,
    correlation: String,
}

/// In the place of a hosted app: what happened, and the ways out of it, without anything around it.
#[derive(Clone, Debug, Template)]
#[template(path = "framed.html")]
pub struct FramedPage {
    /// Where its look comes from.
    pub css: String,
    /// Light, dark, or the system's.
    pub theme: Theme,
    /// The status, 400 to 599.
    pub status: u16,
    /// What happened.
    pub title: String,
    /// In a sentence or two.
    pub happened: String,
    /// This page again, where that may help.
    pub again: Option<String>,
    /// Where to sign in, where that is what is missing.
    pub sign_in: Option<String>,
    /// The id that stands in the log as well.
    pub correlation: String,
}

fn framed(error: &Error, question: &Question, trail: &Trail, parts: &Parts) -> FramedPage {
    let theme = question.address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let theme = theme.split('&').find_map(|part| Theme::parse(part.strip_prefix("theme=")?));
    let ours = match (&parts.settings.apps.origin, &parts.settings.public_url) {
        (Some(_), Some(public)) => public.origin().ascii_serialization(),
        _ => String::new(),
    };
    let may_help = matches!(error, Error::App { .. } | Error::Unavailable { .. } | Error::TooMany(_) | Error::Internal(_));
    FramedPage {
        css: crate::web::assets::url("loggia.css"),
        theme: theme.unwrap_or_default(),
        status: error.status().as_u16(),
        title: error.title().to_owned(),
        happened: error.detail(),
        again: (may_help && question.repeatable).then(|| question.address.clone()),
        sign_in: matches!(error, Error::SignedOut).then(|| format!("{ours}/")),
        correlation: trail.correlation.to_string(),
    }
}

/// Draws an error the way the caller can read it.
pub async fn draw(error: &Error, question: &Question, trail: &Trail, parts: &Parts) -> Response {
    match (question.asked, error) {
        (Asked::Api, _) => catch::problem(error, trail),
        (Asked::Page, Error::SignedOut) if !question.has_credentials => around::see_other(&sign_in(question)),
        (Asked::Framed, _) => {
            let mut response = finished(around::page(&framed(error, question, trail, parts)), error, trail);
            if let Some(origin) = &question.framed_by {
                response.set_data(Frames::By(origin.clone()));
            }
            response
        }
        (Asked::Fragment, _) => finished(around::page(&refused(error, question, trail)), error, trail),
        (Asked::Page, _) => finished(around::page(&whole(error, question, trail, parts).await), error, trail),
    }
}

fn finished(page: crate::error::Result<Response>, error: &Error, trail: &Trail) -> Response {
    let mut response = page.unwrap_or_else(|_| catch::problem(error, trail));
    response.set_status(error.status());
    if let Ok(state) = http::HeaderValue::from_str(if matches!(error, Error::SignedOut) { "signed-out" } else { "failed" }) {
        response.headers_mut().insert("x-loggia-state", state);
    }
    response
}

/// The sign-in page that leads back to where the visitor was.
fn sign_in(question: &Question) -> String {
    let next = Some(question.address.as_str())
        .filter(|address| question.repeatable && *address != "/" && around::own_path(address) == *address);
    Address { path: "/login".to_owned(), query: Vec::new() }.with("next", next).href()
}

fn refused<'a>(error: &'a Error, question: &Question, trail: &Trail) -> Refused<'a> {
    let sign_in = matches!(error, Error::SignedOut).then(|| sign_in(question));
    Refused { title: error.title(), happened: error.detail(), sign_in, correlation: trail.correlation.to_string() }
}

async fn whole(error: &Error, question: &Question, trail: &Trail, parts: &Parts) -> ErrorPage {
    // Where the central database does not answer, asking it once more would only keep the visitor waiting.
    let identity = match error {
        Error::Unavailable { .. } => None,
        _ => visitor(question, trail, parts).await,
    };
    let tenants = match (&identity, error) {
        (Some(identity), Error::NotYours | Error::Suspended(_)) => own_tenants(identity, parts).await,
        _ => Vec::new(),
    };
    let home = Way { words: "All my tenants".to_owned(), href: "/?all=1".to_owned() };
    let again = Way { words: "Try again".to_owned(), href: around::own_path(&question.address).to_owned() };
    let ways = match error {
        Error::Unavailable { .. } | Error::TooMany(_) | Error::Internal(_) if question.repeatable => vec![again, home],
        _ => vec![home],
    };
    ErrorPage {
        chrome: around::bare(
            error.title(),
            Theme::System,
            identity.as_ref(),
            Address { path: "/".to_owned(), query: Vec::new() },
        ),
        status: error.status().as_u16(),
        title: error.title().to_owned(),
        happened: error.detail(),
        advice: String::new(),
        tenants,
        ways,
        correlation: trail.correlation.to_string(),
    }
}

/// Who asks, for the page that names their own tenants; an error's page is drawn even when nobody can tell.
async fn visitor(question: &Question, trail: &Trail, parts: &Parts) -> Option<Identity> {
    let token = question.token.as_deref()?;
    parts.identities.identify(token, trail.correlation).await.ok().flatten()
}

async fn own_tenants(identity: &Identity, parts: &Parts) -> Vec<Link> {
    let mine = parts.tenancy.mine(identity, None, 1).await;
    let link = |card: crate::tenancy::TenantCard| Link {
        name: card.name.clone(),
        href: format!("/tenant/{}", card.slug),
        current: false,
    };
    mine.map(|mine| mine.items.into_iter().map(link).collect()).unwrap_or_default()
}
