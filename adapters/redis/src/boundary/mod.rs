//! The decoder: bytes of one connection -> exchanges, and what the connections of a
//! trial know together.

mod command;
mod decoder;
mod entries;
mod label;
mod legal;
mod push;
mod session;
mod shared;
#[cfg(test)]
mod tests;
mod transaction;
mod waiting;

pub(crate) use decoder::RedisDecoder;
pub(crate) use legal::faultable;
pub(crate) use shared::Shared;

use crate::names::Names;

/// What a reply is read against: one trial's corner of the server.
#[derive(Clone, Copy)]
struct Corner<'a> {
    names: &'a Names,
    shared: &'a Shared,
}
