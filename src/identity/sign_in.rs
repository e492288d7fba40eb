use std::net::IpAddr;
use std::time::Duration;

use crate::central::audit::{About, Action};
use crate::central::sessions::{self, Session};
use crate::central::users::{self, User};
use crate::central::{Change, Error};
use crate::domain::{Actor, ActorKind, CorrelationId, Email, UserId};

use super::known;
use super::limit::{Allowance, network};
use super::{Identities, Identity, SessionToken};

/// Somebody who just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// What the cookie is to hold.
    pub token: SessionToken,
    /// Who it is.
    pub identity: Identity,
    /// What the browser is to keep when the session is gone: by it the account's owner is told from strangers who try.
    pub known: Option<String>,
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
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The address.
    pub address: Option<IpAddr>,
    /// The request.
    pub correlation: CorrelationId,
    /// What the browser calls itself.
    pub user_agent: Option<&'a str>,
    /// What the browser kept of an earlier sign-in ([`SignedIn::known`]).
    pub known: Option<&'a str>,
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
        self.sign_in_from(email, password, Caller { address: from, correlation, user_agent, known: None }).await
    }

    /// The same, from a browser that may have kept something of an earlier time.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn sign_in_from(&self, email: &str, password: &str, caller: Caller<'_>) -> Result<SignedIn, SignInError> {
        let label = email.trim().to_lowercase();
        self.allow(&label, caller)?;
        // an address that cannot be one is looked up like any other
        let asked: Email = email.parse().or_else(|_| "nobody@invalid".parse()).map_err(Error::Internal)?;
        let user = users::find_by_email(self.central(), &asked).await?.filter(|_| email.parse::<Email>().is_ok());
        let hash = user.as_ref().filter(|user| user.active).and_then(|user| user.password_hash.clone());
        let fits = self.checker().fits(password, hash).await;
        match (fits, user) {
            (Err(_), _) => Err(SignInError::Busy { retry_after: Duration::from_secs(2) }),
            (Ok(true), Some(user)) => Ok(self.begin(user, caller).await?),
            _ => {
                let nobody = Actor::issue(ActorKind::Nobody, None, label, caller.address, caller.correlation);
                self.audit().sign_in_failed(&nobody, "wrong");
                Err(SignInError::Wrong)
            }
        }
    }

    /// Uses up one try: a browser's own where the account was signed in before, else one of its network's and one of those
    /// that all strangers together have on the account. So strangers can keep each other waiting, and nobody else.
    fn allow(&self, label: &str, caller: Caller<'_>) -> Result<(), SignInError> {
        let each = self.rules().attempts;
        let browser = caller.known.and_then(|mark| known::read(self.sealer(), mark, label));
        let keys: Vec<(String, Allowance)> = match browser {
            Some(browser) => vec![(format!("browser {browser}"), each)],
            None => {
                let account = (format!("mail {}", label.chars().take(254).collect::<String>()), each.of_strangers());
                std::iter::once(account)
                    .chain(caller.address.map(|address| (format!("net {}", network(address)), each)))
                    .collect()
            }
        };
        self.attempts().take(&keys, self.central().clock().now()).map_err(|retry_after| {
            let from = caller.address.map(network).unwrap_or_default();
            tracing::warn!(from, correlation_id = %caller.correlation, "a sign-in was turned away: too many tries");
            SignInError::Limited { retry_after }
        })
    }

    async fn begin(&self, user: User, caller: Caller<'_>) -> Result<SignedIn, Error> {
        let actor = Actor::issue(ActorKind::Person, Some(user.id), user.email.as_str(), caller.address, caller.correlation);
        let change = Change::open(self.central(), &actor).await?;
        let (token, session) = self.open_session(&change, user.id, caller.user_agent).await?;
        change.commit(Action::SignIn, About::target(&user.email)).await?;
        let known = known::mark(self.sealer(), user.email.as_str());
        let identity = Identity::of(&session, user, actor);
        Ok(SignedIn { token, identity, known })
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
