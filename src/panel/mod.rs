//! Panels: what a dashboard is made of. One folder a type; each asks its questions and draws the answers.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::{Key, RangeSpec, TimeRange};
use crate::frame::Frame;
use crate::query::Query;

/// An address whose query holds the whole view, so that every link tells everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The path, already encoded.
    pub path: String,
    /// The query, not yet encoded, in order.
    pub query: Vec<(String, String)>,
}

impl Address {
    /// The same address with `key` set to `value`, or without it.
    #[must_use]
    pub fn with(&self, key: &str, value: Option<&str>) -> Address {
        let mut query: Vec<_> = self.query.iter().filter(|(k, _)| k != key).cloned().collect();
        if let Some(value) = value {
            query.push((key.to_owned(), value.to_owned()));
        }
        Address { path: self.path.clone(), query }
    }

    /// As it stands in an `href`.
    pub fn href(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{}?{query}", self.path)
    }
}

/// How a panel is being looked at.
#[derive(Clone, Debug)]
pub struct View {
    /// The panel's id in its dashboard.
    pub key: Key,
    /// Now.
    pub now: DateTime<Utc>,
    /// The shown zone.
    pub zone: Tz,
    /// The range as written.
    pub spec: RangeSpec,
    /// The range as it resolves.
    pub range: TimeRange,
    /// The panel's refresh interval (its own, else its dashboard's).
    pub refresh: TimeDelta,
    /// Whether long ranges are put into buckets.
    pub aggregate: bool,
    /// This panel's own parameters, from `{panel}.sort`, `.dir`, `.page`, `.q`, `.f.{column}`: the part behind the dot, and the value.
    pub params: Vec<(String, String)>,
    /// The page this is drawn on: links keep the whole view.
    pub page: Address,
    /// This panel alone, with the same view: what htmx asks for.
    pub fragment: Address,
}

impl View {
    /// One of the panel's own parameters.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str())
    }
}

/// Markup made by our own templates; a panel's template prints it unescaped, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Draws a template.
    pub fn of(template: &impl askama::Template) -> Html {
        // A template fails only when a filter of ours does; an empty body then says less than nothing, so the state is failed by the caller.
        Html(template.render().unwrap_or_default())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
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
    /// What the viewer should know: cut at the row cap, a bad parameter.
    pub notices: Vec<String>,
    /// The whole in a sentence, for those who do not see it.
    pub summary: String,
}

/// What every panel has.
#[derive(Clone, Debug)]
pub struct Common {
    /// Its title.
    pub title: String,
    /// Shown behind the title.
    pub description: Option<String>,
    /// Its own refresh interval.
    pub refresh: Option<TimeDelta>,
}

/// A panel, ready to ask and to draw. Neither touches anything outside: queries are data, a drawing is text.
pub trait Panel: Send + Sync + std::fmt::Debug {
    /// Title, description, refresh.
    fn common(&self) -> &Common;

    /// Whether the page's range changes what it shows.
    fn follows_range(&self) -> bool;

    /// What it asks. An empty list: it is drawn without a question.
    fn queries(&self, view: &View) -> Vec<Query>;

    /// Draws the answers, in the order of the queries.
    fn draw(&self, frames: &[Arc<Frame>], view: &View) -> Drawing;
}
