//! Reads a tree as a value and goes on after each fault, until all of them are told.
//!
//! Serde stops at the first fault. So the value at fault is replaced by a stand-in and everything is read again:
//! the next fault shows. Where no stand-in fits, the value is left out, and what holds it is not blamed for that.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::de::DeserializeOwned;

use super::de::Reader;
use super::failure::{Failure, Reason, Target};
use super::fault::Fault;
use super::stand_in;
use super::tree::{Content, Id, Tree};
use super::words;

/// More faults than anybody reads at once.
const MAX_FAULTS: usize = 200;
/// Far above what any file needs: each round adds a fault or tries another stand-in.
const MAX_ROUNDS: usize = 4_000;
/// Values read in all rounds together: a huge file full of faults is given up sooner, with those found until then.
const MAX_VALUES: usize = 4_000_000;

/// What has been found so far, and what is read in its place.
#[derive(Default)]
pub(super) struct State {
    /// Values replaced by the stand-in of this number.
    pub(super) replaced: HashMap<Id, usize>,
    /// Values left out.
    pub(super) left_out: HashSet<Id>,
    /// Keys that were missing, by map, with the stand-in's number; `None`: no stand-in fits.
    pub(super) added: HashMap<Id, BTreeMap<&'static str, Option<usize>>>,
    pub(super) faults: Vec<Fault>,
    /// Keys already told as unknown.
    pub(super) unknown: HashSet<Id>,
}

pub(super) fn read<T: DeserializeOwned>(file: &str, tree: &Tree) -> Result<T, Vec<Fault>> {
    let state = RefCell::new(State::default());
    for &key in &tree.repeated {
        let name = tree.scalar_text(key).unwrap_or_default();
        state.borrow_mut().faults.push(fault(file, tree, key, format!("the key “{name}” stands here a second time")));
    }
    for _ in 0..(MAX_VALUES / tree.len()).min(MAX_ROUNDS) {
        match T::deserialize(Reader::root(file, tree, &state)) {
            Ok(value) if state.borrow().faults.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(failure) => {
                if !learn(file, tree, &mut state.borrow_mut(), failure) {
                    break;
                }
            }
        }
    }
    let mut faults = state.into_inner().faults;
    if faults.is_empty() {
        faults.push(Fault::of_file(file, "this file cannot be read"));
    }
    faults.sort();
    faults.dedup();
    faults.truncate(MAX_FAULTS);
    Err(faults)
}

fn fault(file: &str, tree: &Tree, id: Id, message: String) -> Fault {
    let node = tree.node(id);
    Fault::at(file, node.line, node.column, message)
}

/// Takes in a failure; false when there is nothing more to find.
fn learn(file: &str, tree: &Tree, state: &mut State, failure: Failure) -> bool {
    if state.faults.len() >= MAX_FAULTS {
        return false;
    }
    match failure.target.unwrap_or(Target::Node(tree.root())) {
        Target::Added(map, key) => {
            let number = state.added.get(&map).and_then(|keys| keys.get(key).copied()).flatten().unwrap_or(0);
            let next = (number + 1 < stand_in::COUNT).then_some(number + 1);
            state.added.entry(map).or_default().insert(key, next);
            true
        }
        Target::Node(id) => match state.replaced.get(&id).copied() {
            Some(number) if number + 1 < stand_in::COUNT => state.replaced.insert(id, number + 1).is_some(),
            Some(_) => leave_out(tree, state, id),
            None => blame(file, tree, state, id, failure.reason),
        },
    }
}

fn leave_out(tree: &Tree, state: &mut State, id: Id) -> bool {
    state.replaced.remove(&id);
    state.left_out.insert(id);
    id != tree.root()
}

/// Tells the fault at `id`, unless it only follows from another, and puts a stand-in there.
fn blame(file: &str, tree: &Tree, state: &mut State, id: Id, reason: Reason) -> bool {
    let content = &tree.node(id).content;
    match reason {
        Reason::Missing(key) => {
            let known = state.added.get(&id).is_some_and(|keys| keys.contains_key(key));
            let was_taken = tree.value_of(id, key).is_some();
            if !known && !was_taken {
                state.faults.push(fault(file, tree, id, words::missing(key)));
                state.added.entry(id).or_default().insert(key, Some(0));
                return true;
            }
        }
        Reason::UnknownKey(key, known) => {
            let entry = tree.entry_of(id, &key);
            let at = entry.map_or(id, |entry| entry.key);
            if state.unknown.insert(at) {
                state.faults.push(fault(file, tree, at, words::unknown_key(&key, known)));
            }
            if entry.is_some_and(|entry| state.left_out.insert(entry.value)) {
                return true;
            }
        }
        _ if follows(tree, state, id) => {}
        Reason::UnknownWord(word, known) => state.faults.push(fault(file, tree, id, words::unknown_word(&word, known))),
        Reason::Wrong(wanted) => state.faults.push(fault(file, tree, id, words::expected(&wanted, content))),
        Reason::Said(message) => state.faults.push(fault(file, tree, id, message)),
    }
    if is_key(tree, id) {
        return state.left_out.insert(id);
    }
    state.replaced.insert(id, 0);
    true
}

/// A whole is not blamed for a part that was already told.
fn follows(tree: &Tree, state: &State, id: Id) -> bool {
    let parts = state.replaced.keys().chain(&state.left_out).chain(state.added.keys());
    parts.into_iter().any(|&part| part == id || tree.is_below(part, id))
}

fn is_key(tree: &Tree, id: Id) -> bool {
    let Some(parent) = tree.node(id).parent else { return false };
    matches!(&tree.node(parent).content, Content::Map(entries) if entries.iter().any(|entry| entry.key == id))
}
