//! Pictures of dots, looked at before a browser does: whole, of a size that can be unpacked, and nothing but a picture.

/// The longest side.
const LONGEST: u32 = 8_192;
/// The most dots: unpacked they take four bytes each, however small the file is.
const MOST: u64 = 16 * 1024 * 1024;
/// Layers of a JPEG that is drawn bit by bit; each costs as much as the whole picture.
const MOST_LAYERS: usize = 64;

/// The parts of a PNG that are drawn. Words, colour profiles and the frames of a film are packed, and left out.
const DRAWN: &[&[u8; 4]] = &[b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs", b"bKGD"];

/// A PNG's parts that are drawn.
///
/// # Errors
/// Why it is no picture that can be shown.
pub(super) fn png(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let cut = || "the PNG is cut off".to_owned();
    let mut out = bytes[..8].to_vec();
    let mut rest = &bytes[8..];
    let (mut first, mut dots) = (true, false);
    loop {
        let (head, _) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let [a, b, c, d, name @ ..] = *head;
        // Length, name, the part itself, and four bytes to check it by.
        let whole = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX).saturating_add(12);
        let part = rest.get(..whole).ok_or_else(cut)?;
        if first {
            size_of_png(&name, part)?;
        }
        first = false;
        dots |= &name == b"IDAT";
        if DRAWN.contains(&&name) {
            out.extend_from_slice(part);
        } else if name[0].is_ascii_uppercase() {
            return Err("the PNG has a part that cannot be drawn".to_owned());
        }
        if &name == b"IEND" {
            return if dots { Ok(out) } else { Err("the PNG has no dots".to_owned()) };
        }
        rest = &rest[whole..];
    }
}

fn size_of_png(name: &[u8; 4], part: &[u8]) -> Result<(), String> {
    let [_, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, ..] = *part else { return Err("the PNG is cut off".to_owned()) };
    if name != b"IHDR" {
        return Err("the PNG does not say how large it is".to_owned());
    }
    fits(u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

/// A JPEG up to its end.
///
/// # Errors
/// Why it is no picture that can be shown.
pub(super) fn jpeg(bytes: &[u8]) -> Result<&[u8], String> {
    let cut = || "the JPEG is cut off".to_owned();
    let (mut at, mut sized, mut layers) = (2, false, 0);
    loop {
        let &[mark, kind] = bytes.get(at..at + 2).and_then(|two| two.first_chunk::<2>()).ok_or_else(cut)?;
        match (mark, kind) {
            (0xff, 0xff) => at += 1,
            (0xff, 0xd9) if sized && layers > 0 => return Ok(&bytes[..at + 2]),
            (0xff, 0x01 | 0xd0..=0xd7) => at += 2,
            (0xff, 0xc0..=0xfe) if !matches!(kind, 0xd8 | 0xd9) => {
                let &[a, b] = bytes.get(at + 2..).and_then(|rest| rest.first_chunk::<2>()).ok_or_else(cut)?;
                let part = bytes.get(at + 2..at + 2 + usize::from(u16::from_be_bytes([a, b]))).ok_or_else(cut)?;
                if part.len() < 2 {
                    return Err("the JPEG has a part without a length".to_owned());
                }
                // A frame's head; the three left out have the same shape of number and mean something else.
                if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
                    let [_, _, _, a, b, c, d, ..] = *part else { return Err(cut()) };
                    fits(u16::from_be_bytes([c, d]).into(), u16::from_be_bytes([a, b]).into())?;
                    sized = true;
                }
                at += 2 + part.len();
                if kind == 0xda {
                    layers += 1;
                    at = after_dots(bytes, at).ok_or_else(cut)?;
                }
            }
            _ => return Err("the JPEG is broken".to_owned()),
        }
        if layers > MOST_LAYERS {
            return Err(format!("the JPEG has more than {MOST_LAYERS} layers"));
        }
    }
}

/// Where the packed dots end: at a mark that is neither a byte of theirs nor a place to begin anew.
fn after_dots(bytes: &[u8], from: usize) -> Option<usize> {
    let ends = |two: &[u8]| two[0] == 0xff && !matches!(two[1], 0x00 | 0xd0..=0xd7);
    bytes.get(from..)?.windows(2).position(ends).map(|at| from + at)
}

fn fits(width: u32, height: u32) -> Result<(), String> {
    let good = (1..=LONGEST).contains(&width) && (1..=LONGEST).contains(&height) && u64::from(width) * u64::from(height) <= MOST;
    if good { Ok(()) } else { Err(format!("{width} × {height} dots are no size that is shown")) }
}

#[cfg(test)]
pub(in crate::panel) mod tests {
    use super::{jpeg, png};

    fn part(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], name, content, &[0; 4]].concat()
    }

    fn head(width: u32, height: u32) -> Vec<u8> {
        part(b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat())
    }

    fn png_of(parts: &[Vec<u8>]) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat()
    }

    /// The smallest PNG that is taken for one.
    pub(in crate::panel) fn small_png() -> Vec<u8> {
        png_of(&[head(1, 1), part(b"IDAT", b"dots"), part(b"IEND", b"")])
    }

    #[test]
    fn a_png_is_whole_of_a_fair_size_and_nothing_but_a_picture() {
        let clean = small_png();
        assert_eq!(png(&clean).unwrap(), clean);
        let dressed = png_of(&[
            head(1, 1),
            part(b"zTXt", &[0; 900]),
            part(b"iCCP", &[0; 900]),
            part(b"acTL", &[0; 8]),
            part(b"IDAT", b"dots"),
            part(b"tEXt", b"<script>alert(1)</script>"),
            part(b"IEND", b""),
            b"<script>alert(2)</script>".to_vec(),
        ]);
        assert_eq!(png(&dressed).unwrap(), clean, "words, profiles, films and what stands behind the end are left out");
        let (dots, end) = (part(b"IDAT", b"dots"), part(b"IEND", b""));
        let of = |head: Vec<u8>| png_of(&[head, dots.clone(), end.clone()]);
        for (wrong, why) in [
            (of(head(0, 9)), "no size"),
            (of(head(50_000, 50_000)), "no size"),
            (of(head(8_000, 8_000)), "no size"),
            (of(head(u32::MAX, 1)), "no size"),
            (of(part(b"IHDR", &[0; 3])), "cut off"),
            (of(part(b"tEXt", &[0; 30])), "how large"),
            (png_of(&[head(1, 1), end.clone()]), "no dots"),
            (png_of(&[head(1, 1), dots.clone()]), "cut off"),
            (png_of(&[head(1, 1), part(b"EVIL", &[0; 3]), dots.clone(), end.clone()]), "cannot be drawn"),
            (clean[..clean.len() - 14].to_vec(), "cut off"),
            ([&clean[..8], &[0xff; 20][..]].concat(), "cut off"),
        ] {
            let told = png(&wrong).unwrap_err();
            assert!(told.contains(why), "{told} is not {why}");
        }
    }

    #[test]
    fn a_jpeg_is_whole_and_of_a_fair_size() {
        let frame = |width: u16, height: u16| {
            let ([a, b], [c, d]) = (height.to_be_bytes(), width.to_be_bytes());
            vec![0xff, 0xc0, 0, 8, 8, a, b, c, d, 0]
        };
        let of = |frame: Vec<u8>, layers: usize| {
            let dots = [0xff, 0xda, 0, 3, 0, 7, 0xff, 0, 7, 0xff, 0xd0, 7].repeat(layers);
            [vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2], frame, dots, vec![0xff, 0xd9]].concat()
        };
        let good = of(frame(640, 480), 1);
        assert_eq!(jpeg(&good).unwrap(), good);
        assert_eq!(jpeg(&[good.clone(), b"<script>".to_vec()].concat()).unwrap(), good);
        assert!(jpeg(&of(frame(640, 480), 10)).is_ok());
        for (wrong, why) in [
            (of(frame(0, 480), 1), "no size"),
            (of(frame(65_535, 65_535), 1), "no size"),
            (of(frame(640, 480), 70), "layers"),
            (of(Vec::new(), 1), "broken"),
            (of(frame(640, 480), 0), "broken"),
            (good[..good.len() - 2].to_vec(), "cut off"),
            (good[..14].to_vec(), "cut off"),
            (vec![0xff, 0xd8, 0xff, 0xe0, 0, 0], "without a length"),
            (vec![0xff, 0xd8, 0xff], "cut off"),
            (vec![0xff, 0xd8, 0xff, 0x00, 0, 0], "broken"),
        ] {
            let told = jpeg(&wrong).unwrap_err();
            assert!(told.contains(why), "{told} is not {why}");
        }
    }

    #[test]
    fn no_bytes_break_what_looks_at_them() {
        let mut seed = 7u64;
        for length in 0..3_000 {
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (seed >> 33) as u8
            };
            let noise: Vec<u8> = (0..length % 200).map(|_| if next() % 3 == 0 { 0xff } else { next() }).collect();
            let _ = png(&[b"\x89PNG\r\n\x1a\n", &noise[..]].concat());
            let _ = jpeg(&[&[0xff, 0xd8, 0xff], &noise[..]].concat());
        }
    }
}
