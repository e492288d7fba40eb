use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::super::{Error, Page, Source};
use super::{Config, statement};
use crate::domain::{Role, Slug, TenantId, UserId};

/// A tenant as somebody who may open it sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantCard {
    /// The id.
    pub id: TenantId,
    /// The short name.
    pub slug: Slug,
    /// The name.
    pub name: String,
    /// What the reader may do there.
    pub role: Role,
    /// The shared dashboards it uses.
    pub dashboards: Vec<String>,
}

/// Whose tenants are listed.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// Those the user is a member of.
    Mine(UserId),
    /// All of them, for an operator who may read every tenant.
    Everybodys,
    /// This one alone: the credentials are good for no other.
    Only(UserId, TenantId),
}

#[derive(FromQueryResult)]
struct CardRow {
    id: Uuid,
    slug: String,
    name: String,
    role: Option<String>,
    config: serde_json::Value,
}

#[derive(FromQueryResult)]
struct Count {
    total: i64,
}

/// The active tenants somebody may open, by name; `search` is looked for in names and slugs, `number` counts pages from 1.
///
/// # Errors
/// `Unavailable` when the database does not answer.
pub async fn cards(
    from: &impl Source,
    whose: Whose,
    search: Option<&str>,
    number: u32,
    size: u32,
) -> Result<Page<TenantCard>, Error> {
    let (number, size) = (number.max(1), size.clamp(1, 200));
    let (user, join, only) = match whose {
        Whose::Mine(user) => (user.0, "JOIN", None),
        Whose::Everybodys => (Uuid::nil(), "LEFT JOIN", None),
        Whose::Only(user, tenant) => (user.0, "LEFT JOIN", Some(tenant.0)),
    };
    let (mut conditions, mut values) = (String::from("t.status = 'active'"), vec![Value::from(user)]);
    if let Some(search) = search.filter(|search| !search.trim().is_empty()) {
        values.push(like(search).into());
        let n = values.len();
        conditions += &format!(" AND (lower(t.name) LIKE ${n} ESCAPE '\\' OR t.slug LIKE ${n} ESCAPE '\\')");
    }
    if let Some(tenant) = only {
        values.push(tenant.into());
        conditions += &format!(" AND t.id = ${}", values.len());
    }
    let body = format!("FROM tenants t {join} user_tenants m ON m.tenant_id = t.id AND m.user_id = $1 WHERE {conditions}");
    let count = statement(from, &format!("SELECT count(*) AS total {body}"), values.clone());
    let total = Count::find_by_statement(count).one(from.on()).await?.map_or(0, |count| count.total);
    let (limit, offset) = (values.len() + 1, values.len() + 2);
    let sql = format!(
        "SELECT t.id, t.slug, t.name, t.config, m.role {body} ORDER BY lower(t.name), t.slug LIMIT ${limit} OFFSET ${offset}"
    );
    values.extend([i64::from(size).into(), (i64::from(number - 1) * i64::from(size)).into()]);
    let rows = CardRow::find_by_statement(statement(from, &sql, values)).all(from.on()).await?;
    let items = rows.into_iter().map(|row| card(row, whose)).collect::<Result<_, Error>>()?;
    Ok(Page { items, number, size, total: u64::try_from(total).unwrap_or(0) })
}

fn card(row: CardRow, whose: Whose) -> Result<TenantCard, Error> {
    let role = match (whose, row.role) {
        (Whose::Everybodys, _) | (Whose::Mine(_), None) => Role::Operator,
        // a machine, a device, an operator: what a token allows them
        (Whose::Only(..), None) => Role::Viewer,
        (Whose::Mine(_) | Whose::Only(..), Some(role)) => role.parse().map_err(Error::Internal)?,
    };
    let config: Config = serde_json::from_value(row.config).map_err(|cause| Error::Internal(cause.to_string()))?;
    let slug = row.slug.parse().map_err(Error::Internal)?;
    Ok(TenantCard { id: TenantId(row.id), slug, name: row.name, role, dashboards: config.shown() })
}

/// A LIKE pattern that finds `text` anywhere, taken literally.
pub(in crate::central) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.trim().to_lowercase().chars().filter(|c| *c != '\0').take(100) {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_search_is_taken_literally() {
        assert_eq!(like(" Acme_10% "), r"%acme\_10\%%");
        assert_eq!(like(""), "%%");
    }
}
