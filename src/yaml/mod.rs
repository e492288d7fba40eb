//! YAML read with its places: every value knows its line and column, and every fault of a file is told at once.

mod de;
mod failure;
mod fault;
mod place;
mod read;
mod scalar;
mod stand_in;
mod tree;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use fault::Fault;
use tree::{Content, Id, Tree};
pub use words::nearest;

/// One parsed file.
#[derive(Clone, Debug)]
pub struct Document {
    file: String,
    source: Arc<str>,
    tree: Tree,
}

impl Document {
    /// Parses `text`; `file` is only the name that faults carry. A key that stands twice is told by [`Document::read`],
    /// with whatever else is wrong.
    ///
    /// # Errors
    /// The first place where it is not YAML (or too deep, too large, more than one document).
    pub fn parse(file: &str, text: &str) -> Result<Document, Fault> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let tree = tree::parse(text).map_err(|wrong| Fault::at(file, wrong.line, wrong.column, wrong.message))?;
        Ok(Document { file: file.to_owned(), source: text.into(), tree })
    }

    /// Reads the document as `T` and tells every fault at once: unknown keys with the nearest known one,
    /// wrong types, missing keys. The value is there only when nothing was found.
    ///
    /// Structs with plain `#[derive(Deserialize)]` are all it takes. `flatten`, `untagged` and `tag` make serde forget
    /// where a value stood, so write a visitor with `visit_str` and `visit_map` instead.
    ///
    /// # Errors
    /// All faults, in the order of the file.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<Fault>> {
        read::read(&self.file, &self.tree)
    }

    /// The name that its faults carry.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The scalar at a path like `panel.type` or `dashboard.panels[0].id`, if there is one.
    pub fn text(&self, path: &str) -> Option<&str> {
        match &self.tree.node(self.find(path).ok()?).content {
            Content::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// Whether there is a value at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.find(path).is_ok()
    }

    /// The keys of the map at `path`, in the order of the file; none when there is no map.
    pub fn keys(&self, path: &str) -> Vec<&str> {
        let Ok(id) = self.find(path) else { return Vec::new() };
        match &self.tree.node(id).content {
            Content::Map(entries) => entries.iter().filter_map(|entry| self.tree.scalar_text(entry.key)).collect(),
            _ => Vec::new(),
        }
    }

    /// A fault at the value (or, when there is none, at its nearest parent) that `path` names.
    pub fn fault(&self, path: &str, message: impl Into<String>) -> Fault {
        let (Ok(id) | Err(id)) = self.find(path);
        let node = self.tree.node(id);
        Fault::at(&self.file, node.line, node.column, message)
    }

    /// A fault at the key that `path` ends with (or, when there is none, at its nearest parent).
    pub fn fault_at_key(&self, path: &str, message: impl Into<String>) -> Fault {
        let (Ok(id) | Err(id)) = self.find(path);
        let id = self.find(path).ok().and_then(|id| self.tree.key_of(id)).unwrap_or(id);
        let node = self.tree.node(id);
        Fault::at(&self.file, node.line, node.column, message)
    }

    /// The same as [`Document::fault`], `offset` characters into the scalar there (for SQL fragments).
    pub fn fault_in(&self, path: &str, offset: usize, message: impl Into<String>) -> Fault {
        let (Ok(id) | Err(id)) = self.find(path);
        let node = self.tree.node(id);
        let (line, column) = match (&node.content, self.find(path)) {
            (Content::Scalar(scalar), Ok(_)) => place::inside(&self.source, node, scalar, offset),
            _ => (node.line, node.column),
        };
        Fault::at(&self.file, line, column, message)
    }

    /// The map at `path` with this one key, as a document of its own whose faults stand where they stand here.
    pub fn only(&self, path: &str, key: &str) -> Option<Document> {
        let tree = self.tree.only(self.find(path).ok()?, key)?;
        Some(Document { file: self.file.clone(), source: self.source.clone(), tree })
    }

    /// The node at `path`, or the last one on the way to it.
    fn find(&self, path: &str) -> Result<Id, Id> {
        let mut at = self.tree.root();
        for step in path.split(['.', '[', ']']).filter(|step| !step.is_empty()) {
            let next = match &self.tree.node(at).content {
                Content::Map(_) => self.tree.value_of(at, step),
                Content::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index).copied()),
                Content::Scalar(_) => None,
            };
            at = next.ok_or(at)?;
        }
        Ok(at)
    }
}
