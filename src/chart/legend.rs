//! The legend: every line by name with its numbers in columns; what a reader who sees no lines reads.

use std::fmt::Write;

use super::LineStats;
use super::escape::Esc;
use super::style::Style;
use crate::domain::unit::Scale;

/// What the legend says.
pub(super) struct Legend<'a> {
    pub title: &'a str,
    /// The drawn lines.
    pub lines: &'a [(&'a LineStats, Style)],
    /// How many lines there are in all.
    pub of: usize,
    pub scale: &'a Scale,
    pub decimals: u8,
}

impl Legend<'_> {
    /// Writes it. With few lines it is there for those who cannot see the labels beside the plot; with many it is seen.
    pub fn write(&self, direct: bool, out: &mut String) {
        let quiet = match (direct, self.lines.len()) {
            (true, 0..=1) => "legend quiet",
            (true, _) => "legend quiet several",
            (false, _) => "legend",
        };
        // more than fits is scrolled, so it has to be reached by keyboard
        let reach = if direct {
            String::new()
        } else {
            format!(" tabindex=\"0\" role=\"region\" aria-label=\"Legend of {}\"", Esc(self.title))
        };
        let unit = match self.scale.unit.as_str() {
            "" => "Series".to_owned(),
            unit => format!("Series, in {}", Esc(unit)),
        };
        let _ = write!(out, "<div class=\"{quiet}\"{reach}><table><thead><tr><th scope=\"col\">{unit}</th>");
        for name in ["Last", "Min", "Max", "Avg"] {
            let _ = write!(out, "<th scope=\"col\" class=\"n\">{name}</th>");
        }
        out.push_str("</tr></thead><tbody>");
        for (line, style) in self.lines {
            let _ = write!(
                out,
                "<tr><th scope=\"row\"><svg class=\"key{}\"{} aria-hidden=\"true\"><path d=\"M1 5h14\"/></svg>{}</th>",
                style.classes(),
                style.attributes(),
                Esc(&line.label)
            );
            for value in [line.last, line.min, line.max, line.mean] {
                let text = value.map_or("–".to_owned(), |value| self.scale.number(value, Some(self.decimals)));
                let _ = write!(out, "<td class=\"n\">{}</td>", Esc(&text));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table>");
        if self.of > self.lines.len() {
            let _ =
                write!(out, "<p>The first {} of {} series are drawn; the data has all of them.</p>", self.lines.len(), self.of);
        }
        out.push_str("</div>");
    }
}
