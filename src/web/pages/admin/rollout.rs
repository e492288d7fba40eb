//! By which flow a tenant's hosted apps are reached: shown, looked at beforehand, and switched.

use std::sync::Arc;

use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde::Deserialize;

use super::again;
use super::tenant::{Sheet, SlugPath, draw, refuse};
use super::user::seen;
use crate::apps::Verdict;
use crate::domain::{Finding, Level, Rollout};
use crate::error::Result;
use crate::tenancy::tenants::{Record, TenantEdit};
use crate::tenancy::{Operator, Refused};
use crate::web::guards::Sent;
use crate::web::{Parts, around};

/// One flow, to be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its word.
    pub value: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Whether it is the one.
    pub chosen: bool,
}

/// A finding, as a row.
#[derive(Clone, Debug)]
pub struct Found {
    /// `good`, `warn` or `bad`.
    pub mark: &'static str,
    /// The word.
    pub word: &'static str,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

/// The form of the flow.
#[derive(Clone, Debug)]
pub struct Flow {
    /// The apps the tenant has, by title.
    pub apps: Vec<String>,
    /// The flows.
    pub choices: Vec<Choice>,
    /// What is wrong with what was chosen.
    pub fault: Option<String>,
    /// What the look found.
    pub findings: Vec<Found>,
    /// What follows from it.
    pub outcome: Option<Outcome>,
}

/// What a look led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody looked, and it could be switched.
    Ready,
    /// Somebody looked, and it could not.
    Unready,
    /// It was not switched.
    Refused,
}

impl Outcome {
    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Outcome::Ready => "It can go over to the new flow.",
            Outcome::Unready => "It cannot go over to the new flow as things stand.",
            Outcome::Refused => "Not switched: see to what is a fault below first.",
        }
    }
}

/// What the page is drawn with of the flow.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) wanted: Option<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) outcome: Option<Outcome>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    rollout: String,
    version: String,
    act: String,
}

/// `POST /admin/tenants/{slug}/rollout`: looked at, switched, or drawn again with what stands against it.
#[handler]
pub async fn switch(
    operator: Operator,
    Path(path): Path<SlugPath>,
    mut sent: Sent<Wanted>,
    Data(parts): Data<&Arc<Parts>>,
    request: &Request,
) -> Result<Response> {
    let (record, wanted) = (path.record(parts).await?, sent.take());
    if wanted.act == "check" {
        let findings = parts.preflight().look(&record).await.map_err(Refused::from)?;
        let outcome = if findings.iter().any(Finding::is_bad) { Outcome::Unready } else { Outcome::Ready };
        let looked = Looked { wanted: Some(wanted.rollout), findings, outcome: Some(outcome) };
        return around::page(&draw(parts, request, &operator, &record, Sheet { looked, ..Sheet::default() }).await?);
    }
    let kept = Looked { wanted: Some(wanted.rollout.clone()), ..Looked::default() };
    match go(parts, &operator, &record, &wanted).await {
        Ok(Gone::There(to)) => Ok(around::see_other(&format!("/admin/tenants/{}?done={to}", record.tenant.slug))),
        Ok(Gone::Not(findings)) => {
            let looked = Looked { findings, outcome: Some(Outcome::Refused), ..kept };
            let page = draw(parts, request, &operator, &record, Sheet { looked, ..Sheet::default() }).await?;
            again(&page, http::StatusCode::CONFLICT)
        }
        Err(Refused::Stale) => {
            let refused = Refused::NotNow(
                "Somebody else changed this tenant meanwhile. What is stored now is shown: choose anew.".to_owned(),
            );
            refuse(parts, request, &operator, &path, Sheet::default(), refused).await
        }
        Err(refused) => refuse(parts, request, &operator, &path, Sheet { looked: kept, ..Sheet::default() }, refused).await,
    }
}

enum Gone {
    There(Rollout),
    Not(Vec<Finding>),
}

async fn go(parts: &Parts, operator: &Operator, record: &Record, wanted: &Wanted) -> std::result::Result<Gone, Refused> {
    let to: Rollout = wanted.rollout.parse().map_err(|_| Refused::fault("rollout", "choose one of these"))?;
    let version = seen(&wanted.version);
    if version != Some(record.updated_at) {
        return Err(Refused::Stale);
    }
    match parts.preflight().step(record, to).await? {
        Verdict::Stay(findings) => Ok(Gone::Not(findings)),
        Verdict::Go(step, _) => {
            let edit = TenantEdit { rollout: Some(step), seen: version, ..TenantEdit::default() };
            parts.tenancy.edit(operator.actor(), record.tenant.slug.as_str(), &edit).await?;
            Ok(Gone::There(to))
        }
    }
}

/// The form as it is drawn.
pub(super) fn flow(parts: &Parts, record: &Record, sheet: &Sheet) -> Flow {
    let tenant = &record.tenant;
    let apps = parts.catalog.now().apps_of(&tenant.slug, &tenant.config.shown());
    let chosen = sheet.looked.wanted.as_deref().filter(|word| word.parse::<Rollout>().is_ok());
    let chosen = chosen.unwrap_or(tenant.rollout.as_str());
    let choice = |rollout: Rollout| {
        let (name, what) = match rollout {
            Rollout::Legacy => ("Legacy", "the apps as they were, without a token"),
            Rollout::Canary => ("Canary", "the new apps with the tenant’s token, tried by some tenants first"),
            Rollout::Current => ("Current", "the same, for good"),
        };
        Choice { value: rollout.as_str(), name, what, chosen: rollout.as_str() == chosen }
    };
    Flow {
        apps: apps.into_iter().map(|(app, _)| app.title.clone()).collect(),
        choices: Rollout::ALL.into_iter().map(choice).collect(),
        fault: sheet.faults.iter().find(|fault| fault.field == "rollout").map(|fault| fault.message.clone()),
        findings: sheet.looked.findings.iter().map(found).collect(),
        outcome: sheet.looked.outcome,
    }
}

fn found(finding: &Finding) -> Found {
    let (mark, word) = match finding.level {
        Level::Good => ("good", "ok"),
        Level::Note => ("warn", "warning"),
        Level::Bad => ("bad", "fault"),
    };
    Found { mark, word, what: finding.what.clone(), fix: finding.fix.clone() }
}
