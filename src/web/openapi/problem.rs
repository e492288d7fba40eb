use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{Example, Type};
use poem_openapi::{ApiResponse, Object};

use crate::error::Error;

/// Why a request was refused, as RFC 9457 writes it.
#[derive(Object)]
#[oai(example = true, skip_serializing_if_is_none = true)]
struct Problem {
    /// What kind of problem: `about:blank` when the status says it.
    #[oai(rename = "type")]
    kind: String,
    /// What happened, in a few words.
    title: String,
    /// The status again.
    status: u16,
    /// What happened and what to do, in a sentence or two.
    detail: String,
    /// Finds the request in the log; the header `X-Correlation-Id` has it too.
    correlation_id: String,
    /// What is wrong with the input, each at its field.
    faults: Option<Vec<Fault>>,
}

/// One thing wrong with what was sent.
#[derive(Object)]
struct Fault {
    /// The field, parameter or header.
    field: String,
    /// What is wrong with it.
    message: String,
}

impl Example for Problem {
    fn example() -> Problem {
        Problem {
            kind: "about:blank".into(),
            title: "The request could not be understood".into(),
            status: 400,
            detail: "slug: use small letters, digits and hyphens.".into(),
            correlation_id: "0191f2b4-6c1e-7d2a-9f60-1c2f5a7e8b90".into(),
            faults: Some(vec![Fault { field: "slug".into(), message: "use small letters, digits and hyphens".into() }]),
        }
    }
}

/// Every status an error can have in an API. (405 is no operation's answer: the operation does not exist.)
const STATUSES: &[(u16, &str)] = &[
    (400, "What was sent has faults, each at its field."),
    (401, "Not signed in, or a token that is invalid, expired or for another audience."),
    (403, "Not the caller's: another tenant, or a role or scope too low."),
    (404, "There is no such thing here."),
    (408, "What was sent took too long to arrive."),
    (409, "It collides with what is there: the value is taken, a file owns the field, or somebody changed it meanwhile."),
    (413, "More was sent than is taken."),
    (429, "Too often. `Retry-After` says when to try again."),
    (503, "Something this needs is down. `Retry-After` says when to try again."),
];

impl ApiResponse for Error {
    fn meta() -> MetaResponses {
        MetaResponses { responses: STATUSES.iter().map(|(status, description)| response(*status, description)).collect() }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

fn response(status: u16, description: &'static str) -> MetaResponse {
    let retry = MetaHeader {
        name: "Retry-After".to_owned(),
        description: Some("Seconds to wait.".to_owned()),
        required: true,
        deprecated: false,
        schema: u32::schema_ref(),
    };
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/problem+json", schema: Problem::schema_ref() }],
        headers: if matches!(status, 429 | 503) { vec![retry] } else { Vec::new() },
    }
}
