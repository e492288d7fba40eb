//! A picture that an endpoint makes.

mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use spec::Spec;

use super::draft::Draft;
use super::endpoint::Endpoint;
use super::{Common, Drawing, Panel, View};
use crate::frame::Frame;
use crate::panel::spec::RangeMode;
use crate::query::Query;

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (6, 2);

/// A picture, checked.
#[derive(Debug)]
struct CustomImage {
    common: Common,
    endpoint: Endpoint,
    follows: bool,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let endpoint = Endpoint::build(&spec.endpoint, &spec.parameters, draft)?;
    Some(Arc::new(CustomImage { common, endpoint, follows: spec.range == Some(RangeMode::Follow) }))
}

impl Panel for CustomImage {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        self.follows
    }

    fn queries(&self, _view: &View) -> Vec<Query> {
        Vec::new()
    }

    fn draw(&self, _frames: &[Arc<Frame>], _view: &View) -> Drawing {
        self.endpoint.unregistered(&self.common)
    }
}
