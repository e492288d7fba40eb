//! What `tenant.yaml` says of a tenant, and what is wrong with it.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::Version;
use super::spec::{DatastoreSpec, StoreKind, TenantDocument, TenantSpec};
use crate::domain::{Key, Slug};
use crate::yaml::{Document, Fault};

/// A tenant's folder: what its file sets, and nothing that it does not.
#[derive(Clone, Debug)]
pub struct TenantFile {
    /// The folder's name.
    pub slug: Slug,
    /// Its name.
    pub name: Option<String>,
    /// Its zone.
    pub zone: Option<Tz>,
    /// Its look.
    pub brand: Brand,
    /// Its datastores; empty when the file sets none.
    pub datastores: Vec<DatastoreDecl>,
    /// The shared dashboards it uses.
    pub dashboards: Vec<Key>,
    /// The shared apps it uses.
    pub apps: Vec<Key>,
    /// Whether there is a `tenant.yaml`.
    pub written: bool,
    /// Whether this is what the file says; a faulty one sets nothing.
    pub version: Version,
}

/// A tenant's look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// The accent colour, like `#3B82F6`.
    pub accent: Option<String>,
    /// A picture file, relative to the tenant's folder and inside it.
    pub logo: Option<String>,
}

/// A datastore as declared in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct DatastoreDecl {
    /// `dev`, `stage` or `prod`; without it, every environment.
    pub env: Option<String>,
    /// Whether dashboards read from it: said so, or the only one of its environment.
    pub primary: bool,
    /// What kind of database it is.
    pub kind: StoreKind,
    /// Its address.
    pub url: Secret,
    /// The catalog.
    pub catalog: Option<String>,
    /// The workspace.
    pub workspace: Option<String>,
    /// The schema.
    pub schema: Option<String>,
    /// How long a statement may run.
    pub statement_timeout: Option<TimeDelta>,
    /// How many connections are kept at most.
    pub max_connections: Option<u16>,
}

/// A text, or the place it is kept at.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// As it stands in the file.
    Plain(String),
    /// The name of an environment variable.
    Env(String),
    /// A file's path.
    File(PathBuf),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Plain(_) => f.write_str("Plain(…)"),
            Secret::Env(name) => write!(f, "Env({name})"),
            Secret::File(path) => write!(f, "File({})", path.display()),
        }
    }
}

impl TenantFile {
    /// A tenant whose folder has no file, or none that can be read.
    pub(super) fn bare(slug: Slug, written: bool, version: Version) -> TenantFile {
        let (name, zone, brand) = (None, None, Brand::default());
        TenantFile { slug, name, zone, brand, datastores: Vec::new(), dashboards: Vec::new(), apps: Vec::new(), written, version }
    }

    /// Reads the file. Warnings come with a good one.
    pub(super) fn read(slug: &Slug, document: &Document) -> (Option<TenantFile>, Vec<Fault>) {
        let spec = match document.read::<TenantDocument>() {
            Ok(read) => read.tenant,
            Err(faults) => return (None, faults),
        };
        let faults = faults(document, &spec);
        let good = faults.iter().all(|fault| fault.warning);
        (good.then(|| TenantFile::of(slug.clone(), spec)), faults)
    }

    fn of(slug: Slug, spec: TenantSpec) -> TenantFile {
        let brand = spec.branding.map(|brand| Brand { accent: brand.accent.map(|accent| accent.0.0), logo: brand.logo });
        let keys = |words: Option<Vec<super::spec::Word<Key>>>| words.unwrap_or_default().into_iter().map(|key| key.0).collect();
        TenantFile {
            name: spec.name.map(|name| name.0.0),
            zone: spec.timezone.map(|zone| zone.0),
            brand: brand.unwrap_or_default(),
            datastores: declared(spec.datastore.into_iter().chain(spec.datastores.into_iter().flatten()).collect()),
            dashboards: keys(spec.dashboards),
            apps: keys(spec.apps),
            ..TenantFile::bare(slug, true, Version::Current)
        }
    }
}

fn declared(specs: Vec<DatastoreSpec>) -> Vec<DatastoreDecl> {
    let envs: Vec<_> = specs.iter().map(|spec| spec.env).collect();
    let only_one = |env| envs.iter().filter(|other| **other == env).count() == 1;
    let one = |spec: DatastoreSpec| DatastoreDecl {
        primary: spec.primary.unwrap_or_else(|| only_one(spec.env)),
        env: spec.env.map(|env| env.as_str().to_owned()),
        kind: spec.kind,
        url: spec.url.0,
        catalog: spec.catalog.map(|word| word.0.0),
        workspace: spec.workspace.map(|word| word.0.0),
        schema: spec.schema.map(|word| word.0.0),
        statement_timeout: spec.statement_timeout.map(|period| period.0),
        max_connections: spec.max_connections.map(|number| number.0),
    };
    specs.into_iter().map(one).collect()
}

/// What the fields' own rules cannot say.
fn faults(document: &Document, spec: &TenantSpec) -> Vec<Fault> {
    let mut faults = Vec::new();
    if spec.datastore.is_some() && spec.datastores.is_some() {
        faults.push(document.fault_at_key("tenant.datastores", "either `datastore` or `datastores`, not both"));
    }
    if let Some(logo) = spec.branding.as_ref().and_then(|brand| brand.logo.as_ref())
        && !is_inside(logo)
    {
        faults.push(document.fault("tenant.branding.logo", "expected a file in the tenant’s folder, like logo.svg"));
    }
    if let Some(store) = &spec.datastore {
        faults.extend(store_faults(document, "tenant.datastore", store));
    }
    let mut primaries = Vec::new();
    for (index, store) in spec.datastores.iter().flatten().enumerate() {
        let path = format!("tenant.datastores[{index}]");
        faults.extend(store_faults(document, &path, store));
        if store.primary == Some(true) {
            if primaries.contains(&store.env) {
                let env = store.env.map_or("every environment", super::spec::Environment::as_str);
                faults.push(document.fault(&format!("{path}.primary"), format!("a second primary datastore for {env}")));
            }
            primaries.push(store.env);
        }
    }
    faults
}

fn store_faults(document: &Document, path: &str, store: &DatastoreSpec) -> Vec<Fault> {
    let mut faults = Vec::new();
    if store.workspace.is_some() && store.kind != StoreKind::Databricks {
        let message = format!("a workspace belongs to kind databricks, not {}", store.kind.as_str());
        faults.push(document.fault_at_key(&format!("{path}.workspace"), message));
    }
    let url = format!("{path}.url");
    match &store.url.0 {
        Secret::Plain(text) => faults.extend(plain_url_fault(document, &url, store.kind, text)),
        Secret::Env(name) if name.is_empty() || name.contains(['=', ' ', '$']) => {
            faults.push(document.fault(&format!("{url}.env"), format!("“{name}” is not the name of an environment variable")));
        }
        Secret::File(path) if path.as_os_str().is_empty() => {
            faults.push(document.fault(&format!("{url}.file"), "expected a file’s path"))
        }
        Secret::Env(_) | Secret::File(_) => {}
    }
    faults
}

fn plain_url_fault(document: &Document, path: &str, kind: StoreKind, text: &str) -> Option<Fault> {
    if text.contains("${") {
        return Some(document.fault(path, "variables are not replaced in files: write url: { env: NAME }"));
    }
    let (starts, example): (&[&str], _) = match kind {
        StoreKind::Sqlite => (&["sqlite:"], "sqlite:acme.db"),
        StoreKind::Postgres => (&["postgres://", "postgresql://"], "postgres://host/database"),
        StoreKind::Databricks => (&["databricks://", "https://"], "https://adb-123.azuredatabricks.net"),
    };
    if !starts.iter().any(|start| text.starts_with(start)) {
        return Some(document.fault(path, format!("expected an address of kind {}, like {example}", kind.as_str())));
    }
    let password = url::Url::parse(text).ok().is_some_and(|url| url.password().is_some());
    password.then(|| document.fault(path, "a password stands in this file: write url: { env: NAME } instead").as_warning())
}

/// Whether a path leads to something below where it starts.
pub(super) fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
