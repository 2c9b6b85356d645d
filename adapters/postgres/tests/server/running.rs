//! A running server and a trial's corner of it.

use exactly_adapter::testing::TestHost;
use exactly_adapter::{Adapter, Instance, ObserveError, Scope, StartError, TrialNames};
use exactly_model::{MessageId, Observer, Setup, SinkKind, SystemPlace, View};
use exactly_postgres::Postgres;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

pub const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };
pub const SETUP: &str = "create table effects (
    n bigserial primary key, id text not null, key text, seq int, checksum text
)";

/// A server with the host that its data folder belongs to.
pub struct Running {
    instance: Arc<dyn Instance>,
    pub host: Arc<TestHost>,
}

impl std::ops::Deref for Running {
    type Target = Arc<dyn Instance>;

    fn deref(&self) -> &Self::Target {
        &self.instance
    }
}

pub fn test_host() -> TestHost {
    TestHost::new(&["PATH", "POSTGRES_HOME"])
}

pub async fn start() -> Running {
    let host = Arc::new(test_host());
    let begun = Instant::now();
    let instance = Postgres
        .start(&SystemPlace::Embedded, host.clone())
        .await
        .expect("the embedded server starts");
    println!("started in {:?}", begun.elapsed());
    Running { instance, host }
}

/// The installed server; `None` where there is none, which is said past the capture of
/// a test that passes.
pub async fn start_local() -> Option<Running> {
    let place = SystemPlace::Local { nodes: 1 };
    let host = Arc::new(test_host());
    match Postgres.at_hand(&place, host.clone()).await {
        Ok(_) => {}
        Err(error @ StartError::NotStarted { .. }) => {
            let line = format!("not run on the place local: {error}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
        Err(error) => panic!("{error}"),
    }
    let begun = Instant::now();
    let instance = Postgres.start(&place, host.clone()).await;
    let instance = instance.expect("what is at hand starts");
    println!("started in {:?}", begun.elapsed());
    Some(Running { instance, host })
}

/// Where the server listens.
pub fn address(instance: &Arc<dyn Instance>) -> (String, u16) {
    let addresses = instance.addresses();
    assert_eq!(addresses.len(), 1, "one server, one address");
    addresses[0].clone()
}

pub async fn rows(scope: &Arc<dyn Scope>) -> Result<u64, ObserveError> {
    let observer = observer("select id from effects");
    scope.observing().unwrap().count(&observer).await
}

pub fn setup(sql: &str) -> Setup {
    Setup {
        sql: sql.into(),
        ..Setup::default()
    }
}

pub async fn open(instance: &Arc<dyn Instance>) -> Arc<dyn Scope> {
    instance.open(NAMES, &setup(SETUP)).await.expect("a schema")
}

pub fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

pub fn url(scope: &Arc<dyn Scope>, port: u16) -> String {
    scope.placeholders(&[("127.0.0.1".into(), port)])["url"].clone()
}

pub fn observer(query: &str) -> Observer {
    Observer {
        view: View::ReadCommitted,
        name: "rows".into(),
        system: "pg".into(),
        kind: SinkKind::Row,
        query: query.into(),
        effects_per_message: 1,
        by: None,
    }
}

pub async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_string()));
    connection.execute(sql).await.map(drop)
}
