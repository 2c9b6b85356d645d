//! The two directions of one connection, and what they know of each other.

use super::MESSAGE;
use super::envelope::Envelope;
use super::waiting::{Line, What};
use crate::KIND;
use crate::errors::{BEFORE, BYE, CLOSING, NO_TLS};
use crate::wire::{AUTH_MAX, Content, Verb, answered, line, path_of, without};
use bytes::BytesMut;
use exactly_adapter::{
    Addresses, DecodeError, Decoder, Direction, ErrorReply, Head, TrialNames, Unit,
};
use exactly_model::{Class, MessageId, Phase};

/// Octets of a content that is held as a whole: what the sink takes, with a fifth more
/// for the dots in it and for servers that take more.
const CONTENT_MAX: usize = 30 << 20;
/// Octets of a content that are searched for ids.
const SEARCHED_MAX: usize = 1 << 20;

/// What the client says next.
#[derive(Debug)]
enum Expects {
    Command,
    /// Nothing until DATA or AUTH was answered: what comes behind them depends on it
    /// (RFC 2920 3.1, RFC 4954 4).
    Reply,
    /// An answer to a challenge of AUTH.
    Response,
    Content(Box<Coming>),
    /// Commands that are not passed on any more: a mail was refused in the server's name,
    /// and the server still waits for its content.
    Nothing,
}

/// A content that is coming.
#[derive(Debug, Default)]
struct Coming {
    content: Content,
    /// Octets at the front of the buffer that were read.
    read: usize,
    /// The start of what it says.
    said: Vec<u8>,
}

/// Decodes one connection.
///
/// TLS cannot be read, so STARTTLS is taken out of the reply to EHLO, and answered by
/// the boundary where a client asks for it all the same.
pub(crate) struct SmtpDecoder {
    names: TrialNames,
    expects: Expects,
    waiting: Line,
    envelope: Envelope,
    decoded: [u64; 2],
    broken: Option<DecodeError>,
}

impl SmtpDecoder {
    pub fn new(names: TrialNames) -> Self {
        Self {
            names,
            expects: Expects::Command,
            waiting: Line::new(),
            envelope: Envelope::default(),
            decoded: [0; 2],
            broken: None,
        }
    }

    fn client(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, String> {
        match &mut self.expects {
            _ if buf.is_empty() => Ok(None),
            Expects::Reply => Err("something was sent before DATA or AUTH was answered".into()),
            Expects::Content(_) => self.content(buf),
            Expects::Command => {
                let Some((text, len)) = whole_line(buf)? else {
                    return Ok(None);
                };
                let (verb, address) = (Verb::of(text), path_of(text).map(String::from));
                self.command(verb, address.unwrap_or_default(), buf, len)
            }
            Expects::Response => {
                let Some((_, len)) = whole_line(buf)? else {
                    return Ok(None);
                };
                self.expects = Expects::Reply;
                Ok(Some(Unit::pass(buf.split_to(len).freeze())))
            }
            Expects::Nothing => {
                let Some((text, len)) = whole_line(buf)? else {
                    return Ok(None);
                };
                let answer = match Verb::of(text) {
                    Verb::Quit => BYE,
                    _ => CLOSING,
                };
                let _ = buf.split_to(len);
                Ok(Some(say(answer)))
            }
        }
    }

    /// A command of `len` bytes. An error leaves them where they are: they are passed on
    /// unread.
    fn command(
        &mut self,
        verb: Verb,
        address: String,
        buf: &mut BytesMut,
        len: usize,
    ) -> Result<Option<Unit>, String> {
        let what = match verb {
            Verb::StartTls if self.waiting.len() > 0 => {
                return Err("STARTTLS was sent before the commands before it were answered".into());
            }
            Verb::StartTls => {
                let _ = buf.split_to(len);
                return Ok(Some(say(NO_TLS)));
            }
            Verb::Bdat => {
                return Err("BDAT (RFC 3030) is not read; let the client send with DATA".into());
            }
            Verb::Mail => What::Mail(address),
            Verb::Rcpt => What::Rcpt(address),
            verb => What::Command(verb),
        };
        if matches!(verb, Verb::Data | Verb::Auth) {
            self.expects = Expects::Reply;
        }
        let key = self.waiting.push(what)?;
        let head = head(key, verb.name().into(), Class::Control);
        Ok(Some(Unit {
            opens: Some(head),
            ..Unit::pass(buf.split_to(len).freeze())
        }))
    }

    fn content(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, String> {
        let Expects::Content(coming) = &mut self.expects else {
            return Ok(None);
        };
        let said = &mut coming.said;
        let (len, ended) = coming.content.read(&buf[coming.read..], |piece| {
            let room = SEARCHED_MAX - said.len();
            said.extend_from_slice(&piece[..piece.len().min(room)]);
        });
        coming.read += len;
        if coming.content.flaws.is_ambiguous() {
            return Err(
                "a bare CR, a bare LF or a NUL in a mail: two readers could see two mails \
                        (RFC 5321 2.3.8)"
                    .into(),
            );
        }
        if coming.read > CONTENT_MAX {
            return Err(format!("a mail of more than {CONTENT_MAX} octets"));
        }
        if !ended {
            return Ok(None);
        }
        let key = self.waiting.push(What::Message)?;
        let (said, bytes) = (std::mem::take(&mut coming.said), buf.split_to(coming.read));
        self.expects = Expects::Command;
        let envelope = std::mem::take(&mut self.envelope);
        let ids = envelope.ids(&said, self.names);
        let head = Head {
            target: envelope.target(),
            ids,
            ..head(key, MESSAGE.into(), Class::Effect)
        };
        Ok(Some(Unit {
            opens: Some(head),
            ..Unit::pass(bytes.freeze())
        }))
    }

    fn server(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, String> {
        if buf.is_empty() {
            return Ok(None);
        }
        if matches!(self.expects, Expects::Nothing) {
            // The session is ending for the client: it waits for nothing of the server's.
            buf.clear();
            return Ok(Some(Unit::default()));
        }
        let Some(reply) = answered(buf)? else {
            return Ok(None);
        };
        let code = reply.code;
        let Some(first) = self.waiting.first() else {
            // RFC 5321 3.8: said when the server has to end, whether asked or not.
            return match code {
                421 => Ok(Some(Unit::pass(buf.split_to(reply.len).freeze()))),
                _ => Err(format!("a reply {code} that answers nothing")),
            };
        };
        match (&first.what, code) {
            (What::Command(Verb::Auth), 334) => {
                self.expects = Expects::Response;
                return Ok(Some(Unit::pass(buf.split_to(reply.len).freeze())));
            }
            (What::Command(Verb::Data), 354) => {
                self.expects = Expects::Content(Box::default());
            }
            (What::Command(Verb::Data | Verb::Auth), _) => self.expects = Expects::Command,
            // What comes next would be a content, and is none that was asked for.
            (_, 334 | 354) => return Err(format!("a reply {code} to what is no DATA and no AUTH")),
            _ => {}
        }
        let closes = first.reply(&reply);
        let mut forward = buf.split_to(reply.len).freeze();
        match self.waiting.pop().map(|waiting| waiting.what) {
            Some(What::Command(Verb::Ehlo)) if code == 250 => {
                self.envelope = Envelope::default();
                if let Some(rest) = without(&forward, "STARTTLS") {
                    forward = rest.into();
                }
            }
            Some(What::Command(Verb::Ehlo | Verb::Helo | Verb::Rset)) if code / 100 == 2 => {
                self.envelope = Envelope::default();
            }
            Some(What::Mail(from)) if code / 100 == 2 => self.envelope = Envelope::from(from),
            Some(What::Rcpt(to)) if code / 100 == 2 => self.envelope.to(to),
            _ => {}
        }
        Ok(Some(Unit {
            closes,
            ..Unit::pass(forward)
        }))
    }
}

/// A line of the client's and its length; what is none is an error.
fn whole_line(buf: &BytesMut) -> Result<Option<(&[u8], usize)>, String> {
    let found = line(buf, AUTH_MAX).map_err(|error| error.to_string())?;
    let Some(found) = found else {
        return Ok(None);
    };
    let text = found.text.map_err(|error| error.to_string())?;
    Ok(Some((text, found.len)))
}

/// What the boundary answers by itself.
fn say(line: &str) -> Unit {
    Unit {
        answer: format!("{line}\r\n").into(),
        ..Unit::default()
    }
}

fn head(key: u64, operation: String, class: Class) -> Head {
    Head {
        key,
        operation,
        target: String::new(),
        class,
        ids: Vec::<MessageId>::new(),
        commits: Vec::new(),
        names: Vec::new(),
        expects_reply: true,
    }
}

impl Decoder for SmtpDecoder {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        _net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        // The directions only make sense together: neither is read on once one of them
        // is lost.
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let before = buf.len();
        let taken = match dir {
            Direction::ToSystem => self.client(buf),
            Direction::ToClient => self.server(buf),
        };
        let decoded = &mut self.decoded[usize::from(dir == Direction::ToClient)];
        *decoded += (before - buf.len()) as u64;
        taken.map_err(|what| {
            let error = DecodeError {
                protocol: KIND,
                what,
                after: *decoded,
            };
            self.broken = Some(error.clone());
            error
        })
    }

    fn error_reply(&mut self, key: u64, when: Phase) -> Option<ErrorReply> {
        // The content was held as a whole, so that the server has nothing of it. It waits
        // for it from here on: the rest of the session is the boundary's.
        if when != Phase::Before || !self.waiting.take_back(key) {
            return None;
        }
        self.expects = Expects::Nothing;
        Some(ErrorReply {
            bytes: format!("{BEFORE}\r\n").into(),
            error: BEFORE.into(),
        })
    }

    fn awaited(&self) -> usize {
        self.waiting.len()
    }
}
