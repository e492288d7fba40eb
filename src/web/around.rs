//! What stands around a page: theme, switchers, the addresses of its assets.

use poem::{IntoResponse, Request, Response};

use super::Parts;
use super::assets;
use super::cookie;
use super::limits;
use super::pages::{Assets, Chrome, DashboardLink, Link, TenantLink, Theme, UserView};
use super::view::{PageView, dashboard_path};
use crate::config::Dashboard;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::panel::Address;
use crate::tenancy::TenantScope;

/// The cookie in which the script remembers the theme.
const THEME: &str = "loggia_theme";
/// The cookie by which the server knows that a script runs (DECISIONS 28).
const SCRIPT: &str = "loggia_js";
/// The cookie that remembers the dashboard last seen; what it names is checked anew each time.
pub const LAST: &str = "loggia_last";
/// Tenants listed in the switcher; the landing page has all, searchable.
const SWITCHER: usize = 20;

/// A finished page.
pub fn page(template: &impl askama::Template) -> Result<Response> {
    let html = template.render().map_err(|e| Error::Internal(anyhow::anyhow!("a template failed: {e}")))?;
    Ok(Response::builder().content_type("text/html; charset=utf-8").body(html))
}

/// Whether the browser has shown that it runs our script.
pub fn has_script(request: &Request) -> bool {
    cookie::plain(request, SCRIPT).as_deref() == Some("1")
}

/// The theme: the address's, else the one remembered.
pub fn theme(request: &Request) -> Theme {
    let query = request.uri().query().unwrap_or_default();
    let named = url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == "theme").and_then(|(_, v)| Theme::parse(&v));
    named.or_else(|| cookie::plain(request, THEME).and_then(|word| Theme::parse(&word))).unwrap_or_default()
}

/// What a page loads, with the tenant's own stylesheet where it has one.
pub fn loaded(brand: Option<String>) -> Assets {
    Assets {
        css: assets::url("loggia.css"),
        js: assets::url("loggia.js"),
        htmx: assets::url("htmx.min.js"),
        icon: assets::url("loggia.svg"),
        brand,
    }
}

/// The frame of a page that belongs to no tenant.
pub fn bare(title: &str, theme: Theme, identity: Option<&Identity>, page: Address) -> Chrome {
    let administration = Link { name: "Administration".to_owned(), href: "/admin".to_owned(), current: false };
    let places = identity.filter(|identity| identity.is_operator()).map(|_| administration).into_iter().collect();
    Chrome { title: title.to_owned(), assets: loaded(None), theme, user: identity.map(user), places, page, ..Chrome::default() }
}

fn user(identity: &Identity) -> UserView {
    UserView { name: identity.name().to_owned(), email: identity.email().to_string() }
}

/// The frame of a tenant's page.
///
/// # Errors
/// When the central database does not answer.
pub async fn tenant(
    parts: &Parts,
    request: &Request,
    scope: &TenantScope,
    dashboard: &Dashboard,
    view: &PageView,
) -> Result<Chrome> {
    let page = view.page(scope, dashboard);
    let mine = limits::in_time(parts.tenancy.mine(scope.identity(), None, 1)).await?;
    let catalog = parts.catalog.now();
    let tenants = mine.items.iter().take(SWITCHER).map(|card| TenantLink {
        name: card.name.clone(),
        // The other tenant's dashboard of the same name with the same range, where it has one.
        href: match catalog.has(&card.slug, &card.dashboards, &dashboard.key, card.role) {
            _ if card.slug == *scope.slug() => page.href(),
            true => {
                Address { path: dashboard_path(card.slug.as_str(), dashboard.key.as_str()), query: shared(&view.query) }.href()
            }
            false => Address { path: format!("/tenant/{}", card.slug), query: shared(&view.query) }.href(),
        },
        current: card.slug == *scope.slug(),
    });
    let dashboards = catalog.dashboards(scope).into_iter().map(|title| DashboardLink {
        href: if title.key == dashboard.key {
            page.href()
        } else {
            Address { path: dashboard_path(scope.slug().as_str(), title.key.as_str()), query: shared(&view.query) }.href()
        },
        current: title.key == dashboard.key,
        name: title.name,
    });
    let (tenants, dashboards) = (tenants.collect(), dashboards.collect());
    let mut chrome = bare(
        &format!("{} · {}", dashboard.name, scope.name()),
        view.theme.unwrap_or_else(|| theme(request)),
        Some(scope.identity()),
        page,
    );
    chrome.tenants = tenants;
    if !chrome.tenants.iter().any(|tenant| tenant.current) {
        // Behind the first twenty: where one is must be told all the same.
        let here = Address { path: format!("/tenant/{}", scope.slug()), query: shared(&view.query) }.href();
        chrome.tenants.insert(0, TenantLink { name: scope.name().to_owned(), href: here, current: true });
    }
    chrome.dashboards = dashboards;
    chrome.kiosk = view.kiosk;
    chrome.tv = view.tv;
    chrome.places = places(scope, chrome.places);
    chrome.assets.brand = super::pages::brand::url(scope);
    Ok(chrome)
}

/// The frame of a tenant's page that is no dashboard.
///
/// # Errors
/// When the central database does not answer.
pub async fn of_tenant(parts: &Parts, request: &Request, scope: &TenantScope, title: &str, page: Address) -> Result<Chrome> {
    let mine = limits::in_time(parts.tenancy.mine(scope.identity(), None, 1)).await?;
    let others = mine.items.iter().filter(|card| card.slug != *scope.slug()).take(SWITCHER);
    let link = |name: &str, href: String, current| TenantLink { name: name.to_owned(), href, current };
    let here = link(scope.name(), page.href(), true);
    let others = others.map(|card| link(&card.name, format!("/tenant/{}", card.slug), false));
    let mut chrome = bare(title, theme(request), Some(scope.identity()), page);
    chrome.tenants = std::iter::once(here).chain(others).collect();
    chrome.assets.brand = super::pages::brand::url(scope);
    chrome.places = places(scope, chrome.places);
    Ok(chrome)
}

/// Where a tenant's administrator may go beside its dashboards, before what they may do anywhere.
fn places(scope: &TenantScope, elsewhere: Vec<Link>) -> Vec<Link> {
    let place = |(word, name): (&str, &str)| Link {
        name: name.to_owned(),
        href: format!("/tenant/{}/{word}", scope.slug()),
        current: false,
    };
    let own = [("members", "Members"), ("audit", "Audit"), ("devices", "Wall screens")];
    let own = own.into_iter().filter(|_| scope.role().is_author()).map(place);
    own.chain(elsewhere).collect()
}

/// What of a view means the same on another dashboard.
pub fn shared(query: &[(String, String)]) -> Vec<(String, String)> {
    query
        .iter()
        .filter(|(k, _)| matches!(k.as_str(), "from" | "to" | "tz" | "refresh" | "theme" | "kiosk" | "rotate" | "every"))
        .cloned()
        .collect()
}

/// A redirect with 303: whatever was sent, the next is a GET.
pub fn see_other(href: &str) -> Response {
    Response::builder().status(http::StatusCode::SEE_OTHER).header("location", href).finish().into_response()
}

/// An answer that leads somewhere with 303.
pub fn leading_to(mut response: Response, href: &str) -> Response {
    response.set_status(http::StatusCode::SEE_OTHER);
    if let Ok(value) = http::HeaderValue::from_str(href) {
        response.headers_mut().insert(http::header::LOCATION, value);
    }
    response
}

/// Where visitors reach this server: what the operator says, else what the browser calls it.
pub fn origin(parts: &Parts, request: &Request) -> String {
    match &parts.settings.public_url {
        Some(url) => url.origin().ascii_serialization(),
        None => {
            let scheme = if parts.settings.is_https() { "https" } else { "http" };
            format!("{scheme}://{}", request.header("host").unwrap_or("localhost"))
        }
    }
}

/// A path of our own that is safe to lead to after signing in; anything else leads home.
pub fn own_path(text: &str) -> &str {
    let plain = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        && text.len() <= 4096
        && text.bytes().all(|b| b.is_ascii_graphic());
    let leads_out = text.starts_with("/logout") || text.starts_with("/login");
    if plain && !leads_out { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_paths_of_our_own_are_followed_after_signing_in() {
        assert_eq!(own_path("/tenant/acme?from=now-1h"), "/tenant/acme?from=now-1h");
        for foreign in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a\u{1}",
            "/ä",
            "",
            "x",
            "/logout",
            "/login?next=/",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign}");
        }
    }
}
