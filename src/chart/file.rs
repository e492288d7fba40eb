//! The drawing as a file: fixed size, resolved colours, all text inside, one font with it. For paper, mail and slides.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use resvg::{tiny_skia, usvg};

use super::draw::Layout;
use super::escape::{Esc, LONGEST_LABEL, cut};
use super::labels::spread;
use super::plot::Canvas;
use super::runs::{Cut, readings};
use super::style::Style;
use super::{Chart, LineStats, Svg, Threshold};
use crate::domain::TimeRange;

/// DejaVu Sans, cut down to the letters that charts use; its licence lies beside it.
const FONT: &[u8] = include_bytes!("font/DejaVuSans-subset.ttf");
const FAMILY: &str = "DejaVu Sans";

/// The size of a chart's file without its legend.
pub(super) const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 440.0;
/// A line of the legend.
pub(super) const ROW: f64 = 20.0;
/// Fine units in one of the drawing's, so that curves keep their shape.
const FINE: u32 = 10;
/// Pixels of a PNG for one of the drawing's units: sharp on paper.
const SHARP: f32 = 2.0;

/// The light palette, as the style sheet has it.
const GROUND: &str = "#ffffff";
pub(super) const INK: &str = "#16191f";
pub(super) const INK_2: &str = "#545c69";
pub(super) const INK_3: &str = "#667080";
pub(super) const HAIRLINE: &str = "#e3e6eb";
pub(super) const HAIRLINE_2: &str = "#eef0f3";
const LIMIT: &str = "#d98200";
pub(super) const SERIES: [&str; 8] = ["#2a6fdb", "#b95f06", "#127e5d", "#b0418f", "#6a5acd", "#83651a", "#27789f", "#b8453f"];
pub(super) const SHADES: [&str; 7] = ["#e4edfb", "#c3d8f7", "#9cbef0", "#6f9fe6", "#4580d8", "#265fb8", "#143f80"];
const DASHES: [&str; 6] = ["6 4", "1 4", "10 4 1 4", "3 3", "12 3", "6 3 1 3 1 3"];

/// One number, as a picture.
#[derive(Clone, Debug)]
pub struct Card {
    /// What it is.
    pub title: String,
    /// For which time, and how it was made.
    pub below: String,
    /// The number with its unit.
    pub number: String,
    /// What it means, in a word.
    pub state: Option<String>,
}

impl Chart {
    /// The drawing as a file that stands alone.
    pub fn file(&self) -> Svg {
        let layout = Layout::of(self);
        File::new(&layout).write()
    }
}

impl Card {
    /// The picture as a file that stands alone.
    pub fn file(&self) -> Svg {
        let mut out = head(480.0, 200.0, &self.title, &format!("{}: {}", self.title, self.number));
        text(&mut out, 24.0, 40.0, 16.0, INK, "start", &cut(&self.title, 50));
        text(&mut out, 24.0, 110.0, 44.0, INK, "start", &cut(&self.number, 18));
        if let Some(state) = &self.state {
            text(&mut out, 24.0, 142.0, 14.0, INK_2, "start", &cut(state, 60));
        }
        text(&mut out, 24.0, 172.0, 11.0, INK_3, "start", &cut(&self.below, 74));
        out.push_str("</svg>");
        Svg(out)
    }
}

impl Svg {
    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A file's drawing as PNG, two pixels a unit.
    ///
    /// # Errors
    /// When the drawing cannot be read back, which is a fault of ours.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_font_data(FONT.to_vec());
            fonts.set_sans_serif_family(FAMILY);
            Arc::new(fonts)
        });
        let options = usvg::Options { fontdb: FONTS.clone(), font_family: FAMILY.to_owned(), ..usvg::Options::default() };
        let tree = usvg::Tree::from_str(&self.0, &options).map_err(|e| e.to_string())?;
        let size = tree.size();
        let pixels = |length: f32| (length * SHARP).ceil() as u32;
        let mut map = tiny_skia::Pixmap::new(pixels(size.width()), pixels(size.height())).ok_or("a drawing without size")?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(SHARP, SHARP), &mut map.as_mut());
        map.encode_png().map_err(|e| e.to_string())
    }
}

/// Where everything stands, in the drawing's units.
struct File<'a> {
    layout: &'a Layout<'a>,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl<'a> File<'a> {
    fn new(layout: &'a Layout<'a>) -> File<'a> {
        // About 7 units a letter.
        let longest = layout.axis.ticks.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(2);
        let names = layout.chart.lines.iter().map(|line| line.label.chars().count().min(LONGEST_LABEL)).max().unwrap_or(0);
        let left = (24.0 + longest as f64 * 7.0).round();
        let right = if layout.named() { 20.0 + names as f64 * 7.5 } else { 24.0 };
        let top = 88.0;
        File { layout, left, top, width: (WIDTH - left - right).round(), height: HEIGHT - top - 44.0 }
    }

    fn write(&self) -> Svg {
        let layout = self.layout;
        let legend = if layout.direct() { 0.0 } else { (layout.styles.len() + 1) as f64 * ROW + 16.0 };
        let mut out = head(WIDTH, HEIGHT + legend, &layout.chart.title, &layout.summary);
        self.headings(&mut out);
        self.values(&mut out);
        self.times(&mut out);
        self.lines(&mut out);
        layout.chart.thresholds.iter().for_each(|limit| self.limit(limit, &mut out));
        self.ends(&mut out);
        if !layout.direct() {
            self.legend(&mut out);
        }
        if layout.stats.iter().all(|line| line.count == 0) {
            let (x, y) = (self.left + self.width / 2.0, self.top + self.height / 2.0);
            text(&mut out, x, y, 13.0, INK_2, "middle", "No values in this range");
        }
        out.push_str("</svg>");
        Svg(out)
    }

    fn headings(&self, out: &mut String) {
        let chart = self.layout.chart;
        let counts = chart.y_label.as_deref().into_iter().chain(self.layout.axis.long_unit()).filter(|text| !text.is_empty());
        headings(out, &chart.title, Some((chart.range, chart.zone)), &counts.collect::<Vec<_>>().join(", "));
    }

    fn values(&self, out: &mut String) {
        let axis = &self.layout.axis;
        for (value, label) in &axis.ticks {
            let y = self.y(*value);
            let color = if *value == axis.base() { HAIRLINE } else { HAIRLINE_2 };
            rule(out, (self.left, y), (self.left + self.width, y), color, 1.0, "");
            text(out, self.left - 8.0, y + 4.0, 11.0, INK_3, "end", label);
        }
    }

    fn times(&self, out: &mut String) {
        for tick in self.layout.ticks.iter().filter(|tick| tick.rank < 2) {
            let color = if tick.turn { INK_2 } else { INK_3 };
            text(out, self.x(tick.at), self.top + self.height + 22.0, 11.0, color, "middle", &tick.label);
        }
    }

    /// The lines, drawn anew for this size: strokes of a file do not stretch.
    fn lines(&self, out: &mut String) {
        let (layout, chart) = (self.layout, self.layout.chart);
        let (width, height) = (self.width as u32 * FINE, self.height as u32 * FINE);
        let cut = Cut { range: chart.range, step: chart.step, gaps: chart.gaps, units: width, columns: self.width as usize };
        let drawn = &chart.lines[..layout.styles.len()];
        let runs: Vec<_> = drawn.iter().map(|line| cut.runs(&readings(&line.points, chart.range))).collect();
        let axis = &layout.axis;
        let canvas = Canvas { width, height, lo: axis.lo, hi: axis.hi, base: chart.fill.then(|| axis.base()) };
        let overflow = if layout.cut_off() { "hidden" } else { "visible" };
        let _ = write!(
            out,
            "<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" overflow=\"{overflow}\" fill=\"none\" stroke-width=\"17.5\" stroke-linejoin=\"round\" stroke-linecap=\"round\">",
            self.left, self.top, self.width, self.height
        );
        for (paths, style) in canvas.draw(&runs).iter().zip(&layout.styles) {
            let color = color(*style);
            let dash = dash(*style, f64::from(FINE));
            let _ = write!(out, "<g stroke=\"{color}\">");
            if !paths.area.is_empty() {
                let _ = write!(out, "<path d=\"{}\" stroke=\"none\" fill=\"{color}\" fill-opacity=\".12\"/>", paths.area);
            }
            if !paths.bridges.is_empty() {
                let _ = write!(out, "<path d=\"{}\" stroke-width=\"10\" stroke-dasharray=\"10 40\"/>", paths.bridges);
            }
            let _ = write!(out, "<path d=\"{}\"{dash}/>", paths.line);
            if !paths.dots.is_empty() {
                // Not every program draws a line of no length.
                let _ = write!(out, "<path d=\"{}\" stroke-width=\"60\"/>", paths.dots.replace("h0", "h.1"));
            }
            out.push_str("</g>");
        }
        out.push_str("</svg>");
    }

    fn limit(&self, limit: &Threshold, out: &mut String) {
        if !(0.0..=1.0).contains(&self.layout.axis.share(limit.value)) {
            return;
        }
        let y = self.y(limit.value);
        let color = limit.color.map_or_else(|| LIMIT.to_owned(), |color| color.to_string());
        rule(out, (self.left, y), (self.left + self.width, y), &color, 1.0, " stroke-dasharray=\"4 4\"");
        let label = limit.label.clone().unwrap_or_else(|| self.layout.axis.exact(limit.value));
        text(out, self.left + self.width, y - 4.0, 11.0, INK_3, "end", &cut(&label, 40));
    }

    fn ends(&self, out: &mut String) {
        let layout = self.layout;
        if !layout.named() {
            return;
        }
        let lines = layout.stats.iter().zip(&layout.styles);
        let ends: Vec<(&LineStats, Style, f64)> =
            lines.filter_map(|(line, style)| Some((line, *style, 1.0 - layout.axis.share(line.last?).clamp(0.0, 1.0)))).collect();
        let places = spread(&ends.iter().map(|end| end.2).collect::<Vec<_>>());
        for ((line, style, _), place) in ends.into_iter().zip(places) {
            let (x, y) = (self.left + self.width + 8.0, self.top + place * self.height + 4.0);
            text(out, x, y, 11.0, &color(style), "start", &cut(&line.label, LONGEST_LABEL));
        }
    }

    fn legend(&self, out: &mut String) {
        let layout = self.layout;
        let columns = [("Last", 560.0), ("Min", 680.0), ("Max", 800.0), ("Avg", 920.0)];
        let unit = layout.axis.scale.unit.as_str();
        let heading = if unit.is_empty() { "Series".to_owned() } else { format!("Series, in {unit}") };
        text(out, 48.0, HEIGHT + 8.0, 11.0, INK_3, "start", &heading);
        columns.iter().for_each(|(name, x)| text(out, *x, HEIGHT + 8.0, 11.0, INK_3, "end", name));
        for (row, (line, style)) in layout.stats.iter().zip(&layout.styles).enumerate() {
            let y = HEIGHT + 8.0 + (row + 1) as f64 * ROW;
            rule(out, (24.0, y - 4.0), (40.0, y - 4.0), &color(*style), 2.5, &dash(*style, 1.0));
            text(out, 48.0, y, 11.0, INK, "start", &cut(&line.label, 60));
            let numbers = [line.last, line.min, line.max, line.mean];
            for ((_, x), value) in columns.iter().zip(numbers) {
                let shown =
                    value.map_or_else(|| "–".to_owned(), |value| layout.axis.scale.number(value, Some(layout.axis.decimals)));
                text(out, *x, y, 11.0, INK, "end", &shown);
            }
        }
    }

    fn y(&self, value: f64) -> f64 {
        self.top + (1.0 - self.layout.axis.share(value)) * self.height
    }

    fn x(&self, at: chrono::DateTime<chrono::Utc>) -> f64 {
        self.left + self.layout.share_of(at) * self.width
    }
}

fn color(style: Style) -> String {
    style.color().map_or_else(|| SERIES[style.index() % SERIES.len()].to_owned(), |color| color.to_string())
}

/// The pattern past eight colours, in units so fine.
fn dash(style: Style, fine: f64) -> String {
    let Some(round) = (style.index() / SERIES.len()).checked_sub(1) else { return String::new() };
    let lengths = DASHES[round % DASHES.len()].split(' ').filter_map(|n| n.parse::<f64>().ok());
    let lengths: Vec<String> = lengths.map(|n| (n * fine).to_string()).collect();
    format!(" stroke-dasharray=\"{}\"", lengths.join(" "))
}

pub(super) fn head(width: f64, height: f64, title: &str, words: &str) -> String {
    static EMBEDDED: LazyLock<String> = LazyLock::new(|| BASE64_STANDARD.encode(FONT));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\" role=\"img\">\
         <title>{}</title><desc>{}</desc>\
         <style>@font-face{{font-family:\"{FAMILY}\";src:url(data:font/ttf;base64,{})}}</style>\
         <rect width=\"100%\" height=\"100%\" fill=\"{GROUND}\"/>",
        Esc(title),
        Esc(words),
        *EMBEDDED
    )
}

/// The title, the time shown, and what is counted.
pub(super) fn headings(out: &mut String, title: &str, time: Option<(TimeRange, Tz)>, counts: &str) {
    text(out, 24.0, 32.0, 16.0, INK, "start", &cut(title, 90));
    if let Some((range, zone)) = time {
        let end = |at: DateTime<Utc>| at.with_timezone(&zone).format("%b %-d, %Y, %H:%M").to_string();
        let words = format!("{} to {} ({zone})", end(range.from()), end(range.to()));
        text(out, 24.0, 50.0, 11.0, INK_2, "start", &words);
    }
    text(out, 24.0, 70.0, 11.0, INK_3, "start", &cut(counts, 120));
}

/// Keys below a drawing, a line each where they do not fit side by side: their colours and words; and how many lines that are.
pub(super) fn keys(out: &mut String, left: f64, top: f64, keys: &[(String, String)]) -> usize {
    let (mut x, mut line) = (left, 0);
    for (color, words) in keys {
        let words = cut(words, 40);
        let width = 34.0 + words.chars().count() as f64 * 7.0;
        if x + width > WIDTH - 24.0 && x > left {
            (x, line) = (left, line + 1);
        }
        let y = top + line as f64 * ROW;
        let _ = write!(out, "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"11\" height=\"11\" rx=\"2\" {color}/>", y - 9.5);
        text(out, x + 17.0, y, 11.0, INK_2, "start", &words);
        x += width;
    }
    line + 1
}

pub(super) fn text(out: &mut String, x: f64, y: f64, size: f64, color: &str, anchor: &str, words: &str) {
    if !words.is_empty() {
        let _ = write!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\" text-anchor=\"{anchor}\">{}</text>",
            Esc(words)
        );
    }
}

pub(super) fn rule(out: &mut String, from: (f64, f64), to: (f64, f64), color: &str, width: f64, more: &str) {
    let _ = write!(
        out,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{color}\" stroke-width=\"{width}\"{more}/>",
        from.0, from.1, to.0, to.1
    );
}

#[cfg(test)]
mod tests {
    use super::{Card, GROUND, HAIRLINE, HAIRLINE_2, INK, INK_2, INK_3, LIMIT, SERIES, SHADES};

    #[test]
    fn the_files_palette_is_the_light_one_of_the_style_sheet() {
        let sheet = include_str!("../../static/css/10-base.css");
        let named = [("surface", GROUND), ("ink", INK), ("ink-2", INK_2), ("ink-3", INK_3), ("hairline", HAIRLINE)];
        let named = named.into_iter().chain([("hairline-2", HAIRLINE_2), ("warn-mark", LIMIT)]).map(|(n, c)| (n.to_owned(), c));
        let series = SERIES.iter().enumerate().map(|(i, color)| (format!("s{}", i + 1), *color));
        let shades = SHADES.iter().enumerate().map(|(i, color)| (format!("q{}", i + 1), *color));
        for (name, color) in named.chain(series).chain(shades) {
            let line = sheet.lines().find(|line| line.trim_start().starts_with(&format!("--{name}: "))).unwrap();
            assert!(line.contains(&format!("({color}")), "--{name} is not {color}: {line}");
        }
    }

    #[test]
    fn a_card_of_hostile_words_is_still_a_picture() {
        let card = Card {
            title: "<script>&".to_owned(),
            below: "\u{0}]]>".to_owned(),
            number: "\"42 %".to_owned(),
            state: Some("</svg>".to_owned()),
        };
        let file = card.file();
        assert!(!file.as_str().contains("<script"));
        assert!(file.png().unwrap().starts_with(b"\x89PNG"));
    }
}
