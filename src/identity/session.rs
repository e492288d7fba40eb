use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;
use uuid::Uuid;

use crate::central::audit::{About, Action, Queue};
use crate::central::frames::Admitted;
use crate::central::session_tokens;
use crate::central::sessions::{self, Session};
use crate::central::users::User;
use crate::central::{Central, Change, Error, Table};
use crate::domain::{Actor, ActorKind, CorrelationId, UserId};

use super::bearer::Bearer;
use super::busy::Checker;
use super::limit::{Allowance, Attempts};
use super::oidc::Provider;
use super::password::Cost;
use super::token::looks_like_one;
use super::tokens::{TokenRules, Tokens};
use super::uses::Uses;
use super::{Credential, Identity, Sealer, SessionId};

/// How long a session is remembered without asking the database again.
const FRESH: TimeDelta = TimeDelta::seconds(5);

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Without being used.
    pub idle: TimeDelta,
    /// However much it is used.
    pub max: TimeDelta,
    /// How often one network, or one browser that is known, may try to begin one.
    pub attempts: Allowance,
}

impl Default for SessionRules {
    fn default() -> SessionRules {
        SessionRules { idle: TimeDelta::hours(12), max: TimeDelta::days(7), attempts: Allowance::default() }
    }
}

/// Knows callers by their credentials. Cheap to clone.
#[derive(Clone)]
pub struct Identities(Arc<Inner>);

struct Inner {
    central: Central,
    audit: Queue,
    rules: SessionRules,
    checker: Checker,
    attempts: Attempts,
    sealer: Sealer,
    tokens: Tokens,
    provider: Option<Provider>,
    uses: Uses,
    known: Cache<SessionId, Known>,
    bearers: Cache<(Uuid, Uuid), Bearer>,
}

#[derive(Clone)]
struct Known {
    session: Session,
    user: User,
    /// When the provider is to be asked for new tokens.
    due: Option<DateTime<Utc>>,
    at: DateTime<Utc>,
    epoch: u64,
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").field("rules", &self.0.rules).finish_non_exhaustive()
    }
}

impl Identities {
    /// Ready to sign people in. Hashes one password, which takes tens of milliseconds.
    pub fn new(central: &Central, audit: &Queue, rules: SessionRules, cost: Cost, sealer: &Sealer) -> Identities {
        Identities::with_tokens(central, audit, rules, cost, sealer, TokenRules::default())
    }

    /// The same, with tokens made by these rules.
    pub fn with_tokens(
        central: &Central,
        audit: &Queue,
        rules: SessionRules,
        cost: Cost,
        sealer: &Sealer,
        tokens: TokenRules,
    ) -> Identities {
        Identities(Arc::new(Inner {
            central: central.clone(),
            audit: audit.clone(),
            rules,
            checker: Checker::new(cost),
            attempts: Attempts::default(),
            sealer: sealer.clone(),
            tokens: Tokens::new(central, sealer, tokens),
            provider: None,
            uses: Uses::default(),
            known: Cache::new(20_000),
            bearers: Cache::new(20_000),
        }))
    }

    /// The same, also for people who sign in with this provider. Said before it is shared: afterwards it changes nothing.
    pub fn with_provider(mut self, provider: Option<Provider>) -> Identities {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.provider = provider;
        }
        self
    }

    /// The identity provider people sign in with, where there is one.
    pub fn provider(&self) -> Option<&Provider> {
        self.0.provider.as_ref()
    }

    pub(super) fn uses(&self) -> &Uses {
        &self.0.uses
    }

    pub(super) fn central(&self) -> &Central {
        &self.0.central
    }

    pub(super) fn audit(&self) -> &Queue {
        &self.0.audit
    }

    pub(super) fn rules(&self) -> SessionRules {
        self.0.rules
    }

    pub(super) fn checker(&self) -> &Checker {
        &self.0.checker
    }

    /// What seals the secrets this room stores.
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    pub(super) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(super) fn bearers(&self) -> &Cache<(Uuid, Uuid), Bearer> {
        &self.0.bearers
    }

    pub(super) fn attempts(&self) -> &Attempts {
        &self.0.attempts
    }

    /// Whose token this is; none when it is no session's (any more).
    ///
    /// # Errors
    /// The central database could not be asked: that is an outage, never "signed out".
    pub async fn identify(&self, token: &str, correlation: CorrelationId) -> Result<Option<Identity>, Error> {
        if !looks_like_one(token) {
            return Ok(None);
        }
        self.by_id(SessionId::of(token), correlation).await
    }

    /// Whose browser this is, whose visit to the apps' own origin was let in: the same caller as on ours, while they are signed
    /// in there.
    ///
    /// # Errors
    /// The central database could not be asked: that is an outage, never "signed out".
    pub async fn admitted(&self, visit: &Admitted, correlation: CorrelationId) -> Result<Option<Identity>, Error> {
        match visit.bearer().strip_prefix("device ") {
            Some(device) => Box::pin(self.device_by_id(device, correlation)).await,
            None => self.by_id(SessionId::stored(visit.bearer()), correlation).await,
        }
    }

    /// The same caller, asked again while something of theirs goes on: none when their session or their screen's link is over.
    /// What came by a token lasts as long as that does.
    ///
    /// # Errors
    /// The central database could not be asked.
    pub async fn still(&self, identity: &Identity, correlation: CorrelationId) -> Result<Option<Identity>, Error> {
        match identity.credential() {
            Credential::Session(id) => self.by_id(id.clone(), correlation).await,
            Credential::Device { device, .. } => Box::pin(self.device_by_id(&device.to_string(), correlation)).await,
            _ => Ok(Some(identity.clone())),
        }
    }

    async fn by_id(&self, id: SessionId, correlation: CorrelationId) -> Result<Option<Identity>, Error> {
        let Some(mut known) = self.known(&id).await? else { return Ok(None) };
        let now = self.central().clock().now();
        if let (Some(provider), true) = (self.provider(), known.due.is_some_and(|due| due <= now)) {
            Box::pin(self.renew(provider, &id, correlation)).await?;
            self.0.known.invalidate(&id);
            let Some(renewed) = self.known(&id).await? else { return Ok(None) };
            known = renewed;
        }
        let over = now >= known.session.expires_at || now >= known.session.last_seen_at + self.rules().idle;
        if over || !known.user.active {
            return Ok(None);
        }
        let actor = Actor::issue(ActorKind::Person, Some(known.user.id), known.user.email.as_str(), None, correlation);
        Ok(Some(Identity::of(&known.session, known.user, actor)))
    }

    async fn known(&self, id: &SessionId) -> Result<Option<Known>, Error> {
        let (now, epoch) = (self.central().clock().now(), self.central().epoch(&[Table::Sessions, Table::Users]));
        if let Some(known) = self.0.known.get(id).filter(|known| known.epoch == epoch && now - known.at < FRESH) {
            return Ok(Some(known));
        }
        // asked with every request: the way to the database is boxed, so that the way around it is quick to move about
        Box::pin(self.looked_up(id, now, epoch)).await
    }

    async fn looked_up(&self, id: &SessionId, now: DateTime<Utc>, epoch: u64) -> Result<Option<Known>, Error> {
        let Some((session, user)) = sessions::find(self.central(), id.as_str()).await? else {
            self.0.known.invalidate(id);
            return Ok(None);
        };
        let due = match self.provider() {
            Some(_) => session_tokens::find(self.central(), id.as_str()).await?.and_then(|tokens| tokens.due),
            None => None,
        };
        let known = Known { session, user, due, at: now, epoch };
        self.0.known.insert(id.clone(), known.clone());
        Ok(Some(known))
    }

    /// Notes that a person went somewhere; written at most once a minute. Polls do not call it.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn touch(&self, identity: &Identity) -> Result<(), Error> {
        let now = self.central().clock().now();
        let Some(session) = identity.session() else { return Ok(()) };
        let Some(mut known) = self.known(session).await? else { return Ok(()) };
        let touch = Box::pin(sessions::touch(self.central(), session.as_str(), now));
        if self.uses().note(session.as_str(), Some(known.session.last_seen_at), now, touch).await? {
            known.session.last_seen_at = now;
            self.0.known.insert(session.clone(), known);
        }
        Ok(())
    }

    /// Ends this session.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer; then the session still stands.
    pub async fn sign_out(&self, identity: &Identity) -> Result<(), Error> {
        let Some(session) = identity.session() else { return Ok(()) };
        let change = Change::open(self.central(), identity.actor()).await?;
        sessions::revoke(&change, session.as_str()).await?;
        change.commit(Action::SignOut, About::target(identity.email())).await
    }

    /// Ends a session by its token alone: a browser that signs in again brings its old one.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn forget(&self, token: &str, correlation: CorrelationId) -> Result<(), Error> {
        match self.identify(token, correlation).await? {
            Some(identity) => self.sign_out(&identity).await,
            None => Ok(()),
        }
    }

    /// Ends every session of a user and says how many there were.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn revoke_all(&self, actor: &Actor, user: UserId) -> Result<u64, Error> {
        let change = Change::open(self.central(), actor).await?;
        let count = sessions::revoke_all(&change, user).await?;
        change.commit(Action::UpdateUser, About::target(user).with("sessions_ended", count)).await?;
        Ok(count)
    }
}

impl Identity {
    pub(super) fn of(session: &Session, user: User, actor: Actor) -> Identity {
        Identity {
            user: user.id,
            name: user.name.unwrap_or_else(|| user.email.to_string()),
            label: user.email.to_string(),
            operator: user.operator,
            credential: Credential::Session(SessionId::stored(&session.id)),
            selected: session.selected,
            actor,
        }
    }
}
