//! Every tenant, whatever its state: searched, sorted and paged on the server.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, Link, framed};
use crate::error::Result;
use crate::panel::Address;
use crate::tenancy::tenants::{Listing, Record, Sort};
use crate::tenancy::{Operator, Status};
use crate::web::listing::{Heading, Moment, Order, Turn, heading, moment};
use crate::web::{Parts, around, limits};

/// How many tenants a page holds.
const SIZE: u32 = 50;

/// What the list can be ordered by, with the word an address has for it.
const SORTS: &[(Sort, &str)] = &[
    (Sort::Name, "name"),
    (Sort::Slug, "slug"),
    (Sort::Status, "status"),
    (Sort::CreatedAt, "created"),
    (Sort::UpdatedAt, "updated"),
];

/// The states one can ask for.
const STATES: &[(Option<Status>, &str)] = &[
    (None, "All"),
    (Some(Status::Active), "Active"),
    (Some(Status::Suspended), "Suspended"),
    (Some(Status::Missing), "Missing"),
    (Some(Status::Draft), "Draft"),
    (Some(Status::Failed), "Failed"),
];

/// A tenant, as a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its short name.
    pub slug: String,
    /// Its state.
    pub state: State,
    /// By which flow its hosted apps are reached.
    pub flow: State,
    /// Where it is described, in words.
    pub source: &'static str,
    /// When it was made.
    pub made: Moment,
    /// When it was last changed.
    pub changed: Moment,
}

/// A state, as a badge.
#[derive(Clone, Debug)]
pub struct State {
    /// `good`, `warn`, `bad` or nothing.
    pub mark: &'static str,
    /// The word.
    pub word: &'static str,
}

/// Every tenant, a page at a time.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/tenants.html")]
pub struct TenantsPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// What was searched for.
    pub q: String,
    /// What of the view the search form keeps.
    pub kept: Vec<(String, String)>,
    /// Which tenants are listed.
    pub only: Vec<Link>,
    /// The columns.
    pub headings: Vec<Heading>,
    /// The tenants.
    pub rows: Vec<Row>,
    /// The way to the others.
    pub turn: Turn,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    state: String,
    sort: String,
    dir: String,
    page: String,
    done: String,
}

/// `GET /admin/tenants`.
#[handler]
pub async fn show(
    operator: Operator,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let q: String = asked.q.trim().chars().take(100).collect();
    let (sort, word) = SORTS.iter().find(|(_, word)| *word == asked.sort).copied().unwrap_or((Sort::Name, "name"));
    let listing = Listing {
        search: Some(q.as_str()),
        status: asked.state.parse().ok(),
        sort,
        descending: asked.dir == "desc",
        page: asked.page.parse().unwrap_or(1).clamp(1, 100_000),
        size: SIZE,
    };
    let found = limits::in_time(parts.tenancy.records(listing)).await?;
    let is_usual = word == "name" && !listing.descending;
    let here = Address { path: "/admin/tenants".to_owned(), query: Vec::new() }
        .with("q", Some(q.as_str()).filter(|q| !q.is_empty()))
        .with("state", listing.status.map(Status::as_str))
        .with("sort", (!is_usual).then_some(word))
        .with("dir", listing.descending.then_some("desc"));
    let done = (asked.done == "deleted").then_some("The tenant is forgotten. Its own database was not touched.");
    let (chrome, desk) = framed(request, &operator, "Tenants", here.clone(), done);
    let order = Order { by: word, descending: listing.descending };
    let columns = [
        ("Name", Some("name")),
        ("Short name", Some("slug")),
        ("State", Some("status")),
        ("Flow", None),
        ("Described by", None),
        ("Made", Some("created")),
        ("Changed", Some("updated")),
    ];
    let now = parts.clock.now();
    let page = TenantsPage {
        chrome,
        desk,
        kept: here.query.iter().filter(|(key, _)| !matches!(key.as_str(), "q" | "page")).cloned().collect(),
        only: states(&listing, &here),
        headings: columns.into_iter().map(|(text, word)| heading(text, word, order, &here)).collect(),
        rows: found.items.iter().map(|record| row(record, now)).collect(),
        turn: Turn::new(found.number, found.size, found.total, &here),
        q,
    };
    around::page(&page)
}

fn states(listing: &Listing<'_>, here: &Address) -> Vec<Link> {
    let link = |(status, name): &(Option<Status>, &str)| Link {
        name: (*name).to_owned(),
        href: here.with("state", status.map(Status::as_str)).with("page", None).href(),
        current: *status == listing.status,
    };
    STATES.iter().map(link).collect()
}

fn row(record: &Record, now: chrono::DateTime<chrono::Utc>) -> Row {
    let tenant = &record.tenant;
    Row {
        name: tenant.name.clone(),
        slug: tenant.slug.to_string(),
        state: state(tenant.status),
        flow: super::apps::flow(tenant.rollout),
        source: if tenant.config.declared { "its folder" } else { "this database" },
        made: moment(record.created_at, now),
        changed: moment(record.updated_at, now),
    }
}

/// A state as a badge.
pub(super) fn state(status: Status) -> State {
    let mark = match status {
        Status::Active => "good",
        Status::Suspended | Status::Missing => "warn",
        Status::Failed => "bad",
        Status::Draft | Status::Provisioning | Status::Deleting => "",
    };
    State { mark, word: status.as_str() }
}
