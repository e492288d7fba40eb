use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::{OidcError, Provider, wire};
use crate::central::audit::{About, Action};
use crate::central::{Change, Error, session_tokens, sessions};
use crate::domain::{Actor, ActorKind, CorrelationId};
use crate::identity::{Identities, Identity};

/// A logout token is delivered at once; an older one is somebody's copy. Seconds.
const OLDEST: i64 = 10 * 60;
/// How far the clocks of two machines may be apart, in seconds.
const APART: i64 = 60;
/// The event a logout token tells.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Identities {
    /// Signs out here and, where the provider signed them in, says where to sign out there; it is to send the browser back
    /// to `back`. The refresh token is given back first: a sign-out at the provider need not end it.
    ///
    /// # Errors
    /// `Unavailable` when the central database does not answer; then the session still stands.
    pub async fn farewell(&self, identity: &Identity, back: &str) -> Result<Option<Url>, Error> {
        let held = match (self.provider(), identity.session()) {
            (Some(_), Some(session)) => session_tokens::find(self.central(), session.as_str()).await?,
            _ => None,
        };
        self.sign_out(identity).await?;
        let (Some(provider), Some(held)) = (self.provider(), held) else { return Ok(None) };
        if held.issuer != provider.rules().issuer.as_str() {
            return Ok(None);
        }
        let open = |sealed: &Option<String>| sealed.as_deref().and_then(|sealed| self.sealer().open(sealed).ok());
        if let Some(refresh) = open(&held.refresh_token) {
            provider.give_back(&refresh).await;
        }
        Ok(provider.farewell(open(&held.id_token).as_deref(), back))
    }

    /// The provider says that a session, or all sessions of somebody, ended there: they end here too.
    ///
    /// # Errors
    /// `Unverified` when the token is not the provider's word for us at this moment.
    pub async fn hear_logout(&self, provider: &Provider, token: &str, correlation: CorrelationId) -> Result<(), OidcError> {
        let told = provider.logout(token).await?;
        let issuer = provider.rules().issuer.as_str();
        let meant = session_tokens::meant(self.central(), issuer, told.subject.as_deref(), told.sid.as_deref()).await?;
        if meant.is_empty() {
            return Ok(());
        }
        let actor = Actor::issue(ActorKind::System, None, "identity provider", None, correlation);
        let mut change = Change::open(self.central(), &actor).await?;
        for one in &meant {
            sessions::revoke(&change, &one.session).await?;
            change.note(Action::SignOut, About::target(&one.email).with("by", "identity provider"));
        }
        Ok(change.commit_noted().await?)
    }
}

/// Whose sessions a logout token means.
struct Told {
    subject: Option<String>,
    sid: Option<String>,
}

impl Provider {
    /// What a logout token means, checked by the rules of OpenID Connect Back-Channel Logout 1.0, section 2.6.
    async fn logout(&self, token: &str) -> Result<Told, OidcError> {
        let no = |why: &str| Err(OidcError::Unverified(format!("the logout token: {why}")));
        let (header, said) = self.signed(token, &self.rules().client_id).await?;
        let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
        if !matches!(kind.trim_start_matches("application/"), "jwt" | "logout+jwt") {
            return no("it is of another kind");
        }
        if !said["events"][LOGOUT].is_object() || !said["nonce"].is_null() {
            return no("it does not tell of a logout");
        }
        let (now, made) = (self.now().timestamp(), said["iat"].as_i64().unwrap_or_default());
        if made < now - OLDEST || made > now + APART {
            return no("it is not of this moment");
        }
        let text = |name: &str| said[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let told = Told { subject: text("sub"), sid: text("sid") };
        let (None, None) = (&told.subject, &told.sid) else { return self.heard_once(&said, told) };
        no("it names neither a subject nor a session")
    }

    fn heard_once(&self, said: &Value, told: Told) -> Result<Told, OidcError> {
        let jti = said["jti"].as_str().filter(|jti| !jti.is_empty() && jti.len() <= 256);
        let jti = jti.ok_or_else(|| OidcError::Unverified("the logout token has no id".to_owned()))?;
        let entry = self.0.heard.entry_by_ref(jti).or_insert(());
        if entry.is_fresh() { Ok(told) } else { Err(OidcError::Unverified("the logout token came before".to_owned())) }
    }

    /// Where a browser ends its session at the provider; none when the provider has no such place.
    fn farewell(&self, id_token: Option<&str>, back: &str) -> Option<Url> {
        let mut url = self.0.discovery.at_hand()?.more.end_session_endpoint.clone()?;
        url.query_pairs_mut().append_pair("client_id", &self.rules().client_id).append_pair("post_logout_redirect_uri", back);
        if let Some(token) = id_token {
            url.query_pairs_mut().append_pair("id_token_hint", token);
        }
        Some(url)
    }

    /// Gives a refresh token back (RFC 7009). A provider that does not take it keeps nobody from signing out.
    async fn give_back(&self, refresh: &str) {
        let done = async {
            let profile = self.profile().await?;
            let Some(url) = &profile.more.revocation_endpoint else { return Ok(()) };
            let answer = wire::send(self.client(), self.revocation(url, refresh, profile.more.body_only())?).await?;
            if answer.status().is_success() { Ok(()) } else { Err(wire::Silence(format!("it answered {}", answer.status()))) }
        };
        if let Err(silence) = done.await {
            tracing::warn!("the identity provider did not take a refresh token back: {silence}");
        }
    }

    fn revocation(&self, url: &Url, refresh: &str, body_only: bool) -> Result<http::Request<Vec<u8>>, wire::Silence> {
        let rules = self.rules();
        let mut form = Serializer::new(String::new());
        form.append_pair("token", refresh).append_pair("token_type_hint", "refresh_token");
        let mut request = http::Request::post(url.as_str()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match &rules.client_secret {
            Some(secret) if !body_only => {
                let coded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", coded(&rules.client_id), coded(secret.reveal()));
                request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            secret => {
                form.append_pair("client_id", &rules.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret.reveal());
                }
            }
        }
        request.body(form.finish().into_bytes()).map_err(wire::Silence::of)
    }
}
