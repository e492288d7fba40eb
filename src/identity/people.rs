//! The accounts as those who run the installation keep them: listed, changed, closed, removed, signed out.

use chrono::{DateTime, Utc};

use crate::central::audit::{About, Action};
use crate::central::users::{self, NewUser, User};
use crate::central::{Central, Change, Error, Page, roster, sessions};
use crate::domain::{Actor, Email, UserId};

use super::Identities;
use super::accounts::AccountError;

pub use crate::central::roster::{Account, Edit, Only, Search, Sort};
pub use crate::central::sessions::Open;

/// Why an account was not changed or removed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is no such account (any more).
    #[error("there is no such account")]
    Unknown,
    /// Another account has this address.
    #[error("there is already an account with this address")]
    Taken,
    /// Somebody else changed it meanwhile; this is how it is now.
    #[error("the account was changed meanwhile")]
    Stale(Box<Account>),
    /// Nobody closes, demotes or removes their own account.
    #[error("nobody takes the right to run this installation from themselves; ask another operator")]
    Yourself,
    /// Without an operator nobody could run the installation.
    #[error("this is the last active operator; make another one first")]
    LastOperator,
    /// The identity provider says what this account's address is.
    #[error("the address comes from the identity provider")]
    Provided,
    /// The central database did not do it.
    #[error(transparent)]
    Central(Error),
}

impl From<Error> for PeopleError {
    fn from(error: Error) -> PeopleError {
        match error {
            Error::Conflict { .. } => PeopleError::Taken,
            Error::NotFound(_) => PeopleError::Unknown,
            other => PeopleError::Central(other),
        }
    }
}

/// The accounts that match, a page of them.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn list(central: &Central, search: &Search) -> Result<Page<Account>, Error> {
    roster::list(central, search).await
}

/// One account.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn find(central: &Central, id: UserId) -> Result<Option<Account>, Error> {
    roster::find(central, id).await
}

/// Brings an account to what `edit` says, unless it was changed after `seen` (when it was last changed, as the form was
/// drawn). Nothing is written when it is so already.
///
/// # Errors
/// See [`PeopleError`].
pub async fn update(
    central: &Central,
    actor: &Actor,
    id: UserId,
    edit: &Edit,
    seen: Option<DateTime<Utc>>,
) -> Result<Account, PeopleError> {
    change(central, actor, id, seen, |_| edit.clone()).await
}

/// As [`update`], where what the account is to be follows from what it is.
///
/// # Errors
/// See [`PeopleError`].
pub async fn change(
    central: &Central,
    actor: &Actor,
    id: UserId,
    seen: Option<DateTime<Utc>>,
    edit: impl FnOnce(&Account) -> Edit,
) -> Result<Account, PeopleError> {
    let change = Change::open(central, actor).await?;
    let before = as_seen(&change, id, seen).await?;
    let edit = edit(&before);
    if before.issuer.is_some() && before.email != edit.email {
        return Err(PeopleError::Provided);
    }
    let loses = before.operator && before.active && !(edit.operator && edit.active);
    let closes = before.active && !edit.active;
    if actor.user() == Some(id) && (loses || closes) {
        return Err(PeopleError::Yourself);
    }
    if loses {
        not_the_last(&change, id).await?;
    }
    let changed = differences(&before, &edit);
    if changed.is_empty() {
        change.unneeded().await?;
        return Ok(before);
    }
    roster::update(&change, id, &edit).await?;
    let (updated_at, about) = (change.at(), told(&before, &edit, changed));
    change.commit(Action::UpdateUser, about).await?;
    let Edit { email, name, operator, active } = edit;
    // whose account is closed has no session left
    let seen_at = before.seen_at.filter(|_| active);
    Ok(Account { email, name, operator, active, updated_at, seen_at, ..before })
}

/// The account, unless it was changed after `seen`.
async fn as_seen(change: &Change, id: UserId, seen: Option<DateTime<Utc>>) -> Result<Account, PeopleError> {
    let account = roster::find(change, id).await?.ok_or(PeopleError::Unknown)?;
    match seen {
        Some(seen) if seen != account.updated_at => Err(PeopleError::Stale(Box::new(account))),
        _ => Ok(account),
    }
}

async fn not_the_last(change: &Change, id: UserId) -> Result<(), PeopleError> {
    if roster::other_operators(change, id).await? == 0 { Err(PeopleError::LastOperator) } else { Ok(()) }
}

fn differences(before: &Account, edit: &Edit) -> Vec<&'static str> {
    let all = [
        ("email", before.email != edit.email),
        ("name", before.name != edit.name),
        ("operator", before.operator != edit.operator),
        ("active", before.active != edit.active),
    ];
    all.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

fn told(before: &Account, edit: &Edit, changed: Vec<&'static str>) -> About {
    let mut about = About::target(&before.email);
    if changed.contains(&"email") {
        about = about.with("email", edit.email.as_str());
    }
    if changed.contains(&"operator") {
        about = about.with("operator", edit.operator);
    }
    if changed.contains(&"active") {
        about = about.with("active", edit.active);
    }
    about.with("changed", changed)
}

/// Removes an account with its sessions, memberships and preferences, unless it was changed after `seen`. What it did stays
/// in the audit.
///
/// # Errors
/// See [`PeopleError`].
pub async fn remove(central: &Central, actor: &Actor, id: UserId, seen: Option<DateTime<Utc>>) -> Result<(), PeopleError> {
    if actor.user() == Some(id) {
        return Err(PeopleError::Yourself);
    }
    let change = Change::open(central, actor).await?;
    let account = as_seen(&change, id, seen).await?;
    if account.operator && account.active {
        not_the_last(&change, id).await?;
    }
    roster::remove(&change, id).await?;
    let about = About::target(&account.email).with("operator", account.operator).with("tenants", account.tenants);
    Ok(change.commit(Action::DeleteUser, about).await?)
}

/// Makes an account without a password: for somebody whom the identity provider vouches for.
///
/// # Errors
/// [`AccountError::Taken`], or that the central database did not do it.
pub async fn invite(
    central: &Central,
    actor: &Actor,
    email: Email,
    name: Option<String>,
    operator: bool,
) -> Result<User, AccountError> {
    let change = Change::open(central, actor).await?;
    let user = users::create(&change, NewUser { email, name, operator, password_hash: None }).await?;
    change.commit(Action::CreateUser, About::target(&user.email).with("operator", operator)).await?;
    Ok(user)
}

impl Identities {
    /// Somebody's sessions that have not ended, the last used first.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Open>, Error> {
        sessions::of(self.central(), user, self.rules().idle).await
    }

    /// Ends one session of a user; nothing is written when it has ended already.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn revoke(&self, actor: &Actor, user: UserId, session: &str) -> Result<(), Error> {
        let change = Change::open(self.central(), actor).await?;
        let Some(account) = roster::find(&change, user).await? else { return change.unneeded().await };
        if !sessions::revoke_of(&change, user, session).await? {
            return change.unneeded().await;
        }
        change.commit(Action::UpdateUser, About::target(account.email).with("sessions_ended", 1)).await
    }
}
