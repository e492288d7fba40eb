//! Local accounts, as the command line, the forms and the demo make them.

use std::fmt;

use crate::central::audit::{About, Action};
use crate::central::users::{self, NewUser, User};
use crate::central::{Central, Change, Error};
use crate::domain::{Actor, Email};

use super::password::{self, Cost, Policy};

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// The address.
    pub email: Email,
    /// The full name, if it is known.
    pub name: Option<String>,
    /// The password.
    pub password: String,
    /// Whether this person runs the installation.
    pub operator: bool,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("email", &self.email).field("operator", &self.operator).finish_non_exhaustive()
    }
}

/// Why an account was not made or changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccountError {
    /// The password is not good enough; the words say how.
    #[error("{0}")]
    Password(String),
    /// The address is taken.
    #[error("there is already an account with this address")]
    Taken,
    /// There is no such account.
    #[error("there is no account with this address")]
    Unknown,
    /// The central database did not do it.
    #[error(transparent)]
    Central(Error),
}

impl From<Error> for AccountError {
    fn from(error: Error) -> AccountError {
        match error {
            Error::Conflict { .. } => AccountError::Taken,
            Error::NotFound(_) => AccountError::Unknown,
            other => AccountError::Central(other),
        }
    }
}

/// Makes an account.
///
/// # Errors
/// See [`AccountError`].
pub async fn create(central: &Central, actor: &Actor, new: NewAccount, policy: Policy, cost: Cost) -> Result<User, AccountError> {
    let hash = hashed(new.password, &new.email, policy, cost).await?;
    let change = Change::open(central, actor).await?;
    let user = NewUser { email: new.email, name: new.name, operator: new.operator, password_hash: Some(hash) };
    let user = users::create(&change, user).await?;
    let about = About::target(&user.email).with("operator", user.operator);
    change.commit(Action::CreateUser, about).await?;
    Ok(user)
}

/// Makes an account unless there is one with this address; one that is there is left as it is.
///
/// # Errors
/// See [`AccountError`].
pub async fn ensure(central: &Central, actor: &Actor, new: NewAccount, policy: Policy, cost: Cost) -> Result<User, AccountError> {
    if let Some(user) = users::find_by_email(central, &new.email).await? {
        return Ok(user);
    }
    let email = new.email.clone();
    match create(central, actor, new, policy, cost).await {
        // another process was quicker
        Err(AccountError::Taken) => users::find_by_email(central, &email).await?.ok_or(AccountError::Unknown),
        done => done,
    }
}

/// Gives an account another password and ends its sessions.
///
/// # Errors
/// See [`AccountError`].
pub async fn set_password(
    central: &Central,
    actor: &Actor,
    email: &Email,
    password: String,
    policy: Policy,
    cost: Cost,
) -> Result<(), AccountError> {
    let user = users::find_by_email(central, email).await?.ok_or(AccountError::Unknown)?;
    let hash = hashed(password, email, policy, cost).await?;
    let change = Change::open(central, actor).await?;
    users::set_password(&change, user.id, &hash).await?;
    crate::central::sessions::revoke_all(&change, user.id).await?;
    Ok(change.commit(Action::UpdateUser, About::target(email).with("changed", "password")).await?)
}

/// Lets an account sign in, or no longer; one that may not has no session left at once.
///
/// # Errors
/// See [`AccountError`].
pub async fn set_active(central: &Central, actor: &Actor, email: &Email, active: bool) -> Result<(), AccountError> {
    let user = users::find_by_email(central, email).await?.ok_or(AccountError::Unknown)?;
    let change = Change::open(central, actor).await?;
    users::set_active(&change, user.id, active).await?;
    Ok(change.commit(Action::UpdateUser, About::target(email).with("active", active)).await?)
}

/// All accounts by address, at most a thousand.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn list(central: &Central) -> Result<Vec<User>, Error> {
    users::list(central).await
}

async fn hashed(password: String, email: &Email, policy: Policy, cost: Cost) -> Result<String, AccountError> {
    policy.check_for(&password, email.as_str()).map_err(AccountError::Password)?;
    let hash = tokio::task::spawn_blocking(move || password::hash(&password, cost)).await;
    let hash = hash.map_err(|cause| Error::Internal(cause.to_string()))?;
    Ok(hash.map_err(Error::Internal)?)
}
