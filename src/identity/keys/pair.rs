use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::traits::PublicKeyParts;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How large a key is that we make.
const BITS: usize = 2_048;
/// What a key may have that somebody else made: less is weak, more is slow on every request.
const TAKEN: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// The public half of a key as it stands in the JWKS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PublicKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: String,
    alg: String,
    pub(super) kid: String,
    pub(super) n: String,
    pub(super) e: String,
}

impl PublicKey {
    /// The half with this modulus and exponent; its id is its own thumbprint (RFC 7638), the same wherever it is kept.
    pub(super) fn new(modulus: &[u8], exponent: &[u8]) -> PublicKey {
        // the thumbprint is of the shortest form
        let short = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(&bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]);
        let (n, e) = (short(modulus), short(exponent));
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)));
        PublicKey { kty: "RSA".to_owned(), purpose: "sig".to_owned(), alg: "RS256".to_owned(), kid, n, e }
    }

    fn of(key: &RsaPrivateKey) -> PublicKey {
        PublicKey::new(&key.n().to_bytes_be(), &key.e().to_bytes_be())
    }
}

/// A key whose both halves are in this process.
pub(super) struct Pair {
    pub(super) public: PublicKey,
    pub(super) pem: String,
    signer: RsaKeyPair,
}

impl Pair {
    /// A new one. It takes a good part of a second.
    pub(super) fn generate() -> Result<Pair, String> {
        let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS).map_err(|e| e.to_string())?;
        Pair::of(&key)
    }

    /// The one in a PEM text: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    pub(super) fn read(pem: &str) -> Result<Pair, String> {
        if pem.contains("ENCRYPTED") {
            return Err("the key has a passphrase: store it without (openssl pkey -in KEY -out KEY)".to_owned());
        }
        let key = RsaPrivateKey::from_pkcs8_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem));
        let key = key.map_err(|_| "it is no RSA private key in PEM (openssl genrsa 2048)".to_owned())?;
        let bits = key.n().bits();
        if !TAKEN.contains(&bits) {
            return Err(format!("the key has {bits} bits; take {} to {}", TAKEN.start(), TAKEN.end()));
        }
        Pair::of(&key)
    }

    fn of(key: &RsaPrivateKey) -> Result<Pair, String> {
        let der = key.to_pkcs8_der().map_err(|e| e.to_string())?;
        let signer = RsaKeyPair::from_pkcs8(der.as_bytes()).map_err(|e| format!("the key cannot sign: {e}"))?;
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| e.to_string())?;
        Ok(Pair { public: PublicKey::of(key), pem: pem.to_string(), signer })
    }

    /// Signs with RS256, in constant time. (The `rsa` crate only makes and reads keys: its signing is not.)
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut signature = vec![0; self.signer.public().modulus_len()];
        let signed = self.signer.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| "the key could not sign".to_owned())
    }
}

/// Every key in a PEM file, in its order.
///
/// # Errors
/// Which one is none, and why.
pub(super) fn read_all(text: &str) -> Result<Vec<Pair>, String> {
    let blocks: Vec<String> = text.split("-----BEGIN").skip(1).map(|rest| format!("-----BEGIN{rest}")).collect();
    if blocks.is_empty() {
        return Err("there is no key in it (openssl genrsa 2048 makes one)".to_owned());
    }
    let read = |(number, block): (usize, &String)| Pair::read(block.trim()).map_err(|e| format!("key {}: {e}", number + 1));
    blocks.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{Pair, read_all};
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn a_key_signs_and_is_known_again_by_its_pem() {
        let pair = Pair::generate().unwrap();
        let again = Pair::read(&pair.pem).unwrap();
        assert_eq!(pair.public, again.public);
        let signature = again.sign(b"message").unwrap();
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let public = RsaPublicKeyComponents { n: part(&pair.public.n), e: part(&pair.public.e) };
        assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"message", &signature).is_ok());
        assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"massage", &signature).is_err());
        let other = Pair::generate().unwrap();
        assert_ne!(pair.public.kid, other.public.kid);
        let both = read_all(&format!("# first\n{}\n{}", pair.pem, other.pem)).unwrap();
        assert_eq!(both.iter().map(|p| &p.public.kid).collect::<Vec<_>>(), [&pair.public.kid, &other.public.kid]);
    }

    #[test]
    fn the_id_is_the_thumbprint_of_the_rfc() {
        // RFC 7638, section 3.1
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let modulus = URL_SAFE_NO_PAD.decode(n).unwrap();
        let public = super::PublicKey::new(&modulus, &[1, 0, 1]);
        assert_eq!(public.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn what_is_no_key_is_told() {
        let told = |text: &str| read_all(text).map(|keys| keys.len()).unwrap_err();
        assert!(told("nothing").contains("openssl genrsa 2048"));
        assert!(told("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----").starts_with("key 1: it is no RSA"));
        assert!(told("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----").contains("passphrase"));
    }
}
