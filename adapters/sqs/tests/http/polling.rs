//! Long polling. Times are bounds with a lot of room: the machine may be busy.

use crate::client::{Client, serve};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn queue(client: &mut Client, attributes: Value) -> Value {
    let asked = json!({"QueueName": "q", "Attributes": attributes});
    client.done("CreateQueue", asked).await["QueueUrl"].clone()
}

async fn poll(client: &mut Client, url: &Value) {
    let asked = json!({"QueueUrl": url, "WaitTimeSeconds": 20});
    client
        .write(
            &Client::json_head("ReceiveMessage"),
            asked.to_string().as_bytes(),
        )
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn is_woken(poller: &mut Client, began: Instant) {
    let reply = poller.read().await.json();
    assert_eq!(reply["Messages"][0]["Body"], "a", "{reply}");
    assert!(began.elapsed() < Duration::from_secs(15), "it was woken");
}

#[tokio::test]
async fn a_send_wakes() {
    let address = serve().await;
    let (mut one, mut two) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    let url = queue(&mut one, json!({})).await;
    let began = Instant::now();
    poll(&mut two, &url).await;
    one.done("SendMessage", json!({"QueueUrl": url, "MessageBody": "a"}))
        .await;
    is_woken(&mut two, began).await;
}

#[tokio::test]
async fn a_visibility_timeout_that_runs_out_wakes() {
    let address = serve().await;
    let (mut one, mut two) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    let url = queue(&mut one, json!({"VisibilityTimeout": "1"})).await;
    one.done("SendMessage", json!({"QueueUrl": url, "MessageBody": "a"}))
        .await;
    one.done("ReceiveMessage", json!({"QueueUrl": url})).await;
    let began = Instant::now();
    poll(&mut two, &url).await;
    is_woken(&mut two, began).await;
}

#[tokio::test]
async fn a_moved_clock_wakes() {
    let address = serve().await;
    let (mut one, mut two) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    let url = queue(&mut one, json!({"DelaySeconds": "900"})).await;
    one.done("SendMessage", json!({"QueueUrl": url, "MessageBody": "a"}))
        .await;
    let began = Instant::now();
    poll(&mut two, &url).await;
    let moved = json!({"prefix": "q", "advance_ms": 900_000}).to_string();
    let reply = one
        .ask("POST /_exactly/clock HTTP/1.1", moved.as_bytes())
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    is_woken(&mut two, began).await;
}

#[tokio::test]
async fn who_went_away_takes_nothing() {
    let address = serve().await;
    let (mut one, mut two) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    let url = queue(&mut one, json!({})).await;
    poll(&mut two, &url).await;
    drop(two);
    tokio::time::sleep(Duration::from_millis(500)).await;
    one.done("SendMessage", json!({"QueueUrl": url, "MessageBody": "a"}))
        .await;
    let received = one.done("ReceiveMessage", json!({"QueueUrl": url})).await;
    assert_eq!(received["Messages"][0]["Body"], "a");
}

#[tokio::test]
async fn a_wait_ends_as_asked_or_as_the_queue_says() {
    let mut client = Client::connect(serve().await).await;
    let url = queue(&mut client, json!({"ReceiveMessageWaitTimeSeconds": "1"})).await;
    for asked in [
        json!({"QueueUrl": url}),
        json!({"QueueUrl": url, "WaitTimeSeconds": 1}),
    ] {
        let began = Instant::now();
        assert_eq!(client.done("ReceiveMessage", asked).await, json!({}));
        assert!(began.elapsed() >= Duration::from_secs(1));
    }
    let began = Instant::now();
    client
        .done(
            "ReceiveMessage",
            json!({"QueueUrl": url, "WaitTimeSeconds": 0}),
        )
        .await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_deleted_queue_ends_the_wait() {
    let address = serve().await;
    let (mut one, mut two) = (
        Client::connect(address).await,
        Client::connect(address).await,
    );
    let url = queue(&mut one, json!({})).await;
    poll(&mut two, &url).await;
    one.done("DeleteQueue", json!({"QueueUrl": url})).await;
    assert_eq!(
        two.read().await.json()["__type"],
        "com.amazonaws.sqs#QueueDoesNotExist"
    );
}
