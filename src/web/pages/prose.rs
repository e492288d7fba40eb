/// Words of a document: some of them, between back-ticks there, are names and stand apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose(pub Vec<Part>);

/// A stretch of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The words.
    pub words: String,
    /// Whether they are a name, to be typed as it stands.
    pub name: bool,
}

impl Prose {
    /// Reads words; a back-tick that has no partner is one of them.
    pub fn read(text: &str) -> Prose {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut add = |words: &str, name| {
            if !words.is_empty() {
                parts.push(Part { words: words.to_owned(), name });
            }
        };
        while let Some((before, (name, after))) =
            rest.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
        {
            add(before, false);
            add(name, true);
            rest = after;
        }
        add(rest, false);
        Prose(parts)
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Prose;

    #[test]
    fn names_stand_between_back_ticks() {
        let read = |text: &str| Prose::read(text).0.into_iter().map(|part| (part.words, part.name)).collect::<Vec<_>>();
        let of = |parts: &[(&str, bool)]| parts.iter().map(|(words, name)| ((*words).to_owned(), *name)).collect::<Vec<_>>();
        assert_eq!(read("send `a` or `b`"), of(&[("send ", false), ("a", true), (" or ", false), ("b", true)]));
        assert_eq!(read("`a` b"), of(&[("a", true), (" b", false)]));
        assert_eq!(read("one ` alone"), of(&[("one ` alone", false)]));
        assert_eq!(read(""), of(&[]));
    }
}
