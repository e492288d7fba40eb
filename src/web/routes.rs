//! Every URL × verb × access, on one screen. The access test walks this table.

use http::Method;
use poem::Route;

use super::{assets, hosted, jwks, pages, probes};

/// Who may pass. The guard in the handler's signature decides; the access test holds both together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not. A closed list.
    Open,
    /// Anybody signed in.
    Person,
    /// Whoever may see the hosted app in the path, for the tenant their page was opened for.
    App,
    /// A member of the tenant in the path (or an operator who may read tenants).
    Tenant,
    /// Who may change the tenant in the path.
    TenantAdmin,
    /// Who runs the installation.
    Operator,
    /// A machine client with this scope, or whoever the internal API takes in its place.
    Machine(&'static str),
    /// Nobody: there is nothing here, and who is not signed in learns no more than that they are not.
    Nobody,
}

/// One verb on one address.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Line {
    pub path: &'static str,
    pub method: &'static str,
    pub access: Access,
}

/// One operation of an OpenAPI service, by its id.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Operation {
    pub id: &'static str,
    pub access: Access,
}

/// What the public API can be asked to do. The access test holds it to the document at `/openapi.json`.
pub const PUBLIC_API: &[Operation] = &[
    Operation { id: "login", access: Access::Open },
    Operation { id: "logout", access: Access::Person },
    Operation { id: "auth_me", access: Access::Person },
    Operation { id: "me", access: Access::Person },
    Operation { id: "exchange_token", access: Access::Person },
    Operation { id: "introspect_token", access: Access::Open },
    Operation { id: "list_tenants", access: Access::Person },
    Operation { id: "select_tenant", access: Access::Person },
    Operation { id: "list_dashboards", access: Access::Tenant },
    Operation { id: "get_dashboard", access: Access::Tenant },
    Operation { id: "panel_data", access: Access::Tenant },
    Operation { id: "custom_endpoint", access: Access::Tenant },
    Operation { id: "panel_report", access: Access::Tenant },
    Operation { id: "export_report", access: Access::Tenant },
    Operation { id: "get_preferences", access: Access::Tenant },
    Operation { id: "save_preferences", access: Access::Tenant },
    Operation { id: "list_users", access: Access::Operator },
    Operation { id: "create_user", access: Access::Operator },
    Operation { id: "get_user", access: Access::Operator },
    Operation { id: "update_user", access: Access::Operator },
    Operation { id: "delete_user", access: Access::Operator },
    Operation { id: "assign_tenant", access: Access::Operator },
    Operation { id: "unassign_tenant", access: Access::Operator },
];

/// The same for the internal API. Reading one tenant is also for who may read that tenant alone.
pub const INTERNAL_API: &[Operation] = &[
    Operation { id: "get_token", access: Access::Open },
    Operation { id: "list_tenants", access: Access::Machine("admin") },
    Operation { id: "create_tenant", access: Access::Machine("admin") },
    Operation { id: "get_tenant", access: Access::Machine("tenant:{slug}:read") },
    Operation { id: "update_tenant", access: Access::Machine("admin") },
    Operation { id: "delete_tenant", access: Access::Machine("admin") },
    Operation { id: "set_metadata", access: Access::Machine("admin") },
    Operation { id: "assign_dashboards", access: Access::Machine("admin") },
    Operation { id: "list_datastores", access: Access::Machine("tenant:{slug}:read") },
    Operation { id: "create_datastore", access: Access::Machine("admin") },
    Operation { id: "update_datastore", access: Access::Machine("admin") },
    Operation { id: "delete_datastore", access: Access::Machine("admin") },
    Operation { id: "rotate_secret", access: Access::Machine("admin") },
];

macro_rules! routes {
    ($table:ident, $build:ident: $($path:literal { $($verb:ident $access:ident => $handler:expr),+ $(,)? })+) => {
        /// The table as data.
        pub const $table: &[Line] = &[$($(Line { path: $path, method: stringify!($verb), access: Access::$access }),+),+];

        /// The table as a router.
        pub fn $build() -> Route {
            Route::new()$(.at($path, poem::RouteMethod::new()$(.method(Method::$verb, $handler))+))+
        }
    };
}

/// The verbs a route answers, as `Allow` lists them; none for a pattern that is no route of ours.
pub fn allowed(pattern: &str) -> Option<String> {
    let lines = PUBLIC.iter().chain(INTERNAL).filter(|line| line.path == pattern);
    let mut verbs: Vec<&str> =
        lines.flat_map(|line| if line.method == "GET" { vec!["GET", "HEAD"] } else { vec![line.method] }).collect();
    verbs.sort_unstable();
    verbs.dedup();
    (!verbs.is_empty()).then(|| verbs.join(", "))
}

routes! { PUBLIC, public:
    "/"                                                   { GET Person => pages::landing::home }
    "/login"                                              { GET Open => pages::login::show, POST Open => pages::login::submit }
    "/login/oidc"                                         { GET Open => pages::oidc::begin }
    "/login/callback"                                     { GET Open => pages::oidc::finish }
    "/logout/backchannel"                                 { POST Open => pages::oidc::told }
    "/logout"                                             { GET Open => pages::logout::show, POST Open => pages::logout::submit }
    "/tenant/:tenant"                                     { GET Tenant => pages::dashboard::first }
    "/tenant/:tenant/brand.css"                           { GET Tenant => pages::brand::show }
    "/tenant/:tenant/dashboard/:dashboard"                { GET Tenant => pages::dashboard::show }
    "/tenant/:tenant/dashboard/:dashboard/panel/:panel"   { GET Tenant => pages::panel::show }
    "/tenant/:tenant/dashboard/:dashboard/panel/:panel/detail" { GET Tenant => pages::detail::show }
    "/tenant/:tenant/dashboard/:dashboard/frame/:key"     { GET Tenant => pages::hosted::fares }
    "/tenant/:tenant/dashboard/:dashboard/frame/:key/close" { POST Tenant => pages::hosted::gone }
    "/tenant/:tenant/dashboard/:dashboard/filters/save"   { POST Tenant => pages::filters::save }
    "/tenant/:tenant/dashboard/:dashboard/filters/reset"  { POST Tenant => pages::filters::reset }
    "/tenant/:tenant/dashboard/:dashboard/panel/:panel/image" { GET Tenant => pages::image::show }
    "/tenant/:tenant/report/:file"                        { GET Tenant => pages::report::show_panel }
    "/tenant/:tenant/report/dashboard/:file"              { GET Tenant => pages::report::show_dashboard }
    "/tenant/:tenant/members"                             { GET TenantAdmin => pages::tenant::members::show }
    "/tenant/:tenant/audit"                               { GET TenantAdmin => pages::tenant::audit::show }
    "/tenant/:tenant/audit.ndjson"                        { GET TenantAdmin => pages::tenant::audit::export }
    "/tenant/:tenant/devices"                             { GET TenantAdmin => pages::tenant::devices::show, POST TenantAdmin => pages::tenant::devices::create }
    "/tenant/:tenant/devices/revoke"                      { GET TenantAdmin => pages::tenant::device_revoke::show, POST TenantAdmin => pages::tenant::device_revoke::submit }
    "/device/:token"                                      { GET Open => pages::device::open }
    "/admin"                                              { GET Operator => pages::admin::overview::show }
    "/admin/users"                                        { GET Operator => pages::admin::users::show }
    "/admin/users/new"                                    { GET Operator => pages::admin::user_new::show, POST Operator => pages::admin::user_new::submit }
    "/admin/users/:user"                                  { GET Operator => pages::admin::user::show, POST Operator => pages::admin::user::save }
    "/admin/users/:user/password"                         { POST Operator => pages::admin::user_access::set_password }
    "/admin/users/:user/tenants"                          { POST Operator => pages::admin::user_access::set_tenant }
    "/admin/users/:user/sessions"                         { POST Operator => pages::admin::user_access::end_session }
    "/admin/users/:user/delete"                           { GET Operator => pages::admin::user_delete::show, POST Operator => pages::admin::user_delete::submit }
    "/admin/tenants"                                      { GET Operator => pages::admin::tenants::show }
    "/admin/tenants/:slug"                                { GET Operator => pages::admin::tenant::show, POST Operator => pages::admin::tenant::save }
    "/admin/tenants/:slug/brand.css"                      { GET Operator => pages::admin::tenant::preview }
    "/admin/tenants/:slug/status"                         { POST Operator => pages::admin::tenant::set_status }
    "/admin/tenants/:slug/rollout"                        { POST Operator => pages::admin::rollout::switch }
    "/admin/tenants/:slug/devices/revoke"                 { GET Operator => pages::admin::device_revoke::show, POST Operator => pages::admin::device_revoke::submit }
    "/admin/tenants/:slug/delete"                         { GET Operator => pages::admin::tenant_delete::show, POST Operator => pages::admin::tenant_delete::submit }
    "/admin/tenants/:slug/datastores/new"                 { GET Operator => pages::admin::datastore::show_new, POST Operator => pages::admin::datastore::create }
    "/admin/tenants/:slug/datastores/:store"              { GET Operator => pages::admin::datastore::show, POST Operator => pages::admin::datastore::save }
    "/admin/tenants/:slug/datastores/:store/test"         { POST Operator => pages::admin::datastore::test }
    "/admin/tenants/:slug/datastores/:store/delete"       { POST Operator => pages::admin::datastore::delete }
    "/admin/apps"                                         { GET Operator => pages::admin::apps::show }
    "/admin/clients"                                      { GET Operator => pages::admin::clients::show }
    "/admin/clients/new"                                  { GET Operator => pages::admin::client::show_new, POST Operator => pages::admin::client::create }
    "/admin/clients/:client"                              { GET Operator => pages::admin::client::show, POST Operator => pages::admin::client::save }
    "/admin/clients/:client/secret"                       { POST Operator => pages::admin::client::rotate }
    "/admin/clients/:client/active"                       { POST Operator => pages::admin::client::set_active }
    "/admin/clients/:client/delete"                       { POST Operator => pages::admin::client::delete }
    "/admin/audit"                                        { GET Operator => pages::admin::audit::show }
    "/admin/audit.ndjson"                                 { GET Operator => pages::admin::audit::export }
    "/admin/audit/verify"                                 { POST Operator => pages::admin::audit::verify }
    "/admin/config"                                       { GET Operator => pages::admin::config::show }
    "/dashboard/:dashboard"                               { GET Person => pages::dashboard::of_active_tenant }
    "/reports/:panel"                                     { GET Person => pages::report::of_active_tenant }
    "/dash/:app"                                          { GET App => hosted::Pass }
    "/dash/:app/*rest"                                    { GET App => hosted::Pass, POST App => hosted::Pass, PUT App => hosted::Pass, PATCH App => hosted::Pass, DELETE App => hosted::Pass, OPTIONS App => hosted::Pass }
    "/help/panels"                                        { GET Person => pages::gallery::show }
    "/.well-known/jwks.json"                              { GET Open => jwks::show }
    "/health"                                             { GET Open => probes::health }
    "/ready"                                              { GET Open => probes::ready }
    "/favicon.ico"                                        { GET Open => assets::favicon }
    "/assets/:print/:name"                                { GET Open => assets::show }
    "/docs"                                               { GET Person => pages::docs::show }
    "/openapi.json"                                       { GET Person => pages::docs::openapi }
    "/api"                                                { GET Nobody => probes::no_api }
    "/api/*rest"                                          { GET Nobody => probes::no_api, POST Nobody => probes::no_api, PUT Nobody => probes::no_api, PATCH Nobody => probes::no_api, DELETE Nobody => probes::no_api }
}

routes! { INTERNAL, internal:
    "/health"   { GET Open => probes::health }
    "/metrics"  { GET Open => probes::metrics }
}
