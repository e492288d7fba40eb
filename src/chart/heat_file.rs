//! A heatmap as a file: fixed size, the light palette, all text inside.

use std::fmt::Write;

use super::escape::cut;
use super::file::{HAIRLINE, INK_2, INK_3, ROW as LINE, SHADES, WIDTH, head, headings, keys, text};
use super::heat::{ACROSS, ROW};
use super::{Heat, Svg, time_axis};

/// Where the plot begins, from above.
const TOP: f64 = 88.0;
/// The height of a row, and of the whole at least.
const HIGH: f64 = 22.0;
const LEAST: f64 = 132.0;
/// Letters of a row's name.
const NAME: usize = 28;

impl Heat {
    /// The drawing as a file that stands alone.
    pub fn file(&self) -> Svg {
        let shades = self.shades();
        let names = self.rows.iter().map(|row| row.label.chars().count().min(NAME)).max().unwrap_or(2);
        let left = (24.0 + names as f64 * 7.0).round();
        let (width, height) = ((WIDTH - left - 32.0).round(), (HIGH * self.rows.len() as f64).max(LEAST));
        let mut inside = String::new();
        headings(&mut inside, &self.title, Some((self.range, self.zone)), self.y_label.as_deref().unwrap_or_default());
        for (index, row) in self.rows.iter().enumerate() {
            let y = TOP + (index as f64 + 0.5) / self.rows.len() as f64 * height + 4.0;
            text(&mut inside, left - 8.0, y, 11.0, INK_2, "end", &cut(&row.label, NAME));
        }
        let _ = write!(
            inside,
            "<svg x=\"{left}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {ACROSS} {}\" preserveAspectRatio=\"none\">",
            self.rows.len().max(1) * ROW
        );
        for (index, row) in self.rows.iter().enumerate() {
            let runs = Heat::runs(row, &shades);
            for (step, shade) in shades.steps.iter().enumerate() {
                let path = self.path(index, runs.iter().filter(|run| run.2 == step));
                if !path.is_empty() {
                    let _ = write!(inside, "<path fill=\"{}\" d=\"{path}\"/>", color(shade));
                }
            }
        }
        inside.push_str("</svg>");
        for tick in time_axis::ticks(self.range, self.zone).iter().filter(|tick| tick.rank < 2) {
            let (x, color) = (left + self.share_of(tick.at) * width, if tick.turn { INK_2 } else { INK_3 });
            text(&mut inside, x, TOP + height + 22.0, 11.0, color, "middle", &tick.label);
        }
        let mut words: Vec<(String, String)> =
            shades.steps.iter().map(|step| (format!("fill=\"{}\"", color(step)), step.words.clone())).collect();
        if !words.is_empty() && self.has_gaps() {
            words.push((format!("fill=\"none\" stroke=\"{HAIRLINE}\""), "no value".to_owned()));
        }
        let bottom = TOP + height + 48.0;
        let lines = keys(&mut inside, left, bottom, &words);
        if words.is_empty() {
            text(&mut inside, left + width / 2.0, TOP + height / 2.0, 13.0, INK_2, "middle", "No values in this range");
        }
        let mut out = head(WIDTH, bottom + lines as f64 * LINE, &self.title, &self.summary(&shades));
        out.push_str(&inside);
        out.push_str("</svg>");
        Svg(out)
    }
}

fn color(step: &super::shades::Step) -> String {
    step.color.map_or_else(|| SHADES[(step.shade - 1).min(SHADES.len() - 1)].to_owned(), |color| color.to_string())
}
