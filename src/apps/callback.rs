//! Which callback a request of Dash asks for, read from its body as that streams by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{Key, TenantId};

/// No more of a body than this is looked at: the output stands first.
const LOOK: usize = 16 * 1024;
/// The longest output that is told; a callback with many outputs lists them all.
const LONGEST: usize = 120;
/// What a callback is called whose output is not told.
pub(super) const UNKNOWN: &str = "unknown";
/// So many callbacks of one app have a name of their own.
const MOST: usize = 200;

/// Looks at the beginning of a body for `"output"`.
#[derive(Debug, Default)]
pub struct Tap {
    seen: Vec<u8>,
    done: bool,
    output: Arc<Mutex<Option<String>>>,
}

/// What a [`Tap`] has found.
#[derive(Clone, Debug, Default)]
pub struct Output(Arc<Mutex<Option<String>>>);

impl Output {
    /// The output's id, once it has gone by.
    pub fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tap {
    /// A tap, and where its find is told.
    pub fn new() -> (Tap, Output) {
        let tap = Tap::default();
        let output = Output(tap.output.clone());
        (tap, output)
    }

    /// Looks at a piece that goes by.
    pub fn look(&mut self, piece: &[u8]) {
        if self.done {
            return;
        }
        let room = LOOK - self.seen.len();
        self.seen.extend_from_slice(&piece[..piece.len().min(room)]);
        let found = output_in(&self.seen);
        if found.is_some() {
            *self.output.lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
        if self.seen.len() >= LOOK || self.output.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            self.done = true;
            self.seen = Vec::new();
        }
    }
}

/// The value of the first `"output"` key: a JSON string that is there whole.
fn output_in(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let (_, after) = text.split_once("\"output\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut out = String::new();
    let mut letters = value.chars();
    loop {
        match letters.next()? {
            '"' => break,
            '\\' => out.push(letters.next()?),
            letter => out.push(letter),
        }
    }
    let clean: String = out.chars().filter(|c| c.is_ascii_graphic()).take(LONGEST).collect();
    (!clean.is_empty()).then_some(clean)
}

/// The callbacks that have a name in the metrics: as many as an app can have, not as many as a client can invent.
#[derive(Debug, Default)]
pub struct Names(Mutex<BTreeMap<(TenantId, Key), BTreeSet<String>>>);

impl Names {
    /// The name that a callback is counted under.
    pub fn of(&self, tenant: TenantId, app: &Key, output: Option<String>) -> String {
        let Some(output) = output else { return UNKNOWN.to_owned() };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry((tenant, app.clone())).or_default();
        if known.len() >= MOST && !known.contains(&output) {
            return "other".to_owned();
        }
        known.insert(output.clone());
        output
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Names, Tap};
    use crate::domain::TenantId;

    #[test]
    fn the_output_is_read_as_it_streams_by() {
        let (mut tap, output) = Tap::new();
        tap.look(b"{\"out");
        tap.look(b"put\": \"ltv-gr");
        assert_eq!(output.get(), None);
        tap.look(b"aph.figure\",\"inputs\":[]}");
        assert_eq!(output.get().as_deref(), Some("ltv-graph.figure"));
        let (mut tap, output) = Tap::new();
        tap.look(br#"{"output":"{\"type\":\"x\"}.children"}"#);
        assert_eq!(output.get().as_deref(), Some(r#"{"type":"x"}.children"#));
        let (mut tap, output) = Tap::new();
        tap.look(&vec![b'x'; 40_000]);
        tap.look(b"\"output\":\"late\"");
        assert_eq!(output.get(), None, "no more than the beginning is looked at");
        assert!(tap.seen.is_empty());
    }

    #[test]
    fn nobody_grows_the_metrics_by_inventing_callbacks() {
        let (names, tenant, app) = (Names::default(), TenantId::new(), "ltv".parse().unwrap());
        let all: std::collections::BTreeSet<String> =
            (0..10_000).map(|n| names.of(tenant, &app, Some(format!("x{n}")))).collect();
        assert_eq!(all.len(), MOST + 1);
        assert_eq!(names.of(tenant, &app, Some("x1".to_owned())), "x1");
    }
}
