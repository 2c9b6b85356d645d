//! What each flow of the protocol looks like to the engine.

use super::wire::*;
use exactly_model::{Class, Outcome};

#[test]
fn encryption_is_declined_and_cancels_pass() {
    let mut wire = Wire::new();
    for code in [80_877_103, 80_877_104] {
        wire.client(&startup(code, ""));
    }
    assert_eq!(wire.seen.answered, b"NN");
    assert_eq!(wire.seen.forwarded[0], b"");
    wire.client(&hello());
    assert_eq!(wire.seen.forwarded[0], hello());
    assert_eq!(wire.seen.heads, []);

    let mut wire = Wire::new();
    let cancel = startup(80_877_102, "12345678");
    wire.client(&cancel);
    wire.client(b"anything");
    assert_eq!(wire.seen.forwarded[0], [&cancel[..], b"anything"].concat());
}

#[test]
fn simple_queries_are_exchanges() {
    let mut wire = Wire::started();
    assert_eq!(
        wire.client(&query("INSERT INTO orders VALUES ('x7-12-3')")),
        1
    );
    let head = &wire.seen.heads[0];
    assert_eq!(
        (head.key, head.class, &head.ids[..]),
        (1, Class::Effect, &[id(3)][..])
    );
    assert!(head.expects_reply);
    // The whole reply to an effect is one unit.
    assert_eq!(wire.server(&done("INSERT 0 1")), 0);
    assert_eq!(wire.server(&ready('I')), 1);
    // The reply to a read goes through as it comes.
    wire.client(&query("SELECT a FROM t"));
    assert_eq!(wire.server(&msg(b'D', b"row")), 1);
    assert_eq!(wire.server(&[done("SELECT 1"), ready('I')].concat()), 1);
    assert_eq!(wire.labels(), ["Effect INSERT orders", "Read SELECT t"]);
    assert_eq!(wire.outcomes(), [(1, Outcome::Ok), (2, Outcome::Ok)]);
}

#[test]
fn the_extended_protocol_is_one_unit_up_to_its_sync() {
    let mut wire = Wire::started();
    let prepare = [
        parse("s1", "INSERT INTO t VALUES ($1, $2)"),
        msg(b'D', b"Ss1\0"),
        sync(),
    ];
    assert_eq!(wire.client(&prepare.concat()), 1);
    wire.server(
        &[
            msg(b'1', b""),
            msg(b't', &[0; 2]),
            msg(b'n', b""),
            ready('I'),
        ]
        .concat(),
    );
    let number = id(9).to_i64().to_be_bytes();
    let run = [
        bind("", "s1", 1, &[Some(&number), None]),
        execute(""),
        msg(b'C', b"P\0"),
        sync(),
    ];
    assert_eq!(wire.client(&run[..3].concat()), 0);
    assert_eq!(wire.client(&run[3]), 1);
    assert_eq!(
        wire.server(&[msg(b'2', b""), done("INSERT 0 1"), msg(b'3', b"")].concat()),
        0
    );
    assert_eq!(wire.server(&ready('I')), 1);
    // A ping.
    wire.client(&sync());
    wire.server(&ready('I'));
    assert_eq!(
        wire.labels(),
        ["Control PREPARE", "Effect INSERT t", "Control SYNC"]
    );
    assert_eq!(wire.seen.heads[1].ids, [id(9)]);
    assert_eq!(wire.outcomes().len(), 3);
}

#[test]
fn pipelined_exchanges_are_closed_in_order() {
    let mut wire = Wire::started();
    let one = |n: u32| {
        let value = id(n).to_text();
        [
            parse("", "INSERT INTO t VALUES ($1)"),
            bind("", "", 0, &[Some(value.as_bytes())]),
            execute(""),
            sync(),
        ]
        .concat()
    };
    assert_eq!(
        wire.client(&[one(1), one(2), query("SELECT 1"), one(3)].concat()),
        4
    );
    let ok = [done("INSERT 0 1"), ready('I')].concat();
    let failed = [error("ERROR", "23505"), ready('I')].concat();
    let read = [done("SELECT 1"), ready('I')].concat();
    assert_eq!(wire.server(&[ok.clone(), failed, read, ok].concat()), 4);
    assert_eq!(
        wire.outcomes(),
        [
            (1, Outcome::Ok),
            (2, Outcome::Fail),
            (3, Outcome::Ok),
            (4, Outcome::Ok)
        ]
    );
    assert_eq!(wire.seen.replies[1].error.as_deref(), Some("23505 no"));
    let ids: Vec<_> = wire.seen.heads.iter().map(|h| h.ids.clone()).collect();
    assert_eq!(ids, [vec![id(1)], vec![id(2)], vec![], vec![id(3)]]);
}

#[test]
fn a_flush_goes_ahead_and_is_told_at_the_sync() {
    let mut wire = Wire::started();
    let batch = [
        parse("", "DELETE FROM t"),
        bind("", "", 0, &[]),
        execute(""),
        msg(b'H', b""),
    ];
    assert_eq!(wire.client(&batch.concat()), 1);
    assert_eq!(wire.labels(), [""; 0]);
    // Its reply is not kept back: no exchange is open.
    assert_eq!(wire.server(&error("ERROR", "42P01")), 1);
    wire.client(&sync());
    wire.server(&ready('I'));
    assert_eq!(wire.labels(), ["Effect DELETE t"]);
    assert_eq!(wire.outcomes(), [(1, Outcome::Fail)]);
}

#[test]
fn commit_carries_the_ids_of_its_transaction() {
    let mut wire = Wire::started();
    let turns = [
        ("BEGIN", "BEGIN", 'T'),
        ("INSERT INTO t VALUES ('x7-12-1')", "INSERT 0 1", 'T'),
        ("SAVEPOINT a", "SAVEPOINT", 'T'),
        (
            "INSERT INTO t VALUES ('x7-12-2'), ('x8-12-2')",
            "INSERT 0 1",
            'T',
        ),
        ("COMMIT", "COMMIT", 'I'),
        ("BEGIN", "BEGIN", 'T'),
        ("INSERT INTO t VALUES ('x7-12-3')", "INSERT 0 1", 'T'),
        ("ROLLBACK", "ROLLBACK", 'I'),
        ("COMMIT", "COMMIT", 'I'),
    ];
    for (sql, tag, status) in turns {
        wire.client(&query(sql));
        wire.server(&[done(tag), ready(status)].concat());
    }
    let ids: Vec<_> = wire
        .seen
        .heads
        .iter()
        .filter(|h| ["COMMIT", "ROLLBACK"].contains(&h.operation.as_str()))
        .map(|h| h.ids.clone())
        .collect();
    assert_eq!(ids, [vec![id(1), id(2)], vec![id(3)], vec![]]);
}

#[test]
fn a_transaction_in_one_string_or_pipelined_carries_its_ids() {
    let mut wire = Wire::started();
    wire.client(&query(
        "BEGIN; INSERT INTO a VALUES ('x7-12-1'); UPDATE b SET c = 1; COMMIT",
    ));
    assert_eq!(wire.labels(), ["Effect INSERT a"]);
    assert_eq!(wire.seen.heads[0].ids, [id(1)]);
    // Sent at once, before any status came back.
    for sql in ["BEGIN", "INSERT INTO a VALUES ('x7-12-2')", "COMMIT"] {
        wire.client(&query(sql));
    }
    assert_eq!(wire.seen.heads[3].ids, [id(2)]);
}

#[test]
fn a_transaction_opened_out_of_sight_is_known_by_its_status() {
    let mut wire = Wire::started();
    wire.client(&query("CALL begins()"));
    wire.server(&[done("CALL"), ready('T')].concat());
    wire.client(&query("INSERT INTO t VALUES ('x7-12-5')"));
    wire.server(&[done("INSERT 0 1"), ready('T')].concat());
    wire.client(&query("COMMIT"));
    assert_eq!(wire.seen.heads[2].ids, [id(5)]);
}

#[test]
fn outcomes_of_commit() {
    for (reply, outcome) in [
        ([done("COMMIT"), ready('I')].concat(), Outcome::Ok),
        ([done("ROLLBACK"), ready('I')].concat(), Outcome::Fail),
        (
            [error("ERROR", "40001"), ready('I')].concat(),
            Outcome::Fail,
        ),
        (
            [error("ERROR", "23503"), ready('I')].concat(),
            Outcome::Fail,
        ),
        (
            [error("ERROR", "40003"), ready('I')].concat(),
            Outcome::Unknown,
        ),
        (
            [error("ERROR", "08006"), ready('I')].concat(),
            Outcome::Unknown,
        ),
        // The session ends with it: no ReadyForQuery comes.
        (error("FATAL", "57P01"), Outcome::Unknown),
        (error("FATAL", "25P03"), Outcome::Fail),
        (error("PANIC", "58030"), Outcome::Unknown),
    ] {
        let mut wire = Wire::started();
        wire.client(&query("COMMIT"));
        assert_eq!(wire.server(&reply), 1);
        assert_eq!(wire.outcomes(), [(1, outcome)], "{reply:?}");
        assert_eq!(wire.seen.replies[0].error.is_some(), outcome != Outcome::Ok);
    }
    // A statement after the COMMIT of the same string failed.
    let mut wire = Wire::started();
    wire.client(&query(
        "BEGIN; INSERT INTO t VALUES (1); COMMIT; SELECT 1/0",
    ));
    wire.server(&[done("COMMIT"), error("ERROR", "22012"), ready('I')].concat());
    assert_eq!(wire.outcomes(), [(1, Outcome::Unknown)]);
}

#[test]
fn copy_in_by_a_simple_query() {
    let mut wire = Wire::started();
    wire.client(&query("COPY t FROM STDIN"));
    // The client waits for it.
    assert_eq!(wire.server(&msg(b'G', &[0; 3])), 1);
    let data = msg(b'd', b"x7-12-1\n");
    assert_eq!(wire.client(&data[..7]), 1);
    assert_eq!(wire.client(&data[7..]), 1);
    assert_eq!(wire.client(&msg(b'c', b"")), 1);
    assert_eq!(wire.server(&[done("COPY 1"), ready('I')].concat()), 1);
    wire.client(&sync());
    wire.server(&ready('I'));
    assert_eq!(wire.labels(), ["Effect COPY t", "Control SYNC"]);
    assert_eq!(wire.outcomes(), [(1, Outcome::Ok), (2, Outcome::Ok)]);
}

#[test]
fn copy_in_by_the_extended_protocol_has_two_syncs_and_one_reply() {
    let mut wire = Wire::started();
    let copy = [
        parse("", "COPY t FROM STDIN"),
        bind("", "", 0, &[]),
        execute(""),
        sync(),
    ];
    wire.client(&copy.concat());
    wire.server(&[msg(b'1', b""), msg(b'2', b""), msg(b'G', &[0; 3])].concat());
    wire.client(&[msg(b'd', b"1\n"), msg(b'c', b""), sync()].concat());
    wire.server(&[done("COPY 1"), ready('I')].concat());
    wire.client(&query("SELECT 1"));
    wire.server(&[done("SELECT 1"), ready('I')].concat());
    assert_eq!(wire.labels(), ["Effect COPY t", "Read SELECT"]);
    assert_eq!(wire.outcomes(), [(1, Outcome::Ok), (2, Outcome::Ok)]);
}

#[test]
fn copy_out_streams() {
    let mut wire = Wire::started();
    wire.client(&query("COPY t TO STDOUT"));
    assert_eq!(wire.server(&msg(b'H', &[0; 3])), 1);
    assert_eq!(wire.server(&msg(b'd', b"1\n")), 1);
    assert_eq!(wire.server(&[msg(b'c', b""), done("COPY 1")].concat()), 0);
    assert_eq!(wire.server(&ready('I')), 1);
    assert_eq!(wire.outcomes(), [(1, Outcome::Ok)]);
}

#[test]
fn notices_and_notifications_pass_at_any_time() {
    let mut wire = Wire::started();
    assert_eq!(wire.server(&msg(b'A', b"\0\0\0\x01c\0p\0")), 1);
    wire.client(&query("CALL slow()"));
    assert_eq!(wire.server(&msg(b'N', b"\0")), 1);
    assert_eq!(wire.server(&msg(b'S', b"a\0b\0")), 1);
    assert_eq!(wire.server(&[done("CALL"), ready('I')].concat()), 1);
    assert_eq!(wire.outcomes(), [(1, Outcome::Ok)]);
}

#[test]
fn what_was_prepared_out_of_sight_may_write() {
    let mut wire = Wire::started();
    wire.client(&[bind("", "gone", 0, &[]), execute(""), sync()].concat());
    wire.client(
        &[
            parse("s", "SELECT 1"),
            msg(b'C', b"Ss\0"),
            bind("", "s", 0, &[]),
        ]
        .concat(),
    );
    wire.client(&[execute(""), sync()].concat());
    wire.client(&msg(b'F', &[0, 0, 0, 5, 0, 0, 0, 0, 0, 0]));
    assert_eq!(wire.labels(), ["Effect ?", "Effect ?", "Effect FUNCTION 5"]);
}
