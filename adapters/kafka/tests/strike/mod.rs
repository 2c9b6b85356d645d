//! A scope whose decoders strike exchanges by themselves, as the engine's
//! boundary does with what a decoder offers.

use async_trait::async_trait;
use bytes::BytesMut;
use exactly_adapter::{Addresses, DecodeError, Decoder, Direction, ErrorReply, Scope, Unit};
use exactly_model::Phase;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What is done to an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Answered with an error, not passed on.
    Before,
    /// Applied, and an error in the place of its reply.
    After,
    /// Only a part of it is passed on.
    Part,
}

/// Strikes the first exchange of an operation.
pub struct Striking {
    inner: Arc<dyn Scope>,
    plan: Arc<Plan>,
}

struct Plan {
    operation: String,
    act: Act,
    /// What was said in the broker's name; `None` until it has fired.
    fired: Mutex<Option<String>>,
}

impl Striking {
    pub fn new(inner: &Arc<dyn Scope>, operation: &str, act: Act) -> Self {
        Self {
            inner: Arc::clone(inner),
            plan: Arc::new(Plan {
                operation: operation.into(),
                act,
                fired: Mutex::default(),
            }),
        }
    }

    /// The error that was given, or empty for a part; `None`: it did not fire.
    pub fn fired(&self) -> Option<String> {
        self.plan.fired.lock().unwrap().clone()
    }
}

#[async_trait]
impl Scope for Striking {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        self.inner.placeholders(addresses)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(StrikingDecoder {
            inner: self.inner.decoder(),
            plan: Arc::clone(&self.plan),
            struck: None,
        })
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct StrikingDecoder {
    inner: Box<dyn Decoder>,
    plan: Arc<Plan>,
    /// The exchange whose reply is to be replaced.
    struck: Option<u64>,
}

impl Decoder for StrikingDecoder {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        let Some(unit) = self.inner.next(dir, buf, net)? else {
            return Ok(None);
        };
        Ok(Some(match dir {
            Direction::ToSystem => self.request(unit),
            Direction::ToClient => self.reply(unit),
        }))
    }
}

impl StrikingDecoder {
    fn request(&mut self, mut unit: Unit) -> Unit {
        let Some(head) = &unit.opens else {
            return unit;
        };
        let mut fired = self.plan.fired.lock().unwrap();
        if fired.is_some() || head.operation != self.plan.operation || self.struck.is_some() {
            return unit;
        }
        match self.plan.act {
            Act::Before => {
                let reply = self.inner.error_reply(head.key, Phase::Before);
                let ErrorReply { bytes, error } = reply.expect("a legal error");
                *fired = Some(error);
                return Unit {
                    answer: bytes,
                    ..Unit::default()
                };
            }
            Act::After => self.struck = Some(head.key),
            Act::Part => {
                if let Some(part) = self.inner.part(&unit.forward) {
                    assert!(part.len() < unit.forward.len());
                    *fired = Some(String::new());
                    unit.forward = part;
                }
            }
        }
        unit
    }

    fn reply(&mut self, mut unit: Unit) -> Unit {
        let key = unit.closes.as_ref().map(|reply| reply.key);
        if let Some(key) = key.filter(|key| self.struck == Some(*key)) {
            self.struck = None;
            let reply = self.inner.error_reply(key, Phase::After);
            let ErrorReply { bytes, error } = reply.expect("a legal error");
            *self.plan.fired.lock().unwrap() = Some(error);
            unit.forward = bytes;
        }
        unit
    }
}
