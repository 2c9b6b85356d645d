//! Place `local`: real Apache Kafka in KRaft mode, from jars on this machine.
//!
//! Each node is broker and controller at once, a JVM of its own that the host
//! starts; it listens on loopback and keeps its data in the run's folder. The
//! nodes can be killed, stopped, paused and started again
//! ([`exactly_adapter::Control`]).

mod cluster;
mod config;
mod health;
mod jars;
mod node;
mod seen;

pub(crate) use cluster::Local;
pub(crate) use config::SESSION_TIMEOUT_MS;
