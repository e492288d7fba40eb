use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_query::{
    self, ColumnDef, ConditionalStatement, Expr, ExprTrait, ForeignKey, ForeignKeyAction, Iden, Index, Table,
};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0001_accounts"
    }
}

#[derive(Iden)]
enum Users {
    Table,
    Id,
    Issuer,
    Subject,
    Email,
    FullName,
    PasswordHash,
    IsAdmin,
    IsActive,
    CreatedAt,
    UpdatedAt,
}

#[derive(Iden)]
enum Sessions {
    Table,
    Id,
    UserId,
    SelectedTenantId,
    UserAgent,
    CreatedAt,
    LastSeenAt,
    ExpiresAt,
}

#[derive(Iden)]
enum CentralMeta {
    Table,
    Key,
    Value,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        users(manager).await?;
        sessions(manager).await?;
        let meta = Table::create()
            .table(CentralMeta::Table)
            .col(ColumnDef::new(CentralMeta::Key).text().not_null().primary_key())
            .col(ColumnDef::new(CentralMeta::Value).text().not_null())
            .take();
        manager.create_table(meta).await?;
        manager.get_connection().execute_unprepared("INSERT INTO central_meta (key, value) VALUES ('generation', '0')").await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}

async fn users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Users::Table)
        .col(ColumnDef::new(Users::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Users::Issuer).text())
        .col(ColumnDef::new(Users::Subject).text())
        .col(ColumnDef::new(Users::Email).text().not_null())
        .col(ColumnDef::new(Users::FullName).text())
        .col(ColumnDef::new(Users::PasswordHash).text())
        .col(ColumnDef::new(Users::IsAdmin).boolean().not_null().default(false))
        .col(ColumnDef::new(Users::IsActive).boolean().not_null().default(true))
        .col(ColumnDef::new(Users::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(Users::UpdatedAt).timestamp_with_time_zone().not_null())
        .take();
    manager.create_table(table).await?;
    let email = Index::create().name("users_email").table(Users::Table).col(Users::Email).unique().take();
    manager.create_index(email).await?;
    let subject = Index::create()
        .name("users_subject")
        .table(Users::Table)
        .col(Users::Issuer)
        .col(Users::Subject)
        .unique()
        .and_where(Expr::col(Users::Subject).is_not_null())
        .take();
    manager.create_index(subject).await
}

async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Sessions::Table)
        .col(ColumnDef::new(Sessions::Id).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(Sessions::UserId).uuid().not_null())
        .col(ColumnDef::new(Sessions::SelectedTenantId).uuid())
        .col(ColumnDef::new(Sessions::UserAgent).text())
        .col(ColumnDef::new(Sessions::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(Sessions::LastSeenAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(Sessions::ExpiresAt).timestamp_with_time_zone().not_null())
        .foreign_key(
            ForeignKey::create()
                .name("sessions_user")
                .from(Sessions::Table, Sessions::UserId)
                .to(Users::Table, Users::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(table).await?;
    manager.create_index(Index::create().name("sessions_user_id").table(Sessions::Table).col(Sessions::UserId).take()).await?;
    let expiry = Index::create().name("sessions_expires_at").table(Sessions::Table).col(Sessions::ExpiresAt).take();
    manager.create_index(expiry).await
}
