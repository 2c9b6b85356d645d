//! What the connections of one trial know together: who was fed where, what a
//! receipt handle stands for, and which message an answer names.

use crate::names::Names;
use exactly_model::{MessageId, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Receipt handles, and answers to sends, that are remembered: a trial with more
/// is labelled without ids from there on.
const REMEMBERED_MAX: usize = 200_000;

pub(crate) struct Shared {
    pub names: Names,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Where each message was fed.
    fed: BTreeMap<MessageId, Position>,
    /// The messages behind each receipt handle.
    handles: BTreeMap<String, Vec<MessageId>>,
    /// The messages that were first answered with a MessageId, by queue.
    answered: BTreeMap<(String, String), Vec<MessageId>>,
    /// Handles that were handed over and not deleted since, with the URLs of their
    /// queues.
    held: BTreeMap<String, String>,
    /// Queues that a client has received from.
    consumed: BTreeSet<String>,
}

impl Shared {
    pub fn new(names: Names) -> Self {
        Self {
            names,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn fed(&self, id: MessageId, position: Position) {
        self.known().fed.insert(id, position);
    }

    pub fn position(&self, id: MessageId) -> Option<Position> {
        self.known().fed.get(&id).cloned()
    }

    pub fn received(&self, url: &str, handle: &str, ids: &[MessageId]) {
        let mut known = self.known();
        if known.handles.len() < REMEMBERED_MAX {
            known.handles.insert(handle.into(), ids.to_vec());
            known.held.insert(handle.into(), url.into());
        }
    }

    /// A delete of `handle` was accepted.
    pub fn deleted(&self, handle: &str) {
        self.known().held.remove(handle);
    }

    /// What is held, with the URLs of the queues; from now on nothing is.
    pub fn take_held(&self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.known().held)
    }

    pub fn behind(&self, handle: &str) -> Vec<MessageId> {
        self.known()
            .handles
            .get(handle)
            .cloned()
            .unwrap_or_default()
    }

    pub fn consumes(&self, queue: &str) {
        let mut known = self.known();
        if !known.consumed.contains(queue) {
            known.consumed.insert(queue.into());
        }
    }

    /// Logical names of the queues that a client has received from.
    pub fn consumed(&self) -> BTreeSet<String> {
        self.known().consumed.clone()
    }

    /// A send of `ids` was answered with `message`. Answers whom the same answer
    /// was given before: SQS answers a duplicate with the MessageId of the message
    /// that it takes it for.
    pub fn answered(&self, queue: &str, message: &str, ids: &[MessageId]) -> Vec<MessageId> {
        let mut known = self.known();
        let key = (queue.to_string(), message.to_string());
        match known.answered.get(&key) {
            Some(first) => first.clone(),
            None if known.answered.len() < REMEMBERED_MAX => {
                known.answered.insert(key, ids.to_vec());
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}
