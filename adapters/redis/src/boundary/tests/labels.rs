//! What each command is taken for.

use super::wire::*;

#[test]
fn commands_have_labels() {
    for (request, label) in [
        (
            "PUBLISH x7t12.news x7-12-1",
            "Effect PUBLISH channel.news [1]",
        ),
        (
            "publish x7t12.news x7-12-1",
            "Effect PUBLISH channel.news [1]",
        ),
        (
            "SPUBLISH x7t12.news x7-12-1",
            "Effect SPUBLISH channel.news [1]",
        ),
        (
            "SUBSCRIBE x7t12.news x7t12.b",
            "Take SUBSCRIBE channel.news,channel.b",
        ),
        ("PSUBSCRIBE x7t12.ne*", "Take PSUBSCRIBE channel.ne*"),
        ("UNSUBSCRIBE x7t12.news", "Control UNSUBSCRIBE channel.news"),
        (
            "XADD x7t12.orders MAXLEN = 5 * id x7-12-1",
            "Effect XADD stream.orders [1]",
        ),
        ("XADD x7t12.out * id x7-12-1", "Effect XADD stream.out [1]"),
        ("XDEL x7t12.orders 1-1", "Effect XDEL stream.orders"),
        ("XACK x7t12.orders g 1-1", "Ack XACK stream.orders"),
        (
            "XREADGROUP GROUP STREAMS c COUNT 1 STREAMS x7t12.orders x7t12.b > >",
            "Take XREADGROUP stream.orders,stream.b",
        ),
        (
            "XREAD BLOCK 0 STREAMS x7t12.orders $",
            "Read XREAD stream.orders",
        ),
        (
            "XAUTOCLAIM x7t12.orders g c 0 0-0",
            "Take XAUTOCLAIM stream.orders",
        ),
        (
            "XCLAIM x7t12.orders g c 0 1-1 JUSTID",
            "Take XCLAIM stream.orders",
        ),
        (
            "XGROUP CREATE x7t12.orders g 0 MKSTREAM",
            "Control XGROUP CREATE stream.orders",
        ),
        (
            "XGROUP DESTROY x7t12.orders g",
            "Effect XGROUP DESTROY stream.orders",
        ),
        (
            "XINFO GROUPS x7t12.orders",
            "Read XINFO GROUPS stream.orders",
        ),
        ("XPENDING x7t12.orders g", "Read XPENDING stream.orders"),
        (
            "SET x7t12.seen:x7-12-3 1 NX PX 1000",
            "Effect SET key.seen:* [3]",
        ),
        ("GET x7t12.a", "Read GET key.a"),
        ("MGET x7t12.a x7t12.a other", "Read MGET key.a,other"),
        (
            "MSET x7t12.a x7-12-1 x7t12.b x7-12-2",
            "Effect MSET key.a,key.b [1, 2]",
        ),
        (
            "DEL x7t12.orders x7t12.a x7t12.b x7t12.c x7t12.d",
            "Effect DEL stream.orders,key.a,key.b,key.c,…",
        ),
        ("EXPIRE x7t12.a 5", "Effect EXPIRE key.a"),
        ("LPUSH x7t12.a x7-12-1", "Effect LPUSH key.a [1]"),
        ("BLPOP x7t12.a x7t12.b 0", "Take BLPOP key.a,key.b"),
        ("LMOVE x7t12.a x7t12.b LEFT RIGHT", "Take LMOVE key.a,key.b"),
        ("BLMPOP 0 2 x7t12.a x7t12.b LEFT", "Take BLMPOP key.a,key.b"),
        ("EVAL return 1 x7t12.a x7-12-1", "Effect EVAL key.a [1]"),
        ("EVALSHA abc 99999999999 x7t12.a", "Effect EVALSHA key.a"),
        ("BITOP AND x7t12.a x7t12.b", "Effect BITOP key.a"),
        ("CONFIG GET save", "Control CONFIG GET"),
        ("CONFIG SET save x", "Effect CONFIG SET"),
        ("client setname a", "Control CLIENT SETNAME"),
        ("SCRIPT LOAD x", "Control SCRIPT LOAD"),
        ("SCRIPT FLUSH", "Effect SCRIPT FLUSH"),
        ("FLUSHALL", "Effect FLUSHALL"),
        ("HELLO 3 AUTH user secret", "Control HELLO"),
        ("AUTH secret", "Control AUTH"),
        ("PING", "Control PING"),
        ("INFO", "Control INFO"),
        ("JSON.SET x7t12.doc $ 1", "Effect JSON.SET key.doc"),
        ("\u{1}\u{2}", "Effect ??"),
    ] {
        let mut wire = Wire::new();
        assert_eq!(wire.client(&ask(request)), 1);
        assert_eq!(shown(&wire.seen.heads[0]), label, "{request}");
    }
}

#[test]
fn inline_commands_are_requests_too() {
    let mut wire = Wire::new();
    assert_eq!(wire.client(b"PING\r\n\r\nset x7t12.a \"x7-12-4\"\n"), 3);
    assert_eq!(shown(&wire.seen.heads[1]), "Effect SET key.a [4]");
    wire.server(&raw("+PONG|+OK|"));
    assert_eq!(wire.outcomes().len(), 2);
}

#[test]
fn what_is_no_conversation_of_requests_is_an_error_that_says_so() {
    for (request, why) in [
        ("MONITOR", "stream of all"),
        ("PSYNC ? -1", "replication"),
        ("SYNC", "replication"),
        ("SCRIPT DEBUG YES", "debugger"),
    ] {
        let mut wire = Wire::new();
        let error = wire.read(exactly_adapter::Direction::ToSystem, &ask(request));
        let error = error.unwrap_err();
        assert!(error.what.contains(why), "{error}");
        assert_eq!(error.protocol, "RESP");
    }
}

#[test]
fn what_names_other_addresses_is_an_error_that_says_so() {
    for (request, reply) in [
        ("CLUSTER SLOTS", "*1|*1|$9|127.0.0.1|"),
        ("GET a", "-MOVED 3999 127.0.0.1:6381|"),
        ("GET a", "-ASK 3999 127.0.0.1:6381|"),
    ] {
        let mut wire = Wire::new();
        wire.client(&ask(request));
        let error = wire.read(exactly_adapter::Direction::ToClient, &raw(reply));
        assert!(error.unwrap_err().what.contains("past the boundary"));
    }
    let mut wire = Wire::new();
    wire.turn(
        "CLUSTER SLOTS",
        "-ERR This instance has cluster support disabled|",
    );
}
