//! All queues, and who does what.

use super::answer::{Answer, LogOf};
use super::clocks::{Queues, does_not_exist};
use super::limits::Limits;
use super::log::Came;
use super::one::{Arriving, Ids};
use super::operation::{Operation, ReceiveMessage};
use super::receive;
use super::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// SQS: [`Sqs::apply`] is all there is to it, besides what only the harness does
/// (the log, the clock).
#[derive(Debug)]
pub struct Sqs {
    pub(super) queues: Queues,
    pub(super) ids: Ids,
    pub(super) limits: Limits,
    /// When a queue of that name was deleted, in its time.
    pub(super) deleted_ms: BTreeMap<String, u64>,
    /// Queues in which something may have become receivable.
    pub(super) awakened: BTreeSet<String>,
}

impl Sqs {
    /// Nothing yet. `seed` is what tells its message ids from another server's.
    pub fn new(seed: u64) -> Self {
        Self::with_limits(seed, Limits::default())
    }

    /// The same with other bounds.
    pub fn with_limits(seed: u64, limits: Limits) -> Self {
        Self {
            queues: Queues::default(),
            ids: Ids::new(seed),
            limits,
            deleted_ms: BTreeMap::new(),
            awakened: BTreeSet::new(),
        }
    }

    /// Does what is asked, at a time in milliseconds since the epoch. A refusal
    /// has changed nothing, except that what ran out until then has run out.
    ///
    /// A receive answers at once: who wants to wait asks again at
    /// [`Sqs::next_change_ms`] and when [`Sqs::take_awakened`] names the queue.
    pub fn apply(&mut self, operation: &Operation, now_ms: u64) -> Result<Answer, Refusal> {
        match operation {
            Operation::CreateQueue(asked) => self.create(asked, now_ms),
            Operation::DeleteQueue(asked) => self.delete_queue(&asked.queue, now_ms),
            Operation::GetQueueUrl(asked) => self.url(&asked.queue_name),
            Operation::ListQueues(asked) => self.list(asked),
            Operation::GetQueueAttributes(asked) => self.attributes(asked, now_ms),
            Operation::SetQueueAttributes(asked) => self.set_attributes(asked, now_ms),
            Operation::PurgeQueue(asked) => self.purge(&asked.queue, now_ms),
            Operation::TagQueue(asked) => self.tag(asked, now_ms),
            Operation::UntagQueue(asked) => self.untag(asked, now_ms),
            Operation::ListQueueTags(asked) => self.tags(&asked.queue, now_ms),
            Operation::SendMessage(asked) => {
                let queue = self.queues.settled(&asked.queue, now_ms)?;
                let sent = queue.send(&asked.entry, &self.limits, &mut self.ids)?;
                self.awaken(&asked.queue);
                Ok(Answer::Sent(sent))
            }
            Operation::SendMessageBatch(asked) => self.send_batch(asked, now_ms),
            Operation::ReceiveMessage(asked) => self.receive(asked, now_ms),
            Operation::DeleteMessage(asked) => {
                let queue = self.queues.settled(&asked.queue, now_ms)?;
                queue.delete(&asked.entry.receipt_handle)?;
                self.awaken(&asked.queue);
                Ok(Answer::Done)
            }
            Operation::DeleteMessageBatch(asked) => self.delete_batch(asked, now_ms),
            Operation::ChangeMessageVisibility(asked) => {
                let queue = self.queues.settled(&asked.queue, now_ms)?;
                let entry = &asked.entry;
                queue.change_visibility(&entry.receipt_handle, entry.visibility_timeout)?;
                self.awaken(&asked.queue);
                Ok(Answer::Done)
            }
            Operation::ChangeMessageVisibilityBatch(asked) => self.change_batch(asked, now_ms),
            Operation::ListDeadLetterSourceQueues(asked) => self.sources(asked),
            Operation::StartMessageMoveTask(asked) => self.start_move(asked, now_ms),
            Operation::ListMessageMoveTasks(asked) => self.moves(asked),
            Operation::CancelMessageMoveTask(asked) => self.cancel_move(asked),
        }
    }

    /// Messages that were received too often go to the dead-letter queue instead.
    /// Where that is gone or full, they are received as before.
    fn receive(&mut self, asked: &ReceiveMessage, now_ms: u64) -> Result<Answer, Refusal> {
        let source = self.queues.settled(&asked.queue, now_ms)?;
        let redrive = source.settings.redrive.clone();
        let is_usable = redrive.as_ref().is_some_and(|redrive| {
            let target = self.queues.get(&redrive.target);
            target.is_some_and(|target| target.has_room(0, &self.limits))
        });
        let redrive = redrive.filter(|_| is_usable);
        let receives_max = redrive.as_ref().map(|redrive| redrive.receives_max);
        let source = self.queues.settled(&asked.queue, now_ms)?;
        let source_now_ms = source.now_ms();
        let taken = source.receive(asked, receives_max, &self.limits, &mut self.ids)?;
        let Some(redrive) = redrive.filter(|_| !taken.dead.is_empty()) else {
            return Ok(Answer::Received(taken.received));
        };
        let target = self.queues.settled(&redrive.target, now_ms)?;
        for (message, entry) in taken.dead {
            let fifo = target.settings.fifo;
            // The two queues may be at different times: what counts is the age.
            let age_ms = source_now_ms.saturating_sub(message.enqueued_ms);
            let arriving = Arriving {
                // "The original message's deduplication ID will be replaced with
                // the original message's ID" ("Configure a dead-letter queue
                // redrive").
                dedup_id: fifo.then(|| entry.message_id.clone()),
                message_id: entry.message_id,
                content: entry.content,
                came: Came::DeadLettered,
                source: Some(asked.queue.as_str().into()),
                // Retention goes on counting on a standard queue and begins again
                // on a FIFO queue ("Using dead-letter queues").
                enqueued_ms: target
                    .now_ms()
                    .saturating_sub(if fifo { 0 } else { age_ms }),
                delay_ms: 0,
                received_before: message.received_before + message.receives,
                first_received_ms: message.first_received_ms,
            };
            target.append(arriving, &mut self.ids);
        }
        self.awaken(&redrive.target);
        Ok(Answer::Received(taken.received))
    }

    pub(super) fn awaken(&mut self, queue: &str) {
        if !self.awakened.contains(queue) {
            self.awakened.insert(queue.into());
        }
    }

    /// The queues in which something may have become receivable since this was
    /// asked last.
    pub fn take_awakened(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.awakened)
    }

    /// When something can be received from a queue that cannot now, in the
    /// caller's time, if nobody does anything until then.
    pub fn next_change_ms(&self, queue: &str) -> Option<u64> {
        self.queues.next_change_ms(queue)
    }

    /// How long a receive is to wait for a message: as it says, or else as the
    /// queue says.
    pub fn wait_s(&self, asked: &ReceiveMessage) -> Result<u64, Refusal> {
        let queue = self.queues.get(&asked.queue).ok_or_else(does_not_exist)?;
        receive::wait_s(asked.wait_time_seconds, queue.settings.wait_s)
    }

    /// Moves the clocks of all queues whose names start so, of those that are
    /// created later too.
    pub fn advance(&mut self, prefix: &str, by_ms: u64) -> Result<(), Refusal> {
        let moved = self.queues.advance(prefix, by_ms, &self.limits)?;
        self.awakened.extend(moved);
        Ok(())
    }

    /// What the clock of a queue of that name is ahead of the caller's.
    pub fn ahead_ms(&self, name: &str) -> u64 {
        self.queues.ahead_ms(name)
    }

    /// The audit log of a queue at a time.
    pub fn log(&mut self, queue: &str, now_ms: u64) -> Result<LogOf, Refusal> {
        let settled = self.queues.settled(queue, now_ms)?;
        Ok(LogOf {
            queue: queue.into(),
            entries: settled.log().to_vec(),
        })
    }
}
