//! What the tests speak: a server, a time, and short words for requests.

use crate::queue::*;
use std::collections::BTreeMap;
use std::sync::Arc;

pub const START_MS: u64 = 1_000_000_000_000;

pub struct Scene {
    pub sqs: Sqs,
    pub now_ms: u64,
}

pub type Pairs<'a> = &'a [(&'a str, &'a str)];

pub fn pairs(pairs: Pairs<'_>) -> BTreeMap<String, String> {
    let owned = pairs
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    owned.collect()
}

pub fn entry(group: &str, dedup: &str, body: &str) -> SendEntry {
    let some = |text: &str| Some(text.to_string()).filter(|text| !text.is_empty());
    SendEntry {
        id: "e".into(),
        message_body: some(body),
        message_group_id: some(group),
        message_deduplication_id: some(dedup),
        ..SendEntry::default()
    }
}

impl Scene {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self {
            sqs: Sqs::with_limits(7, limits),
            now_ms: START_MS,
        }
    }

    /// A scene with one FIFO queue `q.fifo`.
    pub fn fifo(attributes: Pairs<'_>) -> Self {
        let mut scene = Self::new();
        scene.create("q.fifo", attributes);
        scene
    }

    /// A scene with one standard queue `q`.
    pub fn standard(attributes: Pairs<'_>) -> Self {
        let mut scene = Self::new();
        scene.create("q", attributes);
        scene
    }

    pub fn wait(&mut self, ms: u64) {
        self.now_ms += ms;
    }

    pub fn apply(&mut self, operation: Operation) -> Result<Answer, Refusal> {
        self.sqs.apply(&operation, self.now_ms)
    }

    pub fn refused(&mut self, operation: Operation) -> Code {
        match self.apply(operation) {
            Ok(answer) => panic!("not refused: {answer:?}"),
            Err(refusal) => refusal.code,
        }
    }

    pub fn create(&mut self, name: &str, attributes: Pairs<'_>) {
        self.try_create(name, attributes).expect(name);
    }

    pub fn try_create(&mut self, name: &str, attributes: Pairs<'_>) -> Result<Answer, Refusal> {
        let mut attributes = pairs(attributes);
        if name.ends_with(".fifo") {
            attributes.insert("FifoQueue".into(), "true".into());
        }
        self.apply(Operation::CreateQueue(CreateQueue {
            queue_name: name.into(),
            attributes,
            ..CreateQueue::default()
        }))
    }

    pub fn set(&mut self, name: &str, attributes: Pairs<'_>) -> Result<Answer, Refusal> {
        self.apply(Operation::SetQueueAttributes(SetQueueAttributes {
            queue: name.into(),
            attributes: pairs(attributes),
        }))
    }

    pub fn attribute(&mut self, queue: &str, name: &str) -> String {
        let answer = self.apply(Operation::GetQueueAttributes(GetQueueAttributes {
            queue: queue.into(),
            attribute_names: vec![name.into()],
        }));
        match answer {
            Ok(Answer::Attributes(told)) => told.get(name).cloned().unwrap_or_default(),
            other => panic!("{other:?}"),
        }
    }

    pub fn try_send(&mut self, queue: &str, entry: SendEntry) -> Result<Sent, Refusal> {
        let queue = queue.to_string();
        match self.apply(Operation::SendMessage(SendMessage { queue, entry }))? {
            Answer::Sent(sent) => Ok(sent),
            other => panic!("{other:?}"),
        }
    }

    /// Sends to `q.fifo`.
    pub fn send(&mut self, group: &str, dedup: &str, body: &str) -> Sent {
        self.try_send("q.fifo", entry(group, dedup, body))
            .expect(body)
    }

    /// Sends to `q`.
    pub fn post(&mut self, body: &str) -> Sent {
        self.try_send("q", entry("", "", body)).expect(body)
    }

    pub fn try_receive(&mut self, asked: ReceiveMessage) -> Result<Vec<Received>, Refusal> {
        match self.apply(Operation::ReceiveMessage(asked))? {
            Answer::Received(messages) => Ok(messages),
            other => panic!("{other:?}"),
        }
    }

    /// Receives up to ten, with everything that can be told of them.
    pub fn receive(&mut self, queue: &str) -> Vec<Received> {
        self.try_receive(ask(queue)).expect(queue)
    }

    pub fn bodies(&mut self, queue: &str) -> Vec<String> {
        self.receive(queue)
            .into_iter()
            .map(|message| message.body)
            .collect()
    }

    pub fn delete(&mut self, queue: &str, handle: &str) -> Result<(), Refusal> {
        self.apply(Operation::DeleteMessage(handle_of(queue, handle, None)))
            .map(|_| ())
    }

    pub fn change(&mut self, queue: &str, handle: &str, seconds: i64) -> Result<(), Refusal> {
        let asked = handle_of(queue, handle, Some(seconds));
        self.apply(Operation::ChangeMessageVisibility(asked))
            .map(|_| ())
    }

    pub fn log(&mut self, queue: &str) -> Vec<Entry> {
        self.sqs.log(queue, self.now_ms).expect(queue).entries
    }

    pub fn became(&mut self, queue: &str) -> Vec<&'static str> {
        self.log(queue)
            .iter()
            .map(|entry| entry.became.word())
            .collect()
    }
}

pub fn ask(queue: &str) -> ReceiveMessage {
    ReceiveMessage {
        queue: queue.into(),
        attribute_names: vec!["All".into()],
        message_attribute_names: vec!["All".into()],
        max_number_of_messages: Some(10),
        ..ReceiveMessage::default()
    }
}

pub fn handle_of(queue: &str, handle: &str, seconds: Option<i64>) -> HandleOf {
    HandleOf {
        queue: queue.into(),
        entry: HandleEntry {
            id: "e".into(),
            receipt_handle: handle.into(),
            visibility_timeout: seconds,
        },
    }
}

pub fn text(id: &Arc<str>) -> String {
    id.to_string()
}
