//! The state, the time, and who waits for which queue.

use crate::queue::{Answer, LogOf, Operation, ReceiveMessage, Refusal, Sqs};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    started: Instant,
    /// Wall-clock time at the start. From there on the monotonic clock counts: a
    /// wall clock that is set must not move visibility timeouts.
    started_ms: u64,
    requests: AtomicU64,
}

#[derive(Debug)]
struct State {
    sqs: Sqs,
    waiting: BTreeMap<String, Arc<Notify>>,
}

/// What a receive found, and when to look again if it found nothing.
pub(super) struct Look {
    pub outcome: Result<Answer, Refusal>,
    /// How long to go on looking, all in all.
    pub wait: Duration,
    /// Rings when the queue is touched after this look. None where there is
    /// nothing to wait for: it found something, or was refused.
    pub bell: Option<OwnedNotified>,
    /// Until something changes by itself.
    pub next_change: Option<Duration>,
}

impl Shared {
    pub fn new() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seed = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        Self {
            state: Mutex::new(State {
                sqs: Sqs::new(seed ^ u64::from(std::process::id())),
                waiting: BTreeMap::new(),
            }),
            started: Instant::now(),
            started_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            requests: AtomicU64::new(0),
        }
    }

    /// The id of a request: a UUID that counts.
    pub fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("00000000-0000-4000-8000-{number:012x}")
    }

    fn now_ms(&self) -> u64 {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started_ms.saturating_add(elapsed_ms)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn apply(&self, operation: &Operation) -> Result<Answer, Refusal> {
        let mut state = self.lock();
        // Only under the lock, so that times are in the order of the operations.
        let now_ms = self.now_ms();
        let outcome = state.sqs.apply(operation, now_ms);
        state.wake();
        if let (Operation::DeleteQueue(asked), Ok(_)) = (operation, &outcome) {
            state.waiting.remove(&asked.queue);
        }
        outcome
    }

    /// Receives, and says when to look again.
    pub fn look(&self, operation: &Operation, asked: &ReceiveMessage) -> Look {
        let mut state = self.lock();
        let now_ms = self.now_ms();
        let outcome = state.sqs.apply(operation, now_ms);
        state.wake();
        let is_empty = matches!(&outcome, Ok(Answer::Received(found)) if found.is_empty());
        let next_change_ms = state.sqs.next_change_ms(&asked.queue);
        Look {
            outcome,
            wait: Duration::from_secs(state.sqs.wait_s(asked).unwrap_or(0)),
            bell: is_empty.then(|| state.bell(&asked.queue)),
            next_change: next_change_ms
                .map(|at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms))),
        }
    }

    /// Moves clocks, and says what they are ahead now.
    pub fn advance(&self, prefix: &str, by_ms: u64) -> Result<u64, Refusal> {
        let mut state = self.lock();
        let outcome = state.sqs.advance(prefix, by_ms);
        state.wake();
        outcome.map(|()| state.sqs.ahead_ms(prefix))
    }

    /// What the clock of a queue of that name is ahead.
    pub fn ahead_ms(&self, name: &str) -> u64 {
        self.lock().sqs.ahead_ms(name)
    }

    pub fn log(&self, queue: &str) -> Result<LogOf, Refusal> {
        let mut state = self.lock();
        let now_ms = self.now_ms();
        state.sqs.log(queue, now_ms)
    }
}

impl State {
    /// It is made under the lock, so no change between look and wait is missed.
    fn bell(&mut self, queue: &str) -> OwnedNotified {
        let waiting = self.waiting.entry(queue.to_string()).or_default();
        Arc::clone(waiting).notified_owned()
    }

    fn wake(&mut self) {
        for queue in self.sqs.take_awakened() {
            if let Some(bell) = self.waiting.get(&queue) {
                bell.notify_waiters();
            }
        }
    }
}
