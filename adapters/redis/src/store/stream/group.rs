//! A consumer group: how far it has read, and what was delivered and not yet
//! acknowledged.

use super::id::Id;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

/// What was delivered to a consumer and not acknowledged.
#[derive(Clone, Debug)]
pub(in crate::store) struct Pending {
    pub consumer: Bytes,
    pub delivered_ms: u64,
    pub deliveries: u64,
}

#[derive(Debug, Default)]
pub(in crate::store) struct Consumer {
    pub seen_ms: u64,
    pub pending: BTreeSet<Id>,
}

#[derive(Debug)]
pub(in crate::store) struct Group {
    pub last_id: Id,
    /// How many entries it has read, where that is known.
    pub entries_read: Option<u64>,
    pub pending: BTreeMap<Id, Pending>,
    pub consumers: BTreeMap<Bytes, Consumer>,
}

impl Group {
    pub fn new(last_id: Id, entries_read: Option<u64>) -> Self {
        Self {
            last_id,
            entries_read,
            pending: BTreeMap::new(),
            consumers: BTreeMap::new(),
        }
    }

    /// The consumer was seen; it is made where it is new. Whether it is.
    pub fn see(&mut self, consumer: &Bytes, now_ms: u64) -> bool {
        if let Some(known) = self.consumers.get_mut(consumer) {
            known.seen_ms = now_ms;
            return false;
        }
        let new = Consumer {
            seen_ms: now_ms,
            pending: BTreeSet::new(),
        };
        self.consumers.insert(Bytes::copy_from_slice(consumer), new);
        true
    }

    /// Puts an entry into a consumer's hands, whoever had it before.
    pub fn hand(&mut self, id: Id, consumer: &Bytes, delivered_ms: u64, deliveries: u64) {
        self.take(id);
        let Some(name) = self.consumers.get_key_value(consumer) else {
            return;
        };
        let name = name.0.clone();
        if let Some(of) = self.consumers.get_mut(consumer) {
            of.pending.insert(id);
        }
        let pending = Pending {
            consumer: name,
            delivered_ms,
            deliveries,
        };
        self.pending.insert(id, pending);
    }

    /// Takes an entry out of the pending ones.
    pub fn take(&mut self, id: Id) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        if let Some(consumer) = self.consumers.get_mut(&pending.consumer) {
            consumer.pending.remove(&id);
        }
        Some(pending)
    }

    /// Removes a consumer with what is pending at it, and says how much that was.
    pub fn remove(&mut self, consumer: &[u8]) -> Option<usize> {
        let consumer = self.consumers.remove(consumer)?;
        for id in &consumer.pending {
            self.pending.remove(id);
        }
        Some(consumer.pending.len())
    }
}
