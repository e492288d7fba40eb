use std::collections::HashMap;

use poem::{Endpoint, FromRequest, IntoResponse, Request, RequestBody, Response, Route};
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi, OpenApiService};
use serde_json::{Value, json};

use super::{Body, By, Guard, Scheme, document, mount, operations, translate};
use crate::error::{Error, Result};

struct Friend;

impl<'a> FromRequest<'a> for Friend {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        if request.header("authorization") == Some("Bearer friend") { Ok(Friend) } else { Err(Error::SignedOut.into()) }
    }
}

impl Guard for Friend {
    const SCHEMES: &'static [Scheme] = &[Scheme::Session, Scheme::Bearer];
}

#[derive(Debug, Object)]
struct Part {
    name: String,
    size: Option<u32>,
}

#[derive(Debug, Object)]
struct Thing {
    name: String,
    count: u32,
    parts: Vec<Part>,
    words: HashMap<String, String>,
    first: Option<Part>,
}

struct Api;

#[OpenApi]
impl Api {
    /// Keeps a thing.
    #[oai(path = "/things/:id", method = "put", operation_id = "put_thing")]
    async fn put(&self, _who: By<Friend>, id: Path<String>, thing: Body<Thing>, page: Query<Option<u32>>) -> Result<Json<Thing>> {
        assert!(id.0 == "7" && page.0.is_none_or(|page| page > 0));
        Ok(Json(thing.0))
    }
}

async fn ask(method: &str, path: &str, token: &str, body: Value) -> (u16, poem::Result<Response>) {
    let request = Request::builder()
        .method(method.parse().unwrap())
        .uri(path.parse().unwrap())
        .header("authorization", token)
        .content_type("application/json")
        .body(body.to_string());
    let answer = mount(Route::new(), Api).call(request).await;
    let status = match &answer {
        Ok(response) => response.status(),
        Err(error) => error.status(),
    };
    (status.as_u16(), answer.map(IntoResponse::into_response))
}

fn faults(answer: poem::Result<Response>) -> Vec<(String, String)> {
    let error = answer.expect_err("a refusal");
    let error = translate(&error).or_else(|| error.downcast::<Error>().ok()).expect("an error of ours");
    error.faults().iter().map(|fault| (fault.field.clone(), fault.message.clone())).collect()
}

fn good() -> Value {
    json!({"name": "a", "count": 1, "parts": [{"name": "p", "size": null}], "words": {"x": "y"}, "first": null})
}

#[tokio::test]
async fn an_operation_takes_what_fits_and_refuses_strangers() {
    assert_eq!(ask("PUT", "/things/7", "Bearer friend", good()).await.0, 200);
    assert_eq!(ask("PUT", "/things/7", "Bearer foe", good()).await.0, 401);
    let (status, answer) = ask("DELETE", "/things/7", "Bearer friend", good()).await;
    assert_eq!(status, 405);
    assert_eq!(&*answer.expect_err("a refusal").data::<super::Verbs>().expect("its verbs").0, "PUT");
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_its_field() {
    let bad = json!({"nam": "a", "count": "1", "parts": [{"name": "p"}, {"name": 3, "size": 1.5}], "words": {"x": 1}});
    let (status, answer) = ask("PUT", "/things/7", "Bearer friend", bad).await;
    assert_eq!(status, 400);
    let told = faults(answer);
    let expected = [
        ("name", "is required"),
        ("count", "must be a whole number, not a text"),
        ("parts[1].name", "must be a text, not a number"),
        ("parts[1].size", "must be a whole number"),
        ("words.x", "must be a text, not a number"),
        ("nam", "is unknown; did you mean “name”?"),
    ];
    assert_eq!(told, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
}

#[tokio::test]
async fn what_no_database_takes_is_refused_at_the_door() {
    let mut bad = good();
    bad["name"] = json!("a\u{0}b");
    assert_eq!(faults(ask("PUT", "/things/7", "Bearer friend", bad).await.1)[0].0, "name");
    assert_eq!(faults(ask("PUT", "/things/7", "Bearer friend", json!([1])).await.1)[0].0, "body");
}

#[tokio::test]
async fn a_bad_parameter_is_a_fault_with_its_name() {
    let told = faults(ask("PUT", "/things/7?page=x", "Bearer friend", good()).await.1);
    assert_eq!(told[0].0, "page");
    assert!(!told[0].1.contains("parse"), "{told:?}");
}

#[test]
fn the_document_says_what_an_operation_needs_and_answers() {
    assert_eq!(operations::<Api>(), [("put_thing", "PUT".to_owned(), "/things/{id}".to_owned())]);
    let document: Value = serde_json::from_str(&document(&OpenApiService::new(Api, "Things", "1"))).expect("JSON");
    let put = &document["paths"]["/things/{id}"]["put"];
    assert_eq!(put["security"], json!([{"session": []}, {"bearer": []}]));
    for status in ["400", "401", "403", "404", "408", "409", "413", "429", "503"] {
        assert!(put["responses"][status]["content"]["application/problem+json"].is_object(), "{status}");
    }
    assert!(document["components"]["securitySchemes"]["session"].is_object());
    let thing = &document["components"]["schemas"]["Thing"];
    assert_eq!(thing["additionalProperties"], json!(false));
    assert_eq!(thing["properties"]["first"]["nullable"], json!(true));
    assert!(document["components"]["schemas"]["Problem"]["properties"]["faults"].is_object());
}
