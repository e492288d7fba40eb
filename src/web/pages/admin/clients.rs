//! Machine clients: programs with credentials of their own.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, framed};
use crate::error::Result;
use crate::identity::machines::{self, Machine};
use crate::panel::Address;
use crate::tenancy::Operator;
use crate::web::listing::{Moment, Turn, moment};
use crate::web::{Parts, around, limits};

/// How many clients a page holds.
const SIZE: u32 = 50;

/// A client, as a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What people call it.
    pub name: String,
    /// Its own page.
    pub href: String,
    /// The name it gives when it asks for a token.
    pub client_id: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// By what it proves itself, in words.
    pub proof: &'static str,
    /// Whether it may do anything at all.
    pub active: bool,
    /// When it last came.
    pub used: Option<Moment>,
}

/// The clients, a page at a time.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/clients.html")]
pub struct ClientsPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// What was searched for.
    pub q: String,
    /// The clients.
    pub rows: Vec<Row>,
    /// The way to the others.
    pub turn: Turn,
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    page: String,
    done: String,
}

/// `GET /admin/clients`.
#[handler]
pub async fn show(
    operator: Operator,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let q: String = asked.q.trim().chars().take(100).collect();
    let search = Some(q.as_str()).filter(|q| !q.is_empty());
    let number = asked.page.parse().unwrap_or(1).clamp(1, 100_000);
    let found = limits::in_time(machines::list(&parts.central, search, number, SIZE)).await?;
    let here = Address { path: "/admin/clients".to_owned(), query: Vec::new() }.with("q", search);
    let done = (asked.done == "deleted").then_some("The client is gone; its tokens open nothing.");
    let (chrome, desk) = framed(request, &operator, "Machine clients", here.clone(), done);
    let now = parts.clock.now();
    let row = |machine: Machine| Row {
        href: format!("/admin/clients/{}", machine.id),
        scopes: machine.scopes.iter().map(ToString::to_string).collect(),
        proof: proof(&machine),
        active: machine.active,
        used: machine.last_used_at.map(|at| moment(at, now)),
        name: machine.name,
        client_id: machine.client_id,
    };
    around::page(&ClientsPage {
        chrome,
        desk,
        turn: Turn::new(found.number, found.size, found.total, &here),
        rows: found.items.into_iter().map(row).collect(),
        q,
    })
}

/// By what a client proves itself, in words.
pub(super) fn proof(machine: &Machine) -> &'static str {
    match (machine.has_secret, machine.certificate.is_some()) {
        (true, true) => "a secret or a certificate",
        (true, false) => "a secret",
        (false, true) => "a certificate",
        (false, false) => "nothing yet",
    }
}
