//! The payments service that the harness runs and audits.
//!
//! Why a service of our own: whether a charge was made twice can only be told
//! where charges are kept, and no test account of a real payment provider can
//! be put behind a boundary, be killed and be counted hundreds of times a
//! minute. What it does is the least that such services have in common: a POST
//! makes a charge, an `Idempotency-Key` is ignored or kept.
//!
//! `state` is the whole of it as a pure state machine: no socket, no clock, no
//! randomness. `server` puts it on a port. Many trials share one server, so each
//! path starts with the trial's account, and what only the harness asks stands
//! under `/_exactly/`.
//!
//! A crash of the service loses everything it keeps. It is never killed by a
//! fault, and it ends with the run.

mod account;
mod answer;
mod charging;
mod json;
mod key;
mod route;
mod script;
mod server;
mod state;

pub use server::{serve_embedded, serve_on};

pub(crate) use server::{READY, VERSION};

#[cfg(test)]
mod tests;
