use serde_json::Value;
use uuid::Uuid;

use crate::domain::{Email, Role, Slug};
use crate::settings::Oidc;

/// So many values of a claim are read; nobody is in more tenants by a token.
const MOST: usize = 500;

/// What the provider says of somebody, in our words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claims {
    /// Who it is there, for ever: by this an account is known.
    pub(super) subject: String,
    /// Whom its own words mean, as a logout does. Another than the subject where that is another claim.
    pub(super) sub: String,
    /// Which session there, where it tells.
    pub(super) sid: Option<String>,
    /// The address it vouches for.
    pub(super) email: Option<Email>,
    /// The full name.
    pub(super) name: Option<String>,
    /// The values of the roles claim.
    pub(super) roles: Vec<String>,
    /// The tenants its claim names, in the order of their values.
    pub(super) tenants: Vec<Named>,
}

/// A tenant as one value of the claim names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Named {
    /// The value itself.
    pub(super) value: String,
    /// Which tenant, and as what; none when the value is not of that form.
    pub(super) meant: Option<(Which, Role)>,
}

/// A tenant by its slug or its id.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub(super) enum Which {
    Slug(Slug),
    Id(Uuid),
}

impl Claims {
    /// Nothing said of nobody, to keep what was known before.
    pub(super) fn nothing() -> Claims {
        Claims {
            subject: String::new(),
            sub: String::new(),
            sid: None,
            email: None,
            name: None,
            roles: Vec::new(),
            tenants: Vec::new(),
        }
    }

    /// What a verified token says.
    ///
    /// # Errors
    /// There is no subject in it.
    pub(super) fn read(rules: &Oidc, said: &Value) -> Result<Claims, String> {
        let text = |name: &str| said[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Claims {
            subject: subject(rules, said)?,
            sub: text("sub").unwrap_or_default(),
            sid: text("sid"),
            email: email(rules, said),
            name: text("name").map(|name| name.chars().filter(|c| !c.is_control()).take(200).collect()),
            roles: texts(at(said, &rules.roles_claim)),
            tenants: named(rules, said),
        })
    }
}

/// Who a token is about: an Entra tenant names one person differently (`sub`) to every app, and alike only in `oid`.
///
/// # Errors
/// The claim is missing.
pub(super) fn subject(rules: &Oidc, said: &Value) -> Result<String, String> {
    let name = &rules.subject_claim;
    let found = said[name].as_str().filter(|text| !text.is_empty() && text.len() <= 255).map(str::to_owned);
    found.ok_or_else(|| format!("the token has no `{name}`: does the client have the scope that brings it?"))
}

/// The address, if the provider says it has checked it: by `email_verified`, by Azure's `xms_edov`, or because the operator
/// says that this provider hands out no others.
fn email(rules: &Oidc, said: &Value) -> Option<Email> {
    let yes = |name: &str| matches!(&said[name], Value::Bool(true)) || matches!(said[name].as_str(), Some("true" | "1"));
    let denied = matches!(&said["email_verified"], Value::Bool(false)) || said["email_verified"].as_str() == Some("false");
    let verified = yes("email_verified") || yes("xms_edov") || (rules.trust_emails && !denied);
    // Azure AD B2C has a list, the one to write to first
    let address = said["email"].as_str().or_else(|| said["emails"][0].as_str())?;
    address.parse().ok().filter(|_| verified)
}

/// A claim by its own name, which may have dots in it, else by a path of names.
pub(super) fn at<'a>(said: &'a Value, path: &str) -> Option<&'a Value> {
    said.get(path).or_else(|| path.split('.').try_fold(said, |inside, name| inside.get(name)))
}

/// The texts of a claim: a list, or one text with commas or spaces between, as attributes that hold one value are written.
pub(super) fn texts(claim: Option<&Value>) -> Vec<String> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match claim {
        Some(Value::Array(list)) => list.iter().filter_map(plain).take(MOST).collect(),
        Some(Value::String(text)) => {
            text.split([',', ' ']).filter(|part| !part.is_empty()).take(MOST).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn named(rules: &Oidc, said: &Value) -> Vec<Named> {
    let claim = at(said, &rules.tenants_claim);
    // one value with blanks may be a group's name
    let whole = claim.and_then(Value::as_str).filter(|text| rules.tenants.contains_key(*text));
    let values = whole.map_or_else(|| texts(claim), |text| vec![text.to_owned()]);
    values.into_iter().flat_map(|value| meant_by(rules, value)).collect()
}

/// What a value means: what the settings say it does, else what it says itself: `acme-corp`, `acme-corp:admin`, or an id.
fn meant_by(rules: &Oidc, value: String) -> Vec<Named> {
    match rules.tenants.get(&value) {
        Some(listed) => {
            let meant = |(slug, role): &(Slug, Role)| Some((Which::Slug(slug.clone()), *role));
            listed.iter().map(|one| Named { value: value.clone(), meant: meant(one) }).collect()
        }
        None => vec![Named { meant: tenant(&value), value }],
    }
}

fn tenant(text: &str) -> Option<(Which, Role)> {
    let (name, role) = text.split_once(':').unwrap_or((text, "viewer"));
    let role: Role = role.parse().ok()?;
    let which = match name.parse() {
        Ok(slug) => Which::Slug(slug),
        Err(_) if name.len() == 36 => Which::Id(name.parse().ok()?),
        Err(_) => return None,
    };
    Some((which, role))
}

#[cfg(test)]
mod tests {
    use super::{Claims, Named, Which, at};
    use crate::domain::Role;
    use crate::settings::{Flags, Oidc, Settings};
    use serde_json::{Value, json};

    fn rules() -> Oidc {
        let said = [
            ("ISSUER", "https://idp.example/realms/loggia"),
            ("CLIENT_ID", "loggia"),
            ("TENANTS", "CN=Acme,OU=Groups=acme-corp:admin,global-retail"),
        ];
        let environment = said.map(|(name, value)| (format!("LOGGIA_OIDC__{name}"), value.to_owned())).into();
        Settings::load(&Flags::default(), &environment).expect("settings").oidc.expect("a provider")
    }

    fn read(rules: &Oidc, said: Value) -> Claims {
        Claims::read(rules, &said).expect("a subject")
    }

    #[test]
    fn an_address_counts_only_when_the_provider_vouches_for_it() {
        let address = |said: Value| read(&rules(), said).email.map(|email| email.to_string());
        assert_eq!(
            address(json!({"sub": "1", "email": "Ann@Example.com", "email_verified": true})).as_deref(),
            Some("ann@example.com")
        );
        assert_eq!(
            address(json!({"sub": "1", "email": "a@b.example", "email_verified": "true"})).as_deref(),
            Some("a@b.example")
        );
        assert_eq!(address(json!({"sub": "1", "email": "a@b.example", "xms_edov": true})).as_deref(), Some("a@b.example"));
        for unsure in [json!(false), json!("false"), json!(null), json!(1), json!("yes")] {
            assert_eq!(address(json!({"sub": "1", "email": "a@b.example", "email_verified": unsure})), None);
        }
        assert_eq!(address(json!({"sub": "1", "email": "no address", "email_verified": true})), None);
    }

    #[test]
    fn azure_gives_a_list_of_addresses_that_the_operator_may_trust() {
        let said = json!({"sub": "1", "emails": ["cleo@contoso.example", "second@contoso.example"]});
        assert_eq!(read(&rules(), said.clone()).email, None);
        let trusting = Oidc { trust_emails: true, ..rules() };
        assert_eq!(read(&trusting, said).email.expect("an address").to_string(), "cleo@contoso.example");
        let denied = json!({"sub": "1", "email": "a@b.example", "email_verified": false});
        assert_eq!(read(&trusting, denied).email, None, "a provider that says no is believed");
    }

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let said = json!({"realm_access": {"roles": ["a"]}, "https://corp.example/roles": ["b"]});
        assert_eq!(at(&said, "realm_access.roles"), Some(&json!(["a"])));
        assert_eq!(at(&said, "https://corp.example/roles"), Some(&json!(["b"])));
        assert_eq!(at(&said, "realm_access.none"), None);
    }

    #[test]
    fn tenants_are_named_by_slug_id_or_what_the_settings_say_a_value_means() {
        let rules = rules();
        let id = "0190a5f0-0000-7000-8000-000000000001";
        let said =
            json!({"sub": "1", "tenants": ["acme-corp", "beta:admin", id, "CN=Acme,OU=Groups", "Not A Slug", "beta:king", 7]});
        let slug = |text: &str| Which::Slug(text.parse().expect("a slug"));
        let named = |value: &str, meant| Named { value: value.to_owned(), meant };
        let expected = vec![
            named("acme-corp", Some((slug("acme-corp"), Role::Viewer))),
            named("beta:admin", Some((slug("beta"), Role::Admin))),
            named(id, Some((Which::Id(id.parse().expect("an id")), Role::Viewer))),
            named("CN=Acme,OU=Groups", Some((slug("acme-corp"), Role::Admin))),
            named("CN=Acme,OU=Groups", Some((slug("global-retail"), Role::Viewer))),
            named("Not A Slug", None),
            named("beta:king", None),
            named("7", None),
        ];
        assert_eq!(read(&rules, said).tenants, expected);
        let one = read(&rules, json!({"sub": "1", "tenants": "acme-corp, beta:admin"})).tenants;
        assert_eq!(one.iter().map(|named| named.value.as_str()).collect::<Vec<_>>(), ["acme-corp", "beta:admin"]);
        assert_eq!(read(&rules, json!({"sub": "1", "tenants": "CN=Acme,OU=Groups"})).tenants.len(), 2);
        assert!(read(&rules, json!({"sub": "1"})).tenants.is_empty());
        assert_eq!(read(&rules, json!({"sub": "1", "tenants": ["acme-corp:operator"]})).tenants[0].meant, None);
    }

    #[test]
    fn a_token_without_subject_is_nobodys() {
        assert!(Claims::read(&rules(), &json!({"email": "a@b.example"})).is_err());
        let by_oid = Oidc { subject_claim: "oid".to_owned(), ..rules() };
        let claims = read(&by_oid, json!({"sub": "pairwise", "oid": "everywhere"}));
        assert_eq!((claims.subject.as_str(), claims.sub.as_str()), ("everywhere", "pairwise"));
        assert!(Claims::read(&by_oid, &json!({"sub": "pairwise"})).is_err());
    }
}
