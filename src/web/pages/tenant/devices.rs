//! The wall screens of a tenant: each opens by a link of its own, shows a list of dashboards, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, framed};
use crate::config::DashboardTitle;
use crate::domain::Key;
use crate::error::{FieldFault, Result};
use crate::panel::Address;
use crate::tenancy::{TenantAdmin, devices};
use crate::web::form::{Field, fault, optional};
use crate::web::guards::Sent;
use crate::web::listing::{Moment, Turn, moment};
use crate::web::{Parts, around, limits};

/// So many dashboards take turns on one screen at most.
const TURNS: usize = 20;

/// How many screens a page holds.
const SIZE: u32 = 50;

/// A wall screen, as a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id, as its form names it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it shows, in words.
    pub shows: String,
    /// Who gave it its link.
    pub by: String,
    /// When.
    pub made: Moment,
    /// When it last asked for something.
    pub used: Option<Moment>,
}

/// The wall screens, and the form of a new one.
#[derive(Clone, Debug, Template)]
#[template(path = "tenant/devices.html")]
pub struct DevicesPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The tenant administration's own frame.
    pub desk: Desk,
    /// The tenant's name.
    pub tenant: String,
    /// This page.
    pub href: String,
    /// What was searched for.
    pub q: String,
    /// The screens.
    pub rows: Vec<Row>,
    /// The way to the others.
    pub turn: Turn,
    /// A new one.
    pub fields: Vec<Field>,
    /// The link of the one just made: its name, and the whole address. It is shown this once.
    pub link: Option<(String, String)>,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    page: String,
    done: String,
}

/// What a page is drawn with beside the screens.
#[derive(Default)]
struct Sheet {
    q: String,
    page: u32,
    name: String,
    chosen: String,
    faults: Vec<FieldFault>,
    link: Option<(String, String)>,
    done: Option<&'static str>,
}

/// `GET /tenant/{tenant}/devices`.
#[handler]
pub async fn show(
    admin: TenantAdmin,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let done = (asked.done == "revoked").then_some("The link is taken back: that screen shows nothing from now on.");
    let (q, page) = (asked.q.trim().chars().take(100).collect(), asked.page.parse().unwrap_or(1));
    around::page(&draw(parts, request, &admin, Sheet { q, page, done, ..Sheet::default() }).await?)
}

/// `POST /tenant/{tenant}/devices`: a new link, shown this once.
#[handler]
pub async fn create(
    admin: TenantAdmin,
    mut sent: Sent<BTreeMap<String, String>>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (scope, sent) = (admin.scope(), sent.take());
    let titles = parts.catalog.now().dashboards(scope);
    let mut sheet = Sheet { name: sent.get("name").cloned().unwrap_or_default(), ..Sheet::default() };
    let name = optional("name", &sheet.name, 100, &mut sheet.faults);
    let keys: Vec<Key> =
        titles.iter().map(|title| title.key.clone()).filter(|key| sent.contains_key(&format!("shows.{key}"))).collect();
    sheet.chosen = keys.iter().map(Key::as_str).collect::<Vec<_>>().join(",");
    if name.is_none() && sheet.faults.is_empty() {
        sheet.faults.push(fault("name", "a screen needs a name, so that its link can be told from the others"));
    }
    if keys.is_empty() || keys.len() > TURNS {
        sheet.faults.push(fault("shows", format!("choose 1 to {TURNS} dashboards")));
    }
    let Some(name) = name.filter(|_| sheet.faults.is_empty()) else {
        let mut response = around::page(&draw(parts, request, &admin, sheet).await?)?;
        response.set_status(http::StatusCode::UNPROCESSABLE_ENTITY);
        return Ok(response);
    };
    let made = limits::in_time(devices::create(&parts.tenancy, admin.actor(), scope.tenant(), name, keys)).await?;
    let address = format!("{}/device/{}", around::origin(parts, request), made.token.as_str());
    let sheet = Sheet { link: Some((made.device.name, address)), ..Sheet::default() };
    around::page(&draw(parts, request, &admin, sheet).await?)
}

async fn draw(parts: &Parts, request: &Request, admin: &TenantAdmin, sheet: Sheet) -> Result<DevicesPage> {
    let scope = admin.scope();
    let href = format!("/tenant/{}/devices", scope.slug());
    let search = Some(sheet.q.as_str()).filter(|q| !q.is_empty());
    let here = Address { path: href.clone(), query: Vec::new() }.with("q", search);
    let (chrome, desk) = framed(parts, request, admin, "Wall screens", here.clone(), sheet.done).await?;
    let titles = parts.catalog.now().dashboards(scope);
    let now = parts.clock.now();
    let row = |device: devices::Device| Row {
        id: device.id.to_string(),
        shows: device.dashboards.iter().map(|key| title(&titles, key)).collect::<Vec<_>>().join(", "),
        name: device.name,
        by: device.created_by,
        made: moment(device.created_at, now),
        used: device.last_used_at.map(|at| moment(at, now)),
    };
    let number = sheet.page.clamp(1, 100_000);
    let found = limits::in_time(devices::list(&parts.tenancy, scope.tenant(), search, number, SIZE)).await?;
    let turn = Turn::new(found.number, found.size, found.total, &here);
    let rows = found.items.into_iter().map(row).collect();
    let choices = titles.iter().map(|title| (title.key.to_string(), title.name.clone())).collect();
    let fields = vec![
        Field::line("name", "Name", &sheet.name).required().hint("Where it hangs: “Entrance hall”").with(&sheet.faults),
        Field::checks("shows", "Shows", choices, &sheet.chosen).hint("Several take turns, a minute each.").with(&sheet.faults),
    ];
    Ok(DevicesPage { chrome, desk, tenant: scope.name().to_owned(), href, q: sheet.q, rows, turn, fields, link: sheet.link })
}

/// A dashboard's name; of one that is gone, its id.
pub(super) fn title(titles: &[DashboardTitle], key: &Key) -> String {
    titles.iter().find(|title| title.key == *key).map_or_else(|| format!("{key} (gone)"), |title| title.name.clone())
}
