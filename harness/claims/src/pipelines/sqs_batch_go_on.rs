//! Receives several messages at once and handles them in order; leaves one that
//! fails to its redelivery, and goes on with the next.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table, with an inbox. Sink: rows in
//!   `orders`.
//! * Who retries: SQS, once the visibility timeout of what was not deleted is over.
//! * Faults that tell: a statement that fails within a batch.
//! * Expected: exactly-once, out of order: a later message of the group has been
//!   handled when the failed one comes again (O1).
//! * Witness: the INSERT of message 0 is lost with its connection.

use super::app::Settings;
use super::queues::{Queues, order};

/// What SQS hands over at once, at most.
const BATCH: i32 = 10;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let database = settings.database(1).await?;

    loop {
        for message in queues.receive(BATCH).await? {
            let order = order(&message)?;
            match order.insert_once(&database, &order.id).await {
                Ok(_) => queues.delete(&message).await?,
                Err(error) => eprintln!("order {} comes again: {error:#}", order.id),
            }
        }
    }
}
