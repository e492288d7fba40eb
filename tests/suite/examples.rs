//! The examples of docs/api.md, run as they stand, one after the other, against the demo.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use loggia::app;
use loggia::domain::Clock;
use loggia::settings::{Flags, Settings};
use serde_json::Value;

/// What stands between the outputs of two examples.
const BETWEEN: char = '\u{1e}';

/// An example, and what its answer looks like.
struct Example {
    command: String,
    answer: Option<Value>,
}

/// The examples of a document: each a block of `bash`, its answer the block of `json` right behind it.
fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for block in text.split("\n```").collect::<Vec<_>>().chunks(2).filter_map(|pair| pair.get(1)) {
        let Some((language, body)) = block.split_once('\n') else { continue };
        match language {
            "bash" => examples.push(Example { command: body.to_owned(), answer: None }),
            "json" => {
                let answer = serde_json::from_str(body).unwrap_or_else(|e| panic!("no JSON ({e}): {body}"));
                let last = examples.last_mut().expect("an answer stands behind its example");
                assert!(last.answer.is_none(), "two answers to one example: {body}");
                last.answer = Some(answer);
            }
            _ => {}
        }
    }
    examples
}

/// Where an answer lacks what the document shows of it: keys and types, not values. Null may be anything.
fn lacks(shown: &Value, real: &Value, path: &str) -> Vec<String> {
    match (shown, real) {
        (Value::Null, _) => Vec::new(),
        (Value::Object(shown), Value::Object(real)) => {
            let each = shown.iter().flat_map(|(key, value)| match real.get(key) {
                Some(found) => lacks(value, found, &format!("{path}.{key}")),
                None => vec![format!("{path}.{key} is missing")],
            });
            each.collect()
        }
        (Value::Array(shown), Value::Array(real)) => {
            let missing = || vec![format!("{path} is empty")];
            shown
                .iter()
                .zip(0..)
                .flat_map(|(one, i)| real.get(i).map_or_else(missing, |found| lacks(one, found, &format!("{path}[{i}]"))))
                .collect()
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) | (Value::Bool(_), Value::Bool(_)) => {
            Vec::new()
        }
        _ => vec![format!("{path} is {real}, not like {shown}")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_api_works_as_it_stands_and_answers_as_it_says() {
    let home = tempfile::tempdir().expect("a folder");
    let tenants = home.path().join("tenants");
    loggia::demo::unpack(&tenants).expect("the embedded tenants");
    let environment = BTreeMap::from([
        ("LOGGIA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("LOGGIA_INTERNAL_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
        ("LOGGIA_DATA_DIR".to_owned(), home.path().join("data").display().to_string()),
        ("LOGGIA_DATABASE_URL".to_owned(), format!("sqlite://{}?mode=rwc", home.path().join("data/loggia.db").display())),
        ("LOGGIA_TENANTS_DIR".to_owned(), tenants.display().to_string()),
    ]);
    let settings = Settings::load(&Flags { demo: true, ..Flags::default() }, &environment).expect("settings");
    let server = app::start(settings, Clock::system()).await.expect("the server starts");

    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md")).expect("docs/api.md");
    let examples = examples(&text);
    assert!(examples.len() > 15, "the document has its examples");
    let mut script = String::from("set -euo pipefail\n");
    for (number, example) in examples.iter().enumerate() {
        script.push_str(&format!("echo 'example {number}' >&2\n{}\nprintf '{BETWEEN}'\n", example.command));
    }
    let mut command = Command::new("bash");
    command.arg("-c").arg(&script).current_dir(home.path()).env("LOGGIA", format!("http://{}", server.public));
    command.stdin(Stdio::null());
    let done = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("bash runs");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let outputs: Vec<&str> = out.split(BETWEEN).collect();
    let last = outputs.len() - 1;
    assert!(done.status.success(), "{}\n{}\n{err}", examples.get(last).map_or("", |e| &e.command), outputs[last]);
    for (example, output) in examples.iter().zip(outputs) {
        let Some(shown) = &example.answer else { continue };
        let real: Value =
            serde_json::from_str(output).unwrap_or_else(|e| panic!("{}\nanswered no JSON ({e}): {output}", example.command));
        let lacking = lacks(shown, &real, "");
        assert!(lacking.is_empty(), "{}\n{lacking:#?}\n{output}", example.command);
    }
    server.stop().await;
}
