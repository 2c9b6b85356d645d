//! Responses that are passed on piece by piece.

use super::toy::{Drive, GET, OK, closed, drive};
use crate::Limits;
use exactly_adapter::Decoder;
use exactly_model::Phase;

const SMALL: Limits = Limits {
    response_body: 8,
    look: 4,
    ..Limits::DEFAULT
};

const LONG: &str = "HTTP/1.1 200 OK\r\nX-Deliver: 1\r\nContent-Length: 9\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nX-Deliver: 1\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_long_response_closes_with_its_last_piece() {
    let mut drive = Drive::new(SMALL);
    drive.up(GET.repeat(2));
    assert_eq!(drive.down(LONG).len(), 1);
    assert_eq!(&drive.down("12345678")[0].forward[..], b"12345678");
    assert_eq!(drive.decoder.awaited(), 2);
    let units = drive.down(["9", OK].concat());
    assert_eq!(closed(&units), [1, 2]);
    assert_eq!(&units[0].forward[..], b"9");
    // Its label is made of its first bytes.
    assert_eq!(units[0].delivers[0].target, " false 4");
}

#[test]
fn a_response_that_fits_is_kept_until_it_is_whole() {
    let mut drive = Drive::new(SMALL);
    drive.up(GET.repeat(2));
    assert_eq!(drive.down(LONG.replace('9', "8")).len(), 0);
    assert_eq!(closed(&drive.down("12345678")), [1]);
    assert_eq!(drive.down([CHUNKED, "8\r\n12345678\r\n"].concat()).len(), 0);
    let units = drive.down("0\r\n\r\n");
    assert_eq!(
        (closed(&units), units[0].delivers[0].target.as_str()),
        (vec![2], " true 8")
    );
}

#[test]
fn a_chunked_response_streams_once_it_is_too_long() {
    let mut drive = Drive::new(SMALL);
    drive.up(GET);
    assert_eq!(drive.down([CHUNKED, "8\r\n12345678\r\n"].concat()).len(), 0);
    assert_eq!(drive.down("1\r\n9").len(), 1);
    let units = drive.down("\r\n0\r\nT: u\r\n\r\n");
    assert_eq!(
        (closed(&units), units[0].delivers[0].target.as_str()),
        (vec![1], " false 4")
    );
}

#[test]
fn a_stream_whose_framing_breaks_is_an_error() {
    let mut drive = Drive::new(SMALL);
    drive.up(GET);
    drive.down([CHUNKED, "9\r\n123456789\r\n"].concat());
    drive.down("x\r\n");
    assert!(drive.error.is_some_and(|error| error.contains("7.1")));
    assert_eq!(
        drive.out[1],
        [CHUNKED, "9\r\n123456789\r\nx\r\n"].concat().as_bytes()
    );
}

#[test]
fn events_are_not_kept_back() {
    let mut drive = drive();
    drive.up(GET);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/Event-Stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(drive.down(head).len(), 1);
    assert_eq!(drive.down("5\r\nhello\r\n").len(), 1);
    assert_eq!(closed(&drive.down("0\r\n\r\n")), [1]);
}

#[test]
fn nor_is_what_is_no_exchange() {
    let mut drive = drive();
    drive.up("GET /health HTTP/1.1\r\n\r\n");
    assert_eq!(drive.down(LONG).len(), 1);
}

#[test]
fn until_close_closes_with_the_head() {
    let mut drive = drive();
    drive.up(GET);
    let head = "HTTP/1.1 200 OK\r\nX-Deliver: 1\r\n\r\n";
    let units = drive.down(head);
    assert_eq!(
        (closed(&units), units[0].delivers[0].target.as_str()),
        (vec![1], " false 0")
    );
    drive.down("any\nthing\0");
    assert_eq!(drive.out[1], [head, "any\nthing\0"].concat().as_bytes());
    // There is no room for another response.
    drive.up(GET);
    assert_eq!(drive.decoder.awaited(), 2);
    assert_eq!(drive.decoder.error_reply(2, Phase::Before), None);
}
