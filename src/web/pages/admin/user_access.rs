//! What is done to an account beside changing it: a password, a tenant, a sign-out.

use std::sync::Arc;

use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::again;
use super::user::{Sheet, UserPath, draw};
use crate::central;
use crate::domain::{Role, Slug};
use crate::error::{Error, FieldFault, Result};
use crate::identity::accounts::{self, AccountError};
use crate::identity::people::Account;
use crate::identity::{Cost, Policy};
use crate::tenancy::{Operator, members};
use crate::web::form::{fault, parsed};
use crate::web::guards::Sent;
use crate::web::{Parts, around, limits};

async fn refused(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    account: &Account,
    tenant: &str,
    faults: Vec<FieldFault>,
) -> Result<Response> {
    let sheet = Sheet { faults, tenant: tenant.to_owned(), ..Sheet::default() };
    again(&draw(parts, request, operator, account, sheet).await?, http::StatusCode::UNPROCESSABLE_ENTITY)
}

fn back(account: &Account, done: &str) -> Response {
    around::see_other(&format!("/admin/users/{}?done={done}", account.id))
}

/// What the form of a password sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewPassword {
    password: String,
}

/// `POST /admin/users/{user}/password`: another password; the sessions of the old one end.
#[handler]
pub async fn set_password(
    operator: Operator,
    Path(path): Path<UserPath>,
    mut sent: Sent<NewPassword>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let account = path.account(parts).await?;
    if !parts.settings.local_accounts {
        return Err(Error::Forbidden);
    }
    let (actor, password) = (operator.actor(), sent.take().password);
    match accounts::set_password(&parts.central, actor, &account.email, password, Policy::Real, Cost::default()).await {
        Ok(()) => Ok(back(&account, "password")),
        Err(AccountError::Password(words)) => {
            refused(parts, request, &operator, &account, "", vec![fault("password", words)]).await
        }
        Err(AccountError::Taken | AccountError::Unknown) => Err(Error::NotFound("user")),
        Err(AccountError::Central(cause)) => Err(Error::unavailable(cause)),
    }
}

/// What the form of a tenant sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Access {
    tenant: String,
    role: String,
    act: String,
}

/// `POST /admin/users/{user}/tenants`: gives a tenant, changes the role, or takes it away.
#[handler]
pub async fn set_tenant(
    operator: Operator,
    Path(path): Path<UserPath>,
    mut sent: Sent<Access>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (account, access) = (path.account(parts).await?, sent.take());
    let mut faults = Vec::new();
    let slug = parsed::<Slug>("tenant", &access.tenant, &mut faults);
    let takes = access.act == "remove";
    let role = if takes { Some(Role::Viewer) } else { parsed::<Role>("role", &access.role, &mut faults) };
    let (Some(slug), Some(role)) = (slug, role) else {
        return refused(parts, request, &operator, &account, &access.tenant, faults).await;
    };
    let (tenancy, actor) = (&parts.tenancy, operator.actor());
    let done = match limits::in_time(tenancy.named(&operator, slug.as_str())).await? {
        Some(tenant) if takes => members::withdraw(tenancy, actor, account.id, tenant).await,
        Some(tenant) => members::grant(tenancy, actor, account.id, tenant, role).await,
        None => Err(central::Error::NotFound(format!("tenant {slug}"))),
    };
    match done {
        Ok(()) => Ok(back(&account, "tenants")),
        // taken away already, by somebody else or by pressing twice
        Err(central::Error::NotFound(_)) if takes => Ok(back(&account, "tenants")),
        Err(central::Error::NotFound(_)) => {
            let words = format!("there is no tenant “{slug}”");
            refused(parts, request, &operator, &account, &access.tenant, vec![fault("tenant", words)]).await
        }
        Err(cause) => Err(Error::unavailable(cause)),
    }
}

/// What the form of a session sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Session {
    session: String,
}

/// `POST /admin/users/{user}/sessions`: signs one browser out, or all of them.
#[handler]
pub async fn end_session(
    operator: Operator,
    Path(path): Path<UserPath>,
    mut sent: Sent<Session>,
    Data(parts): Data<&Arc<Parts>>,
) -> Result<Response> {
    let (account, session) = (path.account(parts).await?, sent.take().session);
    let ended = match session.as_str() {
        "all" => parts.identities.revoke_all(operator.actor(), account.id).await.map(drop),
        id => parts.identities.revoke(operator.actor(), account.id, id).await,
    };
    ended.map_err(Error::unavailable)?;
    Ok(back(&account, "sessions"))
}
