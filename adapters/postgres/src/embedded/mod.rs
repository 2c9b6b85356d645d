//! The embedded server: real PostgreSQL binaries, fetched once, run by the
//! engine's supervisor in a folder of the run.

mod download;
mod server;
mod user;

pub(crate) use download::at_hand;
pub(crate) use server::start;
