//! All tenants' dashboards as they stand now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::dashboard::Reading;
use super::files::{FileState, Files};
use super::panels::ReadPanel;
use super::tenant::TenantFile;
use super::{App, DEFAULT, Dashboard, DashboardTitle, Version};
use crate::domain::{Key, Role, Slug};
use crate::tenancy::TenantScope;
use crate::yaml::{Document, Fault, nearest};

/// What the tenants folder says, whole, at one moment. It never fails: what is wrong is among its faults.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Rises with every change.
    pub generation: u64,
    pub(super) files: Files,
    tenants: BTreeMap<Slug, Tenant>,
    /// The shared ones as they are for a tenant that has no folder, or no file of its own in their place.
    pub(super) shared: BTreeMap<Key, Arc<Dashboard>>,
    /// The shared apps.
    apps: BTreeMap<Key, Arc<App>>,
    panels: BTreeMap<String, Arc<ReadPanel>>,
    /// Of shared files that no tenant uses, and of folders.
    faults: Vec<Fault>,
}

#[derive(Clone, Debug)]
struct Tenant {
    file: TenantFile,
    /// The front page first, then by title.
    dashboards: Vec<Arc<Dashboard>>,
    /// Those of its own folder.
    apps: BTreeMap<Key, Arc<App>>,
    faults: Vec<Fault>,
}

/// An app, and who shows it.
#[derive(Clone, Debug)]
pub struct AppUse {
    /// The app.
    pub app: Arc<App>,
    /// The tenant whose own it is; none for a shared one.
    pub owner: Option<Slug>,
    /// The tenants with a folder that show it, each with the dashboard.
    pub shown: Vec<(Slug, Key)>,
}

/// A catalog in the making.
pub(super) struct Build<'a> {
    pub(super) files: &'a Files,
    pub(super) previous: Option<&'a Catalog>,
    pub(super) panels: BTreeMap<String, Arc<ReadPanel>>,
}

impl Catalog {
    /// Reads the folder. What has not changed since `previous` is kept as it is; what is broken now, as it last was good.
    /// Without a folder there are no tenants. Blocks on files.
    pub fn load(dir: &Path, previous: Option<&Catalog>) -> Catalog {
        let files = Files::scan(dir, previous.map(|previous| &previous.files));
        Catalog::read(files, previous)
    }

    pub(super) fn read(files: Files, previous: Option<&Catalog>) -> Catalog {
        let mut build = Build { files: &files, previous, panels: BTreeMap::new() };
        let slugs: Vec<_> = files.folders.iter().filter(|name| !name.starts_with('_') && build.is_tenant(name)).collect();
        let (good, bad): (Vec<_>, Vec<_>) =
            slugs.into_iter().map(|name| (name, name.parse::<Slug>())).partition(|(_, slug)| slug.is_ok());
        let mut faults: Vec<Fault> = bad.into_iter().filter_map(|(name, slug)| Some(Fault::of_file(name, slug.err()?))).collect();
        faults.extend(files.found.iter().filter(|(path, _)| !path.contains('/')).filter_map(|(_, file)| file.text.clone().err()));
        let tenants: BTreeMap<_, _> =
            good.into_iter().filter_map(|(_, slug)| slug.ok()).map(|slug| (slug.clone(), build.tenant(slug))).collect();
        let apps = build.apps("_shared", previous.map(|previous| &previous.apps), &mut faults);
        let shared = build.shared_dashboards(&mut faults);
        faults.extend(shared.values().flat_map(|dashboard| build.unknown_app(dashboard, |key| apps.contains_key(key))));
        faults.extend(build.shared_faults(&tenants, &shared));
        faults.sort();
        let panels = build.panels;
        let generation = previous.map_or(1, |previous| previous.generation + 1);
        Catalog { generation, files, tenants, shared, apps, panels, faults }
    }

    /// An app as this tenant has it, if the caller may see it: where the tenant's dashboards show it, by one of these that is
    /// for them; else because the tenant's file names it.
    pub fn app(&self, scope: &TenantScope, key: &Key) -> Option<Arc<App>> {
        let app = self.app_of(scope.slug(), key)?;
        let mut showing = self.of(scope.slug(), scope.dashboards()).filter(|dashboard| dashboard.app.as_ref() == Some(key));
        let mut showing = showing.by_ref().peekable();
        let named = scope.apps().iter().any(|app| app == key.as_str()) && scope.shows_apps();
        let may = match showing.peek() {
            Some(_) => showing.any(|dashboard| seen(scope, dashboard).is_some()),
            None => named,
        };
        may.then(|| app.clone())
    }

    /// Whether the tenant of this slug, to whom the central database assigns the shared dashboards `assigned`, has the app for
    /// somebody of this role.
    pub fn offers(&self, slug: &Slug, assigned: &[String], app: &Key, role: Role) -> bool {
        if self.app_of(slug, app).is_none() {
            return false;
        }
        let mut showing = self.of(slug, assigned).filter(|dashboard| dashboard.app.as_ref() == Some(app)).peekable();
        match showing.peek() {
            Some(_) => showing.any(|dashboard| dashboard.visible_to.includes(role)),
            None => self.tenants.get(slug).is_some_and(|tenant| tenant.file.apps.contains(app)),
        }
    }

    /// The app of that name that this tenant would have: its own, or the shared one where that is for it.
    pub fn app_of(&self, slug: &Slug, key: &Key) -> Option<&Arc<App>> {
        let own = self.tenants.get(slug).and_then(|tenant| tenant.apps.get(key));
        own.or_else(|| self.apps.get(key)).filter(|app| app.is_for(slug))
    }

    /// The first of this tenant's dashboards whose body is the app and which the caller may see.
    pub fn dashboard_of_app(&self, scope: &TenantScope, app: &Key) -> Option<Arc<Dashboard>> {
        let mut all = self.of(scope.slug(), scope.dashboards()).filter(|dashboard| dashboard.app.as_ref() == Some(app));
        all.find_map(|dashboard| seen(scope, dashboard))
    }

    /// Every app with who shows it, the shared ones first.
    pub fn apps(&self) -> Vec<AppUse> {
        let shared = self.apps.values().map(|app| (None, app));
        let own = self.tenants.iter().flat_map(|(slug, tenant)| tenant.apps.values().map(move |app| (Some(slug), app)));
        let shown = |owner: Option<&Slug>, app: &Arc<App>| {
            let tenants = self.tenants.iter().filter(move |(slug, tenant)| match owner {
                Some(owner) => owner == *slug,
                None => !tenant.apps.contains_key(&app.key) && app.is_for(slug),
            });
            let with = |(slug, tenant): (&Slug, &Tenant)| {
                let all = tenant.dashboards.iter().filter(|dashboard| dashboard.app.as_ref() == Some(&app.key));
                all.map(|dashboard| (slug.clone(), dashboard.key.clone())).collect::<Vec<_>>()
            };
            tenants.flat_map(with).collect()
        };
        let one = |(owner, app): (Option<&Slug>, &Arc<App>)| AppUse {
            app: app.clone(),
            owner: owner.cloned(),
            shown: shown(owner, app),
        };
        shared.chain(own).map(one).collect()
    }

    /// A dashboard of this tenant as the caller may see it. `None`: there is none of that name, or it is not for them.
    pub fn dashboard(&self, scope: &TenantScope, key: &Key) -> Option<Arc<Dashboard>> {
        seen(scope, self.of(scope.slug(), scope.dashboards()).find(|dashboard| dashboard.key == *key)?)
    }

    /// This tenant's dashboards that the caller may see, the front page first, then by title.
    pub fn dashboards(&self, scope: &TenantScope) -> Vec<DashboardTitle> {
        let shown = self.of(scope.slug(), scope.dashboards()).filter(|dashboard| scope.shows(&dashboard.key));
        let shown = shown.filter(|dashboard| dashboard.visible_to.includes(scope.role()));
        let mut titles: Vec<DashboardTitle> = shown.map(title).collect();
        titles.sort_by_key(|title| (title.key.as_str() != DEFAULT, title.name.to_lowercase(), title.key.clone()));
        titles
    }

    /// A panel of this tenant: the first dashboard that shows it to the caller, and which of its panels it is.
    pub fn panel(&self, scope: &TenantScope, key: &Key) -> Option<(Arc<Dashboard>, usize)> {
        panel_in(self.of(scope.slug(), scope.dashboards()).filter_map(|dashboard| seen(scope, dashboard)), key)
    }

    /// What is wrong in this tenant's files and the shared files it uses.
    pub fn faults(&self, scope: &TenantScope) -> Vec<Fault> {
        self.faults_of(scope.slug())
    }

    /// What is wrong anywhere, in the order of the files.
    pub fn all_faults(&self) -> Vec<Fault> {
        let all: BTreeSet<&Fault> = self.tenants.values().flat_map(|tenant| &tenant.faults).chain(&self.faults).collect();
        all.into_iter().cloned().collect()
    }

    /// All tenants that have a folder.
    pub fn tenants(&self) -> Vec<&TenantFile> {
        self.tenants.values().map(|tenant| &tenant.file).collect()
    }

    /// Whether the tenant of this slug, to whom the central database assigns the shared dashboards `assigned`, has one for
    /// somebody of this role.
    pub fn has(&self, slug: &Slug, assigned: &[String], key: &Key, role: Role) -> bool {
        self.of(slug, assigned).any(|dashboard| dashboard.key == *key && dashboard.visible_to.includes(role))
    }

    /// How many dashboards it has for somebody of this role.
    pub fn count(&self, slug: &Slug, assigned: &[String], role: Role) -> usize {
        self.of(slug, assigned).filter(|dashboard| dashboard.visible_to.includes(role)).count()
    }

    /// The keys of all shared dashboards, with their titles: what a tenant can be assigned.
    pub fn shared(&self) -> Vec<DashboardTitle> {
        self.shared.values().map(title).collect()
    }

    /// A tenant's dashboards: those of its folder, then the shared ones that are assigned to it and have no namesake there.
    fn of<'a>(&'a self, slug: &Slug, assigned: &'a [String]) -> impl Iterator<Item = &'a Arc<Dashboard>> {
        let own = self.tenants.get(slug).map(|tenant| tenant.dashboards.as_slice()).unwrap_or_default();
        let more = self.shared.values().filter(move |shared| {
            assigned.iter().any(|key| key == shared.key.as_str()) && own.iter().all(|dashboard| dashboard.key != shared.key)
        });
        own.iter().chain(more)
    }

    /// How many files were read.
    pub fn file_count(&self) -> usize {
        self.files.found.len()
    }

    pub(crate) fn dashboard_of(&self, slug: &Slug, key: &Key) -> Option<Arc<Dashboard>> {
        self.tenants.get(slug)?.dashboards.iter().find(|dashboard| dashboard.key == *key).cloned()
    }

    #[cfg(test)]
    pub(crate) fn dashboards_of(&self, slug: &Slug, role: Role) -> Vec<DashboardTitle> {
        self.of(slug, &[]).filter(|dashboard| dashboard.visible_to.includes(role)).map(title).collect()
    }

    #[cfg(test)]
    pub(crate) fn panel_of(&self, slug: &Slug, key: &Key, role: Role) -> Option<(Arc<Dashboard>, usize)> {
        panel_in(self.of(slug, &[]).filter_map(|dashboard| dashboard.seen_by(role, |_| true)), key)
    }

    pub(crate) fn faults_of(&self, slug: &Slug) -> Vec<Fault> {
        self.tenants.get(slug).map(|tenant| tenant.faults.clone()).unwrap_or_default()
    }
}

/// A dashboard as this caller may see it: by their role, and by the list a wall screen was given.
fn seen(scope: &TenantScope, dashboard: &Arc<Dashboard>) -> Option<Arc<Dashboard>> {
    if scope.shows(&dashboard.key) { dashboard.seen_by(scope.role(), |panel| scope.has_component(panel)) } else { None }
}

fn title(dashboard: &Arc<Dashboard>) -> DashboardTitle {
    DashboardTitle { key: dashboard.key.clone(), name: dashboard.name.clone(), description: dashboard.description.clone() }
}

fn panel_in(mut dashboards: impl Iterator<Item = Arc<Dashboard>>, key: &Key) -> Option<(Arc<Dashboard>, usize)> {
    dashboards.find_map(|dashboard| {
        let index = dashboard.panels.iter().position(|placed| placed.key == *key)?;
        Some((dashboard, index))
    })
}

impl Build<'_> {
    /// A folder with nothing of ours in it is none of our business.
    fn is_tenant(&self, name: &str) -> bool {
        let ours = ["tenant.yaml", "dashboards/", "panels/", "apps/"].map(|part| format!("{name}/{part}"));
        let below = self.files.found.range(format!("{name}/")..).take_while(|(path, _)| path.starts_with(&format!("{name}/")));
        below.into_iter().any(|(path, _)| ours.iter().any(|ours| path.starts_with(ours)))
    }

    /// The panel in the file `path`, read once however many show it.
    pub(super) fn panel(&mut self, path: &str) -> Arc<ReadPanel> {
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
    pub(super) fn keep_panels(&mut self, dashboard: &Dashboard) {
        for placed in dashboard.panels.iter().filter(|placed| self.files.found.contains_key(&placed.file)) {
            self.panel(&placed.file);
        }
    }

    fn tenant(&mut self, slug: Slug) -> Tenant {
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
    fn apps(&self, folder: &str, before: Option<&BTreeMap<Key, Arc<App>>>, faults: &mut Vec<Fault>) -> BTreeMap<Key, Arc<App>> {
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
    fn unknown_app(&self, dashboard: &Dashboard, is_known: impl Fn(&Key) -> bool) -> Option<Fault> {
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
    fn shared_dashboards(&mut self, faults: &mut Vec<Fault>) -> BTreeMap<Key, Arc<Dashboard>> {
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
    fn shared_faults(&mut self, tenants: &BTreeMap<Slug, Tenant>, shared: &BTreeMap<Key, Arc<Dashboard>>) -> Vec<Fault> {
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
