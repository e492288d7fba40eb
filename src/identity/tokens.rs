//! Our own tokens: who makes them, how long they last, and what is good of those that come back.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use moka::sync::Cache;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::claims::{self, Basics, Claims, MachineClaims, TenantClaims};
use super::keys::{KeyFault, Keys, Rotation};
use super::{Identities, Identity, Refusal, Scopes, Sealer};
use crate::central::Central;
use crate::domain::{Actor, ActorKind, Key, Role, Slug, TenantId, UserId};
use crate::settings::{KeyProvider, Token};

/// For whom exchanged tokens are made.
pub(super) const API: &str = "loggia:api";
/// For whom machine clients' tokens are made.
pub(super) const INTERNAL: &str = "loggia:internal";
/// What the audience of a hosted app's token begins with.
const APP: &str = "dash:";
/// What the audience of another server's token begins with, where a panel is made there.
const ENDPOINT: &str = "endpoint:";
/// Whom a token is made for by which the installation itself tries an app: nobody's account, and no client's.
pub(super) const TRIAL: Uuid = Uuid::nil();
/// What such a token calls its bearer.
pub(super) const TRIAL_NAME: &str = "loggia-check";
/// How long a proven signature is remembered.
const PROVEN: Duration = Duration::from_secs(60);
/// How long a machine client's token lasts.
const MACHINE: TimeDelta = TimeDelta::minutes(10);

/// What tokens are made by.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// Who makes them: the address people know the installation by.
    pub issuer: String,
    /// How long they last, and when a new key begins to sign.
    pub token: Token,
    /// Where the keys are.
    pub keys: KeyProvider,
}

impl Default for TokenRules {
    fn default() -> TokenRules {
        TokenRules { issuer: "http://localhost".to_owned(), token: Token::default(), keys: KeyProvider::Database }
    }
}

/// A token, and what may be told of it.
#[derive(Clone)]
pub struct Minted {
    /// The token itself.
    pub token: String,
    /// Its id.
    pub jti: String,
    /// How long it is good for.
    pub lasts: TimeDelta,
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted").field("jti", &self.jti).field("lasts", &self.lasts).finish_non_exhaustive()
    }
}

/// What a token is to say of its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Grant {
    pub(crate) tenant: TenantId,
    pub(crate) slug: Slug,
    pub(crate) role: Role,
    pub(crate) env: String,
    pub(crate) catalog: Option<String>,
}

/// Whom, for which audience and where: what a short token was made for.
type Short = (UserId, String, Grant);

pub(super) struct Tokens {
    keys: Keys,
    issuer: String,
    token: Token,
    short: Cache<Short, (Minted, DateTime<Utc>)>,
    /// What tokens say whose signature was proven a moment ago, by the hash of all their bytes: to prove one takes as long as
    /// all else that most calls ask for.
    proven: Cache<[u8; 32], Claims>,
}

impl Tokens {
    pub(super) fn new(central: &Central, sealer: &Sealer, rules: TokenRules) -> Tokens {
        let keys = Keys::new(central, sealer, &rules.keys, seconds(rules.token.key_lead));
        let proven = Cache::builder().max_capacity(10_000).time_to_live(PROVEN).build();
        Tokens { keys, issuer: rules.issuer, token: rules.token, short: Cache::new(20_000), proven }
    }

    /// Reads a token of ours: signature, issuer and time.
    pub(super) async fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Refusal> {
        let outside = claims::look(token).map_err(Refusal::Bad)?;
        let Some(key) = self.keys.verifier(&outside.kid).await? else {
            return Err(Refusal::Bad("the token is signed with a key that is not known".to_owned()));
        };
        let claims = self.proven(token, &key).map_err(Refusal::Bad)?;
        claims.basics().good_at(now).map_err(Refusal::Bad)?;
        let fits = match &claims {
            Claims::Tenant(claims) => {
                [APP, ENDPOINT].iter().any(|kind| claims.basics.aud.starts_with(kind)) || claims.basics.aud == API
            }
            Claims::Machine(claims) => claims.basics.aud == INTERNAL,
        };
        if fits { Ok(claims) } else { Err(Refusal::Bad("the token says what none of its audience says".to_owned())) }
    }

    /// What a token says that this key signed. The key is looked for each time, so that one that was given up proves nothing more.
    fn proven(&self, token: &str, key: &DecodingKey) -> Result<Claims, String> {
        let print: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = self.proven.get(&print) {
            return Ok(claims);
        }
        let claims: Claims = claims::read(token, key, &self.issuer)?;
        self.proven.insert(print, claims.clone());
        Ok(claims)
    }

    fn basics(&self, sub: Uuid, aud: String, now: DateTime<Utc>, lasts: TimeDelta) -> Basics {
        let iat = now.timestamp();
        let jti = Uuid::new_v4().to_string();
        Basics { iss: self.issuer.clone(), aud, sub, iat, nbf: iat, exp: iat + lasts.num_seconds(), jti }
    }

    async fn mint(&self, claims: &impl Serialize, basics: &Basics) -> Result<Minted, KeyFault> {
        let token = self.keys.sign(claims).await?;
        Ok(Minted { token, jti: basics.jti.clone(), lasts: TimeDelta::seconds(basics.exp - basics.iat) })
    }
}

impl Identities {
    /// Who makes our tokens: what stands in their `iss`.
    pub fn issuer(&self) -> &str {
        &self.tokens().issuer
    }

    /// The keys that verify our tokens, as everybody may read them (RFC 7517); the first call of an installation makes one.
    ///
    /// # Errors
    /// [`KeyFault`] when there is none yet and none can be made.
    pub async fn published_keys(&self) -> Result<String, KeyFault> {
        self.tokens().keys.published().await
    }

    /// Publishes a new signing key, which signs after `LOGGIA_TOKEN__KEY_LEAD_SECONDS`. With `compromised` it signs at once
    /// and every other key is given up with all it signed. Audited as `rotate_secret`.
    ///
    /// # Errors
    /// [`KeyFault::NoNewKey`] when keys come from a file and there is no new one in it.
    pub async fn rotate_keys(&self, actor: &Actor, compromised: bool) -> Result<Rotation, KeyFault> {
        self.tokens().keys.rotate(actor, compromised).await
    }

    /// A token for the public API, good for one tenant alone. Only `tenancy` calls it, with what it has proven.
    pub(crate) async fn mint_for_tenant(&self, who: &Identity, grant: &Grant) -> Result<Minted, KeyFault> {
        let lasts = seconds(self.tokens().token.ttl);
        self.mint_tenant(who, grant, API.to_owned(), lasts).await
    }

    /// A token for one hosted app, good for one tenant alone; reused for half its life. Only `tenancy` calls it.
    pub(crate) async fn mint_for_app(&self, who: &Identity, grant: &Grant, app: &Key) -> Result<Minted, KeyFault> {
        self.mint_short(who, grant, format!("{APP}{app}")).await
    }

    /// A token for the server at `host` that makes what a panel shows, good for one tenant alone; reused for half its life.
    /// Only `tenancy` calls it.
    pub(crate) async fn mint_for_endpoint(&self, who: &Identity, grant: &Grant, host: &str) -> Result<Minted, KeyFault> {
        self.mint_short(who, grant, format!("{ENDPOINT}{host}")).await
    }

    async fn mint_short(&self, who: &Identity, grant: &Grant, aud: String) -> Result<Minted, KeyFault> {
        let (tokens, now) = (self.tokens(), self.central().clock().now());
        let wanted = (who.user(), aud.clone(), grant.clone());
        let half = |made: &DateTime<Utc>, minted: &Minted| now >= *made && now - *made < minted.lasts / 2;
        if let Some((minted, _)) = tokens.short.get(&wanted).filter(|(minted, made)| half(made, minted)) {
            return Ok(minted);
        }
        let minted = Box::pin(self.mint_tenant(who, grant, aud, seconds(tokens.token.app_ttl))).await?;
        tokens.short.insert(wanted, (minted.clone(), now));
        Ok(minted)
    }

    async fn mint_tenant(&self, who: &Identity, grant: &Grant, aud: String, lasts: TimeDelta) -> Result<Minted, KeyFault> {
        let basics = self.tokens().basics(who.user().0, aud, self.central().clock().now(), lasts);
        let claims = TenantClaims {
            email: who.is_person().then(|| who.email().to_owned()),
            client_id: (who.kind() == ActorKind::Machine).then(|| who.email().to_owned()),
            ..granted(&basics, grant)
        };
        self.tokens().mint(&claims, &basics).await
    }

    /// A token by which the installation itself tries whether an app takes its tokens: for one app and one tenant, and nobody's.
    /// Only `tenancy` calls it, and only `apps` is given it, for the upstream alone.
    pub(crate) async fn mint_trial(&self, grant: &Grant, app: &Key) -> Result<Minted, KeyFault> {
        let (tokens, now) = (self.tokens(), self.central().clock().now());
        let basics = tokens.basics(TRIAL, format!("{APP}{app}"), now, seconds(tokens.token.app_ttl));
        let claims = TenantClaims { client_id: Some(TRIAL_NAME.to_owned()), ..granted(&basics, grant) };
        tokens.mint(&claims, &basics).await
    }

    /// A token for the internal API.
    pub(super) async fn mint_for_machine(&self, id: Uuid, client_id: &str, scopes: &Scopes) -> Result<Minted, KeyFault> {
        let basics = self.tokens().basics(id, INTERNAL.to_owned(), self.central().clock().now(), MACHINE);
        let claims = MachineClaims { basics: basics.clone(), client_id: client_id.to_owned(), scope: scopes.to_string() };
        self.tokens().mint(&claims, &basics).await
    }
}

/// What a token says of its tenant, whoever bears it.
fn granted(basics: &Basics, grant: &Grant) -> TenantClaims {
    TenantClaims {
        basics: basics.clone(),
        email: None,
        // to run the installation is nothing a token for one tenant speaks of
        role: grant.role.min(Role::Admin).as_str().to_owned(),
        tenant_id: grant.tenant.0,
        tenant: grant.slug.to_string(),
        env: Some(grant.env.clone()),
        uc_catalog: grant.catalog.clone(),
        client_id: None,
    }
}

fn seconds(length: Duration) -> TimeDelta {
    TimeDelta::seconds(i64::try_from(length.as_secs()).unwrap_or(0))
}
