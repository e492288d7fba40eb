//! The look before a tenant's hosted apps go over to the new flow: whether each app is there, takes the tenant's tokens and no
//! others, and whether the tenant's data is told from everybody else's. The way back needs no look.

use std::sync::Arc;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Empty, Limited};
use url::Position;

use super::forward::{Client, address};
use super::headers::{self, Told};
use super::health::{PATIENCE, probe};
use crate::central;
use crate::central::tenants::{Record, Status};
use crate::config::{App, Catalog};
use crate::domain::{CorrelationId, Finding, Rollout};
use crate::identity::Identities;
use crate::settings::Settings;
use crate::tenancy::{Step, Tenancy};

/// What of a refusal is read: the word in it.
const WORDS: usize = 4 * 1024;
/// What is asked for: what every Dash app answers, behind its guard.
const LAYOUT: &str = "/_dash-layout";

/// What the look needs.
#[derive(Debug)]
pub struct Preflight<'a> {
    /// The connections to the apps.
    pub client: &'a Client,
    /// Whose data.
    pub tenancy: &'a Tenancy,
    /// Who signs tokens.
    pub identities: &'a Identities,
    /// Which apps there are.
    pub catalog: Arc<Catalog>,
    /// How they are served.
    pub settings: &'a Settings,
}

/// Whether a tenant may go on.
#[derive(Debug)]
pub enum Verdict {
    /// It may, and what was found on the way.
    Go(Step, Vec<Finding>),
    /// It stays where it is, for the bad ones among these.
    Stay(Vec<Finding>),
}

/// What an upstream answered.
struct Answered {
    status: u16,
    words: String,
}

impl Preflight<'_> {
    /// The step of a tenant to another flow: looked at where it begins something new, everybody's where it does not. Back to
    /// legacy asks nobody, so that it works while the apps are down.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn step(&self, record: &Record, to: Rollout) -> Result<Verdict, central::Error> {
        let from = record.tenant.rollout;
        if let Some(step) = Step::plain(from, to) {
            return Ok(Verdict::Go(step, Vec::new()));
        }
        let findings = self.look(record).await?;
        let is_bad = findings.iter().any(Finding::is_bad);
        Ok(if is_bad { Verdict::Stay(findings) } else { Verdict::Go(Step::looked_at(from, to), findings) })
    }

    /// Everything that was looked at, in the order of the apps.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer.
    pub async fn look(&self, record: &Record) -> Result<Vec<Finding>, central::Error> {
        let tenant = &record.tenant;
        let apps = self.catalog.apps_of(&tenant.slug, &tenant.config.shown());
        let mut findings = Vec::new();
        if tenant.status != Status::Active {
            let what =
                format!("{} is {}: nobody opens its apps, and its tokens are good for nothing", tenant.slug, tenant.status);
            findings.push(Finding::bad(what, "open the tenant first"));
        }
        if apps.is_empty() {
            findings.push(Finding::good(format!("{} has no app: nothing changes for its viewers", tenant.slug)));
            return Ok(findings);
        }
        if !self.settings.serves_apps() {
            let fix = "set LOGGIA_APPS__ORIGIN to an origin of their own, or LOGGIA_APPS__TRUSTED=true";
            findings.push(Finding::note("apps are switched off here: whatever the flow, nobody sees one", fix));
        }
        let catalogs = self.tenancy.catalogs(tenant).await?;
        if apps.iter().any(|(app, _)| self.injects(app)) {
            findings.push(told_apart(record, &catalogs));
        }
        let each = apps.iter().map(|(app, _)| self.app(record, app, catalogs.own.as_deref()));
        findings.extend(futures_util::future::join_all(each).await.into_iter().flatten());
        Ok(findings)
    }

    fn injects(&self, app: &App) -> bool {
        app.jwt_injection && self.settings.apps.jwt_injection
    }

    /// One app: there, its tokens, and the way back.
    async fn app(&self, record: &Record, app: &App, catalog: Option<&str>) -> Vec<Finding> {
        let (health, back) = tokio::join!(probe(self.client, app, &app.upstream), self.way_back(app));
        let mut findings = Vec::new();
        let place = &app.upstream.url;
        match health {
            Some(fault) => {
                let fix = format!("start it, or correct app.upstream in {}", app.file);
                findings.push(Finding::bad(format!("{} is not there: {place}: {fault}", name(app)), fix));
            }
            None => {
                findings.push(Finding::good(format!("{} answers at {place}", name(app))));
                findings.extend(self.tokens(record, app, catalog).await);
            }
        }
        findings.push(back);
        findings
    }

    async fn way_back(&self, app: &App) -> Finding {
        let Some(legacy) = &app.legacy else {
            return Finding::good(format!("the way back from {} is the same upstream without a token", name(app)));
        };
        match probe(self.client, app, legacy).await {
            None => Finding::good(format!("the way back from {} stands: {} answers", name(app), legacy.url)),
            Some(fault) => Finding::note(
                format!("the way back from {} leads nowhere: {}: {fault}", name(app), legacy.url),
                format!("keep app.legacy_upstream of {} running until nobody goes back", app.file),
            ),
        }
    }

    /// Whether it takes the tenant's token, and refuses who brings none.
    async fn tokens(&self, record: &Record, app: &App, catalog: Option<&str>) -> Vec<Finding> {
        if !self.injects(app) {
            let whose = if app.jwt_injection { "LOGGIA_APPS__JWT_INJECTION=false" } else { "jwt_injection: false in its file" };
            let what = format!("{} is sent no token ({whose}): it shows every tenant the same", name(app));
            return vec![Finding::note(what, "switch it on once the app reads the token")];
        }
        let token = self.tenancy.trial_token(self.identities, &record.tenant, catalog.map(str::to_owned), &app.key).await;
        let token = match token {
            Ok(token) => token,
            Err(fault) => {
                tracing::warn!(%fault, "no token could be made to try an app with");
                let fix = "the log says why; docs/tokens.md says where keys are";
                return vec![Finding::bad(format!("no key signs a token for {} at this moment", name(app)), fix)];
            }
        };
        let (with, without) = tokio::join!(self.front(app, Some(&token)), self.front(app, None));
        vec![self.taken(record, app, with), refused(app, without)]
    }

    fn taken(&self, record: &Record, app: &App, answer: Result<Answered, String>) -> Finding {
        let (who, issuer) = (name(app), self.settings.issuer());
        let answer = match answer {
            Ok(answer) => answer,
            Err(fault) => {
                return Finding::bad(format!("{who} does not answer who brings a token: {fault}"), "look at its own log");
            }
        };
        let reach = format!("let it reach {issuer}/.well-known/jwks.json: name server, firewall, certificate");
        match (answer.status, answer.words.as_str()) {
            (200..=299 | 304, _) => Finding::good(format!("{who} takes the token of {}", record.tenant.slug)),
            (503, words) if words.contains("introspection") => Finding::bad(
                format!("{who} cannot ask here whether a token is still good"),
                format!("let it reach {issuer}/api/token/introspect: name server, firewall, certificate"),
            ),
            (503, words) if words.contains("jwks") => Finding::bad(format!("{who} cannot fetch our keys"), reach),
            (status @ (401 | 403), words) if words.contains("invalid_catalog") => {
                let what = format!("{who} refuses the catalog in the token of {} ({status})", record.tenant.slug);
                Finding::bad(what, "give the tenant's datastore a uc_catalog of letters, digits and _")
            }
            (status @ (401 | 403), _) => Finding::bad(
                format!("{who} refuses the token of {} ({status})", record.tenant.slug),
                format!(
                    "its issuer must be {issuer} and its audience dash:{}, and it must know the keys at {issuer}/.well-known/jwks.json",
                    app.key
                ),
            ),
            (status @ 500.., _) => Finding::bad(format!("{who} fails when a token is brought ({status})"), "look at its own log"),
            (404, _) => Finding::note(
                format!("whether {who} takes a token could not be seen: it has neither {LAYOUT} nor a front page"),
                "open it once as a member of the tenant after the switch",
            ),
            (status, _) => Finding::note(
                format!("whether {who} takes a token could not be seen: it answers {status}"),
                "see that this is not a sign-in page of its own",
            ),
        }
    }

    /// What it answers to what every viewer's page asks first.
    async fn front(&self, app: &App, token: Option<&str>) -> Result<Answered, String> {
        match self.ask(app, LAYOUT, token).await? {
            Answered { status: 404 | 405, .. } => self.ask(app, "/", token).await,
            answered => Ok(answered),
        }
    }

    /// One question, with the headers that every request of a viewer has.
    async fn ask(&self, app: &App, path: &str, token: Option<&str>) -> Result<Answered, String> {
        let host = match self.settings.apps.origin.as_ref().or(self.settings.public_url.as_ref()) {
            Some(url) => url[Position::BeforeHost..Position::AfterPort].to_owned(),
            None => self.settings.listen.to_string(),
        };
        let prefix = format!("/dash/{}", app.key);
        let told = Told {
            host: &host,
            https: self.settings.is_https(),
            address: None,
            prefix: &prefix,
            correlation: CorrelationId::new(),
            token,
            storage: None,
            cookies: None,
        };
        let mut sent = headers::to_app(&HeaderMap::new(), &told, false);
        sent.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/html"));
        let uri = address(&app.key, &app.upstream, path, None).map_err(|fault| fault.to_string())?;
        let body = Empty::new().map_err(|never| match never {}).boxed();
        let mut request = http::Request::new(body);
        *request.uri_mut() = uri;
        *request.headers_mut() = sent;
        tokio::time::timeout(PATIENCE, self.answered(request)).await.unwrap_or_else(|_| Err(late(PATIENCE)))
    }

    async fn answered(&self, request: http::Request<super::bodies::Sent>) -> Result<Answered, String> {
        let answer = self.client.request(request).await.map_err(|_| "no connection".to_owned())?;
        let status = answer.status().as_u16();
        if status < 400 {
            return Ok(Answered { status, words: String::new() });
        }
        let words = Limited::new(answer.into_body(), WORDS).collect().await;
        let words = words.map(|words| String::from_utf8_lossy(&words.to_bytes()).into_owned()).unwrap_or_default();
        Ok(Answered { status, words })
    }
}

fn late(patience: Duration) -> String {
    format!("no answer within {} s", patience.as_secs())
}

/// As findings call an app.
fn name(app: &App) -> String {
    format!("“{}” ({})", app.title, app.key)
}

/// Whether the tenant's data is told from everybody else's by what its tokens say.
fn told_apart(record: &Record, catalogs: &crate::tenancy::Catalogs) -> Finding {
    let slug = &record.tenant.slug;
    match (&catalogs.own, catalogs.shared_with.as_slice()) {
        (None, _) => Finding::note(
            format!("the tokens of {slug} name no catalog: an app that reads by catalog has nothing to show"),
            "give its datastore of this environment a uc_catalog, unless its apps go by the tenant's id",
        ),
        (Some(catalog), []) => {
            Finding::good(format!("the tokens of {slug} name the catalog {catalog}, which no other tenant has"))
        }
        (Some(catalog), others) => {
            let others: Vec<&str> = others.iter().map(crate::domain::Slug::as_str).collect();
            Finding::bad(
                format!(
                    "{slug} has the catalog {catalog} together with {}: an app shows each the other's data",
                    others.join(", ")
                ),
                "give each tenant a uc_catalog of its own",
            )
        }
    }
}

/// Whether who brings no token is turned away.
fn refused(app: &App, answer: Result<Answered, String>) -> Finding {
    let who = name(app);
    match answer {
        Ok(Answered { status: 401 | 403, .. }) => Finding::good(format!("{who} turns away who brings no token")),
        Ok(Answered { status: 200..=299 | 304, .. }) => Finding::note(
            format!(
                "{who} answers without a token as well: it does not check tokens, and who reaches it directly reads what it shows"
            ),
            "let it verify the token, and let nobody but this server reach it",
        ),
        Ok(Answered { status, .. }) => Finding::note(format!("{who} answers {status} to who brings no token"), "401 is expected"),
        Err(fault) => Finding::note(format!("{who} does not answer who brings no token: {fault}"), "look at its own log"),
    }
}
