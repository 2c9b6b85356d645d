//! SQS: both of its protocols over HTTP.

use super::http::asks_first;
use crate::{Protocol, TRIAL};
use exactly_adapter::Decoder;
use exactly_model::Queue;

/// A client's connections to a server of its own.
pub const SQS: Protocol = Protocol {
    name: "sqs",
    decoder,
    rewrites: &[],
    depends_on_time: asks_first,
    reads_alone: true,
    words: WORDS,
};

fn decoder() -> Box<dyn Decoder> {
    let orders = Queue {
        name: "orders".into(),
        fifo: true,
        ..Queue::default()
    };
    exactly_sqs::decoder(TRIAL, &[orders])
}

const WORDS: &[&[u8]] = &[
    b"POST / HTTP/1.1\r\nHost: h\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"Content-Length: 2\r\n\r\n{}",
    b"X-Amz-Target: AmazonSQS.SendMessageBatch\r\n",
    b"X-Amz-Target: AmazonSQS.ReceiveMessage\r\n",
    b"X-Amz-Target: AmazonSQS.DeleteMessageBatch\r\n",
    b"X-Amz-Target: AmazonSQS.ChangeMessageVisibility\r\n",
    b"\"QueueUrl\":\"http://h/1/x7-12-orders.fifo\",",
    b"\"Entries\":[{\"Id\":\"a\",\"MessageBody\":\"x7-12-3\"}]",
    b"\"ReceiptHandle\":\"h1\",",
    b"{\"Messages\":[{\"ReceiptHandle\":\"h1\",\"Body\":\"x7-12-3\"}]}",
    b"\"Successful\":[{\"Id\":\"a\",\"MessageId\":\"m\"}]",
    b"\"Failed\":[{\"Id\":\"a\"}]",
    b"\"MessageAttributes\":{\"k\":{\"StringValue\":\"x7-12-3\"}},",
    b"Action=SendMessageBatch&",
    b"SendMessageBatchRequestEntry.1.MessageBody=x7-12-3&",
    b"QueueUrl=http%3A%2F%2Fh%2F1%2Fq&",
    b"<Message><ReceiptHandle>h2</ReceiptHandle><Body>x7-12-3</Body></Message>",
    b"<SendMessageBatchResultEntry><Id>a</Id><MessageId>m</MessageId>",
    b"<Code>NonExistentQueue</Code>",
    b"[[[[[[[[",
    b"%zz",
];
