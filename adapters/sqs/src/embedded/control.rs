//! What only the harness asks: to move the clock, and what was accepted.

use super::server::{Server, read};
use crate::protocol::{decoded, log_lines};
use crate::queue::Refusal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    prefix: String,
    advance_ms: u64,
}

pub(super) async fn clock(State(server): State<Server>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = match read(&parts.headers, body).await {
        Ok(body) => body,
        Err(refusal) => return refused(&refusal),
    };
    let advance: Advance = match serde_json::from_slice(&body) {
        Ok(advance) => advance,
        Err(error) => {
            let why = format!("not {{\"prefix\": \"...\", \"advance_ms\": 1}}: {error}\n");
            return said(StatusCode::BAD_REQUEST, "text/plain", why);
        }
    };
    match server.shared.advance(&advance.prefix, advance.advance_ms) {
        Ok(ahead_ms) => ahead(ahead_ms),
        Err(refusal) => refused(&refusal),
    }
}

/// The clock of the queues whose names start as the query says; of all without it.
pub(super) async fn shown(State(server): State<Server>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let prefix = pairs.find(|(name, _)| *name == "prefix");
    let prefix = prefix.and_then(|(_, prefix)| decoded(prefix).ok());
    ahead(server.shared.ahead_ms(&prefix.unwrap_or_default()))
}

fn ahead(ahead_ms: u64) -> Response<Body> {
    let body = format!("{{\"ahead_ms\": {ahead_ms}}}\n");
    said(StatusCode::OK, "application/json", body)
}

pub(super) async fn log(State(server): State<Server>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, queue)) = pairs.find(|(name, _)| *name == "queue") else {
        let why = "name the queue: /_exactly/log?queue=NAME\n";
        return said(StatusCode::BAD_REQUEST, "text/plain", why.into());
    };
    let queue = decoded(queue).unwrap_or_default();
    match server.shared.log(&queue) {
        Ok(log) => said(StatusCode::OK, "application/x-ndjson", log_lines(&log)),
        Err(_) => {
            let why = format!("there is no queue {queue:?} here\n");
            said(StatusCode::NOT_FOUND, "text/plain", why)
        }
    }
}

fn refused(refusal: &Refusal) -> Response<Body> {
    let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    said(status, "text/plain", format!("{}\n", refusal.message))
}

fn said(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
