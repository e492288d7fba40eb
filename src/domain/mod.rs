//! The words of the product: names, ids, times and units, with nothing behind them but their rules.

mod actor;
mod clock;
mod correlation;
mod id;
pub mod range;
mod role;
mod rollout;
pub mod unit;

pub use actor::{Actor, ActorKind};
pub use clock::Clock;
pub use correlation::CorrelationId;
pub use id::{Email, Key, Slug, TenantId, UserId};
pub use range::{Moment, PRESETS, Preset, RangeSpec, TimeRange};
pub use role::{Role, VisibleTo};
pub use rollout::Rollout;
pub use unit::Unit;
