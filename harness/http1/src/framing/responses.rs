//! Responses, one after the other: whole where they fit, piece by piece where
//! they do not.

use super::chunked::Chunked;
use super::head::{Kind, ResponseHead, Scan, response_head};
use super::length::{Announced, announced};
use super::response::{partial, without_body};
use super::{Faulty, Limits, Response};
use bytes::{Bytes, BytesMut};

/// What the request that is answered next makes of its response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Asked {
    /// It was a HEAD: no body, whatever the head says (RFC 9112 6.3).
    pub head: bool,
    /// It was a CONNECT: success makes a tunnel (RFC 9110 9.3.6).
    pub connect: bool,
    /// It offered an Upgrade (RFC 9110 7.8).
    pub upgrade: bool,
    /// Further requests wait behind it.
    pub more_behind: bool,
}

/// What comes from a system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// 1xx: the response is still to come (RFC 9110 15.2).
    Interim {
        /// Its status.
        status: u16,
        /// All of it.
        bytes: Bytes,
    },
    /// A response.
    Whole(Response),
    /// 101, or success of a CONNECT: what follows on the connection, in both
    /// directions, is no HTTP.
    Switch(Response),
    /// A piece of a streamed response, not its last.
    Part(Bytes),
    /// The last piece of a streamed response, and what was kept of it. Where only
    /// the connection's end ends the response, this is its head: nobody tells a
    /// decoder of that end.
    Last(Bytes, Response),
}

/// Takes responses off the front of a buffer.
#[derive(Debug)]
pub struct ResponseReader {
    limits: Limits,
    state: State,
}

#[derive(Debug)]
enum State {
    Head(Scan),
    Body(Box<Reading>),
    /// Up to the end of the connection.
    UntilClose,
    /// The last response said that it is the last.
    Closed,
}

#[derive(Debug)]
struct Reading {
    head: ResponseHead,
    rest: Rest,
    /// What is kept of the body where it is not a slice of the buffer.
    body: BytesMut,
    /// Bytes of the message in the buffer that were read.
    seen: usize,
    streams: bool,
}

#[derive(Debug)]
enum Rest {
    Sized(u64),
    Chunked(Chunked),
}

/// What a head says of what follows it.
enum Follows {
    Body(Announced),
    /// No body, whatever the head says.
    NoBody,
    Interim,
    Switch,
}

fn follows(asked: Asked, head: &ResponseHead) -> Result<Follows, Faulty> {
    let status = head.status;
    if asked.connect && (200..300).contains(&status) {
        // Its framing headers are to be ignored (RFC 9112 6.3).
        return Ok(Follows::Switch);
    }
    let announced = announced(&head.headers, head.minor)?;
    let none = matches!(announced, Announced::Nothing | Announced::Length(0));
    if (status < 200 || status == 204) && !none {
        return Err(Faulty::ContentWhereNone);
    }
    Ok(match status {
        101 if !asked.upgrade => return Err(Faulty::UpgradeUnasked),
        101 => Follows::Switch,
        100..200 => Follows::Interim,
        204 | 304 => Follows::NoBody,
        _ if asked.head => Follows::NoBody,
        _ => Follows::Body(announced),
    })
}

impl ResponseReader {
    /// A reader at the start of a connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: head_next(),
        }
    }

    /// The next piece. `asked` speaks of the request that is answered next;
    /// without one only a farewell is read (408, or a response that closes the
    /// connection). `streams` says of a head, with an empty body, whether the
    /// response is to be passed on piece by piece.
    ///
    /// On `None` and on an error the buffer is left as it is.
    pub fn next(
        &mut self,
        buf: &mut BytesMut,
        asked: Option<Asked>,
        streams: impl FnOnce(&Response) -> bool,
    ) -> Result<Option<Piece>, Faulty> {
        match &mut self.state {
            _ if buf.is_empty() => Ok(None),
            State::Closed => Err(Faulty::AfterClose),
            State::UntilClose => Ok(Some(Piece::Part(buf.split().freeze()))),
            State::Body(_) => self.body(buf),
            State::Head(scan) => {
                let Some(length) = scan.end(buf, &self.limits)? else {
                    return Ok(None);
                };
                let head = response_head(&buf[..length], &self.limits)?;
                match asked {
                    Some(asked) => self.head(head, length, asked, buf, streams),
                    None => self.farewell(&head, buf),
                }
            }
        }
    }

    /// Whether bytes of a response that ends with the connection are passed on.
    pub(crate) const fn is_until_close(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    /// A server that is tired of waiting says so unasked (RFC 9110 15.5.9).
    fn farewell(
        &mut self,
        head: &ResponseHead,
        buf: &mut BytesMut,
    ) -> Result<Option<Piece>, Faulty> {
        let leaves = head.status == 408 || !head.headers.persists(head.minor);
        if !leaves || head.status < 200 {
            return Err(Faulty::Unasked);
        }
        self.state = State::UntilClose;
        Ok(Some(Piece::Part(buf.split().freeze())))
    }

    fn head(
        &mut self,
        head: ResponseHead,
        length: usize,
        asked: Asked,
        buf: &mut BytesMut,
        streams: impl FnOnce(&Response) -> bool,
    ) -> Result<Option<Piece>, Faulty> {
        let rest = match follows(asked, &head)? {
            Follows::Interim => {
                self.state = head_next();
                let bytes = buf.split_to(length).freeze();
                return Ok(Some(Piece::Interim {
                    status: head.status,
                    bytes,
                }));
            }
            Follows::Switch if asked.more_behind => return Err(Faulty::SwitchWithRequests),
            Follows::Switch => {
                self.state = State::UntilClose;
                let _ = buf.split_to(length);
                return Ok(Some(Piece::Switch(without_body(head))));
            }
            Follows::NoBody => {
                let _ = buf.split_to(length);
                let response = without_body(head);
                self.ended(response.persists());
                return Ok(Some(Piece::Whole(response)));
            }
            Follows::Body(Announced::Nothing) => {
                self.state = State::UntilClose;
                let bytes = buf.split_to(length).freeze();
                return Ok(Some(Piece::Last(bytes, partial(head))));
            }
            Follows::Body(Announced::Length(rest)) => Rest::Sized(rest),
            Follows::Body(Announced::Chunked) => Rest::Chunked(Chunked::new()),
        };
        let kept = self.limits.response_body as u64;
        let too_long = matches!(rest, Rest::Sized(rest) if rest > kept);
        let mut reading = Reading {
            head,
            rest,
            body: BytesMut::new(),
            seen: length,
            streams: false,
        };
        reading.streams = too_long || streams(&partial(reading.head.clone()));
        self.state = State::Body(Box::new(reading));
        self.body(buf)
    }

    fn body(&mut self, buf: &mut BytesMut) -> Result<Option<Piece>, Faulty> {
        let State::Body(reading) = &mut self.state else {
            return Ok(None);
        };
        let done = reading.read(buf, &self.limits)?;
        if !done {
            let passes = reading.streams && reading.seen > 0;
            return Ok(passes.then(|| Piece::Part(reading.pass(buf))));
        }
        let last = reading.pass(buf);
        let persists = reading.head.headers.persists(reading.head.minor);
        let State::Body(read) = std::mem::replace(&mut self.state, State::Closed) else {
            return Ok(None);
        };
        self.ended(persists);
        Ok(Some(read.into_piece(last)))
    }

    fn ended(&mut self, persists: bool) {
        self.state = if persists { head_next() } else { State::Closed };
    }
}

fn head_next() -> State {
    State::Head(Scan::new(Kind::Response))
}

impl Reading {
    /// Reads what is there. Answers whether the message has ended.
    fn read(&mut self, buf: &[u8], limits: &Limits) -> Result<bool, Faulty> {
        let body = &mut self.body;
        // What is kept of a streamed body must not depend on how it was cut:
        // always the same first bytes.
        let most = if self.streams {
            limits.look
        } else {
            usize::MAX
        };
        let mut keep = |bytes: &[u8]| {
            let room = most.saturating_sub(body.len());
            body.extend_from_slice(&bytes[..room.min(bytes.len())]);
        };
        let done = match &mut self.rest {
            Rest::Sized(rest) => {
                let there = (buf.len() - self.seen) as u64;
                let taken = there.min(*rest) as usize;
                if self.streams {
                    keep(&buf[self.seen..self.seen + taken]);
                }
                self.seen += taken;
                *rest -= taken as u64;
                *rest == 0
            }
            Rest::Chunked(chunked) => {
                self.seen += chunked.feed(&buf[self.seen..], limits, keep)?;
                let kept = limits.response_body;
                let long = self.body.len() > kept || chunked.overhead() > limits.around(kept);
                if long && !self.streams {
                    self.streams = true;
                    self.body.truncate(limits.look);
                    self.body = BytesMut::from(&self.body[..]);
                }
                chunked.is_done()
            }
        };
        Ok(done)
    }

    /// Takes what was read off the buffer.
    fn pass(&mut self, buf: &mut BytesMut) -> Bytes {
        let seen = std::mem::take(&mut self.seen);
        buf.split_to(seen).freeze()
    }

    fn into_piece(self, last: Bytes) -> Piece {
        let head_length = self.head.bytes.len();
        let mut response = partial(self.head);
        if self.streams {
            response.body = self.body.freeze();
            return Piece::Last(last, response);
        }
        response.whole = true;
        response.body = match self.rest {
            Rest::Sized(_) => last.slice(head_length..),
            Rest::Chunked(_) => self.body.freeze(),
        };
        response.bytes = last;
        Piece::Whole(response)
    }
}
