//! The page that asks before an account is removed.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::user::{UserPath, seen, version};
use super::{Chrome, Desk, again, at, framed};
use crate::error::{Error, Result};
use crate::identity::people::{self, Account, PeopleError};
use crate::tenancy::Operator;
use crate::web::guards::Sent;
use crate::web::{Parts, around};

/// One question.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/user_delete.html")]
pub struct DeletePage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// The account's own page.
    pub href: String,
    /// Its e-mail address.
    pub email: String,
    /// How many tenants it is a member of.
    pub tenants: u64,
    /// Whether it may sign in.
    pub active: bool,
    /// The account as this page was drawn from it.
    pub version: String,
    /// Why it was not done.
    pub fault: Option<String>,
}

fn page(request: &Request, operator: &Operator, account: &Account, fault: Option<String>) -> DeletePage {
    let href = format!("/admin/users/{}", account.id);
    let (chrome, desk) = framed(request, operator, "Delete an account", at(format!("{href}/delete")), None);
    DeletePage {
        chrome,
        desk,
        href,
        email: account.email.to_string(),
        tenants: account.tenants,
        active: account.active,
        version: version(account.updated_at),
        fault,
    }
}

/// `GET /admin/users/{user}/delete`: asks.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<UserPath>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    around::page(&page(request, &operator, &path.account(parts).await?, None))
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    version: String,
}

/// `POST /admin/users/{user}/delete`: removes it.
#[handler]
pub async fn submit(
    operator: Operator,
    Path(path): Path<UserPath>,
    mut sent: Sent<Answer>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (account, answer) = (path.account(parts).await?, sent.take());
    let (status, words) = match people::remove(&parts.central, operator.actor(), account.id, seen(&answer.version)).await {
        Ok(()) => return Ok(around::see_other("/admin/users?done=deleted")),
        Err(PeopleError::Central(cause)) => return Err(Error::unavailable(cause)),
        Err(PeopleError::Unknown) => return Err(Error::NotFound("user")),
        Err(PeopleError::Stale(_)) => {
            (http::StatusCode::CONFLICT, "The account was changed after this page was opened. Look at it again first.".to_owned())
        }
        Err(refusal) => (http::StatusCode::UNPROCESSABLE_ENTITY, format!("Not done: {refusal}.")),
    };
    again(&page(request, &operator, &account, Some(words)), status)
}
