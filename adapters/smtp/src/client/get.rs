//! One GET on one connection.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::header::{ACCEPT_ENCODING, CONNECTION, HOST};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(10);
/// Octets of a body: more than any mail has.
const BODY_MAX: usize = 64 << 20;

/// The body of what `path` is answered with, if that is 200.
pub(super) async fn get(authority: &str, path: &str) -> Result<Bytes, String> {
    let got = timeout(WITHIN, exchange(authority, path));
    got.await
        .unwrap_or_else(|_| Err(format!("no answer within {WITHIN:?}")))
}

async fn exchange(authority: &str, path: &str) -> Result<Bytes, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let stream = TcpStream::connect(authority).await.map_err(|e| said(&e))?;
    let shaken = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|e| said(&e))?;
    let request = Request::get(path)
        .header(HOST, authority)
        .header(CONNECTION, "close")
        .header(ACCEPT_ENCODING, "identity")
        .body(Empty::<Bytes>::new())
        .map_err(|e| said(&e))?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(|e| said(&e))?;
        match response.status().as_u16() {
            200 => {}
            status => return Err(format!("{path} is answered with {status}")),
        }
        let body = Limited::new(response.into_body(), BODY_MAX).collect().await;
        Ok(body.map_err(|e| said(&e))?.to_bytes())
    };
    // The connection ends with the answer, and with this future.
    let driven = async {
        let _ = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answered = answered => answered,
        never = driven => never,
    }
}
