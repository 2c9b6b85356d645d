//! The query protocol.

use crate::client::{Client, serve};

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

#[tokio::test]
async fn a_message_goes_in_and_out() {
    let mut client = Client::connect(serve().await).await;
    let form = "Action=CreateQueue&QueueName=q.fifo&Attribute.1.Name=FifoQueue&Attribute.1.Value=true&Version=2012-11-05";
    let created = client.form("/", form).await;
    let url = format!("http://{}/000000000000/q.fifo", client.host);
    assert_eq!(between(&created.body, "<QueueUrl>", "</QueueUrl>"), url);
    assert_eq!(created.header("content-type"), Some("text/xml"));
    // The queue in the path, or in the form.
    let send = "Action=SendMessage&MessageBody=a%3Cb&MessageGroupId=g&MessageDeduplicationId=d&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=v";
    let sent = client.form("/000000000000/q.fifo", send).await;
    assert!(
        sent.body.contains("<SendMessageResponse xmlns="),
        "{}",
        sent.body
    );
    let again = client.form("/", &format!("{send}&QueueUrl={url}")).await;
    let id = |body: &str| between(body, "<MessageId>", "</MessageId>").to_string();
    assert_eq!(id(&sent.body), id(&again.body));
    let receive = "Action=ReceiveMessage&AttributeName.1=All&MessageAttributeName.1=All&MaxNumberOfMessages=10";
    let received = client.form("/1/q.fifo", receive).await.body;
    assert!(received.contains("<Body>a&lt;b</Body>"));
    assert!(
        received.contains("<Attribute><Name>MessageGroupId</Name><Value>g</Value></Attribute>")
    );
    let digest = |body: &str| between(body, "<MD5OfMessageAttributes>", "<").to_string();
    assert_eq!(digest(&sent.body), digest(&received));
    let handle = between(&received, "<ReceiptHandle>", "<");
    let handle = handle
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    let batch = format!(
        "Action=DeleteMessageBatch&DeleteMessageBatchRequestEntry.1.Id=a&DeleteMessageBatchRequestEntry.1.ReceiptHandle={handle}&DeleteMessageBatchRequestEntry.2.Id=b&DeleteMessageBatchRequestEntry.2.ReceiptHandle=x"
    );
    let deleted = client.form("/1/q.fifo", &batch).await.body;
    assert!(
        deleted
            .contains("<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>")
    );
    assert!(deleted.contains("<Code>ReceiptHandleIsInvalid</Code><Id>b</Id>"));
}

#[tokio::test]
async fn refusals_have_a_code_and_a_sentence() {
    let mut client = Client::connect(serve().await).await;
    let table = [
        (
            "Action=GetQueueUrl&QueueName=gone",
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        ("Action=Nothing", 400, "InvalidAction"),
        ("", 400, "MissingParameter"),
        ("Action=%", 400, "MalformedInput"),
        (
            "Action=CreateQueue&QueueName=a+b",
            400,
            "InvalidParameterValue",
        ),
    ];
    for (form, status, code) in table {
        let reply = client.form("/", form).await;
        assert_eq!(reply.status, status, "{form}");
        assert!(
            reply
                .body
                .contains(&format!("<Type>Sender</Type><Code>{code}</Code><Message>")),
            "{}",
            reply.body
        );
    }
}

#[tokio::test]
async fn attributes_and_queues_are_listed() {
    let mut client = Client::connect(serve().await).await;
    client
        .form(
            "/",
            "Action=CreateQueue&QueueName=a&Tag.1.Key=k&Tag.1.Value=v",
        )
        .await;
    client.form("/", "Action=CreateQueue&QueueName=b").await;
    let listed = client.form("/", "Action=ListQueues").await.body;
    assert_eq!(listed.matches("<QueueUrl>").count(), 2);
    let told = client
        .form(
            "/0/a",
            "Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout",
        )
        .await
        .body;
    assert!(told.contains("<GetQueueAttributesResult><Attribute><Name>VisibilityTimeout</Name><Value>30</Value></Attribute></GetQueueAttributesResult>"));
    let tags = client.form("/0/a", "Action=ListQueueTags").await.body;
    assert!(tags.contains("<Tag><Key>k</Key><Value>v</Value></Tag>"));
    let deleted = client.form("/0/a", "Action=DeleteQueue").await.body;
    assert!(deleted.contains("<DeleteQueueResponse"));
    assert!(!deleted.contains("DeleteQueueResult"));
}
