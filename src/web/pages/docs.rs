//! The API's documentation, drawn from the document that describes it.

use askama::Template;
use poem::{Request, Response, handler};
use serde_json::Value;

use super::Chrome;
use super::prose::Prose;
use crate::error::Result;
use crate::panel::Address;
use crate::web::guards::Person;
use crate::web::routes::{self, Access};
use crate::web::{api, around};

/// The documentation.
#[derive(Clone, Debug, Template)]
#[template(path = "docs.html")]
pub struct DocsPage {
    /// What stands around it.
    pub chrome: Chrome,
    /// What the API is, in a few sentences.
    pub about: Vec<Prose>,
    /// Its version.
    pub version: String,
    /// The operations by what they are about.
    pub groups: Vec<Group>,
    /// What an error says.
    pub problem: Vec<Field>,
}

/// Operations about one thing.
#[derive(Clone, Debug)]
pub struct Group {
    /// The thing.
    pub name: String,
    /// It in a sentence.
    pub about: Prose,
    /// The operations.
    pub operations: Vec<Operation>,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its id, the target of links.
    pub id: String,
    /// `GET`.
    pub method: String,
    /// Its path, captures in braces.
    pub path: String,
    /// What it does, in a few words.
    pub title: String,
    /// What it does, in paragraphs.
    pub about: Vec<Prose>,
    /// Who may.
    pub access: &'static str,
    /// What stands in its address.
    pub parameters: Vec<Parameter>,
    /// What it takes.
    pub body: Option<Shape>,
    /// What it gives.
    pub answers: Vec<Answer>,
    /// The same for a terminal.
    pub curl: String,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path` or `query`.
    pub place: String,
    /// What may stand there.
    pub kind: String,
    /// Whether it has to.
    pub required: bool,
    /// What it does.
    pub about: Prose,
    /// The words it may be, where they are few.
    pub choices: Vec<String>,
}

/// What a body holds.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Its type's name, where there are several.
    pub name: String,
    /// Its fields, those inside with their path.
    pub fields: Vec<Field>,
    /// What it looks like.
    pub example: String,
}

/// One field of a body.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its path.
    pub name: String,
    /// What may stand there.
    pub kind: String,
    /// What it means.
    pub about: Prose,
}

/// A good answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: String,
    /// What comes: its media types.
    pub media: String,
    /// What it says about itself.
    pub about: Prose,
    /// What it holds, one of these.
    pub shapes: Vec<Shape>,
}

/// `GET /openapi.json`: the document.
#[handler]
pub async fn openapi(Person(_): Person) -> Response {
    Response::builder().content_type("application/json").body(api::document().text.as_str())
}

/// `GET /docs`: the document for people, with every operation to be tried.
#[handler]
pub async fn show(Person(identity): Person, request: &Request) -> Result<Response> {
    let address = Address { path: "/docs".to_owned(), query: Vec::new() };
    let chrome = around::bare("API", around::theme(request), Some(&identity), address);
    let reader = Reader { document: &api::document().value };
    around::page(&DocsPage {
        chrome,
        about: paragraphs(&reader.document["info"]["description"]),
        version: text(&reader.document["info"]["version"]),
        groups: reader.groups(),
        problem: reader.fields(&reader.document["components"]["schemas"]["Problem"]),
    })
}

/// How deep the fields of a body are told.
const DEEP: usize = 5;

struct Reader<'a> {
    document: &'a Value,
}

impl<'a> Reader<'a> {
    fn groups(&self) -> Vec<Group> {
        let tags = self.document["tags"].as_array().into_iter().flatten();
        let group = |tag: &Value| Group {
            name: text(&tag["name"]),
            about: Prose::read(&text(&tag["description"])),
            operations: self.operations(&text(&tag["name"])),
        };
        let mut groups: Vec<Group> = tags.map(group).collect();
        // In the order in which somebody gets to know them.
        groups.sort_by_key(|group| ORDER.iter().position(|name| *name == group.name).unwrap_or(ORDER.len()));
        groups
    }

    fn operations(&self, tag: &str) -> Vec<Operation> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let all = paths.flat_map(|(path, verbs)| verbs.as_object().into_iter().flatten().map(move |(verb, op)| (path, verb, op)));
        all.filter(|(_, _, op)| op["tags"][0] == tag).map(|(path, verb, op)| self.operation(path, verb, op)).collect()
    }

    fn operation(&self, path: &str, verb: &str, op: &'a Value) -> Operation {
        let media = op["requestBody"]["content"].as_object().and_then(|all| all.values().next());
        let body = media.and_then(|media| self.shapes(media).pop());
        let answers = op["responses"].as_object().into_iter().flatten().filter(|(status, _)| status.starts_with('2'));
        let id = text(&op["operationId"]);
        Operation {
            access: access(&id),
            id,
            method: verb.to_uppercase(),
            path: path.to_owned(),
            title: text(&op["summary"]),
            about: paragraphs(&op["description"]),
            parameters: op["parameters"].as_array().into_iter().flatten().map(|one| self.parameter(one)).collect(),
            answers: answers.map(|(status, answer)| self.answer(status, answer)).collect(),
            curl: curl(&verb.to_uppercase(), path, body.as_ref()),
            body,
        }
    }

    fn parameter(&self, one: &'a Value) -> Parameter {
        let schema = self.plain(&one["schema"]);
        let words = schema["enum"].as_array().into_iter().flatten().map(text);
        Parameter {
            name: text(&one["name"]),
            place: text(&one["in"]),
            kind: self.kind(schema),
            required: one["required"] == true,
            about: Prose::read(&text(&one["description"])),
            choices: if schema["type"] == "boolean" { vec!["true".to_owned(), "false".to_owned()] } else { words.collect() },
        }
    }

    fn answer(&self, status: &str, answer: &'a Value) -> Answer {
        let media: Vec<(&String, &Value)> = answer["content"].as_object().into_iter().flatten().collect();
        let names: Vec<&str> = media.iter().filter_map(|(name, _)| name.split(';').next()).collect();
        Answer {
            status: status.to_owned(),
            media: names.join(", "),
            about: Prose::read(&text(&answer["description"])),
            shapes: media.first().map(|(_, first)| self.shapes(first)).unwrap_or_default(),
        }
    }

    /// What a body holds: one shape, or each that it may have.
    fn shapes(&self, media: &'a Value) -> Vec<Shape> {
        let schema = self.plain(&media["schema"]);
        let shape = |name: String, schema: &'a Value, example: &Value| Shape {
            name,
            fields: self.fields(schema),
            example: if example.is_null() { String::new() } else { format!("{example:#}") },
        };
        match schema["anyOf"].as_array() {
            Some(any) if any.iter().all(|one| one["$ref"].is_string()) => {
                let named = |one: &'a Value| {
                    let schema = self.plain(one);
                    shape(last(&one["$ref"]), schema, &schema["example"])
                };
                any.iter().map(named).collect()
            }
            _ => vec![shape(
                String::new(),
                schema,
                if media["example"].is_null() { &schema["example"] } else { &media["example"] },
            )],
        }
    }

    fn fields(&self, schema: &'a Value) -> Vec<Field> {
        let mut fields = Vec::new();
        self.below("", self.plain(schema), DEEP, &mut fields);
        fields
    }

    fn below(&self, path: &str, schema: &'a Value, deep: usize, fields: &mut Vec<Field>) {
        if deep == 0 {
            return;
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let (name, inside) = (format!("{path}{name}"), self.plain(property));
            let about = [property, inside].into_iter().map(|one| text(&one["description"])).find(|words| !words.is_empty());
            fields.push(Field { name: name.clone(), kind: self.kind(property), about: Prose::read(&about.unwrap_or_default()) });
            match inside["items"].is_object() {
                true => self.below(&format!("{name}[]."), self.plain(&inside["items"]), deep - 1, fields),
                false => self.below(&format!("{name}."), inside, deep - 1, fields),
            }
        }
    }

    /// A schema behind its reference, and behind words of its own.
    fn plain(&self, schema: &'a Value) -> &'a Value {
        if let Some(to) = schema["$ref"].as_str() {
            return self.document.pointer(to.trim_start_matches('#')).unwrap_or(schema);
        }
        match schema["allOf"].get(0) {
            Some(first) => self.plain(first),
            None => schema,
        }
    }

    fn kind(&self, schema: &'a Value) -> String {
        let inside = self.plain(schema);
        let nullable = schema["nullable"] == true || inside["nullable"] == true;
        let words: Vec<String> = inside["enum"].as_array().into_iter().flatten().map(text).collect();
        let kind = match (inside["type"].as_str(), inside["format"].as_str()) {
            _ if !words.is_empty() => words.join(" | "),
            (Some("array"), _) => format!("list of {}", self.kind(&inside["items"])),
            (Some("string"), Some("date-time")) => "time".to_owned(),
            (Some("string"), Some("uuid")) => "UUID".to_owned(),
            (Some("string"), _) => "text".to_owned(),
            (Some("integer"), _) => "whole number".to_owned(),
            (Some("number"), _) => "number".to_owned(),
            (Some("boolean"), _) => "true or false".to_owned(),
            (Some("object"), _) => "object".to_owned(),
            _ => match inside["anyOf"].as_array() {
                Some(any) => any.iter().map(|one| self.kind(one)).collect::<Vec<_>>().join(" or "),
                None => "anything".to_owned(),
            },
        };
        if nullable { format!("{kind} or null") } else { kind }
    }
}

/// The groups in the order in which somebody gets to know them.
const ORDER: &[&str] = &["Sign-in", "Tenants", "Dashboards", "Panels", "Reports", "Preferences", "Users"];

fn last(reference: &Value) -> String {
    reference.as_str().and_then(|to| to.rsplit('/').next()).unwrap_or_default().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn paragraphs(value: &Value) -> Vec<Prose> {
    let paragraphs = value.as_str().unwrap_or_default().split("\n\n").map(|part| part.replace('\n', " ").trim().to_owned());
    paragraphs.filter(|part| !part.is_empty()).map(|part| Prose::read(&part)).collect()
}

/// Who may, in words.
fn access(id: &str) -> &'static str {
    match routes::PUBLIC_API.iter().find(|operation| operation.id == id).map(|operation| operation.access) {
        Some(Access::Open) => "Anybody",
        Some(Access::Person) => "Anybody signed in",
        Some(Access::Tenant) => "Members of the active tenant",
        Some(Access::TenantAdmin) => "Admins of the tenant",
        Some(Access::Operator) => "Operators",
        Some(Access::Machine(_) | Access::Nobody | Access::App) | None => "",
    }
}

fn curl(method: &str, path: &str, body: Option<&Shape>) -> String {
    let verb = if method == "GET" { String::new() } else { format!(" -X {method}") };
    let line: String = body.map(|body| body.example.lines().map(str::trim).collect()).unwrap_or_default();
    let body = if line.is_empty() { String::new() } else { format!(" \\\n  -H 'Content-Type: application/json' -d '{line}'") };
    format!("curl{verb} -H \"Authorization: Bearer $TOKEN\" \"$LOGGIA{path}\"{body}")
}
