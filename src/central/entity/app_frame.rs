use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "app_frames")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub bearer: String,
    pub tenant_id: Uuid,
    pub app: String,
    pub dashboard: Option<String>,
    pub legacy: bool,
    pub end_id: Option<String>,
    pub ticket: Option<String>,
    pub ticket_until: Option<DateTime<Utc>>,
    pub opened_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
    pub failing_status: Option<i32>,
    pub failing_reference: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
