//! HTTP for Exactly: what is on its wire, and a payments service whose charges
//! can be counted.
//!
//! Rooms:
//!
//! * `boundary`: the labels of a connection. A request is its method and the
//!   template of its path (`POST /charges`), with the messages that stand in its
//!   path, headers and body. The framing is `exactly-http1`'s.
//! * `client`: the harness's own requests. Feeding by POST, reading the books.
//! * `payments`: the service that is audited ([`serve_embedded`]): charges by
//!   POST, with idempotency keys or without.
//! * `provision`: the account of a trial.
//! * `errors`: the table status -> Ok, Fail or Unknown ([`judge_status`]), and the
//!   errors that a boundary may give.
//!
//! What a service of the user's own does is on its wire as well, and it is broken
//! in the same way; what it has done is for a command of the user's to read.
//!
//! ```
//! use exactly_adapter::Adapter;
//!
//! assert_eq!(exactly_http::Http.kind(), "http");
//! ```

mod boundary;
mod client;
mod errors;
mod payments;
mod provision;
mod scope;
mod system;

pub use boundary::decoder;
pub use errors::judge_status;
pub use payments::{serve_embedded, serve_on};
pub use system::Http;
