//! How a line looks: one of eight colours and, past those, a dash pattern; or the author's colour.

use super::Color;

/// A line's look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    index: usize,
    color: Option<Color>,
}

/// The colours of the page's palette.
const COLORS: usize = 8;
/// The dash patterns past the solid line.
const DASHES: usize = 6;

impl Style {
    pub fn of(index: usize, color: Option<Color>) -> Style {
        Style { index, color }
    }

    /// Its classes, each with a space before it; the author's colour needs none.
    pub fn classes(&self) -> String {
        let color = match self.color {
            Some(_) => String::new(),
            None => format!(" s{}", self.index % COLORS + 1),
        };
        match self.index / COLORS {
            0 => color,
            round => format!("{color} d{}", (round - 1) % DASHES + 1),
        }
    }

    /// The author's colour as presentation attributes.
    pub fn attributes(&self) -> String {
        self.color.map_or(String::new(), |color| format!(" stroke=\"{color}\" fill=\"{color}\""))
    }

    /// The class of a text beside the line; text never has an author's colour.
    pub fn text_class(&self) -> String {
        match self.color {
            Some(_) => "t".to_owned(),
            None => format!("t{}", self.index % COLORS + 1),
        }
    }

    pub fn index(&self) -> usize {
        self.index
    }

    pub fn color(&self) -> Option<Color> {
        self.color
    }
}
