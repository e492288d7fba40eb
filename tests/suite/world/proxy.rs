//! A way to a database that can be cut, or made to hang.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Everything passes.
    Open,
    /// Connections are refused, those that were open are cut.
    Cut,
    /// Connections are taken, nothing passes.
    Hanging,
}

/// A proxy in front of a TCP server.
pub struct Proxy {
    /// Where it listens, on loopback.
    pub port: u16,
    way: Arc<watch::Sender<Way>>,
}

impl Proxy {
    /// In front of the suite's PostgreSQL.
    pub async fn before_postgres() -> Proxy {
        let server = std::env::var("LOGGIA_TEST_POSTGRES").expect("LOGGIA_TEST_POSTGRES is not set: run `make test`");
        let server = url::Url::parse(&server).expect("a URL");
        let upstream = SocketAddr::from(([127, 0, 0, 1], server.port().unwrap_or(5432)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let way = Arc::new(watch::channel(Way::Open).0);
        tokio::spawn(listen(listener, port, upstream, way.subscribe()));
        Proxy { port, way }
    }

    /// Changes the way; it is so when this returns.
    pub async fn set(&self, way: Way) {
        self.way.send_replace(way);
        let refused = || async { TcpStream::connect(("127.0.0.1", self.port)).await.is_err() };
        super::eventually("the proxy to change", async || refused().await == (way == Way::Cut)).await;
    }
}

async fn listen(listener: TcpListener, port: u16, upstream: SocketAddr, mut way: watch::Receiver<Way>) {
    let mut listener = Some(listener);
    loop {
        if *way.borrow_and_update() == Way::Cut {
            listener = None;
            if way.wait_for(|way| *way != Way::Cut).await.is_err() {
                return;
            }
        }
        let open = match listener.take() {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", port)).await.expect("the same port again"),
        };
        tokio::select! {
            changed = way.changed() => if changed.is_err() { return },
            accepted = open.accept() => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(carry(client, upstream, way.clone()));
                }
            }
        }
        listener = Some(open);
    }
}

async fn carry(client: TcpStream, upstream: SocketAddr, mut way: watch::Receiver<Way>) {
    if !is_open(&mut way).await {
        return;
    }
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (there, back) = (way.clone(), way);
    tokio::select! {
        () = pass(from_client, to_server, there) => {}
        () = pass(from_server, to_client, back) => {}
    }
}

async fn pass(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        if !is_open(&mut way).await {
            return;
        }
        tokio::select! {
            changed = way.changed() => if changed.is_err() { return },
            read = from.read(&mut buffer) => match read {
                Ok(count @ 1..) if to.write_all(&buffer[..count]).await.is_ok() => {}
                _ => return,
            }
        }
    }
}

/// Waits while the way hangs; then tells whether it is open.
async fn is_open(way: &mut watch::Receiver<Way>) -> bool {
    way.wait_for(|way| *way != Way::Hanging).await.is_ok_and(|way| *way == Way::Open)
}
