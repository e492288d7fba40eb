/// Where a reader stands inside a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Open,
    Name,
    Gap,
    Attribute,
    AfterAttribute,
    Equals,
    InDouble,
    InSingle,
    Bare,
}

impl At {
    const ALL: [At; 9] =
        [At::Open, At::Name, At::Gap, At::Attribute, At::AfterAttribute, At::Equals, At::InDouble, At::InSingle, At::Bare];

    /// Where the next letter leads, and whether it begins an attribute; nowhere when the tag ends, or is none.
    fn then(self, byte: u8) -> Option<(At, bool)> {
        let plain = |at| Some((at, false));
        match (self, byte) {
            (At::Open, b'/') => plain(At::Open),
            (At::Open, _) => {
                if byte.is_ascii_alphabetic() {
                    plain(At::Name)
                } else {
                    None
                }
            }
            (At::InDouble, b'"') | (At::InSingle, b'\'') => plain(At::Gap),
            (At::InDouble | At::InSingle, _) => plain(self),
            (At::Equals, b'"') => plain(At::InDouble),
            (At::Equals, b'\'') => plain(At::InSingle),
            (_, b'>') => None,
            (At::Equals, _) if is_gap(byte) => plain(At::Equals),
            (At::Equals, _) => plain(At::Bare),
            (At::Bare, _) => plain(if is_gap(byte) { At::Gap } else { At::Bare }),
            (At::Attribute | At::AfterAttribute, b'=') => plain(At::Equals),
            (At::Attribute | At::AfterAttribute, _) if is_gap(byte) => plain(At::AfterAttribute),
            (_, b'/') => plain(At::Gap),
            (At::Name | At::Gap, _) if is_gap(byte) => plain(At::Gap),
            (At::Name | At::Attribute, _) => plain(self),
            (At::Gap | At::AfterAttribute, _) => Some((At::Attribute, true)),
        }
    }
}

fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

/// The most attributes that any one tag has, however the markup is read: where comments, scripts and quotes begin and end is
/// for the parser to know. Here every `<` may begin a tag, also inside another, and all readings go on side by side: of those
/// that stand in the same place the one with the most attributes counts. So it never tells too few, in one pass.
pub(super) fn most_in_one_tag(markup: &str) -> usize {
    let mut readings: [Option<usize>; At::ALL.len()] = [None; At::ALL.len()];
    let mut most = 0;
    for byte in markup.bytes() {
        let mut next = [None; At::ALL.len()];
        for (at, count) in At::ALL.into_iter().zip(readings).filter_map(|(at, count)| Some((at, count?))) {
            let Some((then, begins)) = at.then(byte) else { continue };
            let count = count + usize::from(begins);
            most = most.max(count);
            next[then as usize] = next[then as usize].max(Some(count));
        }
        if byte == b'<' {
            next[At::Open as usize] = next[At::Open as usize].max(Some(0));
        }
        readings = next;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::most_in_one_tag;

    #[test]
    fn attributes_are_counted_as_a_parser_counts_them() {
        for (markup, count) in [
            ("no tag at all, a = b", 0),
            ("<b>x</b>", 0),
            ("a < b c d e", 0),
            ("<a href=x>", 1),
            ("<a  href = 'x y' title=\"a > b c d\" lang>", 3),
            ("<a b/c/d>", 3),
            ("<a b='c'd=\"e\"f>", 3),
            ("<br/>", 0),
            ("</a b c>", 2),
            ("<a =x =y>", 1),
            ("<a b=c/d e>", 2),
            ("<a b c><a d e f>", 3),
        ] {
            assert_eq!(most_in_one_tag(markup), count, "{markup}");
        }
    }
}
