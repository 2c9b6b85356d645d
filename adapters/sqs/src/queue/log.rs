//! The audit log: everything that a queue accepted, and what became of it. It is
//! never shortened: a log that forgot could not prove a loss. Suppressed
//! duplicates are not in it, since they were not accepted.

use super::content::Content;
use std::sync::Arc;

/// How a message came into a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A sender sent it.
    Sent,
    /// A move task brought it.
    Redriven,
    /// It was received too often elsewhere.
    DeadLettered,
}

impl Came {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Redriven => "redriven",
            Self::DeadLettered => "dead-lettered",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It waits to be received.
    There,
    /// It was received and not deleted.
    InFlight,
    /// Its consumer deleted it.
    Deleted,
    /// It was not deleted within the retention period.
    Expired,
    /// It was received too often and went to the dead-letter queue.
    DeadLettered,
    /// A move task took it elsewhere.
    Redriven,
    /// The queue was purged.
    Purged,
}

impl Became {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::InFlight => "in flight",
            Self::Deleted => "deleted",
            Self::Expired => "expired",
            Self::DeadLettered => "moved to the dead-letter queue",
            Self::Redriven => "redriven",
            Self::Purged => "purged",
        }
    }
}

/// A message that a queue accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number in this queue, from 0, without gaps.
    pub arrival: u64,
    /// Its sequence number, on a FIFO queue.
    pub sequence: Option<Arc<str>>,
    /// Its id.
    pub message_id: Arc<str>,
    /// What it was deduplicated by.
    pub dedup_id: Option<Arc<str>>,
    /// What it carries.
    pub content: Arc<Content>,
    /// When it was enqueued, in the queue's time.
    pub sent_ms: u64,
    /// How it came.
    pub came: Came,
    /// The queue it was dead-lettered from.
    pub source: Option<Arc<str>>,
    /// How often it was received here.
    pub receives: u32,
    /// What became of it.
    pub became: Became,
}
