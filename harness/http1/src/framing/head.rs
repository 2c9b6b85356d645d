//! The head of a message: found, bounded, and read by `httparse`.

use super::headers::faulty;
use super::lines::{Ends, Lines, check_names};
use super::{Faulty, Headers, Limits};
use bytes::Bytes;

/// Which start line is expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Request,
    Response,
}

/// Looks for the end of a head at the front of a buffer.
#[derive(Debug)]
pub(super) struct Scan {
    kind: Kind,
    lines: Lines,
    seen: usize,
}

/// Bytes in which a start line shows that it is one.
const TELLING: usize = 16;

impl Scan {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            lines: Lines::default(),
            seen: 0,
        }
    }

    /// The head's length, its empty line included; `None` until it is there.
    pub(super) fn end(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<usize>, Faulty> {
        while let Some(byte) = bytes.get(self.seen) {
            if self.seen >= limits.head {
                return Err(Faulty::HeadTooLong);
            }
            self.seen += 1;
            let ends = self.lines.push(*byte)?;
            match (ends, self.lines.ended) {
                // Whoever speaks another protocol is not kept waiting for an
                // empty line that never comes.
                (Ends::Nothing, 0) if self.seen <= TELLING => {
                    self.kind.may_begin(&bytes[..self.seen])?;
                }
                (Ends::Line, 1) => self.kind.check_line(&bytes[..self.seen - 2])?,
                (Ends::Section, 1) => return Err(Faulty::EmptyLine),
                (Ends::Section, _) => return Ok(Some(self.seen)),
                _ => {}
            }
        }
        Ok(None)
    }
}

impl Kind {
    fn may_begin(self, bytes: &[u8]) -> Result<(), Faulty> {
        let version = b"HTTP/";
        let fits = match self {
            Self::Request => {
                let method = bytes.split(|byte| *byte == b' ').next();
                method.is_none_or(|method| {
                    method.iter().all(|byte| is_token(*byte) || *byte == b'\r')
                })
            }
            Self::Response => version.starts_with(bytes) || bytes.starts_with(version),
        };
        if fits { Ok(()) } else { Err(Faulty::StartLine) }
    }

    fn check_line(self, line: &[u8]) -> Result<(), Faulty> {
        let version = match self {
            Self::Request => {
                let mut parts = line.split(|byte| *byte == b' ');
                match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some(_), Some(_), Some(version), None) => version,
                    (Some(_), Some(target), None, None) if !target.is_empty() => {
                        return Err(Faulty::Http09);
                    }
                    _ => return Err(Faulty::StartLine),
                }
            }
            Self::Response => line.split(|byte| *byte == b' ').next().unwrap_or_default(),
        };
        match version {
            b"HTTP/1.0" | b"HTTP/1.1" => Ok(()),
            b"HTTP/2" | b"HTTP/2.0" => Err(Faulty::Http2),
            other if other.starts_with(b"HTTP/") => Err(Faulty::Version),
            _ => Err(Faulty::StartLine),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A request's head.
#[derive(Clone, Debug)]
pub(super) struct RequestHead {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) minor: u8,
    pub(super) headers: Headers,
}

pub(super) fn request_head(head: &[u8], limits: &Limits) -> Result<RequestHead, Faulty> {
    let head = checked(head)?;
    let mut fields = vec![httparse::EMPTY_HEADER; limits.headers];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed.parse(&head).map_err(faulty)?;
    let (Some(method), Some(target), Some(minor)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(Faulty::StartLine);
    };
    Ok(RequestHead {
        method: method.into(),
        target: target.into(),
        minor,
        headers: Headers::new(&head, parsed.headers),
    })
}

/// A response's head.
#[derive(Clone, Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) minor: u8,
    pub(super) headers: Headers,
    /// All of it.
    pub(super) bytes: Bytes,
}

pub(super) fn response_head(head: &[u8], limits: &Limits) -> Result<ResponseHead, Faulty> {
    let head = checked(head)?;
    let mut fields = vec![httparse::EMPTY_HEADER; limits.headers];
    let mut parsed = httparse::Response::new(&mut fields);
    parsed.parse(&head).map_err(faulty)?;
    let (Some(status), Some(minor)) = (parsed.code, parsed.version) else {
        return Err(Faulty::StartLine);
    };
    if status < 100 {
        return Err(Faulty::Status);
    }
    Ok(ResponseHead {
        status,
        minor,
        headers: Headers::new(&head, parsed.headers),
        bytes: head.clone(),
    })
}

/// A copy of the head for the headers to be slices of: the buffer's own bytes
/// stay where they are until the message is whole.
fn checked(head: &[u8]) -> Result<Bytes, Faulty> {
    let line = head.iter().position(|byte| *byte == b'\n');
    check_names(&head[line.map_or(0, |end| end + 1)..])?;
    Ok(Bytes::copy_from_slice(head))
}
