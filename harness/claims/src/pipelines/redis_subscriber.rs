//! Subscribes to a channel and records each order that comes.
//!
//! * Boundary: one Redis channel to one Postgres table. Sink: rows in `orders`.
//! * Who retries: nobody. Redis keeps nothing for a subscriber that is not there, and
//!   PUBLISH tells its caller how many there were. The code subscribes anew when its
//!   connection is gone; an error of the database ends the process, and its supervisor
//!   starts it anew.
//! * Faults that tell: whatever takes the subscriber, its connection or Redis away while
//!   somebody publishes, or makes it slower than its output buffer.
//! * Expected: at-most-once.
//! * Witness: of each variant its own way of not being there.

use super::app::{Settings, within};
use super::subscribers::{Subscriber, order};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let database = settings.database(1).await?;
    let (url, channel) = (settings.get("REDIS_URL")?, settings.get("CHANNEL")?);
    let mut subscriber = Subscriber::new(url, channel, None)?;

    loop {
        let message = subscriber.next().await?;
        within(order(&message)?.insert().execute(&database)).await?;
    }
}
