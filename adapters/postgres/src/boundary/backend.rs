//! From the server to the pipeline.

use super::frame::{Frame, frame, shown};
use super::parse;
use super::session::Session;
use crate::sqlstate::Severity;
use bytes::BytesMut;
use exactly_adapter::Unit;

/// Bytes of an effect's reply that are kept until its ReadyForQuery. Beyond
/// it the reply streams, like that of a read.
const REPLY_MAX: usize = 16 << 20;
/// Longest message whose content is looked at.
const LOOK_MAX: usize = 1 << 20;
/// A message this long is passed on in the parts it arrives in, where nothing
/// has to be kept back.
const STREAM_MIN: usize = 64 << 10;

#[derive(Debug, Default)]
pub(super) struct Backend {
    /// Bytes at the front of the buffer that were read and are kept back.
    kept: usize,
    /// Bytes still to come of a message that is passed on unread.
    rest: usize,
}

impl Backend {
    pub(super) fn next(
        &mut self,
        buf: &mut BytesMut,
        session: &mut Session,
    ) -> Result<Option<Unit>, String> {
        if self.rest > 0 && !buf.is_empty() {
            let taken = self.rest.min(buf.len());
            self.rest -= taken;
            return Ok(Some(Unit::pass(buf.split_to(taken).freeze())));
        }
        while let Some(next) = frame(&buf[self.kept..])? {
            known(next.kind)?;
            let there = buf.len() - self.kept;
            if there < next.total {
                return self.incomplete(next, buf, session);
            }
            let body = &buf[self.kept + 5..self.kept + next.total];
            let ends = read(next.kind, body, session).ok_or_else(|| {
                format!(
                    "the content of a message of type {} is torn",
                    shown(next.kind)
                )
            })?;
            let first = self.kept == 0;
            self.kept += next.total;
            let closes = match ends {
                Ends::Ready(status) => session.ready(status),
                // The server closes the connection after it.
                Ends::Fatal => session.ends(),
                Ends::Not => {
                    let ahead = goes_ahead(next.kind, first);
                    if !session.answers_effect() || !(ahead || self.kept > REPLY_MAX) {
                        continue;
                    }
                    None
                }
            };
            return Ok(Some(Unit {
                closes,
                ..self.take(buf)
            }));
        }
        Ok((self.kept > 0 && !session.answers_effect()).then(|| self.take(buf)))
    }

    fn take(&mut self, buf: &mut BytesMut) -> Unit {
        let taken = std::mem::take(&mut self.kept);
        Unit::pass(buf.split_to(taken).freeze())
    }

    /// A message whose end is not there yet.
    fn incomplete(
        &mut self,
        next: Frame,
        buf: &mut BytesMut,
        session: &Session,
    ) -> Result<Option<Unit>, String> {
        if looked_at(next.kind) && next.total > LOOK_MAX {
            return Err(format!(
                "a message of type {} has {} bytes, more than the {LOOK_MAX} that are looked at",
                shown(next.kind),
                next.total
            ));
        }
        let keeps = session.answers_effect() && self.kept + next.total <= REPLY_MAX;
        if next.total >= STREAM_MIN && !looked_at(next.kind) && !keeps {
            self.rest = next.total - (buf.len() - self.kept);
            self.kept = buf.len();
            return Ok(Some(self.take(buf)));
        }
        Ok((self.kept > 0 && !session.answers_effect()).then(|| self.take(buf)))
    }
}

enum Ends {
    Not,
    Ready(u8),
    Fatal,
}

/// Reads one whole message. `None` when its content is torn.
fn read(kind: u8, body: &[u8], session: &mut Session) -> Option<Ends> {
    match kind {
        b'Z' => match body {
            [status @ (b'I' | b'T' | b'E')] => return Some(Ends::Ready(*status)),
            _ => return None,
        },
        b'C' => session.completes(parse::text(body)?),
        b'E' => {
            let error = parse::error(body)?;
            let fatal = error.severity != Severity::Error;
            session.fails(error);
            if fatal {
                return Some(Ends::Fatal);
            }
        }
        _ => {}
    }
    Some(Ends::Not)
}

const fn looked_at(kind: u8) -> bool {
    matches!(kind, b'Z' | b'C' | b'E')
}

/// What may not wait for the end of an effect's reply: what asks the client
/// for COPY data or brings it some, and what comes before the reply has begun
/// and belongs to none.
const fn goes_ahead(kind: u8, first: bool) -> bool {
    matches!(kind, b'G' | b'H' | b'W' | b'd') || (first && matches!(kind, b'A' | b'N' | b'S'))
}

fn known(kind: u8) -> Result<(), String> {
    if b"RKSZ123CDdcGHWEVInNAtTsv".contains(&kind) {
        return Ok(());
    }
    Err(format!("unknown message type {}", shown(kind)))
}
