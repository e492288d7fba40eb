use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use sha2::{Digest, Sha256};

/// What every sealed text begins with: the form, so that another can follow it one day.
const FORM: &str = "v1";

/// Seals the secrets that are stored (signing keys, datastore addresses, the identity provider's tokens) with the key of
/// the installation, and opens those sealed with the one before. ChaCha20-Poly1305 (RFC 8439) under a key derived by HKDF
/// (RFC 5869). Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<[Key]>);

struct Key {
    id: String,
    key: LessSafeKey,
}

/// Why a sealed text was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// It is none, or it was changed.
    #[error("the sealed text is damaged")]
    Damaged,
    /// Another key than the two known sealed it.
    #[error("it was sealed with another LOGGIA_SECRET_KEY (the key “{0}”); set LOGGIA_PREVIOUS_SECRET_KEY to that one")]
    OtherKey(String),
    /// There is no key: a command that needs none was started without.
    #[error("LOGGIA_SECRET_KEY is not set: it seals and opens stored secrets")]
    NoKey,
    /// The system gave no randomness, or refused the key.
    #[error("the system could not seal")]
    System,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    /// Seals with `key`, opens with it and with `previous`.
    ///
    /// # Errors
    /// [`SealFault::System`] when the system refuses the derived key, which it never does.
    pub fn new(key: &str, previous: Option<&str>) -> Result<Sealer, SealFault> {
        let keys = std::iter::once(key).chain(previous).map(derive).collect::<Result<Vec<Key>, _>>()?;
        Ok(Sealer(keys.into()))
    }

    /// Neither seals nor opens: for commands that were started without a key and need none.
    pub fn keyless() -> Sealer {
        Sealer(Arc::new([]))
    }

    /// The text, sealed: `v1.<key id>.<nonce and ciphertext>`.
    ///
    /// # Errors
    /// [`SealFault::NoKey`] or [`SealFault::System`].
    pub fn seal(&self, plain: &str) -> Result<String, SealFault> {
        let Key { id, key } = self.0.first().ok_or(SealFault::NoKey)?;
        let mut nonce = [0_u8; NONCE_LEN];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| SealFault::System)?;
        let mut text = plain.as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(id.as_bytes()), &mut text)
            .map_err(|_| SealFault::System)?;
        Ok(format!("{FORM}.{id}.{}", URL_SAFE_NO_PAD.encode([&nonce[..], &text].concat())))
    }

    /// The text within.
    ///
    /// # Errors
    /// [`SealFault::NoKey`], [`SealFault::Damaged`] or [`SealFault::OtherKey`].
    pub fn open(&self, sealed: &str) -> Result<String, SealFault> {
        if self.0.is_empty() {
            return Err(SealFault::NoKey);
        }
        let (id, content) = parts(sealed).ok_or(SealFault::Damaged)?;
        let Key { key, .. } = self.0.iter().find(|key| key.id == id).ok_or_else(|| SealFault::OtherKey(id.to_owned()))?;
        let content = URL_SAFE_NO_PAD.decode(content).map_err(|_| SealFault::Damaged)?;
        let (nonce, text) = content.split_at_checked(NONCE_LEN).ok_or(SealFault::Damaged)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealFault::Damaged)?;
        let mut text = text.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(id.as_bytes()), &mut text).map_err(|_| SealFault::Damaged)?;
        String::from_utf8(plain.to_vec()).map_err(|_| SealFault::Damaged)
    }

    /// Whether the key of today sealed it; what the one before sealed is to be sealed anew.
    pub fn is_current(&self, sealed: &str) -> bool {
        parts(sealed).is_some_and(|(id, _)| self.0.first().is_some_and(|key| key.id == id))
    }
}

fn parts(sealed: &str) -> Option<(&str, &str)> {
    sealed.strip_prefix(FORM)?.strip_prefix('.')?.split_once('.')
}

struct Length;

impl ring::hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

fn derive(text: &str) -> Result<Key, SealFault> {
    let fault = |_| SealFault::System;
    let mut bytes = [0_u8; 32];
    let extracted = Salt::new(HKDF_SHA256, b"loggia").extract(text.as_bytes());
    extracted.expand(&[b"seal"], Length).and_then(|key| key.fill(&mut bytes)).map_err(fault)?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(fault)?;
    // names the key without giving it away: a hash of what was derived from it
    let id = hex::encode(&Sha256::digest(bytes)[..4]);
    Ok(Key { id, key: LessSafeKey::new(key) })
}

#[cfg(test)]
mod tests {
    use super::{SealFault, Sealer};

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let sealer = Sealer::new("one", None).unwrap();
        let sealed = sealer.seal("postgres://u:pw@h/d").unwrap();
        // with a sign that base64 does not have: two letters alone stand in it by chance
        assert!(!sealed.contains("pw@") && !format!("{sealer:?}").contains("one"));
        assert_ne!(sealed, sealer.seal("postgres://u:pw@h/d").unwrap(), "the same text never looks the same");
        assert_eq!(sealer.open(&sealed).unwrap(), "postgres://u:pw@h/d");
        let other = Sealer::new("two", None).unwrap();
        assert!(matches!(other.open(&sealed), Err(SealFault::OtherKey(_))));
        let after = Sealer::new("two", Some("one")).unwrap();
        assert_eq!(after.open(&sealed).unwrap(), "postgres://u:pw@h/d");
        assert!(!after.is_current(&sealed) && after.is_current(&after.seal("x").unwrap()));
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let sealer = Sealer::new("one", None).unwrap();
        let sealed = sealer.seal("secret").unwrap();
        for at in [0, 3, 12, sealed.len() - 1] {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(sealer.open(std::str::from_utf8(&bytes).unwrap()).is_err(), "{at}");
        }
        for none in ["", "v1", "v1.", "v1.x.y", "plain text", "v2.aa.bb"] {
            assert!(sealer.open(none).is_err() && !sealer.is_current(none), "{none}");
        }
    }
}
