//! Conversations: streams, transactions, errors, silence.

use super::wire::*;
use crate::boundary::faultable;
use exactly_adapter::{Decoder, Direction};
use exactly_model::{Outcome, Phase, Position};

/// Entry 1-1 with message 1 and 1-2 with message 2, as RESP2 writes them.
const ENTRIES: &str = "*2|*2|$3|1-1|*2|$2|id|$7|x7-12-1|*2|$3|1-2|*2|$2|id|$7|x7-12-2|";

fn read_group(wire: &mut Wire) {
    let reply = format!("*1|*2|$12|x7t12.orders|{ENTRIES}");
    let (_, reply) = wire.turn("XREADGROUP GROUP g c STREAMS x7t12.orders >", &reply);
    assert!(!reply.idle);
}

#[test]
fn an_ack_carries_the_ids_of_what_was_handed_out_on_any_connection() {
    let mut wire = Wire::new();
    for sequence in 1..=2 {
        let offset = i64::from(sequence) - 1;
        let position = Position {
            target: "stream.orders".into(),
            partition: 0,
            offset,
        };
        wire.shared.fed(id(sequence), position);
    }
    read_group(&mut wire);
    let offsets: Vec<_> = wire.seen.delivered.iter().map(|d| d.first).collect();
    assert_eq!(offsets, [0, 1]);
    // Another incarnation acknowledges.
    let mut next = Wire::with(wire.shared.clone());
    let (head, _) = next.turn("XACK x7t12.orders g 1-2 1-1", ":2|");
    assert_eq!(shown(&head), "Ack XACK stream.orders [1, 2]");
    assert!(next.shared.was_handed("x7t12.orders", "1-2"));
    assert!(!next.shared.was_handed("x7t12.orders", "1-3"));
    assert!(
        next.shared
            .handed_out()
            .iter()
            .all(|entry| entry.acknowledged)
    );
    let (head, _) = next.turn("XACK x7t12.other g 1-2", ":0|");
    assert_eq!(head.ids, []);
}

#[test]
fn entries_are_read_in_resp3_and_from_claims() {
    let map = format!("%1|$12|x7t12.orders|{ENTRIES}");
    for (request, reply) in [
        ("XREADGROUP GROUP g c STREAMS x7t12.orders >", map),
        (
            "XAUTOCLAIM x7t12.orders g c 0 0-0",
            format!("*3|$3|0-0|{ENTRIES}*0|"),
        ),
        ("XCLAIM x7t12.orders g c 0 1-1 1-2", ENTRIES.to_string()),
    ] {
        let mut wire = Wire::new();
        let (_, reply) = wire.turn(request, &reply);
        assert!(!reply.idle, "{request}");
        let (head, _) = wire.turn("XACK x7t12.orders g 1-2", ":1|");
        assert_eq!(head.ids, [id(2)], "{request}");
    }
}

#[test]
fn a_poll_for_more_is_idle() {
    for (request, reply) in [
        (
            "XREADGROUP GROUP g c BLOCK 5 STREAMS x7t12.orders >",
            "*-1|",
        ),
        ("XREADGROUP GROUP g c BLOCK 5 STREAMS x7t12.orders >", "_|"),
        (
            "XREADGROUP GROUP g c STREAMS x7t12.orders 0",
            "*1|*2|$12|x7t12.orders|*0|",
        ),
        ("XAUTOCLAIM x7t12.orders g c 0 0-0", "*3|$3|0-0|*0|*0|"),
        ("XCLAIM x7t12.orders g c 0 1-1", "*0|"),
        ("BLPOP x7t12.a 1", "*-1|"),
        ("LPOP x7t12.a", "$-1|"),
    ] {
        let (_, reply) = Wire::new().turn(request, reply);
        assert!(reply.idle && reply.outcome == Outcome::Ok, "{request}");
    }
    let (_, reply) = Wire::new().turn("GET x7t12.a", "$-1|");
    assert!(!reply.idle);
}

#[test]
fn exec_is_the_effect_of_what_was_queued() {
    let mut wire = Wire::new();
    read_group(&mut wire);
    wire.turn("MULTI", "+OK|");
    let (head, _) = wire.turn("SET x7t12.a x7-12-3", "+QUEUED|");
    assert_eq!(shown(&head), "Control SET");
    wire.turn("XACK x7t12.orders g 1-1", "+QUEUED|");
    wire.turn("GET x7t12.b", "+QUEUED|");
    assert!(!wire.shared.handed_out()[0].acknowledged);
    let (head, reply) = wire.turn("EXEC", "*3|+OK|:1|$-1|");
    assert_eq!(shown(&head), "Effect EXEC key.a [1, 3]");
    assert_eq!(reply.outcome, Outcome::Ok);
    assert!(wire.shared.handed_out()[0].acknowledged);
    // The transaction is over.
    let (head, _) = wire.turn("SET x7t12.a 1", "+OK|");
    assert_eq!(shown(&head), "Effect SET key.a");
}

#[test]
fn exec_says_what_became_of_it() {
    for (reply, outcome) in [
        ("*2|+OK|:1|", Outcome::Ok),
        ("*-1|", Outcome::Fail),
        ("_|", Outcome::Fail),
        (
            "-EXECABORT Transaction discarded because of previous errors.|",
            Outcome::Fail,
        ),
        ("*2|+OK|-WRONGTYPE x|", Outcome::Unknown),
        ("*2|-OOM x|-WRONGTYPE x|", Outcome::Fail),
    ] {
        let mut wire = Wire::new();
        // In one packet.
        let requests = ["MULTI", "SET x7t12.a 1", "INCR x7t12.a", "EXEC"].map(ask);
        assert_eq!(wire.client(&requests.concat()), 4);
        wire.server(&raw(&format!("+OK|+QUEUED|+QUEUED|{reply}")));
        assert_eq!(wire.outcomes()[3], (4, outcome), "{reply}");
    }
    let mut wire = Wire::new();
    wire.client(
        &[
            ask("MULTI"),
            ask("SET x7t12.a 1"),
            ask("DISCARD"),
            ask("SET x7t12.a 1"),
        ]
        .concat(),
    );
    wire.server(&raw("+OK|+QUEUED|+OK|+OK|"));
    assert_eq!(shown(&wire.seen.heads[3]), "Effect SET key.a");
}

#[test]
fn errors_are_judged() {
    for (request, reply, outcome) in [
        (
            "SET x7t12.a 1",
            "-LOADING Redis is loading the dataset in memory|",
            Outcome::Fail,
        ),
        ("SET x7t12.a 1", "!9|ERR wrong|", Outcome::Fail),
        ("SET x7t12.a 1 NX", "$-1|", Outcome::Fail),
        ("SET x7t12.a 1 NX", "_|", Outcome::Fail),
        ("SET x7t12.a 1 NX GET", "$-1|", Outcome::Ok),
        ("SET x7t12.a 1 GET", "$-1|", Outcome::Ok),
        ("XADD x7t12.orders NOMKSTREAM * a b", "$-1|", Outcome::Fail),
        (
            "EVAL x 0",
            "-ERR in the middle script: abc|",
            Outcome::Unknown,
        ),
        (
            "XADD x7t12.orders * a b",
            "-MODULE says so|",
            Outcome::Unknown,
        ),
    ] {
        let (_, said) = Wire::new().turn(request, reply);
        assert_eq!(said.outcome, outcome, "{request} {reply}");
        assert_eq!(said.error.is_some(), outcome != Outcome::Ok);
    }
}

#[test]
fn errors_before_an_apply_are_refusals_that_clients_know() {
    for (request, error) in [
        ("PUBLISH x7t12.news x7-12-1", "-BUSY "),
        ("SUBSCRIBE x7t12.news", "-BUSY "),
        ("XADD x7t12.orders * id x7-12-1", "-LOADING "),
        ("XACK x7t12.orders g 1-1", "-LOADING "),
    ] {
        let mut wire = Wire::new();
        let operation = request.split(' ').next().unwrap();
        assert!(faultable(operation, "").error_before);
        wire.client(&[ask("PING"), ask(request)].concat());
        wire.server(b"+PONG\r\n");
        assert_eq!(wire.decoder.awaited(), 1);
        let reply = wire.decoder.error_reply(2, Phase::Before).unwrap();
        assert!(reply.bytes.starts_with(error.as_bytes()) && reply.bytes.ends_with(b"\r\n"));
        assert_eq!(wire.decoder.awaited(), 0);
        assert_eq!(wire.decoder.error_reply(2, Phase::After), None);
        // What comes next is not taken for its reply.
        wire.turn("PING", "+PONG|");
    }
    let mut wire = Wire::new();
    wire.client(&[ask("MULTI"), ask("SET x7t12.a 1"), ask("EXEC")].concat());
    for key in 1..=3 {
        assert_eq!(wire.decoder.error_reply(key, Phase::Before), None);
    }
    assert_eq!(wire.decoder.awaited(), 3);
}

#[test]
fn silenced_replies_are_not_waited_for() {
    let mut wire = Wire::new();
    let requests = [
        "CLIENT REPLY SKIP",
        "SET x7t12.a 1",
        "GET x7t12.a",
        "CLIENT REPLY OFF",
        "SET x7t12.a 2",
        "CLIENT REPLY SKIP",
        "SET x7t12.a 3",
        "CLIENT REPLY ON",
        "GET x7t12.a",
    ];
    wire.client(&requests.map(ask).concat());
    let expects: Vec<bool> = wire
        .seen
        .heads
        .iter()
        .map(|head| head.expects_reply)
        .collect();
    assert_eq!(
        expects,
        [false, false, true, false, false, false, false, true, true]
    );
    wire.server(&raw("$1|1|+OK|$1|3|"));
    let keys: Vec<u64> = wire.outcomes().iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, [3, 8, 9]);
    for request in ["CLIENT REPLY OFF", "MULTI"] {
        let mut wire = Wire::new();
        wire.client(&ask(request));
        let error = wire.read(Direction::ToSystem, &ask("SUBSCRIBE x7t12.news"));
        assert!(error.unwrap_err().what.contains("not followed"));
    }
}

#[test]
fn an_error_before_any_request_is_passed_on() {
    let mut wire = Wire::new();
    assert_eq!(wire.server(&raw("-ERR max number of clients reached|")), 1);
    let error = wire.read(Direction::ToClient, b"+OK\r\n").unwrap_err();
    assert!(error.what.contains("no request"));
}

#[test]
fn what_was_queued_and_was_carried_out_is_an_error() {
    let mut wire = Wire::new();
    wire.client(&[ask("MULTI"), ask("SET x7t12.a 1")].concat());
    let error = wire
        .read(Direction::ToClient, &raw("-ERR no|+OK|"))
        .unwrap_err();
    assert!(error.what.contains("carried out"), "{error}");
}
