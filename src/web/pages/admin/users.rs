//! Everybody who can sign in: searched, sorted and paged on the server.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, Link, framed};
use crate::domain::unit::grouped;
use crate::error::Result;
use crate::identity::people::{self, Account, Only, Search, Sort};
use crate::panel::Address;
use crate::tenancy::Operator;
use crate::web::listing::{Heading, Moment, Order, Turn, heading, moment};
use crate::web::{Parts, around, limits};

/// How many accounts a page holds.
const SIZE: u32 = 50;

/// An account, as a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The address.
    pub email: String,
    /// The name, or nothing.
    pub name: String,
    /// Its own page.
    pub href: String,
    /// Whether it runs the installation.
    pub operator: bool,
    /// Whether it may sign in.
    pub active: bool,
    /// How many tenants, grouped.
    pub tenants: String,
    /// How they sign in, in words.
    pub way: &'static str,
    /// When they were last here.
    pub seen: Option<Moment>,
    /// When the account was made.
    pub created: Moment,
}

/// Everybody, a page at a time.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/users.html")]
pub struct UsersPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// What was searched for.
    pub q: String,
    /// What of the view the search form keeps.
    pub kept: Vec<(String, String)>,
    /// Which accounts are listed.
    pub only: Vec<Link>,
    /// The columns.
    pub headings: Vec<Heading>,
    /// The accounts.
    pub rows: Vec<Row>,
    /// The way to the others.
    pub turn: Turn,
    /// Everybody again, where something was searched for.
    pub all: String,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    only: String,
    sort: String,
    dir: String,
    page: String,
    done: String,
}

/// `GET /admin/users`.
#[handler]
pub async fn show(
    operator: Operator,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let search = asked.search();
    let found = limits::in_time(people::list(&parts.central, &search)).await?;
    let here = asked.address(&search);
    let now = parts.clock.now();
    let done = (asked.done == "deleted").then_some("The account is gone, with its sessions and memberships.");
    let (chrome, desk) = framed(request, &operator, "Users", here.clone(), done);
    let order = Order { by: search.sort.as_str(), descending: search.descending };
    let columns = [
        ("Name", Some("name")),
        ("E-mail", Some("email")),
        ("Runs the installation", None),
        ("Tenants", Some("tenants")),
        ("Signs in with", None),
        ("Last here", Some("seen")),
        ("Made", Some("created")),
    ];
    around::page(&UsersPage {
        chrome,
        desk,
        kept: here.query.iter().filter(|(key, _)| !matches!(key.as_str(), "q" | "page")).cloned().collect(),
        only: only(&search, &here),
        headings: columns.into_iter().map(|(text, word)| heading(text, word, order, &here)).collect(),
        rows: found.items.iter().map(|account| row(account, now)).collect(),
        turn: Turn::new(found.number, found.size, found.total, &here),
        all: here.with("q", None).with("only", None).with("page", None).href(),
        q: search.text,
    })
}

impl Asked {
    fn search(&self) -> Search {
        Search {
            text: self.q.trim().chars().take(100).collect(),
            tenant: None,
            only: Only::parse(&self.only).unwrap_or_default(),
            sort: Sort::parse(&self.sort).filter(|sort| *sort != Sort::Role).unwrap_or_default(),
            descending: self.dir == "desc",
            page: self.page.parse().unwrap_or(1).clamp(1, 100_000),
            size: SIZE,
        }
    }

    /// The list as it is shown, without the page.
    fn address(&self, search: &Search) -> Address {
        let is_usual = search.sort == Sort::Email && !search.descending;
        Address { path: "/admin/users".to_owned(), query: Vec::new() }
            .with("q", Some(search.text.as_str()).filter(|q| !q.is_empty()))
            .with("only", word(search.only))
            .with("sort", (!is_usual).then_some(search.sort.as_str()))
            .with("dir", search.descending.then_some("desc"))
    }
}

fn word(only: Only) -> Option<&'static str> {
    Only::ALL.iter().find(|(known, _)| *known == only).map(|(_, word)| *word).filter(|word| !word.is_empty())
}

fn only(search: &Search, here: &Address) -> Vec<Link> {
    let words = |only: Only| match only {
        Only::Everybody => "Everybody",
        Only::Operators => "Operators",
        Only::Inactive => "Closed",
        Only::Nowhere => "In no tenant",
    };
    let link = |(only, _): &(Only, &str)| Link {
        name: words(*only).to_owned(),
        href: here.with("only", word(*only)).with("page", None).href(),
        current: *only == search.only,
    };
    Only::ALL.iter().map(link).collect()
}

fn row(account: &Account, now: chrono::DateTime<chrono::Utc>) -> Row {
    Row {
        email: account.email.to_string(),
        name: account.name.clone().unwrap_or_default(),
        href: format!("/admin/users/{}", account.id),
        operator: account.operator,
        active: account.active,
        tenants: grouped(account.tenants as f64, 0),
        way: way(account),
        seen: account.seen_at.map(|at| moment(at, now)),
        created: moment(account.created_at, now),
    }
}

/// How somebody signs in, in words.
pub(super) fn way(account: &Account) -> &'static str {
    match (account.local, account.issuer.is_some()) {
        (true, true) => "a password or a company account",
        (true, false) => "a password",
        (false, true) => "a company account",
        (false, false) => "nothing yet",
    }
}
