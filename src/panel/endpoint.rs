//! Where a custom panel comes from: an endpoint of ours by its name, or another server's address.

use serde_json::{Map, Value};

use super::draft::Draft;
use super::{Common, Drawing, drawing};

/// The path under which our own endpoints stand.
const OWN: &str = "/api/v1/custom/";

/// Who makes what a custom panel shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// One of ours, by its name.
    Own(String),
    /// Another server's address.
    Other(url::Url),
}

impl Endpoint {
    /// Checks endpoint and parameters.
    pub(super) fn build(written: &str, parameters: &Map<String, Value>, draft: &mut Draft<'_>) -> Option<Endpoint> {
        for (name, value) in parameters {
            if value.is_array() || value.is_object() {
                draft.fault(&format!("panel.parameters.{name}"), "a parameter is a text, a number, true or false");
            }
        }
        draft.check("panel.endpoint", parse(written.trim()))
    }

    /// Its name for a reader: never more of an address than its host.
    fn name(&self) -> &str {
        match self {
            Endpoint::Own(name) => name,
            Endpoint::Other(url) => url.host_str().unwrap_or("?"),
        }
    }

    /// What a panel shows whose endpoint nobody has registered.
    pub(super) fn unregistered(&self, common: &Common) -> Drawing {
        let detail = format!("The endpoint “{}” is not registered.", self.name());
        drawing::nothing(format!("{} cannot be drawn", common.title), detail)
    }
}

fn parse(text: &str) -> Result<Endpoint, String> {
    let fault = || format!("“{text}” is no endpoint: write {OWN}NAME, or an address that begins with https://");
    if let Some(name) = text.strip_prefix(OWN) {
        let shape = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && name.starts_with(|c: char| c.is_ascii_lowercase());
        return if shape { Ok(Endpoint::Own(name.to_owned())) } else { Err(fault()) };
    }
    let url = url::Url::parse(text).map_err(|_| fault())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address must not hold a name or a password".to_owned());
    }
    let good = url.scheme() == "https" && url.host_str().is_some_and(|host| !host.is_empty());
    if good { Ok(Endpoint::Other(url)) } else { Err(fault()) }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, parse};

    #[test]
    fn an_endpoint_is_a_name_of_ours_or_a_safe_address() {
        assert_eq!(parse("/api/v1/custom/network-topology"), Ok(Endpoint::Own("network-topology".into())));
        assert!(matches!(parse("https://maps.example/tile?x=1"), Ok(Endpoint::Other(_))));
        for bad in [
            "",
            "/api/v1/custom/",
            "/api/v1/custom/../admin",
            "/api/v1/custom/A b",
            "/admin",
            "http://maps.example/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://ann:secret@maps.example/",
            "https://",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
