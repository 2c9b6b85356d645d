//! What the harness sees past the boundary.

use crate::proxy::Proxy;
use crate::running::*;
use exactly_adapter::{ObserveError, TrialNames};
use exactly_model::{Observer, Position, View};
use sqlx::{Connection, PgConnection};
use std::time::{Duration, Instant};

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
    let (_, port) = address(&instance);
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
    // No reader of a database sees what is not committed.
    let dirty = Observer {
        view: View::ReadUncommitted,
        ..observer(all)
    };
    for error in [
        observing.observe(&dirty, &mut |_| {}).await.unwrap_err(),
        observing.count(&dirty).await.unwrap_err(),
    ] {
        assert!(matches!(error, ObserveError::Config { .. }), "{error}");
        assert!(error.to_string().contains("read_committed"), "{error}");
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
    assert_eq!(backlog.left(&[], None).await.unwrap().items, 0);
    let (_, port) = address(&instance);
    let proxy = Proxy::to(address(&instance), scope.clone()).await;
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
    let left = backlog.left(&ports, None).await.unwrap();
    assert_eq!(left.items, 1, "{left:?}");
    assert!(
        left.detail.contains("active, waiting for relation"),
        "{left:?}"
    );
    assert!(left.committed.is_empty());
    assert_eq!(backlog.left(&[], None).await.unwrap().items, 0);

    // It still acts when the lock is released: late.
    run(&mut blocker, "COMMIT").await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while backlog.left(&ports, None).await.unwrap().items > 0 {
        assert!(Instant::now() < deadline, "the backend of the dead ends");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(rows(&scope).await.unwrap(), 1);

    let prepare = "BEGIN; INSERT INTO effects (id) VALUES ('x'); PREPARE TRANSACTION 'p'";
    run(&mut blocker, prepare).await.unwrap();
    let left = backlog.left(&[], None).await.unwrap();
    assert_eq!(
        (left.items, left.detail.as_str()),
        (1, "prepared transaction p waits for its end")
    );
    assert_eq!(
        other
            .backlog()
            .unwrap()
            .left(&[], None)
            .await
            .unwrap()
            .items,
        0
    );
    // Its lock keeps the schema; closing gives up within its bounds.
    let begun = Instant::now();
    scope.close().await;
    assert!(begun.elapsed() < Duration::from_secs(9));
    run(&mut blocker, "ROLLBACK PREPARED 'p'").await.unwrap();
    assert_eq!(backlog.left(&[], None).await.unwrap().items, 0);
    scope.close().await;
    assert!(rows(&scope).await.is_err(), "the schema is gone");
    instance.stop().await;
}

#[tokio::test]
async fn kept_positions_are_read_in_the_trials_schema() {
    let instance = start().await;
    let scope = open(&instance).await;
    let (_, port) = address(&instance);
    let mut client = PgConnection::connect(&url(&scope, port)).await.unwrap();
    let table = "create table positions (partition int primary key, next bigint)";
    run(&mut client, table).await.unwrap();
    let kept = scope.positions().unwrap();
    let read = async |query: &str| kept.positions(query, "topic.orders").await;
    let all = "select partition, next from positions -- all ;\n ; ";
    assert_eq!(read(all).await.unwrap(), [], "a pipeline begins with none");

    let insert = "insert into positions values (1, 4294967296), (0, 3)";
    run(&mut client, insert).await.unwrap();
    // What is not committed is kept nowhere.
    let mut other = PgConnection::connect(&url(&scope, port)).await.unwrap();
    run(&mut other, "begin; update positions set next = 7")
        .await
        .unwrap();
    let position = |partition, offset| Position {
        target: "topic.orders".into(),
        partition,
        offset,
    };
    let committed = [position(0, 3), position(1, 4_294_967_296)];
    assert_eq!(read(all).await.unwrap(), committed);

    for (query, why) in [
        ("select next from positions", "no column partition"),
        (
            "select partition from positions where false",
            "no column next",
        ),
        ("select 0 as partition, null as next", "row 1: next is NULL"),
        (
            "select null as partition, 1 as next where true",
            "row 1: partition is NULL",
        ),
        (
            "select -1 as partition, 1 as next",
            "row 1: partition `-1` is not a whole number",
        ),
        ("select 0 as partition, 1.5 as next", "row 1: next `1.5`"),
        ("select 0 as partition, -1 as next", "offsets begin at 0"),
        (
            "select 0 as partition, next from positions order by next",
            "row 2: partition 0 is there twice",
        ),
        (
            "select n as partition, 1 as next from generate_series(0, 10000) n",
            "more than 10000 rows",
        ),
        ("select partition, next from missing", "does not exist"),
        ("select partition, nxt as next from positions", "nxt"),
        (
            "update positions set next = 1 returning partition, next",
            "syntax error",
        ),
    ] {
        match read(query).await {
            Err(error @ ObserveError::Config { .. }) => {
                let text = error.to_string();
                assert!(text.contains(why) && text.contains("positions"), "{text}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    let most = "select n as partition, 1 as next from generate_series(1, 10000) n";
    assert_eq!(read(most).await.unwrap().len(), 10_000);
    assert_eq!(
        read(all).await.unwrap(),
        committed,
        "a look changes nothing"
    );
    instance.stop().await;
    let error = read(all).await.unwrap_err();
    assert!(matches!(error, ObserveError::Unavailable { .. }), "{error}");
}
