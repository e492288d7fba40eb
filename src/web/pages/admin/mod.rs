//! What operators run the installation with: plain forms that work without script.

pub mod apps;
pub mod audit;
pub mod client;
pub mod clients;
pub mod config;
pub mod datastore;
pub mod device_revoke;
pub mod overview;
pub mod rollout;
pub mod tenant;
pub mod tenant_delete;
pub mod tenants;
pub mod user;
pub mod user_access;
pub mod user_delete;
pub mod user_new;
pub mod users;

use poem::{Request, Response};

use super::{Chrome, Link};
use crate::error::Result;
use crate::panel::Address;
use crate::tenancy::Operator;
use crate::web::around;

/// The pages of the administration, in the order they are offered.
const PLACES: &[(&str, &str)] = &[
    ("Overview", "/admin"),
    ("Users", "/admin/users"),
    ("Tenants", "/admin/tenants"),
    ("Apps", "/admin/apps"),
    ("Machine clients", "/admin/clients"),
    ("Audit", "/admin/audit"),
    ("Files", "/admin/config"),
];

/// What stands around every page of the administration.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The pages of the administration.
    pub places: Vec<Link>,
    /// What was just done, in words.
    pub done: Option<String>,
}

/// The frame of a page of the administration, and the links between them.
fn framed(request: &Request, operator: &Operator, title: &str, page: Address, done: Option<&str>) -> (Chrome, Desk) {
    let path = page.path.as_str();
    let current = |href: &str| path == href || (href != "/admin" && path.starts_with(&format!("{href}/")));
    let place = |(name, href): &(&str, &str)| Link { name: (*name).to_owned(), href: (*href).to_owned(), current: current(href) };
    let desk = Desk { places: PLACES.iter().map(place).collect(), done: done.map(str::to_owned) };
    (around::bare(title, around::theme(request), Some(operator.identity()), page), desk)
}

/// The address of a page without anything in its query.
fn at(path: impl Into<String>) -> Address {
    Address { path: path.into(), query: Vec::new() }
}

/// A page that was drawn again because what was sent could not be done.
fn again(template: &impl askama::Template, status: http::StatusCode) -> Result<Response> {
    let mut response = around::page(template)?;
    response.set_status(status);
    Ok(response)
}
