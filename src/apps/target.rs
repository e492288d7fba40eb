//! What of an app is asked for: its key, and the path and query below it, exactly as they were written.

use http::Uri;

use crate::domain::Key;

/// Where apps live.
pub const DASH: &str = "/dash/";
/// The parameter with a page's key.
pub const FRAME: &str = "loggia_frame";
/// The parameter with a ticket, on an origin of the apps' own.
pub const TICKET: &str = "loggia_ticket";

/// A place in an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The app.
    pub app: Key,
    /// The path below `/dash/{app}`, raw, with its slash; empty where the address ends without one.
    pub rest: String,
    /// The query as the app is told it: raw, without our own parameters.
    pub query: Option<String>,
    /// The page's key, where the address names it.
    pub frame: Option<String>,
    /// The ticket, where the address brings one.
    pub ticket: Option<String>,
}

/// An address that leads somewhere else once somebody decodes it: never forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address that leads out of the app once it is decoded")]
pub struct Trick;

impl Target {
    /// Reads the address of a request; none where it is no app's.
    ///
    /// # Errors
    /// [`Trick`].
    pub fn read(uri: &Uri) -> Result<Option<Target>, Trick> {
        let Some(below) = uri.path().strip_prefix(DASH) else { return Ok(None) };
        let (app, rest) = below.find('/').map_or((below, ""), |at| below.split_at(at));
        if is_trick(rest) || is_trick(app) {
            return Err(Trick);
        }
        let Ok(app) = app.parse::<Key>() else { return Ok(None) };
        let (mut frame, mut ticket) = (None, None);
        let mut kept = Vec::new();
        for part in uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((FRAME, value)) => frame = Some(value.to_owned()),
                Some((TICKET, value)) => ticket = Some(value.to_owned()),
                _ => kept.push(part),
            }
        }
        let query = uri.query().map(|_| kept.join("&")).filter(|query| !query.is_empty());
        Ok(Some(Target { app, rest: rest.to_owned(), query, frame, ticket }))
    }

    /// `/dash/{app}`, without a slash.
    pub fn prefix(&self) -> String {
        format!("{DASH}{}", self.app)
    }

    /// Whether this is the app's own front page.
    pub fn is_index(&self) -> bool {
        self.rest.len() <= 1
    }

    /// Whether this asks for a callback of Dash.
    pub fn is_callback(&self) -> bool {
        self.rest == "/_dash-update-component"
    }

    /// Whether this is a file that is the same for every tenant: a bundle, or what lies in the app's assets.
    pub fn is_static(&self) -> bool {
        self.rest.starts_with("/_dash-component-suites/") || self.rest.starts_with("/assets/")
    }

    /// A parameter's raw value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.as_deref()?.split('&').filter_map(|part| part.split_once('='));
        pairs.into_iter().find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Whether somebody who decodes this once could be led elsewhere: upwards, to another host, or past a NUL.
fn is_trick(path: &str) -> bool {
    let low = path.to_ascii_lowercase();
    if ["//", "\\", "%2f", "%5c", "%00", "%0a", "%0d"].iter().any(|bad| low.contains(bad)) {
        return true;
    }
    low.split('/').any(|segment| {
        let decoded = segment.replace("%2e", ".");
        let name = decoded.split([';', '%']).next().unwrap_or_default();
        matches!(name, "." | "..") && (decoded.len() == name.len() || decoded[name.len()..].starts_with([';', '%']))
    })
}

/// The key of the page a request comes from: what its `Referer` names, where that is a page of the same app on this host.
pub fn referred(referer: &str, host: &str, app: &Key) -> Option<String> {
    let (_, rest) = referer.split_once("://")?;
    let (from, path) = rest.find('/').map(|at| rest.split_at(at))?;
    if !from.eq_ignore_ascii_case(host) {
        return None;
    }
    let target = Target::read(&path.split('#').next()?.parse().ok()?).ok()??;
    target.frame.filter(|_| target.app == *app)
}

#[cfg(test)]
mod tests {
    use super::{Target, Trick, referred};

    fn read(address: &str) -> Result<Option<Target>, Trick> {
        Target::read(&address.parse().unwrap())
    }

    #[test]
    fn a_path_stays_as_it_was_written_and_our_own_parameters_stay_here() {
        let target = read("/dash/ltv/a%20b/%C3%A9?x=1%2B1&loggia_frame=K&y&loggia_ticket=T").unwrap().unwrap();
        assert_eq!((target.app.as_str(), target.rest.as_str()), ("ltv", "/a%20b/%C3%A9"));
        assert_eq!(target.query.as_deref(), Some("x=1%2B1&y"));
        assert_eq!((target.frame.as_deref(), target.ticket.as_deref()), (Some("K"), Some("T")));
        assert_eq!(target.parameter("x"), Some("1%2B1"));
        assert_eq!(read("/dash/ltv/?loggia_frame=K").unwrap().unwrap().query, None);
        assert!(read("/dash/ltv").unwrap().unwrap().is_index());
        assert!(read("/dash/ltv/").unwrap().unwrap().is_index());
        assert!(!read("/dash/ltv/x").unwrap().unwrap().is_index());
        assert_eq!(read("/dashboard/ltv").unwrap(), None);
        assert_eq!(read("/dash/9?").unwrap(), None);
        assert_eq!(read("/dash//ltv").unwrap(), None);
    }

    #[test]
    fn what_leads_out_once_it_is_decoded_is_refused() {
        for trick in [
            "/dash/ltv/..",
            "/dash/ltv/../x",
            "/dash/ltv/%2e%2e/x",
            "/dash/ltv/%2E./x",
            "/dash/ltv/.%2e/",
            "/dash/ltv/./x",
            "/dash/ltv/a%2fb",
            "/dash/ltv/a%2F..%2Fb",
            "/dash/ltv/a%5cb",
            "/dash/ltv/%00",
            "/dash/ltv//evil.example/",
            "/dash/ltv/..;/x",
            "/dash/ltv/%2e%2e;v=1/x",
            "/dash/ltv/a%0d%0ab",
            "/dash/%2e%2e/x",
            "/dash/ltv/..%3b/x",
        ] {
            assert_eq!(read(trick), Err(Trick), "{trick}");
        }
        for plain in
            ["/dash/ltv/a..b/c", "/dash/ltv/...", "/dash/ltv/.well-known", "/dash/ltv/a;b", "/dash/ltv/%252e", "/dash/ltv/@x"]
        {
            assert!(matches!(read(plain), Ok(Some(_))), "{plain}");
        }
    }

    #[test]
    fn a_page_is_known_by_its_address_on_this_host_and_in_this_app_alone() {
        let app = "ltv".parse().unwrap();
        let key = |referer: &str| referred(referer, "loggia.example:1", &app);
        assert_eq!(key("http://loggia.example:1/dash/ltv/?a=1&loggia_frame=K#x"), Some("K".to_owned()));
        assert_eq!(key("http://other.example/dash/ltv/?loggia_frame=K"), None);
        assert_eq!(key("http://loggia.example:1/dash/other/?loggia_frame=K"), None);
        assert_eq!(key("http://loggia.example:1/dash/ltv/page2"), None);
        assert_eq!(key("http://loggia.example:1"), None);
        assert_eq!(key("nonsense"), None);
    }
}
