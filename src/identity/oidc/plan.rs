use std::collections::BTreeMap;
use std::fmt;

use super::claims::{Claims, Which};
use crate::central::audit::{About, Action};
use crate::central::links::{self, Linked};
use crate::central::members::{self, Origin};
use crate::central::{Change, Error, Source};
use crate::domain::{Email, Role, Slug, TenantId, UserId};
use crate::settings::Oidc;

/// What a claim changes for somebody, and why: the sign-in does it, `loggia user explain` tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Operator from now on, or no longer; none where that stays as it is.
    pub(super) operator: Option<bool>,
    grants: Vec<(TenantId, Slug, Role)>,
    ends: Vec<(TenantId, Slug)>,
    /// Every value, and what became of it.
    pub(super) reasons: Vec<Reason>,
}

/// What became of one value of a claim.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reason {
    value: String,
    became: Became,
}

#[derive(Clone, Debug, PartialEq)]
enum Became {
    Member(Slug, Role),
    /// Somebody assigned them here: that stands, whatever a claim says.
    Assigned(Slug, Role),
    NoTenant,
    NotNaming,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = &self.value;
        match &self.became {
            Became::Member(slug, role) => write!(f, "“{value}” makes them {role} of {slug}"),
            Became::Assigned(slug, role) => {
                write!(f, "“{value}” changes nothing: somebody assigned them to {slug} as {role}, and that stands")
            }
            Became::NoTenant => write!(f, "“{value}” changes nothing: there is no such tenant"),
            Became::NotNaming => write!(
                f,
                "“{value}” changes nothing: it is not SLUG, SLUG:ROLE or an id, and oidc.tenants does not say what it means"
            ),
        }
    }
}

impl Plan {
    /// What these claims change for the account as it stands; a new account has no memberships yet.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub(super) async fn of(from: &impl Source, rules: &Oidc, claims: &Claims, account: Option<&Linked>) -> Result<Plan, Error> {
        let standing = match account {
            Some(account) => links::memberships(from, account.user.id).await?,
            None => Vec::new(),
        };
        let mut plan = Plan { operator: operator(rules, claims, account), ..Plan::default() };
        let mut wished: BTreeMap<TenantId, (Slug, Role)> = BTreeMap::new();
        for named in &claims.tenants {
            let became = match &named.meant {
                None => Became::NotNaming,
                Some((which, role)) => match tenant(from, which).await? {
                    None => Became::NoTenant,
                    Some((id, slug)) => match standing.iter().find(|one| one.tenant == id && one.origin == Origin::Manual) {
                        Some(one) => Became::Assigned(slug, one.role),
                        None => {
                            // named twice: the stronger counts
                            let wish = wished.entry(id).or_insert((slug.clone(), *role));
                            wish.1 = wish.1.max(*role);
                            Became::Member(slug, *role)
                        }
                    },
                },
            };
            plan.reasons.push(Reason { value: named.value.clone(), became });
        }
        for one in standing.iter().filter(|one| one.origin == Origin::Claim && !wished.contains_key(&one.tenant)) {
            plan.ends.push((one.tenant, one.slug.clone()));
        }
        let same = |id: &TenantId, role: Role| standing.iter().any(|one| one.tenant == *id && one.role == role);
        plan.grants =
            wished.into_iter().filter(|(id, (_, role))| !same(id, *role)).map(|(id, (slug, role))| (id, slug, role)).collect();
        Ok(plan)
    }

    /// Whether anything changes.
    pub(super) fn is_empty(&self) -> bool {
        self.operator.is_none() && self.grants.is_empty() && self.ends.is_empty()
    }

    /// Does it, with an audit row for each.
    ///
    /// # Errors
    /// `Unavailable` when the database does not answer.
    pub(super) async fn carry_out(&self, change: &mut Change, user: UserId, email: &Email) -> Result<(), Error> {
        let about = || About::target(email).with("source", Origin::Claim.as_str());
        for (tenant, _, role) in &self.grants {
            members::assign(change, user, *tenant, *role, Origin::Claim).await?;
            change.note(Action::AssignTenant, about().in_tenant(*tenant).with("role", role.as_str()));
        }
        for (tenant, _) in &self.ends {
            members::remove(change, user, *tenant).await?;
            change.note(Action::UnassignTenant, about().in_tenant(*tenant));
        }
        if let Some(operator) = self.operator {
            links::set_operator(change, user, operator).await?;
            change.note(Action::UpdateUser, about().with("operator", operator));
        }
        Ok(())
    }

    /// The memberships that end.
    pub(super) fn ended(&self) -> impl Iterator<Item = &Slug> {
        self.ends.iter().map(|(_, slug)| slug)
    }
}

/// What a claim gave it takes again; what somebody gave it leaves alone.
fn operator(rules: &Oidc, claims: &Claims, account: Option<&Linked>) -> Option<bool> {
    let says = claims.roles.contains(&rules.operator_role);
    let (is, by_claim) = account.map_or((false, false), |one| (one.user.operator, one.operator_by == Origin::Claim));
    match (says, is) {
        (true, false) => Some(true),
        (false, true) if by_claim => Some(false),
        _ => None,
    }
}

async fn tenant(from: &impl Source, which: &Which) -> Result<Option<(TenantId, Slug)>, Error> {
    links::tenant(
        from,
        match which {
            Which::Slug(slug) => links::Name::Slug(slug),
            Which::Id(id) => links::Name::Id(*id),
        },
    )
    .await
}
