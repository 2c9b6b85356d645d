//! An error in the place of a response, as bytes.

use crate::Refusal;
use crate::framing::is_framing;
use bytes::{BufMut, Bytes, BytesMut};

/// What the request makes of its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The answer to a HEAD: a head that speaks of a body, without it.
    pub(crate) head: bool,
    /// The connection ends after it.
    pub(crate) closes: bool,
    /// The request came in HTTP/1.0: what goes on has to say so.
    pub(crate) old: bool,
}

/// The message; `None` when the status is no error or a header no header.
pub(crate) fn encode(refusal: &Refusal, manner: Manner) -> Option<Bytes> {
    if !(400..600).contains(&refusal.status) {
        return None;
    }
    let mut head = format!("HTTP/1.1 {} {}\r\n", refusal.status, reason(refusal.status));
    for (name, value) in &refusal.headers {
        if is_framing(name) || name.eq_ignore_ascii_case("connection") {
            continue;
        }
        if !is_line(name, value) {
            return None;
        }
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n", refusal.body.len()));
    match manner {
        Manner { closes: true, .. } => head.push_str("Connection: close\r\n"),
        Manner { old: true, .. } => head.push_str("Connection: keep-alive\r\n"),
        _ => {}
    }
    head.push_str("\r\n");
    let mut message = BytesMut::from(head.as_bytes());
    if !manner.head {
        message.put_slice(&refusal.body);
    }
    Some(message.freeze())
}

fn is_line(name: &str, value: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty()
        && name.bytes().all(token)
        && !value.chars().any(|c| c.is_control() && c != '\t')
}

/// The phrase that people expect to read; it means nothing (RFC 9112 4).
const fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}
