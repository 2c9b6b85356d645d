//! Records the order and its own id in one transaction, then deletes its message.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table. Sink: rows in `orders`.
//! * Who retries: SQS delivers again what was not deleted; the inbox knows it.
//! * Faults that tell: the same as without an inbox, and a redrive.
//! * Expected: exactly-once rows, however often and under whatever MessageId the
//!   order comes.
//! * Witnesses: kill before the DeleteMessage of message 1; a slow handler.

use super::app::Settings;
use super::queues::{Queues, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let database = settings.database(1).await?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        order.insert_once(&database, &order.id).await?;
        queues.delete(&message).await?;
    }
}
