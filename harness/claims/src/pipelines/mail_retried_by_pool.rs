//! Mails the customer, and again after a timeout or an error, with a timeout around each
//! send and the pool of connections that its library keeps; then commits the offset.
//!
//! * Boundary: one Kafka topic to a mail server. Sink: the mails that it took.
//! * Who retries: the code, with a growing pause; and Kafka delivers again what was not
//!   committed.
//! * Faults that tell: a reply to the mail's last line that is late. The send is given up,
//!   its connection goes back into the pool, and every reply on it is read one too early
//!   from then on: of the next mail a 354 says that it was taken, and what the server
//!   says of it is read by nobody (lettre 0.11.23; docs/findings/lettre-cancelled-send.md).
//! * Expected: none. Beside the doubles of any retry, a mail that was refused is lost.
//! * Witness: the reply to the mail of message 0 is late, and that of message 1 is refused
//!   on whatever connection it comes.

use super::app::{Order, Settings};
use super::mails::Mails;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};

pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    let mails = Mails::connect(&settings)?;

    loop {
        let message = consumer.recv().await?;
        let order = Order::read(&message)?;
        mails.send_by_the_pool(&order).await?;
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
}
