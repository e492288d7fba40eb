//! Every datastore that is in use, by the name its owner gives it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Datastore, Target};

/// The datastores in use, one a key (a tenant and a name).
#[derive(Debug)]
pub struct Datastores<K> {
    stores: Mutex<HashMap<K, Datastore>>,
}

impl<K> Default for Datastores<K> {
    fn default() -> Self {
        Datastores { stores: Mutex::default() }
    }
}

impl<K: Eq + Hash + Clone> Datastores<K> {
    /// The datastore of that key; replaced, and its connections closed, where the target changed.
    pub fn get(&self, key: &K, target: &Target) -> Datastore {
        let mut stores = self.stores();
        if let Some(store) = stores.get(key).filter(|s| s.target() == target) {
            return store.clone();
        }
        let store = Datastore::new(target.clone());
        if let Some(old) = stores.insert(key.clone(), store.clone()) {
            old.close();
        }
        store
    }

    /// Closes and forgets every datastore that `wanted` does not name.
    pub fn retain(&self, wanted: impl Fn(&K) -> bool) {
        self.stores().retain(|key, store| {
            let keep = wanted(key);
            if !keep {
                store.close();
            }
            keep
        });
    }

    /// Closes and forgets all of them, at the end of the process.
    pub fn close(&self) {
        self.retain(|_| false);
    }

    fn stores(&self) -> MutexGuard<'_, HashMap<K, Datastore>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
