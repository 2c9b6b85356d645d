//! A trial's schema is restored from the backup that was taken after its setup.

use crate::running::*;
use exactly_adapter::{Adapter, Instance, Replayed, Scope, TrialNames};
use exactly_model::SystemPlace;
use exactly_postgres::Postgres;
use sqlx::{Connection, PgConnection, Row};
use std::sync::Arc;
use std::time::Instant;

/// What makes it hard: names in need of quotes, keys that refer to each other in a
/// circle and to their own table, values that the server makes, partitions, triggers,
/// text of every kind.
const HARD: &str = r#"
create table lone (id int primary key, of int references lone, note text);
create table "Odd ""Table" (
    n int generated always as identity primary key,
    "is it?" boolean not null, amount numeric(9, 2),
    twice numeric generated always as (amount * 2) stored,
    at timestamptz default '2024-05-06 07:08:09.123456+02', raw bytea, tags text[], real float8);
create table a (id int primary key, b int);
create table b (id int primary key, a int references a deferrable initially deferred);
alter table a add foreign key (b) references b deferrable initially deferred;
create table audit (n bigserial primary key, what text);
create function audit() returns trigger language plpgsql as
    $$ begin insert into audit (what) values (tg_op || ' ' || tg_table_name); return null; end $$;
create trigger audited after insert or update or delete or truncate on a
    for each statement execute function audit();
create trigger always after insert on b for each row execute function audit();
alter table b enable always trigger always;
create trigger never after insert on lone for each row execute function audit();
alter table lone disable trigger never;
create table parts (k int, v text) partition by range (k);
create table parts_1 partition of parts for values from (0) to (100);
create table parts_2 partition of parts for values from (100) to (200);
create table empty (id int);
create sequence loose start 100 increment 5 cache 3;
create sequence untouched start 7;
insert into lone values (1, 2, null), (2, 1, E'quotes '' " \\ and ( , )'), (3, null, ''),
    (4, 4, E'tab\t line\nend {} "x"');
insert into "Odd ""Table" ("is it?", amount, raw, tags, real) values
    (true, 1.10, '\xdeadbeef00', array['x', null, 'a,b'], 0.1), (false, null, '', '{}', 'NaN');
insert into a values (1, 1), (2, null);
insert into b values (1, 1), (2, null);
insert into parts values (1, 'one'), (150, 'many');
select nextval('loose'), nextval('loose');
"#;

const CHANGES: &str = r#"
begin;
delete from lone where id = 3; update lone set note = 'new' where id = 1;
insert into lone values (5, 1, 'five');
insert into "Odd ""Table" ("is it?") values (true);
insert into a values (3, null); update a set b = 2 where id = 1;
insert into b values (3, 3);
update parts set k = 160 where k = 1; insert into empty values (1), (1);
select nextval('loose'), nextval('untouched');
commit;
"#;

/// Tables of [`HARD`] with rows of their own, as they stand in SQL.
const TABLES: [&str; 7] = [
    "lone",
    r#""Odd ""Table""#,
    "a",
    "b",
    "audit",
    "parts",
    "empty",
];
const SEQUENCES: [&str; 4] = [
    "loose",
    "untouched",
    "audit_n_seq",
    r#""Odd ""Table_n_seq""#,
];

/// All rows and the states of all sequences.
async fn contents(client: &mut PgConnection) -> Vec<String> {
    let mut all = Vec::new();
    let rows = TABLES.map(|table| format!("select 'row ' || t::text from {table} t order by 1"));
    let states = SEQUENCES
        .map(|name| format!("select 'state ' || last_value || ' ' || is_called from {name}"));
    for sql in rows.into_iter().chain(states) {
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()));
        let rows = rows.fetch_all(&mut *client).await.unwrap();
        all.push(sql);
        all.extend(rows.iter().map(|row| row.get::<String, _>(0)));
    }
    all
}

async fn replay(scope: &Arc<dyn Scope>) -> Result<Replayed, String> {
    let replaying = scope.replaying().expect("it can be restored");
    replaying.replay().await.map_err(|error| error.to_string())
}

async fn trial(instance: &Arc<dyn Instance>, trial: u32, sql: &str) -> Arc<dyn Scope> {
    let names = TrialNames { run: 7, trial };
    let begun = Instant::now();
    let scope = instance.open(names, &setup(sql)).await.expect("a schema");
    println!("opened in {:?}", begun.elapsed());
    scope
}

async fn client(instance: &Arc<dyn Instance>, scope: &Arc<dyn Scope>) -> PgConnection {
    let (_, port) = address(instance);
    PgConnection::connect(&url(scope, port)).await.unwrap()
}

async fn brings_everything_back(instance: &Arc<dyn Instance>) {
    let scope = trial(instance, 21, HARD).await;
    let beside = trial(instance, 22, HARD).await;
    let mut own = client(instance, &scope).await;
    let mut other = client(instance, &beside).await;
    let before = contents(&mut own).await;
    assert!(
        before
            .iter()
            .any(|line| line.contains("deadbeef") && line.contains("2.20")),
        "{before:?}"
    );
    // Nothing has changed: nothing comes again.
    assert_eq!(replay(&scope).await.unwrap().messages, 0);
    assert_eq!(contents(&mut own).await, before);

    for client in [&mut own, &mut other] {
        run(client, CHANGES).await.unwrap();
    }
    let changed = contents(&mut other).await;
    assert_ne!(changed, before);
    assert_eq!(contents(&mut own).await, changed);
    let begun = Instant::now();
    let replayed = replay(&scope).await.unwrap();
    println!("restored in {:?}", begun.elapsed());
    // lone: three rows, two; one odd; a: two; b: one; what triggers wrote: three; parts:
    // one, in another partition; two of the empty table.
    assert_eq!(contents(&mut own).await, before);
    assert_eq!(contents(&mut other).await, changed, "another's schema");
    let words = replayed.instead.unwrap();
    assert!(words.contains("restored exactly_r7_t21"), "{words}");
    assert_eq!(replayed.messages, 13, "{words}");

    // All is as alive as before: what a client had in reserve is not used, keys are
    // looked at, and triggers fire, those that did.
    run(&mut own, CHANGES).await.unwrap();
    assert_eq!(contents(&mut own).await, changed);
    let stray = run(&mut own, "insert into b values (9, 9)").await;
    assert!(stray.is_err(), "no such row in a");
    // Once more, from where it is now.
    assert_eq!(replay(&scope).await.unwrap().messages, 13);
    assert_eq!(contents(&mut own).await, before);
    scope.close().await;
    beside.close().await;
}

async fn refuses_what_it_cannot_do_exactly(instance: &Arc<dyn Instance>) {
    let scope = trial(instance, 23, SETUP).await;
    let mut own = client(instance, &scope).await;
    let insert = "insert into effects (id) values ('x7-23-1')";
    run(&mut own, insert).await.unwrap();

    // Somebody is in the middle of something there.
    let mut busy = client(instance, &scope).await;
    run(&mut busy, &format!("begin; {insert}")).await.unwrap();
    let error = replay(&scope).await.unwrap_err();
    assert!(
        error.contains("a client is in the middle of a transaction"),
        "{error}"
    );
    run(&mut busy, "rollback").await.unwrap();

    // Somebody elsewhere refers to it: neither is touched.
    let refers = "create schema elsewhere; \
                  create table elsewhere.t (n bigint references effects); \
                  insert into elsewhere.t select n from effects";
    run(&mut own, refers).await.unwrap();
    let error = replay(&scope).await.unwrap_err();
    assert!(error.contains("cannot truncate"), "{error}");
    let count =
        "select 'row ' || (select count(*) from effects) || (select count(*) from elsewhere.t)";
    let count = sqlx::raw_sql(count).fetch_one(&mut own).await.unwrap();
    assert_eq!(count.get::<String, _>(0), "row 11");
    run(&mut own, "drop schema elsewhere cascade")
        .await
        .unwrap();

    // Tables that the backup does not know.
    run(&mut own, "create table later (n int)").await.unwrap();
    let error = replay(&scope).await.unwrap_err();
    for part in ["exactly_r7_t23.later was made since", "in the setup SQL"] {
        assert!(error.contains(part), "{error}");
    }
    run(
        &mut own,
        "drop table later; alter table effects add more int",
    )
    .await
    .unwrap();
    let error = replay(&scope).await.unwrap_err();
    assert!(
        error.contains("exactly_r7_t23.effects was changed since"),
        "{error}"
    );
    run(&mut own, "alter table effects drop more")
        .await
        .unwrap();
    assert_eq!(replay(&scope).await.unwrap().messages, 1);
    assert_eq!(rows(&scope).await.unwrap(), 0);
    scope.close().await;

    // What is no rows of the schema's own.
    let view = "create materialized view seen as select 1 as one";
    let scope = trial(instance, 24, view).await;
    let error = replay(&scope).await.unwrap_err();
    for part in ["no backup", "exactly_r7_t24.seen is a materialized view"] {
        assert!(error.contains(part), "{error}");
    }
    scope.close().await;
}

async fn stays_within_its_limit(instance: &Arc<dyn Instance>) {
    let large = "create table large as select repeat('x', 1000) as v \
                 from generate_series(1, 9000)";
    let scope = trial(instance, 25, large).await;
    let error = replay(&scope).await.unwrap_err();
    assert!(error.contains("more than 8 MB"), "{error}");
    scope.close().await;
    let some = "create table part as select n, repeat('x', 1000) as v \
                from generate_series(1, 5000) n";
    let scope = trial(instance, 26, some).await;
    let mut own = client(instance, &scope).await;
    run(&mut own, "delete from part where n > 1000")
        .await
        .unwrap();
    assert_eq!(replay(&scope).await.unwrap().messages, 4000);
    scope.close().await;
}

#[tokio::test]
async fn a_restore_brings_rows_and_sequences_back_exactly() {
    let running = start().await;
    brings_everything_back(&running).await;
    refuses_what_it_cannot_do_exactly(&running).await;
    stays_within_its_limit(&running).await;
    running.stop().await;
}

#[tokio::test]
async fn it_does_on_an_installed_server_and_for_one_who_is_no_superuser() {
    let Some(running) = start_local().await else {
        return;
    };
    brings_everything_back(&running).await;
    refuses_what_it_cannot_do_exactly(&running).await;

    let (host, port) = address(&running);
    let admin = format!("postgres://postgres@{host}:{port}/postgres");
    let mut admin = PgConnection::connect(&admin).await.unwrap();
    let role = "create role plain login; create database theirs owner plain";
    for statement in role.split(';') {
        run(&mut admin, statement).await.unwrap();
    }
    let place = SystemPlace::At(format!("postgres://plain@{host}:{port}/theirs"));
    let theirs = Postgres.start(&place, Arc::new(test_host())).await;
    let theirs = theirs.expect("it is reached by URL");
    assert!(theirs.control().is_none());
    brings_everything_back(&theirs).await;
    refuses_what_it_cannot_do_exactly(&theirs).await;
    theirs.stop().await;
    running.stop().await;
}
