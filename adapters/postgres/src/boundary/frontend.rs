//! From the pipeline to the server.

use super::frame::{Frame, LOOK_MAX, frame, shown};
use super::ids::{Finder, Ids};
use super::parse;
use super::session::Session;
use super::sql::script;
use bytes::{Bytes, BytesMut};
use exactly_adapter::{TrialNames, Unit};

/// Postgres refuses longer start-up packets (`MAX_STARTUP_PACKET_LENGTH`).
const STARTUP_MAX: usize = 10_000;
const CANCEL_REQUEST: u32 = 80_877_102;
const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;

/// What comes next in this direction.
#[derive(Debug)]
enum Expects {
    /// A start-up packet, which has no type byte.
    Startup,
    /// Messages.
    Messages,
    /// The rest of a message that is passed on unread.
    Rest(usize),
    /// Nothing that matters: after CancelRequest or Terminate.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Frontend {
    expects: Expects,
    finder: Finder,
    /// Bytes at the front of the buffer that belong to the exchange being
    /// gathered, already read.
    gathered: usize,
    /// Whether the last exchange ended in a Sync.
    synced: bool,
    /// Whether the last exchange went on with COPY data. The server skips the
    /// Sync that preceded the data, so the next one is still of that exchange.
    copied: bool,
}

impl Frontend {
    pub(super) fn new(names: TrialNames) -> Self {
        Self {
            expects: Expects::Startup,
            finder: Finder::new(names),
            gathered: 0,
            synced: false,
            copied: false,
        }
    }

    pub(super) fn next(
        &mut self,
        buf: &mut BytesMut,
        session: &mut Session,
    ) -> Result<Option<Unit>, String> {
        match self.expects {
            _ if buf.is_empty() => Ok(None),
            Expects::Startup => self.startup(buf, session),
            Expects::Messages => self.messages(buf, session),
            Expects::Rest(rest) => {
                let taken = rest.min(buf.len());
                self.expects = match rest - taken {
                    0 => Expects::Messages,
                    rest => Expects::Rest(rest),
                };
                Ok(Some(Unit::pass(buf.split_to(taken).freeze())))
            }
            Expects::Nothing => Ok(Some(Unit::pass(buf.split().freeze()))),
        }
    }

    fn startup(
        &mut self,
        buf: &mut BytesMut,
        session: &mut Session,
    ) -> Result<Option<Unit>, String> {
        let Some((head, rest)) = buf.split_first_chunk::<8>() else {
            return Ok(None);
        };
        let [l0, l1, l2, l3, c0, c1, c2, c3] = *head;
        let len = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        let code = u32::from_be_bytes([c0, c1, c2, c3]);
        if !(8..=STARTUP_MAX).contains(&len) {
            return Err(format!("a start-up packet claims a length of {len} bytes"));
        }
        let Some(parameters) = rest.get(..len - 8) else {
            return Ok(None);
        };
        match code {
            SSL_REQUEST | GSSENC_REQUEST if len == 8 => {
                let _ = buf.split_to(len);
                return Ok(Some(Unit {
                    answer: Bytes::from_static(b"N"),
                    ..Unit::default()
                }));
            }
            CANCEL_REQUEST => self.expects = Expects::Nothing,
            code if code >> 16 == 3 => {
                if replicates(parameters) {
                    return Err("a replication connection cannot be labelled".into());
                }
                self.expects = Expects::Messages;
                session.starts_up();
            }
            code => return Err(format!("unknown start-up code {code}")),
        }
        Ok(Some(Unit::pass(buf.split_to(len).freeze())))
    }

    fn messages(
        &mut self,
        buf: &mut BytesMut,
        session: &mut Session,
    ) -> Result<Option<Unit>, String> {
        loop {
            let Some(next) = frame(&buf[self.gathered..])? else {
                return Ok(None);
            };
            let there = buf.len() - self.gathered;
            if next.kind == b'd' {
                return Ok(Some(self.copy_data(next, there, buf, session)));
            }
            if next.total > LOOK_MAX {
                return Err(format!(
                    "a message of type {} has {} bytes, more than the {LOOK_MAX} that are looked at",
                    shown(next.kind),
                    next.total
                ));
            }
            // An exchange that grows beyond the limit goes ahead in parts; its
            // head still tells all of it.
            if self.gathered > 0 && self.gathered + next.total > LOOK_MAX {
                return Ok(Some(self.take(buf)));
            }
            if there < next.total {
                return Ok(None);
            }
            let end = self.gathered + next.total;
            let body = &buf[self.gathered + 5..end];
            let ends = self.read(next.kind, body, session).ok_or_else(|| {
                format!(
                    "the content of a message of type {} is torn",
                    shown(next.kind)
                )
            })??;
            self.gathered = end;
            match ends {
                Ends::Not => {}
                Ends::Ahead => return Ok(Some(self.take(buf))),
                Ends::Exchange => {
                    return Ok(Some(Unit {
                        opens: Some(session.opens()?),
                        ..self.take(buf)
                    }));
                }
            }
        }
    }

    /// Everything gathered, to be passed on.
    fn take(&mut self, buf: &mut BytesMut) -> Unit {
        let taken = std::mem::take(&mut self.gathered);
        Unit::pass(buf.split_to(taken).freeze())
    }

    /// COPY data goes through as it comes, however large its messages are.
    fn copy_data(
        &mut self,
        data: Frame,
        there: usize,
        buf: &mut BytesMut,
        session: &Session,
    ) -> Unit {
        self.note_copy(session);
        if there < data.total {
            self.expects = Expects::Rest(data.total - there);
        }
        self.gathered += there.min(data.total);
        self.take(buf)
    }

    /// COPY data belongs to what is being gathered, or else to the exchange
    /// sent last.
    fn note_copy(&mut self, session: &Session) {
        if !session.gathered.begun && self.synced {
            self.copied = true;
        }
    }

    /// Reads one whole message. `None` when its content is torn.
    fn read(
        &mut self,
        kind: u8,
        body: &[u8],
        session: &mut Session,
    ) -> Option<Result<Ends, String>> {
        let ends = match kind {
            b'Q' => {
                let statements = script(parse::text(body)?, self.finder);
                session.executes(&statements, &Ids::default());
                (self.synced, self.copied) = (false, false);
                return Some(Ok(Ends::Exchange));
            }
            b'F' => {
                let function = body.first_chunk::<4>()?;
                session.gathered.call(u32::from_be_bytes(*function));
                (self.synced, self.copied) = (false, false);
                return Some(Ok(Ends::Exchange));
            }
            b'S' => {
                let still_copying = self.copied && !session.gathered.begun;
                (self.synced, self.copied) = (!still_copying, false);
                return Some(Ok(if still_copying {
                    Ends::Ahead
                } else {
                    Ends::Exchange
                }));
            }
            b'c' | b'f' => {
                self.note_copy(session);
                return Some(Ok(Ends::Ahead));
            }
            b'X' => {
                self.expects = Expects::Nothing;
                return Some(Ok(Ends::Ahead));
            }
            // Passwords and what else authentication needs: not looked at.
            b'p' => return Some(Ok(Ends::Ahead)),
            b'P' => {
                let (name, sql) = parse::parse(body)?;
                session.names.prepare(name, script(sql, self.finder));
                session.gathered.prepared = true;
                Ends::Not
            }
            b'B' => {
                let (portal, statement, ids) = parse::bind(body, self.finder)?;
                session.names.bind(portal, statement, ids);
                session.gathered.prepared = true;
                Ends::Not
            }
            b'D' => {
                parse::close(body)?;
                session.gathered.prepared = true;
                Ends::Not
            }
            b'E' => {
                let portal = session.names.portal(parse::execute(body)?);
                session.executes(&portal.statements, &portal.ids);
                Ends::Not
            }
            b'C' => {
                let (kind, name) = parse::close(body)?;
                session.names.close(kind, name);
                Ends::Not
            }
            b'H' => return Some(Ok(Ends::Ahead)),
            kind => return Some(Err(format!("unknown message type {}", shown(kind)))),
        };
        // Extended protocol: the exchange goes on until its Sync.
        session.gathered.begun = true;
        Some(Ok(ends))
    }
}

/// What a message means for the exchange it stands in.
#[derive(Clone, Copy, Debug)]
enum Ends {
    /// It goes on.
    Not,
    /// It goes on, and what is there of it is sent ahead.
    Ahead,
    /// It is complete.
    Exchange,
}

/// Whether a StartupMessage asks for the replication protocol.
fn replicates(parameters: &[u8]) -> bool {
    let mut parts = parameters.split(|b| *b == 0);
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        if name == b"replication" {
            return ![&b"false"[..], b"off", b"no", b"0"].contains(&value);
        }
    }
    false
}
