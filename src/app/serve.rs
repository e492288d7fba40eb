//! Serving: builds the parts, opens both doors, tells where they are, and closes them in order.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use poem::Server;
use poem::listener::Acceptor;
use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::build;
use crate::apps::Lane;
use crate::demo;
use crate::domain::Clock;
use crate::observe;
use crate::panel::Endpoints;
use crate::settings::Settings;
use crate::web::{Encrypted, Entrance, Paced, Parts, Seats, Site};

/// Answers under way are given this long when the server stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Where visitors come in.
    pub public: SocketAddr,
    /// Where operators' tools come in.
    pub internal: SocketAddr,
    /// What it is made of.
    pub parts: Arc<Parts>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Stops taking requests, finishes those under way, writes what is still to be written.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        if let Err(fault) = self.parts.audit.close().await {
            tracing::error!("audit rows were not written: {fault}");
        }
        self.parts.tenancy.close();
        self.parts.central.close().await;
    }
}

/// Starts a server: both doors are open when it returns.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn start(settings: Settings, clock: Clock) -> Result<Running, String> {
    let endpoints = build::endpoints(&settings);
    start_with(settings, clock, endpoints).await
}

/// The same with these endpoints of custom panels in place of the program's own.
///
/// # Errors
/// As [`start`].
pub async fn start_with(mut settings: Settings, clock: Clock, endpoints: Endpoints) -> Result<Running, String> {
    settings.check_serving()?;
    let (public, internal) = entrances(&settings).await?;
    let addresses = (public.address(), internal.address());
    // where the system chose the port, our tokens name that one
    settings.listen = addresses.0;
    let (stop, stopped) = watch::channel(false);
    let (parts, mut tasks) = build::parts(settings, clock, endpoints, &stopped).await?;
    let (limits, trusted) = (parts.settings.limits, parts.settings.trusted_proxies.clone());
    tasks.extend(lanes(public, Site::public(parts.clone()), &parts.settings, &stopped)?);
    let internal = Paced::new(internal.door(), limits, &trusted, &Seats::default());
    tasks.push(tokio::spawn(run(internal, Site::internal(parts.clone()), stopped)));
    Ok(Running { public: addresses.0, internal: addresses.1, parts, stop, tasks })
}

/// Both entrances, encrypted where there is a certificate.
async fn entrances(settings: &Settings) -> Result<(Entrance, Entrance), String> {
    let outer = settings.tls.as_ref().map(Encrypted::public).transpose()?;
    let inner = settings.internal_tls.as_ref().map(Encrypted::internal).transpose()?;
    let public = Entrance::open(settings.listen, "--listen or LOGGIA_LISTEN", outer).await?;
    let internal = Entrance::open(settings.internal_listen, "--internal-listen or LOGGIA_INTERNAL_LISTEN", inner).await?;
    Ok((public, internal))
}

/// Serves the connections of an entrance, each on one of the lanes.
fn lanes(
    entrance: Entrance,
    site: Site,
    settings: &Settings,
    stopped: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, String> {
    let (gate, doors) = entrance.doors(Lane::count());
    let seats = Seats::default();
    let mut tasks = Vec::new();
    for (lane, door) in Lane::all().zip(doors) {
        let door = Paced::new(door, settings.limits, &settings.trusted_proxies, &seats);
        let served = run(door, site.on(lane, Handle::current()), stopped.clone());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| format!("a thread for connections cannot start: {e}"))?;
        let (done, over) = oneshot::channel();
        let serving = move || {
            runtime.block_on(served);
            let _ = done.send(());
        };
        let named = thread::Builder::new().name(format!("lane-{}", lane.0));
        named.spawn(serving).map_err(|e| format!("a thread for connections cannot start: {e}"))?;
        tasks.push(tokio::spawn(async move {
            let _ = over.await;
        }));
    }
    let stopped = stopped.clone();
    tasks.push(tokio::spawn(async move {
        tokio::select! {
            () = gate.stand() => {}
            () = until(stopped) => {}
        }
    }));
    Ok(tasks)
}

async fn run(door: impl Acceptor + 'static, site: Site, stopped: watch::Receiver<bool>) {
    let server = Server::new_with_acceptor(door).idle_timeout(Duration::from_secs(75));
    if let Err(fault) = server.run_with_graceful_shutdown(site, until(stopped), Some(FAREWELL)).await {
        tracing::error!("the server stopped: {fault}");
    }
}

/// Waits until the server is told to stop.
pub async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Makes the demo's data where there is none, and tells whether it did.
///
/// # Errors
/// A folder or file that cannot be written.
pub async fn make_demo(settings: &Settings) -> Result<bool, String> {
    settings.check_serving()?;
    if demo::is_made(&settings.data_dir) {
        return Ok(false);
    }
    demo::prepare(&settings.data_dir, &Clock::system()).await.map_err(|e| format!("the demo's data: {e}"))?;
    Ok(demo::is_made(&settings.data_dir))
}

/// `loggia serve`: runs until the process is told to end.
///
/// # Errors
/// What is wrong and what to do about it.
pub async fn until_stopped(settings: Settings) -> Result<(), String> {
    let clock = Clock::system();
    observe::start_logging(&settings, clock.clone());
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let demo = settings.demo;
    let public_url = settings.public_url.clone();
    let mut ends = Ends::listen().map_err(|e| format!("signals cannot be heard: {e}"))?;
    let running = tokio::select! {
        running = start(settings, clock) => running?,
        () = ends.asked() => return Ok(()),
    };
    let scheme = if running.parts.settings.tls.is_some() { "https" } else { "http" };
    let address = public_url.map_or_else(|| format!("{scheme}://{}/", running.public), |url| url.to_string());
    greet(&address, &running, demo);
    ends.asked().await;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// Where it is, and in the demo how to get in: on standard error, so that standard output stays a log.
fn greet(address: &str, running: &Running, demo: bool) {
    let inner = if running.parts.settings.internal_tls.is_some() { "https" } else { "http" };
    let mut told = format!("\nLoggia is listening: {address}\ninternal API:        {inner}://{}/\n", running.internal);
    if demo {
        let accounts = demo::ACCOUNTS.iter().map(|account| format!("  {:<24}{}\n", account.email, account.sees()));
        told += &format!("\nSign in with the password “{}” as\n{}\n", demo::PASSWORD, accounts.collect::<String>());
    }
    // in one piece: whoever waits for the address does not read half of it
    let _ = std::io::stderr().write_all(told.as_bytes());
}

/// Ctrl-C, or SIGTERM from the system.
struct Ends {
    interrupted: Signal,
    terminated: Signal,
}

impl Ends {
    /// Heard from now on, also while the server is still starting.
    fn listen() -> std::io::Result<Ends> {
        Ok(Ends { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }
}
