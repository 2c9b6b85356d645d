use super::*;
use crate::boundary::ids::Finder;
use exactly_adapter::TrialNames;
use exactly_model::Class::{self, Control, Effect, Read};
use exactly_model::MessageId;
use proptest::prelude::*;

fn statements(sql: &str) -> Vec<Statement> {
    let names = TrialNames { run: 7, trial: 12 };
    script(sql.as_bytes(), Finder::new(names))
}

fn check(sql: &str, class: Class, operation: &str, target: &str) {
    let all = statements(sql);
    assert_eq!(all.len(), 1, "{sql}");
    let Label {
        operation: op,
        target: on,
        class: is,
        ..
    } = &all[0].label;
    assert_eq!(
        (op.as_str(), on.as_str(), *is),
        (operation, target, class),
        "{sql}"
    );
}

#[test]
fn statements_that_change_something() {
    for (sql, operation, target) in [
        ("INSERT INTO orders VALUES (1)", "INSERT", "orders"),
        (
            "insert into \"public\".\"Orders\" (a) values ($1)",
            "INSERT",
            "Orders",
        ),
        (
            "INSERT INTO shop.Orders SELECT * FROM x",
            "INSERT",
            "orders",
        ),
        ("UPDATE ONLY stock SET n = n - 1", "UPDATE", "stock"),
        ("DELETE FROM ONLY a.b.c WHERE id = $1", "DELETE", "c"),
        (
            "MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE",
            "MERGE",
            "t",
        ),
        ("TRUNCATE TABLE t", "TRUNCATE", "t"),
        ("COPY t (a, b) FROM STDIN", "COPY", "t"),
        ("COPY (SELECT 1) TO STDOUT", "COPY", ""),
        ("CALL do_it($1)", "CALL", "do_it"),
        ("DO $$ BEGIN PERFORM f(); END $$", "DO", ""),
        ("NOTIFY ch, 'x'", "NOTIFY", "ch"),
        ("EXECUTE plan(1)", "EXECUTE", "plan"),
        ("FETCH 10 FROM c", "FETCH", ""),
        (
            "CREATE TEMP TABLE IF NOT EXISTS s.t (a int)",
            "CREATE TABLE",
            "t",
        ),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)",
            "CREATE INDEX",
            "i",
        ),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ select 1; $$",
            "CREATE FUNCTION",
            "f",
        ),
        ("ALTER TABLE IF EXISTS ONLY t ADD b int", "ALTER TABLE", "t"),
        ("DROP TABLE IF EXISTS t", "DROP TABLE", "t"),
        ("VACUUM", "VACUUM", ""),
        ("SELECT f()", "SELECT", "f"),
        ("SELECT shop.lower(a)", "SELECT", "lower"),
        ("SELECT \"lower\"(a)", "SELECT", "lower"),
        ("SELECT nextval('s')", "SELECT", "nextval"),
        ("SELECT f(a) FROM t", "SELECT", "t"),
        ("SELECT * FROM t FOR UPDATE SKIP LOCKED", "SELECT", "t"),
        ("SELECT * FROM t FOR NO KEY UPDATE", "SELECT", "t"),
        ("SELECT * FROM t FOR SHARE", "SELECT", "t"),
        ("SELECT a INTO u FROM t", "SELECT", "t"),
        (
            "WITH x AS (INSERT INTO t VALUES (1) RETURNING id) SELECT * FROM x",
            "INSERT",
            "t",
        ),
        (
            "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
            "INSERT",
            "t",
        ),
        (
            "WITH x AS MATERIALIZED (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x",
            "INSERT",
            "b",
        ),
        (
            "WITH RECURSIVE x AS (SELECT f()) SELECT * FROM x",
            "SELECT",
            "x",
        ),
        ("EXPLAIN (ANALYZE) INSERT INTO t VALUES (1)", "EXPLAIN", ""),
        ("DECLARE c CURSOR FOR SELECT f()", "DECLARE", ""),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION", ""),
        ("COMMIT PREPARED 'x'", "COMMIT PREPARED", ""),
        ("ROLLBACK PREPARED 'x'", "ROLLBACK PREPARED", ""),
        ("COMMIT", "COMMIT", ""),
        ("END TRANSACTION", "COMMIT", ""),
        ("ROLLBACK", "ROLLBACK", ""),
        ("ABORT", "ROLLBACK", ""),
        ("SELECT 'no end", "SELECT", ""),
        ("42", "?", ""),
        ("'x'", "?", ""),
    ] {
        check(sql, Effect, operation, target);
    }
}

#[test]
fn statements_that_only_read() {
    for (sql, operation, target) in [
        ("SELECT 1", "SELECT", ""),
        ("(SELECT 1) UNION ALL (SELECT 2)", "SELECT", ""),
        (
            "select abalance from pgbench_accounts where aid = 5",
            "SELECT",
            "pgbench_accounts",
        ),
        (
            "SELECT count(*), max(a) FROM s.t WHERE b IN (1, 2)",
            "SELECT",
            "t",
        ),
        ("SELECT pg_catalog.lower('INSERT INTO')", "SELECT", ""),
        ("SELECT /* FOR UPDATE */ a FROM t -- INTO", "SELECT", "t"),
        ("SELECT extract(epoch FROM a) FROM t", "SELECT", "t"),
        ("SELECT * FROM (SELECT a FROM t) q", "SELECT", "t"),
        (
            "SELECT exists (SELECT 1 FROM inbox WHERE id = $1)",
            "SELECT",
            "",
        ),
        ("SELECT a::numeric(10,2) FROM t", "SELECT", "t"),
        ("WITH x AS (SELECT a FROM t) SELECT a FROM x", "SELECT", "x"),
        (
            "WITH RECURSIVE x(a) AS (SELECT 1) SELECT a FROM x AS y(b)",
            "SELECT",
            "x",
        ),
        ("VALUES (1), (2)", "VALUES", ""),
        ("TABLE t", "TABLE", "t"),
        ("EXPLAIN INSERT INTO t VALUES (1)", "EXPLAIN", ""),
        ("DECLARE c CURSOR FOR SELECT a FROM t", "DECLARE", ""),
    ] {
        check(sql, Read, operation, target);
    }
}

#[test]
fn statements_that_control_the_session() {
    for (sql, operation) in [
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN"),
        ("START TRANSACTION", "BEGIN"),
        ("SET search_path = x", "SET"),
        ("SHOW all", "SHOW"),
        ("DISCARD ALL", "DISCARD"),
        ("DEALLOCATE p", "DEALLOCATE"),
        ("SAVEPOINT a", "SAVEPOINT"),
        ("RELEASE a", "RELEASE"),
        ("ROLLBACK TO SAVEPOINT a", "ROLLBACK TO"),
        ("LISTEN c", "LISTEN"),
        ("PREPARE p AS INSERT INTO t VALUES (1)", "PREPARE"),
        ("LOCK TABLE t", "LOCK"),
    ] {
        check(sql, Control, operation, "");
    }
}

#[test]
fn strings_are_cut_into_statements() {
    let all = statements(" ; BEGIN; insert into t values ('x7-12-4; ');; COMMIT -- ;\n;");
    let seen: Vec<_> = all
        .iter()
        .map(|s| {
            (
                s.label.operation.as_str(),
                s.label.moves,
                s.ids.clone().into_vec(),
            )
        })
        .collect();
    let id = MessageId::new(7, 12, 4).unwrap();
    assert_eq!(
        seen,
        [
            ("BEGIN", Moves::Begin, vec![]),
            ("INSERT", Moves::Nothing, vec![id]),
            ("COMMIT", Moves::Commit, vec![]),
        ]
    );
    assert_eq!(statements(" -- nothing\n ; /* */ "), []);
}

#[test]
fn what_is_beyond_the_limits_may_write() {
    let long = format!("SELECT 1 WHERE 1 IN ({}1)", "1,".repeat(10_000));
    check(&long, Effect, "SELECT", "");
    let longer = format!("SELECT 1 -- {}\n; ", "x".repeat(2 << 20));
    check(&longer, Effect, "SELECT", "");
    let many = statements(&"SELECT 1;".repeat(1000));
    assert_eq!(many.len(), 257);
    assert_eq!(many[256].label.class, Effect);
    let name = format!("INSERT INTO {} VALUES (1)", "é".repeat(100));
    assert!(statements(&name)[0].label.target.len() <= 63);
}

proptest! {
    #[test]
    fn any_bytes_have_labels(sql in proptest::collection::vec(any::<u8>(), 0..200)) {
        script(&sql, Finder::new(TrialNames { run: 7, trial: 12 }));
    }

    #[test]
    fn any_words_have_labels(words in proptest::collection::vec(
        prop::sample::select(vec![
            "SELECT", "WITH", "x", "AS", "(", ")", "INSERT", "INTO", "FROM", ".", ";", "'", "\"",
            "$$", "/*", "*/", "--", "\n", "TO", "CREATE", "IF", "COMMIT", "PREPARED", ",", "1",
        ]), 0..40)) {
        let sql = words.join(" ");
        for statement in statements(&sql) {
            prop_assert!(!statement.label.operation.is_empty());
            prop_assert!(statement.label.operation.len() <= 63);
            prop_assert!(statement.label.target.len() <= 63);
        }
    }
}
