use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{bad, good, note};
use crate::central::sqlite_file;
use crate::domain::Finding;
use crate::settings::Settings;

/// The settings alone, without asking anybody.
pub(super) fn look(settings: &Settings, security: bool) -> Vec<Finding> {
    let mut findings = vec![key(settings), way_in(settings), proxies(settings), internal(settings)];
    findings.extend(settings.warnings.iter().map(|warning| note(warning.clone(), "")));
    findings.extend(data(settings));
    if security {
        findings.push(match settings.rates.enabled {
            true => good("requests are counted and limited"),
            false => bad("nobody is limited in how often they ask", "remove LOGGIA_RATE_LIMIT__ENABLED=false"),
        });
        findings.extend(choices(settings));
    }
    findings
}

fn key(settings: &Settings) -> Finding {
    let fix = "set LOGGIA_SECRET_KEY to 32 random bytes, for example from: openssl rand -base64 32; with the old one in LOGGIA_PREVIOUS_SECRET_KEY, `loggia secret rotate` seals anew";
    match &settings.secret_key {
        None if settings.demo_key().exists() => note("the key is the one a demo made for itself", fix),
        None => bad("there is no key to seal stored secrets with", fix),
        Some(key) => {
            let text = key.reveal();
            let letters = text.chars().collect::<BTreeSet<char>>().len();
            match text.len() {
                ..32 => bad("LOGGIA_SECRET_KEY is shorter than 32 characters", fix),
                _ if letters < 10 => bad("LOGGIA_SECRET_KEY is not random", fix),
                _ => good("stored secrets are sealed with a key of their own"),
            }
        }
    }
}

fn way_in(settings: &Settings) -> Finding {
    let beyond = !settings.listen.ip().is_loopback();
    if settings.is_https() {
        return good("visitors come over https");
    }
    if settings.allow_http {
        let fix = "set LOGGIA_TLS__CERT and LOGGIA_TLS__KEY, or LOGGIA_PUBLIC_URL=https://… behind a proxy, and remove LOGGIA_ALLOW_HTTP";
        return bad("passwords and sessions go over the network where everybody can read them (LOGGIA_ALLOW_HTTP)", fix);
    }
    match beyond {
        true => bad(
            "visitors come without https",
            "set LOGGIA_TLS__CERT and LOGGIA_TLS__KEY, or LOGGIA_PUBLIC_URL=https://… behind a proxy",
        ),
        false => note("visitors come from this machine alone, without https", ""),
    }
}

fn proxies(settings: &Settings) -> Finding {
    let everybody = settings.trusted_proxies.iter().find(|net| net.prefix_len() == 0);
    if let Some(net) = everybody {
        let fix = "name your proxies' own addresses in LOGGIA_TRUSTED_PROXIES";
        return bad(format!("everybody is a trusted proxy ({net}): anybody can say they come from anywhere"), fix);
    }
    let behind = settings.is_https() && settings.tls.is_none();
    if behind && settings.trusted_proxies.is_empty() {
        let fix = "name its address in LOGGIA_TRUSTED_PROXIES";
        return note("the proxy that ends TLS is not trusted: all visitors look like one, and share one limit of sign-ins", fix);
    }
    good("addresses of visitors are believed from where they are known")
}

fn internal(settings: &Settings) -> Finding {
    if settings.internal_listen.ip().is_loopback() {
        return good("the internal listener is for this machine alone");
    }
    if settings.internal_tls.is_some() {
        return good("the internal listener speaks TLS");
    }
    let fix = "set LOGGIA_INTERNAL_TLS__CERT and __KEY, or keep it on a network that nobody else is on";
    bad(format!("the internal listener takes credentials on {} without TLS", settings.internal_listen), fix)
}

/// Files that others on the machine could read.
fn data(settings: &Settings) -> Vec<Finding> {
    let files = [
        Some(settings.demo_key()),
        sqlite_file(settings.database_url.reveal()),
        settings.tls.as_ref().map(|tls| tls.key.clone()),
    ];
    let open = files.into_iter().flatten().filter(|path| is_open(path));
    let told = |path: std::path::PathBuf| {
        let fix = format!("chmod o-rwx {}", path.display());
        bad(format!("everybody on this machine may read {}", path.display()), fix)
    };
    open.map(told).collect()
}

fn is_open(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let others = |path: &Path, bit: u32| std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & bit != 0);
    // A folder nobody else may enter hides what is in it.
    others(path, 0o004) && others(folder, 0o001)
}

/// What was chosen knowingly, for those who look on.
fn choices(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    if settings.operators_read_tenants {
        findings.push(note(
            "operators may read every tenant's data; each first look is in the tenant's audit",
            "LOGGIA_OPERATORS__READ_TENANTS=false",
        ));
    }
    if settings.endpoint_private {
        findings.push(note("custom panels may ask servers on private addresses", "LOGGIA_ENDPOINTS__ALLOW_PRIVATE=false"));
    }
    if settings.public_url.is_none() && !settings.demo {
        findings.push(note("forms are held to the Host of the request", "set LOGGIA_PUBLIC_URL, then its origin alone counts"));
    }
    if settings.oidc.is_some() && settings.local_accounts {
        findings.push(note(
            "people may sign in with passwords kept here beside the identity provider",
            "LOGGIA_ACCOUNTS__LOCAL=false",
        ));
    }
    findings
}
