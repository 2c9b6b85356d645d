//! Redis for Exactly: what is on its wire, and a server with a clock that can be moved.

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "redis";

pub mod clock;
pub mod embedded;
pub mod resp;
pub mod store;

pub use embedded::serve_embedded;
