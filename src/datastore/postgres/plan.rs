//! How a statement is asked and its answer read: prepared once a connection.

use sqlx::postgres::{PgConnection, PgRow, PgTypeInfo, PgTypeKind};
use sqlx::{AssertSqlSafe, Column as _, Either, Executor, Row, SqlSafeStr, Statement as _};

use super::Trouble;
use super::decode::{Kind, Sink};

pub(super) struct Plan {
    /// The statement, or its wrapped form where a type needs PostgreSQL's own text.
    pub(super) sql: String,
    pub(super) parameters: Vec<PgTypeInfo>,
    pub(super) columns: Vec<Planned>,
}

pub(super) struct Planned {
    pub(super) name: Box<str>,
    kind: Kind,
    oid: Option<u32>,
}

impl Plan {
    pub(super) async fn prepare(connection: &mut PgConnection, sql: &str, types: &[PgTypeInfo]) -> Result<Plan, Trouble> {
        let plan = Plan::look(connection, sql, types).await?;
        if plan.columns.is_empty() {
            return Err(Trouble::Refused("only a query that answers with columns may run".into()));
        }
        if plan.columns.iter().all(|c| !matches!(c.kind, Kind::Cast | Kind::Array)) {
            return Ok(plan);
        }
        let wrapped = Plan::look(connection, &plan.wrapped(), &plan.parameters).await?;
        let names = plan.columns.into_iter().map(|c| c.name);
        let columns = wrapped.columns.into_iter().zip(names).map(|(c, name)| Planned { name, ..c }).collect();
        Ok(Plan { columns, ..wrapped })
    }

    pub(super) fn sinks(&self) -> Vec<Sink> {
        self.columns.iter().map(|c| Sink::new(c.kind)).collect()
    }

    /// Whether a row is what was prepared; a table may have changed since.
    pub(super) fn describes(&self, row: &PgRow) -> bool {
        let columns = row.columns();
        columns.len() == self.columns.len()
            && columns.iter().zip(&self.columns).all(|(is, was)| is.type_info().oid().map(|o| o.0) == was.oid)
    }

    async fn look(connection: &mut PgConnection, sql: &str, types: &[PgTypeInfo]) -> Result<Plan, Trouble> {
        let prepared = connection.prepare_with(AssertSqlSafe(sql.to_owned()).into_sql_str(), types).await?;
        let parameters = match prepared.parameters() {
            Some(Either::Left(types)) => types.to_vec(),
            _ => Vec::new(),
        };
        let columns = prepared.columns().iter().map(|column| {
            let oid = column.type_info().oid().map(|o| o.0);
            Planned { name: column.name().into(), kind: kind(column.type_info(), oid), oid }
        });
        Ok(Plan { sql: sql.to_owned(), parameters, columns: columns.collect() })
    }

    /// The statement with unknown types as text and arrays as JSON. Columns are named by their place, as names may repeat.
    fn wrapped(&self) -> String {
        let places = 1..=self.columns.len();
        let picked = self.columns.iter().zip(places.clone()).map(|(column, i)| match column.kind {
            Kind::Cast => format!("q.c{i}::text"),
            Kind::Array => format!("to_json(q.c{i})"),
            _ => format!("q.c{i}"),
        });
        let named: Vec<_> = places.map(|i| format!("c{i}")).collect();
        let picked: Vec<_> = picked.collect();
        format!("SELECT {} FROM (\n{}\n) AS q({})", picked.join(", "), self.sql, named.join(", "))
    }
}

fn kind(info: &PgTypeInfo, oid: Option<u32>) -> Kind {
    match info.kind() {
        PgTypeKind::Array(_) => Kind::Array,
        PgTypeKind::Enum(_) => Kind::Text,
        _ => oid.map_or(Kind::Cast, Kind::of),
    }
}
