use chrono::{DateTime, Utc};
use sea_orm::{FromQueryResult, Statement};

use super::{Central, Error};

/// What the central database is to the role that serves, for `loggia doctor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// `SQLite 3.46.0` or `PostgreSQL 15.9`.
    pub version: String,
    /// What time it has; SQLite has this machine's.
    pub now: Option<DateTime<Utc>>,
    /// What the role may do, on PostgreSQL.
    pub role: Option<Rights>,
}

/// A role's rights that matter for the audit and for the server it is on.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
#[allow(missing_docs)]
pub struct Rights {
    pub name: String,
    /// It may do everything on the server.
    pub superuser: bool,
    /// It may make databases or roles.
    pub makes: bool,
    /// It owns the audit and could lift the triggers that guard it.
    pub owns_audit: bool,
    /// It was given a right to alter or remove audit rows.
    pub alters_audit: bool,
    /// Whether its connection is encrypted.
    pub encrypted: bool,
    /// Whether it comes over a socket or loopback.
    pub local: bool,
}

#[derive(FromQueryResult)]
struct Told {
    version: String,
    now: Option<DateTime<Utc>>,
}

const POSTGRES: &str = "SELECT 'PostgreSQL ' || current_setting('server_version') AS version, now() AS now";
const SQLITE: &str = "SELECT 'SQLite ' || sqlite_version() AS version, NULL AS now";
const RIGHTS: &str = "SELECT r.rolname::text AS name, r.rolsuper AS superuser, r.rolcreatedb OR r.rolcreaterole AS makes,
    pg_has_role(t.relowner, 'MEMBER') AS owns_audit,
    has_table_privilege('audit_logs', 'UPDATE') OR has_table_privilege('audit_logs', 'DELETE')
        OR has_table_privilege('audit_logs', 'TRUNCATE') AS alters_audit,
    COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
    COALESCE(inet_server_addr() <<= '127.0.0.0/8'::inet OR inet_server_addr() = '::1'::inet, true) AS local
    FROM pg_roles r, pg_class t WHERE r.rolname = current_user AND t.oid = 'audit_logs'::regclass";

/// Asks the database about itself and about us.
///
/// # Errors
/// `Unavailable` when it does not answer.
pub async fn examine(central: &Central) -> Result<Examined, Error> {
    let db = &central.db;
    let ask = |sql: &str| Statement::from_string(db.get_database_backend(), sql.to_owned());
    let none = || Error::Internal("the database said nothing of itself".to_owned());
    let told =
        Told::find_by_statement(ask(if central.is_sqlite() { SQLITE } else { POSTGRES })).one(db).await?.ok_or_else(none)?;
    let role = match central.is_sqlite() {
        true => None,
        false => Rights::find_by_statement(ask(RIGHTS)).one(db).await?,
    };
    Ok(Examined { version: told.version, now: told.now, role })
}
