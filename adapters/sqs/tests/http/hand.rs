//! For hands: a server to try an SDK against, and how many requests it answers.
//!
//! ```text
//! SQS_FOR_SECONDS=600 cargo test -p exactly-sqs --test http -- --ignored --nocapture serve_for_hands
//! cargo test --release -p exactly-sqs --test http -- --ignored --nocapture requests_per_second
//! ```

use crate::client::{Client, serve};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
#[ignore = "serves until its time is up"]
async fn serve_for_hands() {
    let seconds = std::env::var("SQS_FOR_SECONDS").ok();
    let seconds = seconds
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(60);
    let server = exactly_sqs::embedded::serve_embedded(|line| println!("{line}"));
    let _ = tokio::time::timeout(Duration::from_secs(seconds), server).await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn requests_per_second() {
    const ROUNDS: u32 = 5_000;
    let address = serve().await;
    let mut client = Client::connect(address).await;
    let asked = json!({"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}});
    let url = client.done("CreateQueue", asked).await["QueueUrl"].clone();
    let began = Instant::now();
    for number in 0..ROUNDS {
        let message = json!({
            "QueueUrl": url, "MessageBody": "a", "MessageGroupId": "g",
            "MessageDeduplicationId": number.to_string(),
        });
        client.done("SendMessage", message).await;
        let received = client
            .done("ReceiveMessage", json!({"QueueUrl": url}))
            .await;
        let handle = &received["Messages"][0]["ReceiptHandle"];
        client
            .done(
                "DeleteMessage",
                json!({"QueueUrl": url, "ReceiptHandle": handle}),
            )
            .await;
    }
    let per_second = f64::from(3 * ROUNDS) / began.elapsed().as_secs_f64();
    println!("{per_second:.0} requests per second, client and server on one thread");
}
