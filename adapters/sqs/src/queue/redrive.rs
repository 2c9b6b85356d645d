//! Move tasks: from a dead-letter queue back to where its messages came from, or
//! elsewhere. A task ends within the request that starts it.

use super::answer::{Answer, MoveTask};
use super::limits::MOVE_TASKS_MAX;
use super::live::Phase;
use super::log::{Became, Came};
use super::name;
use super::one::{Arriving, Queue};
use super::operation::{CancelMove, ListMoves, StartMove};
use super::refusal::{Code, Refusal};
use super::sqs::Sqs;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const PER_SECOND_MAX: i64 = 500;
const NO_SOURCE: &str = "CouldNotDetermineMessageSource";
const NO_ROOM: &str = "DestinationQueueIsFull";

impl Sqs {
    /// Moves every message that is neither in flight nor delayed, oldest first. It
    /// stops at a message whose source is not known or gone.
    pub(super) fn start_move(&mut self, asked: &StartMove, now_ms: u64) -> Result<Answer, Refusal> {
        let dead = self.dead_letter_queue(&asked.source_arn)?;
        let destination = asked
            .destination_arn
            .as_deref()
            .filter(|arn| !arn.is_empty());
        let destination = destination
            .map(|arn| self.destination(arn, &dead))
            .transpose()?;
        let per_second = asked.max_number_of_messages_per_second;
        if per_second.is_some_and(|number| !(1..=PER_SECOND_MAX).contains(&number)) {
            return Err(Refusal::new(
                Code::InvalidParameterValue,
                "MaxNumberOfMessagesPerSecond must be between 1 and 500.",
            ));
        }
        let source = self.queues.settled(&dead, now_ms)?;
        let arrivals = source.receivable();
        let mut task = MoveTask {
            source_arn: asked.source_arn.clone(),
            destination_arn: destination.as_deref().map(name::arn),
            per_second,
            moved: 0,
            to_move: arrivals.len() as u64,
            failure: None,
            started_ms: source.now_ms(),
        };
        for arrival in arrivals {
            match self.redrive(&dead, arrival, destination.as_deref(), now_ms) {
                Ok(()) => task.moved += 1,
                Err(why) => {
                    task.failure = Some(why);
                    break;
                }
            }
        }
        let source = self.queues.settled(&dead, now_ms)?;
        source.moves.insert(0, task);
        source.moves.truncate(MOVE_TASKS_MAX);
        self.awaken(&dead);
        let handle = format!("{} {}", self.ids.uuid(), asked.source_arn);
        Ok(Answer::MoveStarted(STANDARD.encode(handle)))
    }

    /// A message that is moved is a new one with the old content: "all redriven
    /// messages are considered new messages with a new messageID and enqueueTime"
    /// ("Configure a dead-letter queue redrive").
    fn redrive(
        &mut self,
        dead: &str,
        arrival: u64,
        destination: Option<&str>,
        now_ms: u64,
    ) -> Result<(), &'static str> {
        let entry = self.queues.get(dead).and_then(|queue| queue.entry(arrival));
        let entry = entry.ok_or(NO_SOURCE)?.clone();
        let target = destination.or(entry.source.as_deref()).ok_or(NO_SOURCE)?;
        let queue = self.queues.settled(target, now_ms).map_err(|_| NO_SOURCE)?;
        if !queue.has_room(entry.content.bytes(), &self.limits) {
            return Err(NO_ROOM);
        }
        let arriving = Arriving {
            message_id: self.ids.message_id(),
            dedup_id: entry.dedup_id,
            content: entry.content,
            came: Came::Redriven,
            source: None,
            enqueued_ms: queue.now_ms(),
            delay_ms: 0,
            received_before: 0,
            first_received_ms: None,
        };
        queue.append(arriving, &mut self.ids);
        let target = target.to_string();
        self.awaken(&target);
        if let Ok(source) = self.queues.settled(dead, now_ms) {
            source.end(arrival, Became::Redriven);
        }
        Ok(())
    }

    fn dead_letter_queue(&self, arn: &str) -> Result<String, Refusal> {
        if arn.is_empty() {
            return Err(Refusal::missing("SourceArn"));
        }
        let dead = name::of_arn(arn).and_then(|name| self.queues.get(name));
        let dead = dead.ok_or_else(|| no_such("SourceArn"))?;
        let is_target = |queue: &Queue| {
            let redrive = queue.settings.redrive.as_ref();
            redrive.is_some_and(|redrive| *redrive.target == *dead.name)
        };
        if !self.queues.iter().any(is_target) {
            return Err(Refusal::new(
                Code::InvalidParameterValue,
                "Source queue must be configured as a Dead Letter Queue.",
            ));
        }
        Ok(dead.name.to_string())
    }

    fn destination(&self, arn: &str, dead: &str) -> Result<String, Refusal> {
        let queue = name::of_arn(arn).and_then(|name| self.queues.get(name));
        let queue = queue.ok_or_else(|| no_such("DestinationArn"))?;
        if *queue.name == *dead {
            return Err(Refusal::new(
                Code::InvalidParameterValue,
                "Source queue arn and destination queue arn cannot be the same.",
            ));
        }
        let type_of_dead = self.queues.get(dead).map(|dead| dead.settings.fifo);
        if type_of_dead != Some(queue.settings.fifo) {
            return Err(Refusal::new(
                Code::InvalidParameterValue,
                "Source and destination must be queues of the same type.",
            ));
        }
        Ok(queue.name.to_string())
    }

    pub(super) fn moves(&self, asked: &ListMoves) -> Result<Answer, Refusal> {
        let source = name::of_arn(&asked.source_arn).and_then(|name| self.queues.get(name));
        let source = source.ok_or_else(|| no_such("SourceArn"))?;
        let most = asked.max_results.unwrap_or(1);
        let size = usize::try_from(most).unwrap_or(0);
        if !(1..=MOVE_TASKS_MAX).contains(&size) {
            return Err(Refusal::value(
                most,
                "MaxResults",
                "Must be between 1 and 10.",
            ));
        }
        Ok(Answer::Moves(
            source.moves.iter().take(size).cloned().collect(),
        ))
    }

    /// There is never a task that still runs.
    pub(super) fn cancel_move(&self, asked: &CancelMove) -> Result<Answer, Refusal> {
        if asked.task_handle.is_empty() {
            return Err(Refusal::missing("TaskHandle"));
        }
        Err(Refusal::new(
            Code::ResourceNotFound,
            "Only active tasks can be cancelled, and there is no active task of that handle.",
        ))
    }
}

impl Queue {
    fn receivable(&self) -> Vec<u64> {
        let now_ms = self.now_ms();
        let mut arrivals = self.live.arrivals();
        arrivals.retain(|arrival| {
            let phase = self.live.get(*arrival).map(|message| message.phase);
            matches!(phase, Some(Phase::Waiting { from_ms }) if from_ms <= now_ms)
        });
        arrivals
    }
}

fn no_such(parameter: &str) -> Refusal {
    Refusal::new(
        Code::ResourceNotFound,
        format!("The resource that you specified for the {parameter} parameter doesn't exist."),
    )
}
