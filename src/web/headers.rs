//! The one home of security headers and of what may be cached.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Everything comes from here, nothing is inline, nobody frames us.
const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Nothing of the machine is asked for; a wall screen goes full screen and stays awake.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), bluetooth=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(self), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(self), serial=(), usb=(), xr-spatial-tracking=()";

/// Headers of every answer; a header that the handler set itself stands.
static ALWAYS: [(HeaderName, HeaderValue); 9] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS)),
    // Old plug-ins that look for rules of their own find that there are none.
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    // A page holds a tenant's data: it is kept nowhere unless its handler says otherwise.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Of whom a page of ours shows a frame, or who shows one of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frames {
    /// It shows this origin in a frame.
    Of(String),
    /// It is shown in a frame by this origin (or `'self'`).
    By(String),
}

/// What is particular to a page's policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page<'a> {
    /// Where a form of ours may be led.
    pub forms_lead_to: Option<&'a str>,
    /// Of whom it shows a frame, or who shows one of it.
    pub frames: Option<&'a Frames>,
}

/// The policy of a page; none where it is the usual one.
fn policy(page: Page<'_>) -> Option<HeaderValue> {
    if page.forms_lead_to.is_none() && page.frames.is_none() {
        return None;
    }
    let mut policy = CONTENT_SECURITY.to_owned();
    // Signing out is a form of ours whose answer leads to the provider, and a browser checks where it leads.
    if let Some(origin) = page.forms_lead_to {
        policy = policy.replace("form-action 'self'", &format!("form-action 'self' {origin}"));
    }
    match page.frames {
        Some(Frames::Of(origin)) => policy.push_str(&format!("; frame-src {origin}")),
        Some(Frames::By(origin)) => policy = policy.replace("frame-ancestors 'none'", &format!("frame-ancestors {origin}")),
        None => {}
    }
    (policy != CONTENT_SECURITY).then(|| HeaderValue::from_str(&policy).ok())?
}

/// Puts the headers on an answer.
pub fn dress(headers: &mut HeaderMap, https: bool, page: Page<'_>) {
    if let Some(policy) = policy(page).filter(|_| !headers.contains_key(header::CONTENT_SECURITY_POLICY)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Who may frame a page is said by its policy where it is anybody: the older header knows no other origin than its own.
    let said = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let is_framed = said.is_some_and(|policy| policy.contains("frame-ancestors") && !policy.contains("frame-ancestors 'none'"));
    for (name, value) in ALWAYS.iter().filter(|(name, _)| !(is_framed && name == header::X_FRAME_OPTIONS)) {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}
