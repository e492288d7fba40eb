use std::fmt::Write;

use super::claims::{Claims, at};
use super::payload;
use super::plan::Plan;
use crate::central::links::{self, Linked};
use crate::central::members::Origin;
use crate::central::{Central, Error, session_tokens};
use crate::domain::Email;
use crate::identity::Sealer;
use crate::settings::Oidc;

/// Why somebody may do what they may do: the account, what somebody assigned, and what each claim of their last sign-in
/// gave. None when there is no such account.
///
/// # Errors
/// `Unavailable` when the central database does not answer.
pub async fn explain(central: &Central, sealer: &Sealer, rules: Option<&Oidc>, email: &Email) -> Result<Option<String>, Error> {
    let Some(account) = links::find_by_email(central, email).await? else { return Ok(None) };
    let mut text = self_of(&account);
    for one in links::memberships(central, account.user.id).await? {
        let _ = writeln!(text, "{} of {}, {}", one.role, one.slug, by(one.origin));
    }
    let Some(rules) = rules else {
        text.push_str("No identity provider is set up: claims play no part.\n");
        return Ok(Some(text));
    };
    let held = session_tokens::newest(central, account.user.id).await?;
    let token = held.and_then(|held| held.id_token).and_then(|sealed| sealer.open(&sealed).ok());
    match token.as_deref().map(payload) {
        Some(Ok(said)) => {
            let claims = Claims::read(rules, &said).map_err(Error::Internal)?;
            let plan = Plan::of(central, rules, &claims, Some(&account)).await?;
            text.push_str(&told(rules, &said, &claims, &plan));
        }
        _ => text.push_str("No session of theirs holds claims: they tell nothing until the next sign-in with the provider.\n"),
    }
    Ok(Some(text))
}

fn by(origin: Origin) -> &'static str {
    match origin {
        Origin::Manual => "assigned here",
        Origin::Claim => "by claim",
    }
}

fn self_of(account: &Linked) -> String {
    let user = &account.user;
    let mut text = format!("{} ({})\n", user.email, user.name.as_deref().unwrap_or("no name"));
    let _ = writeln!(text, "account {}, {}", user.id, if user.active { "active" } else { "inactive: nobody signs in" });
    let _ = match (&account.issuer, &account.subject) {
        (Some(issuer), Some(subject)) => writeln!(text, "signs in as the subject {subject} of {issuer}"),
        _ if user.password_hash.is_some() => writeln!(text, "signs in with a password kept here"),
        _ => writeln!(text, "invited: the first sign-in with this address, verified, takes the account"),
    };
    if user.operator {
        let _ = writeln!(text, "operator of the installation, {}", by(account.operator_by));
    }
    text
}

fn told(rules: &Oidc, said: &serde_json::Value, claims: &Claims, plan: &Plan) -> String {
    let mut text = String::from("What the claims of the last sign-in say:\n");
    let shown = |path: &str| at(said, path).map_or_else(|| "is missing".to_owned(), |value| format!("is {value}"));
    let _ = writeln!(text, "  {} {}", rules.roles_claim, shown(&rules.roles_claim));
    let has = claims.roles.contains(&rules.operator_role);
    let verb = if has { "has" } else { "has not" };
    let made = if has { "which makes them an operator" } else { "so it makes them no operator" };
    let _ = writeln!(text, "    it {verb} “{}” (oidc.operator_role), {made}", rules.operator_role);
    let _ = writeln!(text, "  {} {}", rules.tenants_claim, shown(&rules.tenants_claim));
    for reason in &plan.reasons {
        let _ = writeln!(text, "    {reason}");
    }
    for slug in plan.ended() {
        let _ = writeln!(text, "    no value names {slug} any more: the next sign-in ends that membership");
    }
    if claims.email.is_none() {
        text.push_str("  no e-mail address is verified (email_verified, xms_edov, or oidc.trust_emails)\n");
    }
    text
}
