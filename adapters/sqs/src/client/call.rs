//! One operation, in AWS JSON 1.0. It is signed where somebody else's server is
//! reached: some look at the signature, and some find the service in it.

use super::sign::Signer;
use super::target::Target;
use bytes::Bytes;
use exactly_adapter::tls::Tunnel;
use exactly_model::Outcome;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long an operation may take; what became of it is unknown beyond that.
const WITHIN: Duration = Duration::from_secs(30);
/// The account in the URLs of queues, where the server has not named another one.
const ACCOUNT: &str = "/000000000000";
/// Bytes of an answer that are read. The log of a queue is the longest.
const ANSWER_MAX: usize = 256 << 20;

/// A server.
#[derive(Clone)]
pub(crate) struct Sqs {
    target: Target,
    /// Where the server is dialled: a tunnel's end, where it speaks TLS.
    dialled: (String, u16),
    /// Held for as long as somebody may dial it.
    _tunnel: Option<Arc<Tunnel>>,
    client: Client<HttpConnector, Full<Bytes>>,
    signer: Option<Signer>,
    learnt: Arc<Learnt>,
}

/// What a server says of itself.
#[derive(Default)]
struct Learnt {
    /// What stands between its address and a queue's name.
    account: OnceLock<String>,
    /// What it calls itself.
    server: OnceLock<String>,
}

/// An operation that was not answered as it should.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The server says no.
    #[error("{status} {code}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Code of the error.
        code: String,
        /// In words.
        message: String,
    },
    /// There was no connection.
    #[error("cannot connect: {0}")]
    NotConnected(String),
    /// There was no answer.
    #[error("no answer: {0}")]
    Lost(String),
}

impl CallError {
    /// What it says of the request. A server error says nothing of how far the
    /// processing had come (SQS API reference, Common error types).
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Refused { status, .. } if *status < 500 => Outcome::Fail,
            Self::NotConnected(_) => Outcome::Fail,
            Self::Refused { .. } | Self::Lost(_) => Outcome::Unknown,
        }
    }
}

impl Sqs {
    /// A server that speaks plainly.
    pub fn new(target: Target) -> Self {
        let dialled = (target.host.clone(), target.port);
        Self::dialled(target, dialled, None, None)
    }

    /// A server of somebody else's. An error says why no TLS was spoken with it.
    pub async fn reach(target: Target, signer: Signer) -> Result<Self, String> {
        if !target.tls {
            let dialled = (target.host.clone(), target.port);
            return Ok(Self::dialled(target, dialled, None, Some(signer)));
        }
        let tunnel = Tunnel::open(&target.host, target.port).await;
        let tunnel = tunnel.map_err(|error| error.to_string())?;
        tunnel.try_out().await?;
        let end = tunnel.address();
        let dialled = (end.ip().to_string(), end.port());
        let tunnel = Some(Arc::new(tunnel));
        Ok(Self::dialled(target, dialled, tunnel, Some(signer)))
    }

    fn dialled(
        target: Target,
        dialled: (String, u16),
        tunnel: Option<Arc<Tunnel>>,
        signer: Option<Signer>,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_secs(5)));
        Self {
            target,
            dialled,
            _tunnel: tunnel,
            client: Client::builder(TokioExecutor::new()).build(connector),
            signer,
            learnt: Arc::default(),
        }
    }

    /// URL of a queue, as the server has it.
    pub fn queue_url(&self, name: &str) -> String {
        self.queue_url_of(&self.target.origin(), name)
    }

    /// URL of a queue, as the server is reached through the boundary at `address`.
    pub fn queue_url_at(&self, address: &str, name: &str) -> String {
        self.queue_url_of(&format!("http://{address}"), name)
    }

    fn queue_url_of(&self, origin: &str, name: &str) -> String {
        let account = self.learnt.account.get().map_or(ACCOUNT, String::as_str);
        format!("{origin}{account}/{name}")
    }

    /// URL of the server.
    pub fn url(&self) -> String {
        format!("{}{}", self.target.origin(), self.target.base)
    }

    /// URL of the server, as it is reached through the boundary at `address`.
    pub fn url_at(&self, address: &str) -> String {
        format!("http://{address}{}", self.target.base)
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Where boundaries lead to.
    pub fn address(&self) -> (String, u16) {
        self.dialled.clone()
    }

    /// The URL of `path` as it is dialled from here.
    fn at(&self, path: &str) -> String {
        let (host, port) = &self.dialled;
        let bare = Target::new(host.clone(), *port);
        format!("{}{path}", bare.origin())
    }

    /// Where its requests are signed for, and with what.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// The URL of a queue that was created tells what stands before its name.
    pub fn learns_account(&self, url: &str) {
        let path = url.split_once("://").map_or(url, |(_, rest)| rest);
        let account = path.find('/').zip(path.rfind('/'));
        if let Some((first, last)) = account {
            // The first answer tells; the others say the same.
            let _ = self.learnt.account.set(path[first..last].into());
        }
    }

    /// What the server calls itself, once it has answered.
    pub fn server(&self) -> Option<&str> {
        self.learnt.server.get().map(String::as_str)
    }

    /// Runs an operation.
    pub async fn call(&self, operation: &str, fields: &Value) -> Result<Value, CallError> {
        let body = serde_json::to_vec(fields).unwrap_or_default();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.at(&format!("{}/", self.target.base)))
            .header("Host", self.target.authority())
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", format!("AmazonSQS.{operation}"))
            .body(())
            .map_err(|error| CallError::NotConnected(error.to_string()))?;
        if let Some(signer) = &self.signer {
            let signed = signer.sign(&mut request, &body);
            signed.map_err(CallError::NotConnected)?;
        }
        let request = request.map(|()| Full::new(Bytes::from(body)));
        let body = self.send(request).await?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body)
            .map_err(|error| CallError::Lost(format!("the answer is no JSON: {error}")))
    }

    /// Asks the embedded server's control: moves its clock, reads its log.
    pub async fn control(
        &self,
        method: Method,
        path: &str,
        fields: Option<&Value>,
    ) -> Result<Bytes, CallError> {
        let body = fields.map(|fields| serde_json::to_vec(fields).unwrap_or_default());
        let request = Request::builder()
            .method(method)
            .uri(self.at(path))
            .header("Content-Type", "application/json")
            .body(Full::new(Bytes::from(body.unwrap_or_default())))
            .map_err(|error| CallError::NotConnected(error.to_string()))?;
        self.send(request).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Bytes, CallError> {
        let answered =
            async {
                let response = self.client.request(request).await.map_err(|error| {
                    match error.is_connect() {
                        true => CallError::NotConnected(error.to_string()),
                        false => CallError::Lost(error.to_string()),
                    }
                })?;
                let status = response.status().as_u16();
                let server = response.headers().get("server");
                if let Some(server) = server.and_then(|server| server.to_str().ok()) {
                    let _ = self.learnt.server.set(server.chars().take(80).collect());
                }
                let body = Limited::new(response.into_body(), ANSWER_MAX);
                let body = body.collect().await;
                let body = body.map_err(|error| CallError::Lost(error.to_string()))?;
                let body = body.to_bytes();
                match status {
                    200..300 => Ok(body),
                    _ => Err(refused(status, &body)),
                }
            };
        let answered = tokio::time::timeout(WITHIN, answered).await;
        answered.unwrap_or_else(|_| Err(CallError::Lost(format!("not within {WITHIN:?}"))))
    }
}

fn refused(status: u16, body: &[u8]) -> CallError {
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let kind = text("__type").unwrap_or_default();
    let message = text("message").or_else(|| text("Message"));
    CallError::Refused {
        status,
        code: kind.rsplit('#').next().unwrap_or(kind).into(),
        message: message.unwrap_or_default().chars().take(300).collect(),
    }
}
