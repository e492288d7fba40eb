//! An author's colour: only ever six hexadecimal digits, so that it can stand in an attribute.

use std::fmt;
use std::str::FromStr;

/// A colour, read from `#RRGGBB` or `#RGB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color([u8; 3]);

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> Result<Color, String> {
        let fault = || format!("\u{201c}{text}\u{201d} is no colour: write it as #RRGGBB");
        let digits = text.trim().strip_prefix('#').ok_or_else(fault)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(fault());
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| fault())?;
        match digits.len() {
            6 => Ok(Color([(value >> 16) as u8, (value >> 8) as u8, value as u8])),
            3 => Ok(Color([8, 4, 0].map(|shift| ((value >> shift) & 0xf) as u8 * 17))),
            _ => Err(fault()),
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl Color {
    /// White paper, the light theme's ground.
    pub const LIGHT_GROUND: Color = Color([0xff, 0xff, 0xff]);
    /// The dark theme's ground.
    pub const DARK_GROUND: Color = Color([0x16, 0x1a, 0x21]);

    /// A colour from its red, green and blue.
    pub fn new(rgb: [u8; 3]) -> Color {
        Color(rgb)
    }

    /// Its red, green and blue.
    pub fn rgb(self) -> [u8; 3] {
        self.0
    }

    /// WCAG 2 relative luminance, 0–1.
    pub fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// WCAG 2 contrast with another colour, 1–21; a line wants at least 3 to its ground.
    pub fn contrast(self, other: Color) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The theme on whose ground this colour can hardly be seen (`light`, `dark`), for a warning.
    pub fn hard_to_see(self) -> Option<&'static str> {
        [(Color::LIGHT_GROUND, "light"), (Color::DARK_GROUND, "dark")]
            .into_iter()
            .find(|(ground, _)| self.contrast(*ground) < 1.6)
            .map(|(_, theme)| theme)
    }
}

#[cfg(test)]
mod tests {
    use super::Color;

    #[test]
    fn only_hexadecimal_colours_are_colours() {
        assert_eq!("#3B82F6".parse::<Color>().map(|c| c.to_string()), Ok("#3b82f6".into()));
        assert_eq!("#fa0".parse::<Color>().map(|c| c.to_string()), Ok("#ffaa00".into()));
        for wrong in ["", "#", "red", "#12", "#1234567", "#12345g", "#+12345", "url(#x)", "#fff\" onload=\"x"] {
            assert!(wrong.parse::<Color>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_colour_close_to_a_ground_is_told_with_the_theme_it_fails_in() {
        let color = |text: &str| text.parse::<Color>().unwrap();
        assert!((color("#000").contrast(color("#fff")) - 21.0).abs() < 1e-9);
        assert_eq!(color("#fefefe").hard_to_see(), Some("light"));
        assert_eq!(color("#111827").hard_to_see(), Some("dark"));
        assert_eq!(color("#3b82f6").hard_to_see(), None);
    }
}
