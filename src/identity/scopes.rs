use std::fmt;
use std::str::FromStr;

use crate::domain::Slug;

/// One thing a machine client may do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything an operator may do through the internal API.
    Admin,
    /// Making tenants, and taking them back.
    Provision,
    /// Reading this tenant, through a token exchanged for it.
    Read(Slug),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Admin => f.write_str("admin"),
            Scope::Provision => f.write_str("provision"),
            Scope::Read(tenant) => write!(f, "tenant:{tenant}:read"),
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(word: &str) -> Result<Scope, String> {
        match word {
            "admin" => Ok(Scope::Admin),
            "provision" => Ok(Scope::Provision),
            _ => {
                let tenant = word.strip_prefix("tenant:").and_then(|rest| rest.strip_suffix(":read"));
                let tenant =
                    tenant.ok_or_else(|| format!("“{word}” is not a scope; use admin, provision or tenant:SLUG:read"))?;
                Ok(Scope::Read(tenant.parse()?))
            }
        }
    }
}

/// What a machine client may do: a set, in one order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// The set of these.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Scopes {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort();
        scopes.dedup();
        Scopes(scopes)
    }

    /// Whether this is among them. `admin` does not stand for the others: each is given by name.
    pub fn allow(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Those that are in both.
    pub fn both(&self, other: &Scopes) -> Scopes {
        Scopes(self.0.iter().filter(|scope| other.allow(scope)).cloned().collect())
    }

    /// One by one, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scopes {
    /// As OAuth writes them: with spaces between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(Scope::to_string).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Scopes, String> {
        Ok(Scopes::new(text.split_whitespace().map(str::parse).collect::<Result<Vec<Scope>, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Scope, Scopes};

    #[test]
    fn scopes_are_words_and_each_stands_for_itself() {
        let scopes: Scopes = "tenant:acme-corp:read  admin admin".parse().unwrap();
        assert_eq!(scopes.to_string(), "admin tenant:acme-corp:read");
        assert!(scopes.allow(&Scope::Read("acme-corp".parse().unwrap())));
        assert!(!scopes.allow(&Scope::Provision) && !scopes.allow(&Scope::Read("globex".parse().unwrap())));
        for bad in ["root", "tenant::read", "tenant:Acme:read", "tenant:acme-corp:write", "admin,provision"] {
            assert!(bad.parse::<Scopes>().is_err(), "{bad}");
        }
        assert_eq!(scopes.both(&"admin provision".parse().unwrap()).to_string(), "admin");
        assert!("".parse::<Scopes>().unwrap().is_empty());
    }
}
