//! The plot itself, drawn by plotters on a fine canvas and then written again as short paths.
//!
//! plotters knows only colours: each line's parts are drawn in a reserved one that tells which part of which line it is,
//! and the colours of the page come from classes.

use std::fmt::Write;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{Cartesian2d, Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, RGBColor, SVGBackend};
use plotters::style::{Color as _, ShapeStyle};

use super::runs::{Runs, Spot};

/// The parts of a line, as path data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paths {
    pub area: String,
    pub line: String,
    /// The way to a value that is not final yet.
    pub open: String,
    pub bridges: String,
    pub dots: String,
}

/// The canvas: its size, and the ends of its values.
pub(super) struct Canvas {
    pub width: u32,
    pub height: u32,
    pub lo: f64,
    pub hi: f64,
    /// Where areas end; `None`: no areas.
    pub base: Option<f64>,
}

const AREA: u8 = 0xa0;
const LINE: u8 = 0xb0;
const BRIDGE: u8 = 0xc0;
const DOT: u8 = 0xd0;
const OPEN: u8 = 0xe0;

type Plot<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Canvas {
    /// Draws the lines; one answer for each, in their order.
    pub fn draw(&self, lines: &[Runs]) -> Vec<Paths> {
        let mut text = String::new();
        {
            let root: DrawingArea<SVGBackend<'_>, Shift> =
                SVGBackend::with_string(&mut text, (self.width + 1, self.height * 3 + 1)).into_drawing_area();
            let (w, h) = (f64::from(self.width), f64::from(self.height));
            // three heights: what the author's ends cut off is above and below the part that is shown
            let pixels = (0..self.width as i32, self.height as i32 * 3..0);
            let plot: Plot<'_> = root.apply_coord_spec(Cartesian2d::new(0.0..w, -h..h * 2.0, pixels));
            for (index, line) in lines.iter().enumerate() {
                // drawing into a string cannot fail
                let _ = self.line(&plot, index, line);
            }
            let _ = root.present();
        }
        transcribe(&text, lines.len(), self.height as i32)
    }

    fn line(&self, plot: &Plot<'_>, index: usize, line: &Runs) -> Result<(), Box<dyn std::error::Error>> {
        let ink = |part: u8| -> ShapeStyle { RGBColor(part, (index >> 8) as u8, index as u8).stroke_width(1) };
        for (k, run) in line.runs.iter().enumerate() {
            let mut spots: Vec<Spot> = run.iter().map(|spot| (spot.0, self.y(spot.1))).collect();
            if let (true, [.., before, last]) = (line.open && k + 1 == line.runs.len(), spots.as_slice()) {
                plot.draw(&PathElement::new(vec![*before, *last], ink(OPEN)))?;
                spots.pop();
                if spots.len() == 1 {
                    continue;
                }
            }
            match (spots.as_slice(), self.base) {
                ([], _) => {}
                ([spot], _) => plot.draw(&Circle::new(*spot, 1, ink(DOT).filled()))?,
                ([first, .., last], base) => {
                    if let Some(base) = base.map(|base| self.y(base)) {
                        let mut area = spots.clone();
                        area.extend([(last.0, base), (first.0, base)]);
                        plot.draw(&Polygon::new(area, ink(AREA)))?;
                    }
                    plot.draw(&PathElement::new(spots, ink(LINE)))?;
                }
            }
        }
        if line.bridged {
            for pair in line.runs.windows(2) {
                if let (Some(a), Some(b)) = (pair[0].last(), pair[1].first()) {
                    plot.draw(&PathElement::new(vec![(a.0, self.y(a.1)), (b.0, self.y(b.1))], ink(BRIDGE)))?;
                }
            }
        }
        Ok(())
    }

    /// Units above the bottom; whole, so that plotters has nothing to round.
    fn y(&self, value: f64) -> f64 {
        let height = f64::from(self.height);
        ((value - self.lo) / (self.hi - self.lo) * height).round().clamp(-height, height * 2.0)
    }
}

/// Reads plotters' elements and writes them as relative paths: half the bytes, and no colour.
fn transcribe(text: &str, lines: usize, height: i32) -> Vec<Paths> {
    let mut all = vec![Paths::default(); lines];
    for element in text.lines() {
        let Some((part, index)) = reserved(element) else { continue };
        let Some(paths) = all.get_mut(index) else { continue };
        match part {
            DOT => {
                let read = |name: &str| attribute(element, name).and_then(|n| n.parse::<i32>().ok()).unwrap_or(0);
                let _ = write!(paths.dots, "M{} {}h0", read(" cx=\""), read(" cy=\"") - height);
            }
            AREA => {
                path(attribute(element, " points=\"").unwrap_or(""), height, &mut paths.area);
                paths.area.push('z');
            }
            OPEN => path(attribute(element, " points=\"").unwrap_or(""), height, &mut paths.open),
            BRIDGE => path(attribute(element, " points=\"").unwrap_or(""), height, &mut paths.bridges),
            _ => path(attribute(element, " points=\"").unwrap_or(""), height, &mut paths.line),
        }
    }
    all
}

/// Which part of which line an element is, by its reserved colour.
fn reserved(element: &str) -> Option<(u8, usize)> {
    let color = [" stroke=\"#", " fill=\"#"].into_iter().find_map(|name| attribute(element, name))?;
    let value = u32::from_str_radix(color, 16).ok()?;
    Some(((value >> 16) as u8, (value & 0xffff) as usize))
}

fn attribute<'a>(element: &'a str, start: &str) -> Option<&'a str> {
    let rest = &element[element.find(start)? + start.len()..];
    Some(&rest[..rest.find('"')?])
}

/// `0,950 10,947 20,961` becomes `M0 950l10-3 10 14`.
fn path(points: &str, height: i32, out: &mut String) {
    let mut before: Option<(i32, i32)> = None;
    let mut first = true;
    for pair in points.split_ascii_whitespace() {
        let Some((x, y)) =
            pair.split_once(',').and_then(|(x, y)| Some((x.parse::<i32>().ok()?, y.parse::<i32>().ok()? - height)))
        else {
            continue;
        };
        match before {
            None => {
                let _ = write!(out, "M{x} {y}");
            }
            Some((px, py)) => {
                let (dx, dy) = (x - px, y - py);
                out.push_str(if first {
                    "l"
                } else if dx < 0 {
                    ""
                } else {
                    " "
                });
                first = false;
                let _ = if dy < 0 { write!(out, "{dx}{dy}") } else { write!(out, "{dx} {dy}") };
            }
        }
        before = Some((x, y));
    }
}

#[cfg(test)]
mod tests {
    use super::{Canvas, Paths};
    use crate::chart::runs::Runs;

    fn canvas() -> Canvas {
        Canvas { width: 1000, height: 1000, lo: 0.0, hi: 100.0, base: None }
    }

    fn runs(runs: Vec<Vec<(f64, f64)>>) -> Runs {
        Runs { runs, ..Runs::default() }
    }

    #[test]
    fn a_line_is_a_short_relative_path_and_a_lone_reading_a_dot() {
        let drawn = canvas().draw(&[runs(vec![vec![(0.0, 5.0), (10.0, 5.3), (20.0, 3.9)], vec![(500.0, 50.0)]]), runs(vec![])]);
        assert_eq!(drawn[0], Paths { line: "M0 950l10-3 10 14".into(), dots: "M500 500h0".into(), ..Paths::default() });
        assert_eq!(drawn[1], Paths::default());
    }

    #[test]
    fn an_area_goes_down_to_its_base_and_back() {
        let drawn = Canvas { base: Some(0.0), ..canvas() }.draw(&[runs(vec![vec![(0.0, 50.0), (10.0, 60.0)]])]);
        assert_eq!(drawn[0].area, "M0 500l10-100 0 600-10 0z");
    }

    #[test]
    fn a_bridge_joins_the_ends_of_two_runs() {
        let line = Runs { bridged: true, ..runs(vec![vec![(0.0, 50.0), (10.0, 60.0)], vec![(30.0, 20.0), (40.0, 20.0)]]) };
        assert_eq!(canvas().draw(&[line])[0].bridges, "M10 400l20 400");
    }

    #[test]
    fn the_way_to_a_bucket_that_is_still_filling_is_a_path_of_its_own() {
        let line = Runs { open: true, ..runs(vec![vec![(0.0, 50.0), (10.0, 60.0), (20.0, 10.0)]]) };
        let drawn = Canvas { base: Some(0.0), ..canvas() }.draw(&[line]);
        assert_eq!((drawn[0].line.as_str(), drawn[0].open.as_str()), ("M0 500l10-100", "M10 400l10 500"));
        assert_eq!(drawn[0].area, "M0 500l10-100 0 600-10 0z", "nothing is tinted that is not known");
    }

    #[test]
    fn what_is_cut_off_stays_within_one_height() {
        let drawn = canvas().draw(&[runs(vec![vec![(0.0, 1e300), (10.0, -1e300)]])]);
        assert_eq!(drawn[0].line, "M0 -1000l10 3000");
    }
}
