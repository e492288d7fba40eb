use super::super::tenant::Desk;
use super::{bad, good};
use crate::central::Central;
use crate::domain::Finding;
use crate::settings::Settings;
use crate::tenancy::tenants::{Listing, Record};
use crate::tenancy::{Refused, Status};

/// In place of a tenant: all that are open and have an app.
pub(in crate::app) const EVERY: &str = "*";
/// So many tenants are looked through for that.
const LOOKED_THROUGH: u32 = 2_000;
const PAGE: u32 = 200;

/// The look before a tenant, or every tenant, goes over to the new flow of its hosted apps.
pub(super) async fn look(settings: &Settings, central: Option<&Central>, slug: &str) -> Vec<Finding> {
    let failed = |why: String| vec![bad(format!("no hosted app was looked at: {why}"), "see to what is bad beside this first")];
    let Some(central) = central else { return failed("the central database does not answer".to_owned()) };
    let desk = match Desk::open(settings, central).await {
        Ok(desk) => desk,
        Err(fault) => return failed(fault),
    };
    match findings(settings, &desk, slug).await {
        Ok(findings) => findings,
        Err(Refused::NotFound(_)) => {
            let fix = "`loggia apply` brings the folders in; look at the spelling";
            vec![bad(format!("there is no tenant {slug} in the central database"), fix)]
        }
        Err(fault) => failed(fault.to_string()),
    }
}

async fn findings(settings: &Settings, desk: &Desk, slug: &str) -> Result<Vec<Finding>, Refused> {
    let records = if slug == EVERY { every(desk).await? } else { vec![desk.tenancy.record(slug).await?] };
    if records.is_empty() {
        return Ok(vec![good("no tenant has a hosted app")]);
    }
    let mut findings: Vec<Finding> = Vec::new();
    for record in &records {
        // what is said of a shared app is said once
        let found = desk.preflight(settings).look(record).await?;
        findings.extend(found.into_iter().filter(|finding| !findings.contains(finding)).collect::<Vec<_>>());
    }
    Ok(findings)
}

async fn every(desk: &Desk) -> Result<Vec<Record>, Refused> {
    let mut every = Vec::new();
    for page in 1..=LOOKED_THROUGH / PAGE {
        let listing = Listing { page, size: PAGE, status: Some(Status::Active), ..Listing::default() };
        let found = desk.tenancy.records(listing).await?;
        let done = u64::from(page * PAGE) >= found.total;
        every.extend(found.items.into_iter().filter(|record| desk.has_apps(record)));
        if done {
            break;
        }
    }
    Ok(every)
}
