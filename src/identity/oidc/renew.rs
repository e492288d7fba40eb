use chrono::TimeDelta;

use super::claims::Claims;
use super::plan::Plan;
use super::{OidcError, Provider};
use crate::central::audit::{About, Action};
use crate::central::{Change, Error, links, session_tokens, sessions};
use crate::domain::{Actor, ActorKind, CorrelationId};
use crate::identity::{Identities, SessionId};

/// One process has a renewal to itself this long.
const ALONE: TimeDelta = TimeDelta::seconds(20);
/// A silent provider is asked again after this long; the session stands meanwhile.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

impl Identities {
    /// Asks the provider for new tokens of a session whose tokens are about to run out. A provider that says no has ended
    /// the session: it ends here too. One that is silent changes nothing.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub(in crate::identity) async fn renew(
        &self,
        provider: &Provider,
        session: &SessionId,
        correlation: CorrelationId,
    ) -> Result<(), Error> {
        let now = self.central().clock().now();
        let Some(held) = session_tokens::find(self.central(), session.as_str()).await? else { return Ok(()) };
        let Some(due) = held.due.filter(|due| *due <= now) else { return Ok(()) };
        if !session_tokens::take_on(self.central(), session.as_str(), due, now + ALONE).await? {
            return Ok(());
        }
        let refresh = held.refresh_token.as_deref().map(|sealed| self.sealer().open(sealed)).transpose();
        let Ok(Some(refresh)) = refresh else {
            // sealed with a key that is gone
            return self.end(session, "no refresh token that opens", correlation).await;
        };
        match provider.renewed(&refresh).await {
            Ok(tokens) => self.keep(provider, held, tokens, correlation).await,
            Err(OidcError::Declined(why)) => self.end(session, &why, correlation).await,
            Err(OidcError::Unverified(why)) => {
                tracing::warn!("the provider's new tokens were not taken: {why}");
                self.end(session, "not verified", correlation).await
            }
            Err(fault) => {
                tracing::warn!("the tokens of a session were not renewed: {fault}");
                let held = session_tokens::Tokens { due: Some(now + AGAIN), ..held };
                session_tokens::replace(self.central(), &held).await
            }
        }
    }

    async fn keep(
        &self,
        provider: &Provider,
        held: session_tokens::Tokens,
        tokens: super::flow::Tokens,
        correlation: CorrelationId,
    ) -> Result<(), Error> {
        let session = SessionId::stored(&held.session);
        let claims = tokens.said.as_ref().and_then(|said| Claims::read(provider.rules(), said).ok());
        if claims.as_ref().is_some_and(|claims| claims.sub != held.subject) {
            return self.end(&session, "the new tokens are somebody else's", correlation).await;
        }
        let fresh = Claims { sub: held.subject.clone(), ..claims.clone().unwrap_or_else(Claims::nothing) };
        let mut sealed = self.sealed(&held.session, &held.issuer, &fresh, &tokens)?;
        sealed.id_token = sealed.id_token.or(held.id_token);
        session_tokens::replace(self.central(), &sealed).await?;
        match claims {
            Some(claims) => self.follow(provider, &claims, correlation).await,
            None => Ok(()),
        }
    }

    /// What the provider says now may be other than at the sign-in.
    async fn follow(&self, provider: &Provider, claims: &Claims, correlation: CorrelationId) -> Result<(), Error> {
        let issuer = provider.rules().issuer.as_str();
        let Some(account) = links::find(self.central(), issuer, &claims.subject).await? else { return Ok(()) };
        if Plan::of(self.central(), provider.rules(), claims, Some(&account)).await?.is_empty() {
            return Ok(());
        }
        let user = &account.user;
        let actor = Actor::issue(ActorKind::Person, Some(user.id), user.email.as_str(), None, correlation);
        let mut change = Change::open(self.central(), &actor).await?;
        let plan = Plan::of(&change, provider.rules(), claims, Some(&account)).await?;
        plan.carry_out(&mut change, user.id, &user.email).await?;
        if plan.is_empty() { change.unneeded().await } else { change.commit_noted().await }
    }

    async fn end(&self, session: &SessionId, why: &str, correlation: CorrelationId) -> Result<(), Error> {
        let Some((found, user)) = sessions::find(self.central(), session.as_str()).await? else { return Ok(()) };
        let actor = Actor::issue(ActorKind::Person, Some(user.id), user.email.as_str(), None, correlation);
        let change = Change::open(self.central(), &actor).await?;
        sessions::revoke(&change, &found.id).await?;
        let why: String = why.chars().take(200).collect();
        change.commit(Action::SignOut, About::target(&user.email).with("by", "identity provider").with("why", why)).await
    }
}
