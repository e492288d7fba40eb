use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// What the browser keeps: 256 random bits. It is shown once, in the cookie, and stored nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    /// A new one from the system's randomness; none when the system has none.
    pub(super) fn new() -> Option<SessionToken> {
        let mut bits = [0_u8; 32];
        OsRng.try_fill_bytes(&mut bits).ok()?;
        Some(SessionToken(URL_SAFE_NO_PAD.encode(bits)))
    }

    /// The cookie's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn id(&self) -> SessionId {
        SessionId::of(&self.0)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(…)")
    }
}

/// What the server knows a session by: the SHA-256 of its token, in hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    pub(super) fn of(token: &str) -> SessionId {
        SessionId(hex::encode(Sha256::digest(token.as_bytes())))
    }

    /// As it stands in the central database.
    pub(super) fn stored(id: &str) -> SessionId {
        SessionId(id.to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether this could be a token at all: 43 letters of the URL-safe alphabet.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{SessionToken, looks_like_one};

    #[test]
    fn tokens_differ_and_never_show_themselves() {
        let (a, b) = (SessionToken::new().unwrap(), SessionToken::new().unwrap());
        assert_ne!(a, b);
        assert!(looks_like_one(a.as_str()));
        assert!(!format!("{a:?}").contains(a.as_str()));
        assert_ne!(a.id().as_str(), a.as_str());
    }
}
