//! A tenant's accent as a small stylesheet of its own, so that no page needs an inline style.

use poem::{Response, handler};

use crate::chart::Color;
use crate::error::Result;
use crate::tenancy::TenantScope;

/// The grounds text stands on, light and dark; they are `--surface` in the stylesheet.
const LIGHT: &str = "#ffffff";
const DARK: &str = "#161a21";
/// WCAG AA for text.
const CONTRAST: f64 = 4.5;

/// The address of the tenant's stylesheet, new whenever its accent is; none without an accent.
pub fn url(scope: &TenantScope) -> Option<String> {
    let accent = scope.accent()?;
    Some(format!("/tenant/{}/brand.css?v={}", scope.slug(), accent.trim_start_matches('#')))
}

/// `GET /tenant/{tenant}/brand.css`.
#[handler]
pub async fn show(scope: TenantScope) -> Result<Response> {
    let css = scope.accent().and_then(|text| text.parse().ok()).map(|accent| sheet(&accent)).unwrap_or_default();
    Ok(Response::builder().content_type("text/css; charset=utf-8").header("cache-control", "private, max-age=86400").body(css))
}

/// The accent shifted to be readable on each ground, with a colour that is readable on it.
fn sheet(accent: &Color) -> String {
    let rule = |ground: &str| {
        let ground: Option<Color> = ground.parse().ok();
        let shown = ground.map_or(*accent, |ground| accent.readable_on(&ground, CONTRAST));
        format!("--accent:{shown};--on-accent:{}", shown.ink())
    };
    let (light, dark) = (rule(LIGHT), rule(DARK));
    format!(":root{{{light}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}:root[data-theme=dark]{{{dark}}}")
}
