//! An app's own cookies: those its file lists, each under a name of its tenant's, within the app's own path.

use http::header::{self, HeaderMap, HeaderValue};

use crate::config::App;
use crate::domain::TenantId;

/// What stands before the name of an app's cookie: two tenants in one browser never share one.
fn start(app: &App, tenant: TenantId) -> String {
    format!("loggia-app-{}-{}-", app.key, tenant.0.simple())
}

/// The app's own cookies among those of a request, under the names it gave them. Ours are never among them.
pub fn to_app(headers: &HeaderMap, app: &App, tenant: TenantId) -> Option<String> {
    if app.cookies.is_empty() {
        return None;
    }
    let start = start(app, tenant);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).map(str::trim).filter_map(|pair| pair.strip_prefix(start.as_str()));
    let own = pairs.filter(|pair| pair.split_once('=').is_some_and(|(name, _)| app.cookies.iter().any(|own| own == name)));
    let own: Vec<&str> = own.collect();
    (!own.is_empty()).then(|| own.join("; "))
}

/// The cookies an app sets, as the browser is told: the listed ones, for this tenant, in this app's path, to this host alone.
pub fn to_browser(headers: &HeaderMap, app: &App, tenant: TenantId, https: bool) -> Vec<HeaderValue> {
    let set = headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
    set.filter_map(|line| rewritten(line, app, tenant, https)).collect()
}

fn rewritten(line: &str, app: &App, tenant: TenantId, https: bool) -> Option<HeaderValue> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let name = name.trim();
    if !app.cookies.iter().any(|own| own == name) {
        return None;
    }
    let mut cookie = format!("{}{name}={}; Path=/dash/{}/; SameSite=Lax", start(app, tenant), value.trim(), app.key);
    for attribute in parts.map(str::trim) {
        let word = attribute.split('=').next().unwrap_or_default();
        if ["expires", "max-age", "httponly"].iter().any(|kept| word.eq_ignore_ascii_case(kept)) {
            cookie.push_str("; ");
            cookie.push_str(attribute);
        }
    }
    if https {
        cookie.push_str("; Secure");
    }
    HeaderValue::from_str(&cookie).ok()
}
