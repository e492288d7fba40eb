//! How many connections are open, in all and from one network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::settings::Limits;
use crate::web::limits::network;

/// The seats of all doors of one address.
#[derive(Clone, Debug, Default)]
pub struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_network: HashMap<String, usize>,
}

impl Seats {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat, if there is one left; of those that a network may have, where one is counted.
    pub(super) fn take(&self, from: Option<IpAddr>, limits: &Limits) -> Option<Seat> {
        let network = from.map(|ip| network(Some(ip)));
        let mut taken = self.taken();
        let mine = network.as_ref().and_then(|network| taken.by_network.get(network)).copied().unwrap_or_default();
        if taken.all >= limits.connections || mine >= limits.per_network {
            return None;
        }
        taken.all += 1;
        if let Some(network) = network.clone() {
            *taken.by_network.entry(network).or_default() += 1;
        }
        Some(Seat { seats: self.clone(), network })
    }
}

/// One open connection, counted while it lasts.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    network: Option<String>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.all -= 1;
        let Some(network) = &self.network else { return };
        if let Some(count) = taken.by_network.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                taken.by_network.remove(network);
            }
        }
    }
}
