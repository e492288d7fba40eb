//! YAML read with its places: every value knows its line and column, and every fault of a file is told at once.

use serde::de::DeserializeOwned;

/// Something wrong in a file, at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
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

/// One parsed file.
#[derive(Clone, Debug)]
pub struct Document(());

impl Document {
    /// Parses `text`; `file` is only the name that faults carry.
    ///
    /// # Errors
    /// The first place where it is not YAML (or too deep, too large, a duplicate key, more than one document).
    pub fn parse(_file: &str, _text: &str) -> Result<Document, Fault> {
        unimplemented!("CONFIG helper")
    }

    /// Reads the document as `T` and tells every fault at once: unknown keys with the nearest known one,
    /// wrong types, missing keys. The value is there only when nothing but warnings was found.
    ///
    /// # Errors
    /// All faults, in the order of the file.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Fault>> {
        unimplemented!("CONFIG helper")
    }

    /// The scalar at a path like `panel.type` or `dashboard.panels[0].id`, if there is one.
    pub fn text(&self, _path: &str) -> Option<&str> {
        unimplemented!("CONFIG helper")
    }

    /// A fault at the value (or, when there is none, at its nearest parent) that `path` names.
    pub fn fault(&self, _path: &str, _message: impl Into<String>) -> Fault {
        unimplemented!("CONFIG helper")
    }

    /// The same, `offset` characters into the scalar there (for SQL fragments).
    pub fn fault_in(&self, _path: &str, _offset: usize, _message: impl Into<String>) -> Fault {
        unimplemented!("CONFIG helper")
    }
}
