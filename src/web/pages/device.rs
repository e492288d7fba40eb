//! The link of a wall screen: it is remembered in a cookie, and leads to the screen's dashboards.

use std::sync::Arc;

use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde::Deserialize;

use crate::domain::Key;
use crate::error::{Error, Result};
use crate::panel::Address;
use crate::tenancy::{Tenancy, TenantScope};
use crate::web::trail::Trail;
use crate::web::view::dashboard_path;
use crate::web::{Parts, around, cookie, limits};

/// How long each dashboard stays.
const EVERY: &str = "60s";

/// What stands in the address.
#[derive(Deserialize)]
pub struct DevicePath {
    token: String,
}

/// `GET /device/{token}`.
#[handler]
pub async fn open(Path(path): Path<DevicePath>, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let trail = Trail::of(request);
    parts.rates.count_caller(&limits::network(trail.address))?;
    let found = limits::in_time(parts.identities.device(&path.token, trail.correlation)).await?;
    let (identity, device) = found.ok_or(Error::NotFound("wall screen"))?;
    let identity = identity.seen_from(trail.address);
    let tenancy: &Tenancy = &parts.tenancy;
    let tenant = device.tenant.to_string();
    let scope = TenantScope::authorize(tenancy, &identity, &tenant, trail.correlation);
    let scope = limits::in_time(scope).await?;
    // what was renamed or hidden since takes no turn
    let catalog = parts.catalog.now();
    let shown: Vec<&Key> = device.dashboards.iter().filter(|key| catalog.dashboard(&scope, key).is_some()).collect();
    let first = shown.first().ok_or(Error::NotFound("dashboard"))?;
    let turns = shown.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(",");
    let several = shown.len() > 1;
    let page = Address { path: dashboard_path(scope.slug().as_str(), first.as_str()), query: Vec::new() }
        .with("kiosk", Some("tv"))
        .with("rotate", several.then_some(turns.as_str()))
        .with("every", several.then_some(EVERY));
    let mut response = around::see_other(&page.href());
    cookie::give_device(&mut response, &path.token, &parts.settings);
    Ok(response)
}
