//! Receives several messages at once and handles them in order; stops at the first
//! that fails.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table, with an inbox. Sink: rows in
//!   `orders`.
//! * Who retries: SQS, once the visibility timeout of what was not deleted is over;
//!   its group is blocked until then.
//! * Faults that tell: a statement that fails within a batch.
//! * Expected: exactly-once, in the order of each group.
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
            if let Err(error) = order.insert_once(&database, &order.id).await {
                eprintln!("the rest of the batch comes again: {error:#}");
                break;
            }
            queues.delete(&message).await?;
        }
    }
}
