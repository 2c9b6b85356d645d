//! The two directions of one connection, and what they know of each other.

use crate::framing::{Faulty, Incoming, Limits, Piece, RequestReader, ResponseReader};
use crate::refusal::encode;
use crate::waiting::{Requests, Waiting};
use crate::{Labelled, Labeller, Request, Response, Said};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, ErrorReply, Head, Reply, Unit};
use exactly_model::Phase;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Decodes one connection.
///
/// *An exchange* is a request and its final response. Its request is one unit.
/// Its response is one unit too, unless it is streamed ([`Limits`],
/// [`Labeller::streams`]): then it closes its exchange with its last piece, or
/// with its head where only the connection's end ends it. Keys count up.
///
/// *`Expect: 100-continue`.* The client waits for a word before it sends the
/// body, and the boundary says it in the system's name. Were the head passed on
/// ahead instead, the request could not be refused, dropped or cut down any more:
/// a system that has the head takes whatever comes next for the body. A 100
/// promises nothing (RFC 9110 15.2.1), and a system that would have refused
/// the head refuses the request just the same. Its own 100, which the client
/// has no use for, is dropped.
///
/// After 101 or a tunnel, bytes of both directions are passed on unread.
pub struct HttpDecoder<L> {
    labeller: L,
    limits: Limits,
    incoming: RequestReader,
    responses: ResponseReader,
    requests: Requests,
    answered: Option<Answered>,
    expects: Expects,
    /// The connection speaks no HTTP any more.
    switched: bool,
    /// What still comes of a response in whose place an error was given.
    dropping: bool,
    decoded: [u64; 2],
    broken: Option<DecodeError>,
}

/// What the request that is being read expects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expects {
    Nothing,
    /// A 100, once the responses before it are through.
    Owed,
    /// It has had its 100.
    Had,
}

/// The request whose response was taken last.
struct Answered {
    request: Waiting,
    /// Nothing of the response has passed before, nor has it changed anything.
    replaceable: bool,
    closes: bool,
    until_close: bool,
    /// A 100 went with it.
    continued: bool,
}

impl<L: Labeller> HttpDecoder<L> {
    /// A decoder for a new connection.
    pub fn new(labeller: L) -> Self {
        Self::with_limits(labeller, Limits::default())
    }

    /// A decoder with other bounds.
    pub fn with_limits(labeller: L, limits: Limits) -> Self {
        Self {
            labeller,
            limits,
            incoming: RequestReader::new(limits),
            responses: ResponseReader::new(limits),
            requests: Requests::default(),
            answered: None,
            expects: Expects::Nothing,
            switched: false,
            dropping: false,
            decoded: [0; 2],
            broken: None,
        }
    }

    fn pipeline_says(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, Faulty> {
        if buf.is_empty() {
            return Ok(None);
        }
        if self.switched {
            return Ok(Some(Unit::pass(buf.split().freeze())));
        }
        self.requests.check_room()?;
        loop {
            match self.incoming.next(buf)? {
                None => return Ok(None),
                Some(Incoming::Whole(request)) => return Ok(Some(self.opened(&request))),
                // In the middle of another response a 100 would be torn into it.
                Some(Incoming::Continue) if self.awaited() > 0 => self.expects = Expects::Owed,
                Some(Incoming::Continue) => {
                    self.expects = Expects::Had;
                    return Ok(Some(Unit {
                        answer: Bytes::from_static(CONTINUE),
                        ..Unit::default()
                    }));
                }
            }
        }
    }

    fn opened(&mut self, request: &Request) -> Unit {
        let continued = std::mem::replace(&mut self.expects, Expects::Nothing) == Expects::Had;
        let labelled = self.labeller.request(request);
        let forward = self.labeller.forward(request, &request.body);
        let forward = forward.unwrap_or_else(|| request.bytes.clone());
        let opens = labelled.clone();
        let key = self.requests.push(request, labelled, continued);
        Unit {
            opens: opens.map(|labelled| head(key, labelled)),
            ..Unit::pass(forward)
        }
    }

    fn system_says(&mut self, buf: &mut BytesMut) -> Result<Option<Unit>, Faulty> {
        let (asked, front, labeller) =
            (self.requests.asked(), self.requests.front(), &self.labeller);
        let streams = |head: &Response| match front.and_then(|front| front.labelled.as_ref()) {
            Some(labelled) => labeller.streams(labelled, head),
            // It closes nothing: there is nothing to keep it back for.
            None => true,
        };
        let Some(piece) = self.responses.next(buf, asked, streams)? else {
            return Ok(None);
        };
        Ok(Some(match piece {
            Piece::Part(_) if self.dropping => Unit::default(),
            Piece::Part(bytes) => Unit::pass(bytes),
            Piece::Interim { status, bytes } => self.interim(status, bytes),
            Piece::Whole(response) => self.closed(response.bytes.clone(), &response, true),
            Piece::Last(bytes, response) => {
                let until_close = self.responses.is_until_close();
                self.closed(bytes, &response, until_close)
            }
            Piece::Switch(response) => {
                self.switched = true;
                self.closed(response.bytes.clone(), &response, false)
            }
        }))
    }

    fn interim(&mut self, status: u16, bytes: Bytes) -> Unit {
        let front = self.requests.front_mut();
        let said = front.is_some_and(|front| status == 100 && std::mem::take(&mut front.continued));
        if said {
            return Unit::default();
        }
        Unit::pass(bytes)
    }

    fn closed(&mut self, bytes: Bytes, response: &Response, replaceable: bool) -> Unit {
        let Some(request) = self.requests.pop() else {
            return Unit::pass(bytes);
        };
        let said = request
            .labelled
            .as_ref()
            .map(|labelled| self.labeller.response(labelled, response));
        let mut unit = Unit::pass(bytes);
        if let Some(said) = said {
            unit = said_unit(request.key, said, response, unit.forward);
        }
        let closes = !response.persists();
        let continued = !closes && self.continues(&mut unit);
        self.answered = Some(Answered {
            request,
            replaceable,
            closes,
            until_close: self.responses.is_until_close(),
            continued,
        });
        unit
    }

    /// Says the 100 that is owed, once no response stands before it.
    fn continues(&mut self, unit: &mut Unit) -> bool {
        let due = self.expects == Expects::Owed && self.awaited() == 0;
        if due {
            self.expects = Expects::Had;
            unit.forward = [&unit.forward[..], CONTINUE].concat().into();
        }
        due
    }

    fn error_before(&mut self, key: u64) -> Option<ErrorReply> {
        if self.switched || self.responses.is_until_close() {
            return None;
        }
        let waiting = self.requests.find(key)?;
        let refusal = self
            .labeller
            .error(waiting.labelled.as_ref()?, Phase::Before)?;
        let bytes = encode(&refusal, waiting.manner(false))?;
        self.requests.forget(key);
        Some(ErrorReply {
            bytes,
            error: refusal.error,
        })
    }

    fn error_after(&mut self, key: u64) -> Option<ErrorReply> {
        let answered = self.answered.as_ref();
        let answered = answered.filter(|it| it.request.key == key && it.replaceable)?;
        let labelled = answered.request.labelled.as_ref()?;
        let refusal = self.labeller.error(labelled, Phase::After)?;
        let closes = answered.closes || answered.until_close;
        let mut bytes = encode(&refusal, answered.request.manner(closes))?;
        if answered.continued {
            bytes = [&bytes[..], CONTINUE].concat().into();
        }
        self.dropping |= answered.until_close;
        self.answered = None;
        Some(ErrorReply {
            bytes,
            error: refusal.error,
        })
    }
}

fn head(key: u64, labelled: Labelled) -> Head {
    Head {
        key,
        operation: labelled.operation,
        target: labelled.target,
        class: labelled.class,
        ids: labelled.ids,
        commits: labelled.commits,
        names: labelled.names,
        expects_reply: true,
    }
}

fn said_unit(key: u64, said: Said, response: &Response, bytes: Bytes) -> Unit {
    let rewritten = said.rewrite.and_then(|body| response.with_body(&body));
    Unit {
        closes: Some(Reply {
            key,
            outcome: said.outcome,
            error: said.error,
            fenced: said.fenced,
            duplicate_of: said.duplicate_of,
            idle: said.idle,
        }),
        delivers: said.delivers,
        ..Unit::pass(rewritten.unwrap_or(bytes))
    }
}

impl<L: Labeller> Decoder for HttpDecoder<L> {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        _net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        // The directions only make sense together: neither is read on once
        // one of them is lost.
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let before = buf.len();
        let (at, taken) = match dir {
            Direction::ToSystem => (0, self.pipeline_says(buf)),
            Direction::ToClient => (1, self.system_says(buf)),
        };
        self.decoded[at] += (before - buf.len()) as u64;
        taken.map_err(|faulty| {
            let error = DecodeError {
                protocol: self.labeller.protocol(),
                what: faulty.to_string(),
                after: self.decoded[at],
            };
            self.broken = Some(error.clone());
            error
        })
    }

    fn error_reply(&mut self, key: u64, when: Phase) -> Option<ErrorReply> {
        match when {
            Phase::Before => self.error_before(key),
            Phase::After => self.error_after(key),
        }
    }

    fn awaited(&self) -> usize {
        // A response without an end leaves room for no other.
        self.requests.len() + usize::from(self.responses.is_until_close())
    }

    fn part(&mut self, request: &Bytes) -> Option<Bytes> {
        let request = Request::parse_within(request, self.limits).ok()??;
        let body = self.labeller.part(&request)?;
        let forward = self.labeller.forward(&request, &body);
        Some(forward.unwrap_or_else(|| request.with_body(&body)))
    }
}
