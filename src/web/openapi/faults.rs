//! The library's refusals of a parameter in our words.

use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};

use crate::error::{Error, FieldFault};

/// The error an API's library ended a request with, as ours; none when it is none of the library's.
pub fn translate(error: &poem::Error) -> Option<Error> {
    if let Some(left) = error.downcast_ref::<ParseParamError>() {
        return Some(fault(left.name, &left.reason));
    }
    if error.is::<AuthorizationError>() {
        return Some(Error::SignedOut);
    }
    // What stands in a path is read as text; where it is not even that, there is nothing at this address.
    if error.is::<ParsePathError>() {
        return Some(Error::NotFound("page"));
    }
    if error.is::<ContentTypeError>() {
        return Some(fault("Content-Type", "is none that this operation reads"));
    }
    let payload = error.downcast_ref::<ParseRequestPayloadError>().map(|left| &left.reason);
    let payload = payload.or_else(|| error.downcast_ref::<ParseMultipartError>().map(|left| &left.reason));
    payload.map(|reason| fault("body", reason))
}

/// `failed to parse "integer_int32": invalid digit found in string` is for programmers; the part behind it is for callers.
pub(super) fn fault(field: &str, reason: &str) -> Error {
    let reason = reason.split(" (occurred while parsing").next().unwrap_or_default();
    let reason = reason.split_once("\": ").map_or(reason, |(_, words)| words);
    let message = match reason {
        "verification failed." | "" => "cannot be used".to_owned(),
        reason if reason.contains("expects an input value") => "is required".to_owned(),
        reason => reason.trim_start_matches("verification failed. ").to_owned(),
    };
    Error::Invalid(vec![FieldFault { field: field.to_owned(), message }])
}
