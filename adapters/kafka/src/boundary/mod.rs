//! What is on the wire: frames to exchanges.

mod decoder;
mod label;
mod rewrite;
mod shared;
#[cfg(test)]
mod tests;

pub(crate) use decoder::KafkaDecoder;
pub(crate) use shared::Shared;
