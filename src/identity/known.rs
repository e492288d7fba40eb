use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use super::Sealer;

/// What the sealed text begins with, so that no other sealed text passes for one.
const WORD: &str = "known-browser";

/// Marks a browser in which this account was signed in: its tries are counted for themselves from then on, so that strangers
/// who try passwords on the account cannot keep its owner out. It opens nothing.
pub(super) fn mark(sealer: &Sealer, label: &str) -> Option<String> {
    let mut bits = [0_u8; 16];
    OsRng.try_fill_bytes(&mut bits).ok()?;
    sealer.seal(&format!("{WORD} {} {}", account(label), URL_SAFE_NO_PAD.encode(bits))).ok()
}

/// Which browser this is, if the mark is ours and was made for this account.
pub(super) fn read(sealer: &Sealer, mark: &str, label: &str) -> Option<String> {
    let text = sealer.open(mark).ok()?;
    let (account_known, browser) = text.strip_prefix(WORD)?.trim_start().split_once(' ')?;
    (account_known == account(label)).then(|| browser.to_owned())
}

fn account(label: &str) -> String {
    hex::encode(Sha256::digest(label.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{mark, read};
    use crate::identity::Sealer;

    #[test]
    fn a_mark_is_good_for_its_account_and_for_nothing_else() {
        let (ours, other) = (Sealer::new("a key", None).unwrap(), Sealer::new("another key", None).unwrap());
        let made = mark(&ours, "ann@example.com").unwrap();
        assert!(read(&ours, &made, "ann@example.com").is_some());
        assert_eq!(read(&ours, &made, "bob@example.com"), None);
        assert_eq!(read(&other, &made, "ann@example.com"), None);
        assert_eq!(read(&ours, &ours.seal("something else").unwrap(), "ann@example.com"), None);
        assert_eq!(read(&ours, "", "ann@example.com"), None);
        assert_ne!(
            read(&ours, &made, "ann@example.com"),
            read(&ours, &mark(&ours, "ann@example.com").unwrap(), "ann@example.com")
        );
    }
}
