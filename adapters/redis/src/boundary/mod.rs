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

use crate::names::Names;
use exactly_adapter::{Decoder, TrialNames};
use exactly_model::{Setup, Stream};
use std::sync::Arc;

pub(crate) use decoder::RedisDecoder;
pub(crate) use legal::faultable;
pub(crate) use shared::Shared;

/// What a reply is read against: one trial's corner of the server.
#[derive(Clone, Copy)]
struct Corner<'a> {
    names: &'a Names,
    shared: &'a Shared,
}

/// A decoder for one connection of a trial with a stream `orders` and a channel `news`,
/// with no server behind it: it reads bytes that come from elsewhere.
pub fn decoder(names: TrialNames) -> Box<dyn Decoder> {
    let setup = Setup {
        streams: vec![Stream {
            name: "orders".into(),
            max_len: None,
        }],
        channels: vec!["news".into()],
        ..Setup::default()
    };
    let names = Arc::new(Names::new(names, "", &setup));
    Box::new(RedisDecoder::new(names, Arc::default()))
}
