//! HTTP/1.1: the framing of `exactly-http1`, and the labels of services.

use crate::{Protocol, TRIAL};
use exactly_adapter::Direction;

/// The embedded service's connections.
pub const AUDITED: Protocol = Protocol {
    name: "http",
    decoder: || exactly_http::decoder(TRIAL, None),
    rewrites: &[],
    depends_on_time: asks_first,
    reads_alone: true,
    words: WORDS,
};

/// Connections to a service of somebody else's, whose requests are addressed anew.
pub const TOWARDS: Protocol = Protocol {
    name: "http-towards",
    decoder: || exactly_http::decoder(TRIAL, Some("service.test:8080")),
    rewrites: &[Direction::ToSystem],
    ..AUDITED
};

/// A client that waits for a 100 gets it from the boundary, unless the body was there
/// already.
pub(crate) fn asks_first(data: &[u8]) -> bool {
    let expects = b"100-continue";
    let mut windows = data.windows(expects.len());
    windows.any(|it| it.eq_ignore_ascii_case(expects))
}

pub(crate) const WORDS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"HEAD /a HTTP/1.1\r\n",
    b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
    b"POST /x7-12/charges HTTP/1.1\r\nHost: h\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Type: text/event-stream\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Upgrade: websocket\r\n",
    b"Expect: 100-continue\r\n",
    b"Idempotency-Key: x7-12-3\r\n",
    b"Idempotent-Replayed: true\r\n",
    b"Host: h\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"0\r\n\r\n",
    b"5;e=f\r\nhello\r\n",
    b"ffffffffffffffff\r\n",
    b"\n",
    b"\0",
    b"x7-12-3",
    b"%2f",
];
