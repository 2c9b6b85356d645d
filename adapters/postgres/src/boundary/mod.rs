//! The decoder: bytes of one connection -> exchanges, by the frontend/backend
//! protocol version 3 (manual, "Frontend/Backend Protocol").

mod backend;
mod cursor;
mod decoder;
mod frame;
mod frontend;
mod ids;
mod names;
mod parse;
mod session;
mod sql;
#[cfg(test)]
mod tests;

pub(crate) use decoder::PgDecoder;

use exactly_adapter::{Decoder, TrialNames};

/// A decoder for one connection of a trial, with no server behind it: it reads bytes
/// that come from elsewhere.
pub fn decoder(names: TrialNames) -> Box<dyn Decoder> {
    Box::new(PgDecoder::new(names))
}
