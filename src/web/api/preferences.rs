use std::collections::BTreeMap;
use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::Tag;
use super::bodies::{FilterValue, Preferences};
use crate::config::{Dashboard, FilterKind};
use crate::error::{Error, FieldFault, Result};
use crate::tenancy::TenantScope;
use crate::web::guards::ActiveTenant;
use crate::web::openapi::{Body, By};
use crate::web::pages::dashboard::find;
use crate::web::view::PageView;
use crate::web::{Parts, filters};

pub struct PreferencesApi;

#[OpenApi(prefix_path = "/api/v1/preferences", tag = "Tag::Preferences")]
impl PreferencesApi {
    /// The filters saved for a dashboard
    ///
    /// Those the caller saved; a filter that nothing is saved for is not named.
    #[oai(path = "/", method = "get", operation_id = "get_preferences")]
    async fn get(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        /// The dashboard's name; the front page unless said.
        #[oai(validator(max_length = 64))]
        dashboard: Query<Option<String>>,
    ) -> Result<Json<Preferences>> {
        let scope = &person(&tenant)?;
        let dashboard = find(&parts, scope, dashboard.as_deref().unwrap_or("default"))?;
        Ok(Json(saved(&parts, scope, &dashboard).await?))
    }

    /// Saves filters for a dashboard
    ///
    /// The dashboard opens with them from now on, for the caller alone; filters that are not named open as their author
    /// made them. What was saved before is replaced.
    #[oai(path = "/", method = "post", operation_id = "save_preferences")]
    async fn save(
        &self,
        tenant: By<ActiveTenant>,
        parts: Data<&Arc<Parts>>,
        wanted: Body<Preferences>,
    ) -> Result<Json<Preferences>> {
        let scope = &person(&tenant)?;
        let dashboard = find(&parts, scope, &wanted.0.dashboard)?;
        let mut page = PageView::read(&address(&wanted.0.filters)?, &dashboard, scope, parts.clock.now());
        filters::settle(&parts, scope, &dashboard, &mut page).await;
        if !page.notices.is_empty() {
            let fault =
                |notice: &String| FieldFault { field: "filters".to_owned(), message: notice.trim_end_matches('.').to_owned() };
            return Err(Error::Invalid(page.notices.iter().map(fault).collect()));
        }
        filters::save(&parts, scope, &dashboard, Some(&page)).await?;
        Ok(Json(saved(&parts, scope, &dashboard).await?))
    }
}

/// Preferences are a person's own: a machine or a wall screen has none.
fn person(tenant: &By<ActiveTenant>) -> Result<TenantScope> {
    let scope = &tenant.0.0;
    if scope.identity().is_person() { Ok(scope.clone()) } else { Err(Error::Forbidden) }
}

/// The filters as a page's address says them.
fn address(wanted: &BTreeMap<String, FilterValue>) -> Result<String> {
    let mut address = Serializer::new(String::new());
    for (name, value) in wanted {
        let values: Vec<&str> = match &value.0 {
            Value::String(one) => vec![one],
            Value::Array(several) if several.iter().all(Value::is_string) => several.iter().filter_map(Value::as_str).collect(),
            _ => {
                let field = format!("filters.{name}");
                return Err(Error::Invalid(vec![FieldFault { field, message: "must be a text or a list of texts".to_owned() }]));
            }
        };
        let parameter = format!("var-{name}");
        if values.is_empty() {
            address.append_pair(&parameter, "");
        }
        for value in values {
            address.append_pair(&parameter, value);
        }
    }
    Ok(address.finish())
}

async fn saved(parts: &Parts, scope: &TenantScope, dashboard: &Dashboard) -> Result<Preferences> {
    let all = filters::saved(parts, scope, dashboard).await?.unwrap_or_default();
    let mut filters = BTreeMap::new();
    for filter in &dashboard.filters {
        let values: Vec<&str> = all
            .iter()
            .filter(|(name, value)| *name == filter.parameter() && !value.is_empty())
            .map(|(_, value)| value.as_str())
            .collect();
        let value = match (filter.kind, values.as_slice()) {
            (_, []) => continue,
            (FilterKind::Multi, several) => several.into(),
            (_, [one, ..]) => Value::from(*one),
        };
        filters.insert(filter.id.to_string(), FilterValue(value));
    }
    Ok(Preferences { dashboard: dashboard.key.to_string(), filters })
}
