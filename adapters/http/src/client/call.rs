//! One request on one connection.
//!
//! Why no connection is kept: what a client sends on a connection that the
//! server is just closing may or may not have been read, and each such message
//! would be neither fed nor failed.

use super::target::Target;
use crate::errors::judge_io;
use bytes::Bytes;
use exactly_adapter::Judged;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::io::{Error, ErrorKind};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a service may take to answer; beyond it what became of the request is
/// unknown.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of an answer's body that are read where it is not streamed.
const BODY_MAX: usize = 64 << 10;

/// A request that ended without a response.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {error}")]
pub(crate) struct CallError {
    what: &'static str,
    error: Error,
    /// What it says of the request.
    pub judged: Judged,
}

impl CallError {
    fn connecting(error: Error) -> Self {
        Self {
            what: "cannot connect",
            judged: judge_io(error.kind(), false),
            error,
        }
    }

    fn lost(what: &'static str, error: Error) -> Self {
        Self {
            what,
            judged: judge_io(error.kind(), true),
            error,
        }
    }
}

/// A response that has come, with the start of its body.
#[derive(Debug)]
pub(crate) struct Ended {
    pub status: u16,
    pub body: Bytes,
}

impl Ended {
    /// What the answer says in words: a problem's detail (RFC 9457), or nothing.
    pub fn detail(&self) -> Option<String> {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        let detail = problem.get("detail").or_else(|| problem.get("title"))?;
        Some(detail.as_str()?.chars().take(200).collect())
    }
}

/// Sends a request whose body is JSON, or has none, and reads the answer.
pub(crate) async fn call(
    target: &Target,
    method: Method,
    path: &str,
    json: Option<Bytes>,
) -> Result<Ended, CallError> {
    let (response, connection) = open(target, method, path, json).await?;
    let status = response.status().as_u16();
    // The status has come, and is what counts: a body that breaks off changes
    // nothing.
    let body = timeout(ANSWER_WITHIN, start_of(response.into_body())).await;
    drop(connection);
    Ok(Ended {
        status,
        body: body.unwrap_or_default(),
    })
}

/// Sends a request and answers the response's head; its body is still to be read,
/// while `Connection` is kept.
pub(crate) async fn open(
    target: &Target,
    method: Method,
    path: &str,
    json: Option<Bytes>,
) -> Result<(Response<Incoming>, Connection), CallError> {
    let timed_out = || Error::from(ErrorKind::TimedOut);
    let stream = timeout(CONNECT_WITHIN, TcpStream::connect(target.dialled()))
        .await
        .unwrap_or_else(|_| Err(timed_out()))
        .map_err(CallError::connecting)?;
    let request = request(target, method, path, json).map_err(CallError::connecting)?;
    let sent = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::other)?;
        let connection = Connection(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the harness ended");
            }
        }));
        let response = sender.send_request(request).await.map_err(Error::other)?;
        Ok((response, connection))
    };
    timeout(ANSWER_WITHIN, sent)
        .await
        .unwrap_or_else(|_| Err(timed_out()))
        .map_err(|error| CallError::lost("no answer", error))
}

/// A connection; it ends when this is dropped.
pub(crate) struct Connection(tokio::task::JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn request(
    target: &Target,
    method: Method,
    path: &str,
    json: Option<Bytes>,
) -> Result<Request<Full<Bytes>>, Error> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", target.base))
        .header(HOST, target.authority())
        .header(CONNECTION, "close");
    if json.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = Full::new(json.unwrap_or_default());
    request
        .body(body)
        .map_err(|error| Error::new(ErrorKind::InvalidInput, error))
}

async fn start_of(mut body: Incoming) -> Bytes {
    let mut start = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            start.extend_from_slice(&data[..data.len().min(BODY_MAX - start.len())]);
        }
        if start.len() == BODY_MAX {
            break;
        }
    }
    start.into()
}
