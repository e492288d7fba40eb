//! What a tenant's own administrators see of it: its members, its audit, its wall screens.

pub mod audit;
pub mod device_revoke;
pub mod devices;
pub mod members;

use poem::Request;

use super::{Chrome, Link};
use crate::error::Result;
use crate::panel::Address;
use crate::tenancy::TenantAdmin;
use crate::web::{Parts, around};

/// What stands around every page of a tenant's administration.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The pages of the tenant's administration.
    pub places: Vec<Link>,
    /// What was just done, in words.
    pub done: Option<String>,
}

/// The pages, in the order they are offered: the word in the address, and its name.
const PLACES: &[(&str, &str)] = &[("members", "Members"), ("audit", "Audit"), ("devices", "Wall screens")];

/// The frame of a page of a tenant's administration, and the links between them.
async fn framed(
    parts: &Parts,
    request: &Request,
    admin: &TenantAdmin,
    title: &str,
    page: Address,
    done: Option<&str>,
) -> Result<(Chrome, Desk)> {
    let scope = admin.scope();
    let path = page.path.clone();
    let chrome = around::of_tenant(parts, request, scope, &format!("{title} · {}", scope.name()), page).await?;
    let home = Link { name: "Dashboards".to_owned(), href: format!("/tenant/{}", scope.slug()), current: false };
    let place = |(word, name): &(&str, &str)| {
        let href = format!("/tenant/{}/{word}", scope.slug());
        Link { name: (*name).to_owned(), current: path == href || path.starts_with(&format!("{href}/")), href }
    };
    let places = std::iter::once(home).chain(PLACES.iter().map(place)).collect();
    Ok((chrome, Desk { places, done: done.map(str::to_owned) }))
}
