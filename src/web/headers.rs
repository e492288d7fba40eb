//! The one home of security headers and of what may be cached.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Everything comes from here, nothing is inline, nobody frames us.
const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Nothing of the machine is asked for; a wall screen goes full screen and stays awake.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), bluetooth=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(self), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(self), serial=(), usb=(), xr-spatial-tracking=()";

/// Headers of every answer; a header that the handler set itself stands.
const ALWAYS: &[(&str, &str)] = &[
    ("content-security-policy", CONTENT_SECURITY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", PERMISSIONS),
    // Old plug-ins that look for rules of their own find that there are none.
    ("x-permitted-cross-domain-policies", "none"),
    // A page holds a tenant's data: it is kept nowhere unless its handler says otherwise.
    ("cache-control", "no-store"),
];

/// Puts the headers on an answer.
pub fn dress(headers: &mut HeaderMap, https: bool, forms_lead_to: Option<&str>) {
    // Signing out is a form of ours whose answer leads to the provider, and a browser checks where it leads.
    let allowed =
        forms_lead_to.map(|origin| CONTENT_SECURITY.replace("form-action 'self'", &format!("form-action 'self' {origin}")));
    let allowed = allowed.and_then(|policy| HeaderValue::from_str(&policy).ok());
    if let Some(policy) = allowed.filter(|_| !headers.contains_key(header::CONTENT_SECURITY_POLICY)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in ALWAYS {
        let name = HeaderName::from_static(name);
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}
