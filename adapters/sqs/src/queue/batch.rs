//! Batches: what refuses a whole one, and what becomes of each entry.

use super::answer::{Answer, Outcomes};
use super::limits::{BATCH_MAX, MESSAGE_BYTES_MAX};
use super::operation::{Batch, HandleEntry, SendEntry};
use super::refusal::{Code, Refusal};
use super::sqs::Sqs;
use std::collections::BTreeSet;

const ID_LENGTH_MAX: usize = 80;

impl Sqs {
    pub(super) fn send_batch(
        &mut self,
        asked: &Batch<SendEntry>,
        now_ms: u64,
    ) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        check_ids(asked.entries.iter().map(|entry| entry.id.as_str()))?;
        check_length(&asked.entries)?;
        let outcomes = each(
            &asked.entries,
            |entry| &entry.id,
            |entry| queue.send(entry, &self.limits, &mut self.ids),
        );
        self.awaken(&asked.queue);
        Ok(Answer::SentBatch(outcomes))
    }

    pub(super) fn delete_batch(
        &mut self,
        asked: &Batch<HandleEntry>,
        now_ms: u64,
    ) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        check_ids(asked.entries.iter().map(|entry| entry.id.as_str()))?;
        let outcomes = each(
            &asked.entries,
            |entry| &entry.id,
            |entry| queue.delete(&entry.receipt_handle),
        );
        self.awaken(&asked.queue);
        Ok(Answer::DeletedBatch(outcomes))
    }

    pub(super) fn change_batch(
        &mut self,
        asked: &Batch<HandleEntry>,
        now_ms: u64,
    ) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        check_ids(asked.entries.iter().map(|entry| entry.id.as_str()))?;
        let outcomes = each(
            &asked.entries,
            |entry| &entry.id,
            |entry| queue.change_visibility(&entry.receipt_handle, entry.visibility_timeout),
        );
        self.awaken(&asked.queue);
        Ok(Answer::ChangedBatch(outcomes))
    }
}

fn each<E, T>(
    entries: &[E],
    id: impl Fn(&E) -> &String,
    mut act: impl FnMut(&E) -> Result<T, Refusal>,
) -> Outcomes<T> {
    let mut outcomes = Outcomes {
        done: Vec::new(),
        refused: Vec::new(),
    };
    for entry in entries {
        match act(entry) {
            Ok(done) => outcomes.done.push((id(entry).clone(), done)),
            Err(refusal) => outcomes.refused.push((id(entry).clone(), refusal)),
        }
    }
    outcomes
}

/// Source: the errors of `SendMessageBatch`.
fn check_ids<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Refusal> {
    let count = ids.len();
    if count == 0 {
        return Err(Refusal::new(
            Code::EmptyBatchRequest,
            "There should be at least one entry in the request.",
        ));
    }
    if count > BATCH_MAX {
        return Err(Refusal::new(
            Code::TooManyEntriesInBatchRequest,
            format!(
                "Maximum number of entries per request are {BATCH_MAX}. You have sent {count}."
            ),
        ));
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        let letters = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !letters || !(1..=ID_LENGTH_MAX).contains(&id.len()) {
            return Err(Refusal::new(
                Code::InvalidBatchEntryId,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
            ));
        }
        if !seen.insert(id) {
            return Err(Refusal::new(
                Code::BatchEntryIdsNotDistinct,
                format!("Id {id} repeated."),
            ));
        }
    }
    Ok(())
}

fn check_length(entries: &[SendEntry]) -> Result<(), Refusal> {
    let bytes: u64 = entries.iter().map(SendEntry::bytes).sum();
    if bytes <= MESSAGE_BYTES_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        Code::BatchRequestTooLong,
        format!(
            "Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. You have sent {bytes} bytes."
        ),
    ))
}

impl SendEntry {
    /// Its size as SQS counts it, whether or not it can be accepted.
    fn bytes(&self) -> u64 {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let attributes = self.message_attributes.iter().map(|(name, value)| {
            let binary = value.binary_value.as_ref().map_or(0, Vec::len);
            name.len() + text(&value.data_type) + text(&value.string_value) + binary
        });
        (text(&self.message_body) + attributes.sum::<usize>()) as u64
    }
}
