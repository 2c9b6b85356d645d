//! Runs the embedded broker alone, for a look with any Kafka client.

use std::io::Write;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    exactly_kafka::serve_embedded(0, |line| {
        // A reader that is gone already is no reason to stop.
        let _ = writeln!(std::io::stdout(), "{line}");
    })
    .await
}
