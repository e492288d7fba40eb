use super::super::tenant::Desk;
use super::bad;
use crate::central::Central;
use crate::domain::Finding;
use crate::settings::Settings;
use crate::tenancy::Refused;

/// The look before a tenant goes over to the new flow of its hosted apps.
pub(super) async fn look(settings: &Settings, central: Option<&Central>, slug: &str) -> Vec<Finding> {
    let fix = "see to what is bad above first";
    let Some(central) = central else {
        return vec![bad(format!("the apps of {slug} were not looked at: the central database does not answer"), fix)];
    };
    let desk = match Desk::open(settings, central).await {
        Ok(desk) => desk,
        Err(fault) => return vec![bad(format!("the apps of {slug} were not looked at: {fault}"), fix)],
    };
    let found = match desk.tenancy.record(slug).await {
        Ok(record) => desk.preflight(settings).look(&record).await.map_err(Refused::from),
        Err(refused) => Err(refused),
    };
    match found {
        Ok(findings) => findings,
        Err(Refused::NotFound(_)) => {
            let fix = "`loggia apply` brings the folders in; look at the spelling";
            vec![bad(format!("there is no tenant {slug} in the central database"), fix)]
        }
        Err(fault) => vec![bad(format!("the apps of {slug} were not looked at: {fault}"), fix)],
    }
}
