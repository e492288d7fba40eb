use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreClient, CoreIdToken, CoreJwsSigningAlgorithm, CoreResponseType, CoreTokenResponse};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope, SignatureVerificationError, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::Arc;
use url::Url;

use super::discovery::Profile;
use super::fault::OidcError;
use super::wire;
use super::{Provider, payload};

/// How long somebody may take at the provider.
const ERRAND: TimeDelta = TimeDelta::minutes(15);

type Speaker = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What a browser keeps, sealed, while its person is at the provider.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Errand {
    state: String,
    nonce: String,
    verifier: String,
    redirect: String,
    until: i64,
    /// Where to go afterwards.
    pub(super) next: String,
}

/// What the provider's redirect brings back.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    code: String,
    state: String,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Answer {
    /// Which sign-in it belongs to.
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// The tokens of one person, verified.
pub(super) struct Tokens {
    /// What the id token says; none where a renewal brought no new one.
    pub(super) said: Option<Value>,
    /// The id token itself, to name the session by when it ends.
    pub(super) id_token: Option<String>,
    /// What brings new ones.
    pub(super) refresh: Option<String>,
    /// When to ask for new ones: before these run out.
    pub(super) due: Option<DateTime<Utc>>,
}

/// The algorithms an id token may be signed with: a secret that both sides know proves nothing about the sender.
const SIGNED_WITH: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Equal, without telling by the time it takes how much of it is.
fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

impl Provider {
    /// Where to send a browser, and what it is to remember meanwhile.
    pub(super) async fn errand(&self, redirect: &str, next: &str) -> Result<(Url, Errand), OidcError> {
        let profile = self.profile().await?;
        let redirect_url = RedirectUrl::new(redirect.to_owned()).map_err(|e| OidcError::Unverified(e.to_string()))?;
        let speaker = self.speaker(&profile).set_redirect_uri(redirect_url);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let scopes = self.rules().scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let request = speaker.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).add_scopes(scopes);
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let errand = Errand {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            redirect: redirect.to_owned(),
            until: (self.now() + ERRAND).timestamp(),
            next: next.to_owned(),
        };
        Ok((url, errand))
    }

    /// What the provider gives for its answer, verified.
    pub(super) async fn complete(&self, errand: &Errand, answer: &Answer) -> Result<Tokens, OidcError> {
        if !same(&errand.state, &answer.state) || self.now().timestamp() > errand.until {
            return Err(OidcError::Stale);
        }
        let profile = self.profile().await?;
        self.check_sender(&profile, answer)?;
        if let Some(error) = &answer.error {
            let why = answer.error_description.as_deref().unwrap_or_default();
            return Err(OidcError::Declined(format!("{error} {why}").chars().take(300).collect()));
        }
        let redirect = RedirectUrl::new(errand.redirect.clone()).map_err(|e| OidcError::Unverified(e.to_string()))?;
        let speaker = self.speaker(&profile);
        let request = speaker.exchange_code(AuthorizationCode::new(answer.code.clone()));
        let request = request.map_err(|e| OidcError::Unverified(e.to_string()))?.set_redirect_uri(Cow::Owned(redirect));
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(errand.verifier.clone()));
        let given = request.request_async(&self.sender()).await?;
        let tokens = self.verified(&profile, &given, Some(&errand.nonce)).await?;
        if tokens.said.is_none() {
            return Err(OidcError::Unverified("there is no id token in the answer".to_owned()));
        }
        Ok(tokens)
    }

    /// New tokens for old ones.
    pub(super) async fn renewed(&self, refresh: &str) -> Result<Tokens, OidcError> {
        let profile = self.profile().await?;
        let speaker = self.speaker(&profile);
        let old = RefreshToken::new(refresh.to_owned());
        let request = speaker.exchange_refresh_token(&old).map_err(|e| OidcError::Unverified(e.to_string()))?;
        let given = request.request_async(&self.sender()).await?;
        let mut tokens = self.verified(&profile, &given, None).await?;
        // a provider that does not rotate says nothing of the old one
        tokens.refresh = tokens.refresh.or_else(|| Some(refresh.to_owned()));
        Ok(tokens)
    }

    fn check_sender(&self, profile: &Profile, answer: &Answer) -> Result<(), OidcError> {
        match &answer.iss {
            Some(iss) if iss != self.rules().issuer.as_str() => {
                Err(OidcError::Unverified(format!("the answer is from the issuer “{iss}”")))
            }
            None if profile.more.names_issuer => Err(OidcError::Unverified("the answer does not name its issuer".to_owned())),
            _ => Ok(()),
        }
    }

    async fn verified(
        &self,
        profile: &Arc<Profile>,
        given: &CoreTokenResponse,
        nonce: Option<&str>,
    ) -> Result<Tokens, OidcError> {
        let now = self.now();
        let due = given.expires_in().map(|length| due(now, TimeDelta::from_std(length).unwrap_or(TimeDelta::hours(1))));
        let refresh = given.refresh_token().map(|token| token.secret().clone());
        let due = due.filter(|_| refresh.is_some() || nonce.is_none());
        let Some(token) = given.id_token() else { return Ok(Tokens { said: None, id_token: None, refresh, due }) };
        let access = given.access_token();
        match self.check_token(profile, token, access, nonce) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let newer = self.newer_keys(profile).await?;
                let newer = newer.ok_or_else(|| OidcError::Unverified("no key of the provider fits the id token".to_owned()))?;
                self.check_token(&newer, token, access, nonce)?;
            }
            checked => checked?,
        }
        let id_token = token.to_string();
        let said = payload(&id_token).map_err(OidcError::Unverified)?;
        self.check_policy(&said)?;
        Ok(Tokens { said: Some(said), id_token: Some(id_token), refresh, due })
    }

    /// Signature, issuer, audience, expiry, nonce, and that the access token belongs to it.
    fn check_token(
        &self,
        profile: &Profile,
        token: &CoreIdToken,
        access: &AccessToken,
        nonce: Option<&str>,
    ) -> Result<(), ClaimsVerificationError> {
        let now = self.now();
        let speaker = self.speaker(profile);
        let verifier = speaker.id_token_verifier().set_allowed_algs(SIGNED_WITH).set_time_fn(move || now);
        // the id token of a renewal has no nonce
        let right = |given: Option<&Nonce>| match (nonce, given) {
            (None, _) => Ok(()),
            (Some(nonce), Some(given)) if same(nonce, given.secret()) => Ok(()),
            _ => Err("it is not the nonce of this sign-in".to_owned()),
        };
        let claims = token.claims(&verifier, right)?;
        let Some(hash) = claims.access_token_hash() else { return Ok(()) };
        let other = |e: &dyn std::fmt::Display| ClaimsVerificationError::Other(e.to_string());
        let algorithm = token.signing_alg().map_err(|e| other(&e))?;
        let key = token.signing_key(&verifier).map_err(ClaimsVerificationError::SignatureVerification)?;
        let real = AccessTokenHash::from_token(access, algorithm, key).map_err(|e| other(&e))?;
        if real == *hash { Ok(()) } else { Err(ClaimsVerificationError::Other("the access token is not its own".to_owned())) }
    }

    /// Azure: all policies of a tenant share an issuer and an audience; a token says by which it was made.
    pub(super) fn check_policy(&self, said: &Value) -> Result<(), OidcError> {
        let Some(policy) = &self.rules().policy else { return Ok(()) };
        let made_by = said["tfp"].as_str().or_else(|| said["acr"].as_str()).unwrap_or_default();
        if made_by.eq_ignore_ascii_case(policy) {
            Ok(())
        } else {
            Err(OidcError::Unverified(format!("the token was made by the policy “{made_by}”, not “{policy}”")))
        }
    }

    fn speaker(&self, profile: &Profile) -> Speaker {
        let rules = self.rules();
        let secret = rules.client_secret.as_ref().map(|secret| ClientSecret::new(secret.reveal().to_owned()));
        let id = ClientId::new(rules.client_id.clone());
        let speaker = CoreClient::from_provider_metadata(profile.metadata.clone(), id, secret);
        if profile.more.body_only() { speaker.set_auth_type(AuthType::RequestBody) } else { speaker }
    }

    /// Sends what the library wants sent.
    fn sender(&self) -> impl Fn(HttpRequest) -> wire::Sending + use<> {
        let client = self.client().clone();
        move |request| {
            let client = client.clone();
            Box::pin(async move { wire::send(&client, request).await })
        }
    }
}

/// A minute before the end, or after three quarters of what is short-lived.
fn due(now: DateTime<Utc>, length: TimeDelta) -> DateTime<Utc> {
    now + length - TimeDelta::minutes(1).min(length / 4)
}

#[cfg(test)]
mod tests {
    use super::{due, same};
    use chrono::{DateTime, TimeDelta};

    #[test]
    fn new_tokens_are_asked_for_before_the_old_ones_run_out() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(due(now, TimeDelta::minutes(5)), now + TimeDelta::minutes(4));
        assert_eq!(due(now, TimeDelta::seconds(20)), now + TimeDelta::seconds(15));
        assert_eq!(due(now, TimeDelta::zero()), now);
    }

    #[test]
    fn texts_are_compared_whole() {
        assert!(same("state", "state"));
        assert!(!same("state", "stat") && !same("", "state"));
    }
}
