use sea_orm_migration::sea_query::{self, ColumnDef, ConditionalStatement, Expr, ExprTrait, Iden, Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0004_keys"
    }
}

#[derive(Iden)]
enum SigningKeys {
    Table,
    Kid,
    State,
    PrivateKey,
    PublicJwk,
    CreatedAt,
    SignsAt,
    RetiredAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(SigningKeys::Table)
            .col(ColumnDef::new(SigningKeys::Kid).text().not_null().primary_key())
            .col(ColumnDef::new(SigningKeys::State).text().not_null())
            .col(ColumnDef::new(SigningKeys::PrivateKey).text().not_null())
            .col(ColumnDef::new(SigningKeys::PublicJwk).text().not_null())
            .col(ColumnDef::new(SigningKeys::CreatedAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(SigningKeys::SignsAt).timestamp_with_time_zone().not_null())
            .col(ColumnDef::new(SigningKeys::RetiredAt).timestamp_with_time_zone())
            .check(Expr::cust("state IN ('next', 'signing', 'retired')"))
            .take();
        manager.create_table(table).await?;
        // whichever process is quicker makes the key that signs; the other finds it
        let signing = Index::create()
            .name("signing_keys_signing")
            .table(SigningKeys::Table)
            .col(SigningKeys::State)
            .unique()
            .and_where(Expr::col(SigningKeys::State).eq("signing"))
            .take();
        manager.create_index(signing).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}
