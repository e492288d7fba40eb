use sea_orm_migration::sea_query::{self, ColumnDef, ForeignKey, ForeignKeyAction, Iden, Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0005_callers"
    }
}

#[derive(Iden)]
enum Sessions {
    Table,
    Id,
}

#[derive(Iden)]
enum Tenants {
    Table,
    Id,
}

#[derive(Iden)]
enum SessionTokens {
    Table,
    SessionId,
    Issuer,
    Subject,
    Sid,
    IdToken,
    RefreshToken,
    ExpiresAt,
}

#[derive(Iden)]
enum MachineClients {
    Table,
    Id,
    ClientId,
    Name,
    SecretHash,
    PreviousSecretHash,
    PreviousUntil,
    Certificate,
    Scopes,
    IsActive,
    CreatedAt,
    UpdatedAt,
    LastUsedAt,
}

#[derive(Iden)]
enum Devices {
    Table,
    Id,
    TenantId,
    Name,
    TokenHash,
    Dashboards,
    CreatedBy,
    CreatedAt,
    LastUsedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        session_tokens(manager).await?;
        machine_clients(manager).await?;
        devices(manager).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}

/// What the identity provider gave for a session: sealed, gone with the session.
async fn session_tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(SessionTokens::Table)
        .col(ColumnDef::new(SessionTokens::SessionId).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(SessionTokens::Issuer).text().not_null())
        .col(ColumnDef::new(SessionTokens::Subject).text().not_null())
        .col(ColumnDef::new(SessionTokens::Sid).text())
        .col(ColumnDef::new(SessionTokens::IdToken).text())
        .col(ColumnDef::new(SessionTokens::RefreshToken).text())
        .col(ColumnDef::new(SessionTokens::ExpiresAt).timestamp_with_time_zone())
        .foreign_key(
            ForeignKey::create()
                .name("session_tokens_session")
                .from(SessionTokens::Table, SessionTokens::SessionId)
                .to(Sessions::Table, Sessions::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(table).await?;
    for (name, column) in [("session_tokens_sid", SessionTokens::Sid), ("session_tokens_subject", SessionTokens::Subject)] {
        let index = Index::create().name(name).table(SessionTokens::Table).col(SessionTokens::Issuer).col(column).take();
        manager.create_index(index).await?;
    }
    Ok(())
}

async fn machine_clients(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(MachineClients::Table)
        .col(ColumnDef::new(MachineClients::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(MachineClients::ClientId).text().not_null())
        .col(ColumnDef::new(MachineClients::Name).text().not_null())
        .col(ColumnDef::new(MachineClients::SecretHash).text())
        .col(ColumnDef::new(MachineClients::PreviousSecretHash).text())
        .col(ColumnDef::new(MachineClients::PreviousUntil).timestamp_with_time_zone())
        .col(ColumnDef::new(MachineClients::Certificate).text())
        .col(ColumnDef::new(MachineClients::Scopes).text().not_null())
        .col(ColumnDef::new(MachineClients::IsActive).boolean().not_null().default(true))
        .col(ColumnDef::new(MachineClients::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(MachineClients::UpdatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(MachineClients::LastUsedAt).timestamp_with_time_zone())
        .take();
    manager.create_table(table).await?;
    for (name, column) in
        [("machine_clients_client_id", MachineClients::ClientId), ("machine_clients_certificate", MachineClients::Certificate)]
    {
        manager.create_index(Index::create().name(name).table(MachineClients::Table).col(column).unique().take()).await?;
    }
    Ok(())
}

async fn devices(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Devices::Table)
        .col(ColumnDef::new(Devices::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Devices::TenantId).uuid().not_null())
        .col(ColumnDef::new(Devices::Name).text().not_null())
        .col(ColumnDef::new(Devices::TokenHash).string_len(64).not_null())
        .col(ColumnDef::new(Devices::Dashboards).text().not_null())
        .col(ColumnDef::new(Devices::CreatedBy).text().not_null())
        .col(ColumnDef::new(Devices::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(Devices::LastUsedAt).timestamp_with_time_zone())
        .foreign_key(
            ForeignKey::create()
                .name("devices_tenant")
                .from(Devices::Table, Devices::TenantId)
                .to(Tenants::Table, Tenants::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(table).await?;
    manager
        .create_index(Index::create().name("devices_token").table(Devices::Table).col(Devices::TokenHash).unique().take())
        .await?;
    manager.create_index(Index::create().name("devices_tenant_id").table(Devices::Table).col(Devices::TenantId).take()).await
}
