use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why the central database did not do what was asked. `Display` is for the log, never for a visitor.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, is full, or is shutting down: the same request may succeed later.
    #[error("the central database is unavailable: {0}")]
    Unavailable(String),
    /// Somebody else already has this value.
    #[error("another row already has this {field}")]
    Conflict {
        /// Which value is taken, in the words of the form: `email`, `slug`, `primary`.
        field: &'static str,
    },
    /// What was to be changed is not there (any more).
    #[error("{0} is not in the central database")]
    NotFound(String),
    /// The program and the database disagree.
    #[error("the central database refused: {0}")]
    Internal(String),
}

impl Error {
    /// Whether trying again later may help.
    pub fn is_outage(&self) -> bool {
        matches!(self, Error::Unavailable(_))
    }

    /// Translates a violated unique index into `field`; anything else as it is.
    pub(super) fn taken(field: &'static str) -> impl Fn(DbErr) -> Error {
        move |error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::Conflict { field },
            _ => Error::from(error),
        }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Error {
        let outage = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => is_outage(cause),
            _ => false,
        };
        if outage { Error::Unavailable(error.to_string()) } else { Error::Internal(error.to_string()) }
    }
}

fn is_outage(cause: &sqlx::Error) -> bool {
    match cause {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(cause) => cause.code().is_some_and(|code| code_is_outage(&code)),
        _ => false,
    }
}

/// PostgreSQL classes: connection, sign-in, no such database, a standby that takes no writes, resources, operator
/// intervention. SQLite: busy, locked, I/O, full, cannot open.
fn code_is_outage(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "28", "3D", "25006", "25P03", "53", "57P"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::code_is_outage;

    #[test]
    fn an_outage_is_told_from_a_mistake() {
        for outage in ["08006", "53300", "57P01", "28P01", "25006", "25P03", "5", "517", "14", "13"] {
            assert!(code_is_outage(outage), "{outage}");
        }
        for mistake in ["23505", "42P01", "57014", "1", "2067", "19"] {
            assert!(!code_is_outage(mistake), "{mistake}");
        }
    }
}
