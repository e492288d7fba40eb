//! One dashboard for one tenant: its file, its panels' files, and what is wrong between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalog::Build;
use super::filters;
use super::layout::{self, Wish};
use super::panels::ReadPanel;
use super::spec::{DashboardDocument, DashboardSpec, PanelReference};
use super::tenant::is_inside;
use super::{Dashboard, Placed, Sources, Version};
use crate::domain::{Key, RangeSpec, Role, Slug, VisibleTo};
use crate::panel::{NOBODY, SeenBy};
use crate::yaml::{Document, Fault, nearest};

/// What a dashboard is read for: a tenant, or (for a shared one that no tenant uses) nobody.
pub(super) struct Reading<'a, 'b> {
    pub(super) build: &'a mut Build<'b>,
    pub(super) slug: Option<&'a Slug>,
    /// What the dashboard was before.
    pub(super) previous: Option<Arc<Dashboard>>,
    sources: BTreeMap<String, Option<u64>>,
    faults: Vec<Fault>,
}

impl<'a, 'b> Reading<'a, 'b> {
    pub(super) fn new(build: &'a mut Build<'b>, slug: Option<&'a Slug>, previous: Option<Arc<Dashboard>>) -> Reading<'a, 'b> {
        Reading { build, slug, previous, sources: BTreeMap::new(), faults: Vec::new() }
    }

    /// The dashboard in the file `path`; the same as before when none of its files has changed.
    pub(super) fn dashboard(mut self, key: &Key, path: &str) -> Arc<Dashboard> {
        if let Some(same) = self.previous.clone().filter(|previous| previous.file == path && self.is_unchanged(&previous.sources))
        {
            self.build.keep_panels(&same);
            return same;
        }
        self.source(path);
        let document = match self.build.files.found.get(path).map(|file| file.text.clone()) {
            Some(Ok(text)) => Document::parse(path, &text),
            Some(Err(fault)) => Err(fault),
            None => Err(Fault::of_file(path, "there is no such file")),
        };
        let read =
            document.map_err(|fault| vec![fault]).and_then(|document| Ok((document.read::<DashboardDocument>()?, document)));
        let made = match read {
            Ok((file, document)) => self.assemble(key, path, &document, file.dashboard),
            Err(faults) => {
                self.faults = faults;
                None
            }
        };
        Arc::new(self.finish(key, path, made))
    }

    fn is_unchanged(&self, sources: &Sources) -> bool {
        sources.0.iter().all(|(path, hash)| self.build.files.hash(path) == *hash)
    }

    fn source(&mut self, path: &str) {
        self.sources.insert(path.to_owned(), self.build.files.hash(path));
    }

    /// The new one; where it has a fault, the last good one with its panels as they are now; else what can be shown.
    fn finish(self, key: &Key, path: &str, made: Option<Dashboard>) -> Dashboard {
        let sound = self.faults.iter().all(|fault| fault.warning);
        let last_good = self.previous.filter(|previous| previous.version != Version::Faulty && previous.file == path);
        let mut dashboard = match (made, last_good) {
            (Some(made), _) if sound => made,
            (_, Some(last_good)) => Dashboard { version: Version::LastGood, ..(*last_good).clone() },
            (Some(made), None) => Dashboard { version: Version::Faulty, ..made },
            (None, None) => Dashboard { version: Version::Faulty, ..bare(key, path) },
        };
        let mut sources = self.sources;
        dashboard.faults = self.faults;
        for placed in &mut dashboard.panels {
            sources.insert(placed.file.clone(), self.build.files.hash(&placed.file));
            if self.build.files.found.contains_key(&placed.file) {
                let read = self.build.panel(&placed.file);
                dashboard.faults.extend(read.faults.iter().cloned());
                show(placed, &read);
            }
        }
        dashboard.faults.sort();
        dashboard.faults.dedup();
        dashboard.sources = Sources(sources.into_iter().collect());
        dashboard
    }

    fn assemble(&mut self, key: &Key, path: &str, document: &Document, spec: DashboardSpec) -> Option<Dashboard> {
        let mut wanted: Vec<Wanted> = Vec::new();
        let references = match (&spec.app, &spec.panels) {
            (None, None) => {
                self.faults.push(document.fault("dashboard", "missing key “panels” (or `app`, the app that is its body)"));
                return None;
            }
            (Some(_), Some(_)) => {
                self.faults.push(document.fault_at_key("dashboard.app", "either `panels` or `app`, not both"));
                return None;
            }
            (_, panels) => panels.as_deref().unwrap_or_default(),
        };
        for (index, reference) in references.iter().enumerate() {
            let at = format!("dashboard.panels[{index}]");
            if wanted.iter().any(|other| other.key == reference.id.0) {
                let message = format!("the panel id “{}” stands on this dashboard a second time", reference.id.0);
                self.faults.push(document.fault(&format!("{at}.id"), message));
                continue;
            }
            let (file, read) = self.panel(document, &at, index, path, reference);
            let wish = self.wish(document, &at, reference, read.size, &wanted);
            wanted.push(Wanted { key: reference.id.0.clone(), at, file, read, wish });
        }
        self.check_range(document, &spec);
        let filters = filters::read(spec.filters.as_deref().unwrap_or_default(), document, &mut self.faults);
        let panels = self.place(document, wanted);
        Some(Dashboard {
            name: spec.name.0.0,
            description: spec.description,
            refresh: spec.refresh_interval.map(|period| period.0),
            zone: spec.timezone.map(|zone| zone.0),
            visible_to: self.visible_to(document, spec.visible_to.as_deref()),
            range: spec.range.map(|range| (range.from.0.as_str().to_owned(), range.to.0.as_str().to_owned())),
            filters,
            app: spec.app.map(|key| key.0),
            panels,
            ..bare(key, path)
        })
    }

    fn visible_to(&mut self, document: &Document, named: Option<&[SeenBy]>) -> VisibleTo {
        let Some(named) = named else { return VisibleTo::default() };
        let read = VisibleTo::roles(named.iter().map(|role| Role::from(*role)));
        read.unwrap_or_else(|| {
            self.faults.push(document.fault("dashboard.visible_to", NOBODY));
            VisibleTo::default()
        })
    }

    /// The panel a reference names, and the file it stands in.
    fn panel(
        &mut self,
        document: &Document,
        at: &str,
        index: usize,
        path: &str,
        reference: &PanelReference,
    ) -> (String, Arc<ReadPanel>) {
        // No file has such a name, so nothing is read in its place.
        let inline = format!("{path}#panels[{index}]");
        let fault = match (&reference.config_file, reference.panel) {
            (Some(file), None) => match self.find(file) {
                Ok(found) => {
                    let read = self.build.panel(&found);
                    return (found, read);
                }
                Err(message) => document.fault(&format!("{at}.config_file"), message),
            },
            (None, Some(_)) => {
                let own = document.only(at, "panel").ok_or_else(|| document.fault(at, "missing key “panel”"));
                let read = ReadPanel::of(own, 0, None);
                self.faults.extend(read.faults.iter().cloned());
                return (inline, Arc::new(read));
            }
            (Some(_), Some(_)) => document.fault_at_key(&format!("{at}.panel"), "either `config_file` or `panel`, not both"),
            (None, None) => document.fault(at, "missing key “config_file” (or `panel`, the panel itself)"),
        };
        self.faults.push(fault);
        (inline, Arc::new(ReadPanel::missing()))
    }

    /// Looks in the tenant's folder, then in `_shared`; never outside.
    fn find(&mut self, file: &str) -> Result<String, String> {
        if !is_inside(file) {
            return Err(format!("“{file}” leads outside the tenant’s folder: expected a path like panels/cpu_usage.yaml"));
        }
        let folders: Vec<String> = self.slug.iter().map(|slug| slug.to_string()).chain(["_shared".to_owned()]).collect();
        for folder in &folders {
            let path = format!("{folder}/{file}");
            self.source(&path);
            if self.build.files.found.contains_key(&path) {
                return Ok(path);
            }
        }
        let known = self
            .build
            .files
            .found
            .keys()
            .filter_map(|path| path.split_once('/'))
            .filter(|(folder, _)| folders.iter().any(|f| f == folder));
        let known: Vec<&str> = known.map(|(_, rest)| rest).filter(|rest| rest.starts_with("panels/")).collect();
        let looked = folders.join(" nor in ");
        let looked = if folders.len() == 1 { format!("not in {looked}") } else { format!("neither in {looked}") };
        match nearest(file, known) {
            Some(meant) => Err(format!("“{file}” is {looked}; did you mean “{meant}”?")),
            None => Err(format!("“{file}” is {looked}")),
        }
    }

    /// Where it wants to stand; one that does not fit or stands in another's way goes below instead.
    fn wish(&mut self, document: &Document, at: &str, reference: &PanelReference, size: (u16, u16), before: &[Wanted]) -> Wish {
        let below = Wish::Below(size.0, size.1);
        let wish = match layout::wish(reference.position.as_ref(), size) {
            Ok(wish) => wish,
            Err((key, message)) => {
                self.faults.push(document.fault(&format!("{at}.position.{key}"), message));
                return below;
            }
        };
        let Wish::At(position) = wish else { return wish };
        let in_the_way = before.iter().find_map(|other| match other.wish {
            Wish::At(taken) if taken.overlaps(position) => Some((other, taken)),
            _ => None,
        });
        let Some((other, taken)) = in_the_way else { return wish };
        let message = format!(
            "“{}” stands on “{}”, which covers columns {} to {} of rows {} to {}",
            reference.id.0,
            other.key,
            taken.col,
            taken.last_col(),
            taken.row,
            taken.last_row()
        );
        self.faults.push(document.fault(&format!("{at}.position"), message));
        below
    }

    fn place(&mut self, document: &Document, wanted: Vec<Wanted>) -> Vec<Placed> {
        let wishes: Vec<Wish> = wanted.iter().map(|wanted| wanted.wish).collect();
        let mut panels = Vec::new();
        for (wanted, position) in wanted.into_iter().zip(layout::flow(&wishes)) {
            let Some(position) = position else {
                let message = format!("no row is left for this panel: the grid has {} rows", layout::ROWS);
                self.faults.push(document.fault(&wanted.at, message));
                continue;
            };
            let Wanted { key, file, read, .. } = wanted;
            let (kind, version, line) = (read.kind, read.version, read.line);
            panels.push(Placed { key, kind, position, panel: read.panel.clone(), file, line, uses: read.uses.clone(), version });
        }
        panels.sort_by_key(|placed| (placed.position.row, placed.position.col));
        panels
    }

    /// Both ends move with the day, so they are tried on one: what is the wrong way round is so on every day.
    fn check_range(&mut self, document: &Document, spec: &DashboardSpec) {
        let Some(range) = &spec.range else { return };
        let zone = spec.timezone.as_ref().map_or(chrono_tz::UTC, |zone| zone.0);
        let (from, to) = (range.from.0.as_str(), range.to.0.as_str());
        let relative = from.starts_with("now") && to.starts_with("now");
        let noon = chrono::DateTime::from_timestamp(1_750_075_200, 0).unwrap_or_default();
        if relative && let Err(message) = RangeSpec::parse(from, to, noon, zone) {
            self.faults.push(document.fault("dashboard.range", message));
        }
    }
}

/// Puts the panel as it is now in its place, unless what stands there is better than what was read.
fn show(placed: &mut Placed, read: &ReadPanel) {
    if read.version == Version::Faulty && placed.version != Version::Faulty {
        placed.version = Version::LastGood;
    } else {
        (placed.panel, placed.kind, placed.version) = (read.panel.clone(), read.kind, read.version);
        (placed.line, placed.uses) = (read.line, read.uses.clone());
    }
}

/// A panel with its wish.
struct Wanted {
    key: Key,
    /// Its path in the document.
    at: String,
    file: String,
    read: Arc<ReadPanel>,
    wish: Wish,
}

fn bare(key: &Key, path: &str) -> Dashboard {
    Dashboard {
        key: key.clone(),
        name: key.to_string(),
        description: None,
        refresh: None,
        zone: None,
        range: None,
        visible_to: VisibleTo::default(),
        filters: Vec::new(),
        app: None,
        panels: Vec::new(),
        file: path.to_owned(),
        version: Version::Current,
        faults: Vec::new(),
        sources: Sources::default(),
    }
}
