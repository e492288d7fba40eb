//! Wall screens: what their link opens, and nothing beside it.

use uuid::Uuid;

use crate::central::devices::{self, Device};
use crate::central::{Change, Error};
use crate::domain::{Actor, ActorKind, CorrelationId, Key, TenantId, UserId};

use super::token::looks_like_one;
use super::{Credential, Identities, Identity, SessionId, SessionToken};

/// A link just made. It is shown once: the server keeps its hash alone.
#[derive(Debug)]
pub struct NewLink {
    /// What the link ends in.
    pub token: SessionToken,
    /// The screen it is for.
    pub device: Device,
}

/// Adds a wall screen to a change; the caller commits it with its audit row.
///
/// # Errors
/// `Internal` when the system has no randomness, or that the central database does not answer.
pub async fn add(change: &Change, tenant: TenantId, name: String, dashboards: Vec<Key>, by: &Actor) -> Result<NewLink, Error> {
    let token = SessionToken::new().ok_or_else(|| Error::Internal("the system has no randomness".to_owned()))?;
    let device = Device {
        id: Uuid::now_v7(),
        tenant,
        name,
        dashboards,
        created_by: by.label().to_owned(),
        created_at: change.at(),
        last_used_at: None,
    };
    devices::create(change, &device, token.id().as_str()).await?;
    Ok(NewLink { token, device })
}

impl Identities {
    /// The wall screen whose link this is; none when it is no link (any more). Its last use is noted, to the minute.
    ///
    /// # Errors
    /// The central database could not be asked: that is an outage, never "no link".
    pub async fn device(&self, token: &str, correlation: CorrelationId) -> Result<Option<(Identity, Device)>, Error> {
        if !looks_like_one(token) {
            return Ok(None);
        }
        // asked each time: a link that was taken back opens nothing from that moment on, on any replica
        let Some(device) = devices::find(self.central(), SessionId::of(token).as_str()).await? else { return Ok(None) };
        let now = self.central().clock().now();
        let touch = devices::touch(self.central(), device.id, now);
        self.uses().note(&device.id.to_string(), device.last_used_at, now, touch).await?;
        Ok(Some((Identity::of_device(&device, correlation), device)))
    }
}

impl Identities {
    /// The wall screen of this id, while its link is good.
    pub(super) async fn device_by_id(&self, id: &str, correlation: CorrelationId) -> Result<Option<Identity>, Error> {
        let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
        let device = devices::by_id(self.central(), id).await?;
        Ok(device.map(|device| Identity::of_device(&device, correlation)))
    }
}

impl Identity {
    fn of_device(device: &Device, correlation: CorrelationId) -> Identity {
        let credential = Credential::Device { device: device.id, tenant: device.tenant, dashboards: device.dashboards.clone() };
        Identity::screen(device, credential, correlation)
    }

    /// A wall screen, by its link or by a token that it was given for an app.
    pub(super) fn screen(device: &Device, credential: Credential, correlation: CorrelationId) -> Identity {
        Identity {
            user: UserId(device.id),
            label: device.name.clone(),
            name: device.name.clone(),
            operator: false,
            credential,
            selected: Some(device.tenant),
            actor: Actor::issue(ActorKind::Device, None, device.name.as_str(), None, correlation),
        }
    }
}
