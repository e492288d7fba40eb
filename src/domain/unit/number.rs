//! Digits: a comma at the thousands, a real minus sign, and no more decimals than tell something.

/// `1284.5` with one decimal is `1,284.5`; minus is U+2212; beyond 10^15 in powers of ten. Not finite: a dash.
pub fn grouped(value: f64, decimals: u8) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value.abs() >= 1e15 {
        return format!("{value:.2e}").replace('-', "\u{2212}");
    }
    let digits = format!("{:.*}", usize::from(decimals.min(12)), value.abs());
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = String::with_capacity(digits.len() + 6);
    if value < 0.0 && digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        text.push('\u{2212}');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// How many decimals tell something: three significant digits, none for whole numbers unless `least` asks for them.
pub fn decimals_of(value: f64, (least, most): (u8, u8)) -> u8 {
    let size = value.abs();
    if size >= 99.95 || size == 0.0 || !size.is_finite() {
        return 0;
    }
    if size.fract() == 0.0 {
        return least;
    }
    let wanted = match size {
        s if s >= 9.995 => 1,
        s if s >= 0.0995 => 2,
        s if s >= 0.00995 => 3,
        _ => 4,
    };
    wanted.clamp(least, most)
}
