use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::claims::{at, subject, texts};
use super::discovery::Profile;
use super::{OidcError, Provider};
use crate::central::links;
use crate::domain::{Actor, ActorKind, CorrelationId, UserId};
use crate::identity::{Audience, Credential, Identities, Identity, Refusal, Scope, Scopes};

/// How far the clocks of two machines may be apart, in seconds.
const APART: i64 = 30;

/// What signs a token that anybody may check: never a secret that both sides know.
const SIGNED_WITH: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

impl Provider {
    /// What a token says that this provider signed for `audience`, good at this moment. What kind of token it is, is for the
    /// caller to look at.
    pub(super) async fn signed(&self, token: &str, audience: &str) -> Result<(Header, Value), OidcError> {
        let bad = |e: &dyn std::fmt::Display| OidcError::Unverified(e.to_string());
        let header = decode_header(token).map_err(|e| bad(&e))?;
        if !SIGNED_WITH.contains(&header.alg) {
            return Err(OidcError::Unverified(format!("signed with {:?}", header.alg)));
        }
        let mut profile = self.profile().await?;
        if profile.key(header.kid.as_deref()).is_none() {
            profile = self.newer_keys(&profile).await?.unwrap_or(profile);
        }
        let said = proven(&profile, token, &header)?;
        self.check_time_and_place(&said, audience)?;
        Ok((header, said))
    }

    fn check_time_and_place(&self, said: &Value, audience: &str) -> Result<(), OidcError> {
        let no = |why: String| Err(OidcError::Unverified(why));
        let now = self.now().timestamp();
        if said["iss"].as_str() != Some(self.rules().issuer.as_str()) {
            return no(format!("the issuer is {}", said["iss"]));
        }
        let meant = match &said["aud"] {
            Value::String(one) => one == audience,
            Value::Array(list) => list.iter().any(|one| one.as_str() == Some(audience)),
            _ => false,
        };
        if !meant {
            return no(format!("the audience is {}", said["aud"]));
        }
        // seconds, which may have fractions
        let time = |name: &str| said[name].as_f64().map(|seconds| seconds as i64);
        if time("exp").is_some_and(|end| now >= end + APART) {
            return no("it has expired".to_owned());
        }
        if time("nbf").is_some_and(|start| now + APART < start) {
            return no("it is not valid yet".to_owned());
        }
        Ok(())
    }
}

fn proven(profile: &Profile, token: &str, header: &Header) -> Result<Value, OidcError> {
    let bad = |e: &dyn std::fmt::Display| OidcError::Unverified(e.to_string());
    let key = profile.key(header.kid.as_deref()).ok_or_else(|| bad(&"no key of the provider fits it"))?;
    let key = DecodingKey::from_jwk(key).map_err(|e| bad(&e))?;
    let mut rules = Validation::new(header.alg);
    // time and place are checked by our own clock and settings
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims.clear();
    decode::<Value>(token, &key, &rules).map(|decoded| decoded.claims).map_err(|e| bad(&e))
}

impl Identities {
    /// Who brings an access token of the identity provider; none when the token does not say that it is one.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(in crate::identity) async fn provider_bearer(
        &self,
        token: &str,
        audience: Audience,
        correlation: CorrelationId,
    ) -> Result<Option<Identity>, Refusal> {
        let Some(provider) = self.provider() else { return Ok(None) };
        let claimed = super::payload(token).unwrap_or_default();
        if claimed["iss"].as_str() != Some(provider.rules().issuer.as_str()) {
            return Ok(None);
        }
        let Some(meant) = provider.rules().audience.clone() else {
            return Err(Refusal::Bad("tokens of the identity provider are not taken: oidc.audience is not set".to_owned()));
        };
        let bad = |error: OidcError| Refusal::Bad(format!("the provider's token: {error}"));
        let (header, said) = provider.signed(token, &meant).await.map_err(bad)?;
        check_kind(&header, &said).map_err(Refusal::Bad)?;
        provider.check_policy(&said).map_err(bad)?;
        let jti = said["jti"].as_str().map_or_else(|| hex::encode(Sha256::digest(token)), str::to_owned);
        match audience {
            Audience::Internal if provider.is_machine(&said) => Ok(Some(machine(&said, jti, correlation))),
            _ => self.person_of(provider, &said, jti, correlation).await.map(Some),
        }
    }

    async fn person_of(
        &self,
        provider: &Provider,
        said: &Value,
        jti: String,
        correlation: CorrelationId,
    ) -> Result<Identity, Refusal> {
        let subject = subject(provider.rules(), said).map_err(Refusal::Bad)?;
        let found = links::find(self.central(), provider.rules().issuer.as_str(), &subject).await?;
        let Some(user) = found.map(|linked| linked.user) else {
            return Err(Refusal::Bad("the provider's token is of somebody who has never signed in".to_owned()));
        };
        if !user.active {
            return Err(Refusal::Bad("the provider's token is of an inactive account".to_owned()));
        }
        let actor = Actor::issue(ActorKind::Bearer, Some(user.id), user.email.as_str(), None, correlation);
        Ok(Identity {
            user: user.id,
            name: user.name.unwrap_or_else(|| user.email.to_string()),
            label: user.email.to_string(),
            operator: user.operator,
            credential: Credential::Provider { jti },
            selected: None,
            actor,
        })
    }
}

impl Provider {
    /// Whether the token's roles say that it may run the installation by the internal API.
    fn is_machine(&self, said: &Value) -> bool {
        let roles = texts(at(said, &self.rules().roles_claim));
        self.rules().machine_role.as_ref().is_some_and(|wanted| roles.contains(wanted))
    }
}

/// An access token, not one for another purpose that happens to be for the same audience.
fn check_kind(header: &Header, said: &Value) -> Result<(), String> {
    let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    let fits = matches!(kind.trim_start_matches("application/"), "jwt" | "at+jwt");
    // Keycloak tells in the token what it is for
    let meant = said["typ"].as_str().is_none_or(|meant| meant.eq_ignore_ascii_case("bearer"));
    let other = said["events"].is_object();
    if fits && meant && !other && said["exp"].is_number() { Ok(()) } else { Err("it is no access token".to_owned()) }
}

/// A program of the company's own: it has no account here, and its id is made of what it is called there.
fn machine(said: &Value, jti: String, correlation: CorrelationId) -> Identity {
    let text = |name: &str| said[name].as_str();
    let label =
        text("azp").or_else(|| text("client_id")).or_else(|| text("sub")).unwrap_or("a client of the provider").to_owned();
    let digest = Sha256::digest(format!("{} {}", said["iss"], said["sub"]));
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    let user = UserId(uuid::Builder::from_custom_bytes(bytes).into_uuid());
    let actor = Actor::issue(ActorKind::Machine, Some(user), label.as_str(), None, correlation);
    let credential = Credential::Machine { scopes: Scopes::new([Scope::Admin, Scope::Provision]), jti };
    Identity { user, name: label.clone(), label, operator: false, credential, selected: None, actor }
}
