//! One account: what it is, where it may go, where it is signed in.

use std::sync::Arc;

use askama::Template;
use chrono::{DateTime, Utc};
use poem::web::{Data, Path, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::users::way;
use super::{Chrome, Desk, again, at, framed};
use crate::domain::UserId;
use crate::error::{Error, FieldFault, Result};
use crate::identity::Policy;
use crate::identity::people::{self, Account, Edit, PeopleError};
use crate::tenancy::members::{self, Membership, Origin};
use crate::tenancy::{Operator, Status};
use crate::web::form::{Field, fault, optional, parsed};
use crate::web::guards::Sent;
use crate::web::listing::{Moment, moment};
use crate::web::{Parts, around, browser, limits};

/// Up to so many tenants are offered by name; beyond it their slug is typed.
const OFFERED: usize = 100;

/// A tenant somebody may open.
#[derive(Clone, Debug)]
pub struct TenantRow {
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// The state it is in, where that is not active.
    pub state: Option<String>,
    /// `viewer` or `admin`.
    pub role: &'static str,
    /// Whether a claim of the identity provider gives it.
    pub by_claim: bool,
    /// Since when.
    pub since: Moment,
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// The session, as its form names it.
    pub id: String,
    /// The browser in a few words.
    pub browser: String,
    /// The browser in its own words.
    pub agent: String,
    /// Whether it is the reader's own.
    pub own: bool,
    /// When it began.
    pub began: Moment,
    /// When it was last used.
    pub seen: Moment,
    /// When it ends at the latest.
    pub ends: Moment,
}

/// One account.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/user.html")]
pub struct UserPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// Its address: the account's own page.
    pub href: String,
    /// The name, or the e-mail address.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// How they sign in, in words.
    pub way: &'static str,
    /// When the account was made.
    pub made: Moment,
    /// Whether it is the reader's own.
    pub own: bool,
    /// When the account was last changed, as the form sends it back.
    pub version: String,
    /// When somebody else changed it while it was being edited.
    pub stale: Option<Moment>,
    /// What can be changed.
    pub fields: Vec<Field>,
    /// A new password, where people sign in with one.
    pub password: Option<Field>,
    /// The tenants they may open.
    pub tenants: Vec<TenantRow>,
    /// One tenant more.
    pub grant: Vec<Field>,
    /// Where they are signed in.
    pub sessions: Vec<SessionRow>,
}

/// The account in the address.
#[derive(Debug, Deserialize)]
pub struct UserPath {
    user: String,
}

impl UserPath {
    /// The account; none of that id is told as such.
    ///
    /// # Errors
    /// [`Error::NotFound`], or that the central database does not answer.
    pub async fn account(&self, parts: &Parts) -> Result<Account> {
        let id = self.user.parse().map_err(|_| Error::NotFound("user"))?;
        limits::in_time(people::find(&parts.central, UserId(id))).await?.ok_or(Error::NotFound("user"))
    }
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

/// What the form of the account sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    email: String,
    name: String,
    operator: String,
    active: String,
    version: String,
}

impl Draft {
    fn of(account: &Account) -> Draft {
        let tick = |on: bool| if on { "1" } else { "" }.to_owned();
        Draft {
            email: account.email.to_string(),
            name: account.name.clone().unwrap_or_default(),
            operator: tick(account.operator),
            active: tick(account.active),
            version: version(account.updated_at),
        }
    }

    fn parse(&self) -> std::result::Result<Edit, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let email = parsed("email", &self.email, &mut faults);
        let name = optional("name", &self.name, 200, &mut faults);
        match email {
            Some(email) if faults.is_empty() => {
                Ok(Edit { email, name, operator: !self.operator.is_empty(), active: !self.active.is_empty() })
            }
            _ => Err(faults),
        }
    }
}

/// A moment as a form keeps it: to the microsecond, as it is stored.
pub(super) fn version(at: DateTime<Utc>) -> String {
    at.timestamp_micros().to_string()
}

/// The moment a form was drawn from; one that cannot be read is older than any.
pub(super) fn seen(version: &str) -> Option<DateTime<Utc>> {
    Some(version.parse().ok().and_then(DateTime::from_timestamp_micros).unwrap_or_default())
}

/// What a page of an account is drawn with beside the account.
#[derive(Debug, Default)]
pub struct Sheet {
    /// What was sent, where it was not done.
    pub draft: Option<Draft>,
    /// What is wrong with it.
    pub faults: Vec<FieldFault>,
    /// Whether somebody else changed the account meanwhile.
    pub stale: bool,
    /// What was typed into the form that gives a tenant.
    pub tenant: String,
    /// What was just done.
    pub done: Option<&'static str>,
}

/// `GET /admin/users/{user}`.
#[handler]
pub async fn show(
    operator: Operator,
    Path(path): Path<UserPath>,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let account = path.account(parts).await?;
    let done = match asked.done.as_str() {
        "made" => Some("The account is made."),
        "saved" => Some("Saved."),
        "password" => Some("The password is set; every session of this account has ended."),
        "tenants" => Some("Saved. It counts at once."),
        "sessions" => Some("Signed out."),
        _ => None,
    };
    around::page(&draw(parts, request, &operator, &account, Sheet { done, ..Sheet::default() }).await?)
}

/// `POST /admin/users/{user}`: saved, or drawn again with what is wrong; a stale form shows both.
#[handler]
pub async fn save(
    operator: Operator,
    Path(path): Path<UserPath>,
    mut sent: Sent<Draft>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (account, draft) = (path.account(parts).await?, sent.take());
    let refused = match draft.parse() {
        Err(faults) => faults,
        Ok(edit) => match people::update(&parts.central, operator.actor(), account.id, &edit, seen(&draft.version)).await {
            Ok(_) => return Ok(around::see_other(&format!("/admin/users/{}?done=saved", account.id))),
            Err(PeopleError::Stale(now)) => {
                let sheet = Sheet { draft: Some(draft), stale: true, ..Sheet::default() };
                return again(&draw(parts, request, &operator, &now, sheet).await?, http::StatusCode::CONFLICT);
            }
            Err(error) => vec![told(error, &edit)?],
        },
    };
    let sheet = Sheet { draft: Some(draft), faults: refused, ..Sheet::default() };
    again(&draw(parts, request, &operator, &account, sheet).await?, http::StatusCode::UNPROCESSABLE_ENTITY)
}

/// A refusal as a fault of the field it is about.
fn told(error: PeopleError, edit: &Edit) -> Result<FieldFault> {
    let words = error.to_string();
    match error {
        PeopleError::Taken | PeopleError::Provided => Ok(fault("email", words)),
        PeopleError::Yourself | PeopleError::LastOperator => Ok(fault(if edit.active { "operator" } else { "active" }, words)),
        PeopleError::Unknown | PeopleError::Stale(_) => Err(Error::NotFound("user")),
        PeopleError::Central(cause) => Err(Error::unavailable(cause)),
    }
}

/// The whole page.
pub(super) async fn draw(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    account: &Account,
    sheet: Sheet,
) -> Result<UserPage> {
    let now = parts.clock.now();
    let href = format!("/admin/users/{}", account.id);
    let name = account.name.clone().unwrap_or_else(|| account.email.to_string());
    let (chrome, desk) = framed(request, operator, &name, at(href.as_str()), sheet.done);
    let held = limits::in_time(members::memberships(&parts.tenancy, account.id)).await?;
    let open = limits::in_time(parts.identities.sessions_of(account.id)).await?;
    let own = operator.identity().session().map(ToString::to_string);
    Ok(UserPage {
        grant: grant(parts, &held, &sheet).await?,
        tenants: held.into_iter().map(|membership| tenant(membership, now)).collect(),
        sessions: open.into_iter().map(|open| session(open, own.as_deref(), now)).collect(),
        way: way(account),
        made: moment(account.created_at, now),
        own: operator.actor().user() == Some(account.id),
        version: version(account.updated_at),
        stale: sheet.stale.then(|| moment(account.updated_at, now)),
        password: parts.settings.local_accounts.then(|| password(account).with(&sheet.faults)),
        fields: fields(account, &sheet),
        email: account.email.to_string(),
        chrome,
        desk,
        href,
        name,
    })
}

fn fields(account: &Account, sheet: &Sheet) -> Vec<Field> {
    let stored = Draft::of(account);
    let shown = sheet.draft.clone().unwrap_or_else(|| stored.clone());
    let provided = account.issuer.is_some().then(|| "It comes from the identity provider.".to_owned());
    let fields = [
        (Field::of_type("email", "E-mail", "email", &shown.email).required().fixed(provided), stored.email),
        (Field::line("name", "Full name", &shown.name), stored.name),
        (
            Field::check("operator", "Runs the installation", !shown.operator.is_empty())
                .hint("An operator keeps users, tenants and datastores, and reads the whole audit."),
            stored.operator,
        ),
        (
            Field::check("active", "May sign in", !shown.active.is_empty())
                .hint("Without it every session ends at once, and nothing else is lost."),
            stored.active,
        ),
    ];
    let beside = |theirs: String| sheet.stale.then_some(theirs);
    fields.into_iter().map(|(field, theirs)| field.with(&sheet.faults).beside(beside(theirs).as_deref())).collect()
}

fn password(account: &Account) -> Field {
    let words = if account.local { "New password" } else { "First password" };
    Field::password("password", words).required().hint(&format!("{} Every session of this account ends.", Policy::Real.words()))
}

/// The form that gives a tenant: by name while there are few, by slug when there are many.
async fn grant(parts: &Parts, held: &[Membership], sheet: &Sheet) -> Result<Vec<Field>> {
    let all = limits::in_time(parts.tenancy.every(None)).await?;
    let role = Field::choice(
        "role",
        "As",
        [("viewer", "Viewer: may look"), ("admin", "Admin: may also change the tenant's own things")],
        "viewer",
    );
    let tenant = if all.len() > OFFERED {
        Field::line("tenant", "Tenant", &sheet.tenant).hint("Its short name, as it stands in addresses.")
    } else {
        let free = all.into_iter().filter(|tenant| held.iter().all(|membership| membership.tenant != tenant.id));
        let choices: Vec<_> = free.map(|tenant| (tenant.slug.to_string(), tenant.name)).collect();
        if choices.is_empty() {
            return Ok(Vec::new());
        }
        Field::choice("tenant", "Tenant", choices, &sheet.tenant)
    };
    Ok(vec![tenant.required().with(&sheet.faults), role.with(&sheet.faults)])
}

fn tenant(membership: Membership, now: DateTime<Utc>) -> TenantRow {
    TenantRow {
        name: membership.name,
        slug: membership.slug.to_string(),
        state: (membership.status != Status::Active).then(|| membership.status.to_string()),
        role: membership.role.as_str(),
        by_claim: membership.origin == Origin::Claim,
        since: moment(membership.granted_at, now),
    }
}

fn session(open: people::Open, own: Option<&str>, now: DateTime<Utc>) -> SessionRow {
    let agent = open.user_agent.unwrap_or_default();
    SessionRow {
        own: own == Some(open.id.as_str()),
        browser: browser::words(&agent),
        began: moment(open.created_at, now),
        seen: moment(open.last_seen_at, now),
        ends: moment(open.expires_at, now),
        id: open.id,
        agent,
    }
}
