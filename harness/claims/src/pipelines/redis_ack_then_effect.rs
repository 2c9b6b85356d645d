//! Acknowledges the entry, then records its order.
//!
//! * Boundary: one Redis stream with a consumer group to one Postgres table. Sink: rows
//!   in `orders`.
//! * Who retries: nobody. An error ends the process, and its supervisor starts it anew.
//! * Faults that tell: whatever comes between the XACK and the INSERT.
//! * Expected: at-most-once. What is acknowledged is given to nobody any more.
//! * Witness: kill after the XACK of message 1.

use super::app::{Settings, within};
use super::streams::{Orders, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut orders = Orders::connect(&settings).await?;
    let database = settings.database(1).await?;

    loop {
        let entry = match orders.pending().await? {
            Some(entry) => entry,
            None => orders.next().await?,
        };
        orders.acknowledge(&entry).await?;
        if let Some(order) = order(&entry)? {
            within(order.insert().execute(&database)).await?;
        }
    }
}
