//! The commands that change the central database from the server's own console.

use std::io::{IsTerminal, Read};

use super::build;
use super::command::User;
use crate::central::{self, Central};
use crate::config::{Catalog, DatastoreDecl, Secret, TenantFile, Version};
use crate::domain::{Actor, Clock, CorrelationId, Email, Role, Slug};
use crate::identity::accounts::{self, NewAccount};
use crate::identity::{self, Cost, Policy};
use crate::settings::Settings;
use crate::tenancy::{DatastoreDeclaration, Difference, How, SecretReference, Tenancy, TenantDeclaration, members};

/// `loggia migrate`: the central database to the current version, and what was done.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn migrate(settings: &Settings) -> Result<String, String> {
    let applied = build::migrate(settings).await?;
    match applied.as_slice() {
        [] => Ok("The central database is at the current version.".to_owned()),
        applied => Ok(applied.iter().map(|name| format!("applied {name}\n")).collect()),
    }
}

/// `loggia apply`: the tenants folder into the central database. Faulty files are left as they were.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn apply(settings: &Settings, plan: bool, restore: bool) -> Result<String, String> {
    let folder = build::tenants_dir(settings)?;
    let catalog = tokio::task::spawn_blocking(move || Catalog::load(&folder, None)).await.map_err(|e| e.to_string())?;
    let (_, tenancy) = desk(settings).await?;
    let (folders, how) = (declarations(&catalog), How { prune: true, restore });
    let outcome = match plan {
        true => tenancy.plan(&folders, how).await,
        false => tenancy.apply(&identity::console(CorrelationId::new()), &folders, how).await,
    };
    Ok(told(&outcome.map_err(|e| e.to_string())?, plan))
}

fn told(differences: &[Difference], plan: bool) -> String {
    if differences.is_empty() {
        return "The central database says what the tenants folder says.".to_owned();
    }
    let mut text: String = differences.iter().map(|difference| format!("{}: {}\n", difference.slug, difference.what)).collect();
    text.push_str(if plan { "Nothing was changed: this is the plan." } else { "Done." });
    text
}

/// `loggia user …`.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn user(settings: &Settings, user: User) -> Result<String, String> {
    let (central, tenancy) = desk(settings).await?;
    let actor = identity::console(CorrelationId::new());
    match user {
        User::Create { email, name, operator, tenants } => {
            create(&central, &tenancy, &actor, &email, name, operator, &tenants).await
        }
        User::List => list(&central).await,
        User::Explain { email } => explain(settings, &central, &email.parse()?).await,
        User::SetPassword { email } => {
            let email: Email = email.parse()?;
            let set = accounts::set_password(&central, &actor, &email, password()?, Policy::Real, Cost::default()).await;
            set.map_err(|e| e.to_string())?;
            Ok(format!("{email} has a new password; its sessions have ended."))
        }
    }
}

async fn explain(settings: &Settings, central: &Central, email: &Email) -> Result<String, String> {
    let key = super::key::settle(settings, central).await?;
    let sealer = build::sealer(&Settings { secret_key: Some(key), ..settings.clone() })?;
    let told = identity::oidc::explain(central, &sealer, settings.oidc.as_ref(), email).await.map_err(|e| e.to_string())?;
    told.ok_or_else(|| format!("there is no account {email}; with a verified address it is made at the first sign-in"))
}

async fn create(
    central: &Central,
    tenancy: &Tenancy,
    actor: &Actor,
    email: &str,
    name: Option<String>,
    operator: bool,
    tenants: &[String],
) -> Result<String, String> {
    let email: Email = email.parse()?;
    let memberships = tenants.iter().map(|text| membership(text)).collect::<Result<Vec<_>, _>>()?;
    for (slug, _) in &memberships {
        if central::tenants::find(central, slug).await.map_err(|e| e.to_string())?.is_none() {
            return Err(format!(
                "there is no tenant {slug} in the central database (`loggia apply` brings the folders in); nothing was created"
            ));
        }
    }
    let account = NewAccount { email: email.clone(), name, password: password()?, operator };
    accounts::create(central, actor, account, Policy::Real, Cost::default()).await.map_err(|e| e.to_string())?;
    for (slug, role) in memberships {
        members::assign(tenancy, actor, &slug, &email, role).await.map_err(|e| format!("{email} was created, but: {e}"))?;
    }
    Ok(format!("{email} can sign in."))
}

/// `acme-corp` or `acme-corp:admin`.
fn membership(text: &str) -> Result<(Slug, Role), String> {
    let (slug, role) = text.split_once(':').unwrap_or((text, "viewer"));
    Ok((slug.parse()?, role.parse()?))
}

async fn list(central: &Central) -> Result<String, String> {
    let users = accounts::list(central).await.map_err(|e| e.to_string())?;
    if users.is_empty() {
        return Ok("There is no account yet; make one with: loggia user create EMAIL".to_owned());
    }
    let line = |user: &central::users::User| {
        let marks =
            [(user.operator, "operator"), (!user.active, "inactive")].into_iter().filter(|(is, _)| *is).map(|(_, word)| word);
        let line =
            format!("{}\t{}\t{}", user.email, user.name.as_deref().unwrap_or_default(), marks.collect::<Vec<_>>().join(", "));
        format!("{}\n", line.trim_end())
    };
    Ok(users.iter().map(line).collect())
}

/// The password: asked for without showing it, or the first line of standard input.
fn password() -> Result<String, String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Password: ").map_err(|e| e.to_string());
    }
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .map_err(|e| format!("the password cannot be read from standard input: {e}"))?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() { Err("give the password on standard input".to_owned()) } else { Ok(line) }
}

async fn desk(settings: &Settings) -> Result<(Central, Tenancy), String> {
    let central = build::central(settings, Clock::system()).await?;
    let audit = central::audit::Queue::start(&central);
    let tenancy = Tenancy::new(&central, &audit, build::house(settings, &build::sealer(settings)?)?);
    Ok((central, tenancy))
}

/// What the files say of the tenants, for the central database. One whose file is faulty is named all the same: its folder is
/// still there.
pub fn declarations(catalog: &Catalog) -> Vec<TenantDeclaration> {
    catalog.tenants().into_iter().map(declaration).collect()
}

fn declaration(file: &TenantFile) -> TenantDeclaration {
    TenantDeclaration {
        slug: file.slug.clone(),
        readable: file.version != Version::Faulty,
        name: file.name.clone(),
        zone: file.zone,
        accent: file.brand.accent.clone(),
        logo: file.brand.logo.clone(),
        datastores: file.datastores.iter().filter_map(datastore).collect(),
        dashboards: file.dashboards.clone(),
        apps: file.apps.clone(),
    }
}

fn datastore(declared: &DatastoreDecl) -> Option<DatastoreDeclaration> {
    let url = match &declared.url {
        Secret::Plain(text) => SecretReference::Plain(text.clone()),
        Secret::Env(name) => SecretReference::Env { env: name.clone() },
        Secret::File(path) => SecretReference::File { file: path.clone() },
    };
    Some(DatastoreDeclaration {
        kind: declared.kind.as_str().parse().ok()?,
        url,
        env: declared.env.as_deref().and_then(|env| env.parse().ok()),
        primary: declared.primary,
        catalog: declared.catalog.clone(),
        workspace: declared.workspace.clone(),
        schema: declared.schema.clone(),
        statement_timeout: declared.statement_timeout.and_then(|limit| limit.to_std().ok()),
        max_connections: declared.max_connections.map(u32::from),
    })
}
