//! What drivers put on the wire, byte for byte: taken from the sockets of the
//! examples' workers.

use super::wire::*;
use exactly_model::Outcome;

/// pgjdbc 42.7.14: BEGIN as a simple query, and without waiting for its answer
/// the first statement, unnamed and typed.
const JDBC_FIRST: &[u8] = b"Q\0\0\0\x0aBEGIN\0\
    P\0\0\0\x45\0insert into inbox (id) values ($1) on conflict do nothing\0\0\x01\0\0\x04\x13\
    B\0\0\0\x19\0\0\0\x01\0\0\0\x01\0\0\0\x07x7-12-0\0\0\
    D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\x01S\0\0\0\x04";
/// The second statement: a BIGINT in binary beside texts.
const JDBC_SECOND: &[u8] =
    b"P\0\0\0\x59\0insert into orders (id, customer, n, sum) values ($1, $2, $3, $4)\0\0\x04\
    \0\0\x04\x13\0\0\x04\x13\0\0\0\x14\0\0\x04\x13\
    B\0\0\0\x36\0\0\0\x04\0\0\0\0\0\x01\0\0\0\x04\0\0\0\x07x7-12-0\0\0\0\x02k0\0\0\0\x08\
    \0\0\0\0\0\0\0\0\0\0\0\x01s\0\0\
    D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\x01S\0\0\0\x04";
/// The first COMMIT of a connection names its statement, the later ones use it.
const JDBC_COMMIT: &[u8] = b"P\0\0\0\x11S_1\0COMMIT\0\0\0\
    B\0\0\0\x0f\0S_1\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\x01S\0\0\0\x04";
const JDBC_COMMIT_AGAIN: &[u8] =
    b"B\0\0\0\x0f\0S_1\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\x01S\0\0\0\x04";

/// pgx 5.12.0: each statement is prepared once, in an exchange of its own.
const PGX_PREPARE: &[u8] = b"P\0\0\0\x7b\
    stmtcache_46326a98193164c01575c21109e0b0ee3277518ccfa7e741\0\
    insert into inbox (id) values ($1) on conflict do nothing\0\0\0\
    D\0\0\0\x40Sstmtcache_46326a98193164c01575c21109e0b0ee3277518ccfa7e741\0S\0\0\0\x04";
const PGX_EXECUTE: &[u8] = b"B\0\0\0\x53\0\
    stmtcache_46326a98193164c01575c21109e0b0ee3277518ccfa7e741\0\0\x01\0\0\0\x01\0\0\0\x07x7-12-0\
    \0\0D\0\0\0\x06P\0E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";

/// What a server says to Parse, Bind, Describe and Execute of a statement
/// without rows.
fn inserted(status: char) -> Vec<u8> {
    let parts = [msg(b'1', b""), msg(b'2', b""), msg(b'n', b"")];
    [parts.concat(), done("INSERT 0 1"), ready(status)].concat()
}

fn committed() -> Vec<u8> {
    [msg(b'2', b""), done("COMMIT"), ready('I')].concat()
}

#[test]
fn jdbc_sends_the_first_statement_behind_begin() {
    let mut wire = Wire::started();
    // Two exchanges in one packet: each can be struck alone.
    assert_eq!(wire.client(JDBC_FIRST), 2);
    wire.server(&[done("BEGIN"), ready('T')].concat());
    wire.server(&inserted('T'));
    assert_eq!(wire.client(JDBC_SECOND), 1);
    wire.server(&inserted('T'));
    assert_eq!(wire.client(JDBC_COMMIT), 1);
    wire.server(&[msg(b'1', b""), committed()].concat());
    assert_eq!(wire.client(JDBC_FIRST), 2);
    wire.server(&[done("BEGIN"), ready('T'), inserted('T')].concat());
    assert_eq!(wire.client(JDBC_COMMIT_AGAIN), 1);
    wire.server(&committed());
    assert_eq!(
        wire.labels(),
        [
            "Control BEGIN",
            "Effect INSERT inbox",
            "Effect INSERT orders",
            "Effect COMMIT",
            "Control BEGIN",
            "Effect INSERT inbox",
            "Effect COMMIT",
        ]
    );
    for exchange in [1, 2, 3, 5, 6] {
        assert_eq!(wire.seen.heads[exchange].ids, [id(0)], "{exchange}");
    }
    assert!(wire.outcomes().iter().all(|(_, o)| *o == Outcome::Ok));
}

#[test]
fn pgx_prepares_apart_and_executes_by_name() {
    let mut wire = Wire::started();
    wire.client(&query("begin"));
    wire.server(&[done("BEGIN"), ready('T')].concat());
    assert_eq!(wire.client(PGX_PREPARE), 1);
    let described = [msg(b'1', b""), msg(b't', &[0, 0]), msg(b'n', b"")].concat();
    wire.server(&[described, ready('T')].concat());
    for _ in 0..2 {
        assert_eq!(wire.client(PGX_EXECUTE), 1);
        wire.server(&inserted('T'));
    }
    wire.client(&query("commit"));
    wire.server(&[done("COMMIT"), ready('I')].concat());
    assert_eq!(
        wire.labels(),
        [
            "Control BEGIN",
            "Control PREPARE",
            "Effect INSERT inbox",
            "Effect INSERT inbox",
            "Effect COMMIT",
        ]
    );
    for exchange in [2, 3, 4] {
        assert_eq!(wire.seen.heads[exchange].ids, [id(0)], "{exchange}");
    }
}
