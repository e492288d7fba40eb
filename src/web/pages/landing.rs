//! All my tenants.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::Chrome;
use crate::domain::Role;
use crate::error::Result;
use crate::identity::Identity;
use crate::panel::Address;
use crate::web::guards::Person;
use crate::web::{Parts, around, cookie, limits};

/// From this many tenants on there is a search field.
const SEARCHABLE: usize = 12;

/// One tenant of mine.
#[derive(Clone, Debug)]
pub struct TenantCard {
    /// Its name.
    pub name: String,
    /// Its first dashboard.
    pub href: String,
    /// How many dashboards, in words: "3 dashboards".
    pub dashboards: String,
    /// What I am there, in words: "You may look".
    pub role: String,
}

/// All my tenants, a page at a time.
#[derive(Clone, Debug, Template)]
#[template(path = "landing.html")]
pub struct LandingPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// What was searched for; empty for all.
    pub q: String,
    /// How many there are in all that match.
    pub total: usize,
    /// Those of this page.
    pub tenants: Vec<TenantCard>,
    /// This page's number, from 1.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

impl LandingPage {
    fn searchable(&self) -> bool {
        !self.q.is_empty() || self.total > SEARCHABLE
    }

    fn words(&self) -> String {
        let count = match self.total {
            1 => "One tenant".to_owned(),
            n => format!("{n} tenants"),
        };
        if self.q.is_empty() { count } else { format!("{count} found for “{}”", self.q) }
    }
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    all: String,
    q: String,
    page: String,
}

/// `GET /`: the dashboard last seen, the only tenant there is, or all my tenants.
#[handler]
pub async fn home(
    Person(identity): Person,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    if asked.all.is_empty()
        && asked.q.is_empty()
        && let Some(href) = usual(parts, &identity, request).await?
    {
        return Ok(around::see_other(&href));
    }
    around::page(&draw(parts, &identity, &asked, request).await?)
}

/// Where home is, for somebody who has been somewhere or can only be in one place.
async fn usual(parts: &Parts, identity: &Identity, request: &Request) -> Result<Option<String>> {
    let mine = limits::in_time(parts.tenancy.mine(identity, None, 1)).await?;
    if let [only] = mine.items.as_slice() {
        return Ok(Some(format!("/tenant/{}", only.slug)));
    }
    let last = cookie::plain(request, around::LAST).unwrap_or_default();
    let known = mine
        .items
        .iter()
        .any(|card| last.strip_prefix("/tenant/").is_some_and(|rest| rest.split('/').next() == Some(card.slug.as_str())));
    Ok((known && around::own_path(&last) == last).then_some(last))
}

async fn draw(parts: &Parts, identity: &Identity, asked: &Asked, request: &Request) -> Result<LandingPage> {
    let number = asked.page.parse().unwrap_or(1).clamp(1, 10_000);
    let search = Some(asked.q.as_str()).filter(|q| !q.is_empty());
    let mine = limits::in_time(parts.tenancy.mine(identity, search, number)).await?;
    let catalog = parts.catalog.now();
    let here = Address { path: "/".to_owned(), query: vec![("all".to_owned(), "1".to_owned())] }.with("q", search);
    let card = |card: &crate::tenancy::TenantCard| TenantCard {
        name: card.name.clone(),
        href: format!("/tenant/{}", card.slug),
        dashboards: match catalog.count(&card.slug, &card.dashboards, card.role) {
            0 => "No dashboard yet".to_owned(),
            1 => "One dashboard".to_owned(),
            n => format!("{n} dashboards"),
        },
        role: match card.role {
            Role::Viewer => "You may look",
            Role::Admin => "You are an administrator",
            Role::Operator => "You are an operator",
        }
        .to_owned(),
    };
    let at = |number: u32| here.with("page", Some(&number.to_string())).href();
    Ok(LandingPage {
        chrome: around::bare("My tenants", around::theme(request), Some(identity), here.clone()),
        q: asked.q.clone(),
        total: mine.total as usize,
        tenants: mine.items.iter().map(card).collect(),
        page: number as usize,
        pages: mine.pages() as usize,
        previous: (number > 1).then(|| at(number - 1)),
        next: (u64::from(number) < mine.pages()).then(|| at(number + 1)),
    })
}
