//! Subscribes to a channel and to a pattern that the channel matches, and records each
//! order that comes.
//!
//! * Boundary: one Redis channel to one Postgres table. Sink: rows in `orders`.
//! * Who retries: nobody.
//! * Faults that tell: none is needed. Redis hands a message to each subscription that
//!   matches, of the same client too (Redis, Pub/Sub: "Messages matching both a pattern
//!   and a channel subscription").
//! * Expected: every order twice, also without any fault; and lost as by any subscriber.
//! * Witness: none.

use super::app::{Settings, within};
use super::subscribers::{Subscriber, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let database = settings.database(1).await?;
    let (url, channel) = (settings.get("REDIS_URL")?, settings.get("CHANNEL")?);
    let mut subscriber = Subscriber::new(url, channel, Some(settings.get("CHANNEL_PATTERN")?))?;

    loop {
        let message = subscriber.next().await?;
        within(order(&message)?.insert().execute(&database)).await?;
    }
}
