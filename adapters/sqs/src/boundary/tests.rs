//! Whatever a client and a server say to each other: the boundary passes it on as it
//! was, however it was cut, and nothing that it reads makes it fall over.

use super::{Outward, Shared, SqsLabeller};
use crate::client::{Signer, Target};
use crate::names::Names;
use bytes::BytesMut;
use exactly_adapter::{Addresses, Decoder as _, Direction, TrialNames};
use exactly_http1::{HttpDecoder, Request};
use exactly_model::{MessageId, Queue};
use proptest::prelude::*;
use std::sync::Arc;

const TRIAL: TrialNames = TrialNames { run: 7, trial: 12 };
const URL: &str = "http://127.0.0.1:4000/000000000000/x7-12-orders.fifo";

struct NoNet;

impl Addresses for NoNet {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

fn shared() -> Arc<Shared> {
    let queue = Queue {
        name: "orders".into(),
        fifo: true,
        ..Queue::default()
    };
    Arc::new(Shared::new(Names::new(TRIAL, "", &[queue])))
}

fn id() -> String {
    MessageId::new(TRIAL.run, TRIAL.trial, 3).unwrap().to_text()
}

/// Pieces of what is said in either protocol, in any order.
fn said() -> impl Strategy<Value = String> {
    let pieces = vec![
        "{\"QueueUrl\":\"".into(),
        URL.into(),
        "\",\"Entries\":[".into(),
        "{\"Id\":\"a\",\"ReceiptHandle\":\"h1\"}".into(),
        "{\"Messages\":[{\"ReceiptHandle\":\"h1\",\"Body\":\"".into(),
        "\"MessageId\":\"m\"".into(),
        "\"Failed\":[{\"Id\":\"a\"}]".into(),
        "\"MessageAttributes\":{\"k\":{\"StringValue\":\"".into(),
        "Action=SendMessageBatch&QueueUrl=http%3A%2F%2Fh%3A1%2Fq&".into(),
        "SendMessageBatchRequestEntry.1.MessageBody=".into(),
        "<Message><ReceiptHandle>h2</ReceiptHandle><Body>".into(),
        "<SendMessageBatchResultEntry><Id>a</Id><MessageId>m</MessageId>".into(),
        "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>".into(),
        "%zz%2".into(),
        "[[[[[[[[".into(),
        "}]}\"".into(),
        "&".into(),
        "=".into(),
        id(),
    ];
    let piece = prop_oneof![
        12 => prop::sample::select(pieces),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn operation() -> impl Strategy<Value = String> {
    let known = [
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "GetQueueUrl",
        "ListQueues",
        "",
    ];
    prop_oneof![
        8 => prop::sample::select(known.map(|name| format!("AmazonSQS.{name}")).to_vec()),
        1 => "[ -~]{0,20}",
    ]
}

fn request(operation: Option<&str>, body: &str) -> Vec<u8> {
    let target = operation.map_or(String::new(), |name| format!("X-Amz-Target: {name}\r\n"));
    let length = body.len();
    format!(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n{target}Content-Length: {length}\r\n\r\n{body}"
    )
    .into()
}

fn response(status: u16, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into()
}

/// What of `bytes` comes out on the other side, and how many exchanges it opened.
fn through(
    decoder: &mut HttpDecoder<SqsLabeller>,
    dir: Direction,
    bytes: &[u8],
    cut: usize,
) -> (Vec<u8>, usize) {
    let (mut buf, mut out, mut opened) = (BytesMut::new(), Vec::new(), 0);
    for piece in bytes.chunks(cut) {
        buf.extend_from_slice(piece);
        while let Some(unit) = decoder.next(dir, &mut buf, &NoNet).expect("legal HTTP") {
            out.extend_from_slice(&unit.forward);
            opened += usize::from(unit.opens.is_some());
        }
    }
    (out, opened)
}

/// A body has room for names of megabytes and a million entries; the history has not.
#[test]
fn labels_are_short_whatever_they_are_made_of() {
    let long = "n".repeat(9_000);
    let entries = vec!["{\"Id\":\"a\"}"; 50_000].join(",");
    let asked = format!("{{\"QueueUrl\":\"http://h/1/{long}\",\"Entries\":[{entries}]}}");
    let successful = vec!["{\"Id\":\"b\",\"MessageId\":\"m\"}"; 50_000].join(",");
    let answers = [
        response(200, &format!("{{\"Successful\":[{successful}]}}")),
        response(400, &format!("{{\"__type\":\"com.amazonaws.sqs#{long}\"}}")),
    ];
    let operation = "AmazonSQS.SendMessageBatch";
    for (operation, answer) in [operation, &format!("{operation}{long}")]
        .iter()
        .zip(answers)
    {
        let mut decoder = HttpDecoder::new(SqsLabeller::new(shared(), None));
        let mut next = |dir, bytes: &[u8]| {
            let unit = decoder.next(dir, &mut BytesMut::from(bytes), &NoNet);
            unit.expect("legal HTTP").expect("a whole message")
        };
        let head = next(Direction::ToSystem, &request(Some(operation), &asked)).opens;
        let head = head.expect("an exchange");
        assert!(head.operation.starts_with("SendMessageBatch"));
        assert_eq!(head.target.len(), "queue.".len() + 80);
        assert!(head.operation.len() <= 64, "{}", head.operation);
        let reply = next(Direction::ToClient, &answer).closes.expect("a reply");
        assert!(reply.error.is_none_or(|error| error.len() < 200));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_said_is_passed_on_as_it_was(
        operation in prop::option::of(operation()),
        (asked, answered) in (said(), said()),
        status in prop::sample::select(vec![200_u16, 400, 403, 500, 503]),
        cut in 1..200_usize,
    ) {
        let (up, down) = (request(operation.as_deref(), &asked), response(status, &answered));
        let mut opened = Vec::new();
        for cut in [usize::MAX, cut] {
            let mut decoder = HttpDecoder::new(SqsLabeller::new(shared(), None));
            let (sent, exchanges) = through(&mut decoder, Direction::ToSystem, &up, cut);
            let (told, _) = through(&mut decoder, Direction::ToClient, &down, cut);
            prop_assert_eq!((&sent, &told), (&up, &down));
            opened.push(exchanges);
        }
        prop_assert_eq!(opened[0], opened[1]);
    }

    #[test]
    fn what_is_signed_anew_says_the_same_to_another_server(
        operation in prop::option::of(operation()),
        asked in said(),
    ) {
        let target = Target::parse("https://sqs.eu-west-1.amazonaws.com").expect("a URL");
        let outward = Outward::new(target, Signer::dummy());
        let came = Request::parse(&request(operation.as_deref(), &asked)).expect("legal");
        let came = came.expect("whole");
        let Some(sent) = outward.request(&came, &came.body) else {
            return Ok(());
        };
        let sent = Request::parse(&sent).expect("legal").expect("whole");
        prop_assert_eq!(sent.headers.all("host").collect::<Vec<_>>(), [b"sqs.eu-west-1.amazonaws.com"]);
        prop_assert_eq!(sent.headers.all("authorization").count(), 1);
        // Where nothing leads to the boundary, nothing is changed.
        if !asked.contains("QueueUrl") {
            prop_assert_eq!(&sent.body, &came.body);
        }
        let again = outward.request(&sent, &sent.body).expect("as before");
        let again = Request::parse(&again).expect("legal").expect("whole");
        prop_assert_eq!(&again.body, &sent.body);
        prop_assert_eq!(again.headers.len(), sent.headers.len());
    }
}
