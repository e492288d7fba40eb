//! A statement being written.

use crate::datastore::{Bind, Dialect, Statement};
use crate::query::Name;

/// SQL text and its bound values, as they grow.
pub(in crate::query) struct Sql {
    /// Whose SQL.
    pub dialect: Dialect,
    schema: Option<String>,
    /// What was written.
    pub text: String,
    binds: Vec<Bind>,
}

impl Sql {
    pub(in crate::query) fn new(dialect: Dialect, schema: Option<&str>) -> Sql {
        Sql { dialect, schema: schema.map(str::to_owned), text: String::with_capacity(512), binds: Vec::new() }
    }

    /// Writes our own text.
    pub(in crate::query) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Binds a value and writes its mark.
    pub(in crate::query) fn bind(&mut self, value: Bind) {
        self.binds.push(value);
        self.text.push(if self.dialect == Dialect::Postgres { '$' } else { '?' });
        self.text.push_str(&self.binds.len().to_string());
    }

    /// Binds a value whose type PostgreSQL is told.
    pub(super) fn bind_as(&mut self, value: Bind, postgres: &str) {
        self.bind(value);
        if self.dialect == Dialect::Postgres {
            self.push("::");
            self.push(postgres);
        }
    }

    /// A column of the source, qualified: SQLite takes an unknown name in quotes for a text unless it is.
    pub(super) fn column(&mut self, name: &Name) {
        self.push("s.");
        self.quoted(name.as_str());
    }

    pub(super) fn quoted(&mut self, name: &str) {
        self.text.push('"');
        self.text.push_str(&name.replace('"', "\"\""));
        self.text.push('"');
    }

    pub(super) fn table(&mut self, name: &Name) {
        if let Some(schema) = self.schema.take() {
            self.quoted(&schema);
            self.text.push('.');
            self.schema = Some(schema);
        }
        self.quoted(name.as_str());
    }

    pub(super) fn limit(&mut self, rows: u64, offset: u64) {
        let bound = |n: u64| Bind::Int(i64::try_from(n).unwrap_or(i64::MAX));
        self.push(" LIMIT ");
        self.bind_as(bound(rows), "bigint");
        if offset > 0 {
            self.push(" OFFSET ");
            self.bind_as(bound(offset), "bigint");
        }
    }

    /// Keeps the planner from looking inside the subselect it stands at the end of: PostgreSQL takes buckets of time to be
    /// nearly as many as rows and would sort them all, where a hash over what it cannot estimate is two to three times as fast.
    pub(super) fn fence(&mut self) {
        self.push(if self.dialect == Dialect::Postgres { " OFFSET 0" } else { " LIMIT -1 OFFSET 0" });
    }

    pub(in crate::query) fn done(self) -> Statement {
        Statement { sql: self.text, binds: self.binds }
    }
}
