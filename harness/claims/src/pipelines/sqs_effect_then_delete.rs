//! Records the order, then deletes its message.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table. Sink: rows in `orders`.
//! * Who retries: the SDK repeats a delete that was not answered; nobody repeats a
//!   statement. An error ends the process, and its supervisor starts it anew.
//! * Faults that tell: whatever comes between the INSERT and the DeleteMessage, and
//!   a handler that is slower than the visibility timeout.
//! * Expected: at-least-once. SQS delivers again what was not deleted in time,
//!   FIFO or not.
//! * Witness: kill before the DeleteMessage of message 1; a slow handler.

use super::app::{Settings, within};
use super::queues::{Queues, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let database = settings.database(1).await?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        within(order.insert().execute(&database)).await?;
        queues.delete(&message).await?;
    }
}
