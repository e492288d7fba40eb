//! The installation at a glance.

use std::sync::Arc;

use askama::Template;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::audit::{Chain, chain};
use super::config::counted;
use super::{Chrome, Desk, at, framed};
use crate::central::audit::Search as Rows;
use crate::domain::unit::grouped;
use crate::error::Result;
use crate::identity::people::{self, Only, Search};
use crate::tenancy::{Operator, Status};
use crate::web::ledger::{self, Leaf};
use crate::web::{Parts, around, limits};

/// A number, and where it comes from.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Of what.
    pub name: &'static str,
    /// The number.
    pub number: String,
    /// What else there is to say of it.
    pub more: String,
    /// Where one sees them.
    pub href: &'static str,
}

/// The installation at a glance.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/overview.html")]
pub struct OverviewPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// The numbers.
    pub tiles: Vec<Tile>,
    /// Whether the audit's chain holds.
    pub chain: Chain,
    /// What happened last.
    pub leaf: Leaf,
}

/// `GET /admin`.
#[handler]
pub async fn show(operator: Operator, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let (chrome, desk) = framed(request, &operator, "Administration", at("/admin"), None);
    let tiles = vec![users(parts).await?, tenants(parts).await?, files(parts)];
    let mut leaf = ledger::read(parts, &Rows::default()).await?;
    leaf.lines.truncate(8);
    around::page(&OverviewPage { chrome, desk, tiles, chain: chain(parts, false).await, leaf })
}

async fn users(parts: &Parts) -> Result<Tile> {
    let count = async |only| {
        let search = Search { only, size: 1, ..Search::default() };
        limits::in_time(people::list(&parts.central, &search)).await.map(|page| page.total)
    };
    let (all, operators, closed) = (count(Only::Everybody).await?, count(Only::Operators).await?, count(Only::Inactive).await?);
    let mut more = counted(operators as usize, "operator", "operators");
    if closed > 0 {
        more = format!("{more} · {} closed", grouped(closed as f64, 0));
    }
    Ok(Tile { name: "Users", number: grouped(all as f64, 0), more, href: "/admin/users" })
}

async fn tenants(parts: &Parts) -> Result<Tile> {
    let counts = limits::in_time(crate::central::tenants::counts(&parts.central)).await?;
    let all: u64 = counts.values().sum();
    let others = counts.iter().filter(|(status, count)| **status != Status::Active && **count > 0);
    let words: Vec<String> = others.map(|(status, count)| format!("{} {status}", grouped(*count as f64, 0))).collect();
    let more = if words.is_empty() { "all active".to_owned() } else { words.join(" · ") };
    Ok(Tile { name: "Tenants", number: grouped(all as f64, 0), more, href: "/admin/tenants" })
}

fn files(parts: &Parts) -> Tile {
    let catalog = parts.catalog.now();
    let faults = catalog.all_faults();
    let (warnings, faults): (Vec<_>, Vec<_>) = faults.iter().partition(|fault| fault.warning);
    let more =
        format!("in {} · {}", counted(catalog.file_count(), "file", "files"), counted(warnings.len(), "warning", "warnings"));
    Tile { name: "Faults", number: grouped(faults.len() as f64, 0), more, href: "/admin/config" }
}
