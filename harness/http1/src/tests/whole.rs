//! Whole messages, and what they become with another body.

use crate::{Request, Response};

fn request(message: &str) -> Request {
    Request::parse(message.as_bytes())
        .expect("legal")
        .expect("whole")
}

#[test]
fn headers_are_found_in_any_case() {
    let read = request(
        "GET /a?b HTTP/1.1\r\nX-Amz-Target:  Sqs.Send \r\nAccept: a\r\naccept: b, C\r\n\r\n",
    );
    assert_eq!(
        (read.method.as_str(), read.target.as_str()),
        ("GET", "/a?b")
    );
    assert_eq!(read.headers.get("x-amz-TARGET"), Some("Sqs.Send"));
    assert_eq!(read.headers.get("x-amz"), None);
    assert_eq!(
        read.headers.all("ACCEPT").collect::<Vec<_>>(),
        [&b"a"[..], b"b, C"]
    );
    assert!(read.headers.lists("accept", "c") && !read.headers.lists("accept", "b, C"));
    let names: Vec<&str> = read.headers.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["X-Amz-Target", "Accept", "accept"]);
}

#[test]
fn another_body_changes_the_framing_only() {
    let sized = request("POST / HTTP/1.1\r\nHost: h\r\ncontent-LENGTH: 5\r\nX:  y\r\n\r\nhello");
    let shorter = "POST / HTTP/1.1\r\nHost: h\r\nX:  y\r\nContent-Length: 2\r\n\r\nhe";
    assert_eq!(sized.with_body(b"he"), shorter);
    let chunked = request(
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\nX: y\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n",
    );
    assert_eq!(chunked.body, "hello");
    assert_eq!(
        chunked.with_body(b""),
        "POST / HTTP/1.1\r\nX: y\r\nContent-Length: 0\r\n\r\n"
    );
}

#[test]
fn other_lines_leave_the_framing_as_it_came() {
    let chunked = request(
        "POST / HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\nHOST2: x\r\n\r\n1\r\na\r\n0\r\n\r\n",
    );
    assert_eq!(
        chunked.with_lines(&[("Host", Some("s")), ("Host2", None)]),
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: s\r\n\r\n1\r\na\r\n0\r\n\r\n"
    );
}

#[test]
fn a_response_without_a_body_gets_none() {
    let read = |message: &str| {
        Response::parse(message.as_bytes())
            .expect("legal")
            .expect("whole")
    };
    let none = read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(none.with_body(b"a"), None);
    let some = read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(
        some.with_body(b"a").expect("a body"),
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
    );
}

#[test]
fn less_or_more_than_one_message_is_none() {
    assert_eq!(
        Request::parse(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell"),
        Ok(None)
    );
    assert_eq!(Request::parse(b"GET / HTTP/1.1\r\n\r\nG"), Ok(None));
    assert_eq!(Response::parse(b"HTTP/1.1 200 OK\r\n\r\n"), Ok(None));
}
