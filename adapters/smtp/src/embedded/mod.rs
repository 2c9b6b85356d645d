//! The sink on a port, in a process of its own.
//!
//! What only the harness asks, on the same port, with the word `XEXACTLY`:
//!
//! * `XEXACTLY MAILS <trial> <from> [<recipient>]`: a line `250-{...}` of JSON for each
//!   mail from that number on, at most so many; the last line is `250 <next>`, the number to ask
//!   from for more, or `250 -` where there are none. A trial is `x7-12`, or `*` for all
//!   mails; a recipient is an address in which `*` stands for anything.
//! * `XEXACTLY COUNT <trial> [<recipient>]`: how many there are, as `250 3`.
//! * `XEXACTLY CONTENT <number>`: `250 <octets>`, and behind it the content as DATA has
//!   it, up to a line that is a dot.
//! * `XEXACTLY FORGET <trial>`: drops the mails of that trial; answers how many.
//! * `XEXACTLY AUTH PLAINTEXT`: credentials are taken without TLS from now on.
//! * `XEXACTLY CERT`: the certificate of the authority that STARTTLS is to be trusted
//!   by, in PEM, one line each.

mod certificate;
mod control;
mod server;
#[cfg(test)]
mod tests;

use crate::mailbox::Limits;
use tokio::net::TcpListener;

/// What the line that says the sink is ready starts with; the address follows.
pub(crate) const READY: &str = "embedded smtp ready";
/// Version for the report.
pub(crate) const VERSION: &str = concat!("exactly-smtp ", env!("CARGO_PKG_VERSION"));

/// Runs the sink on a loopback port (0: a free one) until the process ends. `announce`
/// gets the line that says it is ready, with the address.
pub async fn serve_embedded(port: u16, announce: impl FnOnce(&str)) -> std::io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    announce(&format!("{READY} {}", listener.local_addr()?));
    serve_on(listener).await
}

/// Runs a sink of its own on `listener`, until the future is dropped.
pub async fn serve_on(listener: TcpListener) -> std::io::Result<()> {
    server::run(listener, Limits::default()).await
}

#[cfg(test)]
async fn serve_within(listener: TcpListener, limits: Limits) -> std::io::Result<()> {
    server::run(listener, limits).await
}
