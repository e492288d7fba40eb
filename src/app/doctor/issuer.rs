use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Client, Response, redirect};
use serde_json::Value;
use url::Url;

use super::central::skew;
use super::{bad, good, note};
use crate::domain::{Clock, Finding};
use crate::settings::{Oidc, Settings};

/// How long another server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is outside: the identity provider, and ourselves as visitors reach us.
pub(super) async fn look(settings: &Settings, clock: &Clock) -> Vec<Finding> {
    let client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE).build();
    let client = match client {
        Ok(client) => client,
        Err(fault) => return vec![bad(format!("no other server can be asked: {fault}"), "")],
    };
    let mut findings = match &settings.oidc {
        // as it is asked when people sign in: with the authority that the settings name
        Some(oidc) => match crate::identity::oidc::client(oidc) {
            Ok(client) => issuer(&client, oidc, settings.public_url.as_ref(), clock).await,
            Err(fault) => vec![bad(fault, "look at LOGGIA_OIDC__CA: a file with certificates in PEM")],
        },
        None => Vec::new(),
    };
    if let Some(url) = settings.public_url.as_ref().filter(|url| url.scheme() == "https") {
        findings.extend(ourselves(&client, url).await);
    }
    findings
}

async fn issuer(client: &Client, oidc: &Oidc, public: Option<&Url>, clock: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    let issuer = oidc.issuer.as_str();
    match public {
        Some(url) => {
            let back =
                ["login/callback", "login"].map(|path| url.join(path).map_or_else(|_| String::new(), |url| url.to_string()));
            findings.push(note(
                format!("the identity provider has to know {} as redirect and {} as place after signing out", back[0], back[1]),
                "",
            ));
        }
        None => findings
            .push(bad("the identity provider sends people back to a fixed address, and none is set", "set LOGGIA_PUBLIC_URL")),
    }
    let document = oidc.metadata();
    match client.get(&document).send().await {
        Ok(response) if response.status().is_success() => findings.extend(discovered(response, issuer, clock).await),
        Ok(response) => {
            let fix =
                "look at LOGGIA_OIDC__ISSUER: for Keycloak https://HOST/realms/REALM, for Azure with its policy in the path";
            findings.push(bad(format!("{document} answers {}", response.status().as_u16()), fix));
        }
        Err(fault) => {
            let why = if fault.is_timeout() { "it takes too long" } else { "nobody answers, or its certificate is not trusted" };
            findings.push(bad(
                format!("the identity provider {issuer} cannot be asked: {why}"),
                "look at LOGGIA_OIDC__ISSUER, name server and firewall",
            ));
        }
    }
    findings
}

async fn discovered(response: Response, issuer: &str, clock: &Clock) -> Vec<Finding> {
    let there =
        response.headers().get("date").and_then(|v| v.to_str().ok()).and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    let mut findings: Vec<Finding> =
        there.map(|there| skew("the identity provider", there.with_timezone(&Utc) - clock.now())).into_iter().collect();
    let Ok(document) = response.json::<Value>().await else {
        findings.push(bad("the identity provider's discovery document is no JSON", "look at LOGGIA_OIDC__ISSUER"));
        return findings;
    };
    let named = document["issuer"].as_str().unwrap_or_default();
    findings.push(match named == issuer {
        true => good(format!("the identity provider {issuer} answers")),
        false => bad(
            format!("the identity provider calls itself “{named}”, not “{issuer}”"),
            "set LOGGIA_OIDC__ISSUER to what it calls itself, to the letter",
        ),
    });
    let methods = document["code_challenge_methods_supported"].as_array();
    if methods.is_none_or(|methods| !methods.iter().any(|method| method == "S256")) {
        findings.push(note("the identity provider does not say that it knows PKCE with S256; it is sent all the same", ""));
    }
    findings
}

/// The public address, from this machine: it need not lead here (a firewall may keep us from our own door).
async fn ourselves(client: &Client, public: &Url) -> Vec<Finding> {
    let Ok(health) = public.join("health") else { return Vec::new() };
    let Ok(response) = client.get(health.clone()).send().await else {
        return vec![note(
            format!("{health} cannot be reached from this machine"),
            "not a fault where only visitors come that way, or while nothing is served",
        )];
    };
    let mut findings = Vec::new();
    let mine = response.headers().contains_key("x-correlation-id");
    findings.push(match mine && response.status().is_success() {
        true => good(format!("{public} leads here")),
        false => bad(
            format!("{public} leads to somebody else (status {})", response.status().as_u16()),
            "look at the proxy, or at LOGGIA_PUBLIC_URL",
        ),
    });
    if mine && !response.headers().contains_key("strict-transport-security") {
        findings.push(bad("the proxy takes Strict-Transport-Security away", "let the proxy pass headers on as they are"));
    }
    findings
}
