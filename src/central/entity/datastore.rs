use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_datastores")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub env: String,
    pub kind: String,
    pub host: Option<String>,
    pub port: i32,
    pub database: Option<String>,
    pub schema: Option<String>,
    pub uc_catalog: Option<String>,
    pub uc_workspace: Option<String>,
    pub is_primary: bool,
    pub secret_ref: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub options: Json,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sea_orm(belongs_to, from = "tenant_id", to = "id")]
    pub tenant: BelongsTo<super::tenant::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
