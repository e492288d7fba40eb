//! Drawings: SVG that stretches while its text does not, in words for those who cannot see it.

use std::fmt;

/// A finished drawing: the only text a template may print unescaped, and only this room makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Svg {}
