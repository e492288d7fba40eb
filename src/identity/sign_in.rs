use std::net::IpAddr;
use std::time::Duration;

use crate::central::audit::{About, Action};
use crate::central::sessions::{self, Session};
use crate::central::users::{self, User};
use crate::central::{Change, Error};
use crate::domain::{Actor, ActorKind, CorrelationId, Email, UserId};

use super::limit::network;
use super::{Identities, Identity, SessionToken};

/// Somebody who just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// What the cookie is to hold.
    pub token: SessionToken,
    /// Who it is.
    pub identity: Identity,
}

/// Why nobody was signed in.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignInError {
    /// The address or the password is wrong, or the account may not sign in: which of them is told to nobody.
    #[error("the address or the password is wrong")]
    Wrong,
    /// Too many attempts from this network or for this account.
    #[error("too many attempts; the next in {retry_after:?}")]
    Limited {
        /// When to try again.
        retry_after: Duration,
    },
    /// Too many people are signing in at this moment.
    #[error("too many sign-ins at once; the next in {retry_after:?}")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The central database could not be asked.
    #[error(transparent)]
    Unavailable(#[from] Error),
}

/// Where a sign-in comes from.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) address: Option<IpAddr>,
    pub(super) correlation: CorrelationId,
    pub(super) user_agent: Option<&'a str>,
}

impl Identities {
    /// Signs somebody in with a local account. An unknown address, a wrong password and an inactive account
    /// take the same work and get the same answer.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        from: Option<IpAddr>,
        correlation: CorrelationId,
        user_agent: Option<&str>,
    ) -> Result<SignedIn, SignInError> {
        let caller = Caller { address: from, correlation, user_agent };
        let label = email.trim().to_lowercase();
        self.allow(&label, from)?;
        // an address that cannot be one is looked up like any other
        let asked: Email = email.parse().or_else(|_| "nobody@invalid".parse()).map_err(Error::Internal)?;
        let user = users::find_by_email(self.central(), &asked).await?.filter(|_| email.parse::<Email>().is_ok());
        let hash = user.as_ref().filter(|user| user.active).and_then(|user| user.password_hash.clone());
        let fits = self.checker().fits(password, hash).await;
        match (fits, user) {
            (Err(_), _) => Err(SignInError::Busy { retry_after: Duration::from_secs(2) }),
            (Ok(true), Some(user)) => Ok(self.begin(user, caller).await?),
            _ => {
                let nobody = Actor::issue(ActorKind::Nobody, None, label, from, correlation);
                self.audit().sign_in_failed(&nobody, "wrong");
                Err(SignInError::Wrong)
            }
        }
    }

    fn allow(&self, label: &str, from: Option<IpAddr>) -> Result<(), SignInError> {
        let mut keys = vec![format!("mail {}", label.chars().take(254).collect::<String>())];
        keys.extend(from.map(|address| format!("net {}", network(address))));
        self.attempts().take(&keys, self.central().clock().now()).map_err(|retry_after| SignInError::Limited { retry_after })
    }

    async fn begin(&self, user: User, caller: Caller<'_>) -> Result<SignedIn, Error> {
        let actor = Actor::issue(ActorKind::Person, Some(user.id), user.email.as_str(), caller.address, caller.correlation);
        let change = Change::open(self.central(), &actor).await?;
        let (token, session) = self.open_session(&change, user.id, caller.user_agent).await?;
        change.commit(Action::SignIn, About::target(&user.email)).await?;
        let identity = Identity::of(&session, user, actor);
        Ok(SignedIn { token, identity })
    }

    /// A new session within a change; those of everybody that are over are swept out on the way.
    pub(super) async fn open_session(
        &self,
        change: &Change,
        user: UserId,
        user_agent: Option<&str>,
    ) -> Result<(SessionToken, Session), Error> {
        let token = SessionToken::new().ok_or_else(|| Error::Internal("the system has no randomness".to_owned()))?;
        let session = Session {
            id: token.id().to_string(),
            user,
            selected: None,
            last_seen_at: change.at(),
            expires_at: change.at() + self.rules().max,
        };
        sessions::sweep(change, self.rules().idle).await?;
        sessions::create(change, &session, user_agent).await?;
        Ok((token, session))
    }
}
