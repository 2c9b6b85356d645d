//! Auditing queues that nobody keeps a log of: by consuming them.
//!
//! A sink is consumed from before the pipeline runs until its trial is swept, as
//! whoever stands behind it would: a message is received, remembered and deleted.
//! Nothing else would do. A FIFO group is blocked while one of its messages is in
//! flight, so that nobody can look at all of them and leave them there; and what a
//! system remembers of messages that were deleted is a part of what it promises.

use super::audit::Entry;
use super::call::{CallError, Sqs};
use super::messages::{delete, receive, waiting};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Between two receives, while somebody is interested; and when nobody is.
const SOON: Duration = Duration::from_millis(25);
const RARELY: Duration = Duration::from_secs(10);
/// How long a message that is being taken is hidden: longer than a delete takes.
const HIDDEN_S: u32 = 30;
/// Receives in a row that find nothing, before a queue counts as empty.
const EMPTY_ROUNDS: u64 = 2;
/// How long a queue may take to be empty once the pipeline is at rest.
const EMPTY_WITHIN: Duration = Duration::from_secs(60);
/// Messages of one queue that are remembered.
const TAKEN_MAX: usize = 1_000_000;

/// The consumers of a trial's sinks.
pub(crate) struct Consumers {
    sqs: Sqs,
    each: Mutex<BTreeMap<String, Consumer>>,
}

struct Consumer {
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    taken: Mutex<Taken>,
    /// Somebody wants to know what is there.
    interest: Notify,
    rounds: watch::Sender<Rounds>,
}

#[derive(Default)]
struct Taken {
    entries: Vec<Entry>,
    /// By MessageId: what could not be deleted comes again, and is no other message.
    known: BTreeSet<String>,
}

/// Receives so far.
#[derive(Clone, Default)]
struct Rounds {
    /// How many have ended.
    ended: u64,
    /// The number of the last one that found something.
    found: u64,
    /// Why the last one failed.
    error: Option<CallError>,
}

impl State {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Consumers {
    pub fn new(sqs: Sqs) -> Self {
        Self {
            sqs,
            each: Mutex::default(),
        }
    }

    fn each(&self) -> MutexGuard<'_, BTreeMap<String, Consumer>> {
        self.each.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to consume the queue `name`, unless that has begun.
    pub fn begin(&self, name: &str) {
        self.state_of(name);
    }

    fn state_of(&self, name: &str) -> Arc<State> {
        let mut each = self.each();
        let consumer = each.entry(name.into()).or_insert_with(|| {
            let state = Arc::<State>::default();
            let task = consume(self.sqs.clone(), name.to_string(), state.clone());
            Consumer {
                state,
                task: tokio::spawn(task),
            }
        });
        consumer.state.clone()
    }

    /// The queue's consumers look again soon: a trial is under way.
    pub fn nudge(&self) {
        for consumer in self.each().values() {
            consumer.state.interest.notify_one();
        }
    }

    /// Messages taken out of `name` so far. What still lies in it is taken soon; it is
    /// not added, because a message that is being taken would count twice.
    pub fn count(&self, name: &str) -> u64 {
        let state = self.state_of(name);
        state.interest.notify_one();
        let taken = state.taken().entries.len();
        taken as u64
    }

    /// What `name` has accepted, once it is empty: for several receives, and by its
    /// own count, which is approximate.
    pub async fn all(&self, name: &str) -> Result<Vec<Entry>, CallError> {
        let state = self.state_of(name);
        let mut rounds = state.rounds.subscribe();
        let emptied = async {
            loop {
                // One may have begun before there was anything.
                let before = rounds.borrow_and_update().ended + 1;
                let empty =
                    |rounds: &Rounds| rounds.ended >= before.max(rounds.found) + EMPTY_ROUNDS;
                loop {
                    state.interest.notify_one();
                    if empty(&rounds.borrow_and_update()) {
                        break;
                    }
                    // The sender lives as long as the state.
                    let _ = rounds.changed().await;
                }
                if waiting(&self.sqs, name).await? == 0 {
                    return Ok(());
                }
            }
        };
        let emptied = tokio::time::timeout(EMPTY_WITHIN, emptied).await;
        emptied.unwrap_or_else(|_| {
            let error = state.rounds.borrow().error.clone();
            let why = || CallError::Lost(format!("messages are left in it after {EMPTY_WITHIN:?}"));
            Err(error.unwrap_or_else(why))
        })?;
        Ok(state.taken().entries.clone())
    }

    /// Ends them.
    pub fn end(&self) {
        for consumer in self.each().values() {
            consumer.task.abort();
        }
    }
}

impl Drop for Consumers {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes what comes, until it is ended.
async fn consume(sqs: Sqs, name: String, state: Arc<State>) {
    let mut pause = SOON;
    loop {
        let round = take(&sqs, &name, &state).await;
        let found = matches!(round, Ok(n) if n > 0);
        state.rounds.send_modify(|rounds| {
            rounds.ended += u64::from(round.is_ok());
            if found {
                rounds.found = rounds.ended;
            }
            rounds.error = round.err();
        });
        if found {
            pause = SOON;
            continue;
        }
        tokio::time::sleep(SOON).await;
        let interest = tokio::time::timeout(pause, state.interest.notified()).await;
        pause = match interest {
            Ok(()) => SOON,
            Err(_) => (pause * 2).min(RARELY),
        };
    }
}

/// Receives once, remembers, then deletes. Answers how many messages were received.
async fn take(sqs: &Sqs, name: &str, state: &State) -> Result<usize, CallError> {
    let messages = receive(sqs, name, HIDDEN_S).await?;
    if messages.is_empty() {
        return Ok(0);
    }
    {
        let mut taken = state.taken();
        for message in &messages {
            if taken.entries.len() >= TAKEN_MAX {
                return Err(CallError::Lost(format!("more than {TAKEN_MAX} messages")));
            }
            if taken.known.insert(message.message_id.clone()) {
                let arrival = i64::try_from(taken.entries.len()).unwrap_or(i64::MAX);
                taken.entries.push(Entry::taken(arrival, message));
            }
        }
    }
    delete(sqs, name, &messages).await?;
    Ok(messages.len())
}
