//! The page that asks before a wall screen's link is taken back.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;
use uuid::Uuid;

use super::{Chrome, Desk, devices::title, framed};
use crate::error::{Error, Result};
use crate::panel::Address;
use crate::tenancy::TenantAdmin;
use crate::tenancy::devices::{self, Device};
use crate::web::guards::Sent;
use crate::web::listing::{Moment, moment};
use crate::web::{Parts, around, limits};

/// The question about one screen, with its answers.
#[derive(Clone, Debug, Template)]
#[template(path = "partials/take_back.html")]
pub struct TakeBack {
    /// Its id, as the form names it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it shows, in words.
    pub shows: String,
    /// When it last asked for something.
    pub used: Option<Moment>,
    /// Where the answer is sent.
    pub action: String,
    /// Where it leads back to.
    pub back: String,
}

impl askama::filters::HtmlSafe for TakeBack {}

impl TakeBack {
    /// The question about `device`, whose answer goes to `action`.
    pub fn new(device: Device, shows: String, now: DateTime<Utc>, action: String, back: String) -> TakeBack {
        TakeBack {
            id: device.id.to_string(),
            shows,
            name: device.name,
            used: device.last_used_at.map(|at| moment(at, now)),
            action,
            back,
        }
    }
}

/// One question.
#[derive(Clone, Debug, Template)]
#[template(path = "tenant/device_revoke.html")]
pub struct RevokePage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The tenant administration's own frame.
    pub desk: Desk,
    /// The question.
    pub screen: TakeBack,
}

/// Which screen is meant: what the address says, and what the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Meant {
    device: String,
}

impl Meant {
    /// Its id.
    ///
    /// # Errors
    /// `NotFound` when it is none.
    pub fn id(&self) -> Result<Uuid> {
        self.device.parse().map_err(|_| Error::NotFound("wall screen"))
    }
}

/// `GET /tenant/{tenant}/devices/revoke`: asks.
#[handler]
pub async fn show(
    admin: TenantAdmin,
    Query(meant): Query<Meant>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let scope = admin.scope();
    let found = limits::in_time(devices::find(&parts.tenancy, scope.tenant(), meant.id()?)).await?;
    let device = found.ok_or(Error::NotFound("wall screen"))?;
    let back = format!("/tenant/{}/devices", scope.slug());
    let action = format!("{back}/revoke");
    let page = Address { path: action.clone(), query: Vec::new() }.with("device", Some(meant.device.as_str()));
    let (chrome, desk) = framed(parts, request, &admin, "Take a link back", page, None).await?;
    let titles = parts.catalog.now().dashboards(scope);
    let shows = device.dashboards.iter().map(|key| title(&titles, key)).collect::<Vec<_>>().join(", ");
    around::page(&RevokePage { chrome, desk, screen: TakeBack::new(device, shows, parts.clock.now(), action, back) })
}

/// `POST /tenant/{tenant}/devices/revoke`: the link opens nothing any more.
#[handler]
pub async fn submit(admin: TenantAdmin, mut sent: Sent<Meant>, Data(parts): Data<&Arc<Parts>>) -> Result<Response> {
    let scope = admin.scope();
    let id = sent.take().id()?;
    limits::in_time(devices::revoke(&parts.tenancy, admin.actor(), scope.tenant(), id)).await?;
    Ok(around::see_other(&format!("/tenant/{}/devices?done=revoked", scope.slug())))
}
