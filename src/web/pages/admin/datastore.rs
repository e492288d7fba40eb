//! A tenant's datastores: where its data is. A password goes in and never comes out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde::Deserialize;
use uuid::Uuid;

use super::user::{seen, version};
use super::{Chrome, Desk, again, at, framed};
use crate::error::{Error, FieldFault, Result};
use crate::tenancy::datastores::DatastoreView;
use crate::tenancy::{AddressView, DatastoreDraft, Operator, Refused, SecretReference};
use crate::web::form::{Field, fault};
use crate::web::guards::Sent;
use crate::web::{Parts, around, limits};

/// Where PostgreSQL listens unless said otherwise.
const PORT: u32 = 5432;

/// A datastore, as a row.
#[derive(Clone, Debug)]
pub struct StoreRow {
    /// Its id, as its address names it.
    pub id: String,
    /// Where it is, in words, without any secret.
    pub place: String,
    /// Which database.
    pub kind: String,
    /// In which environment it is meant.
    pub env: String,
    /// Whether dashboards read this one.
    pub primary: bool,
    /// Its catalog and schema.
    pub names: String,
}

/// The datastores as rows.
pub(super) fn rows(stores: Vec<DatastoreView>) -> Vec<StoreRow> {
    let row = |view: DatastoreView| {
        let store = &view.record.store;
        let names: Vec<&str> = [&store.catalog, &store.schema].into_iter().flatten().map(String::as_str).collect();
        StoreRow {
            id: store.id.to_string(),
            place: place(&view),
            kind: store.kind.clone(),
            env: if store.env == "any" { "every".to_owned() } else { store.env.clone() },
            primary: store.primary,
            names: names.join("."),
        }
    };
    stores.into_iter().map(row).collect()
}

/// Where it is, in words.
fn place(view: &DatastoreView) -> String {
    let store = &view.record.store;
    match &view.address {
        AddressView::Plain(text) => text.clone(),
        AddressView::Env(name) => format!("in the variable {name}"),
        AddressView::File(path) => format!("in the file {}", path.display()),
        AddressView::None => store.workspace.clone().unwrap_or_else(|| "no address".to_owned()),
        AddressView::Sealed => match (&store.host, &store.database) {
            (Some(host), Some(database)) => format!("{host}/{database}"),
            (Some(host), None) => host.clone(),
            _ => "a sealed address".to_owned(),
        },
    }
}

/// What a trial found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it was reached.
    pub is_good: bool,
    /// What happened, in words.
    pub words: String,
}

/// One datastore, or a new one.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/datastore.html")]
pub struct DatastorePage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// The tenant's name.
    pub tenant: String,
    /// The tenant's page.
    pub back: String,
    /// This page: where the form leads.
    pub href: String,
    /// Whether it is a new one.
    pub is_new: bool,
    /// The heading.
    pub title: String,
    /// The datastore as this page was drawn from it.
    pub version: String,
    /// Whether somebody else changed it meanwhile.
    pub is_stale: bool,
    /// Why what was asked for was not done.
    pub refused: Option<String>,
    /// What a trial found.
    pub outcome: Option<Outcome>,
    /// What it is for.
    pub meant: Vec<Field>,
    /// Its address, whole or by reference.
    pub address: Vec<Field>,
    /// Its address in parts.
    pub parts: Vec<Field>,
    /// Names and limits.
    pub rest: Vec<Field>,
}

/// The tenant and the datastore in the address.
#[derive(Debug, Deserialize)]
pub struct StorePath {
    slug: String,
    store: String,
}

/// The tenant alone.
#[derive(Debug, Deserialize)]
pub struct NewPath {
    slug: String,
}

type Draft = BTreeMap<String, String>;

/// What a page is drawn with beside the datastore.
#[derive(Default)]
struct Sheet {
    draft: Option<Draft>,
    faults: Vec<FieldFault>,
    is_stale: bool,
    refused: Option<String>,
    outcome: Option<Outcome>,
}

impl StorePath {
    async fn view(&self, parts: &Parts) -> Result<DatastoreView> {
        let id: Uuid = self.store.parse().map_err(|_| Error::NotFound("datastore"))?;
        let (_, stores) = limits::in_time(parts.tenancy.datastores(&self.slug)).await?;
        stores.into_iter().find(|view| view.record.store.id == id).ok_or(Error::NotFound("datastore"))
    }
}

/// `GET /admin/tenants/{slug}/datastores/new`.
#[handler]
pub async fn show_new(
    operator: Operator,
    Path(path): Path<NewPath>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    around::page(&draw(parts, request, &operator, &path.slug, None, Sheet::default()).await?)
}

/// `POST /admin/tenants/{slug}/datastores/new`.
#[handler]
pub async fn create(
    operator: Operator,
    Path(path): Path<NewPath>,
    mut sent: Sent<Draft>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let draft = sent.take();
    let made = match wanted(&draft, None) {
        Ok(wanted) => parts.tenancy.add_datastore(operator.actor(), &path.slug, &wanted).await,
        Err(faults) => Err(Refused::Faults(faults)),
    };
    match made {
        Ok(_) => Ok(around::see_other(&format!("/admin/tenants/{}?done=store", path.slug))),
        Err(refused) => refuse(parts, request, &operator, &path.slug, None, draft, refused).await,
    }
}

/// `GET /admin/tenants/{slug}/datastores/{store}`.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<StorePath>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let view = path.view(parts).await?;
    around::page(&draw(parts, request, &operator, &path.slug, Some(&view), Sheet::default()).await?)
}

/// `POST /admin/tenants/{slug}/datastores/{store}`.
#[handler]
pub async fn save(
    operator: Operator,
    Path(path): Path<StorePath>,
    mut sent: Sent<Draft>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (view, draft) = (path.view(parts).await?, sent.take());
    let saved = match wanted(&draft, Some(&view)) {
        Ok(wanted) => parts.tenancy.edit_datastore(operator.actor(), &path.slug, view.record.store.id, &wanted).await,
        Err(faults) => Err(Refused::Faults(faults)),
    };
    match saved {
        Ok(_) => Ok(around::see_other(&format!("/admin/tenants/{}?done=store", path.slug))),
        Err(refused) => {
            let now = path.view(parts).await?;
            refuse(parts, request, &operator, &path.slug, Some(&now), draft, refused).await
        }
    }
}

/// `POST /admin/tenants/{slug}/datastores/{store}/test`: whether it can be reached, with what is stored.
#[handler]
pub async fn test(
    operator: Operator,
    Path(path): Path<StorePath>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let view = path.view(parts).await?;
    let tried = parts.tenancy.try_datastore(&path.slug, view.record.store.id).await.map_err(Error::from)?;
    let outcome = match tried {
        Ok(took) => Outcome { is_good: true, words: format!("It answered in {} ms.", took.as_millis()) },
        Err(why) => Outcome { is_good: false, words: format!("Not reached: {why}.") },
    };
    let sheet = Sheet { outcome: Some(outcome), ..Sheet::default() };
    around::page(&draw(parts, request, &operator, &path.slug, Some(&view), sheet).await?)
}

/// `POST /admin/tenants/{slug}/datastores/{store}/delete`: forgets it, once that was ticked.
#[handler]
pub async fn delete(
    operator: Operator,
    Path(path): Path<StorePath>,
    mut sent: Sent<Draft>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (view, sure) = (path.view(parts).await?, sent.take().contains_key("sure"));
    if !sure {
        let sheet = Sheet { faults: vec![fault("sure", "tick this first")], ..Sheet::default() };
        let page = draw(parts, request, &operator, &path.slug, Some(&view), sheet).await?;
        return again(&page, http::StatusCode::UNPROCESSABLE_ENTITY);
    }
    match parts.tenancy.remove_datastore(operator.actor(), &path.slug, view.record.store.id).await {
        Ok(()) => Ok(around::see_other(&format!("/admin/tenants/{}?done=store-gone", path.slug))),
        Err(refused) => refuse(parts, request, &operator, &path.slug, Some(&view), Draft::new(), refused).await,
    }
}

async fn refuse(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    slug: &str,
    view: Option<&DatastoreView>,
    draft: Draft,
    refused: Refused,
) -> Result<Response> {
    let sheet = Sheet { draft: Some(draft).filter(|draft| !draft.is_empty()), ..Sheet::default() };
    let (status, sheet) = match refused {
        Refused::Faults(faults) => (http::StatusCode::UNPROCESSABLE_ENTITY, Sheet { faults, ..sheet }),
        Refused::Stale => (http::StatusCode::CONFLICT, Sheet { is_stale: true, ..sheet }),
        other => match other.sentence() {
            Some(words) => (http::StatusCode::CONFLICT, Sheet { refused: Some(words), ..sheet }),
            None => return Err(other.into()),
        },
    };
    again(&draw(parts, request, operator, slug, view, sheet).await?, status)
}

/// What the form wants of a datastore. Of one that is there, only what differs: a sealed address stays sealed.
fn wanted(draft: &Draft, view: Option<&DatastoreView>) -> std::result::Result<DatastoreDraft, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let stored = values(view);
    let text = |name: &str| draft.get(name).map_or("", |text| text.trim());
    let changed = |name: &str| {
        let was = stored.get(name).map_or("", String::as_str);
        (view.is_none() || text(name) != was).then(|| text(name).to_owned())
    };
    // a number that stands empty where one stood is taken away
    let mut number = |name: &str| match text(name) {
        _ if changed(name).is_none() => None,
        "" => view.map(|_| None),
        digits => Some(digits.parse().map_err(|_| faults.push(fault(name, format!("“{digits}” is no number that fits")))).ok()),
    };
    let (port, timeout, connections) = (number("port"), number("statement_timeout_ms"), number("max_connections"));
    let port = port.map(|port| port.unwrap_or(PORT));
    let timeout = timeout.map(|limit| limit.map(u64::from));
    let url = match (text("url_env"), text("url_file"), text("url")) {
        ("", "", "") => None,
        (name, "", "") => Some(SecretReference::Env { env: name.to_owned() }),
        ("", path, "") => Some(SecretReference::File { file: PathBuf::from(path) }),
        ("", "", url) => Some(SecretReference::Plain(url.to_owned())),
        _ => {
            faults.push(fault("url", "give the address in one way only"));
            None
        }
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let is_same = |name: &str| view.is_some() && stored.get(name).map_or("", String::as_str) == text(name);
    let url = url.filter(|_| !(is_same("url") && is_same("url_env") && is_same("url_file")));
    Ok(DatastoreDraft {
        env: Some(text("env").to_owned()),
        kind: changed("kind"),
        url,
        host: changed("host"),
        port,
        database: changed("database"),
        user: changed("user"),
        password: Some(draft.get("password").cloned().unwrap_or_default()).filter(|password| !password.is_empty()),
        schema: changed("schema"),
        uc_catalog: changed("uc_catalog"),
        uc_workspace: changed("uc_workspace"),
        is_primary: Some(draft.contains_key("is_primary")),
        statement_timeout_ms: timeout,
        max_connections: connections,
        seen: view.and_then(|_| seen(text("version"))),
    })
}

/// What stands in the form of a datastore.
fn values(view: Option<&DatastoreView>) -> Draft {
    let mut values = Draft::new();
    let Some(view) = view else {
        values.extend([("kind", "postgres"), ("env", "any")].map(|(name, value)| (name.to_owned(), value.to_owned())));
        return values;
    };
    let store = &view.record.store;
    let mut put = |name: &str, value: Option<String>| drop(values.insert(name.to_owned(), value.unwrap_or_default()));
    put("kind", Some(store.kind.clone()));
    put("env", Some(store.env.clone()));
    match &view.address {
        AddressView::Plain(text) => put("url", Some(text.clone())),
        AddressView::Env(name) => put("url_env", Some(name.clone())),
        AddressView::File(path) => put("url_file", Some(path.display().to_string())),
        AddressView::Sealed => {
            put("host", store.host.clone());
            put("port", store.host.as_ref().map(|_| store.port.to_string()));
            put("database", store.database.clone());
            put("user", view.user.clone());
        }
        AddressView::None => {}
    }
    put("schema", store.schema.clone());
    put("uc_catalog", store.catalog.clone());
    put("uc_workspace", store.workspace.clone());
    put("is_primary", store.primary.then(|| "1".to_owned()));
    put("statement_timeout_ms", store.options.statement_timeout_ms.map(|limit| limit.to_string()));
    put("max_connections", store.options.max_connections.map(|limit| limit.to_string()));
    values
}

async fn draw(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    slug: &str,
    view: Option<&DatastoreView>,
    sheet: Sheet,
) -> Result<DatastorePage> {
    let record = limits::in_time(parts.tenancy.record(slug)).await?;
    let back = format!("/admin/tenants/{}", record.tenant.slug);
    let href = match view {
        Some(view) => format!("{back}/datastores/{}", view.record.store.id),
        None => format!("{back}/datastores/new"),
    };
    let title = view.map_or_else(|| "New datastore".to_owned(), place);
    let (chrome, desk) = framed(request, operator, &title, at(href.as_str()), None);
    let stored = values(view);
    let shown = sheet.draft.as_ref().unwrap_or(&stored);
    let value = |name: &str| shown.get(name).map_or("", String::as_str);
    let finished = |field: Field| {
        let theirs = stored.get(&field.name).cloned().unwrap_or_default();
        let field = field.with(&sheet.faults);
        if sheet.is_stale { field.beside(Some(&theirs)) } else { field }
    };
    let line = |name: &str, label: &str, hint: &str| finished(Field::line(name, label, value(name)).hint(hint));
    let kinds = [("postgres", "PostgreSQL"), ("sqlite", "SQLite"), ("databricks", "Databricks (for apps, by its names)")];
    let envs = [("any", "Every environment"), ("dev", "dev"), ("stage", "stage"), ("prod", "prod")];
    let sealed = view.is_some_and(|view| view.address == AddressView::Sealed);
    let password = Field { required: false, ..Field::password("password", "Password") };
    let password =
        password.hint(if sealed { "Kept sealed; type one to replace it." } else { "It is stored sealed, and never shown." });
    Ok(DatastorePage {
        is_new: view.is_none(),
        version: view.map(|view| version(view.record.updated_at)).unwrap_or_default(),
        is_stale: sheet.is_stale,
        refused: sheet.refused.clone(),
        outcome: sheet.outcome.clone(),
        meant: vec![
            finished(Field::choice("kind", "Kind", kinds, value("kind"))),
            finished(Field::choice("env", "Environment", envs, value("env"))),
            finished(
                Field::check("is_primary", "Dashboards read this one", !value("is_primary").is_empty())
                    .hint("One primary in each environment."),
            ),
        ],
        address: vec![
            line("url_env", "In an environment variable", "Its name, like ACME_DATABASE_URL"),
            line("url_file", "In a file", "Its path on the server"),
            line("url", "As it stands", "Only an address without a secret, like sqlite:acme.db"),
        ],
        parts: vec![
            line("host", "Host", ""),
            line("port", "Port", "Empty: 5432"),
            line("database", "Database", ""),
            line("user", "Role", "One that may only read"),
            finished(password),
        ],
        rest: vec![
            line("schema", "Schema", ""),
            line("uc_catalog", "uc_catalog", "Letters, digits and _"),
            line("uc_workspace", "uc_workspace", "A host, like adb-123.azuredatabricks.net"),
            line("statement_timeout_ms", "Longest statement, in ms", "Empty: 5000"),
            line("max_connections", "Most connections", "Empty: 4"),
            finished(Field::check("sure", "I am sure", false)),
        ],
        tenant: record.tenant.name,
        title,
        back,
        href,
        chrome,
        desk,
    })
}
