//! What is wrong in the files that are in use: every fault with its file, line and column.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::{Chrome, Desk, at, framed};
use crate::config::{Catalog, Version};
use crate::error::Result;
use crate::tenancy::Operator;
use crate::web::pages::FaultLine;
use crate::web::{Parts, around};

/// The faults of one folder.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The tenant's slug, or `_shared`.
    pub name: String,
    /// The tenant's page here; none of what tenants share.
    pub href: Option<String>,
    /// What it looks like meanwhile, in words.
    pub meanwhile: String,
    /// What is wrong.
    pub faults: Vec<FaultLine>,
    /// What could be better.
    pub warnings: Vec<FaultLine>,
}

/// The state of the files.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/config.html")]
pub struct ConfigPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// How many files, tenants, faults, in words.
    pub words: String,
    /// Whether there is no fault.
    pub is_good: bool,
    /// Folders with something to tell.
    pub folders: Vec<Folder>,
}

/// `GET /admin/config`.
#[handler]
pub async fn show(operator: Operator, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    let catalog = parts.catalog.now();
    let (chrome, desk) = framed(request, &operator, "Files", at("/admin/config"), None);
    let folders = folders(&catalog);
    let faults: usize = folders.iter().map(|folder| folder.faults.len()).sum();
    let warnings: usize = folders.iter().map(|folder| folder.warnings.len()).sum();
    let parts = [
        counted(catalog.file_count(), "file", "files"),
        counted(catalog.tenants().len(), "tenant folder", "tenant folders"),
        counted(faults, "fault", "faults"),
        counted(warnings, "warning", "warnings"),
    ];
    around::page(&ConfigPage { chrome, desk, words: parts.join(" · "), is_good: faults == 0, folders })
}

/// "One fault", "12 faults".
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        n => format!("{} {many}", crate::domain::unit::grouped(n as f64, 0)),
    }
}

fn folders(catalog: &Catalog) -> Vec<Folder> {
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    for fault in catalog.all_faults() {
        let name = fault.file.split('/').next().unwrap_or_default().to_owned();
        let folder = folders.entry(name.clone()).or_insert_with(|| folder(catalog, name));
        let lines = if fault.warning { &mut folder.warnings } else { &mut folder.faults };
        lines.push(fault.into());
    }
    folders.into_values().collect()
}

fn folder(catalog: &Catalog, name: String) -> Folder {
    let file = catalog.tenants().into_iter().find(|file| file.slug.as_str() == name).cloned();
    let meanwhile = match file.as_ref().map(|file| file.version) {
        Some(Version::LastGood) => "tenant.yaml is used as it last was good",
        Some(Version::Faulty) => "tenant.yaml was never good; the central database's row alone describes the tenant",
        Some(Version::Current) => "What cannot be read is used as it last was good, or not at all",
        None => "What every tenant may use",
    };
    Folder {
        href: file.map(|file| format!("/admin/tenants/{}", file.slug)),
        meanwhile: meanwhile.to_owned(),
        faults: Vec::new(),
        warnings: Vec::new(),
        name,
    }
}
