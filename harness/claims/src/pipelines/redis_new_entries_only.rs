//! Records the order, then acknowledges its entry. It asks for new entries only, also
//! when it starts anew.
//!
//! * Boundary: one Redis stream with a consumer group to one Postgres table. Sink: rows
//!   in `orders`.
//! * Who retries: nobody. An error ends the process, and its supervisor starts it anew.
//! * Faults that tell: whatever ends the process between a read and its XACK.
//! * Expected: what it was given before stays pending for ever: Redis still has it, and
//!   nobody asks for it. Stuck, and not lost, until somebody trims the stream.
//! * Witness: kill before the INSERT of message 1.

use super::app::{Settings, within};
use super::streams::{Orders, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let mut orders = Orders::connect(&settings).await?;
    let database = settings.database(1).await?;

    loop {
        let entry = orders.next().await?;
        if let Some(order) = order(&entry)? {
            within(order.insert().execute(&database)).await?;
        }
        orders.acknowledge(&entry).await?;
    }
}
