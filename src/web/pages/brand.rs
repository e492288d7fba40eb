//! A tenant's accent as a small stylesheet of its own, so that no page needs an inline style.

use poem::{Response, handler};

use crate::chart::Color;
use crate::error::Result;
use crate::tenancy::TenantScope;

/// WCAG AA for text.
const CONTRAST: f64 = 4.5;

/// The address of the tenant's stylesheet, new whenever its accent is; none without an accent.
pub fn url(scope: &TenantScope) -> Option<String> {
    let accent = scope.brand().accent.as_deref()?;
    Some(format!("/tenant/{}/brand.css?v={}", scope.slug(), accent.trim_start_matches('#')))
}

/// `GET /tenant/{tenant}/brand.css`.
#[handler]
pub async fn show(scope: TenantScope) -> Result<Response> {
    let css = scope.brand().accent.as_deref().and_then(|text| text.parse().ok()).map(sheet).unwrap_or_default();
    Ok(Response::builder().content_type("text/css; charset=utf-8").header("cache-control", "private, max-age=86400").body(css))
}

/// The accent shifted to be readable on each ground, with a colour that is readable on it.
fn sheet(accent: Color) -> String {
    let rule = |ground: Color| {
        let shown = readable(accent, ground);
        format!("--accent:{shown};--on-accent:{}", ink_on(shown))
    };
    let (light, dark) = (rule(Color::LIGHT_GROUND), rule(Color::DARK_GROUND));
    format!(
        ":root{{{light}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}:root[data-theme=dark]{{{dark}}}"
    )
}

/// An accent on a piece of each ground, for a form that asks how it would look.
pub(super) fn preview(accent: Color) -> String {
    let rule = |name: &str, ground: Color| {
        let shown = readable(accent, ground);
        format!(".preview.{name}{{--accent:{shown};--on-accent:{}}}", ink_on(shown))
    };
    rule("light", Color::LIGHT_GROUND) + &rule("dark", Color::DARK_GROUND)
}

/// The colour, moved away from the ground in small steps until text in it can be read.
fn readable(accent: Color, ground: Color) -> Color {
    let goal = if ground.luminance() > 0.5 { 0.0 } else { 255.0 };
    let moved = |step: u32| {
        let part = |value: u8| (f64::from(value) + (goal - f64::from(value)) * f64::from(step) / 20.0).round() as u8;
        Color::new(accent.rgb().map(part))
    };
    (0..=20).map(moved).find(|color| color.contrast(ground) >= CONTRAST).unwrap_or(accent)
}

/// Black or white, whichever is easier to read on it.
fn ink_on(color: Color) -> &'static str {
    let on = |ink: [u8; 3]| color.contrast(Color::new(ink));
    if on([255; 3]) >= on([0; 3]) { "#ffffff" } else { "#000000" }
}

#[cfg(test)]
mod tests {
    use super::{CONTRAST, ink_on, readable};
    use crate::chart::Color;

    #[test]
    fn any_accent_becomes_readable_on_both_grounds() {
        for text in ["#ffffff", "#000000", "#3B82F6", "#ffe600", "#777777", "#00ff00"] {
            let accent: Color = text.parse().expect("a colour");
            for ground in [Color::LIGHT_GROUND, Color::DARK_GROUND] {
                let shown = readable(accent, ground);
                assert!(shown.contrast(ground) >= CONTRAST, "{text}");
                assert!(shown.contrast(ink_on(shown).parse().expect("a colour")) >= CONTRAST, "{text}");
            }
        }
    }
}
