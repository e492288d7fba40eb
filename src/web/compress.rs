//! Pages and fragments, compressed on their way out: one buffer, a quick level (compressing hard costs more than drawing).

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, header};
use poem::{Body, Request, Response};

use crate::apps::AsItIs;

/// Below this the header costs more than it saves.
const WORTH_IT: usize = 1024;
/// From here on compressing takes so long that it is done elsewhere.
const LARGE: usize = 512 * 1024;
/// How hard pages are compressed: a first visit is counted in kilobytes.
const PAGES: u32 = 4;
/// How hard the API's answers are: programs come by short ways, and a chart's numbers took longer to compress than to make.
const NUMBERS: u32 = 1;

/// Whether the client takes gzip.
pub fn is_accepted(request: &Request) -> bool {
    request
        .header("accept-encoding")
        .is_some_and(|v| v.split(',').any(|part| part.trim().split(';').next() == Some("gzip") && !part.contains("q=0")))
}

/// Compresses a text answer where the client takes gzip. Files, which are streamed, and what is compressed already stay as they are.
pub async fn pack(response: Response, accepts_gzip: bool) -> Response {
    if response.data::<AsItIs>().is_some() {
        return response;
    }
    let headers = response.headers();
    let level = match headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()) {
        Some(kind) if kind.starts_with("text/html") => PAGES,
        Some(kind) if kind.contains("json") => NUMBERS,
        _ => return response,
    };
    if headers.contains_key(header::CONTENT_DISPOSITION) || headers.contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let content = match body.into_bytes().await {
        Ok(content) => content,
        Err(_) => return Response::from_parts(parts, Body::empty()),
    };
    if !accepts_gzip || content.len() < WORTH_IT {
        return Response::from_parts(parts, Body::from_bytes(content));
    }
    let packed = match content.len() {
        ..LARGE => squeeze(&content, level),
        // nobody else waits on this thread meanwhile
        _ => {
            let whole = content.clone();
            tokio::task::spawn_blocking(move || squeeze(&whole, level)).await.unwrap_or_default()
        }
    };
    match packed {
        Some(small) => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(parts, Body::from_vec(small))
        }
        None => Response::from_parts(parts, Body::from_bytes(content)),
    }
}

fn squeeze(content: &[u8], level: u32) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(content.len() / 4), Compression::new(level));
    encoder.write_all(content).and_then(|()| encoder.finish()).ok()
}
