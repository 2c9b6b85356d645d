//! Bytes cut anywhere, bytes of any kind, and too many of them.

use super::wire::*;
use bytes::BytesMut;
use exactly_adapter::{Decoder, Direction};
use proptest::prelude::*;

#[test]
fn hostile_bytes_are_errors_and_stay_errors() {
    let nested = b"*1\r\n".repeat(1_000_000);
    let inline = vec![b'a'; 1 << 20];
    let line = [b"+", &inline[..]].concat();
    for (dir, bytes, what) in [
        (Direction::ToSystem, &b"*2147483647\r\n"[..], "values"),
        (Direction::ToSystem, b"*1\r\n$9999999999\r\n", "bytes"),
        (Direction::ToSystem, &nested, "argument"),
        (Direction::ToSystem, &inline, "line"),
        (Direction::ToSystem, b"\x16\x03\x01\x02\x00", "TLS"),
        (
            Direction::ToSystem,
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            "HTTP",
        ),
        (Direction::ToSystem, b"POST / x\r\n", "HTTP"),
        (Direction::ToSystem, b"Host: x\r\n", "HTTP"),
        (Direction::ToClient, &nested, "nested"),
        (Direction::ToClient, b"*2147483647\r\n", "values"),
        (Direction::ToClient, b"$9999999999\r\n", "bytes"),
        (Direction::ToClient, b"*?\r\n", "streamed"),
        (Direction::ToClient, &line, "line"),
        (
            Direction::ToClient,
            b"HTTP/1.1 400 Bad Request\r\n",
            "begins no value",
        ),
        (Direction::ToClient, b">1\r\n+message\r\n", "torn"),
    ] {
        let mut wire = Wire::new();
        let error = wire.read(dir, bytes).unwrap_err();
        assert_eq!(error.protocol, "RESP");
        assert!(error.what.contains(what), "{what}: {error}");
        // Nothing was taken of it, and the other direction stops too.
        let side = usize::from(dir == Direction::ToClient);
        assert_eq!(wire.buffers[side], bytes);
        assert_eq!(wire.read(Direction::ToSystem, b""), Err(error.clone()));
        assert_eq!(wire.read(Direction::ToClient, b""), Err(error));
    }
}

#[test]
fn requests_in_flight_are_bounded() {
    let mut wire = Wire::new();
    let many = ask("PING").repeat(262_144);
    assert_eq!(wire.client(&many), 262_144);
    let error = wire.read(Direction::ToSystem, &ask("PING")).unwrap_err();
    assert!(error.what.contains("in flight"));
}

#[test]
fn payloads_are_not_copied() {
    let mut wire = Wire::new();
    let mut buf = BytesMut::from(&[ask("PING"), ask("SET x7t12.a 1")].concat()[..]);
    let first = buf.as_ptr();
    let _ = wire.decoder.next(Direction::ToSystem, &mut buf, &Nowhere);
    let unit = wire.decoder.next(Direction::ToSystem, &mut buf, &Nowhere);
    let forward = unit.unwrap().unwrap().forward;
    assert_eq!(
        forward.as_ptr() as usize - first as usize,
        ask("PING").len()
    );
}

/// Bytes of a client, and of a server.
type Step = (Vec<u8>, Vec<u8>);

/// What one step of a conversation sends, and is answered with.
fn step(resp3: bool) -> impl Strategy<Value = Step> {
    let kind = if resp3 { '>' } else { '*' };
    let of = |request: &str, reply: &str| Just((ask(request), raw(reply)));
    let stream = "*1|*2|$12|x7t12.orders|*1|*2|$3|1-1|*2|$2|id|$7|x7-12-1|";
    let message = (0_u32..50).prop_map(move |n| {
        let message = format!("message x7t12.news x7-12-{n}");
        (Vec::new(), frame(kind, &message))
    });
    let value = prop::collection::vec(any::<u8>(), 0..300).prop_map(|value| {
        let mut reply = format!("${}\r\n", value.len()).into_bytes();
        reply.extend(value);
        reply.extend(b"\r\n");
        (ask("GET x7t12.a"), reply)
    });
    prop_oneof![
        3 => message,
        2 => value,
        1 => of("PUBLISH x7t12.news x7-12-1", ":2|"),
        1 => of("XREADGROUP GROUP g c STREAMS x7t12.orders >", stream),
        1 => of("XACK x7t12.orders g 1-1", ":1|"),
        1 => of("SET x7t12.a 1", "-OOM command not allowed|"),
        1 => Just((b"set x7t12.a 'x7-12-4'\r\n".to_vec(), raw("+OK|"))),
        1 => Just((
            ["MULTI", "SET x7t12.a x7-12-2", "EXEC"].map(ask).concat(),
            raw("+OK|+QUEUED|*1|+OK|"),
        )),
        1 => Just((ask("SUBSCRIBE x7t12.c"), frame(kind, "subscribe x7t12.c 2"))),
        1 => Just((ask("UNSUBSCRIBE x7t12.c"), frame(kind, "unsubscribe x7t12.c 1"))),
    ]
}

/// Each step with where its bytes are cut.
fn played(resp3: bool, steps: &[Step], pipelined: bool, piece: &[usize]) -> Seen {
    let mut wire = Wire::new();
    if resp3 {
        wire.turn("HELLO 3", "%1|$5|proto|:3|");
    }
    wire.client(&ask("SUBSCRIBE x7t12.news"));
    wire.server(&frame(
        if resp3 { '>' } else { '*' },
        "subscribe x7t12.news 1",
    ));
    wire.seen = Seen::default();
    let mut pieces = piece.iter().cycle();
    let mut cut = |wire: &mut Wire, dir, mut bytes: &[u8]| {
        while !bytes.is_empty() {
            let at = bytes.len().min(*pieces.next().unwrap());
            wire.read(dir, &bytes[..at]).unwrap();
            bytes = &bytes[at..];
        }
    };
    if pipelined {
        let all = |side: fn(&Step) -> &Vec<u8>| {
            steps.iter().map(side).cloned().collect::<Vec<_>>().concat()
        };
        cut(&mut wire, Direction::ToSystem, &all(|step| &step.0));
        cut(&mut wire, Direction::ToClient, &all(|step| &step.1));
    } else {
        for (request, reply) in steps {
            cut(&mut wire, Direction::ToSystem, request);
            cut(&mut wire, Direction::ToClient, reply);
        }
    }
    assert!(wire.buffers.iter().all(|buf| buf.is_empty()));
    wire.seen
}

proptest! {
    #[test]
    fn however_bytes_are_cut_the_units_are_the_same(
        (resp3, steps) in any::<bool>().prop_flat_map(|resp3| {
            (Just(resp3), prop::collection::vec(step(resp3), 1..12))
        }),
        pipelined in any::<bool>(),
        pieces in prop::collection::vec(1_usize..40, 1..30),
    ) {
        let whole = played(resp3, &steps, pipelined, &[usize::MAX]);
        prop_assert_eq!(&whole, &played(resp3, &steps, pipelined, &pieces));
        let sent = |side: fn(&Step) -> &Vec<u8>| {
            steps.iter().map(side).cloned().collect::<Vec<_>>().concat()
        };
        prop_assert_eq!(&whole.forwarded[0], &sent(|step| &step.0));
        prop_assert_eq!(&whole.forwarded[1], &sent(|step| &step.1));
        prop_assert_eq!(whole.heads.len(), whole.replies.len());
        let messages = steps.iter().filter(|step| step.0.is_empty()).count();
        prop_assert_eq!(whole.pushed.len(), messages);
    }

    #[test]
    fn any_bytes_are_units_or_an_error(chunks in prop::collection::vec(
        (any::<bool>(), prop::collection::vec(any::<u8>(), 1..60), "[*$+:%|>-]?"), 1..20,
    )) {
        let mut wire = Wire::new();
        for (to_system, bytes, first) in chunks {
            let dir = if to_system { Direction::ToSystem } else { Direction::ToClient };
            if wire.read(dir, &[first.as_bytes(), &bytes].concat()).is_err() {
                break;
            }
        }
    }
}
