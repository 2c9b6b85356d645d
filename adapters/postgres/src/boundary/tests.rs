//! Hand-built conversations: what each flow looks like to the engine.

use super::PgDecoder;
use bytes::{BufMut, Bytes, BytesMut};
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, Head, Reply, TrialNames, Unit};
use exactly_model::{Class, MessageId, Outcome};
use proptest::prelude::*;

struct Nowhere;

impl Addresses for Nowhere {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::Error::other("Postgres names no addresses"))
    }
}

fn decoder() -> PgDecoder {
    PgDecoder::new(TrialNames { run: 7, trial: 12 })
}

fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

fn msg(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.put_u32(body.len() as u32 + 4);
    out.extend(body);
    out
}

fn text(kind: u8, text: &str) -> Vec<u8> {
    msg(kind, &[text.as_bytes(), &[0]].concat())
}

fn startup(code: u32, parameters: &str) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u32(8 + parameters.len() as u32);
    out.put_u32(code);
    out.extend(parameters.as_bytes());
    out
}

fn hello() -> Vec<u8> {
    startup(3 << 16, "user\0u\0\0")
}

fn welcome() -> Vec<u8> {
    [msg(b'R', &[0; 4]), msg(b'K', &[1; 8]), ready('I')].concat()
}

fn query(sql: &str) -> Vec<u8> {
    text(b'Q', sql)
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    msg(
        b'P',
        &[name.as_bytes(), &[0], sql.as_bytes(), &[0, 0, 0]].concat(),
    )
}

/// Bind with parameters of one format.
fn bind(portal: &str, statement: &str, format: u16, values: &[Option<&[u8]>]) -> Vec<u8> {
    let mut body = [portal.as_bytes(), &[0], statement.as_bytes(), &[0]].concat();
    body.put_u16(1);
    body.put_u16(format);
    body.put_u16(values.len() as u16);
    for value in values {
        match value {
            Some(value) => {
                body.put_u32(value.len() as u32);
                body.extend(*value);
            }
            None => body.put_i32(-1),
        }
    }
    body.put_u16(0);
    msg(b'B', &body)
}

fn execute(portal: &str) -> Vec<u8> {
    msg(b'E', &[portal.as_bytes(), &[0; 5]].concat())
}

fn sync() -> Vec<u8> {
    msg(b'S', &[])
}

fn ready(status: char) -> Vec<u8> {
    msg(b'Z', &[status as u8])
}

fn done(tag: &str) -> Vec<u8> {
    text(b'C', tag)
}

fn error(severity: &str, code: &str) -> Vec<u8> {
    msg(
        b'E',
        format!("S{severity}\0V{severity}\0C{code}\0Mno\0\0").as_bytes(),
    )
}

/// What a conversation showed.
#[derive(Default, PartialEq, Debug)]
struct Seen {
    heads: Vec<Head>,
    replies: Vec<Reply>,
    forwarded: [Vec<u8>; 2],
    answered: Vec<u8>,
}

struct Wire {
    decoder: PgDecoder,
    buffers: [BytesMut; 2],
    seen: Seen,
}

impl Wire {
    fn new() -> Self {
        Self {
            decoder: decoder(),
            buffers: Default::default(),
            seen: Seen::default(),
        }
    }

    /// One that is past its start-up.
    fn started() -> Self {
        let mut wire = Self::new();
        assert_eq!(wire.client(&hello()), 1);
        wire.server(&welcome());
        wire.seen = Seen::default();
        wire
    }

    fn read(&mut self, dir: Direction, bytes: &[u8]) -> Result<usize, DecodeError> {
        let side = usize::from(dir == Direction::ToClient);
        self.buffers[side].extend_from_slice(bytes);
        let mut units = 0;
        while let Some(unit) = self.decoder.next(dir, &mut self.buffers[side], &Nowhere)? {
            let Unit {
                forward,
                answer,
                opens,
                closes,
                delivers,
            } = unit;
            assert!(!forward.is_empty() || !answer.is_empty());
            assert!(delivers.is_empty());
            self.seen.forwarded[side].extend(forward);
            self.seen.answered.extend(answer);
            self.seen.heads.extend(opens);
            self.seen.replies.extend(closes);
            units += 1;
        }
        Ok(units)
    }

    fn client(&mut self, bytes: &[u8]) -> usize {
        self.read(Direction::ToSystem, bytes).unwrap()
    }

    fn server(&mut self, bytes: &[u8]) -> usize {
        self.read(Direction::ToClient, bytes).unwrap()
    }

    fn labels(&self) -> Vec<String> {
        self.seen
            .heads
            .iter()
            .map(|h| {
                format!("{:?} {} {}", h.class, h.operation, h.target)
                    .trim_end()
                    .to_string()
            })
            .collect()
    }

    fn outcomes(&self) -> Vec<(u64, Outcome)> {
        self.seen
            .replies
            .iter()
            .map(|r| (r.key, r.outcome))
            .collect()
    }
}

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
