//! What a protocol over HTTP says of its messages.

use crate::{Request, Response};
use bytes::Bytes;
use exactly_adapter::Delivered;
use exactly_model::{Class, MessageId, Outcome, Phase, Position};

/// What a protocol over HTTP says of its messages.
///
/// Bodies have no transfer coding, but still their content coding: a labeller
/// that meets a `Content-Encoding` it does not read says what it can without
/// the body.
pub trait Labeller: Send {
    /// Name in errors: `sqs`, `http`.
    fn protocol(&self) -> &'static str;

    /// What the request is, or `None` where it makes no exchange (a health
    /// check): it is passed on all the same, and its response too.
    fn request(&mut self, request: &Request) -> Option<Labelled>;

    /// Whether the response with this head (its body still empty) is passed on
    /// piece by piece, with no end to wait for. What is not is kept back until it
    /// is whole, as far as [`Limits::response_body`](crate::Limits) allows.
    fn streams(&self, labelled: &Labelled, head: &Response) -> bool {
        let _ = labelled;
        let kind = head.headers.get("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let endless = ["text/event-stream", "multipart/x-mixed-replace"];
        endless.iter().any(|known| kind.eq_ignore_ascii_case(known))
    }

    /// What the response says of the request that was labelled `labelled`; may
    /// name records delivered. A response that is not
    /// [`whole`](Response::whole) has passed already, but for its last piece.
    fn response(&mut self, labelled: &Labelled, response: &Response) -> Said;

    /// The request, with `body`, as the system is to get it: with an address and a
    /// signature of its own. `None` where it is passed on as it came. What it makes of
    /// a request that it has made is the same but for a signature.
    fn forward(&self, request: &Request, body: &[u8]) -> Option<Bytes> {
        let _ = (request, body);
        None
    }

    /// The error in the response's place; `None` where there is no legal one.
    fn error(&mut self, labelled: &Labelled, when: Phase) -> Option<Refusal>;

    /// The request cut down to a part of its batch: a new body. Content-Length
    /// follows by itself.
    fn part(&mut self, request: &Request) -> Option<Bytes> {
        let _ = request;
        None
    }
}

/// What a request is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Labelled {
    /// Operation label (`SendMessageBatch`, `POST`).
    pub operation: String,
    /// Logical target, or empty.
    pub target: String,
    /// What it does to the system.
    pub class: Class,
    /// Messages of this run that are visible in it.
    pub ids: Vec<MessageId>,
    /// Positions that it commits (`offset` = next to be read).
    pub commits: Vec<Position>,
    /// Positions that it names without committing them.
    pub names: Vec<Position>,
    /// Whatever the labeller wants back at the response.
    pub context: String,
}

impl Labelled {
    /// A label and nothing else.
    pub fn new(operation: impl Into<String>, target: impl Into<String>, class: Class) -> Self {
        Self {
            operation: operation.into(),
            target: target.into(),
            class,
            ids: Vec::new(),
            commits: Vec::new(),
            names: Vec::new(),
            context: String::new(),
        }
    }
}

/// What a response says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// What it says of the request.
    pub outcome: Outcome,
    /// The error it carries, in words.
    pub error: Option<String>,
    /// Whether it says that the sender is not the owner any more.
    pub fenced: bool,
    /// Messages that the system took this one for a repetition of.
    pub duplicate_of: Vec<MessageId>,
    /// Whether it says that there was nothing to be had.
    pub idle: bool,
    /// Log records that it hands to the client.
    pub delivers: Vec<Delivered>,
    /// Another body to hand to the client (addresses rewritten). Without effect
    /// where the response has no body or is not whole.
    pub rewrite: Option<Bytes>,
}

impl Said {
    /// An outcome and nothing else.
    pub const fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            error: None,
            fenced: false,
            duplicate_of: Vec::new(),
            idle: false,
            delivers: Vec::new(),
            rewrite: None,
        }
    }

    /// An outcome with an error.
    pub fn error(outcome: Outcome, error: impl Into<String>) -> Self {
        Self {
            error: Some(error.into()),
            ..Self::new(outcome)
        }
    }
}

/// An error that the boundary gives in the system's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// Status, 400 to 599.
    pub status: u16,
    /// Headers. Those of the framing and of the connection are the decoder's.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
    /// What it says, for the record.
    pub error: String,
}
