//! The hosted apps: where each runs and whether it is there, who has it by which flow, and on which origin they are served.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use poem::web::Data;
use poem::{Request, Response, handler};

use super::tenants::{State, state};
use super::{Chrome, Desk, Link, at, framed};
use crate::apps::Health;
use crate::config::{App, AppUse, Catalog, Upstream, Version};
use crate::domain::Rollout;
use crate::error::Result;
use crate::settings::Settings;
use crate::tenancy::tenants::{Listing, Record};
use crate::tenancy::{Operator, Status};
use crate::web::listing::{Moment, moment};
use crate::web::{Parts, around, limits};

/// How many tenants of one app are listed.
const LISTED: usize = 100;
/// How many tenants are looked through for who has an app, a page of the central database at a time.
const LOOKED_THROUGH: u32 = 2_000;
const PAGE: u32 = 200;

/// Where an app runs, as a row.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which flow is sent there.
    pub flow: &'static str,
    /// Its address.
    pub url: String,
    /// Whether it is there.
    pub state: State,
    /// What is wrong.
    pub fault: Option<String>,
    /// Since when it is as it is.
    pub since: Option<Moment>,
    /// When it was last asked.
    pub asked: Option<Moment>,
}

/// A tenant that has an app, as a row.
#[derive(Clone, Debug)]
pub struct Has {
    /// The tenant's page here.
    pub tenant: Link,
    /// The dashboards that show it.
    pub dashboards: Vec<Link>,
    /// By which flow it is reached.
    pub flow: State,
    /// The tenant's state, where it is not open.
    pub closed: Option<State>,
}

/// An app.
#[derive(Clone, Debug)]
pub struct Hosted {
    /// Its title.
    pub title: String,
    /// Its name in addresses.
    pub key: String,
    /// Its file.
    pub file: String,
    /// The tenant whose own it is.
    pub owner: Option<Link>,
    /// Whether its file has a fault, so that it is as it last was good.
    pub is_old: bool,
    /// Whether it is sent tokens, in words.
    pub token: &'static str,
    /// Whether web sockets are let through, in words.
    pub sockets: &'static str,
    /// Where it runs.
    pub places: Vec<Place>,
    /// Who has it.
    pub tenants: Vec<Has>,
    /// How many more have it, in words.
    pub more: Option<String>,
}

/// On which origin apps are served.
#[derive(Clone, Debug)]
pub struct Served {
    /// `good`, `warn` or `bad`.
    pub mark: &'static str,
    /// In a few words.
    pub words: String,
    /// What follows from it, and what to do.
    pub more: &'static str,
}

/// All hosted apps.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/apps.html")]
pub struct AppsPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// On which origin they are served.
    pub served: Served,
    /// The apps.
    pub apps: Vec<Hosted>,
    /// Whether only some tenants were looked through for who has them.
    pub cut: Option<String>,
}

/// `GET /admin/apps`.
#[handler]
pub async fn show(operator: Operator, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let (chrome, desk) = framed(request, &operator, "Apps", at("/admin/apps"), None);
    let (catalog, now) = (parts.catalog.now(), parts.clock.now());
    let apps = catalog.apps();
    let (mut having, cut) = if apps.is_empty() { (HashMap::new(), false) } else { having(parts, &catalog).await? };
    let apps = apps.iter().map(|one| hosted(parts, one, having.remove(&one.app.file).unwrap_or_default(), now)).collect();
    let cut =
        cut.then(|| format!("Only the first {} tenants were looked through for who has an app.", PAGE * (LOOKED_THROUGH / PAGE)));
    around::page(&AppsPage { chrome, desk, served: served(&parts.settings), apps, cut })
}

/// Who has which app, by the app's file; and whether there are tenants that were not looked at.
async fn having(parts: &Parts, catalog: &Catalog) -> Result<(HashMap<String, Vec<Has>>, bool)> {
    let mut having: HashMap<String, Vec<Has>> = HashMap::new();
    for page in 1..=LOOKED_THROUGH / PAGE {
        let found = limits::in_time(parts.tenancy.records(Listing { page, size: PAGE, ..Listing::default() })).await?;
        for record in &found.items {
            for (app, dashboards) in catalog.apps_of(&record.tenant.slug, &record.tenant.config.shown()) {
                let dashboards = dashboards.iter().map(crate::domain::Key::as_str);
                having.entry(app.file.clone()).or_default().push(has(record, dashboards));
            }
        }
        if u64::from(page * PAGE) >= found.total {
            return Ok((having, false));
        }
    }
    Ok((having, true))
}

fn has<'a>(record: &Record, dashboards: impl Iterator<Item = &'a str>) -> Has {
    let tenant = &record.tenant;
    let link = |name: &str, href: String| Link { name: name.to_owned(), href, current: false };
    Has {
        tenant: link(&tenant.name, format!("/admin/tenants/{}", tenant.slug)),
        dashboards: dashboards.map(|key| link(key, format!("/tenant/{}/dashboard/{key}", tenant.slug))).collect(),
        flow: flow(tenant.rollout),
        closed: (tenant.status != Status::Active).then(|| state(tenant.status)),
    }
}

/// A flow as a badge.
pub(super) fn flow(rollout: Rollout) -> State {
    let mark = match rollout {
        Rollout::Legacy => "",
        Rollout::Canary => "strong",
        Rollout::Current => "good",
    };
    State { mark, word: rollout.as_str() }
}

fn hosted(parts: &Parts, one: &AppUse, mut tenants: Vec<Has>, now: DateTime<Utc>) -> Hosted {
    let app = &one.app;
    let more = tenants.len().saturating_sub(LISTED);
    tenants.truncate(LISTED);
    let owner =
        |slug: &crate::domain::Slug| Link { name: slug.to_string(), href: format!("/admin/tenants/{slug}"), current: false };
    let legacy = app.legacy.iter().map(|upstream| ("legacy", upstream));
    Hosted {
        title: app.title.clone(),
        key: app.key.to_string(),
        file: app.file.clone(),
        owner: one.owner.as_ref().map(owner),
        is_old: app.version != Version::Current,
        token: token(app, &parts.settings),
        sockets: if app.allow_websocket { "let through" } else { "refused" },
        places: std::iter::once(("canary, current", &app.upstream))
            .chain(legacy)
            .map(|(flow, upstream)| place(parts, flow, upstream, now))
            .collect(),
        more: (more > 0).then(|| super::config::counted(more, "more tenant has it", "more tenants have it")),
        tenants,
    }
}

fn token(app: &App, settings: &Settings) -> &'static str {
    match (app.jwt_injection, settings.apps.jwt_injection) {
        (true, true) => "each request carries the tenant’s token",
        (false, _) => "none: its file says jwt_injection: false",
        (true, false) => "none: switched off for all apps by LOGGIA_APPS__JWT_INJECTION=false",
    }
}

fn place(parts: &Parts, flow: &'static str, upstream: &Upstream, now: DateTime<Utc>) -> Place {
    let found = parts.apps.probes().of(upstream);
    let state = match &found {
        None => State { mark: "", word: if parts.settings.serves_apps() { "not asked yet" } else { "not asked" } },
        Some(Health { fault: None, .. }) => State { mark: "good", word: "up" },
        Some(_) => State { mark: "bad", word: "down" },
    };
    Place {
        flow,
        url: upstream.url.to_string(),
        state,
        since: found.as_ref().map(|health| moment(health.since, now)),
        asked: found.as_ref().map(|health| moment(health.at, now)),
        fault: found.and_then(|health| health.fault),
    }
}

fn served(settings: &Settings) -> Served {
    let on_ours = "Each app acts with its viewer’s rights on every page here. For apps that are not trusted like this server, \
                   set LOGGIA_APPS__ORIGIN to a host name that is theirs alone.";
    match &settings.apps.origin {
        Some(origin) => Served {
            mark: "good",
            words: format!("On an origin of their own: {}", origin.origin().ascii_serialization()),
            more: "There, apps reach nothing of ours.",
        },
        None if settings.apps.trusted => Served {
            mark: "warn",
            words: "On our own origin, as trusted code (LOGGIA_APPS__TRUSTED=true)".to_owned(),
            more: on_ours,
        },
        None if settings.demo => {
            Served { mark: "warn", words: "On our own origin, because this is the demo".to_owned(), more: on_ours }
        }
        None => Served {
            mark: "bad",
            words: "Switched off: nobody is shown an app".to_owned(),
            more: "Set LOGGIA_APPS__ORIGIN to a host name that is theirs alone, like https://apps.example.com; or, where every \
                   app is trusted like this server, LOGGIA_APPS__TRUSTED=true.",
        },
    }
}
