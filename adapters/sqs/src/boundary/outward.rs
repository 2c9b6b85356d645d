//! What a server of somebody else's is to get: requests that name it and are signed for
//! it, with the harness's credentials. And what its clients get: URLs of queues that
//! lead through the boundary.

use crate::client::{Signer, Target};
use bytes::Bytes;
use exactly_http1::{Request, Response, percent_decode};
use serde_json::Value;

/// Operations whose answers have URLs of queues in them.
const ANSWERS_URLS: [&str; 4] = [
    "CreateQueue",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListQueues",
];
/// The headers that a signature is made over, beside the host.
const SIGNED: [&str; 2] = ["content-type", "x-amz-target"];
/// The headers that say who signed, and when.
const SIGNATURE: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// The way out, to a server of somebody else's.
#[derive(Clone)]
pub(crate) struct Outward {
    target: Target,
    signer: Signer,
}

impl Outward {
    pub fn new(target: Target, signer: Signer) -> Self {
        Self { target, signer }
    }

    /// The request with this body as the server is to get it; `None` where nothing can
    /// be signed: then the server says what is wrong with it.
    pub fn request(&self, request: &Request, body: &[u8]) -> Option<Bytes> {
        let authority = self.target.authority();
        let addressed = match request.headers.get("x-amz-target") {
            Some(_) => self.json(body),
            None => self.form(body),
        };
        let body = addressed.as_deref().unwrap_or(body);
        let url = format!("{}{}", self.target.origin(), request.target);
        let mut signed = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(url)
            .header("host", &authority);
        for name in SIGNED {
            if let Some(value) = request.headers.get(name) {
                signed = signed.header(name, value);
            }
        }
        let mut signed = signed.body(()).ok()?;
        self.signer.sign(&mut signed, body).ok()?;
        let signature = SIGNATURE.map(|name| {
            let value = signed.headers().get(name);
            (name, value.and_then(|value| value.to_str().ok()))
        });
        let mut lines = vec![("Host", Some(authority.as_str()))];
        lines.extend(signature);
        // Some sign the body by itself too.
        lines.push(("x-amz-content-sha256", None));
        Some(request.with(&lines, body))
    }

    fn json(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut fields: Value = serde_json::from_slice(body).ok()?;
        let url = fields.get_mut("QueueUrl")?;
        *url = self.queue_url(url.as_str()?)?.into();
        serde_json::to_vec(&fields).ok()
    }

    fn form(&self, body: &[u8]) -> Option<Vec<u8>> {
        let body = std::str::from_utf8(body).ok()?;
        let pairs = body.split('&').map(|pair| {
            let url = pair.strip_prefix("QueueUrl=");
            let url = url.and_then(|url| self.queue_url(&percent_decode(url)?));
            url.map_or_else(
                || pair.to_string(),
                |url| format!("QueueUrl={}", escaped(&url)),
            )
        });
        Some(pairs.collect::<Vec<_>>().join("&").into_bytes())
    }

    /// A queue's URL at the server, whatever its URL was for the client.
    fn queue_url(&self, url: &str) -> Option<String> {
        let (_, rest) = url.split_once("://")?;
        let (_, path) = rest.split_once('/')?;
        Some(format!("{}/{path}", self.target.origin()))
    }

    /// The body of an answer, with URLs that lead to `host`, which the client dialled.
    pub fn answer(&self, operation: &str, response: &Response, host: &str) -> Option<Bytes> {
        if !ANSWERS_URLS.contains(&operation) || host.is_empty() {
            return None;
        }
        let body = std::str::from_utf8(&response.body).ok()?;
        let origin = format!("{}/", self.target.origin());
        let here = body.contains(&origin);
        here.then(|| body.replace(&origin, &format!("http://{host}/")).into())
    }
}

/// A field of a form: what is no letter, digit or one of `-_.~` is escaped (RFC 3986,
/// 2.3).
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outward(url: &str) -> Outward {
        Outward::new(Target::parse(url).unwrap(), Signer::dummy())
    }

    fn request(head: &str, body: &str) -> Request {
        let message = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        Request::parse(message.as_bytes()).unwrap().unwrap()
    }

    const JSON: &str = "POST / HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nAuthorization: AWS4-HMAC-SHA256 \
                        Credential=client\r\nX-Amz-Security-Token: theirs\r\nX-Amz-Date: \
                        20200101T000000Z\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nAccept: x";

    #[test]
    fn a_request_names_the_server_and_is_signed_for_it_alone() {
        let aws = outward("https://sqs.eu-west-1.amazonaws.com");
        let body =
            r#"{"MessageBody":"http://127.0.0.1:4000/1/q","QueueUrl":"http://127.0.0.1:4000/1/q"}"#;
        let sent = aws.request(&request(JSON, body), body.as_bytes()).unwrap();
        let sent = Request::parse(&sent).unwrap().unwrap();
        assert_eq!(
            sent.body,
            r#"{"MessageBody":"http://127.0.0.1:4000/1/q","QueueUrl":"https://sqs.eu-west-1.amazonaws.com/1/q"}"#
        );
        let headers = |name| sent.headers.all(name).collect::<Vec<_>>();
        assert_eq!(headers("host"), [b"sqs.eu-west-1.amazonaws.com"]);
        assert_eq!(headers("x-amz-security-token"), [b""; 0]);
        assert_eq!(headers("accept"), [b"x"]);
        let authorization = sent.headers.get("authorization").unwrap();
        assert!(
            authorization.contains("Credential=exactly/"),
            "{authorization}"
        );
        assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-target"));
        assert_eq!(headers("x-amz-date").len(), 1);
        // A part of a batch is signed anew, and addressed as before.
        let again = aws.request(&sent, &sent.body).unwrap();
        let again = Request::parse(&again).unwrap().unwrap();
        assert_eq!(
            (&again.body, again.headers.len()),
            (&sent.body, sent.headers.len())
        );
    }

    #[test]
    fn the_query_protocol_has_its_url_in_a_form() {
        let there = outward("http://sqs.local:9324");
        let body =
            "Action=SendMessage&QueueUrl=http%3A%2F%2F127.0.0.1%3A4000%2F1%2Fq&MessageBody=a%26b";
        let head = "POST /1/q HTTP/1.1\r\nHost: 127.0.0.1:4000";
        let sent = there
            .request(&request(head, body), body.as_bytes())
            .unwrap();
        let sent = Request::parse(&sent).unwrap().unwrap();
        assert_eq!(
            sent.body,
            "Action=SendMessage&QueueUrl=http%3A%2F%2Fsqs.local%3A9324%2F1%2Fq&MessageBody=a%26b"
        );
        assert_eq!(sent.target, "/1/q");
    }

    #[test]
    fn clients_get_urls_that_lead_through_the_boundary() {
        let aws = outward("https://sqs.eu-west-1.amazonaws.com");
        let body = r#"{"QueueUrls":["https://sqs.eu-west-1.amazonaws.com/1/a","https://sqs.eu-west-1.amazonaws.com/1/b"]}"#;
        let message = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let response = Response::parse(message.as_bytes()).unwrap().unwrap();
        assert_eq!(
            aws.answer("ListQueues", &response, "127.0.0.1:4000")
                .unwrap(),
            r#"{"QueueUrls":["http://127.0.0.1:4000/1/a","http://127.0.0.1:4000/1/b"]}"#
        );
        // What a message says is its sender's.
        assert_eq!(
            aws.answer("ReceiveMessage", &response, "127.0.0.1:4000"),
            None
        );
    }
}
