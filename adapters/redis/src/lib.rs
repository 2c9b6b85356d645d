//! Redis for Exactly: what is on its wire, and a server with a clock that can be moved.
//!
//! Rooms:
//!
//! * `boundary`: labels by command and key; pushed messages; what was handed out.
//! * `client`: the harness's own requests. Feeding, observing, what is left to do.
//! * [`clock`]: moving the clock of an embedded server from outside.
//! * [`embedded`]: the server ([`serve_embedded`]).
//! * `local`: `redis-server` of this machine.
//! * [`resp`]: RESP2 and RESP3 by bounded cursors.
//! * [`store`]: pub/sub, streams and keys as a pure state machine.

mod boundary;
mod client;
pub mod clock;
pub mod embedded;
mod errors;
mod instance;
mod local;
mod names;
mod outcome;
mod provision;
mod reach;
pub mod resp;
mod scope;
mod sink;
pub mod store;
mod system;
mod target;

pub use boundary::decoder;
pub use embedded::serve_embedded;
pub use system::RedisSystem;

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "redis";
