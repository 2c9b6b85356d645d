//! Frames of one connection, both ways.

use super::Shared;
use super::label::{FetchOffsets, label};
use super::rewrite::{self, RewriteError};
use crate::errors;
use crate::wire::{Cursor, FRAME_BYTES_MAX, Malformed, Read, api, outcome, records, response};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Addresses, DecodeError, Decoder, Delivered, Direction, Reply, Unit};
use exactly_model::Outcome;
use kafka_protocol::messages::ApiKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Requests in flight on one connection at most. Clients keep to 5 (Java) or
/// 1 000 000 (librdkafka's setting, never reached); a broker reads on only when
/// it has answered.
const IN_FLIGHT_MAX: usize = 65_536;

const PREFIX_LEN: usize = 4;

/// A request that waits for its reply.
#[derive(Debug)]
struct Pending {
    key: u64,
    /// `None` for an API that is not known.
    api: Option<ApiKey>,
    version: i16,
    group: Option<String>,
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
        let whole = whole_frame(buf).map_err(|refusal| refuse(refusal, self.decoded[side]))?;
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
}

/// Length of the first frame with its prefix, once it is whole.
fn whole_frame(buf: &BytesMut) -> Result<Option<usize>, Refusal> {
    let Some(prefix) = buf.first_chunk::<PREFIX_LEN>() else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*prefix);
    let body = usize::try_from(length)
        .ok()
        .filter(|body| *body <= FRAME_BYTES_MAX)
        .ok_or(Refusal::Length(length))?;
    let whole = PREFIX_LEN + body;
    Ok((buf.len() >= whole).then_some(whole))
}

impl KafkaDecoder {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            pending: BTreeMap::new(),
            fetches: FetchOffsets::new(),
            last_correlation: None,
            generation: 0,
            decoded: [0; 2],
        }
    }

    fn request(&mut self, frame: &[u8]) -> Result<exactly_adapter::Head, Refusal> {
        let mut cursor = Cursor::new(frame, false);
        cursor.take(PREFIX_LEN)?;
        let (number, version) = (cursor.i16()?, cursor.i16()?);
        let correlation = cursor.i32()?;
        let api = ApiKey::try_from(number).ok();
        let (mut head, group) = match api {
            Some(api) => {
                // The client id is never compact, whatever the header's version.
                cursor.nullable_string()?;
                cursor.set_flexible(api::request_is_flexible(api, version));
                cursor.tags()?;
                label(api, version, &mut cursor, &self.shared, &mut self.fetches)?
            }
            None => (unknown_api(number), None),
        };
        head.key = self.key(correlation);
        if head.expects_reply {
            self.expect(correlation, head.key, api, version, group)?;
        }
        Ok(head)
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

    fn expect(
        &mut self,
        correlation: i32,
        key: u64,
        api: Option<ApiKey>,
        version: i16,
        group: Option<String>,
    ) -> Result<(), Refusal> {
        if self.pending.contains_key(&correlation) {
            return Err(Refusal::Twice(correlation));
        }
        if self.pending.len() >= IN_FLIGHT_MAX {
            return Err(Refusal::TooMany);
        }
        let pending = Pending {
            key,
            api,
            version,
            group,
        };
        self.pending.insert(correlation, pending);
        Ok(())
    }

    fn reply(&mut self, frame: &[u8], net: &dyn Addresses) -> Result<Unit, Refusal> {
        let mut cursor = Cursor::new(frame, false);
        cursor.take(PREFIX_LEN)?;
        let correlation = cursor.i32()?;
        let pending = self
            .pending
            .remove(&correlation)
            .ok_or(Refusal::NotAsked(correlation))?;
        let mut unit = Unit {
            closes: Some(Reply {
                key: pending.key,
                outcome: Outcome::Ok,
                error: None,
                fenced: false,
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
        self.judge(api, &pending, &mut cursor, &mut unit)?;
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

/// An API that is newer than this crate: passed on, with its number as label.
fn unknown_api(number: i16) -> exactly_adapter::Head {
    exactly_adapter::Head {
        key: 0,
        operation: format!("Api{number}"),
        target: String::new(),
        class: exactly_model::Class::Control,
        ids: Vec::new(),
        commits: Vec::new(),
        names: Vec::new(),
        expects_reply: true,
    }
}
