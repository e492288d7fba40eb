//! Whether the upstreams of the apps answer: each is asked now and then, by everybody who runs this server.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Empty};

use super::forward::{Client, address};
use crate::config::{App, AppUse, Upstream};
use crate::domain::Clock;

/// How long an upstream may take to say that it is there.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How often each is asked.
pub const EVERY: Duration = Duration::from_secs(15);

/// How an upstream was found when it was last asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// When.
    pub at: DateTime<Utc>,
    /// Since when it is as it is.
    pub since: DateTime<Utc>,
    /// What is wrong, in a few words; none when it answers.
    pub fault: Option<String>,
}

/// What was found, by the upstream's address.
#[derive(Debug, Default)]
pub struct Probes(Mutex<BTreeMap<String, Health>>);

impl Probes {
    /// How an upstream was found; none when it has not been asked yet.
    pub fn of(&self, upstream: &Upstream) -> Option<Health> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(upstream.url.as_str()).cloned()
    }

    /// Asks the upstreams of these apps, side by side; those of no app any more are forgotten.
    pub async fn ask(&self, client: &Client, apps: &[AppUse], clock: &Clock) {
        let upstreams: Vec<(&App, &Upstream)> = apps.iter().flat_map(|one| each(&one.app)).collect();
        let asked = upstreams.iter().map(|(app, upstream)| probe(client, app, upstream));
        let found = futures_util::future::join_all(asked).await;
        let now = clock.now();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *known);
        for ((_, upstream), fault) in upstreams.into_iter().zip(found) {
            let name = upstream.url.as_str().to_owned();
            let same = before.get(&name).filter(|before| before.fault.is_some() == fault.is_some());
            let since = same.map_or(now, |before| before.since);
            known.insert(name, Health { at: now, since, fault });
        }
    }
}

/// Where an app runs, old and new.
pub fn each(app: &App) -> impl Iterator<Item = (&App, &Upstream)> {
    std::iter::once(&app.upstream).chain(&app.legacy).map(move |upstream| (app, upstream))
}

/// Asks an upstream for its health page. Any answer below 500 shows that it is there: without one of its own Dash answers
/// every address with its index, and a guard that wants a token refuses; both are alive.
///
/// What is wrong, in a few words; none when it answers.
pub async fn probe(client: &Client, app: &App, upstream: &Upstream) -> Option<String> {
    let uri = match address(&app.key, upstream, "/_health", None) {
        Ok(uri) => uri,
        Err(fault) => return Some(fault.to_string()),
    };
    let body = Empty::new().map_err(|never| match never {}).boxed();
    let request = http::Request::builder().uri(uri).header("accept", "text/plain").body(body);
    let request = match request {
        Ok(request) => request,
        Err(_) => return Some("its address cannot be asked for".to_owned()),
    };
    match tokio::time::timeout(PATIENCE, client.request(request)).await {
        Err(_) => Some("no answer within 5 s".to_owned()),
        Ok(Err(_)) => Some("no connection".to_owned()),
        Ok(Ok(answer)) if answer.status().is_server_error() => Some(format!("it answers {}", answer.status().as_u16())),
        Ok(Ok(_)) => None,
    }
}
