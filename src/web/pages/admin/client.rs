//! One machine client: what it is called, what it may do, by what it proves itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use chrono::TimeDelta;
use poem::web::{Data, Path, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::clients::proof;
use super::user::{seen, version};
use super::{Chrome, Desk, again, at, framed};
use crate::error::{Error, FieldFault, Result};
use crate::identity::Scopes;
use crate::identity::machines::{self, ClientSecret, Draft, Machine, MachineFault};
use crate::tenancy::Operator;
use crate::web::form::{Field, fault};
use crate::web::guards::Sent;
use crate::web::listing::{Moment, moment};
use crate::web::{Parts, around, limits};

/// How long the old secret is good after a rotation, in hours, and the words.
const OVERLAPS: &[(&str, &str)] =
    &[("24", "a day"), ("1", "an hour"), ("168", "a week"), ("0", "not a moment: it may have leaked")];

/// One client, or a new one.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/client.html")]
pub struct ClientPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// This page: where the form leads.
    pub href: String,
    /// Whether it is a new one.
    pub is_new: bool,
    /// The heading.
    pub name: String,
    /// The name it gives when it asks for a token.
    pub client_id: String,
    /// By what it proves itself, in words.
    pub proof: &'static str,
    /// Whether it may do anything at all.
    pub active: bool,
    /// Until when the secret before the last one is good.
    pub previous: Option<Moment>,
    /// When it last came.
    pub used: Option<Moment>,
    /// The client as this page was drawn from it.
    pub version: String,
    /// When somebody else changed it while it was being edited.
    pub stale: Option<Moment>,
    /// What can be changed.
    pub fields: Vec<Field>,
    /// How long the old secret is good after a rotation.
    pub overlap: Field,
    /// The secret just made: shown this once.
    pub secret: Option<String>,
    /// Whether it is to be confirmed that it goes.
    pub sure: Field,
}

/// The client in the address.
#[derive(Debug, Deserialize)]
pub struct ClientPath {
    client: String,
}

impl ClientPath {
    async fn machine(&self, parts: &Parts) -> Result<Machine> {
        let id = self.client.parse().map_err(|_| Error::NotFound("machine client"))?;
        limits::in_time(machines::find(&parts.central, id)).await?.ok_or(Error::NotFound("machine client"))
    }
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

type Sheet = BTreeMap<String, String>;

/// What a page is drawn with beside the client.
#[derive(Default)]
struct Drawn {
    sent: Option<Sheet>,
    faults: Vec<FieldFault>,
    is_stale: bool,
    secret: Option<ClientSecret>,
    done: Option<&'static str>,
}

/// `GET /admin/clients/new`.
#[handler]
pub async fn show_new(operator: Operator, Data(parts): Data<&Arc<Parts>>, request: &Request) -> Result<Response> {
    around::page(&draw(parts, request, &operator, None, Drawn::default()))
}

/// `POST /admin/clients/new`: made, and its secret shown this once.
#[handler]
pub async fn create(
    operator: Operator,
    mut sent: Sent<Sheet>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let sent = sent.take();
    let made = match wanted(&sent) {
        Ok(draft) => machines::create(&parts.central, operator.actor(), draft).await,
        Err(faults) => return refuse(parts, request, &operator, None, sent, faults),
    };
    match made {
        Ok((machine, secret)) => {
            let drawn = Drawn { secret: Some(secret), ..Drawn::default() };
            around::page(&draw(parts, request, &operator, Some(&machine), drawn))
        }
        Err(error) => refuse(parts, request, &operator, None, sent, vec![told(error)?]),
    }
}

/// `GET /admin/clients/{client}`.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<ClientPath>,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let done = (asked.done == "saved").then_some("Saved.");
    let machine = path.machine(parts).await?;
    around::page(&draw(parts, request, &operator, Some(&machine), Drawn { done, ..Drawn::default() }))
}

/// `POST /admin/clients/{client}`: saved, or drawn again with what is wrong; a stale form shows both.
#[handler]
pub async fn save(
    operator: Operator,
    Path(path): Path<ClientPath>,
    mut sent: Sent<Sheet>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (machine, sent) = (path.machine(parts).await?, sent.take());
    let read = seen(sent.get("version").map_or("", String::as_str)).unwrap_or_default();
    let saved = match wanted(&sent) {
        Ok(draft) => machines::update(&parts.central, operator.actor(), machine.id, draft, read).await,
        Err(faults) => return refuse(parts, request, &operator, Some(&machine), sent, faults),
    };
    match saved {
        Ok(machine) => Ok(around::see_other(&format!("/admin/clients/{}?done=saved", machine.id))),
        Err(MachineFault::Stale(now)) => {
            let drawn = Drawn { sent: Some(sent), is_stale: true, ..Drawn::default() };
            again(&draw(parts, request, &operator, Some(&now), drawn), http::StatusCode::CONFLICT)
        }
        Err(error) => refuse(parts, request, &operator, Some(&machine), sent, vec![told(error)?]),
    }
}

/// `POST /admin/clients/{client}/secret`: another secret, shown this once.
#[handler]
pub async fn rotate(
    operator: Operator,
    Path(path): Path<ClientPath>,
    mut sent: Sent<Sheet>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (machine, sent) = (path.machine(parts).await?, sent.take());
    let hours = sent.get("overlap").and_then(|hours| hours.parse::<i64>().ok()).filter(|hours| (0..=720).contains(hours));
    let Some(hours) = hours else {
        return refuse(parts, request, &operator, Some(&machine), Sheet::new(), vec![fault("overlap", "choose one of these")]);
    };
    match machines::rotate_secret(&parts.central, operator.actor(), machine.id, TimeDelta::hours(hours)).await {
        Ok((machine, secret)) => {
            let drawn = Drawn { secret: Some(secret), ..Drawn::default() };
            around::page(&draw(parts, request, &operator, Some(&machine), drawn))
        }
        Err(error) => refuse(parts, request, &operator, Some(&machine), Sheet::new(), vec![told(error)?]),
    }
}

/// `POST /admin/clients/{client}/active`: shut out from this moment on, or let in again.
#[handler]
pub async fn set_active(
    operator: Operator,
    Path(path): Path<ClientPath>,
    mut sent: Sent<Sheet>,
    Data(parts): Data<&Arc<Parts>>,
) -> Result<Response> {
    let machine = path.machine(parts).await?;
    let active = sent.take().get("active").is_some_and(|word| word == "1");
    let changed = machines::set_active(&parts.central, operator.actor(), machine.id, active).await;
    changed.map_err(|error| told(error).map_or_else(|error| error, |_| Error::NotFound("machine client")))?;
    Ok(around::see_other(&format!("/admin/clients/{}?done=saved", machine.id)))
}

/// `POST /admin/clients/{client}/delete`: forgets it, once that was ticked.
#[handler]
pub async fn delete(
    operator: Operator,
    Path(path): Path<ClientPath>,
    mut sent: Sent<Sheet>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let machine = path.machine(parts).await?;
    if !sent.take().contains_key("sure") {
        return refuse(parts, request, &operator, Some(&machine), Sheet::new(), vec![fault("sure", "tick this first")]);
    }
    match machines::remove(&parts.central, operator.actor(), machine.id).await {
        Ok(()) | Err(MachineFault::Unknown) => Ok(around::see_other("/admin/clients?done=deleted")),
        Err(error) => Err(told(error).map_or_else(|error| error, |_| Error::NotFound("machine client"))),
    }
}

/// A fault at its field; what is no fault of the form is the page's.
fn told(error: MachineFault) -> Result<FieldFault> {
    match error {
        MachineFault::Field { field, why } => Ok(fault(field, why)),
        MachineFault::Stale(_) | MachineFault::Unknown => Err(Error::NotFound("machine client")),
        MachineFault::Central(cause) => Err(Error::unavailable(cause)),
    }
}

fn refuse(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    machine: Option<&Machine>,
    sent: Sheet,
    faults: Vec<FieldFault>,
) -> Result<Response> {
    let drawn = Drawn { sent: Some(sent).filter(|sent| !sent.is_empty()), faults, ..Drawn::default() };
    again(&draw(parts, request, operator, machine, drawn), http::StatusCode::UNPROCESSABLE_ENTITY)
}

/// What the form wants of a client.
fn wanted(sent: &Sheet) -> std::result::Result<Draft, Vec<FieldFault>> {
    let text = |name: &str| sent.get(name).map_or("", |text| text.trim());
    let ticked = ["admin", "provision"].into_iter().filter(|scope| sent.contains_key(&format!("scopes.{scope}")));
    let read: Vec<String> = text("tenants")
        .split([' ', ',', '\n', '\r'])
        .filter(|slug| !slug.is_empty())
        .map(|slug| format!("tenant:{slug}:read"))
        .collect();
    let all: Vec<&str> = ticked.chain(read.iter().map(String::as_str)).collect();
    match all.join(" ").parse::<Scopes>() {
        Ok(scopes) => Ok(Draft { name: text("name").to_owned(), scopes, certificate: Some(text("certificate").to_owned()) }),
        Err(words) => Err(vec![fault(if read.is_empty() { "scopes" } else { "tenants" }, words)]),
    }
}

/// What stands in the form of a client.
fn values(machine: Option<&Machine>) -> Sheet {
    let Some(machine) = machine else { return Sheet::new() };
    let scopes: Vec<String> = machine.scopes.iter().map(ToString::to_string).collect();
    let tenants: Vec<&str> = scopes.iter().filter_map(|scope| scope.strip_prefix("tenant:")?.strip_suffix(":read")).collect();
    let mut values: Sheet = scopes.iter().map(|scope| (format!("scopes.{scope}"), "1".to_owned())).collect();
    values.insert("name".to_owned(), machine.name.clone());
    values.insert("tenants".to_owned(), tenants.join(" "));
    values.insert("certificate".to_owned(), machine.certificate.clone().unwrap_or_default());
    values
}

fn draw(parts: &Parts, request: &Request, operator: &Operator, machine: Option<&Machine>, drawn: Drawn) -> ClientPage {
    let now = parts.clock.now();
    let href = machine.map_or_else(|| "/admin/clients/new".to_owned(), |machine| format!("/admin/clients/{}", machine.id));
    let name = machine.map_or("New machine client", |machine| machine.name.as_str()).to_owned();
    let (chrome, desk) = framed(request, operator, &name, at(href.as_str()), drawn.done);
    let overlap = Field::choice("overlap", "The old secret is good for", OVERLAPS.iter().copied(), "24");
    ClientPage {
        is_new: machine.is_none(),
        client_id: machine.map(|machine| machine.client_id.clone()).unwrap_or_default(),
        proof: machine.map_or("", proof),
        active: machine.is_none_or(|machine| machine.active),
        previous: machine.and_then(|machine| machine.previous_until).filter(|until| *until > now).map(|until| moment(until, now)),
        used: machine.and_then(|machine| machine.last_used_at).map(|at| moment(at, now)),
        version: machine.map(|machine| version(machine.updated_at)).unwrap_or_default(),
        stale: machine.filter(|_| drawn.is_stale).map(|machine| moment(machine.updated_at, now)),
        fields: fields(machine, &drawn),
        overlap: overlap.with(&drawn.faults),
        sure: Field::check("sure", "I am sure", false).with(&drawn.faults),
        secret: drawn.secret.map(|secret| secret.reveal().to_owned()),
        name,
        href,
        chrome,
        desk,
    }
}

fn fields(machine: Option<&Machine>, drawn: &Drawn) -> Vec<Field> {
    let stored = values(machine);
    let shown = drawn.sent.as_ref().unwrap_or(&stored);
    let value = |from: &Sheet, name: &str| from.get(name).cloned().unwrap_or_default();
    let ticked = |from: &Sheet| {
        let scopes = ["admin", "provision"].into_iter().filter(|scope| from.contains_key(&format!("scopes.{scope}")));
        scopes.collect::<Vec<_>>().join(",")
    };
    let scopes = vec![
        ("admin".to_owned(), "admin: what an operator may do through the internal API".to_owned()),
        ("provision".to_owned(), "provision: make tenants, and take them back".to_owned()),
    ];
    let line = |name: &str, label: &str| Field::line(name, label, &value(shown, name));
    let fields = [
        (line("name", "Name").required().hint("What people call it: “Nightly import”"), value(&stored, "name")),
        (Field::checks("scopes", "May do", scopes, &ticked(shown)), ticked(&stored)),
        (
            line("tenants", "May read these tenants")
                .hint("Their short names, with spaces between; each by a token exchanged for it."),
            value(&stored, "tenants"),
        ),
        (
            line("certificate", "Certificate").hint("Its SHA-256 in hex, where it comes with one; else empty."),
            value(&stored, "certificate"),
        ),
    ];
    let beside = |theirs: &str| drawn.is_stale.then(|| theirs.to_owned());
    fields.into_iter().map(|(field, theirs)| field.with(&drawn.faults).beside(beside(&theirs).as_deref())).collect()
}
