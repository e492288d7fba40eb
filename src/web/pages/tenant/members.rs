//! Who may open this tenant, and as what.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, framed};
use crate::error::Result;
use crate::panel::Address;
use crate::tenancy::TenantAdmin;
use crate::tenancy::members::{self, Search, Sort};
use crate::web::listing::{Heading, Moment, Order, Turn, heading, moment};
use crate::web::{Parts, around, limits};

/// How many members a page holds.
const SIZE: u32 = 50;

/// A member, as a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The name, or the address.
    pub name: String,
    /// The address.
    pub email: String,
    /// `viewer` or `admin`.
    pub role: &'static str,
    /// Whether they may sign in.
    pub active: bool,
    /// Since when.
    pub since: Option<Moment>,
}

/// The members, a page at a time.
#[derive(Clone, Debug, Template)]
#[template(path = "tenant/members.html")]
pub struct MembersPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The tenant administration's own frame.
    pub desk: Desk,
    /// The tenant's name.
    pub tenant: String,
    /// What was searched for.
    pub q: String,
    /// Where the search leads.
    pub action: String,
    /// What of the view the search form keeps.
    pub kept: Vec<(String, String)>,
    /// The columns.
    pub headings: Vec<Heading>,
    /// The members.
    pub rows: Vec<Row>,
    /// The way to the others.
    pub turn: Turn,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    sort: String,
    dir: String,
    page: String,
}

/// `GET /tenant/{tenant}/members`.
#[handler]
pub async fn show(
    admin: TenantAdmin,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let scope = admin.scope();
    let sorts = |sort: &Sort| matches!(sort, Sort::Email | Sort::Name | Sort::Role);
    let search = Search {
        text: asked.q.trim().chars().take(100).collect(),
        sort: Sort::parse(&asked.sort).filter(sorts).unwrap_or_default(),
        descending: asked.dir == "desc",
        page: asked.page.parse().unwrap_or(1).clamp(1, 100_000),
        size: SIZE,
        ..Search::default()
    };
    let found = limits::in_time(members::list(&parts.tenancy, scope.tenant(), search.clone())).await?;
    let is_usual = search.sort == Sort::Email && !search.descending;
    let here = Address { path: format!("/tenant/{}/members", scope.slug()), query: Vec::new() }
        .with("q", Some(search.text.as_str()).filter(|q| !q.is_empty()))
        .with("sort", (!is_usual).then_some(search.sort.as_str()))
        .with("dir", search.descending.then_some("desc"));
    let (chrome, desk) = framed(parts, request, &admin, "Members", here.clone(), None).await?;
    let order = Order { by: search.sort.as_str(), descending: search.descending };
    let columns = [("Name", Some("name")), ("E-mail", Some("email")), ("Role", Some("role")), ("Member since", None)];
    let now = parts.clock.now();
    let row = |account: &members::Account| Row {
        name: account.name.clone().unwrap_or_else(|| account.email.to_string()),
        email: account.email.to_string(),
        role: account.role.map_or("viewer", crate::domain::Role::as_str),
        active: account.active,
        since: account.granted_at.map(|at| moment(at, now)),
    };
    around::page(&MembersPage {
        chrome,
        desk,
        tenant: scope.name().to_owned(),
        action: here.path.clone(),
        kept: here.query.iter().filter(|(key, _)| !matches!(key.as_str(), "q" | "page")).cloned().collect(),
        headings: columns.into_iter().map(|(text, word)| heading(text, word, order, &here)).collect(),
        rows: found.items.iter().map(row).collect(),
        turn: Turn::new(found.number, found.size, found.total, &here),
        q: search.text,
    })
}
