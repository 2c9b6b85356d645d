//! Sends the order on under a deduplication id that is drawn at each attempt, then
//! deletes its message.
//!
//! * Boundary: one SQS FIFO queue to another. Sink: messages in `out`.
//! * Who retries: the SDK repeats a send with the id that it has; when it has given
//!   up, or when the message comes again, the service draws another one.
//! * Faults that tell: whatever loses the process between the SendMessage and the
//!   DeleteMessage.
//! * Expected: at-least-once, window or not.
//! * Witnesses: kill after the SendMessage of message 1; its reply lost as often as the
//!   SDK asks.

use super::app::Settings;
use super::queues::{Queues, order};
use std::time::{SystemTime, UNIX_EPOCH};

/// Attempts of the service's own, each under an id of its own.
const ATTEMPTS: u32 = 3;

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let queues = Queues::connect(&settings)?;
    let out = settings.get("OUT_QUEUE_URL")?;

    loop {
        let message = queues.next().await?;
        let order = order(&message)?;
        let mut attempt = 1;
        while let Err(error) = queues.send(out, &order, &drawn()).await {
            eprintln!("attempt {attempt}: {error:#}");
            anyhow::ensure!(attempt < ATTEMPTS, "given up after {ATTEMPTS} attempts");
            attempt += 1;
        }
        queues.delete(&message).await?;
    }
}

/// An id that nobody has drawn before.
fn drawn() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since.map_or(0, |since| since.as_nanos());
    format!("attempt-{}-{nanos}", std::process::id())
}
