use sea_orm_migration::sea_query::{
    self, ColumnDef, ConditionalStatement, Expr, ExprTrait, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Iden, Index,
    Table,
};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0002_tenants"
    }
}

#[derive(Iden)]
enum Users {
    Table,
    Id,
}

#[derive(Iden)]
enum Tenants {
    Table,
    Id,
    Slug,
    Name,
    Status,
    Rollout,
    Config,
    CreatedAt,
    UpdatedAt,
}

#[derive(Iden)]
enum TenantDatastores {
    Table,
    Id,
    TenantId,
    Env,
    Kind,
    Host,
    Port,
    Database,
    Schema,
    UcCatalog,
    UcWorkspace,
    IsPrimary,
    SecretRef,
    Options,
    CreatedAt,
    UpdatedAt,
}

#[derive(Iden)]
enum UserTenants {
    Table,
    UserId,
    TenantId,
    Role,
    Source,
    GrantedAt,
}

#[derive(Iden)]
enum Preferences {
    Table,
    TenantId,
    UserId,
    Prefs,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenants(manager).await?;
        datastores(manager).await?;
        members(manager).await?;
        preferences(manager).await
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}

async fn tenants(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Tenants::Table)
        .col(ColumnDef::new(Tenants::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(Tenants::Slug).string_len(40).not_null())
        .col(ColumnDef::new(Tenants::Name).text().not_null())
        .col(ColumnDef::new(Tenants::Status).text().not_null())
        .col(ColumnDef::new(Tenants::Rollout).text().not_null().default("current"))
        .col(ColumnDef::new(Tenants::Config).json_binary().not_null())
        .col(ColumnDef::new(Tenants::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(Tenants::UpdatedAt).timestamp_with_time_zone().not_null())
        .take();
    manager.create_table(table).await?;
    manager.create_index(Index::create().name("tenants_slug").table(Tenants::Table).col(Tenants::Slug).unique().take()).await
}

async fn datastores(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(TenantDatastores::Table)
        .col(ColumnDef::new(TenantDatastores::Id).uuid().not_null().primary_key())
        .col(ColumnDef::new(TenantDatastores::TenantId).uuid().not_null())
        .col(ColumnDef::new(TenantDatastores::Env).text().not_null())
        .col(ColumnDef::new(TenantDatastores::Kind).text().not_null())
        .col(ColumnDef::new(TenantDatastores::Host).text())
        .col(ColumnDef::new(TenantDatastores::Port).integer().not_null().default(5432))
        .col(ColumnDef::new(TenantDatastores::Database).text())
        .col(ColumnDef::new(TenantDatastores::Schema).text())
        .col(ColumnDef::new(TenantDatastores::UcCatalog).text())
        .col(ColumnDef::new(TenantDatastores::UcWorkspace).text())
        .col(ColumnDef::new(TenantDatastores::IsPrimary).boolean().not_null())
        .col(ColumnDef::new(TenantDatastores::SecretRef).text().not_null())
        .col(ColumnDef::new(TenantDatastores::Options).json_binary().not_null())
        .col(ColumnDef::new(TenantDatastores::CreatedAt).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(TenantDatastores::UpdatedAt).timestamp_with_time_zone().not_null())
        .foreign_key(&mut of_tenant("tenant_datastores_tenant", TenantDatastores::Table, TenantDatastores::TenantId))
        .take();
    manager.create_table(table).await?;
    let tenant =
        Index::create().name("tenant_datastores_tenant_id").table(TenantDatastores::Table).col(TenantDatastores::TenantId).take();
    manager.create_index(tenant).await?;
    let primary = Index::create()
        .name("tenant_datastores_primary")
        .table(TenantDatastores::Table)
        .col(TenantDatastores::TenantId)
        .col(TenantDatastores::Env)
        .unique()
        .and_where(Expr::col(TenantDatastores::IsPrimary).is(true))
        .take();
    manager.create_index(primary).await
}

async fn members(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(UserTenants::Table)
        .col(ColumnDef::new(UserTenants::UserId).uuid().not_null())
        .col(ColumnDef::new(UserTenants::TenantId).uuid().not_null())
        .col(ColumnDef::new(UserTenants::Role).text().not_null())
        .col(ColumnDef::new(UserTenants::Source).text().not_null().default("manual"))
        .col(ColumnDef::new(UserTenants::GrantedAt).timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col(UserTenants::UserId).col(UserTenants::TenantId))
        .foreign_key(&mut of_tenant("user_tenants_tenant", UserTenants::Table, UserTenants::TenantId))
        .foreign_key(&mut of_user("user_tenants_user", UserTenants::Table, UserTenants::UserId))
        .check(Expr::cust("role IN ('viewer', 'admin')"))
        .take();
    manager.create_table(table).await?;
    // the primary key is the index from a user to tenants; this is the way back
    let back = Index::create()
        .name("user_tenants_tenant_user")
        .table(UserTenants::Table)
        .col(UserTenants::TenantId)
        .col(UserTenants::UserId)
        .take();
    manager.create_index(back).await
}

async fn preferences(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(Preferences::Table)
        .col(ColumnDef::new(Preferences::TenantId).uuid().not_null())
        .col(ColumnDef::new(Preferences::UserId).uuid().not_null())
        .col(ColumnDef::new(Preferences::Prefs).json_binary().not_null())
        .col(ColumnDef::new(Preferences::UpdatedAt).timestamp_with_time_zone().not_null())
        .primary_key(Index::create().col(Preferences::TenantId).col(Preferences::UserId))
        .foreign_key(&mut of_tenant("preferences_tenant", Preferences::Table, Preferences::TenantId))
        .foreign_key(&mut of_user("preferences_user", Preferences::Table, Preferences::UserId))
        .take();
    manager.create_table(table).await
}

fn of_tenant(name: &str, table: impl Iden + 'static, column: impl Iden + 'static) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(name).from(table, column).to(Tenants::Table, Tenants::Id).on_delete(ForeignKeyAction::Cascade);
    key
}

fn of_user(name: &str, table: impl Iden + 'static, column: impl Iden + 'static) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(name).from(table, column).to(Users::Table, Users::Id).on_delete(ForeignKeyAction::Cascade);
    key
}
