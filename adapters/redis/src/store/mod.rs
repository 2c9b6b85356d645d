//! A small Redis as a pure state machine: a command and a time go in, replies come
//! out, some of them for others than who asked. No sockets, no clock.
//!
//! It knows what the claims and ordinary clients use: pub/sub, streams with groups,
//! strings, lists, hashes, sets, expiry, transactions, eviction. What it says is what
//! Redis 7.0 says, errors included; `tests/differential` asks both. What differs:
//!
//! * Each key's time is the caller's and what its clock is ahead
//!   (`EXACTLY CLOCK prefix ms`), for expiry, ids of entries and idle times.
//! * Memory is an estimate, LRU is exact, and there are four policies.
//! * Active expiry removes a key at the first cycle after its time is over.
//! * No scripts, no sorted sets, no sharded pub/sub, nothing that waits but reads of
//!   streams. Keyspace notifications can be configured, and are not sent.
//! * Everything is bounded ([`Limits`]).

mod client;
mod clocks;
mod commands;
mod glob;
mod keyspace;
mod limits;
mod memory;
mod number;
mod outbox;
mod pubsub;
mod refusal;
mod reply;
mod settings;
mod state;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod transaction;
mod value;
mod waiting;

pub use client::ClientId;
pub use limits::Limits;
pub use outbox::Outbox;
pub use refusal::Refusal;
pub use reply::{Protocol, Reply};
pub use state::Store;
