//! By which flow a tenant's hosted apps are reached.

use std::fmt;
use std::str::FromStr;

/// How far a tenant has moved from an app's old flow to the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rollout {
    /// The legacy upstream, no token.
    Legacy,
    /// The new upstream with the token, tried by some tenants first.
    Canary,
    /// The same, for good.
    #[default]
    Current,
}

impl Rollout {
    /// Every one, in the order a tenant moves.
    pub const ALL: [Rollout; 3] = [Rollout::Legacy, Rollout::Canary, Rollout::Current];

    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Rollout::Legacy => "legacy",
            Rollout::Canary => "canary",
            Rollout::Current => "current",
        }
    }

    /// Whether this is the old flow.
    pub fn is_legacy(self) -> bool {
        self == Rollout::Legacy
    }
}

impl fmt::Display for Rollout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Rollout {
    type Err = String;

    fn from_str(word: &str) -> Result<Rollout, String> {
        Rollout::ALL
            .into_iter()
            .find(|rollout| rollout.as_str() == word)
            .ok_or_else(|| format!("“{word}” is not a rollout; use legacy, canary or current"))
    }
}
