//! What a page of an app may do in a browser: its own path, its own inline scripts by their hash, and nothing of ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::config::App;

/// Where an app is shown, as its policy names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The origin the app is reached at: `https://apps.example.com`.
    pub origin: String,
    /// Who may frame it: `'self'`, or our own origin where the app has another.
    pub framed_by: String,
}

/// The policy of an app's documents, with the hashes of the inline scripts that stand in this one.
pub fn policy(app: &App, place: &Place, hashes: &[String]) -> String {
    let own = format!("{}/dash/{}/", place.origin, app.key);
    let mut scripts = own.clone();
    for hash in hashes {
        scripts.push_str(&format!(" 'sha256-{hash}'"));
    }
    if app.allow_eval {
        scripts.push_str(" 'unsafe-eval'");
    }
    let mut asked = own.clone();
    if app.allow_websocket {
        // a web socket is another scheme, which 'self' and our own path do not speak of everywhere
        asked.push_str(&format!(" {}", own.replacen("http", "ws", 1)));
    }
    for extra in &app.connect_extra {
        asked.push_str(&format!(" {extra}"));
    }
    format!(
        "default-src 'none'; script-src {scripts}; style-src {own} 'unsafe-inline'; img-src {own} data: blob:; \
         font-src {own} data:; media-src {own} data: blob:; connect-src {asked}; worker-src {own} blob:; frame-src {own}; \
         manifest-src {own}; frame-ancestors {}; base-uri 'none'; form-action 'none'; object-src 'none'",
        place.framed_by
    )
}

/// The hashes of the inline scripts of a document: an app's own, which no policy of ours can know beforehand.
pub fn hashes(html: &[u8]) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut rest = html;
    while let Some(at) = find(rest, b"<script") {
        rest = &rest[at + b"<script".len()..];
        let Some(end) = tag_end(rest) else { break };
        let (tag, body) = rest.split_at(end);
        let body = &body[1..];
        let Some(close) = find(body, b"</script") else { break };
        let inline = !has_attribute(tag, b"src") && close > 0 && runs(tag);
        if inline && hashes.len() < 64 {
            let hash = STANDARD.encode(Sha256::digest(&body[..close]));
            if !hashes.contains(&hash) {
                hashes.push(hash);
            }
        }
        rest = &body[close..];
    }
    hashes
}

/// Whether a browser would run what stands in this tag; a block of data needs no hash.
fn runs(tag: &[u8]) -> bool {
    let low = tag.to_ascii_lowercase();
    find(&low, b"application/json").is_none()
}

/// Where a tag ends, quotes considered.
fn tag_end(rest: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.iter().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == *byte => quote = None,
            (None, b'>') => return Some(at),
            _ => {}
        }
    }
    None
}

fn has_attribute(tag: &[u8], name: &[u8]) -> bool {
    let low = tag.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = find(&low[from..], name) {
        let (before, after) = (from + at, from + at + name.len());
        let starts = before == 0 || low[before - 1].is_ascii_whitespace() || low[before - 1] == b'/';
        let ends = low.get(after).is_none_or(|byte| matches!(byte, b'=' | b'/') || byte.is_ascii_whitespace());
        if starts && ends {
            return true;
        }
        from = after;
    }
    false
}

/// Dash's own id of a page load (`end_id` in its configuration), by which its callbacks are known when their page has moved on.
pub fn end_id(html: &[u8]) -> Option<String> {
    let at = find(html, b"_dash-config")?;
    let config = &html[at..];
    let config = &config[..find(config, b"</script").unwrap_or(config.len())];
    let text = String::from_utf8_lossy(config);
    let (_, after) = text.split_once("\"end_id\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (value, _) = value.split_once('"')?;
    (!value.is_empty() && value.len() <= 1024).then(|| value.to_owned())
}

/// The first place of a text that is written in lower case, whatever the case it is found in.
fn find(within: &[u8], text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let mut from = 0;
    while let Some(at) = within[from..].iter().position(|byte| byte.eq_ignore_ascii_case(&first)) {
        let start = from + at;
        if within.get(start..start + text.len()).is_some_and(|found| found.eq_ignore_ascii_case(text)) {
            return Some(start);
        }
        from = start + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{end_id, hashes};

    #[test]
    fn the_inline_scripts_of_dash_are_known_by_their_hash() {
        let html = br#"<html><SCRIPT id="_dash-config" type="application/json">{"a":1,"end_id": "abc.DEF-1"}</script>
            <script src="/dash/ltv/x.js"></script><script data-src="no" id='a>b'>var a = 1;</script>
            <script id="_dash-renderer" type="application/javascript">var renderer = new DashRenderer();</script></html>"#;
        let found = hashes(html);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], "jZlsGVOhUAIcH+4PVs7QuGZkthRMgvT2n0ilH6/zTM0=", "as Dash itself tells it");
        assert_eq!(end_id(html).as_deref(), Some("abc.DEF-1"));
        assert_eq!(end_id(b"<html>"), None);
        assert!(hashes(b"<script>never closed").is_empty());
        assert!(hashes(b"<script").is_empty());
    }
}
