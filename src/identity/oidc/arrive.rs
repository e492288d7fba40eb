use std::net::IpAddr;

use url::Url;

use super::claims::Claims;
use super::flow::{Answer, Errand, Tokens};
use super::plan::Plan;
use super::{OidcError, Provider};
use crate::central::audit::{About, Action};
use crate::central::links::{self, Linked};
use crate::central::session_tokens;
use crate::central::users::User;
use crate::central::{Change, Error};
use crate::domain::{Actor, ActorKind, CorrelationId, UserId};
use crate::identity::sign_in::Caller;
use crate::identity::{Identities, Identity, SignedIn, known};

/// A sign-in that has begun: where to send the browser, and what it is to remember.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The provider's page.
    pub url: Url,
    /// Which of a few places the browser remembers it in: several windows may sign in at once.
    pub slot: u8,
    /// What to remember, sealed.
    pub memory: String,
}

/// Somebody whom the provider sent back.
#[derive(Debug)]
pub struct Arrived {
    /// They are signed in.
    pub signed_in: SignedIn,
    /// Where they wanted to go.
    pub next: String,
}

/// So many sign-ins of one browser may be under way.
pub const SLOTS: u8 = 4;

/// The slot of a sign-in, from its state, which comes back with the answer.
fn slot(state: &str) -> u8 {
    state.bytes().next().unwrap_or_default() % SLOTS
}

impl Answer {
    /// In which place the browser remembers the sign-in it belongs to.
    pub fn slot(&self) -> u8 {
        slot(self.state())
    }
}

impl Identities {
    /// Begins a sign-in with the provider, which is to send the browser back to `redirect`.
    ///
    /// # Errors
    /// `Unreachable` when the provider is silent.
    pub async fn begin_with(&self, provider: &Provider, redirect: &str, next: &str) -> Result<Begun, OidcError> {
        let (url, errand) = provider.errand(redirect, next).await?;
        let state = url.query_pairs().find(|(name, _)| name == "state").map(|(_, state)| state.into_owned()).unwrap_or_default();
        let text = serde_json::to_string(&errand).map_err(|e| Error::Internal(e.to_string()))?;
        let memory = self.sealer().seal(&text).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(Begun { url, slot: slot(&state), memory })
    }

    /// Ends a sign-in with the provider: its answer is checked, what it says of the person is brought into the central
    /// database, and they have a session. A refusal is noted in the audit.
    ///
    /// # Errors
    /// See [`OidcError`].
    pub async fn arrive(
        &self,
        provider: &Provider,
        memory: Option<&str>,
        answer: &Answer,
        from: Option<IpAddr>,
        correlation: CorrelationId,
        user_agent: Option<&str>,
    ) -> Result<Arrived, OidcError> {
        let caller = Caller { address: from, correlation, user_agent, known: None };
        let outcome = self.let_in(provider, memory, answer, caller).await;
        if let Err(fault) = &outcome {
            self.note_refusal(provider, fault, caller);
        }
        outcome
    }

    async fn let_in(
        &self,
        provider: &Provider,
        memory: Option<&str>,
        answer: &Answer,
        caller: Caller<'_>,
    ) -> Result<Arrived, OidcError> {
        let memory = memory.and_then(|sealed| self.sealer().open(sealed).ok()).ok_or(OidcError::Stale)?;
        let errand: Errand = serde_json::from_str(&memory).map_err(|_| OidcError::Stale)?;
        let tokens = provider.complete(&errand, answer).await?;
        let said = tokens.said.clone().unwrap_or_default();
        let claims = Claims::read(provider.rules(), &said).map_err(OidcError::Unverified)?;
        let signed_in = match self.admit(provider, &claims, &tokens, caller).await {
            // two windows of one person arrived at once; the other made the account
            Err(OidcError::Unavailable(Error::Conflict { .. })) => self.admit(provider, &claims, &tokens, caller).await?,
            admitted => admitted?,
        };
        Ok(Arrived { signed_in, next: errand.next })
    }

    /// One change: the account, what the claims give it, and the session.
    async fn admit(
        &self,
        provider: &Provider,
        claims: &Claims,
        tokens: &Tokens,
        caller: Caller<'_>,
    ) -> Result<SignedIn, OidcError> {
        let issuer = provider.rules().issuer.as_str();
        let account = self.account(issuer, claims).await?;
        let mut user = match &account {
            Some(account) => account.user.clone(),
            None => newcomer(claims)?,
        };
        let actor = Actor::issue(ActorKind::Person, Some(user.id), user.email.as_str(), caller.address, caller.correlation);
        let mut change = Change::open(self.central(), &actor).await?;
        let plan = Plan::of(&change, provider.rules(), claims, account.as_ref()).await?;
        match &account {
            None => {
                links::create(&change, &user, issuer, &claims.subject).await?;
                change.note(Action::CreateUser, About::target(&user.email).with("issuer", issuer));
            }
            Some(account) if account.subject.is_none() => {
                links::attach(&change, user.id, issuer, &claims.subject).await?;
                change.note(Action::UpdateUser, About::target(&user.email).with("issuer", issuer));
            }
            Some(_) => {}
        }
        plan.carry_out(&mut change, user.id, &user.email).await?;
        user = renamed(&mut change, user, claims).await?;
        user.operator = plan.operator.unwrap_or(user.operator);
        let (token, session) = self.open_session(&change, user.id, caller.user_agent).await?;
        session_tokens::create(&change, self.sealed(&session.id, issuer, claims, tokens)?).await?;
        change.commit(Action::SignIn, About::target(&user.email).with("issuer", issuer)).await?;
        // An account that has a password too can be tried by strangers: its owner is known by the browser, however they came in.
        let known = user.password_hash.is_some().then(|| known::mark(self.sealer(), user.email.as_str())).flatten();
        Ok(SignedIn { token, identity: Identity::of(&session, user, actor), known })
    }

    /// Whose account it is: that of the subject, else one that was invited with the address the provider vouches for.
    async fn account(&self, issuer: &str, claims: &Claims) -> Result<Option<Linked>, OidcError> {
        let account = match links::find(self.central(), issuer, &claims.subject).await? {
            Some(account) => Some(account),
            None => match &claims.email {
                None => return Err(OidcError::NoAddress(claims.subject.clone())),
                Some(email) => {
                    links::find_by_email(self.central(), email).await?.map(|account| invited(account, email)).transpose()?
                }
            },
        };
        match account {
            Some(account) if !account.user.active => Err(OidcError::Inactive(account.user.email.to_string())),
            account => Ok(account),
        }
    }

    pub(super) fn sealed(
        &self,
        session: &str,
        issuer: &str,
        claims: &Claims,
        tokens: &Tokens,
    ) -> Result<session_tokens::Tokens, Error> {
        let seal = |text: &Option<String>| {
            let sealed = text.as_ref().map(|text| self.sealer().seal(text)).transpose();
            sealed.map_err(|e| Error::Internal(e.to_string()))
        };
        Ok(session_tokens::Tokens {
            session: session.to_owned(),
            issuer: issuer.to_owned(),
            subject: claims.sub.clone(),
            sid: claims.sid.clone(),
            id_token: seal(&tokens.id_token)?,
            refresh_token: seal(&tokens.refresh)?,
            due: tokens.due,
        })
    }

    fn note_refusal(&self, provider: &Provider, fault: &OidcError, caller: Caller<'_>) {
        let correlation_id = caller.correlation.to_string();
        let (word, label) = match fault {
            OidcError::Unavailable(_) | OidcError::Unreachable(_) => return,
            OidcError::Stale => ("stale", ""),
            OidcError::Declined(_) => ("declined", ""),
            OidcError::Unverified(_) => ("unverified", ""),
            OidcError::NoAddress(subject) => ("no_address", subject.as_str()),
            OidcError::Taken(email) => ("taken", email.as_str()),
            OidcError::Inactive(email) => ("inactive", email.as_str()),
        };
        tracing::warn!(correlation_id, provider = provider.label(), reason = word, "nobody was signed in: {fault}");
        let nobody = Actor::issue(ActorKind::Nobody, None, label, caller.address, caller.correlation);
        self.audit().sign_in_failed(&nobody, word);
    }
}

/// An account may be taken over only where somebody made it for this: with this address, without password or identity.
fn invited(account: Linked, email: &crate::domain::Email) -> Result<Linked, OidcError> {
    let free = account.subject.is_none() && account.issuer.is_none() && account.user.password_hash.is_none();
    if free { Ok(account) } else { Err(OidcError::Taken(email.to_string())) }
}

fn newcomer(claims: &Claims) -> Result<User, OidcError> {
    let email = claims.email.clone().ok_or_else(|| OidcError::NoAddress(claims.subject.clone()))?;
    Ok(User { id: UserId::new(), email, name: claims.name.clone(), operator: false, active: true, password_hash: None })
}

/// Follows a new name or address, as long as the address is nobody else's.
async fn renamed(change: &mut Change, mut user: User, claims: &Claims) -> Result<User, Error> {
    let name = claims.name.clone().or_else(|| user.name.clone());
    let mut email = claims.email.clone().unwrap_or_else(|| user.email.clone());
    if email != user.email && crate::central::users::find_by_email(change, &email).await?.is_some() {
        tracing::warn!("the provider's new address of {} belongs to another account here; the old one stays", user.email);
        email = user.email.clone();
    }
    if (&name, &email) != (&user.name, &user.email) {
        links::rename(change, user.id, &email, name.as_deref()).await?;
        change.note(Action::UpdateUser, About::target(&user.email).with("changed", "name or address").with("source", "claim"));
    }
    (user.name, user.email) = (name, email);
    Ok(user)
}
