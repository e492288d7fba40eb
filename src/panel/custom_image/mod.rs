//! A picture that an endpoint makes.

mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub(super) use sample::sample;
pub(super) use spec::Spec;

use super::draft::Draft;
use super::endpoint::Inline;
use super::{Common, Content, Drawing, EndpointCall, Html, Panel, Trouble, View, Wants};
use crate::frame::Frame;
use crate::panel::spec::RangeMode;
use crate::query::Query;

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (6, 2);

/// A picture, checked.
#[derive(Debug)]
struct CustomImage {
    common: Common,
    call: EndpointCall,
    alt: String,
}

#[derive(askama::Template)]
#[template(path = "custom_image/view.html")]
struct Body<'a> {
    alt: &'a str,
    inline: Option<Inline<'a>>,
    address: String,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    let follows = spec.range == Some(RangeMode::Follow);
    let call = EndpointCall::build(&spec.endpoint, spec.parameters, &spec.filters, (Wants::Picture, follows), draft)?;
    let call = call.with_token(spec.endpoint_token, draft)?;
    let alt = spec.alt.or_else(|| common.description.clone()).unwrap_or_else(|| common.title.clone());
    Some(Arc::new(CustomImage { common, call, alt }))
}

impl Panel for CustomImage {
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

    /// Our own drawings stand in the page and follow its theme; other pictures are fetched by the browser, from us.
    fn draw_made(&self, made: &Content, view: &View) -> Result<Drawing, Trouble> {
        let Content::Picture(picture) = made else { return Err(Trouble::Undrawn) };
        let mut address = view.fragment.with("v", Some(&picture.print()));
        address.path.push_str("/image");
        let body = Html::of(&Body { alt: &self.alt, inline: picture.inline(), address: address.href() });
        Ok(Drawing { body, summary: self.alt.clone(), ..Drawing::default() })
    }
}
