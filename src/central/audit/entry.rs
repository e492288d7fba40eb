use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::Action;
use crate::domain::{Actor, ActorKind, CorrelationId, TenantId};

/// What an action was about: the tenant, the thing, and what is worth knowing besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    tenant: Option<TenantId>,
    target: Option<String>,
    detail: BTreeMap<String, Value>,
}

impl About {
    /// Nothing but the action itself.
    pub fn nothing() -> About {
        About::default()
    }

    /// A thing, by the name people know it by.
    pub fn target(name: impl ToString) -> About {
        About { target: Some(name.to_string()), ..About::default() }
    }

    /// In this tenant.
    pub fn in_tenant(mut self, tenant: TenantId) -> About {
        self.tenant = Some(tenant);
        self
    }

    /// And this is worth knowing. Never a secret, never a row's value.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> About {
        self.detail.insert(key.to_owned(), value.into());
        self
    }
}

/// One audit row before it has its place in the chain.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(super) at: DateTime<Utc>,
    pub(super) action: Action,
    pub(super) actor_kind: &'static str,
    pub(super) actor_id: Option<Uuid>,
    pub(super) actor: String,
    pub(super) tenant: Option<Uuid>,
    pub(super) target: Option<String>,
    pub(super) detail: BTreeMap<String, Value>,
    pub(super) address: Option<String>,
    pub(super) correlation: String,
}

impl Entry {
    /// What `actor` did at `at`.
    pub fn new(actor: &Actor, at: DateTime<Utc>, action: Action, about: About) -> Entry {
        Entry {
            at: at.trunc_subsecs(6),
            action,
            actor_kind: actor.kind().as_str(),
            actor_id: actor.user().map(|user| user.0),
            actor: storable(actor.label()),
            tenant: about.tenant.map(|tenant| tenant.0),
            target: about.target.as_deref().map(storable),
            detail: about.detail,
            address: actor.address().map(|address| address.to_string()),
            correlation: actor.correlation().to_string(),
        }
    }

    /// Whether it only tells of something, see [`Action::QUIET`].
    pub(in crate::central) fn is_quiet(&self) -> bool {
        Action::QUIET.contains(&self.action)
    }

    /// What the audit itself has to say: no caller answers for it.
    pub(super) fn by_the_server(at: DateTime<Utc>, action: Action, about: About) -> Entry {
        Entry {
            at: at.trunc_subsecs(6),
            action,
            actor_kind: ActorKind::System.as_str(),
            actor_id: None,
            actor: "system".to_owned(),
            tenant: None,
            target: None,
            detail: about.detail,
            address: None,
            correlation: CorrelationId::new().to_string(),
        }
    }
}

/// What came from outside is cut to 256 characters and loses the NULs that PostgreSQL refuses.
fn storable(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(256).collect()
}
