//! Records orders and leaves committing to the client's timer, which is what a
//! consumer does when nobody says otherwise.
//!
//! * Boundary: one Kafka topic to one Postgres table. Sink: rows in `orders`.
//! * Who retries: librdkafka, until its next tick; nobody repeats a statement.
//!   An error ends the process, and its supervisor starts it anew.
//! * Faults that tell: a handler that is slow when the timer ticks, then a
//!   kill. librdkafka stores the offset when it *hands over* a message
//!   (`enable.auto.offset.store`, on by default), so the timer commits what the
//!   handler still holds. A lost INSERT tells as well: closing the consumer on
//!   the way out commits the stored offset.
//! * Expected: none. It loses what the timer committed too early, and doubles
//!   what was recorded since the timer last ticked.
//! * Witnesses: hold the INSERT of message 0 until the timer has committed past
//!   it, and kill there; kill after the INSERT of message 0.

use super::app::{Order, Settings, within};
use rdkafka::consumer::{Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "100")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let database = settings.database(1).await?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        within(order.insert().execute(&database)).await?;
    }
}
