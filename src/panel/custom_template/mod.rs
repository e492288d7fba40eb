//! Words of an endpoint, in the markup of the author.

mod sample;
mod spec;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use sample::sample;
pub(super) use spec::Spec;
use template::Template;

use super::draft::Draft;
use super::{Common, Content, Drawing, EndpointCall, Html, Panel, Trouble, View, Wants, markup};
use crate::frame::Frame;
use crate::panel::spec::RangeMode;
use crate::query::Query;

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (6, 2);

/// Markup and its endpoint, checked.
#[derive(Debug)]
struct CustomTemplate {
    common: Common,
    call: EndpointCall,
    template: Template,
}

#[derive(askama::Template)]
#[template(path = "custom_template/view.html")]
struct Body {
    filled: Html,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let follows = spec.range == Some(RangeMode::Follow);
    let call = EndpointCall::build(&spec.endpoint, spec.parameters, &spec.filters, (Wants::Words, follows), draft);
    let call = call.and_then(|call| call.with_token(spec.endpoint_token, draft));
    let template = Template::parse(&spec.template).map_err(|wrong| {
        wrong.into_iter().for_each(|(offset, message)| draft.fault_in("panel.template", offset, message));
    });
    Some(Arc::new(CustomTemplate { common, call: call?, template: template.ok()? }))
}

impl Panel for CustomTemplate {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        self.call.follows
    }

    fn queries(&self, _view: &View) -> Vec<Query> {
        Vec::new()
    }

    fn draw(&self, _frames: &[Arc<Frame>], _view: &View) -> Drawing {
        Drawing::default()
    }

    fn endpoint(&self) -> Option<&EndpointCall> {
        Some(&self.call)
    }

    fn draw_made(&self, made: &Content, _view: &View) -> Result<Drawing, Trouble> {
        let Content::Words(words) = made else { return Err(Trouble::Undrawn) };
        let filled = self.template.fill(words).map_err(Trouble::Template)?;
        let filled = markup::safe(&filled).ok_or_else(|| Trouble::Template("its elements are nested too deep".to_owned()))?;
        let body = Html::of(&Body { filled });
        Ok(Drawing { body, ..Drawing::default() })
    }
}
