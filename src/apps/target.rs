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
    if !path.contains(['%', ';', '\\']) {
        return path.contains("//") || path.split('/').any(|segment| matches!(segment, "." | ".."));
    }
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
    use crate::apps::forward::address;
    use crate::config::Upstream;
    use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, proptest};

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

    /// Paths made of what attackers make theirs of.
    fn nasty() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "/",
            "//",
            ".",
            "..",
            "%2e",
            "%2E",
            "%2f",
            "%5c",
            "\\",
            "%00",
            "%0d%0a",
            ";",
            "@",
            ":80",
            "a",
            "é",
            "%c3%a9",
            "%25",
            "%252e",
            "?",
            "#",
            "&",
            "http://evil.example",
            "loggia_frame=",
            "dash",
            "ltv",
            "=",
            "%",
            "[",
            "]",
            "|",
            "~",
        ]);
        prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn whatever_is_asked_goes_to_the_configured_upstream_and_below_its_place(tail in nasty(), strip_prefix: bool) {
            let Ok(uri) = format!("/dash/ltv/{tail}").parse::<http::Uri>() else { return Ok(()) };
            let Ok(Some(target)) = Target::read(&uri) else { return Ok(()) };
            let upstream = Upstream { url: "http://127.0.0.1:8050/base".parse().unwrap(), strip_prefix };
            let to = address(&target.app, &upstream, &target.rest, target.query.as_deref()).unwrap();
            prop_assert_eq!(to.authority().unwrap().as_str(), "127.0.0.1:8050");
            let place = if strip_prefix { "/base/" } else { "/base/dash/ltv/" };
            prop_assert!(to.path().starts_with(place), "{}", to);
            let decoded = percent_encoding::percent_decode_str(to.path()).decode_utf8_lossy().into_owned();
            prop_assert!(decoded.split(['/', '\\']).all(|part| part != ".." && part != "."), "{}", to);
            prop_assert!(!decoded.contains('\0') && !decoded.contains("//"), "{}", to);
        }

        #[test]
        fn wherever_an_app_leads_its_browser_stays_inside(said in nasty(), strip_prefix: bool) {
            let upstream = Upstream { url: "http://127.0.0.1:8050/base".parse().unwrap(), strip_prefix };
            let from = read("/dash/ltv/a/b").unwrap().unwrap();
            let Some(to) = crate::apps::astray::within(&said, &from, &upstream, "loggia.example") else { return Ok(()) };
            let there = url::Url::parse("http://loggia.example/dash/ltv/a/b").unwrap().join(&to).unwrap();
            prop_assert_eq!(there.host_str(), Some("loggia.example"));
            prop_assert!(there.path() == "/dash/ltv" || there.path().starts_with("/dash/ltv/"), "{} leads to {}", said, there);
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
