//! The key that encrypts stored secrets: the operator's own, or the one a demo made for itself.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::central::audit::{About, Action};
use crate::central::{Central, Change, Error, meta};
use crate::identity;
use crate::settings::{Secret, Settings};

/// Under this key the central database says that a demo made it.
const MARK: &str = "demo";

/// The key for this central database: the one that was set, else the one in the data folder when a demo made the
/// database, which the demo itself marks as such.
///
/// # Errors
/// A demo's database behind an address everybody can reach, a key file that is missing or cannot be read.
pub async fn settle(settings: &Settings, central: &Central) -> Result<Secret, String> {
    let told = |e: Error| format!("the central database: {e}");
    let marked = meta::find(central, MARK).await.map_err(told)?.is_some();
    if settings.demo && !marked {
        mark(central).await.map_err(told)?;
    }
    if marked && !settings.listen.ip().is_loopback() {
        return Err(format!(
            "this central database was made by the demo, whose passwords everybody knows: it is served on loopback only, not on {}; \
             set LOGGIA_DATABASE_URL to one of your own",
            settings.listen
        ));
    }
    match &settings.secret_key {
        Some(key) => Ok(key.clone()),
        None if settings.demo || marked => of_demo(&settings.demo_key(), settings.demo),
        None => Err(Settings::NO_KEY.to_owned()),
    }
}

async fn mark(central: &Central) -> Result<(), Error> {
    let change = Change::open(central, &identity::system()).await?;
    meta::set(&change, MARK, &change.at().to_rfc3339()).await?;
    change.commit(Action::MarkDemo, About::target("central database")).await
}

/// The key in the demo's file, which the demo makes once.
fn of_demo(path: &Path, make: bool) -> Result<Secret, String> {
    if make {
        match make_file(path) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(format!("the demo's key {} cannot be written: {e}", path.display()));
            }
            _ => {}
        }
    }
    let text = fs::read_to_string(path).map_err(|e| {
        format!(
            "the demo's key {} cannot be read ({e}): start `loggia serve --demo` once, or set LOGGIA_SECRET_KEY",
            path.display()
        )
    })?;
    match text.trim() {
        "" => Err(format!("the demo's key {} is empty: remove it and start `loggia serve --demo`", path.display())),
        key => key.parse(),
    }
}

fn make_file(path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{}", STANDARD.encode(rand::random::<[u8; 32]>()))
}

#[cfg(test)]
mod tests {
    use super::of_demo;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_demo_makes_its_key_once_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret.key");
        assert!(of_demo(&path, false).expect_err("there is none").contains("serve --demo"));
        let key = of_demo(&path, true).expect("a key");
        assert_eq!(key.reveal().len(), 44);
        assert_eq!(of_demo(&path, true).expect("a key").reveal(), key.reveal());
        assert_eq!(of_demo(&path, false).expect("a key").reveal(), key.reveal());
        assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "\n").expect("written");
        assert!(of_demo(&path, true).expect_err("empty").contains("empty"));
        assert!(of_demo(&folder.path().join("no/secret.key"), true).expect_err("no folder").contains("cannot be written"));
    }
}
