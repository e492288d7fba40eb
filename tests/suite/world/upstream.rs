//! An app somebody else wrote, byte by byte: it tells what it was sent, and misbehaves where it is told to.

use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The verb.
    pub method: String,
    /// Path and query, raw.
    pub target: String,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// Bytes of the body.
    pub length: usize,
    /// Its SHA-256, in hex.
    pub sha: String,
}

impl Seen {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What the token says, unverified; none where there is no token.
    pub fn claims(&self) -> Option<serde_json::Value> {
        use base64::Engine;
        let token = self.header("authorization")?.strip_prefix("Bearer ")?;
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    /// What the token says of the tenant.
    pub fn tenant(&self) -> Option<String> {
        self.claims()?["tenant"].as_str().map(str::to_owned)
    }
}

/// The app.
pub struct Upstream {
    /// Where it is.
    pub url: String,
    /// Its name, which its pages bear.
    pub name: &'static str,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    name: &'static str,
    seen: Mutex<Vec<Seen>>,
    callbacks: AtomicU16,
    everything: AtomicU16,
    open: AtomicUsize,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// Starts it on a free port.
    pub async fn start(name: &'static str) -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State {
            name,
            seen: Mutex::default(),
            callbacks: AtomicU16::new(200),
            everything: AtomicU16::new(0),
            open: AtomicUsize::new(0),
        });
        let held = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = held.clone();
                tokio::spawn(async move {
                    state.open.fetch_add(1, Ordering::Relaxed);
                    serve(stream, state.clone()).await;
                    state.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Upstream { url, name, state, task }
    }

    /// What it was sent so far, forgotten with that.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.state.seen.lock().expect("a lock"))
    }

    /// How many connections are open to it.
    pub fn connections(&self) -> usize {
        self.state.open.load(Ordering::Relaxed)
    }

    /// Callbacks are answered with this status from now on.
    pub fn answer_callbacks_with(&self, status: u16) {
        self.state.callbacks.store(status, Ordering::Relaxed);
    }

    /// Everything is answered with this status from now on; 0: as usual.
    pub fn answer_everything_with(&self, status: u16) {
        self.state.everything.store(status, Ordering::Relaxed);
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let mut pending = Vec::new();
    while let Some(seen) = read(&mut stream, &mut pending).await {
        state.seen.lock().expect("a lock").push(seen.clone());
        if !answer(&mut stream, &state, &seen).await {
            return;
        }
    }
}

/// One request, or none when the connection is over.
async fn read(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        if let Some(at) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(stream, pending).await?;
    };
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    pending.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let mut seen = Seen { method: first.next()?.to_owned(), target: first.next()?.to_owned(), ..Seen::default() };
    seen.headers =
        lines.filter_map(|line| line.split_once(':')).map(|(k, v)| (k.to_ascii_lowercase(), v.trim().to_owned())).collect();
    let mut hash = Sha256::new();
    if seen.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        loop {
            let line = loop {
                if let Some(at) = pending.windows(2).position(|two| two == b"\r\n") {
                    break at;
                }
                more(stream, pending).await?;
            };
            let size = usize::from_str_radix(String::from_utf8_lossy(&pending[..line]).trim(), 16).ok()?;
            pending.drain(..line + 2);
            while pending.len() < size + 2 {
                more(stream, pending).await?;
            }
            hash.update(&pending[..size]);
            seen.length += size;
            pending.drain(..size + 2);
            if size == 0 {
                break;
            }
        }
    } else {
        let length: usize = seen.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        while seen.length < length {
            if pending.is_empty() {
                more(stream, pending).await?;
            }
            let take = pending.len().min(length - seen.length);
            hash.update(&pending[..take]);
            seen.length += take;
            pending.drain(..take);
        }
    }
    seen.sha = hex::encode(hash.finalize());
    Some(seen)
}

async fn more(stream: &mut TcpStream, pending: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 16384];
    match stream.read(&mut buffer).await {
        Ok(count @ 1..) => {
            pending.extend_from_slice(&buffer[..count]);
            Some(())
        }
        _ => None,
    }
}

/// Answers, and says whether the connection goes on.
async fn answer(stream: &mut TcpStream, state: &State, seen: &Seen) -> bool {
    let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
    let path = path.strip_prefix("/dash/kept").unwrap_or(path);
    let everything = state.everything.load(Ordering::Relaxed);
    if everything != 0 {
        return send(stream, seen, everything, &[("content-type", "text/plain")], b"a traceback with INTERNAL text").await;
    }
    let html = ("content-type", "text/html; charset=utf-8");
    let json = ("content-type", "application/json");
    match path {
        "/_health" => send(stream, seen, 200, &[("content-type", "text/plain")], b"OK").await,
        "/_dash-update-component" => {
            let status = state.callbacks.load(Ordering::Relaxed);
            if status == 0 {
                return false;
            }
            send(stream, seen, status, &[json], b"{\"response\":{}}").await
        }
        "/assets/app.css" if seen.header("if-none-match") == Some("\"v1\"") => {
            send(stream, seen, 304, &[("etag", "\"v1\""), ("cache-control", "public, max-age=31536000")], b"").await
        }
        "/assets/app.css" => {
            let headers = [("content-type", "text/css"), ("etag", "\"v1\""), ("cache-control", "public, max-age=31536000")];
            match seen.header("range") {
                Some("bytes=0-3") => {
                    let headers = [&headers[..], &[("content-range", "bytes 0-3/6")]].concat();
                    send(stream, seen, 206, &headers, b"body").await
                }
                _ => send(stream, seen, 200, &headers, b"body{}").await,
            }
        }
        "/packed" => {
            let headers = [
                ("content-type", "application/json"),
                ("content-encoding", "gzip"),
                ("etag", "\"v1:gzip\""),
                ("vary", "accept-encoding"),
            ];
            send(stream, seen, 200, &headers, b"not really gzip").await
        }
        "/kept" => send(stream, seen, 200, &[json, ("cache-control", "public, max-age=60")], b"{}").await,
        "/rules" => {
            let headers = [
                html,
                ("set-cookie", "session=1; Path=/"),
                ("set-cookie", "own=abc; Path=/; HttpOnly; Domain=evil.example; Max-Age=60"),
                ("x-frame-options", "DENY"),
                ("content-security-policy", "default-src *"),
                ("access-control-allow-origin", "*"),
                ("server", "somebody's"),
                ("clear-site-data", "\"*\""),
                ("www-authenticate", "Basic"),
                ("refresh", "0; url=https://evil.example"),
            ];
            send(stream, seen, 200, &headers, b"<html></html>").await
        }
        "/to" => {
            let location = percent_encoding::percent_decode_str(query.strip_prefix("l=").unwrap_or_default())
                .decode_utf8_lossy()
                .into_owned();
            send(stream, seen, 302, &[("location", &location)], b"").await
        }
        "/loop-a" => send(stream, seen, 302, &[("location", "/loop-b")], b"").await,
        "/loop-b" => send(stream, seen, 302, &[("location", "/loop-a")], b"").await,
        "/self" => send(stream, seen, 302, &[("location", "/self")], b"").await,
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(20)).await;
            send(stream, seen, 200, &[json], b"{}").await
        }
        "/big-head" => send(stream, seen, 200, &[("x-big", &"x".repeat(1 << 20))], b"").await,
        "/broken-page" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1000\r\n\r\n<html>").await;
            false
        }
        "/broken" => {
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"half\":")
                .await;
            false
        }
        "/nonsense" => {
            let _ = stream.write_all(b"\x00\x01 this is no HTTP\r\n\r\n").await;
            false
        }
        "/events" => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let _ = stream.write_all(head).await;
            let _ = stream.write_all(b"e\r\ndata: first\n\n\n\r\n").await;
            // until the other end is gone
            let _ = tokio::time::timeout(Duration::from_secs(600), stream.read(&mut [0; 16])).await;
            false
        }
        "/socket" => {
            let key = seen.header("sec-websocket-key").unwrap_or_default().to_owned();
            let head = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {key}-accepted\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
            false
        }
        _ if path.starts_with("/status/") => {
            let status = path["/status/".len()..].parse().unwrap_or(200);
            send(stream, seen, status, &[("content-type", "text/plain")], b"INTERNAL text").await
        }
        _ if path.starts_with("/bytes/") => {
            let count: usize = path["/bytes/".len()..].parse().unwrap_or(0);
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {count}\r\n\r\n").as_bytes()).await;
            let piece = vec![b'x'; 65_536];
            let mut left = count;
            while left > 0 {
                let now = left.min(piece.len());
                if stream.write_all(&piece[..now]).await.is_err() {
                    return false;
                }
                left -= now;
            }
            true
        }
        "/" => {
            let tenant = seen.tenant().unwrap_or_else(|| "nobody".to_owned());
            let page = format!(
                "<html><script id=\"_dash-config\" type=\"application/json\">{{\"end_id\":\"end-of-{tenant}\"}}</script>\
                 <script>var renderer = new DashRenderer();</script><h1>{} for {tenant}</h1></html>",
                state.name
            );
            send(stream, seen, 200, &[html], page.as_bytes()).await
        }
        _ => {
            let told = serde_json::json!({
                "app": state.name, "method": seen.method, "target": seen.target, "length": seen.length, "sha": seen.sha,
                "tenant": seen.tenant(),
            });
            send(stream, seen, 200, &[json], told.to_string().as_bytes()).await
        }
    }
}

async fn send(stream: &mut TcpStream, seen: &Seen, status: u16, headers: &[(&str, &str)], body: &[u8]) -> bool {
    let mut head = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !matches!(status, 204 | 304) {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let body = if seen.method == "HEAD" || matches!(status, 204 | 304) { &[][..] } else { body };
    stream.write_all(&[head.as_bytes(), body].concat()).await.is_ok()
}
