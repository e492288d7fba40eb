//! The last 24 hours in numbers: requests, errors, answering time.

use async_trait::async_trait;
use chrono_tz::Tz;
use serde_json::{Value as Json, json};

use crate::panel::{Answer, Call, Narrowed, Parameter, Trouble, Value, Wants};
use crate::query::{Aggregate, Bound, Condition, Name, Query, Source, TimeColumn, TimeFormat};

/// The last 24 hours in numbers.
pub(super) struct Endpoint;

const PARAMETERS: &[Parameter] = &[
    Parameter { name: "table", about: "Where readings are.", default: Value::Text("metrics") },
    Parameter { name: "time", about: "Its column of times.", default: Value::Text("recorded_at") },
    Parameter { name: "value", about: "Its column of readings.", default: Value::Text("value") },
    Parameter {
        name: "requests",
        about: "Which of its rows count requests.",
        default: Value::Text("metric_type = 'requests'"),
    },
    Parameter {
        name: "response_time",
        about: "Which of its rows are answering times, in milliseconds.",
        default: Value::Text("metric_type = 'latency'"),
    },
    Parameter { name: "source", about: "Its column of who sent them.", default: Value::Text("server_name") },
    Parameter { name: "error_table", about: "Where errors are, a row each.", default: Value::Text("error_logs") },
    Parameter { name: "error_time", about: "Its column of times.", default: Value::Text("timestamp") },
    Parameter { name: "error_service", about: "Its column of services.", default: Value::Text("service") },
    Parameter {
        name: "errors",
        about: "Which of its rows are errors.",
        default: Value::Text("severity IN ('ERROR', 'CRITICAL')"),
    },
];

const FILTERS: &[Narrowed] = &[
    Narrowed { name: "source", about: "Whose readings count." },
    Narrowed { name: "service", about: "Whose errors count." },
];

#[async_trait]
impl crate::panel::Endpoint for Endpoint {
    fn name(&self) -> &'static str {
        "daily-summary"
    }

    fn about(&self) -> &'static str {
        "The last 24 hours: date, total_requests, errors, error_rate (errors per 100 requests), avg_response_time (ms)."
    }

    fn gives(&self) -> Wants {
        Wants::Words
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn filters(&self) -> &'static [Narrowed] {
        FILTERS
    }

    async fn answer(&self, call: &Call) -> Result<Answer, Trouble> {
        let (table, time) = (call.text("table"), call.text("time"));
        let sources = call.bound("source", &name(call.text("source"))?);
        let services = call.bound("service", &name(call.text("error_service"))?);
        let readings = |rows: &'static str, how| value(call, table, time, call.text("value"), (call.text(rows), &sources), how);
        let (error_table, error_time) = (call.text("error_table"), call.text("error_time"));
        let (requests, response, errors) = futures_util::join!(
            readings("requests", Aggregate::Sum),
            readings("response_time", Aggregate::Avg),
            value(call, error_table, error_time, error_time, (call.text("errors"), &services), Aggregate::Count),
        );
        let (requests, response, errors) = (requests?, response?, errors?);
        // Without requests there is no rate: nothing missing is ever a zero.
        let rate = requests.filter(|requests| *requests > 0.0).zip(errors).map(|(requests, errors)| 100.0 * errors / requests);
        let date = call.range().to().with_timezone(&call.zone()).date_naive();
        Ok(Answer::Json(json!({
            "date": date.to_string(),
            "total_requests": whole(requests),
            "errors": whole(errors),
            "error_rate": rounded(rate, 100.0),
            "avg_response_time": rounded(response, 10.0),
        })))
    }
}

/// One number of the range; `None` where there are no rows.
async fn value(
    call: &Call,
    table: &str,
    time: &str,
    column: &str,
    (rows, filters): (&str, &[Bound]),
    aggregate: Aggregate,
) -> Result<Option<f64>, Trouble> {
    let query = Query::Value {
        source: Source {
            table: name(table)?,
            condition: Some(Condition::parse(rows).map_err(|fault| Trouble::Says(format!("“{rows}”: {}", fault.message)))?),
            order: Vec::new(),
            limit: None,
            filters: filters.to_vec(),
        },
        value: name(column)?,
        time: Some(TimeColumn { column: name(time)?, zone: Tz::UTC, format: TimeFormat::Iso }),
        aggregate: Some(aggregate),
        range: Some(call.range()),
    };
    let frame = call.ask(&query).await?;
    Ok(frame.column("value").and_then(|values| values.number(0)))
}

fn name(text: &str) -> Result<Name, Trouble> {
    Name::parse(text).map_err(Trouble::Says)
}

fn whole(number: Option<f64>) -> Json {
    number.map_or(Json::Null, |number| json!(number.round() as i64))
}

fn rounded(number: Option<f64>, by: f64) -> Json {
    number.map_or(Json::Null, |number| json!((number * by).round() / by))
}
