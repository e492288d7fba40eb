//! One tenant: what it is called, how it looks, what it shows, where its data is, and whether it is open at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use poem::web::{Data, Path, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::datastore::{StoreRow, rows};
use super::rollout::{Flow, Looked, flow};
use super::tenants::{State, state};
use super::user::{seen, version};
use super::{Chrome, Desk, again, at, framed};
use crate::chart::Color;
use crate::error::{FieldFault, Result};
use crate::identity::people::Search;
use crate::tenancy::tenants::{Record, TenantEdit};
use crate::tenancy::{Operator, Refused, Status, devices, members};
use crate::web::form::Field;
use crate::web::guards::Sent;
use crate::web::listing::{Moment, moment};
use crate::web::pages::brand;
use crate::web::{Parts, around, limits};

/// How many wall screens stand on the tenant's page.
const SCREENS: u32 = 20;

/// A wall screen, as a row.
#[derive(Clone, Debug)]
pub struct Screen {
    /// Its id, as its form names it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it last asked for something.
    pub used: Option<Moment>,
}

/// One tenant.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/tenant.html")]
pub struct TenantPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// This page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: State,
    /// Whether it can be suspended; none where its state is changed elsewhere.
    pub can_suspend: Option<bool>,
    /// When it was made.
    pub made: Moment,
    /// The tenant as this page was drawn from it.
    pub version: String,
    /// When somebody else changed it while it was being edited.
    pub stale: Option<Moment>,
    /// Why what was asked for was not done.
    pub refused: Option<String>,
    /// The file that describes it, where one does.
    pub file: Option<String>,
    /// What can be changed.
    pub fields: Vec<Field>,
    /// By which flow its hosted apps are reached.
    pub flow: Flow,
    /// The stylesheet of the preview.
    pub preview: String,
    /// How many members it has, in words.
    pub members: String,
    /// Its datastores.
    pub stores: Vec<StoreRow>,
    /// Whether its datastores are set by its file.
    pub stores_fixed: bool,
    /// Its wall screens.
    pub screens: Vec<Screen>,
    /// How many more there are, in words.
    pub more_screens: Option<String>,
}

/// The tenant in the address.
#[derive(Debug, Deserialize)]
pub struct SlugPath {
    pub(super) slug: String,
}

impl SlugPath {
    pub(super) async fn record(&self, parts: &Parts) -> Result<Record> {
        limits::in_time(parts.tenancy.record(&self.slug)).await
    }
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

/// What the page is drawn with beside the tenant.
#[derive(Default)]
pub(super) struct Sheet {
    pub(super) draft: Option<BTreeMap<String, String>>,
    pub(super) faults: Vec<FieldFault>,
    pub(super) stale: bool,
    pub(super) refused: Option<String>,
    pub(super) looked: Looked,
    pub(super) done: Option<&'static str>,
}

/// `GET /admin/tenants/{slug}`.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<SlugPath>,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let done = match asked.done.as_str() {
        "saved" => Some("Saved."),
        "suspended" => Some("Suspended: its members are told so, its tokens open nothing."),
        "active" => Some("Open again."),
        "legacy" => Some("Back on legacy. Pages that are open stay on the new flow until they are loaded anew."),
        "canary" => Some("On canary. Pages that are open stay as they are until they are loaded anew."),
        "current" => Some("On current. Pages that are open stay as they are until they are loaded anew."),
        "store" => Some("The datastore is saved."),
        "store-gone" => Some("The datastore is forgotten. The database itself was not touched."),
        "revoked" => Some("The link is taken back: that screen shows nothing from now on."),
        _ => None,
    };
    let record = path.record(parts).await?;
    around::page(&draw(parts, request, &operator, &record, Sheet { done, ..Sheet::default() }).await?)
}

/// `POST /admin/tenants/{slug}`: saved, previewed, or drawn again with what is wrong; a stale form shows both.
#[handler]
pub async fn save(
    operator: Operator,
    Path(path): Path<SlugPath>,
    mut sent: Sent<BTreeMap<String, String>>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (record, draft) = (path.record(parts).await?, sent.take());
    if draft.get("act").is_some_and(|act| act == "preview") {
        let sheet = Sheet { draft: Some(draft), ..Sheet::default() };
        return around::page(&draw(parts, request, &operator, &record, sheet).await?);
    }
    let edit = edit(parts, &record, &draft);
    match parts.tenancy.edit(operator.actor(), record.tenant.slug.as_str(), &edit).await {
        Ok(_) => Ok(around::see_other(&format!("/admin/tenants/{}?done=saved", record.tenant.slug))),
        Err(refused) => refuse(parts, request, &operator, &path, Sheet { draft: Some(draft), ..Sheet::default() }, refused).await,
    }
}

/// The same page with why what was asked for was not done.
pub(super) async fn refuse(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    path: &SlugPath,
    sheet: Sheet,
    refused: Refused,
) -> Result<Response> {
    let (status, sheet) = match refused {
        Refused::Faults(faults) => (http::StatusCode::UNPROCESSABLE_ENTITY, Sheet { faults, ..sheet }),
        Refused::Stale => (http::StatusCode::CONFLICT, Sheet { stale: true, ..sheet }),
        other => match other.sentence() {
            Some(words) => (http::StatusCode::CONFLICT, Sheet { refused: Some(words), ..sheet }),
            None => return Err(other.into()),
        },
    };
    let record = path.record(parts).await?;
    again(&draw(parts, request, operator, &record, sheet).await?, status)
}

fn owns(record: &Record, field: &str) -> bool {
    record.tenant.config.owned.iter().any(|owned| owned == field)
}

/// What the form wants changed; what the tenant's file sets is not in it.
fn edit(parts: &Parts, record: &Record, draft: &BTreeMap<String, String>) -> TenantEdit {
    let text = |name: &str, field: &str| (!owns(record, field)).then(|| draft.get(name).cloned().unwrap_or_default());
    let shared = parts.catalog.now().shared();
    let ticked = |key: &str| draft.contains_key(&format!("dashboards.{key}"));
    // what is assigned and is no file at the moment stays assigned: nobody could have unticked it
    let unknown = record.tenant.config.assigned.iter().filter(|key| shared.iter().all(|title| title.key.as_str() != *key));
    let chosen = shared.iter().map(|title| title.key.to_string()).filter(|key| ticked(key));
    TenantEdit {
        name: text("name", "name"),
        timezone: text("timezone", "timezone"),
        accent: text("accent", "branding.accent"),
        dashboards: Some(chosen.chain(unknown.cloned()).collect()),
        seen: seen(draft.get("version").map_or("", String::as_str)),
        ..TenantEdit::default()
    }
}

/// The whole page.
pub(super) async fn draw(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    record: &Record,
    sheet: Sheet,
) -> Result<TenantPage> {
    let (tenant, now) = (&record.tenant, parts.clock.now());
    let href = format!("/admin/tenants/{}", tenant.slug);
    let (chrome, desk) = framed(request, operator, &tenant.name, at(href.as_str()), sheet.done);
    let (_, stores) = limits::in_time(parts.tenancy.datastores(tenant.slug.as_str())).await?;
    let screens = limits::in_time(devices::list(&parts.tenancy, tenant.id, None, 1, SCREENS)).await?;
    let more = usize::try_from(screens.total).unwrap_or(usize::MAX).saturating_sub(screens.items.len());
    let count = limits::in_time(members::list(&parts.tenancy, tenant.id, Search { size: 1, ..Search::default() })).await?.total;
    let fields = fields(parts, record, &sheet);
    let accent = fields.iter().find(|field| field.name == "accent").map(|field| field.value.clone()).unwrap_or_default();
    let sheet_address = at(format!("{href}/brand.css")).with("accent", Some(accent.trim()));
    Ok(TenantPage {
        state: state(tenant.status),
        can_suspend: match tenant.status {
            Status::Active => Some(true),
            Status::Suspended | Status::Draft => Some(false),
            _ => None,
        },
        made: moment(record.created_at, now),
        version: version(record.updated_at),
        stale: sheet.stale.then(|| moment(record.updated_at, now)),
        flow: flow(parts, record, &sheet),
        refused: sheet.refused,
        file: tenant.config.declared.then(|| format!("{}/tenant.yaml", tenant.slug)),
        preview: sheet_address.href(),
        members: super::config::counted(count as usize, "member", "members"),
        stores_fixed: owns(record, "datastores"),
        stores: rows(stores),
        screens: screens.items.into_iter().map(|device| screen(device, now)).collect(),
        more_screens: (more > 0).then(|| format!("and {more} more")),
        name: tenant.name.clone(),
        slug: tenant.slug.to_string(),
        id: tenant.id.to_string(),
        fields,
        chrome,
        desk,
        href,
    })
}

fn screen(device: devices::Device, now: DateTime<Utc>) -> Screen {
    Screen { id: device.id.to_string(), name: device.name, used: device.last_used_at.map(|at| moment(at, now)) }
}

fn fields(parts: &Parts, record: &Record, sheet: &Sheet) -> Vec<Field> {
    let config = &record.tenant.config;
    let owned =
        |field: &str| owns(record, field).then(|| format!("{}/tenant.yaml sets it: change it there.", record.tenant.slug));
    let sent = |name: &str, field: &str, stored: &str| match &sheet.draft {
        Some(draft) if !owns(record, field) => draft.get(name).cloned().unwrap_or_default(),
        _ => stored.to_owned(),
    };
    let stored = [
        ("name", "name", "Name", record.tenant.name.clone(), ""),
        ("timezone", "timezone", "Time zone", config.zone.clone().unwrap_or_default(), "Like America/New_York; empty is UTC."),
        (
            "accent",
            "branding.accent",
            "Accent colour",
            config.brand.accent.clone().unwrap_or_default(),
            "Like #3B82F6. It is shifted in each theme until text in it can be read.",
        ),
    ];
    let told = |field: &str, name: &str| {
        let fault = sheet.faults.iter().find(|fault| fault.field == field)?;
        Some(FieldFault { field: name.to_owned(), message: fault.message.clone() })
    };
    let line = |(name, field, label, stored, hint): (&str, &str, &str, String, &str)| {
        let faults: Vec<FieldFault> = told(field, name).into_iter().collect();
        let drawn = Field::line(name, label, &sent(name, field, &stored)).hint(hint).fixed(owned(field)).with(&faults);
        if sheet.stale { drawn.beside(Some(&stored)) } else { drawn }
    };
    let mut fields: Vec<Field> = stored.into_iter().map(line).collect();
    fields.push(dashboards(parts, record, sheet));
    fields
}

/// The shared dashboards: those its file names are shown, the others can be given and taken.
fn dashboards(parts: &Parts, record: &Record, sheet: &Sheet) -> Field {
    let config = &record.tenant.config;
    let shared = parts.catalog.now().shared();
    let by_file: Vec<&str> = shared
        .iter()
        .filter(|title| config.dashboards.contains(&title.key.to_string()))
        .map(|title| title.name.as_str())
        .collect();
    let free = shared.iter().filter(|title| !config.dashboards.contains(&title.key.to_string()));
    let choices: Vec<(String, String)> = free.map(|title| (title.key.to_string(), title.name.clone())).collect();
    let ticked: Vec<String> = match &sheet.draft {
        Some(draft) => draft.keys().filter_map(|key| key.strip_prefix("dashboards.")).map(str::to_owned).collect(),
        None => config.assigned.clone(),
    };
    let hint = match by_file.as_slice() {
        [] => String::new(),
        names => format!("Its file also names {}.", names.join(", ")),
    };
    // what its file names is ticked nowhere here
    let stored: Vec<String> =
        config.assigned.iter().filter(|key| choices.iter().any(|(known, _)| known == *key)).cloned().collect();
    let drawn = Field::checks("dashboards", "Shared dashboards assigned to it", choices, &ticked.join(","));
    let drawn = drawn.hint(&hint).with(&sheet.faults);
    if sheet.stale { drawn.beside(Some(&stored.join(","))) } else { drawn }
}

/// What the form of a state sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    status: String,
}

/// `POST /admin/tenants/{slug}/status`: closes the tenant to its members, or opens it again.
#[handler]
pub async fn set_status(
    operator: Operator,
    Path(path): Path<SlugPath>,
    mut sent: Sent<Wanted>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let status = sent.take().status;
    let edit = TenantEdit { status: Some(status.clone()), ..TenantEdit::default() };
    match parts.tenancy.edit(operator.actor(), &path.slug, &edit).await {
        Ok(record) => Ok(around::see_other(&format!("/admin/tenants/{}?done={}", record.tenant.slug, record.tenant.status))),
        Err(refused) => refuse(parts, request, &operator, &path, Sheet::default(), refused).await,
    }
}

/// What the address of the preview's stylesheet says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tried {
    accent: String,
}

/// `GET /admin/tenants/{slug}/brand.css?accent=`: an accent as it would look, before it is saved.
#[handler]
pub async fn preview(_operator: Operator, Query(tried): Query<Tried>) -> Result<Response> {
    let accent: Option<Color> = tried.accent.trim().parse().ok();
    let css = accent.map(brand::preview).unwrap_or_default();
    Ok(Response::builder().content_type("text/css; charset=utf-8").body(css))
}
