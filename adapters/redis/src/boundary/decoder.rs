//! The two directions of one connection.

use super::label::Label;
use super::session::Session;
use super::{Corner, Shared};
use crate::names::Names;
use crate::resp::{Frames, Requests};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, ErrorReply, Unit};
use exactly_model::Phase;
use std::sync::Arc;

/// Decodes one connection.
///
/// A request is a unit, and so is a frame of the server: a reply, a push, or one of
/// several confirmations of a subscription, the last of which ends the exchange. Bytes
/// are passed on as they came.
pub(crate) struct RedisDecoder {
    names: Arc<Names>,
    shared: Arc<Shared>,
    requests: Requests,
    frames: Frames,
    session: Session,
    decoded: [u64; 2],
    broken: Option<DecodeError>,
}

impl RedisDecoder {
    pub fn new(names: Arc<Names>, shared: Arc<Shared>) -> Self {
        Self {
            names,
            shared,
            requests: Requests::default(),
            frames: Frames::default(),
            session: Session::default(),
            decoded: [0; 2],
            broken: None,
        }
    }

    fn request(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, String> {
        let found = self.requests.next(buf).map_err(|error| error.to_string())?;
        let Some(request) = found else {
            return Ok(None);
        };
        let mut opens = None;
        // An empty line asks for nothing.
        if request.args() > 0 {
            let label = Label::read(buf, &request, &self.names, &self.shared);
            opens = Some(self.session.asks(label)?);
        }
        Ok(Some(Unit {
            opens,
            ..Unit::pass(buf.split_to(request.len).freeze())
        }))
    }

    fn reply(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, String> {
        let found = self.frames.next(buf).map_err(|error| error.to_string())?;
        let Some(frame) = found else {
            return Ok(None);
        };
        let corner = Corner {
            names: &self.names,
            shared: &self.shared,
        };
        let heard = self.session.hears(frame, corner)?;
        let len = frame.bytes().len();
        Ok(Some(Unit {
            opens: heard.opens,
            closes: heard.closes,
            delivers: heard.delivers,
            ..Unit::pass(buf.split_to(len).freeze())
        }))
    }
}

impl Decoder for RedisDecoder {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        _net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        // The directions only make sense together: neither is read on once one of
        // them is lost.
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let before = buf.len();
        let taken = match dir {
            Direction::ToSystem => self.request(buf),
            Direction::ToClient => self.reply(buf),
        };
        let decoded = &mut self.decoded[usize::from(dir == Direction::ToClient)];
        *decoded += (before - buf.len()) as u64;
        taken.map_err(|what| {
            let error = DecodeError {
                protocol: "RESP",
                what,
                after: *decoded,
            };
            self.broken = Some(error.clone());
            error
        })
    }

    fn error_reply(&mut self, key: u64, when: Phase) -> Option<ErrorReply> {
        // Redis has no error that follows an apply.
        if when == Phase::After {
            return None;
        }
        let error = self.session.refuses(key)?;
        Some(ErrorReply {
            bytes: Bytes::from(format!("-{error}\r\n")),
            error: error.into(),
        })
    }

    fn awaited(&self) -> usize {
        self.session.awaited()
    }
}
