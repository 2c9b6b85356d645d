//! SQS for Exactly: what is on its wire, what its queues accepted, and a server
//! with a clock that can be moved.
//!
//! Rooms:
//!
//! * `boundary`: labels of both protocols (AWS JSON 1.0 and the older query
//!   protocol); what receipt handles stand for, and whom an answer takes a message
//!   for.
//! * [`clock`]: moving the clock of an embedded server from outside.
//! * `client`: the harness's own requests. Feeding, auditing by the log or by
//!   consuming, the clock.
//! * [`queue`]: FIFO and standard queues as a pure state machine.
//! * [`protocol`]: bytes to operations and back, for the server.
//! * [`embedded`]: the server ([`serve_embedded`]).
//! * `local`: ElasticMQ from jars on this machine.
//! * `reading`: what a queue has accepted, by whichever way the place allows.
//! * `provision`: the queues of a trial.

mod boundary;
mod client;
pub mod clock;
pub mod embedded;
mod local;
mod names;
pub mod protocol;
mod provision;
pub mod queue;
mod reading;
mod scope;
mod system;

pub use boundary::decoder;
pub use embedded::serve_embedded;
pub use system::SqsSystem;

/// Kind of the system, in names, labels and errors.
pub(crate) const KIND: &str = "sqs";
