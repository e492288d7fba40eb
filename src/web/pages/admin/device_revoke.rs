//! The page that asks an operator before a wall screen's link is taken back.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Path, Query};
use poem::{Request, Response, handler};

use super::tenant::SlugPath;
use super::{Chrome, Desk, at, framed};
use crate::error::{Error, Result};
use crate::tenancy::{Operator, devices};
use crate::web::guards::Sent;
use crate::web::pages::tenant::device_revoke::{Meant, TakeBack};
use crate::web::{Parts, around, limits};

/// One question.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/device_revoke.html")]
pub struct RevokePage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// The question.
    pub screen: TakeBack,
}

/// `GET /admin/tenants/{slug}/devices/revoke`: asks.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<SlugPath>,
    Query(meant): Query<Meant>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let tenant = path.record(parts).await?.tenant;
    let id = meant.id()?;
    let found = limits::in_time(devices::find(&parts.tenancy, tenant.id, id)).await?;
    let device = found.ok_or(Error::NotFound("wall screen"))?;
    let back = format!("/admin/tenants/{}", tenant.slug);
    let action = format!("{back}/devices/revoke");
    let page = at(action.as_str()).with("device", Some(&id.to_string()));
    let (chrome, desk) = framed(request, &operator, "Take a link back", page, None);
    let shows = device.dashboards.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    around::page(&RevokePage { chrome, desk, screen: TakeBack::new(device, shows, parts.clock.now(), action, back) })
}

/// `POST /admin/tenants/{slug}/devices/revoke`: the link opens nothing any more.
#[handler]
pub async fn submit(
    operator: Operator,
    Path(path): Path<SlugPath>,
    mut sent: Sent<Meant>,
    Data(parts): Data<&Arc<Parts>>,
) -> Result<Response> {
    let record = path.record(parts).await?;
    let id = sent.take().id()?;
    limits::in_time(devices::revoke(&parts.tenancy, operator.actor(), record.tenant.id, id)).await?;
    Ok(around::see_other(&format!("/admin/tenants/{}?done=revoked", record.tenant.slug)))
}
