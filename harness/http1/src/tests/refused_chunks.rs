//! Chunked bodies that are refused, each beside a near miss that is read.

use crate::framing::Faulty;
use crate::{Limits, Request, Response};

fn chunked(body: &str) -> String {
    format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

fn check(faulty: Faulty, bad: &[&str], good: &[&str]) {
    for body in bad {
        let read = Request::parse(chunked(body).as_bytes());
        assert_eq!(read, Err(faulty), "{body:?}");
        let response = chunked(body).replacen("POST / HTTP/1.1", "HTTP/1.1 200 OK", 1);
        let read = Response::parse(response.as_bytes());
        assert_eq!(read, Err(faulty), "{body:?}");
    }
    for body in good {
        let read = Request::parse(chunked(body).as_bytes()).expect(body);
        assert_eq!(read.expect(body).body, "hello", "{body:?}");
    }
}

const HELLO: &str = "5\r\nhello\r\n0\r\n\r\n";

#[test]
fn chunk_size() {
    let bad = [
        "+5\r\n",
        "-5\r\n",
        "0x5\r\n",
        " 5\r\n",
        "5 \r\n",
        "5\t;a\r\n",
        "\r\n",
        "g\r\n",
        ";a\r\n",
        "5h",
    ];
    let good = [
        HELLO,
        "005\r\nhello\r\n000\r\n\r\n",
        "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ];
    check(Faulty::ChunkSize, &bad, &good);
}

#[test]
fn chunk_overflow() {
    let most = "0000000000000005\r\nhello\r\n0\r\n\r\n";
    check(
        Faulty::ChunkOverflow,
        &["10000000000000005\r\n", "00000000000000005\r\n"],
        &[most],
    );
    let endless = chunked("ffffffffffffffff\r\nhello");
    assert_eq!(Request::parse(endless.as_bytes()), Ok(None));
}

#[test]
fn chunk_extension() {
    let long = |length: usize| format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(length));
    let bad = [&long(257), "5;\r\n", "5;a\0b\r\n", "5;a\nb\r\n"];
    let good = [&long(256), "5;a=\"b c\";d\r\nhello\r\n0;last\r\n\r\n"];
    check(Faulty::ChunkExtension, &bad, &good);
}

#[test]
fn chunk_line_ends() {
    check(Faulty::BareCr, &["5\rhello", "5;a\r\r\n"], &[HELLO]);
    check(Faulty::ChunkSize, &["5\nhello\n0\n\n"], &[HELLO]);
}

#[test]
fn chunk_end() {
    let bad = [
        "5\r\nhello!\r\n",
        "5\r\nhello\n0",
        "5\r\nhello\rX",
        "4\r\nhello\r\n0\r\n\r\n",
    ];
    check(Faulty::ChunkEnd, &bad, &[HELLO]);
}

#[test]
fn trailers() {
    let with = |trailer: &str| format!("5\r\nhello\r\n0\r\n{trailer}\r\n");
    let good = [&with("X: a\r\nY: b\r\n"), &with("")];
    let good: Vec<&str> = good.iter().map(|it| it.as_str()).collect();
    let framing = [
        with("Content-Length: 5\r\n"),
        with("X: a\r\ntransfer-encoding: chunked\r\n"),
    ];
    check(
        Faulty::TrailerFraming,
        &framing.each_ref().map(String::as_str),
        &good,
    );
    check(
        Faulty::ObsFold,
        &[&with("X: a\r\n b\r\n"), &with(" X: a\r\n")],
        &[],
    );
    check(Faulty::SpaceBeforeColon, &[&with("X : a\r\n")], &[]);
    check(Faulty::BareLf, &[&with("X: a\n")], &[]);
    check(Faulty::Nul, &[&with("X: \0\r\n")], &[]);
    check(
        Faulty::TooManyHeaders,
        &[&with(&"X: a\r\n".repeat(101))],
        &[&with(&"X: a\r\n".repeat(100))],
    );
    check(
        Faulty::HeadTooLong,
        &[&with(&format!("X: {}\r\n", "a".repeat(64 << 10)))],
        &[],
    );
}

#[test]
fn chunked_body_too_long() {
    let limit = Limits::DEFAULT.request_body;
    let with = |length: usize| {
        chunked(&format!(
            "{length:x}\r\n{}\r\n0\r\n\r\n",
            "a".repeat(length)
        ))
    };
    assert_eq!(
        Request::parse(with(limit + 1).as_bytes()),
        Err(Faulty::BodyTooLong)
    );
    assert!(Request::parse(with(limit).as_bytes()).is_ok_and(|it| it.is_some()));
}

#[test]
fn chunk_framing_too_long() {
    // One byte in each chunk, and an extension that hides what it costs.
    let chunk = format!("1;{}\r\na\r\n", "x".repeat(256));
    let many = Limits::DEFAULT.request_body / 256;
    let read = Request::parse(chunked(&chunk.repeat(many)).as_bytes());
    assert_eq!(read, Err(Faulty::FramingTooLong));
    let read = Request::parse(chunked(&(chunk.repeat(many / 2) + "0\r\n\r\n")).as_bytes());
    assert!(read.is_ok_and(|it| it.is_some()));
}
