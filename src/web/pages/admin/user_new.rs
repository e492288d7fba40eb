//! A new account, and the first tenant it may open.

use std::sync::Arc;

use askama::Template;
use poem::web::{Data, Query};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::{Chrome, Desk, again, at, framed};
use crate::domain::{Email, Role, Slug};
use crate::error::{Error, FieldFault, Result};
use crate::identity::accounts::{self, AccountError, NewAccount};
use crate::identity::people;
use crate::identity::{Cost, Policy};
use crate::tenancy::{Operator, members};
use crate::web::form::{Field, fault, optional, parsed};
use crate::web::guards::Sent;
use crate::web::{Parts, around, limits};

/// Up to so many tenants are offered by name; beyond it their slug is typed.
const OFFERED: usize = 100;

/// The form of a new account.
#[derive(Clone, Debug, Template)]
#[template(path = "admin/user_new.html")]
pub struct NewUserPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// The administration's own frame.
    pub desk: Desk,
    /// Who it is.
    pub fields: Vec<Field>,
    /// Where they may go.
    pub access: Vec<Field>,
}

/// What the form sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Draft {
    email: String,
    name: String,
    password: String,
    operator: String,
    tenant: String,
    role: String,
}

/// The account as it is to be made.
struct Wanted {
    email: Email,
    name: Option<String>,
    password: Option<String>,
    operator: bool,
    access: Option<(Slug, Role)>,
}

impl Draft {
    /// `needs_password`: there is no other way to sign in.
    fn parse(&self, needs_password: bool) -> std::result::Result<Wanted, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let email = parsed("email", &self.email, &mut faults);
        let name = optional("name", &self.name, 200, &mut faults);
        let password = Some(self.password.clone()).filter(|password| !password.is_empty());
        let checked = password.as_deref().map_or(Ok(()), |password| Policy::Real.check(password));
        if let Err(words) = checked {
            faults.push(fault("password", words));
        }
        if password.is_none() && needs_password {
            faults.push(fault("password", "without a password they could not sign in"));
        }
        let tenant = match self.tenant.trim() {
            "" => None,
            slug => parsed::<Slug>("tenant", slug, &mut faults),
        };
        let role = match self.role.as_str() {
            "" => Some(Role::Viewer),
            role => parsed::<Role>("role", role, &mut faults),
        };
        match email {
            Some(email) if faults.is_empty() => {
                Ok(Wanted { email, name, password, operator: !self.operator.is_empty(), access: tenant.zip(role) })
            }
            _ => Err(faults),
        }
    }
}

/// What the address may say: a tenant that is filled in already.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    tenant: String,
}

/// `GET /admin/users/new`.
#[handler]
pub async fn show(
    operator: Operator,
    Query(asked): Query<Asked>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let draft = Draft { tenant: asked.tenant, ..Draft::default() };
    around::page(&draw(parts, request, &operator, &draft, &[]).await?)
}

/// `POST /admin/users/new`: made, or drawn again with what is wrong.
#[handler]
pub async fn submit(
    operator: Operator,
    mut sent: Sent<Draft>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let draft = sent.take();
    let faults = match draft.parse(parts.settings.oidc.is_none()) {
        Err(faults) => faults,
        Ok(wanted) => match make(parts, &operator, wanted).await? {
            Ok(href) => return Ok(around::see_other(&href)),
            Err(fault) => vec![fault],
        },
    };
    let page = draw(parts, request, &operator, &draft, &faults).await?;
    again(&page, http::StatusCode::UNPROCESSABLE_ENTITY)
}

/// Makes the account and gives it its tenant: its own page, or what is wrong.
async fn make(parts: &Parts, operator: &Operator, wanted: Wanted) -> Result<std::result::Result<String, FieldFault>> {
    let (central, actor) = (&parts.central, operator.actor());
    let mut access = None;
    if let Some((slug, role)) = &wanted.access {
        match limits::in_time(parts.tenancy.named(operator, slug.as_str())).await? {
            Some(tenant) => access = Some((tenant, *role)),
            None => return Ok(Err(fault("tenant", format!("there is no tenant “{slug}”")))),
        }
    }
    if wanted.password.is_some() && !parts.settings.local_accounts {
        return Ok(Err(fault("password", "nobody signs in with a password here")));
    }
    let made = match wanted.password {
        Some(password) => {
            let new = NewAccount { email: wanted.email, name: wanted.name, password, operator: wanted.operator };
            accounts::create(central, actor, new, Policy::Real, Cost::default()).await
        }
        None => people::invite(central, actor, wanted.email, wanted.name, wanted.operator).await,
    };
    let user = match made {
        Ok(user) => user,
        Err(AccountError::Password(words)) => return Ok(Err(fault("password", words))),
        Err(error @ AccountError::Taken) => return Ok(Err(fault("email", error.to_string()))),
        Err(error) => return Err(Error::unavailable(error)),
    };
    if let Some((tenant, role)) = access {
        limits::in_time(members::grant(&parts.tenancy, actor, user.id, tenant, role)).await?;
    }
    Ok(Ok(format!("/admin/users/{}?done=made", user.id)))
}

async fn draw(
    parts: &Parts,
    request: &Request,
    operator: &Operator,
    draft: &Draft,
    faults: &[FieldFault],
) -> Result<NewUserPage> {
    let (chrome, desk) = framed(request, operator, "New user", at("/admin/users/new"), None);
    let all = limits::in_time(parts.tenancy.every(None)).await?;
    let tenant = if all.len() > OFFERED {
        Field::line("tenant", "Tenant", &draft.tenant).hint("Its short name, as it stands in addresses; may be left empty.")
    } else {
        let none = [(String::new(), "None yet".to_owned())];
        let choices = none.into_iter().chain(all.into_iter().map(|tenant| (tenant.slug.to_string(), tenant.name)));
        Field::choice("tenant", "Tenant", choices, &draft.tenant)
    };
    let roles = [("viewer", "Viewer: may look"), ("admin", "Admin: may also change the tenant's own things")];
    let mut fields =
        vec![Field::of_type("email", "E-mail", "email", &draft.email).required(), Field::line("name", "Full name", &draft.name)];
    if parts.settings.local_accounts {
        fields.push(password(parts));
    }
    fields.push(
        Field::check("operator", "Runs the installation", !draft.operator.is_empty())
            .hint("An operator keeps users, tenants and datastores, and reads the whole audit."),
    );
    let with = |fields: Vec<Field>| fields.into_iter().map(|field| field.with(faults)).collect();
    Ok(NewUserPage {
        chrome,
        desk,
        fields: with(fields),
        access: with(vec![tenant, Field::choice("role", "As", roles, &draft.role)]),
    })
}

fn password(parts: &Parts) -> Field {
    let field = Field::password("password", "First password");
    match parts.settings.oidc.is_some() {
        true => field
            .hint(&format!("{} Leave it empty for somebody who signs in with their company's account.", Policy::Real.words())),
        false => field.required().hint(&format!("{} Give it to them by a way you trust.", Policy::Real.words())),
    }
}
