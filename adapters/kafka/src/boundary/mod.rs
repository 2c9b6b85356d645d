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
