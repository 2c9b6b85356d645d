//! From bytes to exchanges.

use bytes::{Bytes, BytesMut};
use exactly_model::{Class, MessageId, Outcome, Phase, Position};

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From the pipeline to the system.
    ToSystem,
    /// From the system to the pipeline.
    ToClient,
}

/// Opens further boundaries for systems that name further addresses in their
/// replies (Kafka's Metadata).
pub trait Addresses: Send + Sync {
    /// The boundary that stands for `host:port`, opened if there is none yet.
    /// Answers with the host and port that the pipeline shall dial.
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)>;
}

/// Decodes both directions of one connection.
///
/// `buf` holds what has been read and not yet been taken. A decoder takes a
/// whole unit off its front, or returns `None` and leaves it alone until more
/// has arrived. How bytes are cut into reads must make no difference.
///
/// Labels come from a bounded cursor: no count is believed beyond the bytes
/// that remain, nesting and inflation are limited, and a unit larger than the
/// decoder's limit is an error. After an error the connection is passed on as
/// opaque bytes, and the run says so.
pub trait Decoder: Send {
    /// Takes the next unit of direction `dir` off `buf`.
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError>;

    /// An error in the place of the reply to the request with key `key`, or
    /// `None` where the protocol's table has no legal one.
    ///
    /// [`Phase::Before`]: the request is not passed on, and the decoder forgets
    /// that it waits for a reply. [`Phase::After`]: the reply has just been taken
    /// by [`next`](Self::next) and is thrown away. Replies keep their order on a
    /// connection: the caller asks only when no other one is awaited there, see
    /// [`awaited`](Self::awaited).
    fn error_reply(&mut self, key: u64, when: Phase) -> Option<ErrorReply> {
        let _ = (key, when);
        None
    }

    /// Requests of this connection that wait for a reply.
    fn awaited(&self) -> usize {
        0
    }

    /// The request `request` (one unit's bytes) cut down so that only a part of
    /// its batch is applied; `None` where it has no parts.
    fn part(&mut self, request: &Bytes) -> Option<Bytes> {
        let _ = request;
        None
    }
}

/// An error that the boundary gives in the system's name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErrorReply {
    /// What the client gets.
    pub bytes: Bytes,
    /// What it says, for the record.
    pub error: String,
}

/// What the boundary forwards, holds or drops as a whole.
#[derive(Debug, Default)]
pub struct Unit {
    /// Bytes to pass on (rewritten where addresses had to be).
    pub forward: Bytes,
    /// Bytes to send back at once, with nothing passed on for them (Postgres:
    /// `N` to an SSLRequest).
    pub answer: Bytes,
    /// The exchange it opens. Towards the client: what the system pushes without
    /// having been asked (Redis: a message of a channel). There is no reply to it; that
    /// it is there says that the system did it, and all that is left to find out is
    /// whether the client gets it.
    pub opens: Option<Head>,
    /// The exchange it closes, by [`Head::key`].
    pub closes: Option<Reply>,
    /// Log records that it hands to the client.
    pub delivers: Vec<Delivered>,
}

impl Unit {
    /// A unit that is only passed on.
    pub fn pass(forward: Bytes) -> Self {
        Self {
            forward,
            ..Self::default()
        }
    }
}

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// What pairs it with its reply on this connection (a correlation id, or a
    /// counter where replies come in order).
    pub key: u64,
    /// Operation label, without the system's name (`OffsetCommit`, `INSERT`).
    pub operation: String,
    /// Logical target (`topic.orders`, `orders`), or empty.
    pub target: String,
    /// What it does to the system.
    pub class: Class,
    /// Messages of this run that are visible in it, or that it commits.
    pub ids: Vec<MessageId>,
    /// Positions that it commits (`offset` = next to be read).
    pub commits: Vec<Position>,
    /// Positions that it names without committing them (within a transaction):
    /// they tell which messages it is about.
    pub names: Vec<Position>,
    /// Whether a reply will come (Kafka acks=0: no).
    pub expects_reply: bool,
}

/// The reply to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// [`Head::key`] of the request.
    pub key: u64,
    /// What it says of the request.
    pub outcome: Outcome,
    /// The error it carries, in words.
    pub error: Option<String>,
    /// Whether it says that the sender is not the owner any more.
    pub fenced: bool,
    /// Messages that the system took this one for a repetition of.
    pub duplicate_of: Vec<MessageId>,
    /// Whether it says that there was nothing to be had: a poll for more is no
    /// progress.
    pub idle: bool,
}

/// Log records handed to a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivered {
    /// Logical target.
    pub target: String,
    /// Partition.
    pub partition: u32,
    /// First offset.
    pub first: i64,
    /// Last offset, included.
    pub last: i64,
}

/// Bytes that a decoder cannot read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{protocol}: {what} (after {after} bytes in this direction)")]
pub struct DecodeError {
    /// The protocol.
    pub protocol: &'static str,
    /// What is wrong.
    pub what: String,
    /// Bytes decoded in this direction before.
    pub after: u64,
}
