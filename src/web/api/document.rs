//! The document of the public API, whole once and kept.

use std::sync::LazyLock;

use serde_json::Value;

use crate::web::openapi;

/// The document as text and as a value.
#[derive(Debug)]
pub struct Document {
    /// As it is served.
    pub text: String,
    /// As it is read.
    pub value: Value,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let mut value: Value = serde_json::from_str(&openapi::document(&super::service())).unwrap_or_default();
    tell_examples(&mut value);
    Document { text: value.to_string(), value }
});

/// The document.
pub fn document() -> &'static Document {
    &DOCUMENT
}

/// Puts the example of a body beside every operation that takes or gives it: readers look there, not among the schemas.
fn tell_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let example = |media: &Value| {
        let name = media["schema"]["$ref"].as_str().and_then(|to| to.rsplit('/').next());
        let schema = name.map_or(&media["schema"], |name| &schemas[name]);
        let one_of_several = || {
            let first = schema["anyOf"][0]["$ref"].as_str().and_then(|to| to.rsplit('/').next())?;
            Some(schemas[first]["example"].clone())
        };
        Some(schema["example"].clone()).filter(|found| !found.is_null()).or_else(one_of_several).filter(|found| !found.is_null())
    };
    let Some(paths) = document["paths"].as_object_mut() else { return };
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    for operation in operations {
        let mut places: Vec<&mut Value> = Vec::new();
        let operation = operation.as_object_mut();
        for (key, part) in operation.into_iter().flatten() {
            match key.as_str() {
                "requestBody" => places.push(part),
                "responses" => places.extend(part.as_object_mut().into_iter().flat_map(|all| all.values_mut())),
                _ => {}
            }
        }
        for media in
            places.into_iter().filter_map(|place| place.get_mut("content")?.as_object_mut()).flat_map(|all| all.values_mut())
        {
            if let Some(example) = example(media).filter(|_| media.get("example").is_none()) {
                media["example"] = example;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::document;

    /// Every operation, with its verb and path in front.
    fn operations() -> Vec<(String, Value)> {
        let paths = document().value["paths"].as_object().expect("paths").clone();
        let each = paths.into_iter().flat_map(|(path, verbs)| {
            let verbs = verbs.as_object().expect("verbs").clone();
            verbs.into_iter().map(move |(verb, operation)| (format!("{verb} {path}"), operation))
        });
        each.collect()
    }

    #[test]
    fn every_operation_has_words_and_an_example_of_what_it_takes_and_gives() {
        assert!(operations().len() > 15);
        for (place, operation) in operations() {
            assert!(operation["summary"].is_string() && operation["description"].is_string(), "{place} has no words");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{place}: {} has no words", parameter["name"]);
            }
            if let Some(body) = operation["requestBody"]["content"].as_object() {
                assert!(body.values().all(|media| !media["example"].is_null()), "{place} shows nothing of what it takes");
            }
            let good = operation["responses"].as_object().expect("answers").iter().find(|(status, _)| status.starts_with('2'));
            let (status, answer) = good.unwrap_or_else(|| panic!("{place} has no good answer"));
            if let Some(json) = answer["content"].get("application/json; charset=utf-8") {
                assert!(!json["example"].is_null(), "{place} shows nothing of its {status}");
            }
        }
    }

    #[test]
    fn only_signing_in_and_asking_about_a_token_need_nobody() {
        let open: Vec<String> =
            operations().into_iter().filter(|(_, operation)| operation["security"].is_null()).map(|(place, _)| place).collect();
        assert_eq!(open, ["post /api/v1/auth/login", "post /api/token/introspect"]);
    }
}
