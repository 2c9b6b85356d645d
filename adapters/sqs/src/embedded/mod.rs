//! The embedded SQS server, in a process of its own, so that its memory is not the
//! harness's.
//!
//! The rules are in `queue`, the bytes in `protocol`; here are the socket, the
//! waiting and the time. What AWS does not have:
//!
//! * `POST /_exactly/clock` with `{"prefix": "x7-12-", "advance_ms": 300000}` moves
//!   the clocks of all queues whose names start so, also of those created later. An
//!   empty prefix moves all. The answer is what they are ahead now, as in
//!   `{"ahead_ms": 300000}`; `GET /_exactly/clock?prefix=x7-12-` is the same without
//!   moving them.
//! * `GET /_exactly/log?queue=NAME` is the audit log of a queue, a line of JSON per
//!   message that it accepted (`protocol::log_lines`).
//!
//! What it does otherwise than AWS: a move task ends at once, there are no
//! permissions, no encryption and no throttling, a receive sees all messages at
//! once, and everything is bounded and in memory (`queue::Limits`). Requests need
//! no signature.

mod control;
mod polling;
mod server;
mod shared;

use tokio::net::TcpListener;

/// What the line that says the server is ready starts with; the address follows.
pub const READY: &str = "embedded sqs ready";
/// Version for the report.
pub const VERSION: &str = concat!("exactly-sqs ", env!("CARGO_PKG_VERSION"), " (emulated)");

/// Runs the embedded server on a loopback port (0: a free one) until the process
/// ends. `announce` gets the line that says it is ready, with the address.
pub async fn serve_embedded(port: u16, announce: impl FnOnce(&str)) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    announce(&format!("{READY} {}", listener.local_addr()?));
    serve_on(listener).await
}

/// Runs the embedded server on a listener until the process ends.
pub async fn serve_on(listener: TcpListener) -> std::io::Result<()> {
    server::run(listener).await
}
