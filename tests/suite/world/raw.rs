//! Requests no browser would send, byte by byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::World;

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Raw {
    /// The status; 0 where the connection was closed without an answer.
    pub status: u16,
    head: String,
    /// What followed the head.
    pub body: String,
}

impl Raw {
    fn read(bytes: &[u8]) -> Raw {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Raw { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// A header's value, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }
}

impl World {
    /// Sends these bytes and reads what comes until the server closes; the request should ask it to.
    pub async fn raw(&self, request: &[u8]) -> Raw {
        self.pour(request, None).await
    }

    /// Sends these bytes, then `more` over and over until the server answers or closes. Tells also how much it took.
    pub async fn pour(&self, request: &[u8], more: Option<&[u8]>) -> Raw {
        let mut stream = TcpStream::connect(self.server.public).await.expect("a connection");
        let (mut from, mut to) = stream.split();
        let sending = async {
            let _ = to.write_all(request).await;
            while let Some(more) = more {
                if to.write_all(more).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        let reading = async {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                answer.extend_from_slice(&buffer[..count]);
            }
        };
        let both = async {
            tokio::select! { () = sending => {}, () = reading => {} }
        };
        tokio::time::timeout(Duration::from_secs(40), both).await.expect("the server answers and closes");
        Raw::read(&answer)
    }

    /// A request line and headers as `person` sends them, without a body.
    pub fn head(&self, person: &super::Person, method: &str, path: &str) -> Vec<u8> {
        let cookie = if person.cookie().is_empty() { String::new() } else { format!("Cookie: {}\r\n", person.cookie()) };
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n{cookie}Connection: close\r\n\r\n")
            .into_bytes()
    }
}
