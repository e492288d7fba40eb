use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::domain::{Role, Slug};

/// A value that never prints.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text)
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Secret, String> {
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Which of a tenant's datastores is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Env {
    Dev,
    Stage,
    #[default]
    Prod,
}

impl Env {
    /// The word in files and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Env::Dev => "dev",
            Env::Stage => "stage",
            Env::Prod => "prod",
        }
    }
}

impl FromStr for Env {
    type Err = String;

    fn from_str(text: &str) -> Result<Env, String> {
        match text {
            "dev" => Ok(Env::Dev),
            "stage" => Ok(Env::Stage),
            "prod" => Ok(Env::Prod),
            other => Err(format!("“{other}” is not dev, stage or prod")),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LogFormat {
    #[default]
    Json,
    Pretty,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<LogFormat, String> {
        match text {
            "json" => Ok(LogFormat::Json),
            "pretty" => Ok(LogFormat::Pretty),
            other => Err(format!("“{other}” is not json or pretty")),
        }
    }
}

/// The issuer of an identity provider. Compared to the letter, so it stays as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

impl Issuer {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Issuer {
    type Err = String;

    fn from_str(text: &str) -> Result<Issuer, String> {
        let url = Url::parse(text).map_err(|e| format!("“{text}” is not an address: {e}"))?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(Issuer(text.to_owned())),
            "http" if loopback => Ok(Issuer(text.to_owned())),
            _ => Err(format!("“{text}” is not https: everybody on the way could sign in as anybody")),
        }
    }
}

/// What values of the tenants claim mean: `VALUE = SLUG[:ROLE]`, one or several with commas, pairs with semicolons or in lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Meanings(pub(super) BTreeMap<String, Vec<(Slug, Role)>>);

impl FromStr for Meanings {
    type Err = String;

    fn from_str(text: &str) -> Result<Meanings, String> {
        let mut meanings = BTreeMap::new();
        for pair in text.split([';', '\n']).map(str::trim).filter(|pair| !pair.is_empty()) {
            // a value may have an equals sign in it (CN=Acme); a tenant has none
            let (value, tenants) =
                pair.rsplit_once('=').ok_or_else(|| format!("“{pair}” is not VALUE=SLUG or VALUE=SLUG:ROLE"))?;
            let tenants = tenants.split(',').map(|one| tenant(one.trim())).collect::<Result<Vec<_>, _>>()?;
            meanings.insert(value.trim().to_owned(), tenants);
        }
        Ok(Meanings(meanings))
    }
}

fn tenant(text: &str) -> Result<(Slug, Role), String> {
    let (slug, role) = text.split_once(':').unwrap_or((text, "viewer"));
    Ok((slug.parse()?, role.parse()?))
}

/// A list, or text with commas.
#[derive(Clone, Debug)]
pub(super) struct Cidrs(pub(super) Vec<IpNet>);

impl FromStr for Cidrs {
    type Err = String;

    fn from_str(text: &str) -> Result<Cidrs, String> {
        let each = |part: &str| {
            let whole = part.parse::<IpAddr>().map(IpNet::from);
            whole.or_else(|_| part.parse::<IpNet>()).map_err(|_| format!("“{part}” is not an address range like 10.0.0.0/8"))
        };
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(each).collect::<Result<_, _>>().map(Cidrs)
    }
}

/// Host names, with commas between.
#[derive(Clone, Debug)]
pub(super) struct Hosts(pub(super) Vec<String>);

impl FromStr for Hosts {
    type Err = String;

    fn from_str(text: &str) -> Result<Hosts, String> {
        let each = |part: &str| {
            let good = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'));
            if good {
                Ok(part.to_owned())
            } else {
                Err(format!("“{part}” is not a host like maps.example or maps.example:8443"))
            }
        };
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(each).collect::<Result<_, _>>().map(Hosts)
    }
}
