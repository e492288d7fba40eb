use super::Sealer;
use crate::central::audit::{About, Action};
use crate::central::reseal::{self as secrets, ResealFault, Resealed};
use crate::central::{Central, Change};
use crate::domain::Actor;

/// Seals every stored secret anew that the key before sealed, all of them or none. Nothing is written when there is none.
///
/// # Errors
/// See [`ResealFault`].
pub async fn reseal(central: &Central, actor: &Actor, sealer: &Sealer) -> Result<Resealed, ResealFault> {
    let change = Change::open_alone(central, actor).await?;
    let again = |sealed: &str| {
        if sealer.is_current(sealed) {
            return Ok(None);
        }
        let plain = sealer.open(sealed).map_err(|fault| fault.to_string())?;
        sealer.seal(&plain).map(Some).map_err(|fault| fault.to_string())
    };
    let done = secrets::reseal(&change, &again).await?;
    if done == Resealed::default() {
        return Ok(done);
    }
    let about = About::target("stored secrets")
        .with("signing_keys", done.signing_keys)
        .with("session_tokens", done.session_tokens)
        .with("datastores", done.datastores);
    change.commit(Action::RotateSecret, about).await?;
    Ok(done)
}
