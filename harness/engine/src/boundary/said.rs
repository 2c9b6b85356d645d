//! What a boundary says in the system's name.

use super::connection::Connection;
use crate::director::{At, ExchangeId};
use bytes::Bytes;
use exactly_model::Phase;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How long an error waits for the replies before it: on a connection they keep
/// their order.
const ALONE_MAX: Duration = Duration::from_secs(2);

/// The loop towards the client is the only one that writes there; the other one
/// leaves it a word.
#[derive(Default)]
pub(super) struct Said {
    to_say: Mutex<Option<Bytes>>,
    news: Notify,
    /// Counts replies of the system.
    replies: watch::Sender<u64>,
    /// Its reply ends the connection: only a part of its request was passed on.
    last: OnceLock<ExchangeId>,
    /// The client's side was reset: nothing reaches it any more.
    deaf: AtomicBool,
}

impl Said {
    pub fn heard_a_reply(&self) {
        if self.replies.receiver_count() > 0 {
            self.replies.send_modify(|n| *n += 1);
        }
    }

    fn say(&self, bytes: Bytes) {
        *self.to_say.lock().expect("no panic while held") = Some(bytes);
        self.news.notify_one();
    }

    /// Waits for something to say.
    pub async fn news(&self) -> Bytes {
        loop {
            if let Some(bytes) = self.to_say.lock().expect("no panic while held").take() {
                return bytes;
            }
            self.news.notified().await;
        }
    }

    pub fn is_last(&self, id: ExchangeId) -> bool {
        self.last.get() == Some(&id)
    }

    pub fn set_last(&self, id: ExchangeId) {
        // A connection is reset after its first one.
        let _ = self.last.set(id);
    }

    pub fn is_deaf(&self) -> bool {
        self.deaf.load(Ordering::SeqCst)
    }

    pub fn set_deaf(&self) {
        self.deaf.store(true, Ordering::SeqCst);
    }
}

impl Connection {
    /// error-before: answers the request in the system's name, once no other
    /// reply is awaited. `false`: it cannot be done, and is to be passed on.
    pub async fn refuse(&self, at: &At<'_>, key: Option<u64>) -> bool {
        let director = &self.boundaries.director;
        let Some(key) = key else {
            director.miss_because(at.strike, "the request expects no reply");
            return false;
        };
        let alone = tokio::time::timeout(ALONE_MAX, self.is_alone()).await;
        if alone.is_err() {
            let why = format!("other replies were awaited for {ALONE_MAX:?}");
            director.miss_because(at.strike, &why);
            return false;
        }
        if at.life.gate.is_closed() {
            return false;
        }
        let reply = self.decoder().and_then(|mut d| {
            // Only this loop adds to what is awaited.
            d.error_reply(key, Phase::Before)
        });
        let Some(reply) = reply else {
            director.miss_because(at.strike, "the protocol has no such error for it");
            return false;
        };
        director.fire(at);
        director.refused(at.id, &reply.error);
        self.open.remove(key, at.id);
        self.said.say(reply.bytes);
        true
    }

    /// Waits until no reply is awaited but that of the request in our hands.
    async fn is_alone(&self) {
        let mut replies = self.said.replies.subscribe();
        let others = |decoder: &dyn exactly_adapter::Decoder| decoder.awaited() > 1;
        while self.decoder().is_some_and(|decoder| others(&**decoder)) {
            // The sender lives as long as `self`: this cannot fail.
            let _ = replies.changed().await;
        }
    }

    /// error-after: what the client gets in the place of the reply in our hands.
    /// `None`: it cannot be done, and the reply is to be passed on.
    pub fn replace(&self, at: &At<'_>, key: u64) -> Option<Bytes> {
        let director = &self.boundaries.director;
        if !director.is_applied(at.id) {
            director.miss_because(at.strike, "the system did not say that it was applied");
            return None;
        }
        let reply = self
            .decoder()
            .and_then(|mut decoder| decoder.error_reply(key, Phase::After));
        let Some(reply) = reply else {
            director.miss_because(at.strike, "no error may follow once it was applied");
            return None;
        };
        director.fire(at);
        director.answering(at.id);
        director.belied(at.id, &reply.error);
        self.open.remove(key, at.id);
        Some(reply.bytes)
    }
}
