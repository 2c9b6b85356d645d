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
