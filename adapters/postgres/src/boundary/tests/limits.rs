//! Bytes cut anywhere, bytes of any kind, and too many of them.

use super::wire::*;
use bytes::{Bytes, BytesMut};
use exactly_adapter::{DecodeError, Decoder, Direction};
use exactly_model::Outcome;
use proptest::prelude::*;

#[test]
fn large_replies_are_not_piled_up() {
    let row = msg(b'D', &vec![7; 1 << 20]);
    for (sql, most) in [
        ("SELECT a FROM t", 1 << 20),
        ("DELETE FROM t RETURNING a", 18 << 20),
    ] {
        let mut wire = Wire::started();
        wire.client(&query(sql));
        for _ in 0..40 {
            for part in row.chunks(100_000) {
                wire.server(part);
                assert!(wire.buffers[1].len() <= most, "{sql}");
            }
        }
        wire.server(&[done("SELECT 40"), ready('I')].concat());
        assert_eq!(wire.outcomes(), [(1, Outcome::Ok)]);
        assert_eq!(wire.seen.forwarded[1].len(), 40 * row.len() + 21);
    }
}

#[test]
fn hostile_bytes_are_errors_and_stay_errors() {
    let huge = |kind: u8| [&[kind][..], &0x7fff_ffff_u32.to_be_bytes()].concat();
    let torn_bind = msg(b'B', b"\0\0\0\0\xff\xff");
    for (dir, bytes) in [
        (Direction::ToSystem, huge(b'Q')),
        (Direction::ToSystem, vec![b'Q', 0, 0, 0, 3]),
        (Direction::ToSystem, vec![b'Q', 0x10, 0, 0, 0]),
        (Direction::ToSystem, msg(b'?', b"")),
        (Direction::ToSystem, msg(b'Q', b"no end")),
        (Direction::ToSystem, torn_bind),
        (Direction::ToClient, huge(b'D')),
        (Direction::ToClient, huge(b'd')),
        (Direction::ToClient, msg(b'Z', b"?")),
        (Direction::ToClient, msg(b'Z', b"")),
        (Direction::ToClient, msg(b'E', b"Cx")),
        (Direction::ToClient, vec![b'C', 0x10, 0, 0, 0]),
        (
            Direction::ToClient,
            b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        ),
    ] {
        let mut wire = Wire::started();
        let error = wire.read(dir, &bytes).unwrap_err();
        assert_eq!(error.protocol, "postgres");
        // Nothing was taken of it, and the other direction stops too.
        let side = usize::from(dir == Direction::ToClient);
        assert_eq!(wire.buffers[side], bytes, "{error}");
        assert!(wire.buffers[side].capacity() < 1 << 16);
        assert_eq!(wire.read(Direction::ToSystem, b""), Err(error.clone()));
        assert_eq!(wire.read(Direction::ToClient, b""), Err(error));
    }
    for first in [
        b"GET / HTTP/1.1\r\n".to_vec(),
        startup(2 << 16, ""),
        startup(80_877_103, "more"),
        startup(3 << 16, "user\0u\0replication\0database\0\0"),
        vec![0, 0, 0, 7, 0, 3, 0, 0],
    ] {
        assert!(
            Wire::new().read(Direction::ToSystem, &first).is_err(),
            "{first:?}"
        );
    }
}

#[test]
fn half_frames_wait() {
    let mut wire = Wire::started();
    assert_eq!(wire.client(&[b'Q', 0, 0]), 0);
    assert_eq!(wire.client(&[0, 200, b'S']), 0);
    assert_eq!(wire.server(b"Z"), 0);
    assert_eq!(Wire::new().client(&hello()[..11]), 0);
}

#[test]
fn in_flight_exchanges_are_bounded() {
    let mut wire = Wire::started();
    let mut error = None;
    for _ in 0..70_000 {
        if let Err(why) = wire.read(Direction::ToSystem, &sync()) {
            error = Some(why);
            break;
        }
    }
    assert!(error.unwrap().what.contains("in flight"));
}

#[test]
fn payloads_are_not_copied() {
    let mut decoder = decoder();
    let mut buf = BytesMut::from(&[hello(), query("INSERT INTO t VALUES (1)")].concat()[..]);
    let first = buf.as_ptr();
    let _ = decoder.next(Direction::ToSystem, &mut buf, &Nowhere);
    let unit = decoder
        .next(Direction::ToSystem, &mut buf, &Nowhere)
        .unwrap()
        .unwrap();
    let forwarded: Bytes = unit.forward;
    assert_eq!(forwarded.as_ptr() as usize - first as usize, hello().len());
}

/// A turn of a conversation: what the client sends, what the server answers.
fn turn() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let ok = |tag: &str, status| [done(tag), ready(status)].concat();
    let number = id(6).to_i64().to_be_bytes().to_vec();
    let rows = [
        msg(b'T', b"\0\0"),
        msg(b'D', &[1; 300]),
        ok("SELECT 1", 'I'),
    ]
    .concat();
    let extended = [
        parse("p", "INSERT INTO t VALUES ($1)"),
        bind("", "p", 1, &[Some(&number)]),
        execute(""),
        sync(),
    ]
    .concat();
    let copy = [
        parse("", "COPY t FROM STDIN"),
        bind("", "", 0, &[]),
        execute(""),
        sync(),
    ]
    .concat();
    prop::sample::select(vec![
        (
            query("INSERT INTO t VALUES ('x7-12-2')"),
            ok("INSERT 0 1", 'I'),
        ),
        (query("BEGIN"), ok("BEGIN", 'T')),
        (query("COMMIT"), ok("COMMIT", 'I')),
        (query("COMMIT"), ok("ROLLBACK", 'I')),
        (query("SELECT a FROM t"), rows),
        (
            query("UPDATE t SET a = 1"),
            [msg(b'N', b"\0"), error("ERROR", "40001"), ready('E')].concat(),
        ),
        (
            extended,
            [msg(b'1', b""), msg(b'2', b""), ok("INSERT 0 1", 'I')].concat(),
        ),
        (
            [parse("q", "SELECT 1"), sync()].concat(),
            [msg(b'1', b""), ready('I')].concat(),
        ),
        (
            [bind("", "q", 0, &[]), execute(""), msg(b'H', b"")].concat(),
            msg(b'2', b""),
        ),
        (sync(), ready('I')),
        (copy, [msg(b'2', b""), msg(b'G', &[0; 3])].concat()),
        (
            [msg(b'd', &[b'x'; 70]), msg(b'c', b""), sync()].concat(),
            ok("COPY 1", 'I'),
        ),
        (Vec::new(), msg(b'A', b"\0\0\0\x01c\0p\0")),
    ])
}

/// Feeds both sides of each turn in pieces, cut where `cuts` say.
fn converse(turns: &[(Vec<u8>, Vec<u8>)], cuts: &[usize]) -> Result<Seen, DecodeError> {
    let mut wire = Wire::started();
    let mut cuts = cuts.iter().cycle();
    for (client, server) in turns {
        for (dir, bytes) in [(Direction::ToSystem, client), (Direction::ToClient, server)] {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let len = (*cuts.next().unwrap()).min(rest.len());
                wire.read(dir, &rest[..len])?;
                rest = &rest[len..];
            }
        }
    }
    // A conversation that ends in the middle of an exchange keeps its bytes.
    for side in 0..2 {
        wire.seen.forwarded[side].extend_from_slice(&wire.buffers[side]);
    }
    Ok(wire.seen)
}

proptest! {
    #[test]
    fn how_bytes_are_cut_makes_no_difference(
        turns in proptest::collection::vec(turn(), 1..12),
        cuts in proptest::collection::vec(1_usize..40, 1..20),
    ) {
        let whole = converse(&turns, &[usize::MAX]).unwrap();
        let cut = converse(&turns, &cuts).unwrap();
        prop_assert_eq!(&whole, &cut);
        let sent: Vec<u8> = turns.iter().flat_map(|(client, _)| client.clone()).collect();
        let answered: Vec<u8> = turns.iter().flat_map(|(_, server)| server.clone()).collect();
        prop_assert_eq!(&cut.forwarded[0], &sent);
        prop_assert_eq!(&cut.forwarded[1], &answered);
    }

    #[test]
    fn any_bytes_are_units_errors_or_wait(
        started: bool,
        parts in proptest::collection::vec((any::<bool>(), prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            (prop::sample::select(b"QPBDECSHFdcfXpRKZ123GWVEInNAtTsv".to_vec()),
             proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(kind, body)| msg(kind, &body)),
            turn().prop_map(|(client, server)| [client, server].concat()),
        ]), 0..20),
    ) {
        let mut wire = if started { Wire::started() } else { Wire::new() };
        for (to_system, bytes) in parts {
            let dir = if to_system { Direction::ToSystem } else { Direction::ToClient };
            if wire.read(dir, &bytes).is_err() {
                break;
            }
        }
    }
}
