//! The harness's own side: feeding, observing, backlog, provisioning.
//!
//! All of it speaks the protocol by itself over a few long-lived connections: a
//! trial takes some 150 ms, and a full client needs tens of them to find its
//! brokers, its topics and its threads. A send is one request whose reply is
//! judged by the error table, with no retry in between that would blur it.

mod admin;
mod backlog;
mod call;
mod cluster;
mod compressed;
mod connection;
mod feed;
mod log;
mod markers;
mod observe;
mod partition;
mod patience;
#[cfg(test)]
mod tests;

pub(crate) use admin::{NewTopic, TopicError};
pub(crate) use backlog::Backlog;
pub(crate) use call::{CallError, UNKNOWN_TOPIC};
pub(crate) use cluster::{Cluster, ConnectError, Coordinated, text};
pub(crate) use connection::Broker;
pub(crate) use feed::Feed;
pub(crate) use log::Isolation;
pub(crate) use observe::{Observed, ReadError, ViewEnds};
pub(crate) use patience::{BROKER_IS_GONE, BROKERS_COME_BACK, Patience};
