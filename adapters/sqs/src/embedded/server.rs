//! HTTP in front of the state. Headers are bounded by hyper (100 headers, 400 KiB,
//! answered with 431), bodies here.

use super::shared::Shared;
use super::{control, polling};
use crate::protocol::{self, Incoming, Protocol, Reply};
use crate::queue::{Code, Operation, Refusal};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use futures::StreamExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Longest body. The longest request that SQS accepts has 1 MiB of messages, as
/// text of forms and JSON at most some times as long.
pub(super) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
const THROWN_AWAY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long to wait after a connection that could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
const REQUEST_ID: &str = "x-amzn-requestid";
const QUERY_ERROR: &str = "x-amzn-query-error";
const TARGET: &str = "x-amz-target";

pub(super) async fn run(listener: TcpListener) -> std::io::Result<()> {
    let address = listener.local_addr()?.to_string();
    let server = Server {
        shared: Arc::new(Shared::new()),
        address: address.into(),
    };
    let router = Router::new()
        .route("/_exactly/clock", get(control::shown).post(control::clock))
        .route("/_exactly/log", get(control::log))
        .fallback(answer)
        .with_state(server);
    loop {
        let connected = match listener.accept().await {
            Ok((stream, _)) => Peer::of(stream),
            Err(error) => Err(error),
        };
        match connected {
            Ok((stream, peer)) => serve(stream, peer, router.clone()),
            Err(error) => {
                // A client that has gone already, or no file descriptor for now.
                tracing::debug!(%error, "cannot accept");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Serves one connection. `half_close`: hyper would otherwise drop a request that
/// has come whole as soon as its client has shut its side, and what the dead have
/// sent in their last moment would not be done.
fn serve(stream: TcpStream, peer: Peer, router: Router) {
    let router = router.layer(Extension(peer));
    let connection = http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

/// The other side of a connection, watched beside it.
#[derive(Clone)]
pub(super) struct Peer(Arc<TcpStream>);

impl Peer {
    fn of(stream: TcpStream) -> std::io::Result<(TcpStream, Self)> {
        // Small answers go out at once, not when the client has acknowledged the last.
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        let watched = TcpStream::from_std(stream.try_clone()?)?;
        Ok((TcpStream::from_std(stream)?, Self(Arc::new(watched))))
    }

    /// Waits until it has shut its side. What it sends meanwhile is left alone.
    pub async fn gone(&self) {
        let mut next = [0];
        loop {
            match self.0.peek(&mut next).await {
                Ok(0) | Err(_) => return,
                // A pipelined request: it is there, and not to be waited for.
                Ok(_) => tokio::time::sleep(ACCEPT_AGAIN).await,
            }
        }
    }
}

/// What a handler gets.
#[derive(Clone)]
pub(super) struct Server {
    pub shared: Arc<Shared>,
    /// Where it listens: the host of URLs for clients that name none.
    address: Arc<str>,
}

async fn answer(
    State(server): State<Server>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let request_id = server.shared.request_id();
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let host = text(HOST.as_str()).unwrap_or(&server.address).to_string();
    let target = text(TARGET).map(String::from);
    let read = match read(&parts.headers, body).await {
        Ok(body) => {
            let incoming = Incoming {
                target: target.as_deref(),
                path: parts.uri.path(),
                query: parts.uri.query().unwrap_or_default(),
                body: &body,
            };
            protocol::read(&incoming)
        }
        Err(refusal) if target.is_some() => (Protocol::Json, String::new(), Err(refusal)),
        Err(refusal) => (Protocol::Query, String::new(), Err(refusal)),
    };
    let (protocol, action, operation) = read;
    let outcome = match operation {
        Ok(Operation::ReceiveMessage(asked)) => {
            polling::receive(&server.shared, asked, &peer).await
        }
        Ok(operation) => server.shared.apply(&operation),
        Err(refusal) => Err(refusal),
    };
    let reply = protocol::reply(protocol, &action, &outcome, &host, &request_id);
    response(reply, &request_id)
}

/// The body, if it is one that is read: not too long, and not compressed.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let encoding = text(CONTENT_ENCODING).unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return Err(Refusal::new(
            Code::MalformedInput,
            format!("A body with content encoding {encoding} is not read."),
        ));
    }
    let too_long = || {
        Refusal::new(
            Code::RequestEntityTooLarge,
            format!("The request is longer than {BODY_BYTES_MAX} bytes."),
        )
    };
    let mut chunks = body.into_data_stream();
    let (mut read, mut length) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Refusal::new(Code::MalformedInput, error.to_string()))?;
        length += chunk.len();
        if length <= BODY_BYTES_MAX {
            read.extend_from_slice(&chunk);
        } else if length > THROWN_AWAY_BYTES_MAX {
            break;
        } else {
            // What is too long is read and thrown away: a client that is still
            // writing would not see the refusal.
            read.clear();
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(too_long());
    }
    Ok(read.into())
}

fn response(reply: Reply, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    let mut insert = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    insert(REQUEST_ID, request_id);
    if let Some(error) = &reply.query_error {
        insert(QUERY_ERROR, error);
    }
    response
}
