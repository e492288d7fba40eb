use std::path::Path;
use std::time::Duration;

use crate::central::datastores::Stored;
use crate::datastore::Target;
use crate::identity::Sealer;

use super::declaration::{Env, SecretReference};

/// The word for a datastore that serves every environment.
pub(super) const ANY: &str = "any";

/// The primary of this environment; one made for it comes before one that serves all.
pub(super) fn primary(stores: &[Stored], env: Env) -> Option<&Stored> {
    let of = |word: &str| stores.iter().find(|store| store.primary && store.env == word);
    of(env.as_str()).or_else(|| of(ANY))
}

/// Where a stored datastore is, its secret resolved.
///
/// # Errors
/// What is missing, for authors and the log; never the address itself.
pub(super) fn target(store: &Stored, data: &Path, sealer: &Sealer) -> Result<Target, String> {
    if store.kind == "databricks" {
        return Err("datastores of kind databricks are not supported by this version".to_owned());
    }
    let url = SecretReference::stored(&store.secret_ref)?.resolve(sealer)?;
    let mut target = Target::parse(&url, data).map_err(|bad| bad.to_string())?;
    target.schema.clone_from(&store.schema);
    target.catalog.clone_from(&store.catalog);
    if let Some(limit) = store.options.statement_timeout_ms {
        target.statement_timeout = Duration::from_millis(limit);
    }
    if let Some(limit) = store.options.max_connections {
        target.max_connections = limit;
    }
    Ok(target)
}
