//! The audit log as lines of JSON.

use super::encode;
use crate::queue::{Entry, LogOf};
use serde_json::json;

/// One line per message that the queue accepted, in the order of acceptance:
///
/// * `arrival` - its number in the queue, from 0, without gaps
/// * `sequence` - its sequence number; null on a standard queue
/// * `message_id`, `group`, `dedup_id`, `body` - as sent; null where there is none
/// * `attributes` - as AWS writes message attributes
/// * `sent_ms` - when it was enqueued, in the queue's time since the epoch
/// * `came` - `sent`, `redriven`, `dead-lettered`
/// * `source` - the queue it was dead-lettered from, or null
/// * `receives` - how often it was received here
/// * `became` - `there`, `in flight`, `deleted`, `expired`, `moved to the
///   dead-letter queue`, `redriven`, `purged`
pub fn log_lines(log: &LogOf) -> String {
    log.entries
        .iter()
        .map(|entry| line(&log.queue, entry) + "\n")
        .collect()
}

fn line(queue: &str, entry: &Entry) -> String {
    json!({
        "queue": queue,
        "arrival": entry.arrival,
        "sequence": entry.sequence.as_deref(),
        "message_id": &*entry.message_id,
        "group": entry.content.group.as_deref(),
        "dedup_id": entry.dedup_id.as_deref(),
        "body": entry.content.body,
        "attributes": encode::attributes(&entry.content.attributes),
        "sent_ms": entry.sent_ms,
        "came": entry.came.word(),
        "source": entry.source.as_deref(),
        "receives": entry.receives,
        "became": entry.became.word(),
    })
    .to_string()
}
