//! The types of panel: the one list, and the way from a file to a panel.

use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::draft::Draft;
use super::{Panel, Sample, View};
use crate::query::Query;
use crate::yaml::{Document, Fault, nearest};

/// What reading a file as one type gives: the panel and its warnings, or every fault.
type Checked = Result<(Arc<dyn Panel>, Vec<Fault>), Vec<Fault>>;

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
    pub(super) read: fn(&Document) -> Checked,
    /// Answers to the example's questions, for where no tenant's data is.
    pub(super) sample: fn(&[Query], &View) -> Sample,
}

impl Kind {
    /// What it is, in a sentence: as its schema tells editors.
    pub fn about(&self) -> String {
        let schema = (self.schema)().to_value();
        schema["properties"]["panel"]["description"].as_str().unwrap_or_default().replace('\n', " ")
    }
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
            sample: $folder::sample,
        }),+];
    };
}
pub(super) use list;

/// A panel as it was read, with its type and the warnings about it.
pub type Opened = (&'static Kind, Arc<dyn Panel>, Vec<Fault>);

/// Every type there is.
pub fn kinds() -> &'static [Kind] {
    super::KINDS
}

/// Reads the panel in a file; the faults beside it are warnings.
///
/// # Errors
/// Every fault of the file, in its order.
pub fn read(document: &Document) -> Result<Opened, Vec<Fault>> {
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
    panel: S,
}

/// Reads the file as `S`, then has `make` check what it says.
pub(super) fn build<S: DeserializeOwned>(document: &Document, make: fn(S, &mut Draft<'_>) -> Option<Arc<dyn Panel>>) -> Checked {
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{kinds, read};
    use crate::panel::stage::faults;
    use crate::yaml::Document;

    fn plain(text: &str) -> Value {
        Document::parse("p.yaml", text).unwrap().read::<Value>().unwrap()
    }

    #[test]
    fn every_example_reads_without_a_fault_and_as_its_schema_says() {
        for kind in kinds() {
            let document = Document::parse(kind.name, kind.example).unwrap();
            let (read_as, _, warnings) = read(&document).unwrap_or_else(|faults| panic!("{}: {faults:#?}", kind.name));
            assert_eq!((read_as.name, warnings), (kind.name, vec![]));
            let schema = (kind.schema)().to_value();
            let checked = jsonschema::validator_for(&schema).unwrap();
            let wrong: Vec<String> = checked.iter_errors(&plain(kind.example)).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}", kind.name);
        }
    }

    #[test]
    fn an_editor_refuses_what_the_reader_refuses() {
        for kind in kinds() {
            let schema = (kind.schema)().to_value();
            let checked = jsonschema::validator_for(&schema).unwrap();
            for wrong in [("  title:", "  titel:"), (kind.name, "gauge")] {
                let file = kind.example.replacen(wrong.0, wrong.1, 2);
                assert!(!checked.is_valid(&plain(&file)), "{} {wrong:?}", kind.name);
            }
        }
    }

    /// Every key that a schema describes.
    fn keys(schema: &Value, found: &mut Vec<(String, bool)>) {
        match schema {
            Value::Object(map) => {
                if let Some(Value::Object(properties)) = map.get("properties") {
                    found.extend(properties.iter().map(|(key, value)| (key.clone(), value.get("description").is_some())));
                }
                map.values().for_each(|value| keys(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| keys(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_key_is_described_and_stands_in_an_example() {
        let shown = |key: &str| kinds().iter().any(|kind| kind.example.contains(&format!("{key}:")));
        for kind in kinds() {
            let mut found = Vec::new();
            keys(&(kind.schema)().to_value(), &mut found);
            assert!(found.len() > 10);
            for (key, described) in found {
                assert!(described, "{}: {key} has no description", kind.name);
                assert!(shown(&key), "{}: {key} is in no example", kind.name);
            }
        }
    }

    #[test]
    fn an_unknown_type_is_told_with_what_was_meant() {
        let told = faults("panel:\n  type: time_series\n  title: x\n");
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("2:9 “time_series” is no type of panel; did you mean “timeseries”? There are: timeseries, kpi,"),
            "{told:?}"
        );
        let all = kinds().iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        assert_eq!(faults("panel:\n  title: x\n")[0], format!("2:3 a panel needs a “type”: {all}"));
        assert!(!faults("a: b\n").is_empty());
    }
}
