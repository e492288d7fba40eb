//! Existing web apps behind our sign-in: which page of them is whose, what passes to them and back, and how they fare.
//!
//! | what | where |
//! |---|---|
//! | what an address asks for | [`Target`] |
//! | whose request it is | [`Frames`] |
//! | the request and its answer | [`Apps::forward`] |
//! | a web socket | [`Apps::tunnel`] |
//! | what fails inside a frame | [`Watch`] |
//! | whether an upstream answers | [`Probes`] |
//! | whether a tenant may go over to the new flow | [`Preflight`] |

mod astray;
mod bodies;
mod callback;
mod cookies;
mod fault;
mod forward;
mod frames;
mod headers;
mod health;
mod lane;
mod policy;
mod preflight;
mod target;
mod tunnel;
mod watch;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use poem::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use callback::{Names, Output, Tap};
pub use fault::Fault;
pub use forward::{Answer, AsItIs, Ask, Client, client};
pub use frames::{Belongs, Frames, Opened, Trace};
pub use headers::is_forged;
pub use health::{EVERY, Health, Probes, each, probe};
pub use lane::Lane;
pub use policy::Place;
pub use preflight::{Preflight, Verdict};
pub use target::{DASH, FRAME, TICKET, Target, Trick, referred};
pub use tunnel::{wants, wants_any};
pub use watch::Watch;

use crate::central::Central;
use crate::config::Upstream;

/// So many requests to one upstream are under way at once; the next is told that it is busy.
const AT_ONCE: usize = 512;

/// The hosted apps.
pub struct Apps {
    client: Client,
    /// Those of each lane, where they are opened and stay.
    lanes: Vec<Client>,
    frames: Frames,
    watch: Watch,
    probes: Probes,
    names: Names,
    slots: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl fmt::Debug for Apps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Apps").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Apps {
    /// Nothing open, nothing asked.
    ///
    /// # Errors
    /// That the system's cryptography is not to be had.
    pub fn new(central: &Central) -> Result<Apps, String> {
        let client = client()?;
        Ok(Apps {
            lanes: (0..Lane::count()).map(|_| client.anew()).collect(),
            client,
            frames: Frames::new(central),
            watch: Watch::new(central),
            probes: Probes::default(),
            names: Names::default(),
            slots: Mutex::default(),
        })
    }

    /// The pages that are open.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// How they fare.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// How the upstreams fare.
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    /// The names that callbacks are counted under.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The connections to the apps that belong to no lane.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The connections to the apps of the lane a request came in by.
    fn client_of(&self, request: &Request) -> &Client {
        request.data::<Lane>().and_then(|lane| self.lanes.get(lane.0)).unwrap_or(&self.client)
    }

    /// A place among the requests to one upstream, if there is one left.
    fn slot(&self, upstream: &Upstream) -> Option<OwnedSemaphorePermit> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = slots.entry(upstream.url.to_string()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE)));
        slots.clone().try_acquire_owned().ok()
    }
}
