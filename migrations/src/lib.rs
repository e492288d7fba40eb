//! The central database, version by version.
//!
//! Append-only: a migration that was released is never edited, and none of them sees today's entities.
//! Every one runs in a transaction, so a failing one leaves nothing behind.

mod m0001_accounts;
mod m0002_tenants;
mod m0003_audit;
mod m0004_keys;
mod m0005_callers;
mod m0006_claims;
mod m0007_frames;
mod m0008_names;

pub use sea_orm_migration::{self, MigrationName, MigrationTrait, MigratorTrait};

/// All versions, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Step),
            Box::new(m0002_tenants::Step),
            Box::new(m0003_audit::Step),
            Box::new(m0004_keys::Step),
            Box::new(m0005_callers::Step),
            Box::new(m0006_claims::Step),
            Box::new(m0007_frames::Step),
            Box::new(m0008_names::Step),
        ]
    }
}

/// The only way is forward: a released database is taken back by restoring a backup, not by dropping tables.
fn no_way_back() -> sea_orm_migration::DbErr {
    sea_orm_migration::DbErr::Custom("the central database is only migrated forward; restore a backup instead".to_owned())
}
