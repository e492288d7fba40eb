//! Whose request is it? Nothing in a request of an app names the tenant, and a cookie is the browser's: so opening a page of
//! an app records it, and later requests are traced back to it (DECISIONS 39). Never by a guess.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use moka::sync::Cache;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::central::frames::{self, Admitted, Frame};
use crate::central::{Central, Error};
use crate::domain::Key;
use crate::identity::Identity;
use crate::tenancy::TenantScope;

/// A page that was not seen for so long is no longer taken for open.
const OPEN: TimeDelta = TimeDelta::minutes(10);
/// How exactly "seen" is kept.
const SEEN: Duration = Duration::from_secs(60);
/// How long a ticket is good.
const TICKET: TimeDelta = TimeDelta::seconds(30);
/// How long a page that nobody sees is remembered: a laptop may sleep over a weekend.
const KEPT: TimeDelta = TimeDelta::days(8);

/// The pages that are open.
#[derive(Debug)]
pub struct Frames {
    central: Central,
    known: Cache<String, Arc<Frame>>,
    ends: Cache<String, Arc<Frame>>,
    visits: Cache<String, Admitted>,
    seen: Cache<String, ()>,
    swept: Cache<(), ()>,
}

/// A page just opened, and what its address says.
#[derive(Debug)]
pub struct Opened {
    /// The page.
    pub frame: Arc<Frame>,
    /// Its key.
    pub key: String,
    /// What lets its browser in on the apps' origin, once.
    pub ticket: Option<String>,
}

/// By what a request may be traced back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trace<'a> {
    /// The key in its own address, else in its `Referer`.
    pub key: Option<&'a str>,
    /// Dash's id of the page load.
    pub end: Option<&'a str>,
}

/// To which page a request belongs.
#[derive(Debug)]
pub enum Belongs {
    /// To this one.
    To(Arc<Frame>),
    /// To a page that is somebody else's, of another app, or none at all.
    Nowhere,
    /// To no page: none is open.
    Unopened,
    /// To one of several, and nothing tells which.
    Unclear,
}

impl Frames {
    /// None open yet, as far as this process knows.
    pub fn new(central: &Central) -> Frames {
        let cache = |seconds| Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(seconds)).build();
        let visits = Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(600)).build();
        let seen = Cache::builder().max_capacity(50_000).time_to_live(SEEN).build();
        let swept = Cache::builder().max_capacity(1).time_to_live(Duration::from_secs(3600)).build();
        Frames { central: central.clone(), known: cache(600), ends: cache(600), visits, seen, swept }
    }

    /// Opens a page of an app, in a dashboard or alone; with a ticket where the app has an origin of its own.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn open(&self, scope: &TenantScope, app: &Key, dashboard: Option<&Key>, ticket: bool) -> Result<Opened, Error> {
        let key = random()?;
        let now = self.central.clock().now();
        let frame = Frame {
            id: hash(&key),
            bearer: scope.identity().credential().name(),
            tenant: scope.tenant(),
            app: app.clone(),
            dashboard: dashboard.cloned(),
            legacy: scope.rollout().is_legacy(),
            opened_at: now,
        };
        let ticket = if ticket { Some(random()?) } else { None };
        if dashboard.is_none() {
            frames::close_alone(&self.central, &frame.bearer, app).await?;
        }
        frames::open(&self.central, &frame, ticket.as_deref().map(|ticket| (hash(ticket), now + TICKET))).await?;
        if self.swept.get(&()).is_none() {
            self.swept.insert((), ());
            frames::sweep(&self.central, now - KEPT).await?;
        }
        let frame = Arc::new(frame);
        self.known.insert(frame.id.clone(), frame.clone());
        Ok(Opened { frame, key, ticket })
    }

    /// The page of this key, if it is this caller's.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn of_key(&self, identity: &Identity, key: &str) -> Result<Option<Arc<Frame>>, Error> {
        let id = hash(key);
        let found = match self.known.get(&id) {
            Some(frame) => Some(frame),
            None => {
                let found = Box::pin(frames::find(&self.central, &id)).await?.map(Arc::new);
                found.inspect(|frame| self.known.insert(id, frame.clone()))
            }
        };
        let bearer = identity.credential().name();
        Ok(found.filter(|frame| frame.bearer == bearer))
    }

    /// To which page of this app a request of this caller belongs: by its key, else by Dash's id of the page load, else to the
    /// only page that is open.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn trace(&self, identity: &Identity, app: &Key, by: Trace<'_>) -> Result<Belongs, Error> {
        if let Some(key) = by.key {
            let frame = self.of_key(identity, key).await?.filter(|frame| frame.app == *app);
            return match frame {
                Some(frame) => {
                    self.see(&frame).await?;
                    Ok(Belongs::To(frame))
                }
                None => Ok(Belongs::Nowhere),
            };
        }
        let bearer = identity.credential().name();
        if let Some(end) = by.end
            && let Some(frame) = self.of_end(&bearer, app, &hash(end)).await?
        {
            self.see(&frame).await?;
            return Ok(Belongs::To(frame));
        }
        let since = self.central.clock().now() - OPEN;
        let open = Box::pin(frames::open_since(&self.central, &bearer, app, since)).await?;
        let Some(first) = open.first() else { return Ok(Belongs::Unopened) };
        let only = |frame: &Frame| (frame.tenant, frame.legacy) == (first.tenant, first.legacy);
        if open.iter().all(only) { Ok(Belongs::To(Arc::new(first.clone()))) } else { Ok(Belongs::Unclear) }
    }

    async fn of_end(&self, bearer: &str, app: &Key, end: &str) -> Result<Option<Arc<Frame>>, Error> {
        let name = format!("{bearer} {app} {end}");
        if let Some(frame) = self.ends.get(&name) {
            return Ok(Some(frame));
        }
        let found = Box::pin(frames::by_end(&self.central, bearer, app, end)).await?.map(Arc::new);
        Ok(found.inspect(|frame| self.ends.insert(name, frame.clone())))
    }

    /// Remembers Dash's id of a page load.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn ends_with(&self, frame: &Frame, end: &str) -> Result<(), Error> {
        frames::set_end(&self.central, &frame.id, &hash(end)).await
    }

    /// Notes that a page is there, at most once a minute.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn see(&self, frame: &Frame) -> Result<(), Error> {
        if self.seen.get(&frame.id).is_some() {
            return Ok(());
        }
        self.seen.insert(frame.id.clone(), ());
        Box::pin(frames::seen(&self.central, &frame.id)).await
    }

    /// Notes that its page is gone.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn close(&self, frame: &Frame) -> Result<(), Error> {
        self.seen.invalidate(&frame.id);
        frames::close(&self.central, &frame.id, &frame.bearer).await
    }

    /// Whom this cookie of the apps' origin stands for.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn admitted(&self, cookie: &str) -> Result<Option<Admitted>, Error> {
        let id = hash(cookie);
        if let Some(visit) = self.visits.get(&id) {
            return Ok(Some(visit));
        }
        let found = Box::pin(frames::admitted(&self.central, &id)).await?;
        Ok(found.inspect(|visit| self.visits.insert(id, visit.clone())))
    }

    /// Whether this is the key of that page.
    pub fn is_key(frame: &Frame, key: &str) -> bool {
        frame.id == hash(key)
    }

    /// The page that a ticket was made for, once.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn redeem(&self, ticket: &str) -> Result<Option<Arc<Frame>>, Error> {
        Ok(frames::redeem(&self.central, &hash(ticket)).await?.map(Arc::new))
    }

    /// Lets the browser of a page in on the apps' origin: the cookie that stands for its opener there.
    ///
    /// # Errors
    /// That the central database does not answer.
    pub async fn admit(&self, frame: &Frame) -> Result<String, Error> {
        let cookie = random()?;
        frames::admit(&self.central, &hash(&cookie), &frame.bearer).await?;
        Ok(cookie)
    }
}

fn random() -> Result<String, Error> {
    let mut bits = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bits).map_err(|_| Error::Internal("the system has no randomness".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// As it stands in the central database.
pub(super) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
