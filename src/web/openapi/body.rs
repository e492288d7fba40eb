use poem::{Request, RequestBody};
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::ParseFromJSON;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

use super::faults::fault;
use super::shape;
use crate::error::{Error, Result};
use crate::web::limits;

/// A body of JSON, read within limits; what does not fit its description is told field by field, all of it at once.
/// `Body<Option<T>>` may be missing.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let json = MetaMediaType { content_type: "application/json", schema: T::schema_ref() };
        Some(MetaRequest { description: None, content: vec![json], required: T::IS_REQUIRED })
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, _: ExtractParamOptions<()>) -> poem::Result<Self> {
        let content = limits::read_json(body).await?;
        Ok(Body(parse(request.content_type(), &content)?))
    }
}

fn parse<T: ParseFromJSON>(content_type: Option<&str>, content: &[u8]) -> Result<T> {
    if content.is_empty() && !T::IS_REQUIRED {
        return T::parse_from_json(Some(Value::Null)).map_err(|left| fault("body", left.message()));
    }
    if !content_type.is_some_and(<Json<T> as Payload>::check_content_type) {
        return Err(fault("Content-Type", "send JSON as `application/json`"));
    }
    let value: Value = serde_json::from_slice(content).map_err(|cause| fault("body", &format!("is no JSON: {cause}")))?;
    let faults = shape::faults::<T>(&value);
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    T::parse_from_json(Some(value)).map_err(|left| fault("body", left.message()))
}
