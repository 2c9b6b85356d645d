//! What an SQS conversation says: the labeller of one connection, and what the
//! connections of a trial know together.

mod call;
mod labeller;
mod legal;
mod outward;
mod shared;
#[cfg(test)]
mod tests;

pub(crate) use labeller::SqsLabeller;
pub(crate) use legal::legal;
pub(crate) use outward::Outward;
pub(crate) use shared::Shared;

use crate::names::Names;
use exactly_adapter::{Decoder, TrialNames};
use exactly_http1::HttpDecoder;
use exactly_model::Queue;
use std::sync::Arc;

/// A decoder for one connection of a trial with these queues, with no server behind it:
/// it reads bytes that come from elsewhere.
pub fn decoder(names: TrialNames, queues: &[Queue]) -> Box<dyn Decoder> {
    let shared = Arc::new(Shared::new(Names::new(names, "", queues)));
    Box::new(HttpDecoder::new(SqsLabeller::new(shared, None)))
}
