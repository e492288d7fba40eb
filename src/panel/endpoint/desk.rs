//! Where endpoints are asked: in time, in turn, apart from each other, and with what they made last kept.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::answer::{Content, Made};
use super::remote::{Reach, Remote, Signer};
use super::{Answer, Call, Endpoint, EndpointCall, Maker, Trouble, Wants};
use crate::domain::{Key, TimeRange};
use crate::identity::Identities;
use crate::panel::View;
use crate::query::{Cache, Chosen, Window};
use crate::tenancy::{Tenancy, TenantScope};
use crate::yaml::nearest;

/// How long an endpoint may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many run at once. One that never ends keeps its place, so that it cannot take them all with it.
const AT_ONCE: usize = 8;
/// How many of one tenant's run at once.
const OF_ONE: usize = 4;
/// Bytes of answers kept.
const KEPT: u64 = 32 * 1024 * 1024;

/// The endpoints of this program, as a value.
#[derive(Clone, Default)]
pub struct Registry(Vec<Arc<dyn Endpoint>>);

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|endpoint| endpoint.name())).finish()
    }
}

impl Registry {
    /// These endpoints.
    pub fn new(endpoints: Vec<Arc<dyn Endpoint>>) -> Registry {
        Registry(endpoints)
    }

    /// The endpoint of that name.
    pub fn find(&self, name: &str) -> Option<&Arc<dyn Endpoint>> {
        self.0.iter().find(|endpoint| endpoint.name() == name)
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<dyn Endpoint>] {
        &self.0
    }

    /// What is wrong with a call: the path in the panel's file, and the fault.
    pub fn check(&self, call: &EndpointCall) -> Vec<(String, String)> {
        let Maker::Own(name) = &call.maker else { return Vec::new() };
        let Some(endpoint) = self.find(name) else {
            let names: Vec<&str> = self.0.iter().map(|endpoint| endpoint.name()).collect();
            let hint = match nearest(name, names.iter().copied()) {
                Some(meant) => format!("; did you mean “{meant}”?"),
                None => format!(". There are: {}", names.join(", ")),
            };
            return vec![("panel.endpoint".to_owned(), format!("there is no endpoint “{name}”{hint}"))];
        };
        let mut faults = Vec::new();
        if endpoint.gives() != call.wants {
            let (gives, wants) = (endpoint.gives().word(), call.wants.word());
            faults.push(("panel.endpoint".to_owned(), format!("“{name}” makes {gives}; this type of panel needs {wants}")));
        }
        for (parameter, value) in &call.parameters {
            let path = format!("panel.parameters.{parameter}");
            match endpoint.parameters().iter().find(|declared| declared.name == parameter) {
                Some(declared) if declared.default.is_like(value) => {}
                Some(declared) => faults.push((path, format!("“{parameter}” is {}", declared.default.word()))),
                None => {
                    let known: Vec<&str> = endpoint.parameters().iter().map(|declared| declared.name).collect();
                    let meant = nearest(parameter, known.iter().copied());
                    let hint = meant.map_or_else(|| known.join(", "), |meant| format!("did you mean “{meant}”?"));
                    faults.push((path, format!("“{name}” takes no parameter “{parameter}”; {hint}")));
                }
            }
        }
        faults.extend(call.filters.iter().filter_map(|(id, what)| {
            let known: Vec<&str> = endpoint.filters().iter().map(|narrowed| narrowed.name).collect();
            let hint = match nearest(what, known.iter().copied()) {
                _ if known.contains(&what.as_str()) => return None,
                Some(meant) => format!("; did you mean “{meant}”?"),
                None if known.is_empty() => String::new(),
                None => format!("; there are: {}", known.join(", ")),
            };
            Some((format!("panel.filters.{id}"), format!("“{name}” has no “{what}” that a filter narrows{hint}")))
        }));
        faults
    }
}

/// Who asks, and how it is looked at.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Asked<'a> {
    pub scope: &'a TenantScope,
    pub cache: &'a Cache,
    pub view: &'a View,
    /// Whatever is kept, ask anew.
    pub fresh: bool,
}

#[derive(Clone, Debug)]
struct Kept {
    content: Content,
    at: DateTime<Utc>,
    bytes: usize,
}

/// Asks endpoints: ours, and the other servers that the settings allow.
#[derive(Debug)]
pub struct Endpoints {
    registry: Registry,
    remote: Remote,
    kept: moka::sync::Cache<String, Kept>,
    turns: Arc<Semaphore>,
    of_tenant: moka::sync::Cache<String, Arc<Semaphore>>,
    patience: Duration,
}

impl Endpoints {
    /// These endpoints, and the servers within reach.
    pub fn new(registry: Registry, reach: Reach) -> Endpoints {
        Endpoints::with_patience(registry, reach, PATIENCE)
    }

    /// The same, with less patience (for tests).
    pub fn with_patience(registry: Registry, reach: Reach, patience: Duration) -> Endpoints {
        let weigh = |key: &String, kept: &Kept| u32::try_from(kept.bytes + key.len() + 200).unwrap_or(u32::MAX);
        Endpoints {
            registry,
            remote: Remote::new(reach, patience),
            kept: moka::sync::Cache::builder().max_capacity(KEPT).weigher(weigh).build(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            of_tenant: moka::sync::Cache::new(10_000),
            patience,
        }
    }

    /// The same, able to tell another server for whom it is asked.
    #[must_use]
    pub fn signing(self, tenancy: &Tenancy, identities: &Identities) -> Endpoints {
        let signer = Signer::new(tenancy.clone(), identities.clone());
        Endpoints { remote: self.remote.signing(signer), ..self }
    }

    /// The endpoints of this program.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What the endpoint makes, or what it made lately; when it fails, what it made last, marked stale.
    ///
    /// # Errors
    /// Why there is nothing, when there never was anything.
    pub async fn ask(&self, call: &EndpointCall, asked: Asked<'_>) -> Result<Made, Trouble> {
        let range = range(call, asked.view);
        let filters = call.chosen(&asked.view.filters);
        let key = key(call, asked, range, &filters);
        let now = asked.view.now;
        let kept = self.kept.get(&key);
        if let Some(kept) =
            kept.clone().filter(|kept| !asked.fresh && (TimeDelta::zero()..asked.view.refresh).contains(&(now - kept.at)))
        {
            return Ok(Made { content: kept.content, at: kept.at, hit: true, stale: None });
        }
        let made = match &call.maker {
            Maker::Own(name) => self.own(name, call, asked, range, filters).await,
            Maker::Other(url) => self.remote.ask(url, call, asked.scope, call.follows.then_some(range), &filters).await,
        };
        match (made, kept) {
            (Ok(content), _) => {
                self.kept.insert(key, Kept { bytes: content.weight(), content: content.clone(), at: now });
                Ok(Made { content, at: now, hit: false, stale: None })
            }
            (Err(trouble), Some(kept)) => Ok(Made { content: kept.content, at: kept.at, hit: false, stale: Some(trouble) }),
            (Err(trouble), None) => Err(trouble),
        }
    }

    async fn own(
        &self,
        name: &str,
        call: &EndpointCall,
        asked: Asked<'_>,
        range: TimeRange,
        filters: Vec<(Key, String, Chosen)>,
    ) -> Result<Content, Trouble> {
        let endpoint = self.registry.find(name).ok_or_else(|| Trouble::Unregistered(name.to_owned()))?.clone();
        let tenant = self.of_tenant.get_with(asked.scope.tenant().to_string(), || Arc::new(Semaphore::new(OF_ONE)));
        let turn = async { tenant.acquire_owned().await.ok().zip(self.turns.clone().acquire_owned().await.ok()) };
        let turn = tokio::time::timeout(self.patience / 4, turn).await.ok().flatten().ok_or(Trouble::Busy)?;
        let task = Call {
            scope: asked.scope.clone(),
            cache: asked.cache.clone(),
            panel: asked.view.key.clone(),
            range,
            zone: asked.view.zone,
            now: asked.view.now,
            fresh_for: if asked.fresh { Duration::ZERO } else { asked.view.refresh.to_std().unwrap_or_default() },
            declared: endpoint.parameters(),
            given: call.parameters.clone(),
            filters,
        };
        let (patience, wants, runtime) = (self.patience, call.wants, Handle::current());
        // A thread of its own: one that never lets go of it holds up nobody but itself, and keeps its turn.
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let answer = runtime.block_on(async { tokio::time::timeout(patience, endpoint.answer(&task)).await });
            answer.map_err(|_| Trouble::TooSlow(patience))?.and_then(|answer: Answer| answer.checked(wants))
        });
        match tokio::time::timeout(patience, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(Trouble::Panicked),
            Err(_) => Err(Trouble::TooSlow(patience)),
        }
    }
}

/// The page's range on its grid, or the last day to the minute.
fn range(call: &EndpointCall, view: &View) -> TimeRange {
    if call.follows {
        return Window::new(view.range, view.spec.is_relative(), view.refresh, view.zone, false).range;
    }
    let to = DateTime::from_timestamp(view.now.timestamp().div_euclid(60) * 60, 0).unwrap_or(view.now);
    TimeRange::new(to - TimeDelta::days(1), to).unwrap_or(view.range)
}

/// What tells one answer from another; the tenant comes first.
fn key(call: &EndpointCall, asked: Asked<'_>, range: TimeRange, filters: &[(Key, String, Chosen)]) -> String {
    let maker = match &call.maker {
        Maker::Own(name) => name.as_str(),
        Maker::Other(url) => url.as_str(),
    };
    let parameters = serde_json::Value::Object(call.parameters.clone());
    let wants = if call.wants == Wants::Words { "words" } else { "picture" };
    let range = call.follows.then(|| (range.from().timestamp(), range.to().timestamp()));
    let (tenant, view) = (asked.scope.tenant(), asked.view);
    // Who is told for whom it is asked may answer each in their own way.
    let whom = call.token.then(|| (asked.scope.identity().user(), asked.scope.role()));
    // Written as Rust writes texts: quoted, so that no value can look like another part of the key.
    format!("{tenant}\n{}\n{maker}\n{wants}\n{parameters}\n{filters:?}\n{}\n{range:?}\n{whom:?}", view.key, view.zone)
}
