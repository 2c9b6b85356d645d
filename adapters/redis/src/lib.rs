//! Redis for Exactly: what is on its wire, and a server with a clock that can be moved.

#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "nobody asks yet for all that was handed out, and for the receivers of a publication"
    )
)]
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

pub use embedded::serve_embedded;
pub use system::RedisSystem;

/// Kind of the system, in names, labels and errors.
pub const KIND: &str = "redis";
