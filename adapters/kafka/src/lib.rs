//! Kafka for Exactly.

mod boundary;
mod client;
mod embedded;
mod errors;
mod provision;
mod scope;
mod system;
#[cfg(test)]
mod testing;
mod wire;

pub use embedded::serve_embedded;
pub use errors::judge_error;
pub use system::Kafka;
