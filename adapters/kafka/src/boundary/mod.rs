//! What is on the wire: frames to exchanges.

mod cut;
mod decoder;
mod frame;
mod label;
mod refusal;
mod rewrite;
mod shared;
mod splices;
#[cfg(test)]
mod tests;
mod transactions;

pub(crate) use decoder::KafkaDecoder;
pub(crate) use shared::Shared;

use crate::provision::Names;
use exactly_adapter::{Decoder, TrialNames};
use std::sync::Arc;

/// A decoder for one connection of a trial, with no broker behind it: it reads bytes
/// that come from elsewhere.
pub fn decoder(names: TrialNames) -> Box<dyn Decoder> {
    Box::new(KafkaDecoder::new(Arc::new(Shared::new(Names::new(names)))))
}
