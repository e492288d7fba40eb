//! `loggia secret …`: the key that seals stored secrets.

use super::{build, key};
use crate::central::reseal::Resealed;
use crate::domain::{Clock, CorrelationId};
use crate::identity;
use crate::settings::Settings;

/// `loggia secret rotate`: seals every stored secret anew, all of them or none.
///
/// # Errors
/// What does not open, and what to do about it.
pub async fn rotate(settings: &Settings) -> Result<String, String> {
    let central = build::central(settings, Clock::system()).await?;
    let mut settings = settings.clone();
    settings.secret_key = Some(key::settle(&settings, &central).await?);
    let sealer = build::sealer(&settings)?;
    let done = identity::reseal(&central, &identity::console(CorrelationId::new()), &sealer).await;
    let done = done.map_err(|fault| format!("{fault}\nNothing was changed."))?;
    Ok(told(done))
}

fn told(done: Resealed) -> String {
    if done == Resealed::default() {
        return "Nothing was to be done: every stored secret is sealed with LOGGIA_SECRET_KEY.".to_owned();
    }
    let kinds = [
        (done.signing_keys, "signing key", "signing keys"),
        (done.session_tokens, "session token", "session tokens"),
        (done.datastores, "datastore address", "datastore addresses"),
    ];
    let counts = kinds.iter().filter(|(count, ..)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many })).collect();
    format!("Sealed anew: {}. LOGGIA_PREVIOUS_SECRET_KEY is needed no longer.", counts.join(", "))
}
