//! What is answered.

use super::content::Attribute;
use super::log::Entry;
use super::refusal::Refusal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An answer. Queues are named; the protocols make URLs of the names.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was done.
    Done,
    /// A queue.
    Queue(String),
    /// A page of queues.
    Queues {
        /// Their names.
        names: Vec<String>,
        /// Where the page ends, if another follows.
        next_token: Option<String>,
    },
    /// A page of the queues whose dead-letter queue it is.
    Sources {
        /// Their names.
        names: Vec<String>,
        /// Where the page ends, if another follows.
        next_token: Option<String>,
    },
    /// Attributes of a queue.
    Attributes(BTreeMap<String, String>),
    /// Tags of a queue.
    Tags(BTreeMap<String, String>),
    /// A message was accepted, or was a duplicate of one.
    Sent(Sent),
    /// The same, per entry.
    SentBatch(Outcomes<Sent>),
    /// Messages, or none.
    Received(Vec<Received>),
    /// What happened to each entry that deletes.
    DeletedBatch(Outcomes<()>),
    /// What happened to each entry that changes a visibility timeout.
    ChangedBatch(Outcomes<()>),
    /// A move of messages was started.
    MoveStarted(String),
    /// The latest moves.
    Moves(Vec<MoveTask>),
}

/// What the sender is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message's id; of a duplicate that of the first.
    pub message_id: Arc<str>,
    /// Its place, on a FIFO queue; of a duplicate that of the first.
    pub sequence: Option<Arc<str>>,
    /// MD5 of the body as it was sent.
    pub md5_of_body: String,
    /// MD5 of the attributes as they were sent.
    pub md5_of_attributes: Option<String>,
    /// MD5 of the system attributes as they were sent.
    pub md5_of_system_attributes: Option<String>,
}

/// What happened to the entries of a batch, by their ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes<T> {
    /// Those that were done.
    pub done: Vec<(String, T)>,
    /// Those that were refused.
    pub refused: Vec<(String, Refusal)>,
}

/// A message as a receive hands it out.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Its id.
    pub message_id: Arc<str>,
    /// What deletes it.
    pub receipt_handle: String,
    /// Its body.
    pub body: String,
    /// The system attributes that were asked for.
    pub system: BTreeMap<&'static str, String>,
    /// The message attributes that were asked for.
    pub attributes: BTreeMap<String, Attribute>,
}

/// How a move ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveTask {
    /// The dead-letter queue.
    pub source_arn: String,
    /// Where to, if one was named.
    pub destination_arn: Option<String>,
    /// How fast it was to be.
    pub per_second: Option<i64>,
    /// Messages moved.
    pub moved: u64,
    /// Messages there were to move.
    pub to_move: u64,
    /// Why it stopped before the end.
    pub failure: Option<&'static str>,
    /// When it was started, in the source queue's time.
    pub started_ms: u64,
}

/// The audit log of a queue at one moment.
#[derive(Clone, Debug)]
pub struct LogOf {
    /// The queue.
    pub queue: String,
    /// Everything that it ever accepted, in order.
    pub entries: Vec<Entry>,
}
