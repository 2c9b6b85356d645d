//! The service on a port.

use super::account::CHARGES_MAX;
use super::answer::Answer;
use super::charging::Charge;
use super::key;
use super::route::Route;
use super::state::{Begun, Payments, Work};
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use axum::http::{Method, Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// What the line that says the service is ready starts with; the address follows.
pub(crate) const READY: &str = "embedded http ready";
/// Version for the report.
pub(crate) const VERSION: &str = concat!("payments service ", env!("CARGO_PKG_VERSION"));

/// Bytes of a body at most: a charge has some hundred.
const BODY_MAX: usize = 64 << 10;
/// How long a body may take to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait after a connection that could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
/// Charges written to the audit at a time.
const LINES_AT_ONCE: usize = 256;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Runs the payments service on a loopback port (0: a free one) until the process ends.
/// `announce` gets the line that says it is ready, with the address.
pub async fn serve_embedded(port: u16, announce: impl FnOnce(&str)) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    announce(&format!("{READY} {}", listener.local_addr()?));
    serve_on(listener).await
}

/// Runs a payments service of its own on `listener`, until the future is dropped.
///
/// Why not `axum::serve`: hyper drops a request that it has read whole, when it
/// finds that the client has shut its side before the handler is done. Then most
/// of what a client sends in its last moment would never be applied, and a pipeline
/// that is killed there would look better than it is. This service does what has
/// come whole, as one with a thread for each request does.
pub async fn serve_on(listener: TcpListener) -> std::io::Result<()> {
    let service = Router::new().fallback(handle).with_state(Shared::default());
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // A client that has gone already, or no file descriptor for now.
                tracing::debug!(%error, "cannot accept");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        // Only the time that an answer takes depends on it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let service = TowerToHyperService::new(service.clone());
        let connection = http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

type Shared = Arc<Mutex<Payments>>;

async fn handle(State(payments): State<Shared>, request: Request<Body>) -> Response<Body> {
    match respond(&payments, request).await {
        Ok(response) => response,
        Err(answer) => rendered(answer),
    }
}

/// Answers a request; an error is an answer, too.
async fn respond(payments: &Shared, request: Request<Body>) -> Result<Response<Body>, Answer> {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let route = Route::of(head.uri.path())
        .ok_or_else(|| Answer::problem(404, "there is no such resource"))?;
    let is_get = head.method == Method::GET || head.method == Method::HEAD;
    let answer = match (route, &head.method) {
        (Route::Audit, _) if is_get => {
            let charges = lock(payments).audit(query)?;
            return Ok(audit(charges));
        }
        (Route::Charges(account), _) if is_get => lock(payments).list(account, query),
        (Route::Charge(account, charge), _) if is_get => lock(payments).get(account, charge),
        (Route::Account(account), _) if is_get => lock(payments).state(account),
        (Route::Account(account), &Method::DELETE) => lock(payments).close(account),
        (Route::Account(account), &Method::PUT) => {
            let body = read_json(&head.headers, body).await?;
            lock(payments).open(account, &body)
        }
        (Route::Script(account), &Method::PUT) => {
            let body = read_json(&head.headers, body).await?;
            lock(payments).script(account, &body)
        }
        (Route::Charges(account), &Method::POST) => {
            let body = read_json(&head.headers, body).await?;
            let lines = head.headers.get_all(IDEMPOTENCY_KEY);
            let key = key::parse(lines.iter().map(HeaderValue::as_bytes));
            let begun = lock(payments).begin(account, &body, key);
            match begun {
                Begun::Answered(answer) => answer,
                Begun::Working(work) => finish(Arc::clone(payments), work).await,
            }
        }
        _ => Answer::problem(405, "the resource has no such method").allow(route.methods()),
    };
    Ok(rendered(answer))
}

/// Does the work that was begun, whether or not the client stays to hear of it:
/// a server finishes what the dead have begun.
async fn finish(payments: Shared, work: Work) -> Answer {
    let takes = Duration::from_millis(work.takes_ms());
    if takes.is_zero() {
        return lock(&payments).finish(work, now_ms());
    }
    let task = tokio::spawn(async move {
        tokio::time::sleep(takes).await;
        lock(&payments).finish(work, now_ms())
    });
    match task.await {
        Ok(answer) => answer,
        Err(_) => Answer::problem(500, "the service is ending"),
    }
}

/// The body of a request that has to be JSON.
async fn read_json(headers: &HeaderMap, body: Body) -> Result<Bytes, Answer> {
    if !is_json(headers) {
        return Err(Answer::problem(415, "the body has to be application/json"));
    }
    let too_long = || Answer::problem(413, "a body has 65536 bytes at most");
    // A length that is said beforehand need not be waited for.
    if body.size_hint().lower() > BODY_MAX as u64 {
        return Err(too_long());
    }
    let whole = Limited::new(body, BODY_MAX).collect();
    match tokio::time::timeout(BODY_WITHIN, whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(_)) => Err(Answer::problem(400, "the body is not whole")),
        Err(_) => Err(Answer::problem(408, "the body did not come in 10 seconds")),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let essence = value.map(|v| v.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// All charges that there were when it was asked for, one line each.
fn audit(charges: Vec<Arc<Charge>>) -> Response<Body> {
    debug_assert!(charges.len() <= CHARGES_MAX);
    let parts: Vec<Vec<Arc<Charge>>> = charges.chunks(LINES_AT_ONCE).map(<[_]>::to_vec).collect();
    let lines = parts.into_iter().map(|part| {
        let lines: String = part.iter().map(|charge| charge.line()).collect();
        Ok::<_, Infallible>(Bytes::from(lines))
    });
    let mut response = Response::new(Body::from_stream(futures::stream::iter(lines)));
    let ndjson = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, ndjson);
    response
}

fn rendered(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(answer.kind.media_type()),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(location) = answer.location.and_then(|l| HeaderValue::try_from(l).ok()) {
        headers.insert(LOCATION, location);
    }
    if let Some(seconds) = answer.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(methods) = answer.allow {
        headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    if answer.replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// A charge's time is shown to people; nothing is judged by it.
fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}

fn lock(payments: &Shared) -> MutexGuard<'_, Payments> {
    payments.lock().unwrap_or_else(PoisonError::into_inner)
}
