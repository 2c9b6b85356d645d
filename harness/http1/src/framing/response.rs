//! A response.

use super::head::ResponseHead;
use super::rewrite::with;
use super::{Asked, Faulty, Headers, Limits, Piece, ResponseReader};
use bytes::{Bytes, BytesMut};

/// A response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// Header lines.
    pub headers: Headers,
    /// Body, without its transfer coding; its first bytes where the response is
    /// not [`whole`](Self::whole).
    pub body: Bytes,
    /// The whole message as it came, or its head where it is not whole.
    pub bytes: Bytes,
    /// Whether all of it is here. Otherwise it was passed on piece by piece, and
    /// no more than [`Limits::look`] bytes of its body were kept.
    pub whole: bool,
    pub(crate) minor: u8,
    pub(super) head_length: usize,
    /// Whether it may have a body at all.
    pub(super) has_body: bool,
}

impl Response {
    /// The one response to a GET that `bytes` are; `None` when they are less or
    /// more, or when only the connection's end would end it.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Faulty> {
        let mut buf = BytesMut::from(bytes);
        let mut reader = ResponseReader::new(Limits::default());
        let piece = reader.next(&mut buf, Some(Asked::default()), |_| false)?;
        Ok(match piece {
            Some(Piece::Whole(response)) if buf.is_empty() => Some(response),
            _ => None,
        })
    }

    /// The message with another body, and a Content-Length that counts it;
    /// `None` where it has none (HEAD, 204, 304) or is not whole.
    pub fn with_body(&self, body: &[u8]) -> Option<Bytes> {
        let legal = self.whole && self.has_body;
        legal.then(|| with(&self.bytes[..self.head_length], &[], body))
    }

    /// Whether the connection goes on after it (RFC 9112 9.3).
    pub(crate) fn persists(&self) -> bool {
        self.headers.persists(self.minor)
    }
}

/// A response that has no body.
pub(super) fn without_body(head: ResponseHead) -> Response {
    Response {
        status: head.status,
        headers: head.headers,
        body: Bytes::new(),
        head_length: head.bytes.len(),
        bytes: head.bytes,
        whole: true,
        minor: head.minor,
        has_body: false,
    }
}

/// A response whose body is not there, or not yet.
pub(super) fn partial(head: ResponseHead) -> Response {
    Response {
        whole: false,
        has_body: true,
        ..without_body(head)
    }
}
