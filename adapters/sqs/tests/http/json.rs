//! The JSON protocol.

use crate::client::{Client, serve};
use serde_json::{Value, json};

#[tokio::test]
async fn a_message_goes_in_and_out_with_its_digests() {
    let mut client = Client::connect(serve().await).await;
    let created = client
        .done(
            "CreateQueue",
            json!({"QueueName": "q.fifo", "Attributes": {"FifoQueue": "true"}}),
        )
        .await;
    let url = format!("http://{}/000000000000/q.fifo", client.host);
    assert_eq!(created, json!({ "QueueUrl": url }));
    let sent = client
        .done(
            "SendMessage",
            json!({
                "QueueUrl": url, "MessageBody": "hello", "MessageGroupId": "g",
                "MessageDeduplicationId": "d",
                "MessageAttributes": {
                    "text": {"DataType": "String", "StringValue": "v"},
                    "bytes": {"DataType": "Binary", "BinaryValue": "AP8="},
                },
            }),
        )
        .await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(sent["SequenceNumber"].as_str().map(str::len), Some(20));
    let asked = json!({
        "QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"],
        "AttributeNames": ["All"], "WaitTimeSeconds": 0,
    });
    let message = &client.done("ReceiveMessage", asked.clone()).await["Messages"][0];
    assert_eq!(message["Body"], "hello");
    assert_eq!(message["MD5OfBody"], sent["MD5OfMessageBody"]);
    assert_eq!(
        message["MD5OfMessageAttributes"],
        sent["MD5OfMessageAttributes"]
    );
    assert_eq!(message["MessageAttributes"]["bytes"]["BinaryValue"], "AP8=");
    assert_eq!(
        message["Attributes"]["SequenceNumber"],
        sent["SequenceNumber"]
    );
    let handle = &message["ReceiptHandle"];
    client
        .done(
            "DeleteMessage",
            json!({"QueueUrl": url, "ReceiptHandle": handle}),
        )
        .await;
    assert_eq!(client.done("ReceiveMessage", asked).await, json!({}));
}

#[tokio::test]
async fn refusals_have_a_type_a_sentence_and_the_older_code() {
    let mut client = Client::connect(serve().await).await;
    client.done("CreateQueue", json!({"QueueName": "q"})).await;
    let url = "http://elsewhere/123456789012/q";
    let table = [
        (
            "GetQueueUrl",
            json!({"QueueName": "gone"}),
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (
            "DeleteMessage",
            json!({"QueueUrl": url, "ReceiptHandle": "x"}),
            404,
            "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            "ReceiptHandleIsInvalid;Sender",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": url}),
            400,
            "com.amazon.coral.service#MissingRequiredParameterException",
            "MissingParameter;Sender",
        ),
        (
            "ReceiveMessage",
            json!({"QueueUrl": url, "MaxNumberOfMessages": "many"}),
            400,
            "com.amazon.coral.service#SerializationException",
            "MalformedInput;Sender",
        ),
        (
            "Nothing",
            json!({}),
            400,
            "com.amazon.coral.service#UnknownOperationException",
            "InvalidAction;Sender",
        ),
        (
            "AddPermission",
            json!({}),
            400,
            "com.amazonaws.sqs#UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation;Sender",
        ),
    ];
    for (action, body, status, name, older) in table {
        let reply = client.json(action, body).await;
        assert_eq!(reply.status, status, "{action}");
        assert_eq!(
            reply.header("content-type"),
            Some("application/x-amz-json-1.0")
        );
        assert_eq!(reply.header("x-amzn-query-error"), Some(older), "{action}");
        assert_eq!(reply.json()["__type"], name, "{action}");
        assert!(reply.json()["message"].is_string());
        assert!(reply.header("x-amzn-requestid").is_some());
    }
}

#[tokio::test]
async fn a_batch_answers_per_entry() {
    let mut client = Client::connect(serve().await).await;
    let url = client.done("CreateQueue", json!({"QueueName": "q"})).await["QueueUrl"].clone();
    let entries = json!([
        {"Id": "a", "MessageBody": "one"},
        {"Id": "b", "MessageBody": "two", "MessageDeduplicationId": "d"},
    ]);
    let sent = client
        .done(
            "SendMessageBatch",
            json!({"QueueUrl": url, "Entries": entries}),
        )
        .await;
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert_eq!(sent["Failed"][0]["Id"], "b");
    assert_eq!(sent["Failed"][0]["Code"], "InvalidParameterValue");
    assert_eq!(sent["Failed"][0]["SenderFault"], Value::Bool(true));
}

#[tokio::test]
async fn bodies_are_bounded_and_not_decompressed() {
    let address = serve().await;
    let head = Client::json_head("ListQueues");
    let mut client = Client::connect(address).await;
    let gzip = format!("{head}\r\nContent-Encoding: gzip");
    let reply = client.ask(&gzip, b"\x1f\x8b").await;
    assert_eq!(reply.status, 400);
    let long = vec![b' '; 4 * 1024 * 1024 + 1];
    let mut client = Client::connect(address).await;
    let reply = client.ask(&head, &long).await;
    assert_eq!(reply.status, 413);
    assert_eq!(
        reply.json()["__type"],
        "com.amazonaws.sqs#RequestEntityTooLarge"
    );
}

#[tokio::test]
async fn headers_are_bounded() {
    let mut client = Client::connect(serve().await).await;
    let many: String = (0..100)
        .map(|number| format!("\r\nX-{number}: v"))
        .collect();
    let reply = client
        .ask(&format!("{}{many}", Client::json_head("ListQueues")), b"{}")
        .await;
    assert_eq!(reply.status, 431);
}
