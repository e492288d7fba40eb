//! All tenants' dashboards as they stand now.

mod build;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::files::Files;
use super::panels::ReadPanel;
use super::tenant::TenantFile;
use super::{App, DEFAULT, Dashboard, DashboardTitle};
use crate::domain::{Key, Role, Slug};
use crate::tenancy::TenantScope;
use crate::yaml::Fault;

pub(super) use build::Build;

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

    /// The apps that the tenant of this slug has, whoever looks, each with those of its dashboards that show it; `assigned` are
    /// the shared dashboards it is assigned.
    pub fn apps_of(&self, slug: &Slug, assigned: &[String]) -> Vec<(Arc<App>, Vec<Key>)> {
        let mut shown: BTreeMap<&Key, Vec<Key>> = BTreeMap::new();
        for dashboard in self.of(slug, assigned) {
            if let Some(app) = &dashboard.app {
                shown.entry(app).or_default().push(dashboard.key.clone());
            }
        }
        for app in self.tenants.get(slug).into_iter().flat_map(|tenant| &tenant.file.apps) {
            shown.entry(app).or_default();
        }
        shown.into_iter().filter_map(|(key, dashboards)| Some((self.app_of(slug, key)?.clone(), dashboards))).collect()
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
