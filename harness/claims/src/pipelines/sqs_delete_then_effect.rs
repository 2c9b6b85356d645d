//! Deletes the message, then records its order.
//!
//! * Boundary: one SQS FIFO queue to one Postgres table. Sink: rows in `orders`.
//! * Who retries: the SDK repeats a delete that was not answered. An error ends the
//!   process, and its supervisor starts it anew.
//! * Faults that tell: anything that ends the process between the DeleteMessage and
//!   the INSERT.
//! * Expected: at-most-once.
//! * Witness: kill after the DeleteMessage of message 1.

use super::app::{Settings, within};
use super::queues::{Queues, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let database = settings.database(1).await?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        queues.delete(&message).await?;
        within(order.insert().execute(&database)).await?;
    }
}
