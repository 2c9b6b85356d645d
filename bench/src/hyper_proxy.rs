//! A plain reverse proxy, as one writes it with hyper: what the boundary is compared
//! with. It reads requests and responses, streams their bodies, and knows nothing of
//! what they say.

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running proxy; it ends when this is dropped.
pub struct HyperProxy {
    /// The port to dial.
    pub port: u16,
    task: JoinHandle<()>,
}

impl Drop for HyperProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HyperProxy {
    /// Leads to a port of this machine.
    pub async fn start(to: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let client = client.clone();
                let service = service_fn(move |request| passed_on(client.clone(), request, to));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Ok(Self { port, task })
    }
}

async fn passed_on(
    client: Client<HttpConnector, Incoming>,
    mut request: Request<Incoming>,
    to: u16,
) -> Result<Response<BoxBody<Bytes, hyper::Error>>, Infallible> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let uri = format!("http://127.0.0.1:{to}{path}").parse();
    *request.uri_mut() = uri.unwrap_or_default();
    Ok(match client.request(request).await {
        Ok(response) => response.map(|body| body.boxed()),
        Err(_) => {
            let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    })
}
