//! What an endpoint answers, and what of it a panel may draw.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{Trouble, Wants, pixels, svg};

/// The most bytes of JSON for a template.
pub(super) const MOST_WORDS: usize = 1024 * 1024;
/// The most values inside them: a comma is one byte of text, and a value takes many of memory.
const MOST_VALUES: usize = 50_000;
/// The most bytes of a picture.
pub(super) const MOST_PICTURE: usize = 4 * 1024 * 1024;

/// What an endpoint answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Words for a template.
    Json(serde_json::Value),
    /// A drawing. Colours may be tokens, `var(--s1)`: they follow the viewer's theme. No script, style or address survives.
    Svg(String),
    /// A picture.
    Png(Vec<u8>),
}

/// What a panel draws.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Words for a template.
    Words(serde_json::Value),
    /// A picture.
    Picture(Picture),
}

/// The format of a picture, told from its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Format {
    Png,
    Jpeg,
    Svg,
}

/// A picture that is one: its bytes were looked at, and a drawing holds nothing but shapes and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    format: Format,
    bytes: Arc<[u8]>,
    own: bool,
}

impl Picture {
    /// Reads a picture from its bytes, whatever it was called. `own`: made by this program.
    ///
    /// # Errors
    /// That it is none.
    pub(in crate::panel) fn read(bytes: &[u8], own: bool) -> Result<Picture, Trouble> {
        if bytes.len() > MOST_PICTURE {
            return Err(Trouble::TooLarge(MOST_PICTURE));
        }
        let not = |why: &str| Trouble::NotThat("a picture", why.to_owned());
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Ok(Picture { format: Format::Png, bytes: pixels::png(bytes).map_err(|why| not(&why))?.into(), own });
        }
        if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            return Ok(Picture { format: Format::Jpeg, bytes: pixels::jpeg(bytes).map_err(|why| not(&why))?.into(), own });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| not("neither PNG, JPEG nor SVG"))?;
        let drawing = svg::cleaned(text).map_err(|why| not(&why))?;
        if drawing.len() > MOST_PICTURE {
            return Err(Trouble::TooLarge(MOST_PICTURE));
        }
        Ok(Picture { format: Format::Svg, bytes: drawing.into_bytes().into(), own })
    }

    /// Its format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Its media type.
    pub fn content_type(&self) -> &'static str {
        match self.format {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Svg => "image/svg+xml",
        }
    }

    /// Its bytes as a file: colours that follow the theme are those of paper.
    pub fn file(&self) -> Vec<u8> {
        match (self.format, std::str::from_utf8(&self.bytes)) {
            (Format::Svg, Ok(text)) => svg::on_paper(text).into_bytes(),
            _ => self.bytes.to_vec(),
        }
    }

    /// The drawing as it may stand in a page, where it is one of ours.
    pub(in crate::panel) fn inline(&self) -> Option<Inline<'_>> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        (self.own && self.format == Format::Svg).then_some(Inline(text))
    }

    /// A short name for these bytes.
    pub fn print(&self) -> String {
        hex::encode(&Sha256::digest(&self.bytes)[..8])
    }
}

/// A cleaned drawing of our own; only [`Picture`] makes one.
#[derive(Debug)]
pub(in crate::panel) struct Inline<'a>(&'a str);

impl std::fmt::Display for Inline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl askama::filters::HtmlSafe for Inline<'_> {}

/// Reads words that came as text.
pub(super) fn words(text: &[u8]) -> Result<Content, Trouble> {
    // Told before anything is built: whoever sends a megabyte of commas means no good.
    if text.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > MOST_VALUES * 2 {
        return Err(Trouble::TooLarge(MOST_WORDS));
    }
    let words = serde_json::from_slice(text).map_err(|cause| Trouble::NotThat("JSON", cause.to_string()))?;
    if is_small(&words) { Ok(Content::Words(words)) } else { Err(Trouble::TooLarge(MOST_WORDS)) }
}

/// Whether words keep to their limits; none of them is written out to tell.
fn is_small(words: &serde_json::Value) -> bool {
    use serde_json::Value;
    let (mut values, mut bytes, mut waiting) = (0, 0, vec![words]);
    while let Some(value) = waiting.pop() {
        values += 1;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(list) if list.len() <= MOST_VALUES => waiting.extend(list),
            Value::Object(map) if map.len() <= MOST_VALUES => {
                bytes += map.keys().map(String::len).sum::<usize>();
                waiting.extend(map.values());
            }
            Value::Array(_) | Value::Object(_) => return false,
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        if values + waiting.len() > MOST_VALUES || bytes > MOST_WORDS {
            return false;
        }
    }
    true
}

impl Content {
    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        match self {
            Content::Picture(picture) => picture.bytes.len(),
            Content::Words(words) => weight(words),
        }
    }
}

fn weight(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(weight).sum(),
        // A map keeps each key twice, and a table to find it by.
        Value::Object(map) => map.iter().map(|(key, value)| 2 * key.len() + 64 + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inside
}

/// What was made, and when.
#[derive(Clone, Debug)]
pub struct Made {
    /// It.
    pub content: Content,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether nobody had to be asked.
    pub hit: bool,
    /// Why this is not newer: what was made last stands in for an answer that failed.
    pub stale: Option<Trouble>,
}

impl Answer {
    /// What a panel may draw of it.
    pub(super) fn checked(self, wants: Wants) -> Result<Content, Trouble> {
        match (self, wants) {
            (Answer::Json(words), Wants::Words) => match is_small(&words) {
                true => Ok(Content::Words(words)),
                false => Err(Trouble::TooLarge(MOST_WORDS)),
            },
            (Answer::Svg(text), Wants::Picture) => Picture::read(text.as_bytes(), true).map(Content::Picture),
            (Answer::Png(bytes), Wants::Picture) => Picture::read(&bytes, true).map(Content::Picture),
            (Answer::Json(_), Wants::Picture) => Err(Trouble::NotThat("a picture", "it is JSON".to_owned())),
            (Answer::Svg(_) | Answer::Png(_), Wants::Words) => Err(Trouble::NotThat("JSON", "it is a picture".to_owned())),
        }
    }
}
