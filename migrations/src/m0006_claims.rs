use sea_orm_migration::sea_query::{self, ColumnDef, Iden, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0006_claims"
    }
}

#[derive(Iden)]
enum Users {
    Table,
    AdminSource,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    /// Who made somebody an operator, as `user_tenants.source` tells it of memberships: a claim takes back what a claim gave.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let source = ColumnDef::new(Users::AdminSource).text().not_null().default("manual").take();
        manager.alter_table(Table::alter().table(Users::Table).add_column(source).take()).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}
