//! Receiving: which messages, for how long, and what is told of them.

use super::answer::Received;
use super::content::{AttributeValue, TRACE_HEADER, check_token};
use super::digest;
use super::handle::Handle;
use super::limits::{BATCH_MAX, Limits, VISIBILITY_S_MAX, WAIT_S_MAX};
use super::live::{Message, Phase};
use super::log::{Became, Entry};
use super::name;
use super::one::{Ids, Queue};
use super::operation::ReceiveMessage;
use super::refusal::{Code, Refusal};
use super::send::OTHER_TYPE;
use super::settings;
use std::collections::BTreeMap;

/// Who sent, as far as anybody is told: senders are not told apart here.
const SENDER: &str = "AIDAEXACTLYEMBEDDED00";
/// The system attributes that can be asked for (`ReceiveMessage`).
const SYSTEM: [&str; 10] = [
    "All",
    TRACE_HEADER,
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

/// Messages that were received too often already, with their entries.
type Dead = Vec<(Message, Entry)>;

/// How a receive came out.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub received: Vec<Received>,
    /// What goes to the dead-letter queue instead.
    pub dead: Dead,
}

/// How long a receive waits for a message.
pub(super) fn wait_s(asked: Option<i64>, queue_s: u64) -> Result<u64, Refusal> {
    within(asked, "WaitTimeSeconds", 0, WAIT_S_MAX).map(|given| given.unwrap_or(queue_s))
}

fn within(asked: Option<i64>, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
    let Some(asked) = asked else {
        return Ok(None);
    };
    let number = u64::try_from(asked).ok();
    match number.filter(|number| (least..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => {
            let reason = format!("Must be between {least} and {most}, if provided.");
            Err(Refusal::value(asked, name, &reason))
        }
    }
}

impl Queue {
    /// `receives_max` where the queue has a dead-letter queue that exists.
    pub(super) fn receive(
        &mut self,
        asked: &ReceiveMessage,
        receives_max: Option<u32>,
        limits: &Limits,
        ids: &mut Ids,
    ) -> Result<Taken, Refusal> {
        let wait_s = wait_s(asked.wait_time_seconds, self.settings.wait_s)?;
        let most = within(
            asked.max_number_of_messages,
            "MaxNumberOfMessages",
            1,
            BATCH_MAX as u64,
        )?;
        let most = most.unwrap_or(1);
        let visibility = within(
            asked.visibility_timeout,
            "VisibilityTimeout",
            0,
            VISIBILITY_S_MAX,
        )?;
        let visibility_ms = visibility.unwrap_or(self.settings.visibility_s) * 1_000;
        check_names(asked)?;
        self.check_attempt(asked)?;
        if let Some(again) = self.repeat(asked, visibility_ms) {
            return Ok(again);
        }
        // Standard: `OverLimit` when polled short, nothing when polled long. FIFO:
        // "Amazon SQS returns no error messages" (`ChangeMessageVisibility`).
        let room = limits.in_flight.saturating_sub(self.live.in_flight()) as u64;
        if room == 0 && !self.settings.fifo && wait_s == 0 {
            return Err(Refusal::new(
                Code::OverLimit,
                "Too many messages in flight: delete some of those that were received.",
            ));
        }
        let (taken, dead) = self.take(most.min(room), visibility_ms, receives_max, ids);
        if let Some(id) = &asked.receive_request_attempt_id
            && !taken.is_empty()
        {
            let now_ms = self.now_ms();
            self.attempts.remember(id, taken.clone(), now_ms);
        }
        let received = taken
            .iter()
            .filter_map(|(arrival, _)| self.told(*arrival, asked));
        Ok(Taken {
            received: received.collect(),
            dead,
        })
    }

    fn check_attempt(&self, asked: &ReceiveMessage) -> Result<(), Refusal> {
        match &asked.receive_request_attempt_id {
            Some(id) if !self.settings.fifo => {
                Err(Refusal::value(id, "ReceiveRequestAttemptId", OTHER_TYPE))
            }
            Some(id) => check_token(id, "ReceiveRequestAttemptId"),
            None => Ok(()),
        }
    }

    /// The same messages under the same handles, if the attempt was made before
    /// and none of its messages was touched since. It starts their visibility
    /// timeout again (`ReceiveRequestAttemptId`).
    fn repeat(&mut self, asked: &ReceiveMessage, visibility_ms: u64) -> Option<Taken> {
        let id = asked.receive_request_attempt_id.as_deref()?;
        let messages = self.attempts.find(id)?.messages.clone();
        let untouched = messages.iter().all(|(arrival, receive)| {
            self.live.get(*arrival).is_some_and(|message| {
                let in_flight = matches!(message.phase, Phase::InFlight { .. });
                message.receive == *receive && in_flight && !message.touched
            })
        });
        if !untouched {
            return None;
        }
        for (arrival, _) in &messages {
            self.hide(*arrival, visibility_ms);
        }
        let received = messages
            .iter()
            .filter_map(|(arrival, _)| self.told(*arrival, asked));
        Some(Taken {
            received: received.collect(),
            dead: Vec::new(),
        })
    }

    /// Oldest first. On a FIFO queue as many of one group as there are, in their
    /// order, before the next group's.
    fn take(
        &mut self,
        most: u64,
        visibility_ms: u64,
        receives_max: Option<u32>,
        ids: &mut Ids,
    ) -> (Vec<(u64, u64)>, Dead) {
        let mut taken = Vec::new();
        let mut dead = Vec::new();
        let mut next = self.live.first_ready();
        while let Some(arrival) = next
            && (taken.len() as u64) < most
        {
            let group = self
                .live
                .get(arrival)
                .and_then(|message| message.group.clone());
            if self.is_dead(arrival, receives_max) {
                let entry = self.entry(arrival).cloned();
                dead.extend(self.end(arrival, Became::DeadLettered).zip(entry));
            } else {
                taken.push((arrival, self.hand_out(arrival, visibility_ms, ids)));
            }
            let behind = group
                .filter(|_| self.settings.fifo)
                .and_then(|group| self.live.next_of_group(&group, arrival, self.now_ms()));
            next = behind.or_else(|| self.live.first_ready());
        }
        (taken, dead)
    }

    fn is_dead(&self, arrival: u64, receives_max: Option<u32>) -> bool {
        let message = self.live.get(arrival);
        message.is_some_and(|message| receives_max.is_some_and(|most| message.receives >= most))
    }

    fn hand_out(&mut self, arrival: u64, visibility_ms: u64, ids: &mut Ids) -> u64 {
        let receive = ids.number();
        let now_ms = self.now_ms();
        if let Some(message) = self.live.get_mut(arrival) {
            message.receive = receive;
            message.touched = false;
            message.receives += 1;
            message.first_received_ms.get_or_insert(now_ms);
        }
        if let Some(entry) = self.entry_mut(arrival) {
            entry.receives += 1;
        }
        self.hide(arrival, visibility_ms);
        receive
    }

    fn hide(&mut self, arrival: u64, visibility_ms: u64) {
        let since_ms = self.now_ms();
        let until_ms = since_ms + visibility_ms;
        self.live
            .change(arrival, Phase::InFlight { since_ms, until_ms }, since_ms);
        self.became(arrival, Became::InFlight);
    }

    fn told(&self, arrival: u64, asked: &ReceiveMessage) -> Option<Received> {
        let message = self.live.get(arrival)?;
        let entry = self.entry(arrival)?;
        let handle = Handle {
            queue: self.number,
            arrival,
            receive: message.receive,
        };
        let wanted = |name: &str| {
            let names = asked
                .attribute_names
                .iter()
                .chain(&asked.message_system_attribute_names);
            names
                .into_iter()
                .any(|asked| asked == "All" || asked == name)
        };
        let attributes = entry.content.attributes.iter();
        Some(Received {
            message_id: entry.message_id.clone(),
            receipt_handle: handle.write(),
            body: entry.content.body.clone(),
            system: system(message, entry)
                .into_iter()
                .filter(|(name, _)| wanted(name))
                .collect(),
            attributes: attributes
                .filter(|(name, _)| is_asked(&asked.message_attribute_names, name))
                .map(|(name, attribute)| (name.clone(), attribute.clone()))
                .collect(),
        })
    }
}

fn check_names(asked: &ReceiveMessage) -> Result<(), Refusal> {
    let names = asked
        .attribute_names
        .iter()
        .chain(&asked.message_system_attribute_names);
    match names
        .into_iter()
        .find(|name| !SYSTEM.contains(&name.as_str()))
    {
        Some(name) => Err(settings::unknown(name)),
        None => Ok(()),
    }
}

/// `All`, `.*`, `prefix.*` or the name itself (`ReceiveMessage`,
/// `MessageAttributeNames`).
fn is_asked(asked: &[String], name: &str) -> bool {
    asked.iter().any(|asked| match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    })
}

fn system(message: &Message, entry: &Entry) -> BTreeMap<&'static str, String> {
    let mut told = BTreeMap::from([
        ("SenderId", SENDER.to_string()),
        ("SentTimestamp", entry.sent_ms.to_string()),
        (
            "ApproximateReceiveCount",
            (message.received_before + message.receives).to_string(),
        ),
    ]);
    let text = |text: &std::sync::Arc<str>| text.to_string();
    let sometimes = [
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_received_ms.map(|at_ms| at_ms.to_string()),
        ),
        ("MessageGroupId", message.group.as_ref().map(text)),
        ("MessageDeduplicationId", entry.dedup_id.as_ref().map(text)),
        ("SequenceNumber", entry.sequence.as_ref().map(text)),
        (
            "DeadLetterQueueSourceArn",
            entry.source.as_ref().map(|source| name::arn(source)),
        ),
    ];
    told.extend(
        sometimes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    if let Some(trace) = entry.content.system_attributes.get(TRACE_HEADER)
        && let AttributeValue::Text(trace) = &trace.value
    {
        told.insert(TRACE_HEADER, trace.clone());
    }
    told
}

impl Received {
    /// MD5 of the body.
    pub fn md5_of_body(&self) -> String {
        digest::md5_of_body(&self.body)
    }

    /// MD5 of the attributes that are told, not of all that the message has.
    pub fn md5_of_attributes(&self) -> Option<String> {
        digest::md5_of_attributes(&self.attributes)
    }
}
