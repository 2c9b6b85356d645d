//! The queues as such: creating, finding, describing, emptying, deleting them.

use super::answer::Answer;
use super::clocks::does_not_exist;
use super::limits::PAUSE_MS;
use super::name;
use super::one::Queue;
use super::operation::{
    CreateQueue, GetQueueAttributes, ListQueues, ListSources, SetQueueAttributes, TagQueue,
    UntagQueue,
};
use super::refusal::{Code, Refusal};
use super::settings::{self, Settings};
use super::sqs::Sqs;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

/// Names on a page, and where none is asked for (`ListQueues`, `MaxResults`).
const PAGE_MAX: usize = 1_000;
/// Tags of a queue ("Amazon SQS standard queue quotas").
const TAGS_MAX: usize = 50;

impl Sqs {
    /// Creates a queue, or names the one that is there already if it has the
    /// attributes that are asked for. Attributes that are not asked for are not
    /// compared.
    pub(super) fn create(&mut self, asked: &CreateQueue, now_ms: u64) -> Result<Answer, Refusal> {
        let name = &asked.queue_name;
        let fifo = asked.attributes.get("FifoQueue");
        let fifo = fifo.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        name::check(name, fifo)?;
        let settings = Settings::new(fifo).with(&asked.attributes)?;
        check_tags(&asked.tags)?;
        if let Some(there) = self.queues.get(name) {
            let told = there.settings.told();
            let wanted = settings.told();
            let other = asked
                .attributes
                .keys()
                .find(|name| told.get(*name) != wanted.get(*name));
            return match other {
                None => Ok(Answer::Queue(name.clone())),
                Some(other) => Err(Refusal::new(
                    Code::QueueNameExists,
                    format!(
                        "A queue already exists with the same name and a different value for attribute {other}"
                    ),
                )),
            };
        }
        self.check_target(&settings)?;
        let queue_now_ms = now_ms.saturating_add(self.queues.ahead_ms(name));
        self.check_pause(name, queue_now_ms)?;
        if self.queues.len() >= self.limits.queues {
            return Err(Refusal::new(
                Code::OverLimit,
                "This embedded server keeps no more queues.",
            ));
        }
        let mut queue = Queue::new(name, self.ids.number(), settings, queue_now_ms);
        queue.tags = asked.tags.clone();
        self.queues.add(queue);
        Ok(Answer::Queue(name.clone()))
    }

    fn check_pause(&mut self, name: &str, now_ms: u64) -> Result<(), Refusal> {
        match self.deleted_ms.get(name) {
            Some(deleted_ms) if deleted_ms + PAUSE_MS > now_ms => Err(Refusal::new(
                Code::QueueDeletedRecently,
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            )),
            _ => {
                self.deleted_ms.remove(name);
                Ok(())
            }
        }
    }

    /// "The dead-letter queue of a FIFO queue must also be a FIFO queue", and that
    /// of a standard queue a standard queue (`CreateQueue`, `RedrivePolicy`).
    fn check_target(&self, settings: &Settings) -> Result<(), Refusal> {
        let Some(redrive) = &settings.redrive else {
            return Ok(());
        };
        let refused = |reason| Err(Refusal::value(&redrive.text, "RedrivePolicy", reason));
        match self.queues.get(&redrive.target) {
            None => refused("Dead letter target does not exist."),
            Some(target) if target.settings.fifo != settings.fifo => {
                refused("Dead-letter queue must be same type of queue as the source.")
            }
            Some(_) => Ok(()),
        }
    }

    pub(super) fn delete_queue(&mut self, name: &str, now_ms: u64) -> Result<Answer, Refusal> {
        let deleted_ms = self.queues.settled(name, now_ms)?.now_ms();
        self.queues.remove(name);
        if self.deleted_ms.len() >= self.limits.queues {
            let queues = &self.queues;
            self.deleted_ms
                .retain(|name, at_ms| *at_ms + PAUSE_MS > now_ms + queues.ahead_ms(name));
        }
        // Past the bound a name can be used again at once.
        if self.deleted_ms.len() < self.limits.queues {
            self.deleted_ms.insert(name.into(), deleted_ms);
        }
        self.awaken(name);
        Ok(Answer::Done)
    }

    pub(super) fn url(&self, name: &str) -> Result<Answer, Refusal> {
        if name.is_empty() {
            return Err(Refusal::missing("QueueName"));
        }
        let queue = self.queues.get(name).ok_or_else(does_not_exist)?;
        Ok(Answer::Queue(queue.name.to_string()))
    }

    pub(super) fn list(&self, asked: &ListQueues) -> Result<Answer, Refusal> {
        let prefix = asked.queue_name_prefix.as_deref().unwrap_or_default();
        let names = self.queues.names().filter(|name| name.starts_with(prefix));
        let (names, next_token) = page(names, asked.next_token.as_deref(), asked.max_results)?;
        Ok(Answer::Queues { names, next_token })
    }

    pub(super) fn sources(&self, asked: &ListSources) -> Result<Answer, Refusal> {
        self.queues.get(&asked.queue).ok_or_else(does_not_exist)?;
        let names = self
            .queues
            .names()
            .filter(|name| self.is_source(name, &asked.queue));
        let (names, next_token) = page(names, asked.next_token.as_deref(), asked.max_results)?;
        Ok(Answer::Sources { names, next_token })
    }

    fn is_source(&self, name: &str, dead: &str) -> bool {
        let redrive = self
            .queues
            .get(name)
            .and_then(|queue| queue.settings.redrive.as_ref());
        redrive.is_some_and(|redrive| redrive.target == dead)
    }

    pub(super) fn attributes(
        &mut self,
        asked: &GetQueueAttributes,
        now_ms: u64,
    ) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        let names = &asked.attribute_names;
        let all = names.iter().any(|name| name == "All");
        let unknown = names
            .iter()
            .find(|name| *name != "All" && !queue.settings.knows(name));
        if let Some(name) = unknown {
            return Err(settings::unknown(name));
        }
        let mut told = queue.attributes();
        told.retain(|name, _| all || names.contains(name));
        Ok(Answer::Attributes(told))
    }

    pub(super) fn set_attributes(
        &mut self,
        asked: &SetQueueAttributes,
        now_ms: u64,
    ) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        let settings = queue.settings.with(&asked.attributes)?;
        if asked.attributes.contains_key("RedrivePolicy") {
            self.check_target(&settings)?;
        }
        self.queues
            .settled(&asked.queue, now_ms)?
            .take_over(settings);
        self.awaken(&asked.queue);
        Ok(Answer::Done)
    }

    pub(super) fn purge(&mut self, name: &str, now_ms: u64) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(name, now_ms)?;
        if queue
            .purged_ms
            .is_some_and(|at_ms| at_ms + PAUSE_MS > queue.now_ms())
        {
            return Err(Refusal::new(
                Code::PurgeQueueInProgress,
                format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds."),
            ));
        }
        queue.purge();
        Ok(Answer::Done)
    }

    pub(super) fn tag(&mut self, asked: &TagQueue, now_ms: u64) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        if asked.tags.is_empty() {
            return Err(Refusal::missing("Tags"));
        }
        let mut tags = queue.tags.clone();
        tags.extend(asked.tags.clone());
        check_tags(&tags)?;
        queue.tags = tags;
        Ok(Answer::Done)
    }

    pub(super) fn untag(&mut self, asked: &UntagQueue, now_ms: u64) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(&asked.queue, now_ms)?;
        if asked.tag_keys.is_empty() {
            return Err(Refusal::missing("TagKeys"));
        }
        queue.tags.retain(|key, _| !asked.tag_keys.contains(key));
        Ok(Answer::Done)
    }

    pub(super) fn tags(&mut self, name: &str, now_ms: u64) -> Result<Answer, Refusal> {
        let queue = self.queues.settled(name, now_ms)?;
        Ok(Answer::Tags(queue.tags.clone()))
    }
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let lengths = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    if tags.len() <= TAGS_MAX && tags.iter().all(lengths) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::InvalidParameterValue,
        "A queue can have 50 tags, with keys of 1 to 128 and values of up to 256 characters.",
    ))
}

/// A page of names behind a token, and the token of the next page. Without
/// `MaxResults` there is no next page (`ListQueues`).
fn page<'a>(
    names: impl Iterator<Item = &'a String>,
    token: Option<&str>,
    most: Option<i64>,
) -> Result<(Vec<String>, Option<String>), Refusal> {
    let size = match most {
        None => PAGE_MAX,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|size| (1..=PAGE_MAX).contains(size))
            .ok_or_else(|| {
                Refusal::value(
                    most,
                    "MaxResults",
                    "MaxResults must be an integer between 1 and 1000.",
                )
            })?,
    };
    let after = token.map(name_of_token).transpose()?;
    let mut rest = names.filter(|name| after.as_ref().is_none_or(|after| *name > after));
    let page: Vec<String> = rest.by_ref().take(size).cloned().collect();
    let more = most.is_some() && rest.next().is_some();
    let next = page
        .last()
        .filter(|_| more)
        .map(|last| STANDARD.encode(last));
    Ok((page, next))
}

fn name_of_token(token: &str) -> Result<String, Refusal> {
    let bytes = STANDARD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Refusal::value(token, "NextToken", "NextToken is not one of this server's."))
}
