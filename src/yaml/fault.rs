//! What is wrong, and where.

use std::fmt;

/// Something wrong in a file, at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Fault {
    /// The file, relative to the tenants folder, `/` between its parts.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, and where it can be guessed, what was meant.
    pub message: String,
    /// A warning does not make `check` fail and does not keep a file from being used.
    pub warning: bool,
}

impl Fault {
    /// A fault at a place.
    pub fn at(file: &str, line: usize, column: usize, message: impl Into<String>) -> Fault {
        Fault { file: file.to_owned(), line, column, message: message.into(), warning: false }
    }

    /// A fault of a file as a whole: it stands at its first character.
    pub fn of_file(file: &str, message: impl Into<String>) -> Fault {
        Fault::at(file, 1, 1, message)
    }

    /// The same, as a warning.
    #[must_use]
    pub fn as_warning(self) -> Fault {
        Fault { warning: true, ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.warning { "warning: " } else { "" };
        write!(f, "{}:{}:{}: {severity}{}", self.file, self.line, self.column, self.message)
    }
}
