//! Words of an endpoint, in the markup of the author.

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
/// Bytes of a template.
const LONGEST_TEMPLATE: usize = 64 * 1024;

/// Markup and its endpoint, checked.
#[derive(Debug)]
struct CustomTemplate {
    common: Common,
    endpoint: Endpoint,
    follows: bool,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let endpoint = Endpoint::build(&spec.endpoint, &spec.parameters, draft);
    if spec.template.trim().is_empty() {
        draft.fault("panel.template", "the template is empty");
    }
    if spec.template.len() > LONGEST_TEMPLATE {
        draft.fault("panel.template", format!("a template has at most {} KiB", LONGEST_TEMPLATE / 1024));
    }
    let endpoint = endpoint?;
    Some(Arc::new(CustomTemplate { common, endpoint, follows: spec.range == Some(RangeMode::Follow) }))
}

impl Panel for CustomTemplate {
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
