use super::super::build;
use super::{bad, good, note};
use crate::config::Catalog;
use crate::domain::Finding;
use crate::settings::Settings;

/// How hosted apps are served: what each way lets them do.
pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let apps = match count(settings).await {
        Ok(apps) => apps,
        Err(fault) => return vec![bad(fault, "look at LOGGIA_TENANTS_DIR")],
    };
    let mut findings = vec![served(settings, apps)];
    if !settings.apps.jwt_injection {
        findings.push(note(
            "no hosted app is sent a token: each shows every tenant the same, and cannot tell who asks",
            "remove LOGGIA_APPS__JWT_INJECTION=false",
        ));
    }
    findings
}

/// How many apps the files name.
async fn count(settings: &Settings) -> Result<usize, String> {
    let folder = build::tenants_dir(settings)?;
    let catalog = tokio::task::spawn_blocking(move || Catalog::load(&folder, None)).await;
    Ok(catalog.map_err(|e| format!("the tenants folder cannot be read: {e}"))?.apps().len())
}

fn served(settings: &Settings, apps: usize) -> Finding {
    let fix = "set LOGGIA_APPS__ORIGIN to an origin that is theirs alone, like https://apps.example.com";
    if let Some(origin) = &settings.apps.origin {
        return good(format!(
            "hosted apps are served on {}, where they reach nothing of ours",
            origin.origin().ascii_serialization()
        ));
    }
    if settings.apps.trusted || settings.demo {
        let why = if settings.apps.trusted { "LOGGIA_APPS__TRUSTED=true" } else { "the demo" };
        return note(format!("hosted apps are served on our own origin ({why}): each acts with its viewer's rights here"), fix);
    }
    match apps {
        0 => good("no app is hosted"),
        _ => note("apps are described in files and served to nobody: they are switched off", fix),
    }
}
