//! Records the order and the next offset in one database transaction. The
//! position is kept there and nowhere else: the service reads it when it
//! starts, and commits no offset to Kafka.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: nobody repeats a transaction. An error ends the process, and
//!   its supervisor starts it anew.
//! * Faults that tell: none should. The position moves with the row or not at
//!   all. It moves only from where this process has left it: one that has been
//!   replaced, or whose predecessor's last transaction arrived late, finds it
//!   elsewhere and stops. That guard is what fences here: the brokers know of no
//!   owner.
//! * Expected: exactly-once.
//! * Witnesses: kill before the COMMIT of message 1, and after it, so that
//!   nobody sees the answer.

use super::app::{Order, Settings, within};
use anyhow::{Context, ensure};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::{Message, Offset, TopicPartitionList};
use sqlx::postgres::PgPool;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the brokers may take to name the topic's partitions.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    let database = settings.database(1).await?;
    let mut positions = positions(&consumer, &settings.topic, &database).await?;
    let mut assignment = TopicPartitionList::new();
    for (&partition, &next) in &positions {
        assignment.add_partition_offset(&settings.topic, partition, Offset::Offset(next))?;
    }
    consumer.assign(&assignment)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        let partition = message.partition();
        let position = positions
            .get_mut(&partition)
            .context("a message of a partition that was not assigned")?;
        let next = message.offset() + 1;

        let mut transaction = within(database.begin()).await?;
        let moved = within(
            sqlx::query("update positions set next = $1 where partition = $2 and next = $3")
                .bind(next)
                .bind(partition)
                .bind(*position)
                .execute(&mut *transaction),
        )
        .await?;
        ensure!(
            moved.rows_affected() == 1,
            "partition {partition} is no longer at {position}: somebody else is at work"
        );
        within(order.insert().execute(&mut *transaction)).await?;
        within(transaction.commit()).await?;
        *position = next;
    }
}

/// The next offset of each partition of the topic. A partition that is new
/// begins at the beginning.
async fn positions(
    consumer: &StreamConsumer,
    topic: &str,
    database: &PgPool,
) -> anyhow::Result<BTreeMap<i32, i64>> {
    let metadata = consumer.fetch_metadata(Some(topic), METADATA_TIMEOUT)?;
    let topics = metadata.topics().iter();
    let partitions: Vec<i32> = topics
        .filter(|found| found.name() == topic)
        .flat_map(|found| found.partitions())
        .map(|partition| partition.id())
        .collect();
    ensure!(!partitions.is_empty(), "topic {topic} has no partitions");
    within(
        sqlx::query(
            "insert into positions (partition, next) select unnest($1::int[]), 0 \
             on conflict do nothing",
        )
        .bind(&partitions)
        .execute(database),
    )
    .await?;
    let kept = sqlx::query_as("select partition, next from positions");
    let kept: Vec<(i32, i64)> = within(kept.fetch_all(database)).await?;
    Ok(kept.into_iter().collect())
}
