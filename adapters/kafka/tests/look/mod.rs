//! What a trial's sinks and positions show.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses a part"
)]

use exactly_adapter::{Left, Scope, Seen};
use exactly_model::{Observer, SinkKind, View};
use rdkafka::Message;
use rdkafka::consumer::StreamConsumer;
use rdkafka::message::OwnedMessage;
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

/// How long a client or a broker may take.
pub const WITHIN: Duration = Duration::from_secs(20);

pub fn observer(query: &str, view: View) -> Observer {
    Observer {
        name: "out".into(),
        system: "k".into(),
        kind: SinkKind::Record,
        query: query.into(),
        effects_per_message: 1,
        view,
        by: None,
    }
}

/// All effects at a topic, and as many as are counted.
pub async fn observe(scope: &dyn Scope, query: &str, view: View) -> Vec<Seen> {
    let mut all = Vec::new();
    let observing = scope.observing().unwrap();
    let observer = observer(query, view);
    observing
        .observe(&observer, &mut |seen| all.push(seen))
        .await
        .unwrap();
    assert_eq!(observing.count(&observer).await.unwrap(), all.len() as u64);
    all
}

pub async fn left(scope: &dyn Scope) -> Left {
    scope.backlog().unwrap().left(&[], None).await.unwrap()
}

/// Waits until nothing is left. A real coordinator answers EndTxn first and
/// writes its markers then.
pub async fn settled(scope: &dyn Scope) -> Left {
    let settled = async {
        loop {
            let left = left(scope).await;
            if left.items == 0 {
                return left;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(WITHIN, settled)
        .await
        .expect("nothing is left in time")
}

pub async fn receive(consumer: &StreamConsumer) -> OwnedMessage {
    let message = tokio::time::timeout(WITHIN, consumer.recv()).await;
    message.expect("a message in time").unwrap().detach()
}

/// The offset after `message`, as a client commits it.
pub fn past(message: &OwnedMessage) -> TopicPartitionList {
    let mut offsets = TopicPartitionList::new();
    let next = Offset::Offset(message.offset() + 1);
    offsets
        .add_partition_offset(message.topic(), message.partition(), next)
        .unwrap();
    offsets
}
