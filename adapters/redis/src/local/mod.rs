//! Place `local`: the `redis-server` of this machine.
//!
//! One process that the host starts. It listens on loopback and keeps its data in the
//! run's folder, where it finds them when it is started again. It can be killed,
//! stopped, paused and started ([`exactly_adapter::Control`]). What is kept is what
//! Redis keeps by itself: a snapshot when it is stopped by SIGTERM, and none when it is
//! killed.

mod config;

pub(crate) use config::PUBSUB_LIMIT;
mod server;

pub(crate) use server::Local;
