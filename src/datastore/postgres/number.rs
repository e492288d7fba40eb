//! PostgreSQL's `numeric` on the wire: groups of four decimal digits, read and written exactly.

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const MINUS_INFINITY: u16 = 0xF000;

/// The exact decimal text, as PostgreSQL itself would print it.
pub(super) fn text(bytes: &[u8]) -> Option<Box<str>> {
    let word = |i: usize| Some(u16::from_be_bytes(bytes.get(2 * i..2 * i + 2)?.try_into().ok()?));
    let (count, weight, sign, scale) = (word(0)?, word(1)? as i16, word(2)?, usize::from(word(3)?));
    match sign {
        NAN => return Some("NaN".into()),
        INFINITY => return Some("Infinity".into()),
        MINUS_INFINITY => return Some("-Infinity".into()),
        _ => {}
    }
    let groups: Vec<u16> = (0..usize::from(count)).map(|i| word(4 + i)).collect::<Option<_>>()?;
    // Groups before the first and after the last are zero.
    let group = |place: i32| usize::try_from(place).ok().and_then(|i| groups.get(i)).copied().unwrap_or(0);
    let weight = i32::from(weight);
    let mut out = String::with_capacity(8 + 4 * groups.len() + scale);
    if sign == NEGATIVE {
        out.push('-');
    }
    if weight < 0 {
        out.push('0');
    }
    for place in 0..=weight {
        let digits = group(place);
        out.push_str(&if place == 0 { digits.to_string() } else { format!("{digits:04}") });
    }
    if scale > 0 {
        out.push('.');
        let end = out.len() + scale;
        let mut place = weight + 1;
        // A negative weight below -1 means whole groups of zeros before the first.
        if weight < 0 {
            place = 0;
            (0..-1 - weight).take(scale.div_ceil(4)).for_each(|_| out.push_str("0000"));
        }
        while out.len() < end {
            out.push_str(&format!("{:04}", group(place)));
            place += 1;
        }
        out.truncate(end);
    }
    Some(out.into())
}

/// The wire form of a plain decimal text (`-12.50`); nothing for anything else.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || digits.len() > 1000 {
        return None;
    }
    let padded = format!("{}{whole}{fraction}{}", zeros(whole.len()), zeros(fraction.len()));
    let groups: Vec<u16> = (0..padded.len() / 4).map(|i| padded[4 * i..4 * i + 4].parse().ok()).collect::<Option<_>>()?;
    let weight = i16::try_from(whole.len().div_ceil(4)).ok()? - 1;
    let sign = if negative { NEGATIVE } else { 0 };
    let head = [u16::try_from(groups.len()).ok()?, weight as u16, sign, u16::try_from(fraction.len()).ok()?];
    Some(head.into_iter().chain(groups).flat_map(u16::to_be_bytes).collect())
}

/// What fills the last group of four.
fn zeros(digits: usize) -> &'static str {
    &"0000"[..(4 - digits % 4) % 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_the_same() {
        for number in [
            "0",
            "1",
            "-1",
            "9999",
            "10000",
            "12345678.9",
            "0.5",
            "-0.00001",
            "0.000000001",
            "123456789012345678901234567890.0001",
            "1.10",
        ] {
            assert_eq!(text(&bytes(number).unwrap()).as_deref(), Some(number));
        }
        assert_eq!([bytes("1e5"), bytes(""), bytes("NaN"), bytes("1,5")], [None, None, None, None]);
    }

    #[test]
    fn numbers_without_leading_or_trailing_groups_are_filled_with_zeros() {
        let wire = |words: &[u16]| text(&words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<_>>());
        assert_eq!(wire(&[1, 2, 0, 0, 5]).as_deref(), Some("500000000"));
        assert_eq!(wire(&[1, (-2i16) as u16, 0, 8, 1]).as_deref(), Some("0.00000001"));
        assert_eq!(wire(&[1, (-2i16) as u16, NEGATIVE, 6, 1200]).as_deref(), Some("-0.000012"));
        assert_eq!(wire(&[0, 0, NAN, 0]).as_deref(), Some("NaN"));
        assert_eq!(wire(&[2, 0, 0, 0, 5]), None, "a group is missing");
    }
}
