//! Heads that are refused, each beside a near miss that is read.

use super::toy::{GET, drive};
use crate::framing::Faulty;
use crate::{Limits, Request, Response};

fn request(headers: &str) -> Result<Option<Request>, Faulty> {
    Request::parse(format!("POST / HTTP/1.1\r\n{headers}\r\nhello").as_bytes())
}

/// `bad` are refused because of `faulty`; `good` are read as five bytes.
fn check(faulty: Faulty, bad: &[&str], good: &[&str]) {
    for headers in bad {
        assert_eq!(request(headers), Err(faulty), "{headers:?}");
    }
    for headers in good {
        let read = request(headers).expect(headers).expect(headers);
        assert_eq!(read.body, "hello", "{headers:?}");
    }
}

/// Whole messages.
fn check_whole(faulty: Faulty, bad: &[&str], good: &[&str]) {
    for message in bad {
        let error = Request::parse(message.as_bytes());
        assert_eq!(error, Err(faulty), "{message:?}");
    }
    for message in good {
        let read = Request::parse(message.as_bytes()).expect(message);
        assert!(read.is_some(), "{message:?}");
    }
}

const LENGTH: &str = "Content-Length: 5\r\n";

#[test]
fn both_lengths() {
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    let hidden = "transfer-encoding: x\r\nCONTENT-LENGTH: 5\r\n";
    check(Faulty::BothLengths, &[both, hidden], &[LENGTH]);
}

#[test]
fn repeated_length() {
    let differing = "Content-Length: 5\r\ncontent-length: 6\r\n";
    let equal = "Content-Length: 5\r\nContent-Length: 5\r\n";
    let other = "Content-Length: 5\r\nX-Content-Length: 6\r\n";
    check(Faulty::RepeatedLength, &[differing, equal], &[other]);
}

#[test]
fn listed_length() {
    check(
        Faulty::ListedLength,
        &["Content-Length: 5, 5\r\n", "Content-Length: 5,\r\n"],
        &[LENGTH],
    );
}

#[test]
fn length_not_decimal() {
    let bad = ["+5", "-5", "0x5", "5 5", "5.0", "", "5;", "\u{665}"];
    let bad = bad.map(|value| format!("Content-Length: {value}\r\n"));
    let bad: Vec<&str> = bad.iter().map(String::as_str).collect();
    let good = [
        "Content-Length:5\r\n",
        "Content-Length: \t5 \r\n",
        "Content-Length: 005\r\n",
    ];
    check(Faulty::LengthNotDecimal, &bad, &good);
}

#[test]
fn length_overflow() {
    let bad = format!("Content-Length: {}0\r\n", u64::MAX);
    check(
        Faulty::LengthOverflow,
        &[&bad],
        &["Content-Length: 0000000000000000000000005\r\n"],
    );
}

#[test]
fn body_too_long() {
    let limit = Limits::DEFAULT.request_body;
    let (long, most) = (
        format!("Content-Length: {}\r\n", limit + 1),
        format!("Content-Length: {limit}\r\n"),
    );
    let huge = format!("Content-Length: {}\r\n", u64::MAX);
    check(Faulty::BodyTooLong, &[&long, &huge], &[]);
    assert_eq!(request(&most), Ok(None));
}

#[test]
fn transfer_coding() {
    let bad = [
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "xchunked",
        "Chunked",
        "",
        "chunked;q=1",
        "identity",
    ];
    let bad = bad.map(|value| format!("Transfer-Encoding: {value}\r\n"));
    let mut bad: Vec<&str> = bad.iter().map(String::as_str).collect();
    bad.push("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    check(Faulty::TransferCoding, &bad, &[]);
    let good = "POST / HTTP/1.1\r\ntransfer-encoding: chunked \r\n\r\n0\r\n\r\n";
    check_whole(Faulty::TransferCoding, &[], &[good]);
}

#[test]
fn transfer_coding_in_http_1_0() {
    let bad = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let good = "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n";
    check_whole(Faulty::TransferCodingIn10, &[bad], &[good]);
}

#[test]
fn obs_fold() {
    let folded = "X: a\r\n b\r\nContent-Length: 5\r\n";
    let tabbed = "X: a\r\n\tContent-Length: 5\r\n";
    let first = " X: a\r\nContent-Length: 5\r\n";
    check(
        Faulty::ObsFold,
        &[folded, tabbed, first],
        &["X: a  b\r\nContent-Length: 5\r\n"],
    );
}

#[test]
fn space_before_colon() {
    let bad = ["Content-Length : 5\r\n", "Transfer-Encoding\t: chunked\r\n"];
    check(Faulty::SpaceBeforeColon, &bad, &["Content-Length:  5\r\n"]);
}

#[test]
fn header_name() {
    let bad = [
        "no colon\r\n",
        ": 5\r\n",
        "a b: 5\r\n",
        "a(b): 5\r\n",
        "\u{e9}: 5\r\n",
    ];
    check(
        Faulty::HeaderName,
        &bad,
        &["a'b: 5\r\nContent-Length: 5\r\n"],
    );
}

#[test]
fn bare_cr() {
    let bad = ["X: a\rb\r\n", "X: a\r\r\n", "\rX: a\r\n"];
    check(Faulty::BareCr, &bad, &[]);
    check_whole(Faulty::BareCr, &["GET / HTTP/1.1\r X\r\n\r\n"], &[GET]);
}

#[test]
fn bare_lf() {
    check(
        Faulty::BareLf,
        &["X: a\nContent-Length: 5\r\n", "\nX: a\r\n"],
        &[],
    );
    check_whole(
        Faulty::BareLf,
        &["GET / HTTP/1.1\nHost: h\n\n", "\nGET / HTTP/1.1\r\n\r\n"],
        &[GET],
    );
}

#[test]
fn nul_and_control() {
    check(Faulty::Nul, &["X: a\0b\r\n", "X\0: a\r\n"], &[]);
    let good = "X: a\tb\u{e9}\r\nContent-Length: 5\r\n";
    check(
        Faulty::Control,
        &[
            "X: a\x01\r\n",
            "X: \x7f\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
        ],
        &[good],
    );
    check_whole(Faulty::Control, &["\x16\x03\x01\x02"], &[]);
}

#[test]
fn empty_line() {
    check_whole(Faulty::EmptyLine, &["\r\nGET / HTTP/1.1\r\n\r\n"], &[GET]);
}

#[test]
fn http_0_9() {
    check_whole(
        Faulty::Http09,
        &["GET /\r\n", "GET /a\r\n\r\n"],
        &["GET / HTTP/1.0\r\n\r\n"],
    );
}

#[test]
fn http_2() {
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    check_whole(Faulty::Http2, &[preface], &["PRI * HTTP/1.1\r\n\r\n"]);
    let mut drive = drive();
    drive.up(preface);
    assert!(drive.error.is_some_and(|error| error.contains("HTTP/2")));
    assert_eq!(drive.out[0], preface.as_bytes());
}

#[test]
fn version_and_start_line() {
    check_whole(
        Faulty::Version,
        &[
            "GET / HTTP/1.2\r\n",
            "GET / HTTP/3\r\n",
            "GET / HTTP/1.10\r\n",
        ],
        &[GET],
    );
    let bad = [
        "GET  / HTTP/1.1\r\n",
        "GET / a HTTP/1.1\r\n",
        "GET / http/1.1\r\n",
        "*1\r\n",
        "G\"T",
        "GET / HTTP/1.1 \r\n",
    ];
    check_whole(Faulty::StartLine, &bad, &[GET]);
}

#[test]
fn head_too_long() {
    let with = |length: usize| format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(length));
    let room = Limits::DEFAULT.head - with(0).len();
    check_whole(Faulty::HeadTooLong, &[&with(room + 1)], &[&with(room)]);
}

#[test]
fn too_many_headers() {
    let with = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "X: a\r\n".repeat(count));
    check_whole(Faulty::TooManyHeaders, &[&with(101)], &[&with(100)]);
}

#[test]
fn connect_content() {
    let bad = "CONNECT h:1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
    let good = "CONNECT h:1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    check_whole(Faulty::ConnectContent, &[bad], &[good]);
}

#[test]
fn after_close() {
    let close = "GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n";
    let old = "GET / HTTP/1.0\r\n\r\n";
    let kept = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
    for (first, faulty) in [(close, true), (old, true), (kept, false), (GET, false)] {
        let mut drive = drive();
        drive.up(first);
        drive.up(GET);
        assert_eq!(drive.error.is_some(), faulty, "{first:?}");
        assert_eq!(drive.out[0], [first, GET].concat().as_bytes());
    }
}

/// Responses to a GET.
fn check_response(faulty: Faulty, bad: &[&str], good: &[&str]) {
    for message in bad {
        assert_eq!(
            Response::parse(message.as_bytes()),
            Err(faulty),
            "{message:?}"
        );
    }
    for message in good {
        let read = Response::parse(message.as_bytes()).expect(message);
        assert!(read.is_some(), "{message:?}");
    }
}

#[test]
fn responses_are_read_as_strictly() {
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}\r\n");
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let cases = [
        (
            Faulty::BothLengths,
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        ),
        (
            Faulty::RepeatedLength,
            "Content-Length: 0\r\nContent-Length: 0\r\n",
        ),
        (
            Faulty::TransferCoding,
            "Transfer-Encoding: gzip, chunked\r\n",
        ),
        (Faulty::ObsFold, "X: a\r\n b\r\n"),
        (Faulty::SpaceBeforeColon, "Content-Length : 0\r\n"),
        (Faulty::BareLf, "X: a\nContent-Length: 0\r\n"),
    ];
    for (faulty, rest) in cases {
        check_response(faulty, &[&head(rest)], &[good]);
    }
}

#[test]
fn status_and_status_line() {
    check_response(
        Faulty::Status,
        &["HTTP/1.1 099 X\r\n\r\n"],
        &["HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"],
    );
    check_response(
        Faulty::StartLine,
        &["HTTP/1.1 20 OK\r\n\r\n", "ICY 200", "200 OK"],
        &[],
    );
    check_response(Faulty::Http2, &["HTTP/2 200 OK\r\n"], &[]);
}

#[test]
fn content_where_none() {
    let bad = [
        "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    let good = [
        "HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n",
    ];
    check_response(Faulty::ContentWhereNone, &bad, &good);
}

#[test]
fn a_repeated_host_is_the_systems_affair() {
    // It decides where a request is sent, not where it ends.
    let read = Request::parse(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert!(
        read.is_ok_and(|request| request.is_some_and(|it| it.headers.all("HOST").count() == 2))
    );
}

#[test]
fn another_protocol_is_not_kept_waiting() {
    for hello in [
        &b"\0\0\0\x08\x04\xd2\x16\x2f"[..],
        b"*1\r\n",
        b"\x16\x03\x01",
        b"{\"a\"",
        b"AMQP\0",
    ] {
        let mut drive = drive();
        drive.up(hello);
        assert!(drive.error.is_some(), "{hello:?}");
        assert_eq!(drive.out[0], hello);
    }
}
