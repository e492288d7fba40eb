//! Names and ids, each its own type, so that one is never taken for another.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new one, ordered by the time it was made.
            pub fn new() -> $name {
                $name(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_id!(
    /// A tenant's id in the central database.
    TenantId
);
uuid_id!(
    /// A user's id in the central database.
    UserId
);

/// The words a tenant may not take: they are, or may become, parts of our own addresses.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "assets",
    "central",
    "dash",
    "dashboard",
    "docs",
    "health",
    "help",
    "internal",
    "login",
    "logout",
    "loggia",
    "new",
    "ready",
    "report",
    "reports",
    "static",
    "tenant",
];

/// A tenant's short name, as it stands in addresses: `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`, 2 to 40 characters, not reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Slug, String> {
        if !(2..=40).contains(&text.len()) {
            return Err(format!("“{text}” must have 2 to 40 characters"));
        }
        let words =
            text.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        if !words || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(format!(
                "“{text}” must be lower-case letters and digits, words joined by single hyphens, a letter first"
            ));
        }
        if RESERVED.contains(&text) {
            return Err(format!("“{text}” is reserved"));
        }
        Ok(Slug(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a panel, a dashboard or an app within a tenant: `^[A-Za-z][A-Za-z0-9_-]{0,63}$`, not `dashboard`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Key(String);

impl Key {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        let shape = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !shape {
            return Err(format!("“{text}” must be 1 to 64 letters, digits, _ or -, a letter first"));
        }
        if text == "dashboard" {
            return Err("“dashboard” is reserved".to_owned());
        }
        Ok(Key(text.to_owned()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address, lower-cased: something, one `@`, a host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Email(String);

impl Email {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = String;

    fn from_str(text: &str) -> Result<Email, String> {
        let text = text.trim().to_lowercase();
        let plain = text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        match text.split_once('@') {
            Some((name, host)) if plain && !name.is_empty() && !host.is_empty() && !host.contains('@') => Ok(Email(text)),
            _ => Err(format!("“{text}” is not an e-mail address")),
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, Key, Slug};

    #[test]
    fn slugs_are_words_joined_by_single_hyphens() {
        for good in ["acme-corp", "a1", "this-server", "x9-2"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "a--b", "Acme", "1a", "a_b", "admin", "ä-b", &"a".repeat(41), "a/b", "a\n"] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_and_addresses_are_checked() {
        assert!("cpu_usage".parse::<Key>().is_ok());
        assert!("dashboard".parse::<Key>().is_err());
        assert!("1x".parse::<Key>().is_err());
        assert!("a.b".parse::<Key>().is_err());
        assert_eq!("  Ann@Example.COM ".parse::<Email>().map(|e| e.to_string()), Ok("ann@example.com".to_owned()));
        assert!("ann@@example.com".parse::<Email>().is_err());
    }
}
