//! Records a batch of orders one by one; when some of them fail, the whole
//! batch is tried again, and its offset is committed once all succeeded.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: this code, the whole batch; librdkafka repeats an
//!   OffsetCommit whose connection was lost. No limit is put on a statement
//!   here, so a delayed reply is only a slow one.
//! * Faults that tell: a lost connection in the middle of a batch, with no
//!   crash at all; and whatever ends the process before the OffsetCommit.
//! * Expected: at-least-once. What had succeeded is recorded again.
//! * Witness: drop the INSERT of message 1, in the middle of the first batch.

use super::app::{Order, Settings, next_batch};
use anyhow::bail;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::BorrowedMessage;
use sqlx::postgres::PgPool;
use std::time::Duration;

const TRIES: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(20);

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let database = settings.database(1).await?;

    loop {
        let batch = next_batch(&consumer).await?;
        let mut tried = 1;
        while record(&batch, &database).await? > 0 {
            if tried == TRIES {
                bail!("giving up on a batch after {TRIES} tries");
            }
            tried += 1;
            tokio::time::sleep(BACKOFF).await;
        }
        if let Some(last) = batch.last() {
            consumer.commit_message(last, CommitMode::Sync)?;
        }
    }
}

/// Records every order of the batch; answers how many failed.
async fn record(batch: &[BorrowedMessage<'_>], database: &PgPool) -> anyhow::Result<usize> {
    let mut failed = 0;
    for message in batch {
        let order = Order::read(message)?;
        let recorded = order.insert().execute(database).await;
        if let Err(error) = recorded {
            eprintln!("order {} not recorded: {error}", order.id);
            failed += 1;
        }
    }
    Ok(failed)
}
