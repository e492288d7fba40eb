use std::time::Duration;

use tokio::sync::Semaphore;

use super::password::{self, Cost};

/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// Checks passwords, two at most at once: each takes a core and 19 MiB while it lasts.
#[derive(Debug)]
pub(super) struct Checker {
    turns: Semaphore,
    decoy: String,
}

/// All turns were taken for too long.
pub(super) struct Busy;

impl Checker {
    /// Ready to check; `cost` is that of the hash a stranger's password is compared with.
    pub(super) fn new(cost: Cost) -> Checker {
        let decoy = password::hash("nobody has this password", cost).unwrap_or_default();
        Checker { turns: Semaphore::new(2), decoy }
    }

    /// Whether the password fits. Without a hash to compare with the same work is done, and it never fits.
    pub(super) async fn fits(&self, given: &str, hash: Option<String>) -> Result<bool, Busy> {
        let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, self.turns.acquire()).await else { return Err(Busy) };
        let known = hash.is_some();
        let (given, hash) = (given.to_owned(), hash.unwrap_or_else(|| self.decoy.clone()));
        let fits = tokio::task::spawn_blocking(move || password::verify(&given, &hash)).await;
        Ok(fits.unwrap_or(false) && known)
    }
}
