//! Receives that can be repeated by their attempt id.

use super::limits::ATTEMPT_WINDOW_MS;
use std::collections::{BTreeMap, VecDeque};

const ATTEMPTS_MAX: usize = 100_000;

/// A receive: when, and which message under which receive number.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub messages: Vec<(u64, u64)>,
    at_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Attempts {
    by_id: BTreeMap<String, Attempt>,
    by_time: VecDeque<(u64, String)>,
}

impl Attempts {
    pub fn forget(&mut self, now_ms: u64) {
        while let Some((at_ms, _)) = self.by_time.front()
            && at_ms + ATTEMPT_WINDOW_MS <= now_ms
        {
            let Some((at_ms, id)) = self.by_time.pop_front() else {
                return;
            };
            if self
                .by_id
                .get(&id)
                .is_some_and(|attempt| attempt.at_ms == at_ms)
            {
                self.by_id.remove(&id);
            }
        }
    }

    pub fn find(&self, id: &str) -> Option<&Attempt> {
        self.by_id.get(id)
    }

    /// Remembers an attempt; of too many the oldest is forgotten before its time.
    pub fn remember(&mut self, id: &str, messages: Vec<(u64, u64)>, at_ms: u64) {
        if self.by_time.len() >= ATTEMPTS_MAX
            && let Some((_, oldest)) = self.by_time.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.by_time.push_back((at_ms, id.to_string()));
        self.by_id.insert(id.into(), Attempt { messages, at_ms });
    }
}
