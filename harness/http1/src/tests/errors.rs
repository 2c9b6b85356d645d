//! Errors in the system's name, and parts.

use super::toy::{Drive, GET, OK, closed, drive};
use crate::{Limits, Request};
use bytes::Bytes;
use exactly_adapter::{Decoder, ErrorReply};
use exactly_model::Phase;

fn text(reply: Option<ErrorReply>) -> String {
    String::from_utf8_lossy(&reply.expect("an error").bytes).into_owned()
}

const BEFORE: &str =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno";
const AFTER: &str =
    "HTTP/1.1 500 Internal Server Error\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno";

#[test]
fn before_the_request_is_forgotten() {
    let mut drive = drive();
    drive.up(GET);
    let reply = drive.decoder.error_reply(1, Phase::Before);
    assert_eq!(
        reply.as_ref().map(|reply| reply.error.as_str()),
        Some("503")
    );
    assert_eq!(text(reply), BEFORE);
    assert_eq!(drive.decoder.awaited(), 0);
    assert_eq!(drive.decoder.error_reply(1, Phase::Before), None);
    drive.up(GET);
    assert_eq!(closed(&drive.down(OK)), [2]);
}

#[test]
fn after_the_response_is_thrown_away() {
    let mut drive = drive();
    drive.up(GET);
    assert_eq!(drive.decoder.error_reply(1, Phase::After), None);
    drive.down(OK);
    assert_eq!(drive.decoder.error_reply(2, Phase::After), None);
    assert_eq!(text(drive.decoder.error_reply(1, Phase::After)), AFTER);
    drive.up(GET);
    assert_eq!(closed(&drive.down(OK)), [2]);
}

#[test]
fn none_where_the_labeller_has_none() {
    let mut drive = drive();
    drive.up("GET /strict HTTP/1.1\r\n\r\n");
    assert_eq!(drive.decoder.error_reply(1, Phase::Before), None);
    assert_eq!(drive.decoder.awaited(), 1);
    drive.down(OK);
    assert_eq!(drive.decoder.error_reply(1, Phase::After), None);
}

#[test]
fn the_error_keeps_the_manner_of_the_exchange() {
    let reply = |request: &str| {
        let mut drive = drive();
        drive.up(request);
        text(drive.decoder.error_reply(1, Phase::Before))
    };
    let head = reply("HEAD /a HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("Content-Length: 2\r\n\r\n"), "{head}");
    let close = reply("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(close.contains("\r\nConnection: close\r\n"), "{close}");
    let old = reply("GET /a HTTP/1.0\r\n\r\n");
    assert!(old.contains("\r\nConnection: close\r\n"), "{old}");
    let kept = reply("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(kept.contains("\r\nConnection: keep-alive\r\n"), "{kept}");
}

#[test]
fn the_error_says_that_the_connection_closes() {
    let mut drive = drive();
    drive.up(GET);
    drive.down("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let reply = text(drive.decoder.error_reply(1, Phase::After));
    assert!(reply.contains("\r\nConnection: close\r\n"), "{reply}");
}

#[test]
fn what_follows_a_replaced_head_is_dropped() {
    let mut drive = drive();
    drive.up(GET);
    drive.down("HTTP/1.1 200 OK\r\n\r\n");
    let reply = text(drive.decoder.error_reply(1, Phase::After));
    assert!(reply.contains("\r\nConnection: close\r\n"), "{reply}");
    let units = drive.down("the body");
    assert_eq!((units.len(), units[0].forward.len()), (1, 0));
}

#[test]
fn none_once_a_part_of_the_response_has_passed_or_the_protocol_has_changed() {
    let small = Limits {
        response_body: 1,
        ..Limits::DEFAULT
    };
    let mut drive = Drive::new(small);
    drive.up(GET);
    assert_eq!(closed(&drive.down(OK)), [1]);
    assert_eq!(drive.decoder.error_reply(1, Phase::After), None);
    drive.up("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(closed(&drive.down("HTTP/1.1 101 X\r\n\r\n")), [2]);
    assert_eq!(drive.decoder.error_reply(2, Phase::After), None);
}

#[test]
fn a_continue_that_is_owed_survives_the_replacement() {
    let mut drive = drive();
    drive.up([
        GET,
        "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    ]
    .concat());
    drive.down(OK);
    let reply = text(drive.decoder.error_reply(1, Phase::After));
    assert_eq!(reply, [AFTER, "HTTP/1.1 100 Continue\r\n\r\n"].concat());
}

#[test]
fn a_part_is_a_request_with_less_body() {
    let mut decoder = drive().decoder;
    let sized = Bytes::from_static(b"POST /a HTTP/1.1\r\nContent-Length: 4\r\nX: y\r\n\r\nabcd");
    let part = decoder.part(&sized).expect("a part");
    assert_eq!(
        part,
        "POST /a HTTP/1.1\r\nX: y\r\nContent-Length: 2\r\n\r\nab"
    );
    let chunked = Bytes::from_static(
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
    );
    let part = decoder.part(&chunked).expect("a part");
    let read = Request::parse(&part).expect("legal").expect("whole");
    assert_eq!((read.body, read.bytes), ("ab".into(), part));
    // It is passed on as the whole would have been.
    let behind = Bytes::from_static(
        b"POST /a HTTP/1.1\r\nHost: h\r\nX-Host: s\r\nContent-Length: 4\r\n\r\nabcd",
    );
    assert_eq!(
        decoder.part(&behind).expect("a part"),
        "POST /a HTTP/1.1\r\nX-Host: s\r\nHost: s\r\nContent-Length: 2\r\n\r\nab"
    );
    for no_part in [
        GET,
        "GET",
        "\0",
        "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\na",
    ] {
        assert_eq!(
            decoder.part(&Bytes::from_static(no_part.as_bytes())),
            None,
            "{no_part:?}"
        );
    }
}
