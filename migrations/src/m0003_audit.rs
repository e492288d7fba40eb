use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::sea_query::{self, ColumnDef, Iden, Index, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "m0003_audit"
    }
}

// no foreign keys: the record of a deleted user or tenant stays
#[derive(Iden)]
enum AuditLogs {
    Table,
    Id,
    At,
    Action,
    ActorKind,
    ActorId,
    Actor,
    TenantId,
    Target,
    Detail,
    Address,
    CorrelationId,
    Canonical,
    PrevHash,
    Hash,
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        table(manager).await?;
        for (name, column) in [
            ("audit_logs_tenant_at", AuditLogs::TenantId),
            ("audit_logs_actor_at", AuditLogs::Actor),
            ("audit_logs_action_at", AuditLogs::Action),
        ] {
            let index = Index::create().name(name).table(AuditLogs::Table).col(column).col(AuditLogs::At).take();
            manager.create_index(index).await?;
        }
        let fence = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES_FENCE,
            _ => SQLITE_FENCE,
        };
        manager.get_connection().execute_unprepared(fence).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(crate::no_way_back())
    }
}

async fn table(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table(AuditLogs::Table)
        .col(ColumnDef::new(AuditLogs::Id).big_integer().not_null().primary_key())
        .col(ColumnDef::new(AuditLogs::At).timestamp_with_time_zone().not_null())
        .col(ColumnDef::new(AuditLogs::Action).text().not_null())
        .col(ColumnDef::new(AuditLogs::ActorKind).text().not_null())
        .col(ColumnDef::new(AuditLogs::ActorId).uuid())
        .col(ColumnDef::new(AuditLogs::Actor).text().not_null())
        .col(ColumnDef::new(AuditLogs::TenantId).uuid())
        .col(ColumnDef::new(AuditLogs::Target).text())
        .col(ColumnDef::new(AuditLogs::Detail).text().not_null())
        .col(ColumnDef::new(AuditLogs::Address).text())
        .col(ColumnDef::new(AuditLogs::CorrelationId).text().not_null())
        .col(ColumnDef::new(AuditLogs::Canonical).text().not_null())
        .col(ColumnDef::new(AuditLogs::PrevHash).string_len(64).not_null())
        .col(ColumnDef::new(AuditLogs::Hash).string_len(64).not_null())
        .take();
    manager.create_table(table).await
}

const POSTGRES_FENCE: &str = "
CREATE FUNCTION audit_logs_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_logs is append-only';
END;
$$;
CREATE TRIGGER audit_logs_no_change BEFORE UPDATE OR DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION audit_logs_refuse();
CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION audit_logs_refuse();
";

// INSERT OR REPLACE deletes without firing the delete trigger, hence the third one
const SQLITE_FENCE: &str = "
CREATE TRIGGER audit_logs_no_update BEFORE UPDATE ON audit_logs
BEGIN
    SELECT RAISE(ABORT, 'audit_logs is append-only');
END;
CREATE TRIGGER audit_logs_no_delete BEFORE DELETE ON audit_logs
BEGIN
    SELECT RAISE(ABORT, 'audit_logs is append-only');
END;
CREATE TRIGGER audit_logs_no_replace BEFORE INSERT ON audit_logs
WHEN EXISTS (SELECT 1 FROM audit_logs WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'audit_logs is append-only');
END;
";
