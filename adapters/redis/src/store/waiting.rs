//! `XREAD` and `XREADGROUP` with `BLOCK`: who waits for which stream.

use super::client::ClientId;
use super::refusal::Refusal;
use super::reply::Reply;
use super::state::{Call, Store};
use super::stream::{Id, Stream};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};

const KEY_GONE: Refusal = Refusal::of("UNBLOCKED the stream key no longer exists");
const GROUP_GONE: Refusal =
    Refusal::of("NOGROUP the consumer group this client was blocked on no longer exists");

/// A read of streams.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub db: usize,
    pub streams: Vec<(Bytes, From)>,
    /// All of them without it.
    pub count: Option<usize>,
    pub reader: Option<Reader>,
    /// How long to wait; zero is for ever.
    pub block_ms: Option<u64>,
    /// The end of the wait, in the caller's time; `None` is for ever.
    pub until_ms: Option<u64>,
}

/// Who reads as a member of a group.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub group: Bytes,
    pub consumer: Bytes,
    pub is_acknowledged: bool,
}

/// Where a read of a stream begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum From {
    /// Behind this entry; for a member of a group: of what is pending at it.
    After(Id),
    /// `>`: what no member of the group has got.
    New,
}

type Place = (usize, Bytes);

#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Who waits for a key, the one that came first first.
    by_key: BTreeMap<Place, Vec<ClientId>>,
    ready: BTreeSet<Place>,
}

impl Waiting {
    /// A key was modified.
    pub fn ready(&mut self, place: Place) {
        if self.by_key.contains_key(&place) {
            self.ready.insert(place);
        }
    }
}

impl Store {
    pub(super) fn wait(&mut self, call: Call, mut reading: Reading) {
        let block_ms = reading.block_ms.filter(|block_ms| *block_ms > 0);
        reading.until_ms = block_ms.map(|block_ms| call.now_ms.saturating_add(block_ms));
        for (key, _) in &reading.streams {
            let place = (reading.db, key.clone());
            let waiting = self.waiting.by_key.entry(place).or_default();
            if !waiting.contains(&call.client) {
                waiting.push(call.client);
            }
        }
        if let Some(client) = self.clients.get_mut(&call.client) {
            client.reading = Some(reading);
        }
    }

    pub(super) fn waiting_clients(&self) -> usize {
        let clients = self.clients.values();
        clients.filter(|client| client.reading.is_some()).count()
    }

    /// Ends a wait, and hands back what for.
    pub(super) fn stop_waiting(&mut self, id: ClientId) -> Option<Reading> {
        let reading = self.clients.get_mut(&id)?.reading.take()?;
        for (key, _) in &reading.streams {
            let place = (reading.db, key.clone());
            if let Some(waiting) = self.waiting.by_key.get_mut(&place) {
                waiting.retain(|other| *other != id);
                if waiting.is_empty() {
                    self.waiting.by_key.remove(&place);
                }
            }
        }
        Some(reading)
    }

    /// The time of a wait is over, if it is: the answer is null.
    pub fn time_out(&mut self, client: ClientId, now_ms: u64) {
        let until_ms = self.is_waiting(client).flatten();
        if until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
            self.stop_waiting(client);
            self.send(client, &Reply::NullArray, now_ms);
        }
    }

    /// Serves who waits for what has changed.
    pub(super) fn serve_waiting(&mut self, now_ms: u64) {
        while let Some(place) = self.waiting.ready.pop_first() {
            let waiting = self.waiting.by_key.get(&place).cloned();
            for client in waiting.unwrap_or_default() {
                if let Some(reply) = self.served(client, &place, now_ms) {
                    self.stop_waiting(client);
                    self.send(client, &reply, now_ms);
                }
            }
            self.settle(now_ms);
        }
    }

    fn served(&mut self, client: ClientId, place: &Place, now_ms: u64) -> Option<Reply> {
        let reading = self.clients.get(&client)?.reading.clone()?;
        let (db, key) = place;
        let (_, from) = *reading.streams.iter().find(|(name, _)| name == key)?;
        let call = Call {
            client,
            db: *db,
            now_ms,
            is_in_exec: false,
        };
        let time_ms = self.space(call).time_ms(key, now_ms);
        let stream = match self.space(call).write::<Stream>(key, now_ms) {
            Ok(Some(stream)) => stream,
            // A member of a group waits for a stream that is there; other readers
            // wait until there is one.
            Ok(None) | Err(_) => return reading.reader.is_some().then_some(Reply::Error(KEY_GONE)),
        };
        let behind = match (&reading.reader, from) {
            (None, From::After(id)) => id,
            (Some(reader), _) => match stream.groups.get(&reader.group) {
                Some(group) => group.last_id,
                None => return Some(Reply::Error(GROUP_GONE)),
            },
            (None, From::New) => return None,
        };
        if stream.last_id <= behind {
            return None;
        }
        let entries = super::commands::read::entries(stream, &reading, from, time_ms);
        Some(Reply::Streams(vec![(Reply::Bulk(key.clone()), entries)]))
    }
}
