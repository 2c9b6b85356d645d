//! However bytes are cut, and whatever they are.

use super::toy::{Drive, Event, GET};
use crate::{Limits, Request, percent_decode, split_target};
use exactly_adapter::Direction;
use proptest::prelude::*;

const SMALL: Limits = Limits {
    head: 300,
    headers: 6,
    request_body: 64,
    response_body: 24,
    look: 8,
};

/// A body in one of its codings, with the headers that say so.
fn message(start: &str, body: &[u8], coding: u8) -> Vec<u8> {
    let mut bytes = start.as_bytes().to_vec();
    if coding == 0 {
        bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        return bytes;
    }
    bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
    for chunk in body.chunks(usize::from(coding) * 3) {
        bytes.extend(format!("{:x};e\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\nT: u\r\n\r\n");
    bytes
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let starts = prop::sample::select(vec![
        "POST /a HTTP/1.1\r\n",
        "PUT /b?c HTTP/1.1\r\nExpect: 100-continue\r\n",
        "POST /health HTTP/1.1\r\nHost: h\r\n",
    ]);
    (starts, prop::collection::vec(any::<u8>(), 0..40), 0..4_u8)
        .prop_map(|(start, body, coding)| message(start, &body, coding))
}

fn response() -> impl Strategy<Value = Vec<u8>> {
    let starts = prop::sample::select(vec![
        "HTTP/1.1 200 OK\r\nX-Deliver: 1\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 \r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n",
    ]);
    (starts, prop::collection::vec(any::<u8>(), 0..60), 0..4_u8)
        .prop_map(|(start, body, coding)| message(start, &body, coding))
}

/// Feeds `bytes` in reads of the sizes that `cuts` says.
fn feed(drive: &mut Drive, dir: Direction, bytes: &[u8], cuts: &mut impl Iterator<Item = usize>) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let size = cuts.next().unwrap_or(usize::MAX).min(rest.len());
        drive.read(dir, &rest[..size]);
        rest = &rest[size..];
    }
}

/// All of `turns`, requests ahead of their responses.
fn talk(turns: &[(Vec<u8>, Vec<u8>)], ahead: usize, cuts: &[usize]) -> Drive {
    let mut drive = Drive::new(SMALL);
    let mut cuts = cuts.iter().copied().cycle();
    for turns in turns.chunks(ahead) {
        let (up, down): (Vec<_>, Vec<_>) = turns.iter().cloned().unzip();
        feed(&mut drive, Direction::ToSystem, &up.concat(), &mut cuts);
        feed(&mut drive, Direction::ToClient, &down.concat(), &mut cuts);
    }
    drive
}

/// The exchanges only: a 100 depends on what was through when its head came.
fn exchanges(events: &[Event]) -> Vec<&Event> {
    let exchange = |event: &&Event| !event.0.starts_with("answer");
    events.iter().filter(exchange).collect()
}

/// Pieces that lead deep into the framing, in any order.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "GET /a HTTP/1.1\r\n",
        "HEAD / HTTP/1.1\r\n",
        "CONNECT h:1 HTTP/1.1\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 101 X\r\n",
        "HTTP/1.1 100 C\r\n",
        "HTTP/1.1 408 X\r\n",
        "Content-Length: 5\r\n",
        "Content-Length: 70\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "Connection: close\r\n",
        "Upgrade: x\r\n",
        "X: y\r\n",
        "\r\n",
        "\r\n\r\n",
        "hello",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "5;e\r\n",
        "ffffffffffffffff\r\n",
        "\n",
        "\r",
        "\0",
        " ",
        ":",
    ];
    let piece = prop_oneof![
        12 => prop::sample::select(pieces).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn cuts_make_no_difference(
        turns in prop::collection::vec((request(), response()), 1..6),
        ahead in 1..4_usize,
        cuts in prop::collection::vec(1..50_usize, 1..20),
    ) {
        let (whole, cut) = (talk(&turns, ahead, &[usize::MAX]), talk(&turns, ahead, &cuts));
        prop_assert_eq!((&whole.error, &cut.error), (&None, &None));
        prop_assert_eq!(&whole.events, &cut.events);
        let (up, down): (Vec<_>, Vec<_>) = turns.into_iter().unzip();
        prop_assert_eq!(&cut.out[0], &up.concat());
        prop_assert_eq!(&whole.out, &cut.out);
        // A 100 that was owed is all that is ever added.
        if ahead == 1 {
            prop_assert_eq!(&cut.out[1], &down.concat());
        }
    }

    #[test]
    fn one_byte_at_a_time(turns in prop::collection::vec((request(), response()), 1..4)) {
        let (whole, cut) = (talk(&turns, 1, &[usize::MAX]), talk(&turns, 1, &[1]));
        prop_assert_eq!(&whole.events, &cut.events);
        prop_assert_eq!(&whole.out, &cut.out);
    }

    #[test]
    fn a_torn_message_is_never_an_error(request in request(), at in any::<prop::sample::Index>()) {
        let torn = &request[..at.index(request.len())];
        prop_assert_eq!(Request::parse(torn), Ok(None));
        prop_assert!(Request::parse(&request).is_ok_and(|it| it.is_some()));
    }

    #[test]
    fn hostile_bytes_are_bounded_and_make_progress(
        asked in 0..4_usize,
        reads in prop::collection::vec((any::<bool>(), hostile(), 1..40_usize), 1..8),
    ) {
        // The drive itself asserts progress, bounds, and untouched buffers.
        let (mut cut, mut whole) = (Drive::new(SMALL), Drive::new(SMALL));
        cut.up(GET.repeat(asked));
        whole.up(GET.repeat(asked));
        for (up, bytes, size) in &reads {
            let dir = if *up { Direction::ToSystem } else { Direction::ToClient };
            feed(&mut cut, dir, bytes, &mut std::iter::repeat(*size));
            feed(&mut whole, dir, bytes, &mut std::iter::repeat(usize::MAX));
        }
        prop_assert_eq!(cut.error.is_some(), whole.error.is_some());
        prop_assert_eq!(exchanges(&cut.events[0]), exchanges(&whole.events[0]));
        prop_assert_eq!(exchanges(&cut.events[1]), exchanges(&whole.events[1]));
        prop_assert_eq!(&cut.out[0].len(), &whole.out[0].len());
    }

    #[test]
    fn arbitrary_bytes_both_ways(
        reads in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..400)), 0..12),
    ) {
        let mut drive = Drive::new(SMALL);
        let mut sent = [Vec::new(), Vec::new()];
        for (up, bytes) in &reads {
            let dir = if *up { Direction::ToSystem } else { Direction::ToClient };
            drive.read(dir, bytes);
            sent[usize::from(!up)].extend_from_slice(bytes);
        }
        for (out, sent) in drive.out.iter().zip(&sent) {
            prop_assert!(sent.starts_with(out));
        }
    }

    #[test]
    fn targets_never_panic(target in "\\PC{0,60}", path in "[/a%2eF.?:*]{0,40}") {
        for text in [target.as_str(), path.as_str()] {
            let (path, _) = split_target(text);
            let _ = percent_decode(path);
            let _ = crate::Template::new(text).map(|template| template.matches(path).is_some());
        }
    }
}
