//! What the connections of one trial know together: where each message was fed, which
//! entries of streams were handed out, and how many receivers a published message had.

use exactly_model::{MessageId, Position};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries, and publications, that are remembered: a trial with more is labelled
/// without ids from there on.
const REMEMBERED_MAX: usize = 200_000;
/// Longest name of a stream that is remembered.
const NAME_MAX: usize = 512;

/// An entry of a stream that a client got.
#[cfg(test)]
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct HandedOut {
    /// The stream's name on the wire.
    pub stream: String,
    /// The entry's id (`1526919030474-55`).
    pub entry: String,
    /// The messages in it.
    pub ids: Vec<MessageId>,
    /// Whether an XACK of it was accepted.
    pub acknowledged: bool,
}

/// Shared by all connections and incarnations of a trial.
#[derive(Default)]
pub(crate) struct Shared {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    fed: BTreeMap<MessageId, Position>,
    /// By stream, then by entry.
    entries: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Entry>>,
    remembered: usize,
    receivers: BTreeMap<MessageId, u64>,
}

#[derive(Default)]
struct Entry {
    ids: Vec<MessageId>,
    acknowledged: bool,
    came_back_empty: bool,
}

impl Shared {
    pub fn new() -> Self {
        Self::default()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Message `id` was fed, and lies at `position`.
    pub fn fed(&self, id: MessageId, position: Position) {
        self.known().fed.insert(id, position);
    }

    /// Where message `id` was fed.
    pub fn position(&self, id: MessageId) -> Option<Position> {
        self.known().fed.get(&id).cloned()
    }

    /// A client got `entry` of `stream` with the messages `ids`. Without them (a claim
    /// with JUSTID) what is known stays.
    pub fn hands_out(&self, stream: &[u8], entry: &[u8], ids: &[MessageId]) {
        let mut known = self.known();
        let known = &mut *known;
        if known.remembered >= REMEMBERED_MAX || stream.len() > NAME_MAX || entry.len() > 64 {
            return;
        }
        let entries = known.entries.entry(stream.to_vec()).or_default();
        let entry = entries.entry(entry.to_vec()).or_insert_with(|| {
            known.remembered += 1;
            Entry::default()
        });
        if !ids.is_empty() {
            entry.ids = ids.to_vec();
        }
    }

    /// A client asked for `entry` of `stream` again, which was its own, and it was not
    /// there any more.
    pub fn came_back_empty(&self, stream: &[u8], entry: &[u8]) {
        self.hands_out(stream, entry, &[]);
        let mut known = self.known();
        let entries = known.entries.get_mut(stream);
        if let Some(entry) = entries.and_then(|entries| entries.get_mut(entry)) {
            entry.came_back_empty = true;
        }
    }

    /// Whether that happened.
    pub fn is_empty_by_now(&self, stream: &str, entry: &str) -> bool {
        let known = self.known();
        let entries = known.entries.get(stream.as_bytes());
        let entry = entries.and_then(|entries| entries.get(entry.as_bytes()));
        entry.is_some_and(|entry| entry.came_back_empty)
    }

    /// The messages in `entry` of `stream`, as far as it was handed out.
    pub fn within(&self, stream: &[u8], entry: &[u8], ids: &mut Vec<MessageId>) {
        let known = self.known();
        let entries = known.entries.get(stream);
        if let Some(entry) = entries.and_then(|entries| entries.get(entry)) {
            ids.extend(&entry.ids);
        }
    }

    /// An XACK of `entry` was accepted.
    pub fn acknowledged(&self, stream: &[u8], entry: &[u8]) {
        let mut known = self.known();
        let entries = known.entries.get_mut(stream);
        if let Some(entry) = entries.and_then(|entries| entries.get_mut(entry)) {
            entry.acknowledged = true;
        }
    }

    /// Whether a client got `entry` of `stream`.
    pub fn was_handed(&self, stream: &str, entry: &str) -> bool {
        let known = self.known();
        let entries = known.entries.get(stream.as_bytes());
        entries.is_some_and(|entries| entries.contains_key(entry.as_bytes()))
    }

    /// All that was handed out, by stream and entry.
    #[cfg(test)]
    pub fn handed_out(&self) -> Vec<HandedOut> {
        let known = self.known();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let of_stream = |(stream, entries): (&Vec<u8>, &BTreeMap<Vec<u8>, Entry>)| {
            let stream = text(stream);
            let one = |(name, entry): (&Vec<u8>, &Entry)| HandedOut {
                stream: stream.clone(),
                entry: text(name),
                ids: entry.ids.clone(),
                acknowledged: entry.acknowledged,
            };
            entries.iter().map(one).collect::<Vec<_>>()
        };
        known.entries.iter().flat_map(of_stream).collect()
    }

    /// A PUBLISH of `ids` was answered with `receivers`. Published twice, the larger
    /// number counts: somebody had it.
    pub fn published(&self, ids: &[MessageId], receivers: u64) {
        let mut known = self.known();
        for id in ids {
            if known.receivers.len() < REMEMBERED_MAX || known.receivers.contains_key(id) {
                let most = known.receivers.entry(*id).or_default();
                *most = receivers.max(*most);
            }
        }
    }

    /// How many receivers the pipeline's PUBLISH of `id` had; `None` where it was not
    /// answered.
    #[cfg(test)]
    pub fn receivers(&self, id: MessageId) -> Option<u64> {
        self.known().receivers.get(&id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let shared = Shared::default();
        let id = MessageId::new(7, 12, 3).unwrap();
        for n in 0..REMEMBERED_MAX + 10 {
            shared.hands_out(b"s", n.to_string().as_bytes(), &[id]);
        }
        assert_eq!(shared.handed_out().len(), REMEMBERED_MAX);
        let shared = Shared::default();
        shared.hands_out(&[b's'; 4096], b"1-1", &[id]);
        assert!(shared.handed_out().is_empty());
    }

    #[test]
    fn a_claim_without_content_forgets_nothing() {
        let shared = Shared::default();
        let id = MessageId::new(7, 12, 3).unwrap();
        shared.hands_out(b"s", b"1-1", &[id]);
        shared.hands_out(b"s", b"1-1", &[]);
        let mut ids = Vec::new();
        shared.within(b"s", b"1-1", &mut ids);
        shared.within(b"t", b"1-1", &mut ids);
        assert_eq!(ids, [id]);
        assert!(!shared.handed_out()[0].acknowledged);
        shared.acknowledged(b"s", b"1-1");
        assert!(shared.handed_out()[0].acknowledged);
    }
}
