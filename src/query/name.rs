//! Identifiers from configuration.

/// An identifier from configuration: `^[A-Za-z_][A-Za-z0-9_]*$`, at most 63 bytes. Its case is the database's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

impl Name {
    /// # Errors
    /// What an identifier must look like.
    pub fn parse(text: &str) -> Result<Name, String> {
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if first && rest && text.len() <= 63 {
            return Ok(Name(text.to_owned()));
        }
        let shown: String = text.chars().take(64).collect();
        Err(format!("“{shown}” is not a name; use 1 to 63 letters, digits and _, not a digit first"))
    }

    /// The text, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_are_plain_words() {
        for good in ["a", "_", "recorded_at", "CPU1", &"x".repeat(63)] {
            assert!(Name::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "a b", "a\"b", "a.b", "ä", "a;", "a\0", "a-b", &"x".repeat(64)] {
            assert!(Name::parse(bad).is_err(), "{bad}");
        }
    }
}
