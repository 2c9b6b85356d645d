//! Requests, whole.

use super::chunked::Chunked;
use super::head::{Kind, RequestHead, Scan, request_head};
use super::length::{Announced, announced};
use super::rewrite::{Line, with, with_lines};
use super::{Faulty, Headers, Limits};
use bytes::{Bytes, BytesMut};

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Method, as it came: methods are case-sensitive (RFC 9110 9.1).
    pub method: String,
    /// Target, as it came (RFC 9112 3.2).
    pub target: String,
    /// Header lines.
    pub headers: Headers,
    /// Body, without its transfer coding. A content coding is left as it is.
    pub body: Bytes,
    /// The whole message as it came.
    pub bytes: Bytes,
    pub(crate) minor: u8,
    head_length: usize,
}

impl Request {
    /// The one request that `bytes` are; `None` when they are less or more.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, Faulty> {
        Self::parse_within(bytes, Limits::default())
    }

    pub(crate) fn parse_within(bytes: &[u8], limits: Limits) -> Result<Option<Self>, Faulty> {
        let mut buf = BytesMut::from(bytes);
        let mut reader = RequestReader::new(limits);
        loop {
            match reader.next(&mut buf)? {
                Some(Incoming::Continue) => {}
                Some(Incoming::Whole(request)) if buf.is_empty() => return Ok(Some(request)),
                Some(Incoming::Whole(_)) | None => return Ok(None),
            }
        }
    }

    /// The message with another body, and a Content-Length that counts it. Other
    /// headers stay, also those that speak of the body (Content-MD5, a signature).
    pub fn with_body(&self, body: &[u8]) -> Bytes {
        self.with(&[], body)
    }

    /// The message with other header lines, none of them about its framing. Values are
    /// one line each.
    pub fn with_lines(&self, lines: &[Line<'_>]) -> Bytes {
        let (head, rest) = self.bytes.split_at(self.head_length);
        with_lines(head, lines, rest)
    }

    /// The message with other header lines and another body.
    pub fn with(&self, lines: &[Line<'_>], body: &[u8]) -> Bytes {
        with(&self.bytes[..self.head_length], lines, body)
    }

    /// Whether the connection goes on after it (RFC 9112 9.3).
    pub(crate) fn persists(&self) -> bool {
        self.headers.persists(self.minor)
    }
}

/// What comes from a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// A head whose client waits to be asked for the body (`Expect:
    /// 100-continue`, RFC 9110 10.1.1). Nothing is taken off the buffer.
    Continue,
    /// A request.
    Whole(Request),
}

/// Takes requests off the front of a buffer.
#[derive(Debug)]
pub struct RequestReader {
    limits: Limits,
    state: State,
    /// The last request said that it is the last.
    closed: bool,
}

#[derive(Debug)]
enum State {
    Head(Scan),
    Body(Box<Gathering>),
}

#[derive(Debug)]
struct Gathering {
    head: RequestHead,
    head_length: usize,
    waits: bool,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    Sized(usize),
    Chunked {
        chunked: Chunked,
        body: BytesMut,
        /// Bytes of the message that were read.
        seen: usize,
    },
}

impl RequestReader {
    /// A reader at the start of a connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Head(Scan::new(Kind::Request)),
            closed: false,
        }
    }

    /// The next request. On `None` and on an error the buffer is left as it is.
    pub fn next(&mut self, buf: &mut BytesMut) -> Result<Option<Incoming>, Faulty> {
        if self.closed && !buf.is_empty() {
            return Err(Faulty::AfterClose);
        }
        if let State::Head(scan) = &mut self.state {
            let Some(length) = scan.end(buf, &self.limits)? else {
                return Ok(None);
            };
            let gathering = Gathering::new(&buf[..length], &self.limits)?;
            self.state = State::Body(Box::new(gathering));
        }
        let State::Body(gathering) = &mut self.state else {
            return Ok(None);
        };
        if std::mem::take(&mut gathering.waits) {
            return Ok(Some(Incoming::Continue));
        }
        let Some(total) = gathering.end(buf, &self.limits)? else {
            return Ok(None);
        };
        let state = State::Head(Scan::new(Kind::Request));
        let State::Body(gathered) = std::mem::replace(&mut self.state, state) else {
            return Ok(None);
        };
        let request = gathered.into_request(buf.split_to(total).freeze());
        self.closed = !request.persists();
        Ok(Some(Incoming::Whole(request)))
    }
}

impl Gathering {
    fn new(bytes: &[u8], limits: &Limits) -> Result<Self, Faulty> {
        let head = request_head(bytes, limits)?;
        // A request without either has no body (RFC 9112 6.3).
        let rest = match announced(&head.headers, head.minor)? {
            Announced::Nothing => Rest::Sized(0),
            Announced::Length(length) => {
                let length = usize::try_from(length).ok();
                let length = length.filter(|length| *length <= limits.request_body);
                Rest::Sized(length.ok_or(Faulty::BodyTooLong)?)
            }
            Announced::Chunked => Rest::Chunked {
                chunked: Chunked::new(),
                body: BytesMut::new(),
                seen: bytes.len(),
            },
        };
        let content = !matches!(rest, Rest::Sized(0));
        if head.method == "CONNECT" && content {
            return Err(Faulty::ConnectContent);
        }
        // HTTP/1.0 knows no expectation (RFC 9110 10.1.1).
        let waits = content && head.minor > 0 && head.headers.lists("expect", "100-continue");
        Ok(Self {
            head,
            head_length: bytes.len(),
            waits,
            rest,
        })
    }

    /// The message's length, once all of it is in `buf`.
    fn end(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<usize>, Faulty> {
        match &mut self.rest {
            Rest::Sized(length) => {
                let total = self.head_length + *length;
                Ok((buf.len() >= total).then_some(total))
            }
            Rest::Chunked {
                chunked,
                body,
                seen,
            } => {
                let data = |bytes: &[u8]| body.extend_from_slice(bytes);
                *seen += chunked.feed(&buf[*seen..], limits, data)?;
                if body.len() > limits.request_body {
                    return Err(Faulty::BodyTooLong);
                }
                if chunked.overhead() > limits.around(limits.request_body) {
                    return Err(Faulty::FramingTooLong);
                }
                Ok(chunked.is_done().then_some(*seen))
            }
        }
    }

    fn into_request(self, bytes: Bytes) -> Request {
        let body = match self.rest {
            Rest::Sized(_) => bytes.slice(self.head_length..),
            Rest::Chunked { body, .. } => body.freeze(),
        };
        Request {
            method: self.head.method,
            target: self.head.target,
            headers: self.head.headers,
            body,
            bytes,
            minor: self.head.minor,
            head_length: self.head_length,
        }
    }
}
