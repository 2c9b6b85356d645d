//! What was accepted within the last five minutes, by deduplication id. It knows
//! nothing of the messages: that one was deleted since changes nothing
//! ("Exactly-once processing in Amazon SQS").

use super::limits::DEDUPLICATION_WINDOW_MS;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// The group, where deduplication is per group, and the id.
pub(super) type Key = (Option<Arc<str>>, Arc<str>);

/// What the sender of the first was told.
#[derive(Clone, Debug)]
pub(super) struct First {
    pub message_id: Arc<str>,
    pub sequence: Option<Arc<str>>,
}

#[derive(Debug, Default)]
pub(super) struct Dedup {
    accepted: BTreeMap<Key, First>,
    by_time: VecDeque<(u64, Key)>,
}

impl Dedup {
    /// Forgets what is older than the window. The window counts from the first
    /// accepted send: a duplicate does not make it longer.
    pub fn forget(&mut self, now_ms: u64) {
        while let Some((accepted_ms, _)) = self.by_time.front()
            && accepted_ms + DEDUPLICATION_WINDOW_MS <= now_ms
        {
            if let Some((_, key)) = self.by_time.pop_front() {
                self.accepted.remove(&key);
            }
        }
    }

    pub fn find(&self, key: &Key) -> Option<&First> {
        self.accepted.get(key)
    }

    pub fn accept(&mut self, key: Key, first: First, now_ms: u64) {
        self.by_time.push_back((now_ms, key.clone()));
        self.accepted.insert(key, first);
    }
}
