//! Requests that wait for their replies, which come in order (RFC 2920 3.1).

use crate::errors::judge_reply;
use crate::wire::{Answered, Verb};
use exactly_adapter::Reply;
use exactly_model::Outcome;
use std::collections::VecDeque;

/// Requests of one connection that may wait at the same time.
const WAITING_MAX: usize = 10_000;

/// What waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// The server speaks first (RFC 5321 3.1).
    Greeting,
    /// MAIL and RCPT, with their addresses.
    Mail(String),
    Rcpt(String),
    Command(Verb),
    /// The content.
    Message,
}

/// A request that waits for its reply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Waiting {
    key: u64,
    pub what: What,
}

impl Waiting {
    /// What is known of it by the reply.
    pub fn reply(&self, answered: &Answered) -> Option<Reply> {
        let outcome = match (&self.what, answered.code) {
            (What::Greeting, _) => return None,
            (What::Command(Verb::Data), 354) => Outcome::Ok,
            (_, code) => judge_reply(code).outcome,
        };
        let error = match (outcome, &self.what) {
            (Outcome::Ok, _) => None,
            // A server may well repeat whom it does not know.
            (_, What::Command(Verb::Auth)) => Some(answered.code.to_string()),
            _ => Some(format!("{} {}", answered.code, answered.text)),
        };
        Some(Reply {
            key: self.key,
            outcome,
            error,
            fenced: false,
            duplicate_of: Vec::new(),
            idle: false,
        })
    }
}

/// All that wait.
#[derive(Debug)]
pub(super) struct Line {
    all: VecDeque<Waiting>,
    keys: u64,
}

impl Line {
    pub fn new() -> Self {
        Self {
            all: VecDeque::from([Waiting {
                key: 0,
                what: What::Greeting,
            }]),
            keys: 0,
        }
    }

    /// Lines one up, and answers its key.
    pub fn push(&mut self, what: What) -> Result<u64, String> {
        if self.all.len() >= WAITING_MAX {
            return Err(format!("more than {WAITING_MAX} commands wait for replies"));
        }
        self.keys += 1;
        self.all.push_back(Waiting {
            key: self.keys,
            what,
        });
        Ok(self.keys)
    }

    pub fn first(&self) -> Option<&Waiting> {
        self.all.front()
    }

    pub fn pop(&mut self) -> Option<Waiting> {
        self.all.pop_front()
    }

    /// Takes back the mail with this key, if nothing was sent behind it.
    pub fn take_back(&mut self, key: u64) -> bool {
        let is_it = |last: &Waiting| last.key == key && last.what == What::Message;
        self.all.back().is_some_and(is_it) && self.all.pop_back().is_some()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }
}
