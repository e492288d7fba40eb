//! How a datastore's address is kept: plain, by reference, or sealed. A secret goes in and never comes out again.

use std::path::{Component, Path, PathBuf};

use super::declaration::SecretReference;
use crate::identity::Sealer;

/// What may be told of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressView {
    /// There is none.
    None,
    /// The text; there is no secret in it.
    Plain(String),
    /// The environment variable it is in.
    Env(String),
    /// The file it is in.
    File(PathBuf),
    /// It is kept encrypted.
    Sealed,
}

impl SecretReference {
    /// An address as the central database keeps it.
    pub(super) fn stored(text: &str) -> Result<SecretReference, String> {
        serde_json::from_str(text).map_err(|_| "its address is not readable".to_owned())
    }

    /// As the central database keeps it.
    pub(super) fn to_stored(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|cause| cause.to_string())
    }

    /// The role in a stored address, which is no secret; none where it is kept elsewhere.
    pub(super) fn user(&self, sealer: &Sealer) -> Option<String> {
        let text = match self {
            SecretReference::Plain(_) | SecretReference::Sealed { .. } => self.resolve(sealer).ok()?,
            SecretReference::Env { .. } | SecretReference::File { .. } => return None,
        };
        let url = url::Url::parse(&text).ok()?;
        let user = percent_encoding::percent_decode_str(url.username()).decode_utf8().ok()?;
        (!user.is_empty()).then(|| user.into_owned())
    }

    /// What may be told of it.
    pub(super) fn view(&self) -> AddressView {
        match self {
            SecretReference::Sealed { .. } => AddressView::Sealed,
            SecretReference::Plain(text) if text.is_empty() => AddressView::None,
            // A tenant's file may hold a password where it should not.
            SecretReference::Plain(text) if has_secret(text) => AddressView::Sealed,
            SecretReference::Plain(text) => AddressView::Plain(text.clone()),
            SecretReference::Env { env } => AddressView::Env(env.clone()),
            SecretReference::File { file } => AddressView::File(file.clone()),
        }
    }
}

/// Whether an address holds what nobody should read: a password, or a parameter, which may be one.
pub(super) fn has_secret(address: &str) -> bool {
    if address.starts_with("sqlite:") {
        return false;
    }
    match url::Url::parse(address) {
        Ok(url) => url.password().is_some() || url.query().is_some(),
        Err(_) => true,
    }
}

/// Whether a SQLite address written in a form leads to a file of the data folder, and not to the central database.
///
/// # Errors
/// Where it leads instead.
pub(super) fn checked_file(address: &str, data: &Path, central: Option<&Path>) -> Result<(), String> {
    let path = address.strip_prefix("sqlite:").unwrap_or(address);
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = Path::new(path.split_once('?').map_or(path, |(path, _)| path));
    if !path.components().all(|part| matches!(part, Component::Normal(_))) || path.as_os_str().is_empty() {
        return Err("a SQLite datastore is a file of the data folder: sqlite:acme.db".to_owned());
    }
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let file = real(&data.join(path));
    if central.is_some_and(|central| is_of(&file, &real(central))) {
        return Err("this file is the central database of the installation".to_owned());
    }
    if file.file_name().is_some_and(|name| name == "secret.key") {
        return Err("this file is no database".to_owned());
    }
    Ok(())
}

/// Whether a file is that database, or one that SQLite keeps beside it (`-wal`, `-shm`).
fn is_of(file: &Path, database: &Path) -> bool {
    let rest = file.as_os_str().as_encoded_bytes().strip_prefix(database.as_os_str().as_encoded_bytes());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_data_folder_are_opened_and_never_the_central_database() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        for name in ["loggia.db", "loggia.db-wal"] {
            std::fs::write(data.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(data.join("loggia.db"), data.join("innocent.db")).unwrap();
        let central = data.join("loggia.db");
        let check = |text: &str| checked_file(text, data, Some(&central));
        assert!(check("sqlite:loggia.database").is_ok());
        assert!(check("sqlite:acme.db").is_ok() && check("sqlite:tenants/acme.db").is_ok());
        for bad in [
            "sqlite:loggia.db",
            "sqlite:./loggia.db",
            "sqlite:loggia.db-wal",
            "sqlite:innocent.db",
            "sqlite:/etc/x",
            "sqlite:../x",
            "sqlite:",
            "sqlite:secret.key",
            "sqlite:///x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_with_a_password_is_never_told() {
        for secret in ["postgres://u:p@h/d", "postgres://h/d?password=p", "not a url"] {
            assert!(has_secret(secret), "{secret}");
            assert_eq!(SecretReference::Plain(secret.to_owned()).view(), AddressView::Sealed);
        }
        assert!(!has_secret("postgres://u@h/d") && !has_secret("sqlite:a.db?mode=ro"));
    }
}
