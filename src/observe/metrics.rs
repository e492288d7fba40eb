//! Every metric by name. Labels are route patterns and known ids, never raw paths.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Labels of an HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[allow(missing_docs)]
pub struct HttpLabels {
    pub service: &'static str,
    pub method: &'static str,
    pub route: String,
    pub status: u16,
    pub tenant_id: String,
}

/// Labels of a panel's query: the dashboard stands as `app_slug`, the panel as `callback`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[allow(missing_docs)]
pub struct PanelLabels {
    pub tenant_id: String,
    pub app_slug: String,
    pub callback: String,
    pub outcome: &'static str,
    pub cache: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PanelOnly {
    tenant_id: String,
    app_slug: String,
    callback: String,
}

/// Labels of a callback of a hosted app.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[allow(missing_docs)]
pub struct CallbackLabels {
    pub tenant_id: String,
    pub app_slug: String,
    pub callback: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    app_slug: String,
    flow: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TenantLabels {
    tenant_id: String,
    tenant: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// The registry and what is in it.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<HttpLabels, Counter>,
    durations: Histograms<HttpLabels>,
    panel_durations: Histograms<PanelLabels>,
    panel_errors: Family<PanelOnly, Counter>,
    callback_durations: Histograms<CallbackLabels>,
    callback_errors: Family<CallbackLabels, Counter>,
    upstreams: Family<UpstreamLabels, Gauge>,
    tenants: Family<TenantLabels, Gauge>,
    sign_ins: Family<Outcome, Counter>,
    reloads: Family<Outcome, Counter>,
    faults: Gauge,
    served: Served,
}

/// What the product did since it began, all labels together.
#[derive(Debug, Default)]
struct Served {
    answers: AtomicU64,
    panels: AtomicU64,
}

fn seconds() -> Histogram {
    Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// All metrics, registered.
    pub fn new() -> Metrics {
        let mut registry = Registry::default();
        let requests = Family::<HttpLabels, Counter>::default();
        let durations: Histograms<HttpLabels> = Family::new_with_constructor(seconds);
        let panel_durations: Histograms<PanelLabels> = Family::new_with_constructor(seconds);
        let panel_errors = Family::<PanelOnly, Counter>::default();
        let callback_durations: Histograms<CallbackLabels> = Family::new_with_constructor(seconds);
        let callback_errors = Family::<CallbackLabels, Counter>::default();
        let upstreams = Family::<UpstreamLabels, Gauge>::default();
        let tenants = Family::<TenantLabels, Gauge>::default();
        let sign_ins = Family::<Outcome, Counter>::default();
        let reloads = Family::<Outcome, Counter>::default();
        let faults = Gauge::default();
        // The library adds `_total` to counters by itself.
        registry.register("http_requests", "Answers given", requests.clone());
        registry.register("http_request_duration_seconds", "Time until the answer's head was ready", durations.clone());
        registry.register("panel_query_duration_seconds", "Time a panel's questions took", panel_durations.clone());
        registry.register("panel_query_errors", "Panel questions that failed", panel_errors.clone());
        registry.register("dash_callback_duration_seconds", "Time a callback of a hosted app took", callback_durations.clone());
        registry.register("dash_callback_errors", "Callbacks of hosted apps that failed", callback_errors.clone());
        registry.register("loggia_app_up", "Whether an app's upstream answered when it was last asked", upstreams.clone());
        registry.register("loggia_tenant_info", "The slug of each tenant id, always 1", tenants.clone());
        registry.register("loggia_sign_ins", "Sign-ins by outcome", sign_ins.clone());
        registry.register("loggia_config_reloads", "Reloads of the tenants folder by outcome", reloads.clone());
        registry.register("loggia_config_faults", "Faults in the tenants folder as it stands", faults.clone());
        let served = Served::default();
        Metrics {
            registry,
            requests,
            durations,
            panel_durations,
            panel_errors,
            callback_durations,
            callback_errors,
            upstreams,
            tenants,
            sign_ins,
            reloads,
            faults,
            served,
        }
    }

    /// Counts one answer.
    pub fn answered(&self, labels: &HttpLabels, took: Duration) {
        self.served.answers.fetch_add(1, Ordering::Relaxed);
        self.requests.get_or_create(labels).inc();
        self.durations.get_or_create(labels).observe(took.as_secs_f64());
    }

    /// Counts one panel's questions; its error counter exists with 0 from the first.
    pub fn panel_queried(&self, labels: &PanelLabels, took: Duration) {
        self.served.panels.fetch_add(1, Ordering::Relaxed);
        self.panel_durations.get_or_create(labels).observe(took.as_secs_f64());
        let only = PanelOnly {
            tenant_id: labels.tenant_id.clone(),
            app_slug: labels.app_slug.clone(),
            callback: labels.callback.clone(),
        };
        let errors = self.panel_errors.get_or_create(&only);
        if labels.outcome != "ok" {
            errors.inc();
        }
    }

    /// Counts one callback of a hosted app; its error counter exists with 0 from the first.
    pub fn called_back(&self, labels: &CallbackLabels, took: Duration, failed: bool) {
        self.callback_durations.get_or_create(labels).observe(took.as_secs_f64());
        let errors = self.callback_errors.get_or_create(labels);
        if failed {
            errors.inc();
        }
    }

    /// Notes whether the upstream of an app's flow answered.
    pub fn app_found(&self, app: &str, flow: &'static str, up: bool) {
        self.upstreams.get_or_create(&UpstreamLabels { app_slug: app.to_owned(), flow }).set(i64::from(up));
    }

    /// Names a tenant, so that ids can be joined to slugs.
    pub fn tenant_known(&self, tenant_id: String, tenant: String) {
        self.tenants.get_or_create(&TenantLabels { tenant_id, tenant }).set(1);
    }

    /// Counts a sign-in: `ok`, `wrong`, `limited`, `unavailable`.
    pub fn signed_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a reload of the tenants folder, and how many faults it has now.
    pub fn reloaded(&self, faults: usize) {
        self.reloads.get_or_create(&Outcome { outcome: if faults == 0 { "ok" } else { "faults" } }).inc();
        self.faults.set(faults as i64);
    }

    /// How many answers were given and how many panels were drawn since the process began.
    pub fn served(&self) -> (u64, u64) {
        (self.served.answers.load(Ordering::Relaxed), self.served.panels.load(Ordering::Relaxed))
    }

    /// All of it in the text format of OpenMetrics.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Metrics, PanelLabels};
    use std::time::Duration;

    #[test]
    fn error_counters_exist_from_the_first_query() {
        let metrics = Metrics::new();
        let labels = PanelLabels {
            tenant_id: "t".into(),
            app_slug: "default".into(),
            callback: "cpu".into(),
            outcome: "ok",
            cache: "miss",
        };
        metrics.panel_queried(&labels, Duration::from_millis(3));
        let text = metrics.text();
        assert!(text.contains(r#"panel_query_errors_total{tenant_id="t",app_slug="default",callback="cpu"} 0"#), "{text}");
        assert!(text.contains("panel_query_duration_seconds_count"), "{text}");
        assert_eq!(metrics.served(), (0, 1));
    }
}
