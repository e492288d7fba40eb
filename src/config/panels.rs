//! Panel files: each read once, its last good version kept.

use std::sync::Arc;

use super::Version;
use super::files::FileState;
use super::filters::Use;
use crate::custom_panels;
use crate::domain::VisibleTo;
use crate::frame::Frame;
use crate::panel::{self, Common, Drawing, DrillDown, Panel, View};
use crate::query::Query;
use crate::yaml::{Document, Fault};

/// The size of a panel whose type is not known.
const UNKNOWN_SIZE: (u16, u16) = (6, 2);

/// A panel as it was read.
#[derive(Clone, Debug)]
pub(super) struct ReadPanel {
    hash: u64,
    pub(super) kind: &'static str,
    pub(super) size: (u16, u16),
    pub(super) panel: Arc<dyn Panel>,
    pub(super) version: Version,
    pub(super) faults: Vec<Fault>,
    /// The line it begins on.
    pub(super) line: usize,
    /// The filters it names.
    pub(super) uses: Vec<Use>,
}

impl ReadPanel {
    /// Reads a file; `previous` is what the same file held before.
    pub(super) fn of_file(name: &str, file: &FileState, previous: Option<&Arc<ReadPanel>>) -> Arc<ReadPanel> {
        if let Some(same) = previous.filter(|previous| previous.hash == file.hash) {
            return same.clone();
        }
        let document = file.text.clone().and_then(|text| Document::parse(name, &text));
        Arc::new(ReadPanel::of(document, file.hash, previous.map(AsRef::as_ref)))
    }

    /// Reads a panel that stands in a dashboard's own file.
    pub(super) fn of(document: Result<Document, Fault>, hash: u64, previous: Option<&ReadPanel>) -> ReadPanel {
        let (kind, faults) = match document {
            Err(fault) => (None, vec![fault]),
            Ok(document) => match checked(&document) {
                Ok((kind, panel, faults)) => {
                    let (line, uses) = (document.fault_at_key("panel", "").line, uses(&document));
                    return ReadPanel {
                        hash,
                        kind: kind.name,
                        size: kind.size,
                        panel,
                        version: Version::Current,
                        faults,
                        line,
                        uses,
                    };
                }
                Err(faults) => (document.text("panel.type").and_then(kind_named), faults),
            },
        };
        ReadPanel::faulty(hash, kind, faults, previous)
    }

    fn faulty(hash: u64, kind: Option<&'static panel::Kind>, faults: Vec<Fault>, previous: Option<&ReadPanel>) -> ReadPanel {
        if let Some(good) = previous.filter(|previous| previous.version != Version::Faulty) {
            return ReadPanel { hash, version: Version::LastGood, faults, ..good.clone() };
        }
        let (name, size) = kind.map_or(("faulty", UNKNOWN_SIZE), |kind| (kind.name, kind.size));
        ReadPanel {
            hash,
            kind: name,
            size,
            panel: Arc::new(Faulty::new()),
            version: Version::Faulty,
            faults,
            line: 1,
            uses: Vec::new(),
        }
    }

    /// What stands where a file is missing.
    pub(super) fn missing() -> ReadPanel {
        ReadPanel::faulty(0, None, Vec::new(), None)
    }
}

/// The filters that a panel's file names, with their places.
fn uses(document: &Document) -> Vec<Use> {
    let of = |path: &str| -> Vec<Use> {
        let place = |id: &str| document.fault_at_key(&format!("{path}.{id}"), "");
        document.keys(path).into_iter().map(|id| Use { filter: id.to_owned(), place: place(id) }).collect()
    };
    // Those of a panel with a table, and those of a panel with an endpoint.
    ["panel.data_source.filters", "panel.filters"].into_iter().flat_map(of).collect()
}

/// Reads the panel in a file and holds its call to what the endpoint declares.
///
/// # Errors
/// Every fault of the file.
pub(super) fn checked(document: &Document) -> Result<panel::Opened, Vec<Fault>> {
    let opened = panel::read(document)?;
    let wrong = opened.1.endpoint().map(|call| custom_panels::registry().check(call)).unwrap_or_default();
    if wrong.is_empty() {
        return Ok(opened);
    }
    Err(wrong.into_iter().map(|(path, message)| document.fault(&path, message)).chain(opened.2).collect())
}

fn kind_named(name: &str) -> Option<&'static panel::Kind> {
    panel::kinds().iter().find(|kind| kind.name == name)
}

/// What is drawn where a panel's file cannot be read.
#[derive(Debug)]
struct Faulty(Common);

const SAYS: &str = "This panel’s file has a fault.";

impl Faulty {
    fn new() -> Faulty {
        Faulty(Common {
            title: "Not available".to_owned(),
            description: None,
            refresh: None,
            stale_after: None,
            drill_down: DrillDown { enabled: false, show_table: false, disable_aggregation: false },
            visible_to: VisibleTo::default(),
        })
    }
}

impl Panel for Faulty {
    fn common(&self) -> &Common {
        &self.0
    }

    fn follows_range(&self) -> bool {
        false
    }

    fn queries(&self, _: &View) -> Vec<Query> {
        Vec::new()
    }

    fn draw(&self, _: &[Arc<Frame>], _: &View) -> Drawing {
        Drawing { notices: vec![SAYS.to_owned()], summary: SAYS.to_owned(), ..Drawing::default() }
    }
}
