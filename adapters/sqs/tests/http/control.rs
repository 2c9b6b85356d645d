//! What only the harness asks.

use crate::client::{Client, serve};
use serde_json::{Value, json};

#[tokio::test]
async fn the_clock_moves_for_a_prefix_only() {
    let mut client = Client::connect(serve().await).await;
    for name in ["x1-q", "x2-q"] {
        let asked = json!({"QueueName": name, "Attributes": {"DelaySeconds": "300"}});
        let url = client.done("CreateQueue", asked).await["QueueUrl"].clone();
        client
            .done("SendMessage", json!({"QueueUrl": url, "MessageBody": "a"}))
            .await;
    }
    let moved = json!({"prefix": "x1-", "advance_ms": 300_000}).to_string();
    let reply = client
        .ask("POST /_exactly/clock HTTP/1.1", moved.as_bytes())
        .await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, "{\"ahead_ms\": 300000}\n")
    );
    for (query, ahead_ms) in [("?prefix=x1-q", 300_000), ("?prefix=x2-", 0), ("", 0)] {
        let ask = format!("GET /_exactly/clock{query} HTTP/1.1");
        let shown = client.ask(&ask, b"").await;
        assert_eq!(
            shown.body,
            format!("{{\"ahead_ms\": {ahead_ms}}}\n"),
            "{query}"
        );
    }
    let received = client
        .done("ReceiveMessage", json!({"QueueUrl": "/0/x1-q"}))
        .await;
    assert_eq!(received["Messages"][0]["Body"], "a");
    let received = client
        .done("ReceiveMessage", json!({"QueueUrl": "/0/x2-q"}))
        .await;
    assert_eq!(received, json!({}));
    let reply = client.ask("POST /_exactly/clock HTTP/1.1", b"{}").await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn the_log_has_a_line_per_accepted_message() {
    let mut client = Client::connect(serve().await).await;
    let asked = json!({"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}});
    client.done("CreateQueue", asked).await;
    for (dedup, body) in [("1", "a"), ("1", "a"), ("2", "b")] {
        let message = json!({
            "QueueUrl": "/0/q.fifo", "MessageBody": body, "MessageGroupId": "g",
            "MessageDeduplicationId": dedup,
        });
        client.done("SendMessage", message).await;
    }
    let received = client
        .done("ReceiveMessage", json!({"QueueUrl": "/0/q.fifo"}))
        .await;
    let handle = &received["Messages"][0]["ReceiptHandle"];
    client
        .done(
            "DeleteMessage",
            json!({"QueueUrl": "/0/q.fifo", "ReceiptHandle": handle}),
        )
        .await;
    let reply = client
        .ask("GET /_exactly/log?queue=q.fifo HTTP/1.1", b"")
        .await;
    assert_eq!(reply.status, 200);
    let lines: Vec<Value> = reply
        .body
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    let first = &lines[0];
    assert_eq!(
        (&first["body"], &first["became"]),
        (&json!("a"), &json!("deleted"))
    );
    assert_eq!(
        (&first["group"], &first["dedup_id"]),
        (&json!("g"), &json!("1"))
    );
    assert_eq!(
        (&first["came"], &first["receives"]),
        (&json!("sent"), &json!(1))
    );
    assert_eq!(
        (&lines[1]["arrival"], &lines[1]["became"]),
        (&json!(1), &json!("there"))
    );
    let reply = client
        .ask("GET /_exactly/log?queue=gone HTTP/1.1", b"")
        .await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (404, "there is no queue \"gone\" here\n")
    );
}

/// A pipeline that is killed right after it has sent must not look better than it
/// is: hyper drops a request whose client has shut its side, unless it is told not to.
#[tokio::test]
async fn what_the_dead_have_sent_is_done() {
    const DEAD: usize = 40;
    let address = serve().await;
    let mut client = Client::connect(address).await;
    client.done("CreateQueue", json!({"QueueName": "q"})).await;
    for _ in 0..DEAD {
        let mut dying = Client::connect(address).await;
        let message = json!({"QueueUrl": "/0/q", "MessageBody": "last words"});
        dying
            .write(
                "POST / HTTP/1.1\r\nX-Amz-Target: AmazonSQS.SendMessage",
                message.to_string().as_bytes(),
            )
            .await;
        drop(dying);
    }
    // Each is on a connection of its own: what is still on its way is waited for.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let mut lines = 0;
    while lines < DEAD && std::time::Instant::now() < deadline {
        let log = client.ask("GET /_exactly/log?queue=q HTTP/1.1", b"").await;
        lines = log.body.lines().count();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(lines, DEAD);
}
