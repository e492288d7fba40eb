//! What a panel draws: its body, and the few words around it.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{Common, View, words};
use crate::chart::Svg;
use crate::domain::TimeRange;
use crate::domain::unit::grouped;
use crate::frame::Frame;

/// Markup made by our own templates; a panel's template prints it unescaped, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Draws a template.
    pub fn of(template: &impl askama::Template) -> Html {
        // A template fails only when a filter of ours does; an empty body then says less than nothing, so the state is failed by the caller.
        Html(template.render().unwrap_or_default())
    }

    /// Markup that was cleaned of everything but text and structure; only `markup::safe` calls this.
    pub(super) fn cleaned(markup: ammonia::Document) -> Html {
        Html(markup.to_string())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Svg> for Html {
    fn from(svg: Svg) -> Html {
        Html(svg.to_string())
    }
}

impl std::fmt::Display for Html {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Good, warning, bad: with a word and a shape, never by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Good,
    Warn,
    Bad,
    Unknown,
}

impl Level {
    /// The CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Warn => "warn",
            Level::Bad => "bad",
            Level::Unknown => "unknown",
        }
    }
}

/// A state in the panel's head: shape, word, colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Which shape and colour.
    pub level: Level,
    /// The word.
    pub label: String,
}

/// What a panel drew.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// The body.
    pub body: Html,
    /// No rows for this range: the body says what would be here.
    pub empty: bool,
    /// The source has sent nothing newer than this (with `stale_after`).
    pub stale_since: Option<DateTime<Utc>>,
    /// A few words beside the title: "mean per 10 min".
    pub note: Option<String>,
    /// A state beside the title.
    pub badge: Option<Badge>,
    /// A link beside the title to the same data seen otherwise.
    pub turn: Option<Html>,
    /// What the viewer should know: cut at the row cap, a bad parameter.
    pub notices: Vec<String>,
    /// The whole in a sentence, for those who do not see it.
    pub summary: String,
}

#[derive(Template)]
#[template(path = "empty.html")]
struct Empty {
    what: String,
    detail: String,
}

/// A body that says in two lines why nothing is there.
pub(super) fn nothing(what: String, detail: String) -> Drawing {
    let summary = format!("{what} {detail}");
    Drawing { body: Html::of(&Empty { what, detail }), empty: true, summary, ..Drawing::default() }
}

/// No rows: what would be here, and for which range.
pub(super) fn empty(common: &Common, range: Option<TimeRange>, view: &View) -> Drawing {
    let detail = range.map_or_else(|| "nothing has been recorded yet".to_owned(), |range| words::between(range, view));
    nothing(format!("No {}", words::in_sentence(&common.title)), detail)
}

/// Since when a source has been silent, where its newest row is older than the author allows.
/// A range that ended long ago is no sign of silence.
pub(super) fn stale_since(common: &Common, newest: Option<DateTime<Utc>>, view: &View) -> Option<DateTime<Utc>> {
    let (allowed, newest) = (common.stale_after?, newest?);
    (view.range.to().min(view.now) - newest > allowed).then_some(newest)
}

/// That the row cap cut something off.
pub(super) fn cut_notice(frame: &Frame) -> Vec<String> {
    let cut = || format!("There are more rows than can be shown; these are the first {}.", grouped(frame.rows() as f64, 0));
    if frame.truncated { vec![cut()] } else { Vec::new() }
}
