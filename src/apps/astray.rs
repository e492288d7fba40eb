//! Where an app leads: inside itself, written as its browser sees it, or not at all.

use url::Url;

use super::Target;
use super::target::DASH;
use crate::config::Upstream;

/// The place an app's `Location` means, as a path on our side; none where that is not in the app.
pub fn within(said: &str, from: &Target, upstream: &Upstream, host: &str) -> Option<String> {
    let prefix = from.prefix();
    let is_absolute = said.contains("://") || said.starts_with("//");
    // what is told from the app's own root is told without the prefix; what is told from here is where the browser is
    let is_rooted = is_absolute || said.starts_with('/');
    let place = if is_absolute {
        let url = Url::options().base_url(Some(&upstream.url)).parse(said).ok()?;
        let ours = format!("{}{}", url.host_str()?, url.port().map(|port| format!(":{port}")).unwrap_or_default());
        if !matches!(url.scheme(), "http" | "https")
            || (url.origin() != upstream.url.origin() && !ours.eq_ignore_ascii_case(host))
        {
            return None;
        }
        if !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        said.splitn(4, '/').nth(3).map_or_else(|| "/".to_owned(), |rest| format!("/{rest}"))
    } else if said.starts_with('/') {
        said.to_owned()
    } else {
        let here = Url::parse(&format!("http://app{prefix}{}", if from.rest.is_empty() { "/" } else { &from.rest })).ok()?;
        let there = here.join(said).ok().filter(|there| there.host_str() == Some("app") && there.scheme() == "http")?;
        there.as_str().strip_prefix("http://app")?.to_owned()
    };
    let path_end = place.find(['?', '#']).unwrap_or(place.len());
    let (path, rest) = place.split_at(path_end);
    let inside = |path: &str| path.strip_prefix(prefix.as_str()).is_some_and(|below| below.is_empty() || below.starts_with('/'));
    let path = if inside(path) {
        path.to_owned()
    } else if is_rooted && upstream.strip_prefix && !path.starts_with(DASH) {
        let below = path.strip_prefix(upstream.base()).filter(|below| below.starts_with('/')).unwrap_or(path);
        format!("{prefix}{below}")
    } else {
        return None;
    };
    let plain = path.bytes().chain(rest.bytes()).all(|byte| byte.is_ascii_graphic());
    // what leads out once it is decoded is no place in the app either
    let read = plain.then(|| path.parse().ok()).flatten().map(|uri| Target::read(&uri))?;
    matches!(read, Ok(Some(target)) if target.app == from.app).then(|| format!("{path}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::apps::Target;
    use crate::config::Upstream;

    fn leads(said: &str, strip_prefix: bool) -> Option<String> {
        let upstream = Upstream { url: "http://127.0.0.1:8050/base/".parse().unwrap(), strip_prefix };
        let from = Target::read(&"/dash/ltv/a/b".parse().unwrap()).unwrap().unwrap();
        within(said, &from, &upstream, "loggia.example")
    }

    #[test]
    fn an_app_leads_within_itself() {
        for (said, to) in [
            ("http://127.0.0.1:8050/base/x?y=1#z", "/dash/ltv/x?y=1#z"),
            ("https://loggia.example/dash/ltv/x", "/dash/ltv/x"),
            ("/base/x", "/dash/ltv/x"),
            ("/x", "/dash/ltv/x"),
            ("/dash/ltv/x", "/dash/ltv/x"),
            ("c?d", "/dash/ltv/a/c?d"),
            ("../c", "/dash/ltv/c"),
            ("?q=1", "/dash/ltv/a/b?q=1"),
            ("http://127.0.0.1:8050", "/dash/ltv/"),
            ("//127.0.0.1:8050/x", "/dash/ltv/x"),
        ] {
            assert_eq!(leads(said, true).as_deref(), Some(to), "{said}");
        }
        assert_eq!(leads("/dash/ltv/x", false).as_deref(), Some("/dash/ltv/x"));
        for said in ["/x", "/dash/other/x", "http://127.0.0.1:8050/x"] {
            assert_eq!(leads(said, false), None, "{said}");
        }
    }

    #[test]
    fn an_app_does_not_lead_out() {
        for said in [
            "https://evil.example/",
            "//evil.example/x",
            "http://127.0.0.1:8051/x",
            "http://user@127.0.0.1:8050/x",
            "javascript:alert(1)",
            "../../../admin",
            "/dash/other/x",
            "/dash/ltv/../other",
            "/dash/ltv/%2e%2e/x",
            "ftp://127.0.0.1:8050/",
            "/a\\b",
            "/x\u{7f}",
            "data:text/html,x",
        ] {
            assert_eq!(leads(said, true), None, "{said}");
        }
    }
}
