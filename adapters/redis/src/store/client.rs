//! What the server knows of a connection.

use super::outbox::Outbox;
use super::reply::Protocol;
use super::waiting::Reading;
use bytes::Bytes;
use std::collections::BTreeSet;

/// A connection's number, counted from 1. None is used twice.
pub type ClientId = u64;

#[derive(Debug)]
pub(super) struct Client {
    pub address: String,
    pub name: Bytes,
    pub library: (Bytes, Bytes),
    pub db: usize,
    pub protocol: Protocol,
    pub channels: BTreeSet<Bytes>,
    pub patterns: BTreeSet<Bytes>,
    pub transaction: Option<Transaction>,
    pub watched: BTreeSet<(usize, Bytes)>,
    /// Something that it watches was modified.
    pub is_stale: bool,
    pub reading: Option<Reading>,
    pub outbox: Outbox,
    /// What waits is written, and nothing else is read.
    pub is_closing: bool,
    /// It is hung up on, whatever waits.
    pub is_cut: bool,
    /// It is among those that have something to be written.
    pub is_awakened: bool,
    pub connected_ms: u64,
    pub last_ms: u64,
    pub last_command: &'static str,
}

/// Commands between `MULTI` and `EXEC`.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub commands: Vec<Vec<Bytes>>,
    pub bytes: usize,
    /// One of them was refused.
    pub is_broken: bool,
}

impl Client {
    pub fn new(address: String, now_ms: u64) -> Self {
        Self {
            address,
            name: Bytes::new(),
            library: (Bytes::new(), Bytes::new()),
            db: 0,
            protocol: Protocol::Two,
            channels: BTreeSet::new(),
            patterns: BTreeSet::new(),
            transaction: None,
            watched: BTreeSet::new(),
            is_stale: false,
            reading: None,
            outbox: Outbox::default(),
            is_closing: false,
            is_cut: false,
            is_awakened: false,
            connected_ms: now_ms,
            last_ms: now_ms,
            last_command: "NULL",
        }
    }

    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// In RESP2 a connection that has subscribed takes nothing else.
    pub fn is_subscriber(&self) -> bool {
        self.subscriptions() > 0
    }
}
