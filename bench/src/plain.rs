//! Plain copying before a Kafka broker.
//!
//! A broker names its own address in its replies. A proxy that only copies
//! would lose its client after the first of them, so addresses are decoded
//! until the first Produce, and nothing is from there on.

use async_trait::async_trait;
use bytes::BytesMut;
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, Scope, Unit};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Decodes until the first Produce, and counts what it copies then.
pub struct PlainScope {
    /// Whose decoder reads the addresses.
    pub scope: Arc<dyn Scope>,
    /// Bytes copied towards the broker.
    pub copied: Arc<AtomicU64>,
}

#[async_trait]
impl Scope for PlainScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        self.scope.placeholders(addresses)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Plain {
            decoder: self.scope.decoder(),
            copied: self.copied.clone(),
            producing: false,
        })
    }

    async fn close(&self) {
        self.scope.close().await;
    }
}

struct Plain {
    decoder: Box<dyn Decoder>,
    copied: Arc<AtomicU64>,
    producing: bool,
}

impl Decoder for Plain {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        const PRODUCE: [u8; 2] = [0, 0];
        if dir == Direction::ToSystem && buf.len() >= 6 && buf[4..6] == PRODUCE {
            self.producing = true;
        }
        if !self.producing {
            return self.decoder.next(dir, buf, net);
        }
        if buf.is_empty() {
            return Ok(None);
        }
        if dir == Direction::ToSystem {
            self.copied.fetch_add(buf.len() as u64, Ordering::Relaxed);
        }
        Ok(Some(Unit::pass(buf.split().freeze())))
    }
}
