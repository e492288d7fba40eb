use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Map, Value, json};

/// An API's document, as exact as its answers are: an object holds what it lists and nothing else, and what it need
/// not hold may be null.
pub fn document<T: OpenApi>(service: &OpenApiService<T, ()>) -> String {
    let text = service.spec();
    let Ok(mut document) = serde_json::from_str::<Value>(&text) else { return text };
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.values_mut().filter_map(Value::as_object_mut).for_each(exact);
    }
    document.to_string()
}

fn exact(schema: &mut Map<String, Value>) {
    let required: Vec<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
        *property = or_null(property.take());
    }
    schema.entry("additionalProperties").or_insert(json!(false));
}

fn or_null(property: Value) -> Value {
    match property {
        Value::Object(reference) if reference.contains_key("$ref") => json!({"allOf": [reference], "nullable": true}),
        Value::Object(mut schema) => {
            schema.insert("nullable".to_owned(), json!(true));
            Value::Object(schema)
        }
        other => other,
    }
}
