//! Bars as a file: fixed size, the light palette, all text inside.

use std::fmt::Write;

use super::Bars;
use super::escape::{Esc, cut};
use super::file::{HAIRLINE, HAIRLINE_2, INK_2, INK_3, ROW, SERIES, WIDTH, head, headings, keys, rule, text};
use super::value_axis::ValueAxis;
use super::{Svg, time_axis};

/// Where the plot begins, from above.
const TOP: f64 = 88.0;
/// The height of upright bars, and of each that lies.
const HEIGHT: f64 = 308.0;
const LYING: f64 = 26.0;
/// Letters of a name that lies before its bar.
const NAME: usize = 28;

/// Where everything stands, in the drawing's units.
struct Sheet<'a> {
    bars: &'a Bars,
    axis: &'a ValueAxis,
    left: f64,
    width: f64,
    height: f64,
}

impl Bars {
    /// The drawing as a file that stands alone.
    pub fn file(&self) -> Svg {
        let axis = self.axis();
        let names = self.places.iter().map(|place| place.label.chars().count().min(NAME)).max().unwrap_or(2);
        let numbers = axis.ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(2);
        let letters = if self.horizontal { names } else { numbers };
        let left = (24.0 + letters as f64 * 7.0).round();
        let height = if self.horizontal { LYING * self.places.len().max(4) as f64 } else { HEIGHT };
        Sheet { bars: self, axis: &axis, left, width: (WIDTH - left - 32.0).round(), height }.write()
    }
}

impl Sheet<'_> {
    fn write(&self) -> Svg {
        let bars = self.bars;
        let mut inside = String::new();
        let counts = bars.y_label.as_deref().into_iter().chain(self.axis.long_unit()).filter(|text| !text.is_empty());
        headings(&mut inside, &bars.title, bars.shown, &counts.collect::<Vec<_>>().join(", "));
        self.values(&mut inside);
        self.names(&mut inside);
        self.parts(&mut inside);
        let bottom = TOP + self.height + 48.0;
        let lines = match bars.series.len() {
            0 | 1 => 0,
            _ => {
                let key =
                    |(index, series): (usize, &super::Series)| (format!("fill=\"{}\"", self.color(index)), series.label.clone());
                keys(&mut inside, self.left, bottom, &bars.series.iter().enumerate().map(key).collect::<Vec<_>>())
            }
        };
        if bars.series.iter().all(|series| series.values.iter().flatten().next().is_none()) {
            let (x, y) = (self.left + self.width / 2.0, TOP + self.height / 2.0);
            text(&mut inside, x, y, 13.0, INK_2, "middle", "No values in this range");
        }
        let mut out = head(WIDTH, bottom + lines as f64 * ROW, &bars.title, &bars.summary(self.axis));
        out.push_str(&inside);
        out.push_str("</svg>");
        Svg(out)
    }

    fn color(&self, series: usize) -> String {
        let own = self.bars.series[series].color;
        own.map_or_else(|| SERIES[series % SERIES.len()].to_owned(), |color| color.to_string())
    }

    fn values(&self, out: &mut String) {
        for (value, label) in &self.axis.ticks {
            let share = self.axis.share(*value);
            let color = if *value == self.axis.base() { HAIRLINE } else { HAIRLINE_2 };
            if self.bars.horizontal {
                let x = self.left + share * self.width;
                rule(out, (x, TOP), (x, TOP + self.height), color, 1.0, "");
                text(out, x, TOP + self.height + 22.0, 11.0, INK_3, "middle", label);
            } else {
                let y = TOP + (1.0 - share) * self.height;
                rule(out, (self.left, y), (self.left + self.width, y), color, 1.0, "");
                text(out, self.left - 8.0, y + 4.0, 11.0, INK_3, "end", label);
            }
        }
    }

    /// What each bar stands for.
    fn names(&self, out: &mut String) {
        let bars = self.bars;
        let below = TOP + self.height + 22.0;
        if let Some((range, zone)) = bars.time {
            for tick in time_axis::ticks(range, zone).iter().filter(|tick| tick.rank < 2) {
                let share = (tick.at - range.from()).num_milliseconds() as f64 / range.length().num_milliseconds().max(1) as f64;
                let color = if tick.turn { INK_2 } else { INK_3 };
                text(out, self.left + share * self.width, below, 11.0, color, "middle", &tick.label);
            }
            return;
        }
        let fit = (130 / bars.places.len().max(1)).clamp(3, NAME);
        let every = if bars.horizontal { 1 } else { bars.places.len().div_ceil(30).max(1) };
        for place in bars.places.iter().step_by(every) {
            let middle = (place.from + place.to) / 2.0;
            if bars.horizontal {
                text(out, self.left - 8.0, TOP + middle * self.height + 4.0, 11.0, INK_2, "end", &cut(&place.label, NAME));
            } else {
                text(out, self.left + middle * self.width, below, 11.0, INK_2, "middle", &cut(&place.label, fit));
            }
        }
    }

    fn parts(&self, out: &mut String) {
        for (place, series, low, high) in self.bars.parts(self.axis) {
            let (across, thick) = self.bars.across(&self.bars.places[place], series);
            let (x, y, width, height) = match self.bars.horizontal {
                true => (low * self.width, across * self.height, (high - low) * self.width, thick * self.height),
                false => (across * self.width, (1.0 - high) * self.height, thick * self.width, (high - low) * self.height),
            };
            let _ = write!(
                out,
                "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{}\"><title>{}</title></rect>",
                self.left + x,
                TOP + y,
                self.color(series),
                Esc(&self.bars.words(self.axis, place, series))
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bars, Place, Series};
    use crate::domain::Unit;

    fn bars(horizontal: bool, hostile: &str) -> Bars {
        let place = |n: usize| Place { label: format!("{hostile} {n}"), from: n as f64 / 3.0, to: (n + 1) as f64 / 3.0 };
        let series = |n: f64| Series { label: format!("{hostile}{n}"), color: None, values: vec![Some(n), None, Some(n * 2.0)] };
        Bars {
            id: "b".into(),
            title: hostile.into(),
            description: None,
            places: (0..3).map(place).collect(),
            series: vec![series(1.0), series(4.0)],
            time: None,
            shown: None,
            stacked: !horizontal,
            horizontal,
            unit: Unit::None,
            decimals: None,
            y_label: None,
        }
    }

    #[test]
    fn bars_leave_as_a_picture_that_needs_nothing_else() {
        for horizontal in [false, true] {
            let file = bars(horizontal, "<script>'\"&\u{0}").file();
            let svg = file.as_str();
            assert_eq!(svg.matches("<rect x=").count(), 4 + 2, "four parts and two keys");
            assert!(!svg.contains("<script") && !svg.contains("var(") && !svg.contains("class="), "{svg}");
            assert!(file.png().unwrap().starts_with(b"\x89PNG"));
        }
        let none = Bars { places: Vec::new(), series: Vec::new(), ..bars(false, "x") };
        assert!(none.file().as_str().contains("No values in this range"));
    }
}
