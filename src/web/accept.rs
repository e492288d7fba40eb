//! The front door: one address, small packets sent at once, and a pause when the machine has no more sockets.

use std::io;
use std::time::Duration;

use http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::{TcpListener, TcpStream};

/// Accepts TCP connections.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    local: LocalAddr,
}

impl Door {
    /// Opens the door on `address`.
    ///
    /// # Errors
    /// What to do when the address cannot be had.
    pub async fn open(address: std::net::SocketAddr, setting: &str) -> Result<Door, String> {
        let listener = TcpListener::bind(address).await.map_err(|e| match e.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{address} is in use by another program: stop it, or choose another address with {setting}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{address} may not be used by this account: choose a port from 1024 up with {setting}")
            }
            _ => format!("cannot listen on {address}: {e}"),
        })?;
        let local = LocalAddr(listener.local_addr().map_err(|e| e.to_string())?.into());
        Ok(Door { listener, local })
    }

    /// The address it has, the port chosen by the system where 0 was asked for.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn address(&self) -> io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }
}

impl Acceptor for Door {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![self.local.clone()]
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, LocalAddr, RemoteAddr, Scheme)> {
        match self.listener.accept().await {
            Ok((stream, from)) => {
                stream.set_nodelay(true)?;
                Ok((stream, self.local.clone(), RemoteAddr(from.into()), Scheme::HTTP))
            }
            Err(error) => {
                // Out of file descriptors: asking again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(error)
            }
        }
    }
}
