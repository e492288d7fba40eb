//! `loggia check`: every fault of a folder, a tenant or a file, at once.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::catalog::Catalog;
use super::files;
use super::spec::{AppDocument, DashboardDocument, TenantDocument};
use crate::domain::Slug;
use crate::yaml::{Document, Fault};

/// How faults are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// `file:line:column: message`, a line each, and a summary.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// In the order of the files.
    pub faults: Vec<Fault>,
    /// How many files were read.
    pub files: usize,
}

/// Checks `path` (the tenants folder, one tenant's folder, or one file) and tells what was found.
/// False when there is more than warnings. Blocks on files.
pub fn report(path: &Path, format: Format) -> (String, bool) {
    let findings = check(path);
    let good = findings.faults.iter().all(|fault| fault.warning);
    let text = match format {
        Format::Text => text(&findings),
        Format::Json => json(&findings),
    };
    (text, good)
}

/// Checks `path`. Blocks on files.
pub fn check(path: &Path) -> Findings {
    let shown = path.display().to_string();
    let Ok(real) = path.canonicalize() else {
        return Findings { faults: vec![Fault::of_file(&shown, "there is no such file or folder")], files: 0 };
    };
    match root_of(&real) {
        Some((root, within)) => part(&Catalog::load(&root, None), &within),
        None if real.is_file() => Findings { faults: alone(&real, &shown), files: 1 },
        None => {
            let catalog = Catalog::load(&real, None);
            Findings { faults: catalog.all_faults(), files: catalog.file_count() }
        }
    }
}

/// The tenants folder around a tenant's folder or a file in one, and the path within it.
fn root_of(path: &Path) -> Option<(PathBuf, String)> {
    let start = if path.is_dir() { path } else { path.parent()? };
    let tenant = start.ancestors().take(8).find(|folder| is_tenant_folder(folder))?;
    let root = tenant.parent()?;
    Some((root.to_owned(), path.strip_prefix(root).ok()?.to_str()?.to_owned()))
}

fn is_tenant_folder(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let has = |part: &str| folder.join(part).exists();
    (name == "_shared" || name.parse::<Slug>().is_ok()) && (has("tenant.yaml") || has("dashboards") || has("panels"))
}

/// The faults of a tenant with the shared files it uses, or of one file.
fn part(catalog: &Catalog, within: &str) -> Findings {
    let prefix = format!("{within}/");
    let files = catalog.files.found.keys().filter(|path| *path == within || path.starts_with(&prefix)).count();
    let faults = match within.parse::<Slug>() {
        Ok(slug) => catalog.faults_of(&slug),
        Err(_) => {
            catalog.all_faults().into_iter().filter(|fault| fault.file == within || fault.file.starts_with(&prefix)).collect()
        }
    };
    Findings { faults, files }
}

/// A file outside any tenants folder is read by its root key.
fn alone(path: &Path, shown: &str) -> Vec<Fault> {
    match files::read(path, shown).and_then(|text| Document::parse(shown, &text)) {
        Err(fault) => vec![fault],
        Ok(document) => read(&document),
    }
}

fn read(document: &Document) -> Vec<Fault> {
    let faults = match document.keys("").first().copied().unwrap_or_default() {
        "tenant" => document.read::<TenantDocument>().err(),
        "dashboard" => document.read::<DashboardDocument>().err(),
        "app" => document.read::<AppDocument>().err(),
        "panel" => return super::panels::checked(document).map_or_else(|faults| faults, |(_, _, warnings)| warnings),
        _ => Some(vec![document.fault("", "expected one of the keys tenant, dashboard, panel or app here")]),
    };
    faults.unwrap_or_default()
}

fn text(findings: &Findings) -> String {
    let mut text = String::new();
    for fault in &findings.faults {
        let _ = writeln!(text, "{fault}");
    }
    let (warnings, faults): (Vec<_>, Vec<_>) = findings.faults.iter().partition(|fault| fault.warning);
    let broken: BTreeSet<&str> = faults.iter().map(|fault| fault.file.as_str()).collect();
    let _ = match faults.len() {
        0 => write!(text, "no faults"),
        count => write!(text, "{} in {}", counted(count, "fault"), counted(broken.len(), "file")),
    };
    if !warnings.is_empty() {
        let _ = write!(text, ", {}", counted(warnings.len(), "warning"));
    }
    let _ = writeln!(text, "; {} read", counted(findings.files, "file"));
    text
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn json(findings: &Findings) -> String {
    let faults: Vec<_> = findings.faults.iter().map(one).collect();
    let mut text = serde_json::json!({ "faults": faults, "files": findings.files }).to_string();
    text.push('\n');
    text
}

fn one(fault: &Fault) -> serde_json::Value {
    let severity = if fault.warning { "warning" } else { "error" };
    serde_json::json!({
        "file": fault.file, "line": fault.line, "column": fault.column, "message": fault.message, "severity": severity
    })
}
