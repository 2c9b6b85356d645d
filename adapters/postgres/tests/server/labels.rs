//! Real clients through the boundary: exactly these exchanges.

use crate::proxy::Proxy;
use crate::running::*;
use exactly_model::Outcome;
use exactly_postgres::judge_error;
use sqlx::postgres::{PgConnection, PgPool, PgPoolCopyExt, PgPoolOptions};
use sqlx::{Connection, Executor};
use std::time::{Duration, Instant};

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
    let proxy = Proxy::to(address(&instance), scope.clone()).await;
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
    let proxy = Proxy::to(address(&instance), scope.clone()).await;
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

/// libpq negotiates encryption and sends simple queries and COPY as psql does.
#[tokio::test]
async fn psql_goes_through_the_boundary_where_it_is_installed() {
    let instance = start().await;
    let scope = open(&instance).await;
    let proxy = Proxy::to(address(&instance), scope.clone()).await;
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
