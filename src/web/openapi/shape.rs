//! Whether a value has the shape its description asks for; every fault at its field, in words.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Map, Value};

use crate::error::FieldFault;
use crate::yaml::nearest;

/// Faults told at once; a body of a thousand wrong numbers need not be answered with a thousand sentences.
const MOST: usize = 50;

/// What is wrong with `value` as a `T`.
pub fn faults<T: Type>(value: &Value) -> Vec<FieldFault> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut walk = Walk { registry: &registry, faults: Vec::new() };
    walk.value("", value, &T::schema_ref());
    walk.faults.truncate(MOST);
    walk.faults
}

struct Walk<'a> {
    registry: &'a Registry,
    faults: Vec<FieldFault>,
}

impl Walk<'_> {
    fn tell(&mut self, field: &str, message: impl Into<String>) {
        let field = if field.is_empty() { "body" } else { field };
        self.faults.push(FieldFault { field: field.to_owned(), message: message.into() });
    }

    fn value(&mut self, field: &str, value: &Value, schema: &MetaSchemaRef) {
        let schema = match schema {
            MetaSchemaRef::Inline(schema) => schema.as_ref(),
            MetaSchemaRef::Reference(name) => match self.registry.schemas.get(name) {
                Some(schema) => schema,
                None => return,
            },
        };
        // A reference that was given words of its own.
        if let Some(whole) = schema.all_of.first() {
            return self.value(field, value, whole);
        }
        if !schema.any_of.is_empty() {
            return self.alternatives(field, value, &schema.any_of);
        }
        match (schema.ty, value) {
            ("object", Value::Object(object)) => self.object(field, object, schema),
            ("array", Value::Array(items)) => self.array(field, items, schema),
            ("string", Value::String(text)) => self.text(field, text, schema),
            ("integer" | "number", Value::Number(number)) => self.number(field, number, schema),
            ("boolean", Value::Bool(_)) => {}
            ("", _) => self.anything(field, value),
            (wanted, found) => self.tell(field, format!("must be {}, not {}", article(wanted), kind(found))),
        }
    }

    /// Fits one of several.
    fn alternatives(&mut self, field: &str, value: &Value, alternatives: &[MetaSchemaRef]) {
        let fits = |alternative: &MetaSchemaRef| {
            let mut walk = Walk { registry: self.registry, faults: Vec::new() };
            walk.value(field, value, alternative);
            walk.faults.is_empty()
        };
        if !alternatives.iter().any(fits) {
            let forms: Vec<String> = alternatives.iter().map(form).collect();
            self.tell(field, format!("must be one of: {}", forms.join(", ")));
        }
    }

    fn object(&mut self, field: &str, object: &Map<String, Value>, schema: &MetaSchema) {
        let inside = |name: &str| if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
        for (name, property) in &schema.properties {
            let needed = schema.required.contains(name);
            match object.get(*name) {
                None | Some(Value::Null) if needed => self.tell(&inside(name), "is required"),
                None | Some(Value::Null) => {}
                Some(value) => self.value(&inside(name), value, property),
            }
        }
        let known: Vec<&str> = schema.properties.iter().map(|(name, _)| *name).collect();
        for (name, value) in object.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            match &schema.additional_properties {
                Some(_) if name.contains('\0') => self.tell(&inside("…"), "a name may hold no NUL character"),
                Some(each) => self.value(&inside(name), value, each),
                None if schema.properties.is_empty() => self.anything(&inside(name), value),
                None => self.tell(&inside(&shown(name)), unknown(name, &known)),
            }
        }
    }

    fn array(&mut self, field: &str, items: &[Value], schema: &MetaSchema) {
        if schema.max_items.is_some_and(|most| items.len() > most) {
            self.tell(field, format!("holds at most {} entries", schema.max_items.unwrap_or_default()));
        }
        let Some(each) = &schema.items else { return };
        for (number, item) in items.iter().enumerate() {
            self.value(&format!("{field}[{number}]"), item, each);
        }
    }

    fn text(&mut self, field: &str, text: &str, schema: &MetaSchema) {
        // No database of ours takes it.
        if text.contains('\0') {
            self.tell(field, "may hold no NUL character");
        }
        let words: Vec<&str> = schema.enum_items.iter().filter_map(Value::as_str).collect();
        if !words.is_empty() && !words.contains(&text) {
            self.tell(field, format!("must be one of: {}", words.join(", ")));
        }
        let length = text.chars().count();
        if schema.max_length.is_some_and(|most| length > most) {
            self.tell(field, format!("is longer than {} characters", schema.max_length.unwrap_or_default()));
        }
        if schema.min_length.is_some_and(|least| length < least) {
            self.tell(field, if text.is_empty() { "may not be empty".to_owned() } else { "is too short".to_owned() });
        }
        match schema.format {
            Some("uuid") if uuid::Uuid::parse_str(text).is_err() => self.tell(field, "must be a UUID"),
            Some("date-time") if chrono::DateTime::parse_from_rfc3339(text).is_err() => {
                self.tell(field, "must be a time such as 2026-01-31T08:00:00Z");
            }
            _ => {}
        }
    }

    fn number(&mut self, field: &str, number: &serde_json::Number, schema: &MetaSchema) {
        let value = number.as_f64().unwrap_or(f64::INFINITY);
        if schema.ty == "integer" && !(number.is_i64() || number.is_u64()) {
            self.tell(field, "must be a whole number");
        }
        if schema.minimum.is_some_and(|least| value < least) {
            self.tell(field, format!("must be at least {}", schema.minimum.unwrap_or_default()));
        }
        if schema.maximum.is_some_and(|most| value > most) {
            self.tell(field, format!("must be at most {}", schema.maximum.unwrap_or_default()));
        }
    }

    /// What has no description may be anything that a database takes.
    fn anything(&mut self, field: &str, value: &Value) {
        match value {
            Value::String(text) if text.contains('\0') => self.tell(field, "may hold no NUL character"),
            Value::Array(items) => items.iter().for_each(|item| self.anything(field, item)),
            Value::Object(object) if object.keys().any(|name| name.contains('\0')) => {
                self.tell(field, "a name may hold no NUL character");
            }
            Value::Object(object) => object.values().for_each(|value| self.anything(field, value)),
            _ => {}
        }
    }
}

/// What a value may look like, in words.
fn form(schema: &MetaSchemaRef) -> String {
    match schema {
        MetaSchemaRef::Inline(schema) if !schema.required.is_empty() => {
            format!("{{\"{}\": …}}", schema.required.join("\": …, \""))
        }
        MetaSchemaRef::Inline(schema) => article(schema.ty).to_owned(),
        MetaSchemaRef::Reference(name) => name.clone(),
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("is unknown; did you mean “{meant}”?"),
        None => format!("is unknown; known here: {}", known.join(", ")),
    }
}

/// A stranger's name for a field, short enough to be told back.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn article(wanted: &str) -> &'static str {
    match wanted {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "something else",
    }
}

fn kind(found: &Value) -> &'static str {
    match found {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
