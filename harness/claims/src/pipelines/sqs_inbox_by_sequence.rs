//! Records the order and how far its customer has come, in one transaction, unless
//! that was further already; then deletes its message.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table. Sink: rows in `orders`.
//! * Who retries: SQS delivers again what was not deleted; its SequenceNumber is no
//!   higher than the one that is kept.
//! * Faults that tell: the same as without an inbox. And a queue whose numbers do not
//!   grow.
//! * Expected: exactly-once rows, with one number for each customer in the place of an
//!   inbox. "The sequence number is a 20-digit, non-consecutive number that increases
//!   for each message within a message group" (SQS developer guide, "FIFO queue key
//!   terms").
//! * Witnesses: kill before the DeleteMessage of message 1; a slow handler.

use super::app::{Order, Settings, within};
use super::queues::{Queues, order, sequence_number};
use sqlx::PgPool;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let database = settings.database(1).await?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        insert_if_higher(&order, sequence_number(&message)?, &database).await?;
        queues.delete(&message).await?;
    }
}

/// As text: it has more digits than any integer of the database's.
async fn insert_if_higher(order: &Order, number: &str, database: &PgPool) -> anyhow::Result<()> {
    let mut transaction = within(database.begin()).await?;
    let higher = within(
        sqlx::query(
            "insert into high_water (key, number) values ($1, cast($2 as text)::numeric) \
             on conflict (key) do update set number = excluded.number \
             where high_water.number < excluded.number",
        )
        .bind(&order.key)
        .bind(number)
        .execute(&mut *transaction),
    )
    .await?;
    if higher.rows_affected() == 1 {
        within(order.insert().execute(&mut *transaction)).await?;
    }
    within(transaction.commit()).await
}
