use std::borrow::Cow;
use std::path::PathBuf;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromJSON, ParseResult, ToJSON, Type};
use serde_json::{Value, json};

use crate::tenancy::{AddressView, SecretReference};

/// A datastore's address as it is sent and told: a text, or where the text is kept.
#[derive(Clone, Debug)]
pub struct Address(pub SecretReference);

impl Address {
    /// What may be told of an address.
    pub fn told(view: AddressView) -> Option<Address> {
        match view {
            AddressView::None | AddressView::Sealed => None,
            AddressView::Plain(text) => Some(Address(SecretReference::Plain(text))),
            AddressView::Env(env) => Some(Address(SecretReference::Env { env })),
            AddressView::File(file) => Some(Address(SecretReference::File { file })),
        }
    }
}

impl Type for Address {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "address".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        let object = |name: &'static str, description: &'static str| {
            let text = MetaSchema { description: Some(description), ..MetaSchema::new("string") };
            MetaSchemaRef::Inline(Box::new(MetaSchema {
                required: vec![name],
                properties: vec![(name, MetaSchemaRef::Inline(Box::new(text)))],
                ..MetaSchema::new("object")
            }))
        };
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            any_of: vec![
                MetaSchemaRef::Inline(Box::new(MetaSchema::new("string"))),
                object("env", "The environment variable that holds it."),
                object("file", "The file that holds it."),
            ],
            example: Some(json!({"env": "ACME_DATABASE_URL"})),
            ..MetaSchema::ANY
        }))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

impl ParseFromJSON for Address {
    fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
        let one = |object: &serde_json::Map<String, Value>, name: &str| {
            (object.len() == 1).then(|| object.get(name).and_then(Value::as_str).map(str::to_owned)).flatten()
        };
        let read = match value.unwrap_or_default() {
            Value::String(text) => Some(SecretReference::Plain(text)),
            Value::Object(object) => one(&object, "env")
                .map(|env| SecretReference::Env { env })
                .or_else(|| one(&object, "file").map(|file| SecretReference::File { file: PathBuf::from(file) })),
            _ => None,
        };
        read.map(Address).ok_or_else(|| ParseError::custom("write a text, {\"env\": NAME} or {\"file\": PATH}"))
    }
}

impl ToJSON for Address {
    fn to_json(&self) -> Option<Value> {
        match &self.0 {
            SecretReference::Plain(text) => Some(json!(text)),
            SecretReference::Env { env } => Some(json!({"env": env})),
            SecretReference::File { file } => Some(json!({"file": file})),
            // What is sealed is told to nobody.
            SecretReference::Sealed { .. } => None,
        }
    }
}
