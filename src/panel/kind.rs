//! The types of panel: the one list, and the way from a file to a panel.

use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Panel;
use super::draft::Draft;
use crate::yaml::{Document, Fault, nearest};

/// What reading a file as one type gives: the panel and its warnings, or every fault.
type Read = Result<(Arc<dyn Panel>, Vec<Fault>), Vec<Fault>>;

/// One type of panel.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The word behind `type:`.
    pub name: &'static str,
    /// Columns and rows it takes when its dashboard does not say.
    pub size: (u16, u16),
    /// A file of this type with every key and what it does.
    pub example: &'static str,
    /// What a file of this type may hold, for editors; nothing in it is a reference.
    pub schema: fn() -> Schema,
    pub(super) read: fn(&Document) -> Read,
}

/// Declares the folders named, and lists their types.
macro_rules! list {
    ($($folder:ident),+ $(,)?) => {
        $(mod $folder;)+

        pub(in crate::panel) const KINDS: &[$crate::panel::Kind] = &[$($crate::panel::Kind {
            name: stringify!($folder),
            size: $folder::SIZE,
            example: include_str!(concat!(stringify!($folder), "/example.yaml")),
            schema: || $crate::panel::kind::schema::<$folder::Spec>(stringify!($folder)),
            read: |document| $crate::panel::kind::build(document, $folder::build),
        }),+];
    };
}
pub(super) use list;

/// Every type there is.
pub fn kinds() -> &'static [Kind] {
    super::KINDS
}

/// Reads the panel in a file; the faults beside it are warnings.
///
/// # Errors
/// Every fault of the file, in its order.
pub fn read(document: &Document) -> Result<(&'static Kind, Arc<dyn Panel>, Vec<Fault>), Vec<Fault>> {
    let Some(word) = document.text("panel.type") else {
        return Err(vec![document.fault("panel.type", format!("a panel needs a “type”: {}", names()))]);
    };
    let Some(kind) = kinds().iter().find(|kind| kind.name == word) else {
        return Err(vec![document.fault("panel.type", unknown(word))]);
    };
    (kind.read)(document).map(|(panel, warnings)| (kind, panel, warnings))
}

fn unknown(word: &str) -> String {
    match nearest(word, kinds().iter().map(|kind| kind.name)) {
        Some(name) => format!("“{word}” is no type of panel; did you mean “{name}”? There are: {}", names()),
        None => format!("“{word}” is no type of panel. There are: {}", names()),
    }
}

fn names() -> String {
    kinds().iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
}

/// A file: the panel stands under its one key.
#[derive(Deserialize, JsonSchema)]
struct File<S> {
    /// The panel.
    panel: S,
}

/// Reads the file as `S`, then has `make` check what it says.
pub(super) fn build<S: DeserializeOwned>(document: &Document, make: fn(S, &mut Draft<'_>) -> Option<Arc<dyn Panel>>) -> Read {
    let file: File<S> = document.read()?;
    let mut draft = Draft::new(document);
    let panel = make(file.panel, &mut draft);
    let mut faults = draft.into_faults();
    faults.sort();
    match panel {
        Some(panel) if faults.iter().all(|fault| fault.warning) => Ok((panel, faults)),
        _ => Err(faults),
    }
}

/// What a file with `S` in it may hold; only keys that are known.
pub(super) fn schema<S: JsonSchema>(name: &str) -> Schema {
    let settings = schemars::generate::SchemaSettings::default().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File<S>>();
    schemars::transform::Transform::transform(&mut Closed, &mut schema);
    if let Some(kind) = schema.pointer_mut("/properties/panel/properties/type").and_then(|kind| kind.as_object_mut()) {
        kind.insert("const".to_owned(), name.into());
    }
    schema.insert("title".to_owned(), format!("{name} panel").into());
    schema
}

/// Closes every map whose keys are known.
#[derive(Clone)]
struct Closed;

impl schemars::transform::Transform for Closed {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        schemars::transform::transform_subschemas(self, schema);
    }
}
