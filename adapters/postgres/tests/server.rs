//! On a real embedded server: what a real client's statements look like at
//! the boundary, and what the harness sees past it.

mod support;

use exactly_adapter::{Adapter, Instance, ObserveError, Scope, StartError, TrialNames};
use exactly_model::{MessageId, Observer, Outcome, Setup, SinkKind, SystemPlace};
use exactly_postgres::{Postgres, judge_error};
use sqlx::postgres::{PgConnection, PgPool, PgPoolCopyExt, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::host::TestHost;
use support::proxy::Proxy;

const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };
const SETUP: &str = "create table effects (
    n bigserial primary key, id text not null, key text, seq int, checksum text
)";

/// A server with the host that its data folder belongs to.
struct Running {
    instance: Arc<dyn Instance>,
    _host: Arc<TestHost>,
}

impl std::ops::Deref for Running {
    type Target = Arc<dyn Instance>;

    fn deref(&self) -> &Self::Target {
        &self.instance
    }
}

async fn start() -> Running {
    let host = Arc::new(TestHost::new());
    let begun = Instant::now();
    let instance = Postgres
        .start(&SystemPlace::Embedded, host.clone())
        .await
        .expect("the embedded server starts");
    println!("started in {:?}", begun.elapsed());
    Running {
        instance,
        _host: host,
    }
}

async fn rows(scope: &Arc<dyn Scope>) -> Result<u64, ObserveError> {
    let observer = observer("select id from effects");
    scope.observing().unwrap().count(&observer).await
}

fn setup(sql: &str) -> Setup {
    Setup {
        topics: Vec::new(),
        sql: sql.into(),
    }
}

async fn open(instance: &Arc<dyn Instance>) -> Arc<dyn Scope> {
    instance.open(NAMES, &setup(SETUP)).await.expect("a schema")
}

fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

fn url(scope: &Arc<dyn Scope>, port: u16) -> String {
    scope.placeholders("127.0.0.1", port)["url"].clone()
}

fn observer(query: &str) -> Observer {
    Observer {
        name: "rows".into(),
        system: "pg".into(),
        kind: SinkKind::Row,
        query: query.into(),
        effects_per_message: 1,
    }
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_string()));
    connection.execute(sql).await.map(drop)
}

/// What went over the boundary since the last call. A pool pings a connection
/// when it hands it out and again, in the background, when it gets it back.
async fn taken(proxy: &Proxy, pool: &PgPool) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while pool.num_idle() == 0 {
        assert!(Instant::now() < deadline, "the connection comes back");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut taken = proxy.taken();
    if !taken.is_empty() {
        assert_eq!(taken.remove(0), "control SYNC Ok");
        assert_eq!(taken.pop().as_deref(), Some("control SYNC Ok"));
    }
    taken
}

#[tokio::test]
async fn a_real_clients_exchanges_have_these_labels() {
    let instance = start().await;
    let scope = open(&instance).await;
    let proxy = Proxy::to(instance.address(), scope.clone()).await;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect(&url(&scope, proxy.port))
        .await
        .expect("a connection through the boundary");
    assert_eq!(proxy.taken(), [""; 0], "connecting is no exchange");

    // Handing out and giving back: two pings.
    drop(pool.acquire().await.unwrap());
    assert_eq!(taken(&proxy, &pool).await, [""; 0]);

    pool.execute("create table orders (id text primary key, n bigint)")
        .await
        .unwrap();
    assert_eq!(
        taken(&proxy, &pool).await,
        ["effect CREATE TABLE orders Ok"]
    );

    const INSERT: &str = "INSERT INTO orders (id, n) VALUES ($1, $2)";
    let insert = |n: u32| {
        sqlx::query(INSERT)
            .bind(id(n).to_text())
            .bind(id(n).to_i64())
    };
    insert(1).execute(&pool).await.unwrap();
    assert_eq!(
        taken(&proxy, &pool).await,
        ["control PREPARE Ok", "effect INSERT orders [1] Ok"]
    );
    insert(2).execute(&pool).await.unwrap();
    assert_eq!(taken(&proxy, &pool).await, ["effect INSERT orders [2] Ok"]);

    let mut transaction = pool.begin().await.unwrap();
    insert(3).execute(&mut *transaction).await.unwrap();
    insert(4).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(
        taken(&proxy, &pool).await,
        [
            "control BEGIN Ok",
            "effect INSERT orders [3] Ok",
            "effect INSERT orders [4] Ok",
            "effect COMMIT [3, 4] Ok",
        ]
    );

    let mut transaction = pool.begin().await.unwrap();
    insert(5).execute(&mut *transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(
        taken(&proxy, &pool).await,
        [
            "control BEGIN Ok",
            "effect INSERT orders [5] Ok",
            "effect ROLLBACK [5] Ok",
        ]
    );

    // A transaction that is dropped rolls back when its connection is used.
    let mut transaction = pool.begin().await.unwrap();
    insert(6).execute(&mut *transaction).await.unwrap();
    drop(transaction);
    assert_eq!(
        taken(&proxy, &pool).await,
        [
            "control BEGIN Ok",
            "effect INSERT orders [6] Ok",
            "effect ROLLBACK [6] Ok",
        ]
    );

    let row: (i64,) = sqlx::query_as("SELECT count(*) FROM orders")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(row.0, 4);
    assert_eq!(
        taken(&proxy, &pool).await,
        ["control PREPARE Ok", "read SELECT orders Ok"]
    );

    // A batch as an array.
    let numbers: Vec<i64> = [8, 7].map(|n| id(n).to_i64()).to_vec();
    sqlx::query("INSERT INTO orders SELECT n::text, n FROM unnest($1::bigint[]) n")
        .bind(numbers)
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(
        taken(&proxy, &pool).await,
        ["control PREPARE Ok", "effect INSERT orders [7, 8] Ok"]
    );

    let mut copy = pool
        .copy_in_raw("COPY orders (id) FROM STDIN")
        .await
        .unwrap();
    copy.send(&b"a\nb\n"[..]).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 2);
    assert_eq!(taken(&proxy, &pool).await, ["effect COPY orders Ok"]);
    pool.close().await;
    instance.stop().await;
}

#[tokio::test]
async fn errors_in_transactions_are_told() {
    let instance = start().await;
    let scope = open(&instance).await;
    let proxy = Proxy::to(instance.address(), scope.clone()).await;
    let mut client = PgConnection::connect(&url(&scope, proxy.port))
        .await
        .unwrap();

    // COMMIT of a failed transaction says it is done, and is not.
    run(&mut client, "BEGIN").await.unwrap();
    run(&mut client, "INSERT INTO effects (id) VALUES ('x7-12-1')")
        .await
        .unwrap();
    let error = run(
        &mut client,
        "INSERT INTO effects (n, id) VALUES (1, 'x7-12-2')",
    )
    .await;
    assert_eq!(judge_error(&error.unwrap_err()).outcome, Outcome::Fail);
    run(&mut client, "COMMIT").await.unwrap();
    assert_eq!(
        proxy.taken(),
        [
            "control BEGIN Ok",
            "effect INSERT effects [1] Ok",
            "effect INSERT effects [2] Fail",
            "effect COMMIT [1, 2] Fail",
        ]
    );

    // A deferred constraint fails at COMMIT.
    run(
        &mut client,
        "create table d (a int unique deferrable initially deferred)",
    )
    .await
    .unwrap();
    run(&mut client, "BEGIN; INSERT INTO d VALUES (1), (1)")
        .await
        .unwrap();
    let error = run(&mut client, "COMMIT").await.unwrap_err();
    assert_eq!(judge_error(&error).outcome, Outcome::Fail);
    assert_eq!(
        proxy.taken(),
        [
            "effect CREATE TABLE d Ok",
            "effect INSERT d Ok",
            "effect COMMIT Fail"
        ]
    );

    // The server ends the session in the middle of a statement.
    let error = run(
        &mut client,
        "INSERT INTO effects (id) SELECT 'x7-12-3' FROM pg_terminate_backend(pg_backend_pid())",
    )
    .await
    .unwrap_err();
    assert_eq!(judge_error(&error).outcome, Outcome::Unknown);
    assert_eq!(proxy.taken(), ["effect INSERT effects [3] Unknown"]);
    assert_eq!(rows(&scope).await.unwrap(), 0);
    instance.stop().await;
}

#[tokio::test]
async fn effects_are_observed() {
    let instance = start().await;
    let info = instance.info("pg");
    assert_eq!(
        (
            info.kind.as_str(),
            info.place.as_str(),
            info.version.as_str()
        ),
        ("postgres", "embedded", "PostgreSQL 18.6 (fsync off)")
    );
    let scope = open(&instance).await;
    let (_, port) = instance.address();
    let mut client = PgConnection::connect(&url(&scope, port)).await.unwrap();
    let observing = scope.observing().unwrap();
    let seen = async |query: &str| {
        let mut all = Vec::new();
        let looked = observing
            .observe(&observer(query), &mut |seen| all.push(seen))
            .await;
        looked.map(|()| all)
    };
    let all =
        "select id, key, seq, checksum, {commit_order} as position from effects order by n -- all";
    assert_eq!(seen(all).await.unwrap(), []);

    // Written in one order, committed in the other.
    let mut other = PgConnection::connect(&url(&scope, port)).await.unwrap();
    run(
        &mut other,
        "BEGIN; INSERT INTO effects VALUES (1, 'x7-12-1', 'k1', 4, '0000000a')",
    )
    .await
    .unwrap();
    run(&mut client, "INSERT INTO effects VALUES (2, 'x7-12-2')")
        .await
        .unwrap();
    run(&mut other, "COMMIT").await.unwrap();
    let effects = seen(all).await.unwrap();
    assert_eq!(effects.len(), 2);
    assert_eq!(effects[0].id, id(1));
    assert_eq!(
        (
            effects[0].key.as_deref(),
            effects[0].key_seq,
            effects[0].checksum
        ),
        (Some("k1"), Some(4), Some(10))
    );
    assert_eq!(
        (effects[1].key.as_deref(), effects[1].key_seq),
        (None, None)
    );
    assert!(effects[0].position.unwrap() > effects[1].position.unwrap());
    assert_eq!(observing.count(&observer(all)).await.unwrap(), 2);

    let begun = Instant::now();
    for _ in 0..200 {
        observing.count(&observer(all)).await.unwrap();
    }
    let counted = begun.elapsed() / 200;
    for _ in 0..200 {
        seen(all).await.unwrap();
    }
    println!(
        "count {counted:?}, observe {:?}",
        begun.elapsed() / 200 - counted
    );

    for (query, why) in [
        ("select key from effects", "no column id, only key"),
        ("select null as id", "id is NULL"),
        (
            "select 'order 5' as id",
            "row 1: id `order 5` is no message id",
        ),
        ("select 1 as id, 'x' as seq", "row 1: seq `x`"),
        ("select 1 as id, 4294967296 as checksum", "row 1: checksum"),
        ("select id frm effects", "syntax error"),
        ("select id from missing", "does not exist"),
        (
            "insert into effects (id) values ('x') returning id",
            "read-only transaction",
        ),
    ] {
        match seen(query).await {
            Err(error @ ObserveError::Config { .. }) => {
                assert!(error.to_string().contains(why), "{error}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    for (query, why) in [
        ("select key from effects", "no column id"),
        ("select key from effects where false", "no column id"),
        ("select null as id", "1 of 1 rows have NULL"),
    ] {
        let error = observing.count(&observer(query)).await.unwrap_err();
        assert!(matches!(error, ObserveError::Config { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    // Nothing of a failed look stays behind.
    assert_eq!(seen(all).await.unwrap().len(), 2);
    instance.stop().await;
    let error = seen(all).await.unwrap_err();
    assert!(matches!(error, ObserveError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn the_dead_and_the_prepared_are_backlog() {
    let instance = start().await;
    let scope = open(&instance).await;
    let other = instance
        .open(TrialNames { run: 7, trial: 13 }, &setup(SETUP))
        .await
        .unwrap();
    let backlog = scope.backlog().unwrap();
    assert_eq!(backlog.left(&[]).await.unwrap().items, 0);
    let (_, port) = instance.address();
    let proxy = Proxy::to(instance.address(), scope.clone()).await;
    let mut blocker = PgConnection::connect(&url(&scope, port)).await.unwrap();
    run(&mut blocker, "BEGIN; LOCK TABLE effects")
        .await
        .unwrap();
    // A client that dies while its statement waits for a lock.
    let mut dying = PgConnection::connect(&url(&scope, proxy.port))
        .await
        .unwrap();
    let statement = run(&mut dying, "INSERT INTO effects (id) VALUES ('x7-12-1')");
    assert!(
        tokio::time::timeout(Duration::from_millis(300), statement)
            .await
            .is_err()
    );
    drop(dying);
    let ports = proxy.seen.lock().unwrap().ports.clone();
    let left = backlog.left(&ports).await.unwrap();
    assert_eq!(left.items, 1, "{left:?}");
    assert!(
        left.detail.contains("active, waiting for relation"),
        "{left:?}"
    );
    assert!(left.committed.is_empty());
    assert_eq!(backlog.left(&[]).await.unwrap().items, 0);

    // It still acts when the lock is released: late.
    run(&mut blocker, "COMMIT").await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while backlog.left(&ports).await.unwrap().items > 0 {
        assert!(Instant::now() < deadline, "the backend of the dead ends");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(rows(&scope).await.unwrap(), 1);

    let prepare = "BEGIN; INSERT INTO effects (id) VALUES ('x'); PREPARE TRANSACTION 'p'";
    run(&mut blocker, prepare).await.unwrap();
    let left = backlog.left(&[]).await.unwrap();
    assert_eq!(
        (left.items, left.detail.as_str()),
        (1, "prepared transaction p waits for its end")
    );
    assert_eq!(other.backlog().unwrap().left(&[]).await.unwrap().items, 0);
    // Its lock keeps the schema; closing gives up within its bounds.
    let begun = Instant::now();
    scope.close().await;
    assert!(begun.elapsed() < Duration::from_secs(9));
    run(&mut blocker, "ROLLBACK PREPARED 'p'").await.unwrap();
    assert_eq!(backlog.left(&[]).await.unwrap().items, 0);
    scope.close().await;
    assert!(rows(&scope).await.is_err(), "the schema is gone");
    instance.stop().await;
}

#[tokio::test]
async fn scopes_are_apart_and_their_errors_have_places() {
    let instance = start().await;
    let scope = open(&instance).await;
    let Err(error) = instance.open(NAMES, &setup("")).await else {
        panic!("the schema is there already");
    };
    assert!(error.to_string().contains("exists already"), "{error}");
    let names = TrialNames { run: 7, trial: 13 };
    let wrong = setup("create table a (b int);\n  create tabel c (d int);");
    for _ in 0..2 {
        let error = instance.open(names, &wrong).await.map(drop).unwrap_err();
        assert!(matches!(error, StartError::Config { .. }));
        assert!(
            error
                .to_string()
                .contains("at line 2, column 10: syntax error"),
            "{error}"
        );
    }
    let begun = Instant::now();
    instance.open(names, &setup(SETUP)).await.unwrap();
    println!("scope opened in {:?}", begun.elapsed());

    // libpq understands the URL too, where psql is installed.
    let url = url(&scope, instance.address().1);
    let psql = tokio::process::Command::new("psql")
        .args([
            "-At",
            "-c",
            "show search_path",
            "-c",
            "show application_name",
            &url,
        ])
        .output()
        .await;
    match psql {
        Ok(output) => assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "exactly_r7_t12\nexactly-r7-t12\n",
            "{output:?}"
        ),
        Err(error) => println!("psql is not here: {error}"),
    }
    instance.stop().await;
}

#[tokio::test]
async fn a_server_of_the_users_own_is_reached_by_url() {
    let embedded = start().await;
    let (host, port) = embedded.address();
    let spare = Arc::new(TestHost::new());
    let at = async |url: String| Postgres.start(&SystemPlace::At(url), spare.clone()).await;

    let url = format!("postgres://postgres:secret@{host}:{port}/postgres");
    let instance = at(url).await.expect("trust asks for no password");
    let place = instance.info("pg").place;
    assert_eq!(place, format!("at {host}:{port}/postgres"));
    assert_eq!(instance.address(), (host.clone(), port));
    let scope = open(&instance).await;
    assert!(
        scope.placeholders("h", 1)["url"].starts_with("postgres://postgres:secret@h:1/postgres?")
    );

    // One who may not create schemas.
    let mut admin = PgConnection::connect(&format!("postgres://postgres@{host}:{port}/postgres"))
        .await
        .unwrap();
    run(&mut admin, "create role reader login").await.unwrap();
    let error = at(format!("postgres://reader@{host}:{port}/postgres"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, StartError::Config { .. }));
    assert!(
        error
            .to_string()
            .contains("grant create on database postgres to reader"),
        "{error}"
    );

    let error = at(format!("postgres://postgres:secret@{host}:{port}/missing"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("create the database"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    instance.stop().await;
    embedded.stop().await;
    let error = at(format!("postgres://postgres:secret@{host}:{port}/postgres"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, StartError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

/// libpq negotiates encryption and sends simple queries and COPY as psql does.
#[tokio::test]
async fn psql_goes_through_the_boundary_where_it_is_installed() {
    let instance = start().await;
    let scope = open(&instance).await;
    let proxy = Proxy::to(instance.address(), scope.clone()).await;
    let url = url(&scope, proxy.port).replace("sslmode=disable", "sslmode=prefer");
    let psql = tokio::process::Command::new("psql")
        .args(["-AtX", "-v", "ON_ERROR_STOP=1", &url])
        .args([
            "-c",
            "BEGIN",
            "-c",
            "INSERT INTO effects (id) VALUES ('x7-12-1')",
        ])
        .args(["-c", "COMMIT", "-c", "COPY effects (id) TO STDOUT"])
        .args(["-c", "SELECT count(*) FROM effects", "-c", "SELECT 1/0"])
        .output()
        .await;
    let output = match psql {
        Ok(output) => output,
        Err(error) => return println!("psql is not here: {error}"),
    };
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        printed, "BEGIN\nINSERT 0 1\nCOMMIT\nx7-12-1\n1\n",
        "{output:?}"
    );
    assert_eq!(
        proxy.taken(),
        [
            "control BEGIN Ok",
            "effect INSERT effects [1] Ok",
            "effect COMMIT [1] Ok",
            "effect COPY effects Ok",
            "read SELECT effects Ok",
            "read SELECT Fail",
        ]
    );
    instance.stop().await;
}
