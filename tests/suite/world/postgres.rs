//! A PostgreSQL database of one's own.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use url::Url;

/// A database that lives as long as its test.
pub struct Scratch {
    /// Its address, with the superuser's rights.
    pub url: String,
    name: String,
}

/// Makes an empty database with a name nobody else has.
pub async fn database() -> Scratch {
    let name = format!("loggia_test_{}", uuid::Uuid::new_v4().simple());
    let mut server = PgConnection::connect(&server_url()).await.expect("LOGGIA_TEST_POSTGRES should lead to a server");
    run(&mut server, &format!("CREATE DATABASE {name}")).await;
    let mut url = Url::parse(&server_url()).expect("LOGGIA_TEST_POSTGRES should be a URL");
    url.set_path(&name);
    Scratch { url: url.into(), name }
}

impl Scratch {
    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements, separated by `;`, with the superuser's rights.
    pub async fn execute(&self, sql: &str) {
        let mut connection = self.connect().await;
        run(&mut connection, sql).await;
    }

    /// A connection with the superuser's rights.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.expect("the test's own database should answer")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // The test's own runtime can't be waited for here, so a thread with a small one does it, if it can.
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut server = PgConnection::connect(&server_url()).await.ok()?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.ok()
            })
        })
        .join();
    }
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

fn server_url() -> String {
    std::env::var("LOGGIA_TEST_POSTGRES").expect("LOGGIA_TEST_POSTGRES is not set: run `make test`")
}
