//! Frames of one connection, both ways.

use super::label::{FetchOffsets, Labelled, label, plain};
use super::refusal::{self, Shape};
use super::rewrite::{self, RewriteError};
use super::{Shared, cut, frame};
use crate::errors;
use crate::wire::{Cursor, FRAME_BYTES_MAX, Malformed, Read, api, outcome, records, response};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{
    Addresses, DecodeError, Decoder, Delivered, Direction, ErrorReply, Head, Reply, Unit,
};
use exactly_model::{Class, Outcome, Phase};
use kafka_protocol::messages::ApiKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Requests in flight on one connection at most. Clients keep to 5 (Java) or
/// 1 000 000 (librdkafka's setting, never reached); a broker reads on only when
/// it has answered.
const IN_FLIGHT_MAX: usize = 65_536;

/// A request that waits for its reply.
#[derive(Debug)]
struct Pending {
    key: u64,
    /// `None` for an API that is not known.
    api: Option<ApiKey>,
    version: i16,
    group: Option<String>,
    /// What an error in the place of its reply has to name.
    shape: Option<Shape>,
}

impl Pending {
    fn error_reply(&self, when: Phase) -> Option<ErrorReply> {
        let call = (self.api?, self.version);
        // The lower half of a key is the correlation id.
        let correlation = self.key as u32 as i32;
        refusal::error_reply(call, correlation, self.shape.as_ref()?, when)
    }
}

/// Decoder of one connection.
///
/// A reply is paired with its request by correlation id. Ids normally grow; a
/// client that starts again from below opens a new generation, so that no key
/// is used twice.
#[derive(Debug)]
pub(crate) struct KafkaDecoder {
    shared: Arc<Shared>,
    pending: BTreeMap<i32, Pending>,
    /// The request whose reply was taken last.
    answered: Option<Pending>,
    fetches: FetchOffsets,
    last_correlation: Option<i32>,
    generation: u32,
    decoded: [u64; 2],
}

/// Why bytes could not be decoded.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("a frame of {0} bytes; the limit is {FRAME_BYTES_MAX}")]
    Length(i32),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("correlation id {0} is in flight twice")]
    Twice(i32),
    #[error("more than {IN_FLIGHT_MAX} requests in flight")]
    TooMany,
    #[error("a reply to correlation id {0}, which was not asked")]
    NotAsked(i32),
    #[error("{api} v{version}: {why}")]
    Rewrite {
        api: String,
        version: i16,
        why: RewriteError,
    },
}

impl Decoder for KafkaDecoder {
    fn next(
        &mut self,
        dir: Direction,
        buf: &mut BytesMut,
        net: &dyn Addresses,
    ) -> Result<Option<Unit>, DecodeError> {
        let side = dir as usize;
        let refuse = |refusal: Refusal, after: u64| DecodeError {
            protocol: "kafka",
            what: refusal.to_string(),
            after,
        };
        let whole = frame::whole(buf)
            .map_err(|length| refuse(Refusal::Length(length), self.decoded[side]))?;
        let Some(whole) = whole else {
            return Ok(None);
        };
        // Looked at before it is taken: what cannot be decoded stays in the
        // buffer, to be passed on as it is.
        let decoded = match dir {
            Direction::ToSystem => self.request(&buf[..whole]).map(|opens| Unit {
                opens: Some(opens),
                ..Unit::default()
            }),
            Direction::ToClient => self.reply(&buf[..whole], net),
        };
        let mut unit = decoded.map_err(|refusal| refuse(refusal, self.decoded[side]))?;
        let frame = buf.split_to(whole).freeze();
        if unit.forward.is_empty() {
            unit.forward = frame;
        }
        self.decoded[side] += whole as u64;
        Ok(Some(unit))
    }

    fn error_reply(&mut self, key: u64, when: Phase) -> Option<ErrorReply> {
        match when {
            Phase::Before => {
                let correlation = key as u32 as i32;
                let pending = self.pending.get(&correlation);
                let reply = pending.filter(|p| p.key == key)?.error_reply(when)?;
                self.pending.remove(&correlation);
                Some(reply)
            }
            Phase::After => {
                let answered = self.answered.as_ref().filter(|p| p.key == key)?;
                answered.error_reply(when)
            }
        }
    }

    fn awaited(&self) -> usize {
        self.pending.len()
    }

    fn part(&mut self, request: &Bytes) -> Option<Bytes> {
        cut::first_half(request)
    }
}

impl KafkaDecoder {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            pending: BTreeMap::new(),
            answered: None,
            fetches: FetchOffsets::new(),
            last_correlation: None,
            generation: 0,
            decoded: [0; 2],
        }
    }

    fn request(&mut self, frame: &[u8]) -> Result<Head, Refusal> {
        let request = frame::request(frame)?;
        let api = request.body.as_ref().map(|(api, _)| *api);
        let mut labelled = match request.body {
            Some((api, mut body)) => label(
                api,
                request.version,
                &mut body,
                &self.shared,
                &mut self.fetches,
            )?,
            // Newer than this crate: passed on, with its number as label.
            None => Labelled {
                head: plain(format!("Api{}", request.number), Class::Control),
                group: None,
                shape: None,
            },
        };
        labelled.head.key = self.key(request.correlation);
        if labelled.head.expects_reply {
            let pending = Pending {
                key: labelled.head.key,
                api,
                version: request.version,
                group: labelled.group,
                shape: labelled.shape,
            };
            self.expect(request.correlation, pending)?;
        }
        Ok(labelled.head)
    }

    fn key(&mut self, correlation: i32) -> u64 {
        if self
            .last_correlation
            .is_some_and(|last| correlation <= last)
        {
            self.generation = self.generation.wrapping_add(1);
        }
        self.last_correlation = Some(correlation);
        (u64::from(self.generation) << 32) | u64::from(correlation as u32)
    }

    fn expect(&mut self, correlation: i32, pending: Pending) -> Result<(), Refusal> {
        if self.pending.contains_key(&correlation) {
            return Err(Refusal::Twice(correlation));
        }
        if self.pending.len() >= IN_FLIGHT_MAX {
            return Err(Refusal::TooMany);
        }
        self.pending.insert(correlation, pending);
        Ok(())
    }

    fn reply(&mut self, frame: &[u8], net: &dyn Addresses) -> Result<Unit, Refusal> {
        let (correlation, cursor) = frame::response(frame)?;
        let pending = self
            .pending
            .remove(&correlation)
            .ok_or(Refusal::NotAsked(correlation))?;
        let unit = self.answer(frame, &pending, cursor, net);
        self.answered = Some(pending);
        unit
    }

    fn answer(
        &self,
        frame: &[u8],
        pending: &Pending,
        mut cursor: Cursor<'_>,
        net: &dyn Addresses,
    ) -> Result<Unit, Refusal> {
        let mut unit = Unit {
            closes: Some(Reply {
                key: pending.key,
                outcome: Outcome::Ok,
                error: None,
                fenced: false,
                duplicate_of: Vec::new(),
                idle: false,
            }),
            ..Unit::default()
        };
        let Some(api) = pending.api else {
            return Ok(unit);
        };
        cursor.set_flexible(api::response_header_is_flexible(api, pending.version));
        cursor.tags()?;
        cursor.set_flexible(api::request_is_flexible(api, pending.version));
        if rewrite::concerns(api) {
            let copy = Bytes::copy_from_slice(frame);
            unit.forward =
                rewrite::rewrite(api, pending.version, copy, cursor.at(), net).map_err(|why| {
                    Refusal::Rewrite {
                        api: api::name(api),
                        version: pending.version,
                        why,
                    }
                })?;
            return Ok(unit);
        }
        self.judge(api, pending, &mut cursor, &mut unit)?;
        Ok(unit)
    }

    /// Outcome, deliveries and members in the body of a reply.
    fn judge(
        &self,
        api: ApiKey,
        pending: &Pending,
        body: &mut Cursor<'_>,
        unit: &mut Unit,
    ) -> Read<()> {
        let codes = match (api, pending.version) {
            (ApiKey::Fetch, 4..=12) => {
                let (error, fetched) = response::fetch(pending.version, body)?;
                unit.delivers = self.delivered(&fetched);
                vec![error]
            }
            (ApiKey::JoinGroup, 0..=9) => {
                let (error, member) = response::join_group(pending.version, body)?;
                if let Some(group) = pending.group.as_deref().filter(|_| !member.is_empty()) {
                    self.shared.joined(group, member);
                }
                vec![error]
            }
            _ => match outcome::errors(api, pending.version, body) {
                Some(codes) => codes?,
                None => return Ok(()),
            },
        };
        if let Some(reply) = &mut unit.closes {
            (reply.outcome, reply.error) = errors::judge_all(&codes);
            reply.fenced = errors::is_fenced(api, &codes);
        }
        Ok(())
    }

    fn delivered(&self, fetched: &[response::Fetched<'_>]) -> Vec<Delivered> {
        let mut delivers = Vec::new();
        for part in fetched {
            let Ok(partition) = u32::try_from(part.partition) else {
                continue;
            };
            let begins = self
                .fetches
                .get(&(part.topic.to_string(), part.partition))
                .copied()
                .unwrap_or(0);
            let data = records::batches(part.records)
                .filter(|batch| !batch.is_control() && batch.last_offset >= begins);
            let range = data.fold(None, |range: Option<(i64, i64)>, batch| {
                let (first, last) = range.unwrap_or((batch.base_offset, batch.last_offset));
                Some((first.min(batch.base_offset), last.max(batch.last_offset)))
            });
            if let Some((first, last)) = range {
                delivers.push(Delivered {
                    target: self.shared.names.target(part.topic),
                    partition,
                    first: first.max(begins),
                    last,
                });
            }
        }
        delivers
    }
}
