//! The decoder against frames that `kafka-protocol` built.

use super::{KafkaDecoder, Shared};
use crate::provision::Names;
use crate::testing::{record_set, request_frame, response_frame, text};
use bytes::{Buf, Bytes, BytesMut};
use exactly_adapter::{
    Addresses, Decoder, Delivered, Direction, ErrorReply, Head, TrialNames, Unit,
};
use exactly_model::{Class, MessageId, Outcome, Phase, Position};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable};
use std::sync::{Arc, Mutex};

mod clients;
mod frames;
mod labels;
mod parts;
mod properties;
mod recorded;
mod refusals;
mod rewrites;
mod transactions;

/// Boundaries on ports from 40000 on, in the order asked for.
#[derive(Default)]
struct Net(Mutex<Vec<(String, u16)>>);

impl Addresses for Net {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        let mut known = self.0.lock().unwrap();
        let entry = (host.to_string(), port);
        let at = known.iter().position(|k| *k == entry).unwrap_or_else(|| {
            known.push(entry);
            known.len() - 1
        });
        Ok(("boundary.test".into(), 40_000 + at as u16))
    }
}

fn shared() -> Arc<Shared> {
    let names = TrialNames { run: 7, trial: 12 };
    Arc::new(Shared::new(Names::new(names)))
}

fn decoder() -> KafkaDecoder {
    KafkaDecoder::new(shared())
}

fn one(decoder: &mut KafkaDecoder, dir: Direction, frame: &Bytes) -> Unit {
    let mut buf = BytesMut::from(&frame[..]);
    let unit = decoder.next(dir, &mut buf, &Net::default()).unwrap();
    assert!(buf.is_empty());
    unit.expect("a whole frame")
}

fn head(decoder: &mut KafkaDecoder, frame: &Bytes) -> Head {
    let unit = one(decoder, Direction::ToSystem, frame);
    assert_eq!(unit.forward, frame, "requests pass unchanged");
    unit.opens.expect("a request opens an exchange")
}

fn id(sequence: u32) -> MessageId {
    MessageId::new(7, 12, sequence).unwrap()
}

fn position(offset: i64) -> Position {
    Position {
        target: "topic.orders".into(),
        partition: 0,
        offset,
    }
}

fn topic(name: &str) -> TopicName {
    TopicName(text(name))
}
