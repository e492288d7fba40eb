//! What a table holds, asked of the database itself.

use super::{Bind, Datastore, Dialect, Failure, Statement};

/// A column as the database declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// Its type, in the database's words.
    pub kind: String,
}

const MOST: usize = 2000;

impl Datastore {
    /// The columns of a table or view, in its order; none when there is no such table.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn describe(&self, table: &str) -> Result<Vec<Described>, Failure> {
        let frame = self.query(&self.look_up(table), MOST).await?;
        let (Some(names), Some(kinds)) = (frame.column("name"), frame.column("kind")) else { return Ok(Vec::new()) };
        let read = |i| Some(Described { name: names.text(i)?.into_owned(), kind: kinds.text(i)?.into_owned() });
        Ok((0..frame.rows()).filter_map(read).collect())
    }

    fn look_up(&self, table: &str) -> Statement {
        let table = Bind::Text(table.to_owned());
        match self.dialect() {
            Dialect::Sqlite => {
                Statement { sql: "SELECT name, type AS kind FROM pragma_table_info(?1) ORDER BY cid".into(), binds: vec![table] }
            }
            Dialect::Postgres => Statement {
                sql: "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
                      WHERE table_name = $1 AND table_schema = coalesce($2, current_schema()) ORDER BY ordinal_position"
                    .into(),
                binds: vec![table, self.schema().map_or(Bind::Null, |s| Bind::Text(s.to_owned()))],
            },
        }
    }
}
