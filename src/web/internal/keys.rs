use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::{Administration, Group};
use crate::error::Result;
use crate::web::openapi::{Body, By};
use crate::web::{Parts, limits};

pub struct Keys;

/// How a rotation is meant.
#[derive(Debug, Default, Object)]
#[oai(example = true)]
struct RotateSecret {
    /// Whether the present key is known to somebody else: then the new one signs at once, and what the old one signed is
    /// good no longer.
    #[oai(default)]
    compromised: bool,
}

impl Example for RotateSecret {
    fn example() -> RotateSecret {
        RotateSecret { compromised: false }
    }
}

/// A rotation, as it stands.
#[derive(Debug, Object)]
#[oai(example = true)]
struct Rotation {
    /// The new key's id.
    kid: String,
    /// When it begins to sign, or that it has.
    signs_at: DateTime<Utc>,
    /// Whether this call began it: one under way is not begun again.
    begun: bool,
    /// The keys that were given up at once.
    given_up: Vec<String>,
}

impl Example for Rotation {
    fn example() -> Rotation {
        Rotation {
            kid: "2026-11-25-8f3a".to_owned(),
            signs_at: DateTime::from_timestamp(1_795_600_000, 0).unwrap_or_default(),
            begun: true,
            given_up: Vec::new(),
        }
    }
}

#[OpenApi]
impl Keys {
    /// Begin to sign with a new key.
    ///
    /// The new key is published at once and signs after `LOGGIA_TOKEN__KEY_LEAD_SECONDS`, so that whoever remembers the
    /// published keys has it by then. What the old key signed is good until it expires, unless that key is compromised.
    #[oai(path = "/admin/rotate-secret", method = "post", operation_id = "rotate_secret", tag = "Group::Keys")]
    async fn rotate(
        &self,
        who: By<Administration>,
        Data(parts): Data<&Arc<Parts>>,
        how: Body<Option<RotateSecret>>,
    ) -> Result<Json<Rotation>> {
        let compromised = how.0.unwrap_or_default().compromised;
        let rotation = limits::in_time(parts.identities.rotate_keys(who.0.actor(), compromised)).await?;
        Ok(Json(Rotation { kid: rotation.kid, signs_at: rotation.signs_at, begun: rotation.begun, given_up: rotation.given_up }))
    }
}
