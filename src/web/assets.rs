//! What pages are dressed with: embedded, fingerprinted, compressed when it was built, cached for ever.

use std::borrow::Cow;

use poem::web::Path;
use poem::{Request, Response, handler};
use rust_embed::RustEmbed;

use crate::error::{Error, Result};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/assets"]
struct Packed;

/// The address of an asset: `/assets/{fingerprint}/{name}`. An asset that does not exist has an address that answers 404.
pub fn url(name: &str) -> String {
    match Packed::get(name) {
        Some(file) => format!("/assets/{}/{name}", fingerprint(&file.metadata.sha256_hash())),
        None => format!("/assets/none/{name}"),
    }
}

fn fingerprint(hash: &[u8; 32]) -> String {
    hex::encode(&hash[..6])
}

/// The type of what we ship; nothing else is shipped.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        _ => "text/plain; charset=utf-8",
    }
}

/// The form of the asset that this client takes: brotli, gzip or plain.
fn form(name: &str, accepts: &str) -> Option<(Cow<'static, [u8]>, Option<&'static str>)> {
    let offers =
        |coding: &str| accepts.split(',').any(|part| part.trim().split(';').next() == Some(coding) && !part.contains("q=0"));
    for (coding, ending) in [("br", "br"), ("gzip", "gz")] {
        if offers(coding)
            && let Some(file) = Packed::get(&format!("{name}.{ending}"))
        {
            return Some((file.data, Some(if coding == "br" { "br" } else { "gzip" })));
        }
    }
    Packed::get(name).map(|file| (file.data, None))
}

/// `GET /assets/{fingerprint}/{name}`: a wrong fingerprint is a 404, so that nothing is cached under a name it does not have.
#[handler]
pub async fn show(request: &Request, Path((print, name)): Path<(String, String)>) -> Result<Response> {
    let file = Packed::get(&name).filter(|_| !name.ends_with(".br") && !name.ends_with(".gz")).ok_or(Error::NotFound("file"))?;
    if print != fingerprint(&file.metadata.sha256_hash()) {
        return Err(Error::NotFound("file"));
    }
    let accepts = request.header("accept-encoding").unwrap_or_default();
    let (content, coding) = form(&name, accepts).ok_or(Error::NotFound("file"))?;
    let mut response = Response::builder()
        .content_type(content_type(&name))
        .header("cache-control", "public, max-age=31536000, immutable")
        .header("vary", "accept-encoding")
        .body(content.into_owned());
    if let Some(coding) = coding {
        response.headers_mut().insert("content-encoding", http::HeaderValue::from_static(coding));
    }
    Ok(response)
}

/// `GET /favicon.ico`: browsers ask for it whatever the page says.
#[handler]
pub async fn favicon() -> Result<Response> {
    let file = Packed::get("loggia.svg").ok_or(Error::NotFound("file"))?;
    Ok(Response::builder()
        .content_type("image/svg+xml")
        .header("cache-control", "public, max-age=86400")
        .body(file.data.into_owned()))
}
