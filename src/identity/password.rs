//! Passwords: what is good enough, and how they are kept.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::common;

/// The shortest password that is accepted outside the demo, in characters.
pub const MIN_LENGTH: usize = 8;
/// The longest, in bytes: hashing a book is work for nobody.
const MAX_BYTES: usize = 1_024;

/// Which passwords are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// At least [`MIN_LENGTH`] characters, and none of those that are tried first.
    Real,
    /// Anything that is not empty: the demo's accounts are no secret.
    Demo,
}

impl Policy {
    /// What is asked of a password, in the words of a form.
    pub fn words(self) -> String {
        match self {
            Policy::Real => format!("At least {MIN_LENGTH} characters, and none of those that are tried first."),
            Policy::Demo => "Anything, in the demo.".to_owned(),
        }
    }

    /// Whether `password` is good enough.
    ///
    /// # Errors
    /// What is wrong with it, in the words of the form.
    pub fn check(self, password: &str) -> Result<(), String> {
        let least = if self == Policy::Demo { 1 } else { MIN_LENGTH };
        if password.chars().count() < least {
            Err(format!("a password has at least {least} characters"))
        } else if password.len() > MAX_BYTES {
            Err(format!("a password has at most {MAX_BYTES} bytes"))
        } else if self == Policy::Real && common::is_common(password) {
            Err("this password is among those that are tried first; take a few words that do not belong together".to_owned())
        } else {
            Ok(())
        }
    }

    /// The same for the account of this address, whose own name is no secret either.
    ///
    /// # Errors
    /// As [`Policy::check`].
    pub fn check_for(self, password: &str, email: &str) -> Result<(), String> {
        self.check(password)?;
        if self == Policy::Real && common::is_named_after(password, email) {
            return Err("this password is the account's own name; take a few words that do not belong together".to_owned());
        }
        Ok(())
    }
}

/// How much work one hash is. It is stored with the hash, so that a change leaves old passwords valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// OWASP's recommendation for argon2id on one lane: 19 MiB, two passes.
    fn default() -> Cost {
        Cost { memory_kib: 19_456, passes: 2 }
    }
}

/// The system's allocator gives back at once what is larger than 32 MiB. A smaller block it keeps when it is freed, and grows
/// used to: every sign-in would leave 19 MiB behind. What lies beyond a hash's own need is never touched, so it costs nothing.
const ROOM: usize = 33 << 20;

/// Hashes a password with a new salt (argon2id, PHC text). Blocks for tens of milliseconds.
///
/// # Errors
/// Why it could not be hashed, for the log.
pub fn hash(password: &str, cost: Cost) -> Result<String, String> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(Params::DEFAULT_OUTPUT_LEN)).map_err(|e| e.to_string())?;
    let written = ParamsString::try_from(&params).map_err(|e| e.to_string())?;
    let (algorithm, version, salt) = (Algorithm::Argon2id, Version::V0x13, Salt::generate());
    let output = work(algorithm, version, params, password, &salt)?;
    let version = Some(version.into());
    let hash = PasswordHash { algorithm: algorithm.ident(), version, params: written, salt: Some(salt), hash: Some(output) };
    Ok(hash.to_string())
}

/// Whether `password` is the one that was hashed. Blocks for tens of milliseconds.
pub fn verify(password: &str, hash: &str) -> bool {
    again(password, hash).unwrap_or(false)
}

/// The same work again, with the hash's own parameters; outputs are compared in constant time.
fn again(password: &str, hash: &str) -> Result<bool, String> {
    let hash = PasswordHash::new(hash).map_err(|e| e.to_string())?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).map_err(|e| e.to_string())?;
    let version = hash.version.map(Version::try_from).transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    let params = Params::try_from(&hash).map_err(|e| e.to_string())?;
    let (Some(salt), Some(known)) = (hash.salt, hash.hash) else { return Err("the hash has no salt or no output".to_owned()) };
    Ok(work(algorithm, version, params, password, &salt)? == known)
}

fn work(algorithm: Algorithm, version: Version, params: Params, password: &str, salt: &Salt) -> Result<Output, String> {
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(ROOM / Block::SIZE));
    memory.resize(blocks, Block::new());
    let mut output = vec![0; params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)];
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory).map_err(|e| e.to_string())?;
    Output::new(&output).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Cost, Policy, hash, verify};

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let cost = Cost { memory_kib: 64, passes: 1 };
        let kept = hash("correct horse", cost).unwrap();
        assert!(kept.starts_with("$argon2id$"));
        assert!(verify("correct horse", &kept));
        assert!(!verify("correct horsf", &kept));
        assert_ne!(kept, hash("correct horse", cost).unwrap());
        assert!(!verify("anything", "not a hash"));
    }

    #[test]
    fn only_the_demo_takes_short_ones() {
        assert!(Policy::Real.check("1234567").is_err());
        assert!(Policy::Real.check("ünïcödé!").is_ok());
        assert!(Policy::Demo.check("demo").is_ok());
        assert!(Policy::Demo.check("").is_err());
        assert!(Policy::Real.check(&"x".repeat(2_000)).is_err());
        assert!(Policy::Real.check("Password2026!").is_err_and(|words| words.contains("tried first")));
        assert!(Policy::Real.check_for("ann.smith-77", "ann.smith@example.com").is_err_and(|words| words.contains("own name")));
    }
}
