use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::KeyFault;
use super::pair::{Pair, PublicKey, read_all};
use super::vault::{Vault, Version};
use crate::domain::Clock;
use crate::settings::KeyProvider;

/// What stands (sealed) in the row of a key whose private half is in the file of the settings.
const IN_FILE: &str = "file";
/// What comes before the address of a key that is in a vault.
const IN_VAULT: &str = "vault ";

/// Where new keys come from, and where the private halves of those there are may be.
#[derive(Debug)]
pub(super) enum Provider {
    Database,
    File(PathBuf),
    Vault(Arc<Vault>),
}

/// A key that is new to us.
pub(super) struct Made {
    pub(super) public: PublicKey,
    /// What is to be stored, sealed, so that it can sign again after a restart.
    pub(super) stored: String,
}

/// What signs with one key.
pub(super) enum Signer {
    Here(Box<Pair>),
    There(Arc<Vault>, Url),
}

impl Signer {
    /// The RS256 signature of a message.
    pub(super) async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let signed = match self {
            Signer::Here(pair) => pair.sign(message),
            Signer::There(vault, version) => vault.sign(version, message).await,
        };
        signed.map_err(KeyFault::Provider)
    }
}

impl Provider {
    /// As the settings say.
    pub(super) fn new(settings: &KeyProvider, clock: &Clock) -> Provider {
        match settings {
            KeyProvider::Database => Provider::Database,
            KeyProvider::File(path) => Provider::File(path.clone()),
            KeyProvider::Vault(vault) => Provider::Vault(Arc::new(Vault::new((**vault).clone(), clock.clone()))),
        }
    }

    /// The ids of the keys that are there for the taking: what was used before is told from them.
    pub(super) async fn offered(&self) -> Result<Vec<Made>, KeyFault> {
        match self {
            Provider::Database => Ok(Vec::new()),
            Provider::File(path) => {
                let made = |pair: Pair| Made { public: pair.public, stored: IN_FILE.to_owned() };
                Ok(read(path).await?.into_iter().map(made).collect())
            }
            Provider::Vault(vault) => {
                let newest = vault.newest().await.map_err(KeyFault::Provider)?;
                Ok(newest.into_iter().map(in_vault).collect())
            }
        }
    }

    /// A key nobody has had before.
    pub(super) async fn make(&self) -> Result<Made, KeyFault> {
        match self {
            Provider::Database => {
                let pair = tokio::task::spawn_blocking(Pair::generate).await.map_err(|e| KeyFault::Provider(e.to_string()))?;
                let pair = pair.map_err(KeyFault::Provider)?;
                Ok(Made { public: pair.public, stored: pair.pem })
            }
            Provider::File(path) => Err(KeyFault::NoNewKey(format!(
                "Every key in {} is or was in use: add a new one to the file (openssl genrsa 2048), then rotate again.",
                path.display()
            ))),
            Provider::Vault(vault) => Ok(in_vault(vault.make().await.map_err(KeyFault::Provider)?)),
        }
    }

    /// What signs with the key of this id; `stored` is what its row holds, opened.
    pub(super) async fn open(&self, kid: &str, stored: &str) -> Result<Signer, KeyFault> {
        if let Some(address) = stored.strip_prefix(IN_VAULT) {
            let Provider::Vault(vault) = self else { return Err(elsewhere("an Azure Key Vault")) };
            let address = address.parse().map_err(|e| KeyFault::Provider(format!("the key's address in the vault: {e}")))?;
            return Ok(Signer::There(Arc::clone(vault), address));
        }
        if stored != IN_FILE {
            return Ok(Signer::Here(Box::new(Pair::read(stored).map_err(KeyFault::Provider)?)));
        }
        let Provider::File(path) = self else { return Err(elsewhere("a file")) };
        let pair = read(path).await?.into_iter().find(|pair| pair.public.kid == kid);
        let pair = pair.ok_or_else(|| KeyFault::Provider(format!("the key {kid} that signs is no longer in {}", path.display())));
        Ok(Signer::Here(Box::new(pair?)))
    }
}

fn in_vault(version: Version) -> Made {
    Made { public: version.public, stored: format!("{IN_VAULT}{}", version.address) }
}

fn elsewhere(place: &str) -> KeyFault {
    KeyFault::Provider(format!(
        "the key that signs is in {place}, where keys.provider no longer points: set it back, or rotate with POST /admin/rotate-secret"
    ))
}

async fn read(path: &Path) -> Result<Vec<Pair>, KeyFault> {
    let told = |e: String| KeyFault::Provider(format!("the key file {}: {e}", path.display()));
    let text = tokio::fs::read_to_string(path).await.map_err(|e| told(e.to_string()))?;
    // checking a key takes milliseconds
    let keys = tokio::task::spawn_blocking(move || read_all(&text)).await.map_err(|e| told(e.to_string()))?;
    keys.map_err(told)
}
