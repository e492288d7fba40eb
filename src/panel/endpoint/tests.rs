use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::call::parse;
use super::{Answer, Call, Endpoint, EndpointCall, Maker, Parameter, Registry, Trouble, Value, Wants};

#[test]
fn an_endpoint_is_a_name_of_ours_or_a_safe_address() {
    assert_eq!(parse("/api/v1/custom/network-topology"), Ok(Maker::Own("network-topology".into())));
    assert!(matches!(parse("https://maps.example/tile?x=1"), Ok(Maker::Other(_))));
    assert!(matches!(parse("http://127.0.0.1:9000/tile"), Ok(Maker::Other(_))));
    for bad in [
        "",
        "/api/v1/custom/",
        "/api/v1/custom/../admin",
        "/api/v1/custom/A b",
        "/admin",
        "http://maps.example/",
        "http://127.0.0.1.evil.example/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://ann:secret@maps.example/",
        "https://",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

struct Weather;

#[async_trait]
impl Endpoint for Weather {
    fn name(&self) -> &'static str {
        "weather"
    }
    fn about(&self) -> &'static str {
        "The weather."
    }
    fn gives(&self) -> Wants {
        Wants::Words
    }
    fn parameters(&self) -> &'static [Parameter] {
        &[Parameter { name: "place", about: "Where.", default: Value::Text("Rome") }]
    }
    async fn answer(&self, _: &Call) -> Result<Answer, Trouble> {
        Ok(Answer::Json(json!({})))
    }
}

fn faults(endpoint: &str, parameters: serde_json::Value, wants: Wants) -> Vec<String> {
    let registry = Registry::new(vec![Arc::new(Weather)]);
    let serde_json::Value::Object(parameters) = parameters else { panic!("a map") };
    let call =
        EndpointCall { maker: parse(endpoint).unwrap(), parameters, filters: Vec::new(), wants, follows: false, token: false };
    registry.check(&call).into_iter().map(|(path, message)| format!("{path} {message}")).collect()
}

#[test]
fn a_call_is_held_to_what_its_endpoint_declares() {
    assert!(faults("/api/v1/custom/weather", json!({"place": "Oslo"}), Wants::Words).is_empty());
    assert!(faults("https://maps.example/", json!({"anything": 1}), Wants::Words).is_empty());
    assert_eq!(
        faults("/api/v1/custom/wether", json!({}), Wants::Words),
        ["panel.endpoint there is no endpoint “wether”; did you mean “weather”?"]
    );
    assert_eq!(
        faults("/api/v1/custom/weather", json!({"place": 7, "plaec": "x"}), Wants::Picture),
        [
            "panel.endpoint “weather” makes words for a template; this type of panel needs a picture",
            "panel.parameters.place “place” is a text",
            "panel.parameters.plaec “weather” takes no parameter “plaec”; did you mean “place”?",
        ]
    );
}
