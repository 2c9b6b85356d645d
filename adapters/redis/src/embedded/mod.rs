//! The embedded Redis server, in a process of its own, so that its memory is not the
//! harness's.
//!
//! The rules are in `store`, the bytes in `resp`; here are the sockets, the waiting
//! and the time. What Redis does not have:
//!
//! * `EXACTLY CLOCK prefix ms` moves the clocks of all keys whose names start so, also
//!   of those made later. An empty prefix moves all. The answer is what they are ahead
//!   now; `EXACTLY CLOCK prefix` is the same without moving them.
//!
//! What has come whole is done although its client is dead by then, as in Redis, which
//! reads before it finds out. A read that waits ends when its client goes. The send
//! buffer of each socket is small, so that a client that does not read is noticed
//! soon: what waits for it beyond that counts for `client-output-buffer-limit`.

mod connection;
mod server;
mod shared;

use tokio::net::TcpListener;

/// What the line that says the server is ready starts with; the address follows.
pub const READY: &str = "embedded redis ready";
/// Version for the report.
pub const VERSION: &str = concat!("exactly-redis ", env!("CARGO_PKG_VERSION"), " (emulated)");

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
