//! `loggia schema`: what may stand in the files, for editors, from the same structs that read them.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::spec::{AppDocument, DashboardDocument, TenantDocument};
use crate::panel::{self, Kind};

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum What {
    Tenant,
    Dashboard,
    Panel,
    App,
}

/// The JSON Schema of one kind of file.
pub fn print(what: What) -> Value {
    match what {
        What::Tenant => of::<TenantDocument>(),
        What::Dashboard => of::<DashboardDocument>(),
        What::App => of::<AppDocument>(),
        What::Panel => panels(),
    }
}

fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

/// One of all types, told apart by `type`.
fn panels() -> Value {
    let kinds: Vec<Value> = panel::kinds().iter().map(body).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loggia panel",
        "type": "object",
        "required": ["panel"],
        "additionalProperties": false,
        "properties": { "panel": { "oneOf": kinds } },
    })
}

/// What stands below `panel:`. Its own schema may be that of the whole file.
fn body(kind: &Kind) -> Value {
    let mut schema = (kind.schema)().to_value();
    if let Some(inner) = schema.pointer_mut("/properties/panel") {
        schema = inner.take();
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    schema["title"] = json!(kind.name);
    schema["properties"]["type"] = json!({ "const": kind.name });
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    if !required.iter().any(|key| key == "type") {
        schema["required"] = std::iter::once(json!("type")).chain(required).collect();
    }
    schema
}
