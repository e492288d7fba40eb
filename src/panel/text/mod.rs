//! Notes of the author: Markdown, drawn without a question.

mod sample;
mod spec;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use pulldown_cmark::{Options, Parser, html};
pub(super) use sample::sample;
pub(super) use spec::Spec;

use super::draft::Draft;
use super::spec::RangeMode;
use super::{Common, Data, Drawing, Html, Panel, View, markup};
use crate::frame::Frame;
use crate::query::Query;

/// Columns and rows it takes when its dashboard does not say.
pub(super) const SIZE: (u16, u16) = (4, 1);
/// Bytes of Markdown.
const LONGEST: usize = 64 * 1024;

/// A text, drawn already: it never changes.
#[derive(Debug)]
struct Text {
    common: Common,
    content: String,
    drawn: Html,
}

#[derive(askama::Template)]
#[template(path = "text/view.html")]
struct Body<'a> {
    drawn: &'a Html,
}

/// Checks what was written.
pub(super) fn build(spec: Spec, draft: &mut Draft<'_>) -> Option<Arc<dyn Panel>> {
    let common = spec.common(draft);
    if spec.range == Some(RangeMode::Follow) {
        draft.fault("panel.range", "a text is the same whatever the range");
    }
    if spec.content.trim().is_empty() {
        draft.fault("panel.content", "the text is empty");
    }
    if spec.content.len() > LONGEST {
        draft.fault("panel.content", format!("a text has at most {} KiB", LONGEST / 1024));
        return None;
    }
    let Some(drawn) = rendered(&spec.content) else {
        draft.fault("panel.content", "the text is nested too deep");
        return None;
    };
    Some(Arc::new(Text { common, content: spec.content, drawn }))
}

fn rendered(content: &str) -> Option<Html> {
    let mut out = String::with_capacity(content.len() * 2);
    html::push_html(&mut out, Parser::new_ext(content, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH));
    markup::safe(&out)
}

impl Panel for Text {
    fn common(&self) -> &Common {
        &self.common
    }

    fn follows_range(&self) -> bool {
        false
    }

    fn queries(&self, _view: &View) -> Vec<Query> {
        Vec::new()
    }

    fn draw(&self, _frames: &[Arc<Frame>], _view: &View) -> Drawing {
        Drawing { body: Html::of(&Body { drawn: &self.drawn }), ..Drawing::default() }
    }

    fn data(&self, _frames: &[Arc<Frame>], _view: &View) -> Option<Data> {
        Some(Data::Text(self.content.clone()))
    }
}
