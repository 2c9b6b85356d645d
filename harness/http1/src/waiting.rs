//! Requests that wait for their responses, in order (RFC 9112 9.3.2).

use crate::framing::{Asked, Faulty};
use crate::refusal::Manner;
use crate::{Labelled, Request};
use std::collections::VecDeque;

/// Requests in flight on one connection.
const IN_FLIGHT_MAX: usize = 1024;

/// A request whose response is still to come.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) key: u64,
    /// `None` where it makes no exchange.
    pub(crate) labelled: Option<Labelled>,
    pub(crate) asked: Asked,
    /// The boundary has said 100 for it.
    pub(crate) continued: bool,
    /// The connection goes on after it.
    pub(crate) persists: bool,
    old: bool,
}

impl Waiting {
    pub(crate) fn manner(&self, closes: bool) -> Manner {
        Manner {
            head: self.asked.head,
            closes: closes || !self.persists,
            old: self.old,
        }
    }
}

/// All of a connection.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    queue: VecDeque<Waiting>,
    keys: u64,
}

impl Requests {
    /// Whether one more may be read.
    pub(crate) fn check_room(&self) -> Result<(), Faulty> {
        if self.queue.len() < IN_FLIGHT_MAX {
            Ok(())
        } else {
            Err(Faulty::Pipelined)
        }
    }

    /// Follows a request; answers its key.
    pub(crate) fn push(
        &mut self,
        request: &Request,
        labelled: Option<Labelled>,
        continued: bool,
    ) -> u64 {
        self.keys += 1;
        self.queue.push_back(Waiting {
            key: self.keys,
            labelled,
            asked: Asked {
                head: request.method == "HEAD",
                connect: request.method == "CONNECT",
                // HTTP/1.0 knows no Upgrade (RFC 9110 7.8).
                upgrade: request.minor > 0 && request.headers.get("upgrade").is_some(),
                more_behind: false,
            },
            continued,
            persists: request.persists(),
            old: request.minor == 0,
        });
        self.keys
    }

    /// What the next response answers.
    pub(crate) fn asked(&self) -> Option<Asked> {
        let front = self.queue.front()?;
        Some(Asked {
            more_behind: self.queue.len() > 1,
            ..front.asked
        })
    }

    pub(crate) fn front(&self) -> Option<&Waiting> {
        self.queue.front()
    }

    pub(crate) fn front_mut(&mut self) -> Option<&mut Waiting> {
        self.queue.front_mut()
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        self.queue.pop_front()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// The one with key `key`.
    pub(crate) fn find(&self, key: u64) -> Option<&Waiting> {
        self.queue.iter().find(|waiting| waiting.key == key)
    }

    /// It will have no response.
    pub(crate) fn forget(&mut self, key: u64) {
        self.queue.retain(|waiting| waiting.key != key);
    }
}
