//! The keys that sign our tokens. One signs; the next is published before it signs, so that whoever verifies knows it in time;
//! those that signed before are published for as long as something they signed may be good.
//!
//! All replicas share them through the central database. A replica hears of a change within a second, and looks anew when a
//! token names a key that it does not know.

mod pair;
mod provider;
mod vault;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{Mutex, OnceCell};

use self::pair::PublicKey;
use self::provider::{Made, Provider, Signer};
use super::{SealFault, Sealer};
use crate::central::audit::{About, Action};
use crate::central::signing_keys::{self, SigningKey, State};
use crate::central::{Central, Change, Error, Table};
use crate::domain::Actor;
use crate::settings::KeyProvider;

/// How long the keys are remembered without asking the central database again.
const FRESH: TimeDelta = TimeDelta::seconds(5);
/// How long what a retired key signed may still be good: longer than any token lasts.
const ECHO: TimeDelta = TimeDelta::hours(1);
/// Tokens that name unknown keys make us look no more often than this.
const LOOK: Duration = Duration::from_secs(1);

/// Why a key did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyFault {
    /// The central database did not answer.
    #[error(transparent)]
    Central(#[from] Error),
    /// The place where the keys are did not; the words are for the log.
    #[error("{0}")]
    Provider(String),
    /// The stored key does not open.
    #[error("the signing key in the central database: {0}")]
    Sealed(#[from] SealFault),
    /// There is no new key to rotate to; the words are for the operator.
    #[error("{0}")]
    NoNewKey(String),
}

/// A rotation, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new key's id.
    pub kid: String,
    /// When it begins to sign, or that it has.
    pub signs_at: DateTime<Utc>,
    /// Whether it is published now and was not before: a rotation under way is not begun again.
    pub begun: bool,
    /// The keys that were given up at once: what they signed is good no longer.
    pub given_up: Vec<String>,
}

/// The keys, and where new ones come from.
pub(super) struct Keys {
    central: Central,
    sealer: Sealer,
    provider: Provider,
    lead: TimeDelta,
    ring: ArcSwapOption<Ring>,
    turn: Mutex<Option<Instant>>,
    /// Making the first key takes long: however many ask for it, one makes it.
    making: Mutex<()>,
}

/// What is known of the keys at one moment.
struct Ring {
    keys: Vec<Arc<Key>>,
    at: DateTime<Utc>,
    epoch: u64,
}

struct Key {
    row: SigningKey,
    public: PublicKey,
    verifier: DecodingKey,
    signer: OnceCell<Signer>,
}

impl Ring {
    fn signing(&self) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.row.state == State::Signing)
    }

    fn next(&self) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.row.state == State::Next)
    }

    fn find(&self, kid: &str) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.row.kid == kid)
    }
}

impl Keys {
    /// Ready; no key is made or read before the first is needed.
    pub(super) fn new(central: &Central, sealer: &Sealer, provider: &KeyProvider, lead: TimeDelta) -> Keys {
        Keys {
            central: central.clone(),
            sealer: sealer.clone(),
            provider: Provider::new(provider, central.clock()),
            lead,
            ring: ArcSwapOption::empty(),
            turn: Mutex::default(),
            making: Mutex::default(),
        }
    }

    /// A token with these claims.
    pub(super) async fn sign(&self, claims: &impl Serialize) -> Result<String, KeyFault> {
        let ring = self.settled().await?;
        let key = ring.signing().ok_or_else(|| KeyFault::Provider("no key signs".to_owned()))?;
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key.row.kid });
        let claims = serde_json::to_vec(claims).map_err(|e| KeyFault::Provider(e.to_string()))?;
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims));
        let signer = key.signer.get_or_try_init(|| self.open(&key.row)).await?;
        let signature = signer.sign(message.as_bytes()).await?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What verifies what the key of this id signed; none when there is no such key (any more).
    pub(super) async fn verifier(&self, kid: &str) -> Result<Option<DecodingKey>, Error> {
        let ring = self.ring().await?;
        if let Some(key) = ring.find(kid) {
            return Ok(Some(key.verifier.clone()));
        }
        let ring = self.look_again(&ring).await?;
        Ok(ring.find(kid).map(|key| key.verifier.clone()))
    }

    /// The key set as everybody may read it, the one that signs first.
    pub(super) async fn published(&self) -> Result<String, KeyFault> {
        let ring = self.settled().await?;
        let mut keys: Vec<&Arc<Key>> = ring.keys.iter().collect();
        keys.sort_by_key(|key| [State::Signing, State::Next, State::Retired].iter().position(|state| *state == key.row.state));
        Ok(json!({ "keys": keys.iter().map(|key| &key.public).collect::<Vec<_>>() }).to_string())
    }

    /// Publishes a new key, which signs after the lead; a rotation that is under way is told instead. `compromised`: a new
    /// key signs at once, and all others are given up with everything they signed.
    pub(super) async fn rotate(&self, actor: &Actor, compromised: bool) -> Result<Rotation, KeyFault> {
        let under_way =
            |next: &SigningKey| Rotation { kid: next.kid.clone(), signs_at: next.signs_at, begun: false, given_up: Vec::new() };
        self.promote_if_due().await?;
        if !compromised && let Some(next) = self.load().await?.next() {
            return Ok(under_way(&next.row));
        }
        // making one takes long; nobody is kept waiting for it in the database
        let made = self.fresh().await?;
        let able = self.can_sign().await?;
        let change = Change::open(&self.central, actor).await?;
        let before = signing_keys::published(&change, change.at() - ECHO).await?;
        if !compromised && let Some(next) = before.iter().find(|key| key.state == State::Next) {
            change.unneeded().await?;
            return Ok(under_way(next));
        }
        let signing = before.iter().find(|key| key.state == State::Signing);
        // what cannot sign is not waited for
        let at_once = compromised || signing.is_none() || !able || self.lead.is_zero();
        let signs_at = if at_once { change.at() } else { change.at() + self.lead };
        let mut given_up = Vec::new();
        for key in before.iter().filter(|_| compromised) {
            // long ago: nothing it signed is good any more
            signing_keys::retire(&change, &key.kid, DateTime::UNIX_EPOCH).await?;
            given_up.push(key.kid.clone());
        }
        if let Some(signing) = signing.filter(|_| at_once && !compromised) {
            signing_keys::retire(&change, &signing.kid, change.at()).await?;
        }
        let state = if at_once { State::Signing } else { State::Next };
        let row = self.row(&made, state, signs_at)?;
        signing_keys::create(&change, &row).await?;
        let about = About::target(&row.kid).with("state", state.as_str()).with("compromised", compromised);
        let about = about.with("signs_at", signs_at.to_rfc3339()).with("given_up", given_up.clone());
        change.commit(Action::RotateSecret, about).await?;
        self.load().await?;
        Ok(Rotation { kid: row.kid, signs_at, begun: true, given_up })
    }

    /// The keys with one that signs, after a rotation whose time has come.
    async fn settled(&self) -> Result<Arc<Ring>, KeyFault> {
        if let Err(fault) = self.promote_if_due().await {
            // the one that signs so far still does
            tracing::warn!(%fault, "the next signing key could not be taken up");
        }
        let ring = self.ring().await?;
        if ring.signing().is_some() {
            return Ok(ring);
        }
        let _alone = self.making.lock().await;
        if self.load().await?.signing().is_none() {
            self.make_first().await?;
        }
        Ok(self.load().await?)
    }

    async fn promote_if_due(&self) -> Result<(), KeyFault> {
        let now = self.central.clock().now();
        let due = |next: &SigningKey| next.state == State::Next && next.signs_at <= now;
        if !self.ring().await?.next().is_some_and(|next| due(&next.row)) {
            return Ok(());
        }
        let change = Change::open(&self.central, &super::system()).await?;
        let keys = signing_keys::published(&change, now - ECHO).await?;
        if let Some(next) = keys.iter().find(|key| due(key)) {
            if let Some(signing) = keys.iter().find(|key| key.state == State::Signing) {
                signing_keys::retire(&change, &signing.kid, change.at()).await?;
            }
            signing_keys::promote(&change, &next.kid).await?;
            let about = About::target(&next.kid).with("state", State::Signing.as_str());
            change.commit(Action::RotateSecret, about).await?;
        }
        self.load().await?;
        Ok(())
    }

    async fn make_first(&self) -> Result<(), KeyFault> {
        let made = self.fresh().await?;
        let change = Change::open(&self.central, &super::system()).await?;
        let keys = signing_keys::published(&change, change.at()).await?;
        if keys.iter().any(|key| key.state == State::Signing) {
            // another replica was quicker
            return Ok(change.unneeded().await?);
        }
        let row = self.row(&made, State::Signing, change.at())?;
        signing_keys::create(&change, &row).await?;
        let about = About::target(&row.kid).with("state", State::Signing.as_str()).with("first", true);
        Ok(change.commit(Action::RotateSecret, about).await?)
    }

    /// A key that never signed before: one that lies ready, or a new one.
    async fn fresh(&self) -> Result<Made, KeyFault> {
        let offered = self.provider.offered().await?;
        let kids: Vec<String> = offered.iter().map(|made| made.public.kid.clone()).collect();
        let used = signing_keys::known(&self.central, &kids).await?;
        match offered.into_iter().find(|made| !used.contains(&made.public.kid)) {
            Some(made) => Ok(made),
            None => self.provider.make().await,
        }
    }

    /// Whether the key whose turn it is can be used: it may lie where the settings no longer lead.
    async fn can_sign(&self) -> Result<bool, Error> {
        match self.ring().await?.signing() {
            Some(key) => Ok(self.open(&key.row).await.is_ok()),
            None => Ok(false),
        }
    }

    fn row(&self, made: &Made, state: State, signs_at: DateTime<Utc>) -> Result<SigningKey, KeyFault> {
        let public_jwk = serde_json::to_string(&made.public).map_err(|e| KeyFault::Provider(e.to_string()))?;
        Ok(SigningKey {
            kid: made.public.kid.clone(),
            state,
            private_key: self.sealer.seal(&made.stored)?,
            public_jwk,
            signs_at,
            retired_at: None,
        })
    }

    async fn open(&self, row: &SigningKey) -> Result<Signer, KeyFault> {
        self.provider.open(&row.kid, &self.sealer.open(&row.private_key)?).await
    }

    async fn ring(&self) -> Result<Arc<Ring>, Error> {
        match self.ring.load_full().filter(|ring| self.is_fresh(ring)) {
            Some(ring) => Ok(ring),
            None => {
                let _turn = self.turn.lock().await;
                match self.ring.load_full().filter(|ring| self.is_fresh(ring)) {
                    Some(ring) => Ok(ring),
                    None => self.load().await,
                }
            }
        }
    }

    fn is_fresh(&self, ring: &Ring) -> bool {
        ring.epoch == self.central.epoch(&[Table::Keys]) && self.central.clock().now() - ring.at < FRESH
    }

    /// The keys as they are now, for a token that names one we do not know; within a second only one caller looks.
    async fn look_again(&self, seen: &Arc<Ring>) -> Result<Arc<Ring>, Error> {
        let mut last = self.turn.lock().await;
        let known = self.ring.load_full().filter(|ring| !Arc::ptr_eq(ring, seen));
        if let Some(ring) = known {
            return Ok(ring);
        }
        if last.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(Arc::clone(seen));
        }
        *last = Some(Instant::now());
        self.load().await
    }

    async fn load(&self) -> Result<Arc<Ring>, Error> {
        let (at, epoch) = (self.central.clock().now(), self.central.epoch(&[Table::Keys]));
        let before = self.ring.load_full();
        let rows = signing_keys::published(&self.central, at - ECHO).await?;
        let keys = rows.into_iter().map(|row| {
            // what was opened stays open
            let same = before.iter().flat_map(|ring| &ring.keys).find(|key| key.row == row);
            same.map_or_else(|| Key::read(row).map(Arc::new), |key| Ok(Arc::clone(key)))
        });
        let ring = Arc::new(Ring { keys: keys.collect::<Result<_, _>>()?, at, epoch });
        self.ring.store(Some(Arc::clone(&ring)));
        Ok(ring)
    }
}

impl Key {
    fn read(row: SigningKey) -> Result<Key, Error> {
        let told = |e: &dyn std::fmt::Display| Error::Internal(format!("the public key {}: {e}", row.kid));
        let public: PublicKey = serde_json::from_str(&row.public_jwk).map_err(|e| told(&e))?;
        let verifier = DecodingKey::from_rsa_components(&public.n, &public.e).map_err(|e| told(&e))?;
        Ok(Key { row, public, verifier, signer: OnceCell::new() })
    }
}
