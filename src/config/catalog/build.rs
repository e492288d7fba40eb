//! Reads the tenants folder into a catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Catalog, Tenant};
use crate::config::dashboard::Reading;
use crate::config::files::{FileState, Files};
use crate::config::panels::ReadPanel;
use crate::config::tenant::TenantFile;
use crate::config::{App, DEFAULT, Dashboard, Version};
use crate::domain::{Key, Slug};
use crate::yaml::{Document, Fault, nearest};

/// A catalog in the making.
pub(in crate::config) struct Build<'a> {
    pub(in crate::config) files: &'a Files,
    pub(in crate::config) previous: Option<&'a Catalog>,
    pub(in crate::config) panels: BTreeMap<String, Arc<ReadPanel>>,
}

impl Build<'_> {
    /// A folder with nothing of ours in it is none of our business.
    pub(super) fn is_tenant(&self, name: &str) -> bool {
        let ours = ["tenant.yaml", "dashboards/", "panels/", "apps/"].map(|part| format!("{name}/{part}"));
        let below = self.files.found.range(format!("{name}/")..).take_while(|(path, _)| path.starts_with(&format!("{name}/")));
        below.into_iter().any(|(path, _)| ours.iter().any(|ours| path.starts_with(ours)))
    }

    /// The panel in the file `path`, read once however many show it.
    pub(in crate::config) fn panel(&mut self, path: &str) -> Arc<ReadPanel> {
        if let Some(read) = self.panels.get(path) {
            return read.clone();
        }
        let before = self.previous.and_then(|previous| previous.panels.get(path));
        let read = match self.files.found.get(path) {
            Some(file) => ReadPanel::of_file(path, file, before),
            None => Arc::new(ReadPanel::missing()),
        };
        self.panels.insert(path.to_owned(), read.clone());
        read
    }

    /// Keeps the panels of a dashboard that is kept.
    pub(in crate::config) fn keep_panels(&mut self, dashboard: &Dashboard) {
        for placed in dashboard.panels.iter().filter(|placed| self.files.found.contains_key(&placed.file)) {
            self.panel(&placed.file);
        }
    }

    pub(super) fn tenant(&mut self, slug: Slug) -> Tenant {
        let (file, mut faults) = self.tenant_file(&slug);
        let before = self.previous.and_then(|previous| previous.tenants.get(&slug)).map(|tenant| &tenant.apps);
        let apps = self.apps(slug.as_str(), before, &mut faults);
        let mut dashboards = Vec::new();
        for (key, path) in self.dashboard_files(&slug, &file, &mut faults) {
            let previous = self.previous.and_then(|previous| previous.dashboard_of(&slug, &key));
            dashboards.push(Reading::new(self, Some(&slug), previous).dashboard(&key, &path));
        }
        if !dashboards.iter().any(|dashboard| dashboard.is_default()) {
            let path = format!("{slug}/dashboards/{DEFAULT}.yaml");
            faults.push(Fault::of_file(&path, "this file is missing: every tenant has a dashboard of this name"));
        }
        faults.extend(dashboards.iter().flat_map(|dashboard| dashboard.faults.iter().cloned()));
        dashboards.sort_by_key(|dashboard| (!dashboard.is_default(), dashboard.name.to_lowercase(), dashboard.key.clone()));
        faults.extend(self.same_ids(&slug, &dashboards));
        let shared = |key: &Key| self.files.found.contains_key(&format!("_shared/apps/{key}.yaml"));
        let unknown = dashboards.iter().flat_map(|d| self.unknown_app(d, |key| apps.contains_key(key) || shared(key)));
        faults.extend(unknown.collect::<Vec<_>>());
        faults.extend(unknown_filters(&dashboards.iter().collect::<Vec<_>>()));
        faults.extend(self.unused_panels(slug.as_str(), &dashboards.iter().collect::<Vec<_>>()));
        faults.sort();
        faults.dedup();
        Tenant { file, dashboards, apps, faults }
    }

    /// What `tenant.yaml` says; a broken one, what it last said.
    fn tenant_file(&self, slug: &Slug) -> (TenantFile, Vec<Fault>) {
        let path = format!("{slug}/tenant.yaml");
        let Some(FileState { text, .. }) = self.files.found.get(&path) else {
            return (TenantFile::bare(slug.clone(), false, Version::Current), Vec::new());
        };
        let (file, mut faults) = match text.clone().and_then(|text| Document::parse(&path, &text)) {
            Err(fault) => (None, vec![fault]),
            Ok(document) => {
                let (file, mut faults) = TenantFile::read(slug, &document);
                faults.extend(file.iter().flat_map(|file| self.unknown_shared(&document, file)));
                (file, faults)
            }
        };
        faults.sort();
        let before = self.previous.and_then(|previous| previous.tenants.get(slug)).map(|tenant| &tenant.file);
        let last_good = before.filter(|file| file.written && file.version != Version::Faulty);
        let broken = || match last_good {
            Some(file) => TenantFile { version: Version::LastGood, ..file.clone() },
            None => TenantFile::bare(slug.clone(), true, Version::Faulty),
        };
        (file.unwrap_or_else(broken), faults)
    }

    /// What it names of `_shared` that is not there.
    fn unknown_shared(&self, document: &Document, file: &TenantFile) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (word, list, keys) in [("dashboard", "dashboards", &file.dashboards), ("app", "apps", &file.apps)] {
            let folders = [format!("_shared/{list}"), format!("{}/{list}", file.slug)];
            let known: Vec<&str> =
                folders.iter().flat_map(|folder| self.files.directly_in(folder)).map(|(_, stem)| stem).collect();
            for (index, key) in keys.iter().enumerate().filter(|(_, key)| !known.contains(&key.as_str())) {
                let meant = nearest(key.as_str(), known.iter().copied());
                let hint = meant.map(|meant| format!("; did you mean “{meant}”?")).unwrap_or_default();
                let message = format!("there is no shared {word} “{key}”{hint}");
                faults.push(document.fault(&format!("tenant.{list}[{index}]"), message));
            }
        }
        faults
    }

    /// Its own dashboards and the shared ones it uses; its own file of the same name wins.
    fn dashboard_files(&self, slug: &Slug, file: &TenantFile, faults: &mut Vec<Fault>) -> BTreeMap<Key, String> {
        let mut found = BTreeMap::new();
        for key in &file.dashboards {
            let path = format!("_shared/dashboards/{key}.yaml");
            if self.files.found.contains_key(&path) {
                found.insert(key.clone(), path);
            }
        }
        for (path, stem) in self.files.directly_in(&format!("{slug}/dashboards")) {
            match stem.parse::<Key>() {
                Ok(key) => drop(found.insert(key, path.to_owned())),
                Err(message) => faults.push(Fault::of_file(path, format!("the file’s name is the dashboard’s id: {message}"))),
            }
        }
        found
    }

    /// An id is one panel a tenant: in two dashboards it must name the same file.
    fn same_ids(&self, slug: &Slug, dashboards: &[Arc<Dashboard>]) -> Vec<Fault> {
        let mut first: BTreeMap<&Key, (&str, &str)> = BTreeMap::new();
        let mut faults = Vec::new();
        for dashboard in dashboards {
            for placed in &dashboard.panels {
                let (file, other) = *first.entry(&placed.key).or_insert((&placed.file, &dashboard.file));
                if file != placed.file {
                    faults.push(self.same_id(slug, dashboard, &placed.key, file, other));
                }
            }
        }
        faults
    }

    fn same_id(&self, slug: &Slug, dashboard: &Dashboard, key: &Key, file: &str, other: &str) -> Fault {
        let named = file.split_once('#').map_or(file, |_| "another panel");
        let message = format!("for {slug}, the panel id “{key}” already names {named} on {other}: an id is one panel");
        let text = self.files.found.get(&dashboard.file).and_then(|file| file.text.clone().ok());
        let Some(document) = text.and_then(|text| Document::parse(&dashboard.file, &text).ok()) else {
            return Fault::of_file(&dashboard.file, message);
        };
        let paths = (0..).map(|index| format!("dashboard.panels[{index}]")).take_while(|path| document.has(path));
        let mut ids = paths.map(|path| format!("{path}.id"));
        let path = ids.find(|path| document.text(path) == Some(key.as_str())).unwrap_or_default();
        document.fault(&path, message)
    }

    /// Panel files that no dashboard shows are read too, for their faults.
    fn unused_panels(&mut self, folder: &str, dashboards: &[&Arc<Dashboard>]) -> Vec<Fault> {
        let files = self.files;
        let shown: BTreeSet<&str> = dashboards.iter().flat_map(|d| &d.panels).map(|placed| placed.file.as_str()).collect();
        // Nobody knows what a dashboard that cannot be read would show.
        let all_read = dashboards.iter().all(|dashboard| dashboard.version == Version::Current);
        let mut faults = Vec::new();
        for (path, _) in files.directly_in(&format!("{folder}/panels")).filter(|(path, _)| !shown.contains(path)) {
            let read = self.panel(path);
            faults.extend(read.faults.iter().cloned());
            if all_read && read.faults.is_empty() {
                faults.push(Fault::of_file(path, "no dashboard shows this panel").as_warning());
            }
        }
        faults
    }

    /// The apps of a folder; a broken one, as it last was good.
    pub(super) fn apps(
        &self,
        folder: &str,
        before: Option<&BTreeMap<Key, Arc<App>>>,
        faults: &mut Vec<Fault>,
    ) -> BTreeMap<Key, Arc<App>> {
        let mut apps = BTreeMap::new();
        for (path, stem) in self.files.directly_in(&format!("{folder}/apps")) {
            let key = match stem.parse::<Key>() {
                Ok(key) => key,
                Err(message) => {
                    faults.push(Fault::of_file(path, format!("the file’s name is the app’s id: {message}")));
                    continue;
                }
            };
            let (read, wrong) = match self.files.found[path].text.clone().and_then(|text| Document::parse(path, &text)) {
                Err(fault) => (None, vec![fault]),
                Ok(document) => App::read(&key, &document),
            };
            faults.extend(wrong);
            let last_good = || Some(App { version: Version::LastGood, ..(**before?.get(&key)?).clone() });
            if let Some(app) = read.or_else(last_good) {
                apps.insert(key, Arc::new(app));
            }
        }
        apps
    }

    /// That the app which is this dashboard's body is nowhere.
    pub(super) fn unknown_app(&self, dashboard: &Dashboard, is_known: impl Fn(&Key) -> bool) -> Option<Fault> {
        let key = dashboard.app.as_ref().filter(|key| !is_known(key) && dashboard.version == Version::Current)?;
        let known: Vec<&str> = self.files.directly_in("_shared/apps").map(|(_, stem)| stem).collect();
        let hint = nearest(key.as_str(), known).map(|meant| format!("; did you mean “{meant}”?")).unwrap_or_default();
        let message = format!("there is no app “{key}” in _shared/apps{hint}");
        let text = self.files.found.get(&dashboard.file).and_then(|file| file.text.clone().ok());
        Some(match text.and_then(|text| Document::parse(&dashboard.file, &text).ok()) {
            Some(document) => document.fault("dashboard.app", message),
            None => Fault::of_file(&dashboard.file, message),
        })
    }

    /// The shared dashboards, read for nobody in particular.
    pub(super) fn shared_dashboards(&mut self, faults: &mut Vec<Fault>) -> BTreeMap<Key, Arc<Dashboard>> {
        let files = self.files;
        let mut shared = BTreeMap::new();
        for (path, stem) in files.directly_in("_shared/dashboards") {
            match stem.parse::<Key>() {
                Ok(key) => {
                    let previous = self.previous.and_then(|previous| previous.shared.get(&key).cloned());
                    shared.insert(key.clone(), Reading::new(self, None, previous).dashboard(&key, path));
                }
                Err(message) => faults.push(Fault::of_file(path, format!("the file’s name is the dashboard’s id: {message}"))),
            }
        }
        shared
    }

    /// Faults of shared files that no tenant uses; those of used ones stand with their tenants.
    pub(super) fn shared_faults(
        &mut self,
        tenants: &BTreeMap<Slug, Tenant>,
        shared: &BTreeMap<Key, Arc<Dashboard>>,
    ) -> Vec<Fault> {
        let used: Vec<&Arc<Dashboard>> = tenants.values().flat_map(|tenant| &tenant.dashboards).collect();
        let is_used = |dashboard: &Dashboard| used.iter().any(|other| other.file == dashboard.file);
        let unused: Vec<&Arc<Dashboard>> = shared.values().filter(|dashboard| !is_used(dashboard)).collect();
        let mut faults: Vec<Fault> = unused.iter().flat_map(|dashboard| dashboard.faults.iter().cloned()).collect();
        faults.extend(unknown_filters(&unused));
        let all: Vec<&Arc<Dashboard>> = used.into_iter().chain(unused).collect();
        faults.extend(self.unused_panels("_shared", &all));
        faults
    }
}

/// Filters that a panel names and none of the dashboards that show it has. One that only another of them has is unset here.
fn unknown_filters(dashboards: &[&Arc<Dashboard>]) -> Vec<Fault> {
    // Nobody knows which filters a dashboard that cannot be read would have.
    if dashboards.iter().any(|dashboard| dashboard.version != Version::Current) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (dashboard, placed) in dashboards.iter().flat_map(|dashboard| dashboard.panels.iter().map(move |p| (dashboard, p))) {
        let showing = dashboards.iter().filter(|other| other.panels.iter().any(|panel| panel.file == placed.file));
        let known: BTreeSet<&str> = showing.flat_map(|other| &other.filters).map(|filter| filter.id.as_str()).collect();
        for used in placed.uses.iter().filter(|used| !known.contains(used.filter.as_str())) {
            let hint = match nearest(&used.filter, known.iter().copied()) {
                Some(meant) => format!("; did you mean “{meant}”?"),
                None => String::new(),
            };
            let message = format!("there is no filter “{}” on {}{hint}", used.filter, dashboard.file);
            faults.push(Fault { message, ..used.place.clone() });
        }
    }
    faults
}
