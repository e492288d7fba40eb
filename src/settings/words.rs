use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

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
