//! One queue: what it holds, what it accepted, and its time.

use super::answer::MoveTask;
use super::attempts::Attempts;
use super::content::Content;
use super::dedup::Dedup;
use super::digest;
use super::limits::Limits;
use super::live::{Live, Message, Phase};
use super::log::{Became, Came, Entry};
use super::name;
use super::refusal::{Code, Refusal};
use super::settings::Settings;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sequence numbers have 20 digits and are not consecutive (`SendMessage`,
/// `SequenceNumber`).
const SEQUENCE_BASE: u64 = 10_000_000_000_000_000_000;
const SEQUENCE_STEP: u64 = 256;

/// Where ids come from: a seed and a counter.
#[derive(Debug)]
pub(super) struct Ids {
    seed: u64,
    next: u64,
}

impl Ids {
    pub fn new(seed: u64) -> Self {
        Self { seed, next: 0 }
    }

    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub fn uuid(&mut self) -> String {
        let number = self.number();
        digest::uuid(&[self.seed, number])
    }

    pub fn message_id(&mut self) -> Arc<str> {
        self.uuid().into()
    }

    pub fn sequence(&mut self) -> Arc<str> {
        let number = self.number();
        (SEQUENCE_BASE + number * SEQUENCE_STEP).to_string().into()
    }
}

/// A message on its way into a queue.
pub(super) struct Arriving {
    pub message_id: Arc<str>,
    pub dedup_id: Option<Arc<str>>,
    pub content: Arc<Content>,
    pub came: Came,
    pub source: Option<Arc<str>>,
    pub enqueued_ms: u64,
    pub delay_ms: u64,
    pub received_before: u32,
    pub first_received_ms: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Queue {
    pub name: Arc<str>,
    /// Tells it from another queue of the same name.
    pub number: u64,
    pub settings: Settings,
    pub tags: BTreeMap<String, String>,
    pub created_ms: u64,
    pub modified_ms: u64,
    pub purged_ms: Option<u64>,
    pub moves: Vec<MoveTask>,
    pub(super) live: Live,
    pub(super) dedup: Dedup,
    pub(super) attempts: Attempts,
    log: Vec<Entry>,
    bytes: u64,
    now_ms: u64,
}

impl Queue {
    pub fn new(name: &str, number: u64, settings: Settings, now_ms: u64) -> Self {
        Self {
            name: name.into(),
            number,
            live: Live::new(settings.fifo),
            settings,
            tags: BTreeMap::new(),
            created_ms: now_ms,
            modified_ms: now_ms,
            purged_ms: None,
            moves: Vec::new(),
            dedup: Dedup::default(),
            attempts: Attempts::default(),
            log: Vec::new(),
            bytes: 0,
            now_ms,
        }
    }

    /// The queue's time. It never goes back, whatever it is told.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Brings the queue to a time: what ran out until then has run out.
    pub fn settle(&mut self, now_ms: u64) {
        self.now_ms = self.now_ms.max(now_ms);
        let retention_ms = self.settings.retention_s * 1_000;
        if let Some(until_ms) = self.now_ms.checked_sub(retention_ms) {
            while let Some(arrival) = self.live.oldest_until(until_ms) {
                self.end(arrival, Became::Expired);
            }
        }
        while let Some(arrival) = self.live.pop_due(self.now_ms) {
            self.became(arrival, Became::There);
        }
        self.dedup.forget(self.now_ms);
        self.attempts.forget(self.now_ms);
    }

    /// When a delay, a visibility timeout or a retention runs out next: that of a
    /// message in flight unblocks its group too.
    pub fn next_change_ms(&self) -> Option<u64> {
        let expires_ms = self
            .live
            .oldest_ms()
            .map(|at_ms| at_ms + self.settings.retention_s * 1_000);
        self.live
            .next_change_ms()
            .into_iter()
            .chain(expires_ms)
            .min()
    }

    pub fn log(&self) -> &[Entry] {
        &self.log
    }

    pub fn entry(&self, arrival: u64) -> Option<&Entry> {
        self.log.get(usize::try_from(arrival).ok()?)
    }

    pub fn entry_mut(&mut self, arrival: u64) -> Option<&mut Entry> {
        self.log.get_mut(usize::try_from(arrival).ok()?)
    }

    pub fn became(&mut self, arrival: u64, became: Became) {
        if let Some(entry) = self.entry_mut(arrival) {
            entry.became = became;
        }
    }

    /// Takes a message out for good.
    pub fn end(&mut self, arrival: u64, became: Became) -> Option<Message> {
        let message = self.live.remove(arrival)?;
        self.became(arrival, became);
        Some(message)
    }

    /// Whether another message of that size fits this server's bounds.
    pub fn has_room(&self, bytes: u64, limits: &Limits) -> bool {
        self.log.len() < limits.accepted_per_queue && self.bytes + bytes <= limits.bytes_per_queue
    }

    /// The refusal where it does not.
    pub fn is_full() -> Refusal {
        Refusal::new(
            Code::OverLimit,
            "This embedded server keeps every message for its audit log, and the queue has taken in as many as it keeps.",
        )
    }

    /// Takes a message in. The caller has seen that there is room.
    pub fn append(&mut self, arriving: Arriving, ids: &mut Ids) -> &Entry {
        let arrival = self.log.len() as u64;
        let from_ms = self.now_ms + arriving.delay_ms;
        let message = Message {
            group: arriving.content.group.clone(),
            enqueued_ms: arriving.enqueued_ms,
            phase: Phase::Waiting { from_ms },
            received_before: arriving.received_before,
            receives: 0,
            first_received_ms: arriving.first_received_ms,
            receive: 0,
            touched: false,
        };
        self.bytes += arriving.content.bytes();
        self.live.add(arrival, message, self.now_ms);
        self.log.push(Entry {
            arrival,
            sequence: self.settings.fifo.then(|| ids.sequence()),
            message_id: arriving.message_id,
            dedup_id: arriving.dedup_id,
            content: arriving.content,
            sent_ms: arriving.enqueued_ms,
            came: arriving.came,
            source: arriving.source,
            receives: 0,
            became: Became::There,
        });
        let last = self.log.len() - 1;
        &self.log[last]
    }

    /// Its attributes by name.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut told = self.settings.told();
        let numbers = [
            ("ApproximateNumberOfMessages", self.live.visible() as u64),
            (
                "ApproximateNumberOfMessagesDelayed",
                self.live.delayed() as u64,
            ),
            (
                "ApproximateNumberOfMessagesNotVisible",
                self.live.in_flight() as u64,
            ),
            ("CreatedTimestamp", self.created_ms / 1_000),
            ("LastModifiedTimestamp", self.modified_ms / 1_000),
        ];
        told.extend(numbers.map(|(name, number)| (name.into(), number.to_string())));
        told.insert("QueueArn".into(), name::arn(&self.name));
        told
    }

    /// Takes over other settings. On a FIFO queue a changed delay holds for the
    /// messages that are there too ("Amazon SQS delay queues").
    pub fn take_over(&mut self, settings: Settings) {
        let retroactive = self.settings.fifo && settings.delay_s != self.settings.delay_s;
        self.settings = settings;
        self.modified_ms = self.now_ms;
        if !retroactive {
            return;
        }
        for arrival in self.live.arrivals() {
            let Some(message) = self.live.get(arrival) else {
                continue;
            };
            if message.receives == 0 && matches!(message.phase, Phase::Waiting { .. }) {
                let from_ms = message.enqueued_ms + self.settings.delay_s * 1_000;
                self.live
                    .change(arrival, Phase::Waiting { from_ms }, self.now_ms);
            }
        }
    }

    /// Deletes everything, in flight or not.
    pub fn purge(&mut self) {
        for arrival in self.live.arrivals() {
            self.end(arrival, Became::Purged);
        }
        self.purged_ms = Some(self.now_ms);
    }
}
