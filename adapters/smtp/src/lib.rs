//! SMTP for Exactly: what is on its wire, and a server that keeps what it takes.
//!
//! Rooms:
//!
//! * `wire`: lines, commands, replies, contents; strict about where each ends.
//! * `boundary`: the labels of a connection. Commands are Control; the content up to the
//!   final dot is one unit and the one effect, `message`, with the messages that stand
//!   in what it says once it is decoded.
//! * `mailbox`: the sink as a pure state machine, and the mails that it keeps.
//! * `embedded`: the sink on a port ([`serve_embedded`]), with STARTTLS.
//! * `client`: what the harness reads past the boundary: the sink, or a Mailpit.
//! * `reading`: which messages a mail carries.
//! * `errors`: the table reply -> Ok, Fail or Unknown ([`judge_reply`]), and the error
//!   that a boundary may give.
//!
//! ```
//! use exactly_adapter::Adapter;
//!
//! assert_eq!(exactly_smtp::Smtp.kind(), "smtp");
//! ```

mod boundary;
mod client;
mod embedded;
mod errors;
mod instance;
mod mailbox;
mod names;
mod pattern;
mod reading;
mod scope;
mod system;
mod wire;

pub use boundary::decoder;
pub use embedded::{serve_embedded, serve_on};
pub use errors::{judge_lost, judge_reply};
pub use system::Smtp;

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "smtp";

/// The certificate of the authority that STARTTLS of the embedded sink at `host:port` is
/// to be trusted by, in PEM. It is made anew at every start.
pub async fn certificate_of(host: &str, port: u16) -> std::io::Result<String> {
    let pem = client::certificate(host, port).await;
    pem.map_err(std::io::Error::other)
}
