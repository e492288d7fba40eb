use sea_orm_migration::sea_query::{self, ColumnDef, ForeignKey, ForeignKeyAction, Iden, Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0007_frames"
    }
}

#[derive(Iden)]
enum Tenants {
    Table,
    Id,
}

#[derive(Iden)]
enum AppFrames {
    Table,
    Id,
    Bearer,
    TenantId,
    App,
    Dashboard,
    Legacy,
    EndId,
    Ticket,
    TicketUntil,
    OpenedAt,
    SeenAt,
    ClosedAt,
    FailingSince,
    FailingStatus,
    FailingReference,
}

#[derive(Iden)]
enum AppVisitors {
    Table,
    Id,
    Bearer,
    OpenedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        frames(manager).await?;
        visitors(manager).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}

/// Which tenant, and by which flow, a page of a hosted app was opened for. Keys and tickets stand as their SHA-256.
async fn frames(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(AppFrames::Table)
        .col(ColumnDef::new(AppFrames::Id).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(AppFrames::Bearer).text().not_null())
        .col(ColumnDef::new(AppFrames::TenantId).uuid().not_null())
        .col(ColumnDef::new(AppFrames::App).text().not_null())
        .col(ColumnDef::new(AppFrames::Dashboard).text())
        .col(ColumnDef::new(AppFrames::Legacy).boolean().not_null())
        .col(ColumnDef::new(AppFrames::EndId).string_len(64))
        .col(ColumnDef::new(AppFrames::Ticket).string_len(64))
        .col(ColumnDef::new(AppFrames::TicketUntil).timestamp_with_time_zone())
        .col(ColumnDef::new(AppFrames::OpenedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(AppFrames::SeenAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(AppFrames::ClosedAt).timestamp_with_time_zone())
        .col(ColumnDef::new(AppFrames::FailingSince).timestamp_with_time_zone())
        .col(ColumnDef::new(AppFrames::FailingStatus).integer())
        .col(ColumnDef::new(AppFrames::FailingReference).text())
        .foreign_key(
            ForeignKey::create()
                .name("app_frames_tenant")
                .from(AppFrames::Table, AppFrames::TenantId)
                .to(Tenants::Table, Tenants::Id)
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take();
    manager.create_table(table).await?;
    let index =
        Index::create().name("app_frames_bearer").table(AppFrames::Table).col(AppFrames::Bearer).col(AppFrames::App).take();
    manager.create_index(index).await?;
    let index = Index::create().name("app_frames_ticket").table(AppFrames::Table).col(AppFrames::Ticket).unique().take();
    manager.create_index(index).await?;
    manager.create_index(Index::create().name("app_frames_seen").table(AppFrames::Table).col(AppFrames::SeenAt).take()).await
}

/// Who a browser is on the origin of hosted apps: a cookie of its own, by its SHA-256, which stands for the session.
async fn visitors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(AppVisitors::Table)
        .col(ColumnDef::new(AppVisitors::Id).string_len(64).not_null().primary_key())
        .col(ColumnDef::new(AppVisitors::Bearer).text().not_null())
        .col(ColumnDef::new(AppVisitors::OpenedAt).timestamp_with_time_zone().not_null())
        .take();
    manager.create_table(table).await
}
