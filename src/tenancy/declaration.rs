use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::{Key, Slug};
use crate::identity::Sealer;

/// What a tenant's folder says of it. A field that is not set is left as it is in the central database;
/// the lists of shared dashboards and apps are what the folder says, also when that is nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantDeclaration {
    /// The folder's name.
    pub slug: Slug,
    /// Whether its file could be read. Where not, a tenant that is known is left as it is.
    pub readable: bool,
    /// The name.
    pub name: Option<String>,
    /// The zone.
    pub zone: Option<Tz>,
    /// The accent colour.
    pub accent: Option<String>,
    /// The logo's file in the folder.
    pub logo: Option<String>,
    /// Its datastores; none leaves those of the central database alone.
    pub datastores: Vec<DatastoreDeclaration>,
    /// The shared dashboards it uses.
    pub dashboards: Vec<Key>,
    /// The shared apps it uses.
    pub apps: Vec<Key>,
}

impl TenantDeclaration {
    /// A folder that says nothing.
    pub fn bare(slug: Slug) -> TenantDeclaration {
        TenantDeclaration {
            slug,
            readable: true,
            name: None,
            zone: None,
            accent: None,
            logo: None,
            datastores: Vec::new(),
            dashboards: Vec::new(),
            apps: Vec::new(),
        }
    }
}

impl TenantDeclaration {
    /// What the file sets, by its path there: that is read-only everywhere else.
    pub fn owned(&self) -> Vec<String> {
        let set = [
            ("name", self.name.is_some()),
            ("timezone", self.zone.is_some()),
            ("branding.accent", self.accent.is_some()),
            ("branding.logo", self.logo.is_some()),
            ("datastores", !self.datastores.is_empty()),
        ];
        set.into_iter().filter(|(_, set)| *set).map(|(field, _)| field.to_owned()).collect()
    }
}

/// What a tenant's folder says of one datastore.
#[derive(Clone, Debug, PartialEq)]
pub struct DatastoreDeclaration {
    /// Which database.
    pub kind: Kind,
    /// Its address, or where the address is.
    pub url: SecretReference,
    /// In which environment it is meant; none: in every one.
    pub env: Option<Env>,
    /// Whether dashboards read this one.
    pub primary: bool,
    /// `uc_catalog`.
    pub catalog: Option<String>,
    /// `uc_workspace`.
    pub workspace: Option<String>,
    /// The schema names are qualified with.
    pub schema: Option<String>,
    /// How long one statement may run.
    pub statement_timeout: Option<Duration>,
    /// How many connections at most.
    pub max_connections: Option<u32>,
}

impl DatastoreDeclaration {
    /// The primary of every environment, with the product's limits.
    pub fn primary(kind: Kind, url: SecretReference) -> DatastoreDeclaration {
        DatastoreDeclaration {
            kind,
            url,
            env: None,
            primary: true,
            catalog: None,
            workspace: None,
            schema: None,
            statement_timeout: None,
            max_connections: None,
        }
    }
}

/// A text, or where it is to be read when it is needed. It is stored as it stands, never resolved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SecretReference {
    /// The text itself, with no secret in it.
    Plain(String),
    /// An environment variable.
    Env {
        /// Its name.
        env: String,
    },
    /// A file.
    File {
        /// Its path.
        file: PathBuf,
    },
    /// The text itself, sealed with the installation's key: what a form or the API brought.
    Sealed {
        /// It.
        sealed: String,
    },
}

impl SecretReference {
    /// Reads it where it is.
    ///
    /// # Errors
    /// Which variable or file is missing, or why it does not open; never the text itself.
    pub fn resolve(&self, sealer: &Sealer) -> Result<String, String> {
        match self {
            SecretReference::Plain(text) => Ok(text.clone()),
            SecretReference::Env { env } => std::env::var(env).map_err(|_| format!("the environment variable {env} is not set")),
            SecretReference::File { file } => match std::fs::read_to_string(file) {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(cause) => Err(format!("the file {} cannot be read: {cause}", file.display())),
            },
            SecretReference::Sealed { sealed } => {
                sealer.open(sealed).map_err(|fault| format!("its address does not open: {fault}"))
            }
        }
    }
}

impl fmt::Debug for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // a plain address should hold no secret, and people err
            SecretReference::Plain(_) => f.write_str("Plain(…)"),
            SecretReference::Sealed { .. } => f.write_str("Sealed(…)"),
            SecretReference::Env { env } => write!(f, "Env({env})"),
            SecretReference::File { file } => write!(f, "File({})", file.display()),
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, $($variant:ident = $word:literal),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // the words explain themselves
        pub enum $name {
            $($variant),+
        }

        impl $name {
            /// The word stored and shown.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word),+
                }
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<$name, String> {
                match word {
                    $($word => Ok($name::$variant),)+
                    other => Err(format!(concat!("“{}” is not ", $what), other)),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// Which installation this is, and so which of a tenant's datastores is meant.
    Env, "an environment; use dev, stage or prod", Dev = "dev", Stage = "stage", Prod = "prod"
);
words!(
    /// Which database a datastore is.
    Kind, "a kind of datastore; use sqlite, postgres or databricks", Sqlite = "sqlite", Postgres = "postgres", Databricks = "databricks"
);
