//! Redis for Exactly: what is on its wire, and a server with a clock that can be moved.

pub mod resp;

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "redis";
