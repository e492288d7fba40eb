use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0008_names"
    }
}

// The order tenants are listed in; and what is looked for when somebody or a tenant goes. And the count of changes to who may do what goes: the end of the audit says as much.
const STEPS: &str = "
CREATE INDEX tenants_name ON tenants (lower(name), slug);
CREATE INDEX preferences_user ON preferences (user_id);
CREATE INDEX app_frames_tenant ON app_frames (tenant_id);
DELETE FROM central_meta WHERE key = 'generation';
";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(STEPS).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}
