//! Records the order and the message's id in one transaction, then acknowledges its
//! entry.
//!
//! * Boundary: one Redis stream with a consumer group to one Postgres table. Sink: rows
//!   in `orders`.
//! * Who retries: nobody. An error ends the process, and its supervisor starts it anew.
//! * Faults that tell: none should, while the stream keeps what was not read. One that
//!   is trimmed loses what its consumer was too slow for.
//! * Expected: exactly-once, meant at the rows.
//! * Witness: kill before the XACK of message 1. Where the stream is trimmed: away for
//!   longer than it holds.

use super::app::Settings;
use super::streams::{Orders, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut orders = Orders::connect(&settings).await?;
    let database = settings.database(1).await?;

    loop {
        let entry = match orders.pending().await? {
            Some(entry) => entry,
            None => orders.next().await?,
        };
        if let Some(order) = order(&entry)? {
            order.insert_once(&database, &order.id).await?;
        }
        orders.acknowledge(&entry).await?;
    }
}
