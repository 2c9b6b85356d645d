//! The decoder: flows, hostile octets, properties.

use super::{MESSAGE, SmtpDecoder};
use bytes::BytesMut;
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, Head, Reply, TrialNames};
use exactly_model::{Class, Phase};
use proptest::prelude::*;

struct Nowhere;

impl Addresses for Nowhere {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::Error::other("SMTP names no addresses"))
    }
}

/// What came out of the decoder.
#[derive(PartialEq, Debug, Default)]
struct Seen {
    heads: Vec<Head>,
    replies: Vec<Reply>,
    forwarded: [Vec<u8>; 2],
    answered: Vec<u8>,
}

struct Wire {
    decoder: SmtpDecoder,
    buffers: [BytesMut; 2],
    seen: Seen,
}

impl Wire {
    fn new() -> Self {
        let names = TrialNames { run: 7, trial: 12 };
        Self {
            decoder: SmtpDecoder::new(names),
            buffers: [BytesMut::new(), BytesMut::new()],
            seen: Seen::default(),
        }
    }

    fn greeted() -> Self {
        let mut wire = Self::new();
        wire.server("220 a ESMTP\r\n");
        wire.turn("EHLO a\r\n", "250-b\r\n250 HELP\r\n");
        wire
    }

    fn read(&mut self, dir: Direction, bytes: &[u8]) -> Result<usize, DecodeError> {
        let side = usize::from(dir == Direction::ToClient);
        self.buffers[side].extend_from_slice(bytes);
        let mut units = 0;
        while let Some(unit) = self.decoder.next(dir, &mut self.buffers[side], &Nowhere)? {
            units += 1;
            self.seen.heads.extend(unit.opens);
            self.seen.replies.extend(unit.closes);
            self.seen.forwarded[side].extend_from_slice(&unit.forward);
            self.seen.answered.extend_from_slice(&unit.answer);
        }
        Ok(units)
    }

    fn client(&mut self, text: &str) -> usize {
        self.read(Direction::ToSystem, text.as_bytes()).unwrap()
    }

    fn server(&mut self, text: &str) -> usize {
        self.read(Direction::ToClient, text.as_bytes()).unwrap()
    }

    fn turn(&mut self, client: &str, server: &str) {
        self.client(client);
        self.server(server);
    }

    /// Heads and replies since the last call, in words.
    fn taken(&mut self) -> Vec<String> {
        let heads = std::mem::take(&mut self.seen.heads);
        let replies = std::mem::take(&mut self.seen.replies);
        assert_eq!(heads.len(), replies.len(), "{heads:?} {replies:?}");
        let pairs = heads.iter().zip(&replies);
        pairs
            .map(|(head, reply)| {
                assert_eq!(head.key, reply.key);
                assert_eq!(head.class == Class::Effect, head.operation == MESSAGE);
                let ids: Vec<_> = head.ids.iter().map(|id| id.sequence()).collect();
                let (operation, target) = (&head.operation, &head.target);
                let told = match target.as_str() {
                    "" => operation.clone(),
                    target => format!("{operation} {target} {ids:?}"),
                };
                format!("{told} {:?}", reply.outcome)
            })
            .collect()
    }
}

const ENVELOPE: &str = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n";

#[test]
fn a_mail_is_one_effect_whatever_was_pipelined() {
    let mut wire = Wire::greeted();
    wire.taken();
    assert_eq!(wire.client(ENVELOPE), 4);
    assert_eq!(wire.decoder.awaited(), 4);
    wire.server("250 ok\r\n550 who\r\n250 ok\r\n354 go\r\n");
    assert_eq!(
        wire.client("Subject: x7-12-3\r\n\r\nx7-12-4 x7-13-1\r\n."),
        0
    );
    assert_eq!(wire.client("\r\n"), 1);
    wire.server("250 kept\r\n");
    assert_eq!(
        wire.taken(),
        [
            "MAIL Ok",
            "RCPT Fail",
            "RCPT Ok",
            "DATA Ok",
            "message f [3, 4] Ok",
        ]
    );
    wire.turn("QUIT\r\n", "221 bye\r\n");
    assert_eq!(wire.taken(), ["QUIT Ok"]);
}

#[test]
fn ids_are_found_in_what_is_decoded() {
    let mut wire = Wire::greeted();
    wire.turn(ENVELOPE, "250 a\r\n250 a\r\n250 a\r\n354 go\r\n");
    // `x7-12-5` in base64.
    let content = "Content-Transfer-Encoding: base64\r\n\r\neDctMTItNQ==\r\n.\r\n";
    wire.turn(content, "250 kept\r\n");
    assert_eq!(wire.taken().last().unwrap(), "message d [5] Ok");
}

#[test]
fn no_content_follows_what_is_no_354() {
    for reply in ["503 no\r\n", "554 no\r\n", "421 bye\r\n", "250 what\r\n"] {
        let mut wire = Wire::greeted();
        wire.turn("DATA\r\n", reply);
        wire.turn("RSET\r\n", "250 ok\r\n");
        assert_eq!(wire.taken().last().unwrap(), "RSET Ok", "{reply}");
    }
    let mut wire = Wire::greeted();
    let error = wire.read(Direction::ToSystem, b"DATA\r\nSubject");
    let error = error.unwrap_err();
    assert!(
        error.what.contains("before DATA or AUTH was answered"),
        "{error}"
    );
    // Nor does one follow a 354 that answers something else.
    let mut wire = Wire::greeted();
    wire.client("NOOP\r\n");
    assert!(wire.read(Direction::ToClient, b"354 go\r\n").is_err());
}

#[test]
fn outcomes_are_those_of_the_table() {
    for (reply, outcome) in [
        ("250 ok\r\n", "Ok"),
        ("251-a\r\n251 b\r\n", "Ok"),
        ("451 later\r\n", "Fail"),
        ("554 never\r\n", "Fail"),
        ("421 bye\r\n", "Fail"),
    ] {
        let mut wire = Wire::greeted();
        wire.turn(ENVELOPE, "250 a\r\n250 a\r\n250 a\r\n354 go\r\n");
        wire.turn("a\r\n.\r\n", reply);
        let last = wire.taken().pop().unwrap();
        assert_eq!(last, format!("message d [] {outcome}"));
    }
    // What nobody asked for is passed on when it is the end.
    let mut wire = Wire::greeted();
    wire.server("421 idle\r\n");
    assert!(wire.seen.forwarded[1].ends_with(b"421 idle\r\n"));
    assert!(wire.read(Direction::ToClient, b"250 what\r\n").is_err());
}

#[test]
fn tls_is_not_offered_and_not_begun() {
    let mut wire = Wire::new();
    wire.server("220 a\r\n");
    wire.turn(
        "EHLO a\r\n",
        "250-b\r\n250-STARTTLS\r\n250-SIZE 1\r\n250 HELP\r\n",
    );
    assert_eq!(
        wire.seen.forwarded[1],
        b"220 a\r\n250-b\r\n250-SIZE 1\r\n250 HELP\r\n"
    );
    let before = wire.seen.forwarded[0].len();
    for line in ["STARTTLS\r\n", "starttls\r\n", " STARTTLS x\r\n"] {
        wire.seen.answered.clear();
        assert_eq!(wire.client(line), 1);
        assert_eq!(wire.seen.answered, b"502 5.5.1 STARTTLS is not offered\r\n");
    }
    assert_eq!(wire.seen.forwarded[0].len(), before);
    wire.turn("NOOP\r\n", "250 ok\r\n");
    wire.client("NOOP\r\n");
    assert!(wire.read(Direction::ToSystem, b"STARTTLS\r\n").is_err());
}

#[test]
fn credentials_are_in_no_label_and_in_no_error() {
    let secret = "AGEAaHVudGVyMg==";
    let mut wire = Wire::greeted();
    wire.turn(
        &format!("AUTH PLAIN {secret}\r\n"),
        "535 5.7.8 not hunter2\r\n",
    );
    wire.turn("AUTH LOGIN\r\n", "334 VXNlcm5hbWU6\r\n");
    wire.turn(&format!("{secret}\r\n"), "334 UGFzc3dvcmQ6\r\n");
    wire.turn(&format!("{secret}\r\n"), "235 ok\r\n");
    // At the wrong time, as a command.
    wire.turn(&format!("{secret}\r\n"), "500 what\r\n");
    let shown = format!("{:?} {:?}", wire.seen.heads, wire.seen.replies);
    assert!(
        !shown.contains(secret) && !shown.contains("hunter2"),
        "{shown}"
    );
    assert_eq!(wire.taken()[1..], ["AUTH Fail", "AUTH Ok", "OTHER Fail"]);
    let error = wire.read(
        Direction::ToSystem,
        format!("{secret}\n{secret}\r\n").as_bytes(),
    );
    assert!(!format!("{error:?}").contains(secret), "{error:?}");
}

#[test]
fn a_mail_can_be_refused_before_it_is_passed_on_and_not_after() {
    let mut wire = Wire::greeted();
    wire.turn(ENVELOPE, "250 a\r\n250 a\r\n250 a\r\n354 go\r\n");
    assert_eq!(wire.client("a\r\n.\r\n"), 1);
    let key = wire.seen.heads.last().unwrap().key;
    assert_eq!(wire.decoder.awaited(), 1);
    assert_eq!(wire.decoder.error_reply(key, Phase::After), None);
    assert_eq!(wire.decoder.error_reply(key + 1, Phase::Before), None);
    let reply = wire.decoder.error_reply(key, Phase::Before).unwrap();
    assert!(reply.bytes.starts_with(b"451 4.3.0 "));
    assert_eq!(wire.decoder.awaited(), 0);
    // The server waits for a content: nothing else may reach it.
    let before = wire.seen.forwarded.clone();
    wire.client("RSET\r\nMAIL FROM:<a@b>\r\nQUIT\r\n");
    wire.server("421 idle\r\n");
    assert_eq!(wire.seen.forwarded, before);
    let answered = String::from_utf8(wire.seen.answered.clone()).unwrap();
    let codes: Vec<_> = answered.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["421", "421", "221"]);
    // No command has an error of its own.
    let mut wire = Wire::greeted();
    wire.client("MAIL FROM:<a@b>\r\n");
    let key = wire.seen.heads.last().unwrap().key;
    assert_eq!(wire.decoder.error_reply(key, Phase::Before), None);
}

#[test]
fn hostile_octets_are_errors_and_stay_errors() {
    for (dir, bytes) in [
        (
            Direction::ToSystem,
            b"MAIL FROM:<a@b>\nRCPT TO:<c@d>\r\n".to_vec(),
        ),
        (
            Direction::ToSystem,
            b"MAIL FROM:<a@b>\rRCPT TO:<c@d>\r\n".to_vec(),
        ),
        (Direction::ToSystem, b"NO\0OP\r\n".to_vec()),
        (Direction::ToSystem, vec![b'a'; 13_000]),
        (Direction::ToSystem, b"BDAT 1 LAST\r\n".to_vec()),
        (Direction::ToClient, b"HTTP/1.1 400\r\n".to_vec()),
        (Direction::ToClient, b"250 a\nb\r\n".to_vec()),
        (Direction::ToClient, vec![b'2'; 5000]),
        (Direction::ToClient, b"250 to nothing\r\n".to_vec()),
    ] {
        let mut wire = Wire::greeted();
        let error = wire.read(dir, &bytes).unwrap_err();
        assert_eq!(error.protocol, "smtp");
        let side = usize::from(dir == Direction::ToClient);
        if !bytes.starts_with(b"BDAT") {
            assert_eq!(wire.buffers[side], bytes, "{error}");
        }
        assert_eq!(wire.read(Direction::ToSystem, b""), Err(error.clone()));
        assert_eq!(wire.read(Direction::ToClient, b""), Err(error));
    }
    for end in ["\n.\n", "\n.\r\n", "\r.\r\n", "\r\n.\n", "\r\n.\rx", "\0"] {
        let mut wire = Wire::greeted();
        wire.turn(ENVELOPE, "250 a\r\n250 a\r\n250 a\r\n354 go\r\n");
        let error = wire.read(Direction::ToSystem, format!("a{end}b").as_bytes());
        assert!(error.unwrap_err().what.contains("two mails"), "{end:?}");
    }
}

#[test]
fn a_mail_has_an_end() {
    let mut wire = Wire::greeted();
    wire.turn(ENVELOPE, "250 a\r\n250 a\r\n250 a\r\n354 go\r\n");
    let part = format!("{}\r\n", "a".repeat(998)).repeat(1000);
    let mut sent = 0;
    let error = loop {
        sent += part.len();
        match wire.read(Direction::ToSystem, part.as_bytes()) {
            Ok(units) => assert_eq!(units, 0),
            Err(error) => break error,
        }
    };
    assert!((26 << 20..32 << 20).contains(&sent), "{sent}: {error}");
}

/// A turn of a conversation: what the client sends, what the server answers.
fn turn() -> impl Strategy<Value = (String, String)> {
    let own = |client: &str, server: &str| (client.to_string(), server.to_string());
    prop::sample::select(vec![
        own("MAIL FROM:<a@b>\r\n", "250 ok\r\n"),
        own("RCPT TO:<x7-12-2@d>\r\n", "250 ok\r\n"),
        own("RCPT TO:<c@d>\r\n", "550 no\r\n"),
        own(ENVELOPE, "250 a\r\n250 b\r\n450 c\r\n354 go\r\n|"),
        own("DATA\r\n", "503 no\r\n"),
        own("RSET\r\nNOOP\r\n", "250 a\r\n250-b\r\n250 c\r\n"),
        own("EHLO a\r\n", "250-b\r\n250-SIZE 9\r\n250 HELP\r\n"),
        own("AUTH PLAIN\r\n", "334 \r\n"),
        own("", ""),
    ])
}

/// Reads both sides of each turn in pieces, cut where `cuts` say. A server that says
/// 354, or 334, is answered.
fn converse(turns: &[(String, String)], cuts: &[usize]) -> (Seen, [Vec<u8>; 2]) {
    let mut wire = Wire::greeted();
    let mut sent = [
        b"EHLO a\r\n".to_vec(),
        b"220 a ESMTP\r\n250-b\r\n250 HELP\r\n".to_vec(),
    ];
    let mut cuts = cuts.iter().cycle();
    let mut say = |wire: &mut Wire, dir, text: &str| {
        sent[usize::from(dir == Direction::ToClient)].extend_from_slice(text.as_bytes());
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let len = (*cuts.next().unwrap()).min(rest.len());
            wire.read(dir, &rest[..len]).unwrap();
            rest = &rest[len..];
        }
    };
    for (client, server) in turns {
        say(&mut wire, Direction::ToSystem, client);
        say(&mut wire, Direction::ToClient, server.trim_end_matches('|'));
        if server.ends_with('|') {
            let content = "Subject: x7-12-1\r\n\r\n..dot\r\n\u{e9} x7-12-3\r\n.\r\n";
            say(&mut wire, Direction::ToSystem, content);
            say(&mut wire, Direction::ToClient, "250 2.0.0 kept\r\n");
        }
        if server.starts_with("334") {
            say(&mut wire, Direction::ToSystem, "AGEAYg==\r\n");
            say(&mut wire, Direction::ToClient, "235 ok\r\n");
        }
    }
    (wire.seen, sent)
}

proptest! {
    #[test]
    fn how_bytes_are_cut_makes_no_difference_and_none_is_changed(
        turns in proptest::collection::vec(turn(), 1..12),
        cuts in proptest::collection::vec(1_usize..20, 1..20),
    ) {
        let (whole, sent) = converse(&turns, &[usize::MAX]);
        let (cut, _) = converse(&turns, &cuts);
        prop_assert_eq!(&whole, &cut);
        prop_assert_eq!(&cut.forwarded, &sent);
        prop_assert_eq!(cut.heads.len(), cut.replies.len());
    }

    #[test]
    fn any_bytes_are_units_errors_or_wait(
        parts in proptest::collection::vec((any::<bool>(), prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            turn().prop_map(|(client, server)| [client, server].concat().into_bytes()),
            Just(b"a\r\n.\r\n".to_vec()),
        ]), 0..20),
    ) {
        let mut wire = Wire::greeted();
        for (to_system, bytes) in parts {
            let dir = if to_system { Direction::ToSystem } else { Direction::ToClient };
            if wire.read(dir, &bytes).is_err() {
                break;
            }
        }
    }

    #[test]
    fn whatever_is_in_a_mail_it_is_one_unit(
        lines in proptest::collection::vec("[.a\u{e9}\t ]{0,5}", 0..20),
    ) {
        let content: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let stuffed = crate::wire::stuffed(content.as_bytes());
        let mut wire = Wire::greeted();
        wire.turn(ENVELOPE, "250 a\r\n250 a\r\n250 a\r\n354 go\r\n");
        let before = wire.seen.forwarded[0].len();
        prop_assert_eq!(wire.read(Direction::ToSystem, &stuffed).unwrap(), 1);
        prop_assert_eq!(&wire.seen.forwarded[0][before..], &stuffed[..]);
        wire.turn("NOOP\r\n", "250 kept\r\n250 ok\r\n");
        let taken = wire.taken();
        prop_assert_eq!(taken.last().unwrap(), "NOOP Ok");
    }
}
